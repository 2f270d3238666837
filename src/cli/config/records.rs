//! The experiment as text for the headers of the images that are rendered from it.

use std::path::{Path, PathBuf};

use super::{program, recordable, recorded};
use crate::cli::flags::{OutputKind, Request};
use crate::document::{Document, Extent, KEYS, Key, RecordPaths, Recorded, key, seen_from};

/// The experiment of a render, for each kind of file. A file tells only of what makes its numbers,
/// so that the same experiment gives the same bytes whatever else is written.
#[derive(Debug, Default)]
pub struct Records {
    plain: Option<String>,
    noisy: Option<String>,
    picture: Option<String>,
}

impl Records {
    /// The records of `request`, as far as its files have room. Input files that are gone by now go
    /// unmentioned: the image is worth no less.
    pub fn of(request: &Request) -> Records {
        Records::of_inputs(request, &mut None)
    }

    /// As [`Records::of`], with what is known of the input files; what is not is found out.
    pub fn of_inputs(request: &Request, known: &mut Option<Vec<Recorded>>) -> Records {
        let files = request.outputs.iter().map(|output| &output.kind);
        let any = |wanted: fn(&OutputKind) -> bool| files.clone().any(wanted);
        if !any(|kind| kind.format().record.is_some()) {
            return Records::default();
        }
        let named: &dyn Fn(&Path) -> PathBuf = match request.document.output.record {
            None | Some(RecordPaths::Full) => &Path::to_path_buf,
            Some(RecordPaths::Relative) => &without_folders,
            Some(RecordPaths::None) => return Records::default(),
        };
        let inputs = known.get_or_insert_with(|| recorded(request).unwrap_or_default());
        let document = recordable(&request.document, inputs);
        let frames = document.series.frames;
        let text = |flag: &str, sections: &[&str]| {
            // The number of its first frame is a series' own, with noise or without.
            let of_series = |key: &Key| frames.is_some() && *key == key::noise::image_number;
            let kept = |key: &Key| of_experiment(key) || sections.contains(&key.section);
            let extent = Extent {
                keys: &|key| kept(key) || of_series(key),
                named,
            };
            let how = frames.map_or(String::new(), |frames| {
                format!(
                    "# {frames} frame(s); to render them: nanobragg series --config FILE {flag} scan.h5\n"
                )
            });
            format!("# {}\n{how}{}", program(), document.written(None, extent))
        };
        Records {
            plain: any(|kind| matches!(kind, OutputKind::Plain { .. }))
                .then(|| text("--out", &["counts"])),
            noisy: any(|kind| matches!(kind, OutputKind::Noise { .. }))
                .then(|| text("--out-noise", &["counts", "noise"])),
            picture: any(|kind| matches!(kind, OutputKind::Png | OutputKind::Overview))
                .then(|| text("--out", &["picture"])),
        }
    }

    /// The record for a file of this kind.
    pub fn for_file(&self, kind: &OutputKind) -> Option<&String> {
        let record = match kind {
            OutputKind::Plain { .. } => &self.plain,
            OutputKind::Noise { .. } => &self.noisy,
            OutputKind::Png | OutputKind::Overview | OutputKind::Pgm { .. } => &self.picture,
        };
        record.as_ref()
    }
}

/// The record of a file whose image was read and given the noise of `document`.
pub fn record_of_noise(document: &Document) -> String {
    let extent = Extent {
        keys: &|key| ["counts", "noise"].contains(&key.section),
        named: &Path::to_path_buf,
    };
    let text = document.written(None, extent);
    format!(
        "# {}\n# Of the noise that nanobragg noise added, and no more\n{text}",
        program()
    )
}

/// Whether a key says what is rendered, and not what becomes of the photons.
pub fn of_experiment(key: &Key) -> bool {
    !["noise", "counts", "picture", "output", "run"].contains(&key.section)
}

/// `path` from the folder that the program runs in; the name alone of what lies elsewhere.
fn without_folders(path: &Path) -> PathBuf {
    let seen = seen_from(Path::new(""), path);
    match seen.file_name() {
        Some(name) if seen.is_absolute() => name.into(),
        _ => seen,
    }
}

/// `record`, which may come from anyone, without the keys that say what is written and how the
/// program runs, and those keys: an image has no say in either. One that is no experiment file
/// stays as it is, and is refused where it is read as one.
pub fn without_outputs(record: &str) -> (String, Vec<&'static Key>) {
    let Ok(mut document) = Document::from_toml(record) else {
        return (record.to_string(), Vec::new());
    };
    let of_run = |key: &&&'static Key| ["output", "run"].contains(&key.section);
    let named = KEYS.iter().filter(of_run);
    let named: Vec<&'static Key> = named.copied().filter(|key| key.is_in(&document)).collect();
    if named.is_empty() {
        return (record.to_string(), named);
    }
    named.iter().for_each(|key| key.clear(&mut document));
    let heading = record.lines().take_while(|line| line.starts_with('#'));
    let heading: String = heading.map(|line| format!("{line}\n")).collect();
    (format!("{heading}\n{}", document.to_toml()), named)
}
