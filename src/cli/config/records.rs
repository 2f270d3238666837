//! The experiment as text for the headers of the images that are rendered from it.

use super::{program, recordable, recorded};
use crate::cli::flags::{OutputKind, Request};
use crate::document::{Document, Extent, Recorded};

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
        let inputs = known.get_or_insert_with(|| recorded(request).unwrap_or_default());
        let document = recordable(&request.document, inputs);
        let text = |sections: fn(&str) -> bool| {
            let extent = Extent {
                sections,
                named: &std::path::Path::to_path_buf,
            };
            format!("# {}\n{}", program(), document.written(None, extent))
        };
        Records {
            plain: any(|kind| matches!(kind, OutputKind::Plain { .. }))
                .then(|| text(|section| of_experiment(section) || section == "counts")),
            noisy: any(|kind| matches!(kind, OutputKind::Noise { .. })).then(|| {
                text(|section| of_experiment(section) || ["counts", "noise"].contains(&section))
            }),
            picture: any(|kind| matches!(kind, OutputKind::Png | OutputKind::Overview))
                .then(|| text(|section| of_experiment(section) || section == "picture")),
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
        sections: |section| ["counts", "noise"].contains(&section),
        named: &std::path::Path::to_path_buf,
    };
    let text = document.written(None, extent);
    format!(
        "# {}\n# Of the noise that nanobragg noise added, and no more\n{text}",
        program()
    )
}

/// Whether the keys of a section say what is rendered, and not what becomes of the photons.
fn of_experiment(section: &str) -> bool {
    !["noise", "counts", "picture", "output", "run"].contains(&section)
}
