//! The files of a render: what they hold, and what their formats have no room for.

use std::path::{Path, PathBuf};

use super::super::CliError;
use super::{Flag, of_key};
use crate::document::{Document, Key, key};
use crate::experiment::Experiment;
use crate::formats::encoding::{Encoding, FRAMES_PER_FILE, Number};
use crate::formats::format::{self, GeometryRoom, extension};
use crate::formats::{pgm, png, raw, smv, tiff};
use crate::image::noise::Noise;
use crate::series::{self, OutputKind};

/// A file to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// What it holds.
    pub kind: OutputKind,
    /// The flag that names it.
    pub flag: &'static str,
    /// Where it goes.
    pub path: PathBuf,
}

/// `given`, or a seed that nobody chose: 53 random bits of the system, a whole number that every
/// reader of JSON holds exactly.
///
/// # Errors
/// [`CliError::Failed`] where the system has no random bits to give.
pub fn seed(given: Option<i64>) -> Result<u64, CliError> {
    let fresh = || {
        let bits = getrandom::u64().map_err(|error| {
            CliError::Failed(anyhow::anyhow!(
                "the system gives no random bits for a seed ({error}); give -seed"
            ))
        })?;
        Ok(bits >> 11)
    };
    given.map_or_else(fresh, |seed| Ok(seed as u64))
}

impl Output {
    /// What is written where, whatever flag names it.
    pub fn plain(&self) -> series::Output {
        series::Output {
            kind: self.kind,
            path: self.path.clone(),
        }
    }

    /// The files that `document`, a resolved one, names; the files with noise get `noise`.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a name that stands for no format.
    pub fn all(document: &Document, noise: Noise) -> Result<Vec<Output>, CliError> {
        use key::output as of;
        let (keys, counts) = (&document.output, &document.counts);
        let plain = |encoding| OutputKind::Plain {
            encoding,
            scale: counts.scale,
            adc: counts.offset,
        };
        let noisy = |encoding: Encoding| OutputKind::Noise {
            encoding,
            noise: Noise {
                offset: counts.offset.unwrap_or(encoding.usual_offset()),
                ..noise
            },
        };
        let pgm = OutputKind::Pgm {
            scale: document.picture.pgm_scale,
        };
        let file = |format| Encoding::new(format, Number::F32);
        let named: [(_, &Key, &Option<PathBuf>); 7] = [
            (plain(file(raw::FORMAT)), &of::float, &keys.float),
            (plain(file(smv::FORMAT)), &of::smv, &keys.smv),
            (pgm, &of::pgm, &keys.pgm),
            (noisy(file(smv::FORMAT)), &of::smv_noise, &keys.smv_noise),
            (OutputKind::Png, &of::png, &keys.png),
            (OutputKind::Overview, &of::overview, &keys.overview),
            (plain(file(tiff::FORMAT)), &of::tiff, &keys.tiff),
        ];
        let named = named.into_iter().filter_map(|(kind, key, path)| {
            let (path, flag) = (path.clone()?, of_key(key).map_or(key.name, Flag::shown));
            Some(Output { kind, flag, path })
        });
        let mut outputs: Vec<Output> = named.collect();
        if let Some(path) = keys
            .overview
            .as_ref()
            .filter(|path| extension(path) != "png")
        {
            return Err(CliError::Usage(format!(
                "--overview {}: expected a name that ends on .png",
                path.display()
            )));
        }
        for (key, files) in [
            (&of::files, &keys.files),
            (&of::noise_files, &keys.noise_files),
        ] {
            let flag = of_key(key).map_or(key.name, Flag::shown);
            let with_noise = *key == of::noise_files;
            for path in files.iter().flatten() {
                let kind = match format::of_name(path) {
                    Some(format) if format == png::FORMAT && !with_noise => OutputKind::Png,
                    Some(format) if format == pgm::FORMAT && !with_noise => pgm,
                    _ if with_noise => noisy(named_encoding(document, flag, path, true)?),
                    _ => plain(named_encoding(document, flag, path, false)?),
                };
                let path = path.clone();
                outputs.push(Output { kind, flag, path });
            }
        }
        Ok(outputs)
    }
}

/// The encoding that the name `path` of `flag` stands for, of a file with noise or without, which
/// may be a picture.
///
/// # Errors
/// [`CliError::Usage`] for a name that stands for no format.
fn named_encoding(
    document: &Document,
    flag: &str,
    path: &Path,
    noise: bool,
) -> Result<Encoding, CliError> {
    let counts = &document.counts;
    let number = counts.number.unwrap_or_default();
    let found = Encoding::of_name(path, number).ok_or_else(|| {
        CliError::Usage(format!(
            "{flag} {}: expected a name that ends on {}",
            path.display(),
            format::endings(|format| !noise || !format.is_picture())
        ))
    })?;
    let found = match counts.number {
        None if noise => found.with_noise(),
        _ => found,
    };
    Ok(Encoding {
        compression: counts.compression.unwrap_or_default(),
        frames_per_file: counts
            .frames_per_file
            .map_or(FRAMES_PER_FILE, |frames| frames as usize),
        keeps_part: true,
        ..found
    })
}

/// What the user should know of `outputs` whose headers have no room for the geometry.
pub fn geometry_notices(experiment: &Experiment, outputs: &[Output]) -> Vec<String> {
    let panels = &experiment.detector().panels;
    let flags = |rooms: &[GeometryRoom]| {
        let mut flags: Vec<&str> = Vec::new();
        for Output { kind, flag, .. } in outputs {
            let meant = kind.encoding().is_some() && rooms.contains(&kind.format().geometry);
            if meant && !flags.contains(flag) {
                flags.push(flag);
            }
        }
        flags.join(", ")
    };
    let mut notices = Vec::new();
    let one_panel = flags(&[GeometryRoom::Panel, GeometryRoom::UprightPanel]);
    if panels.len() > 1 && !one_panel.is_empty() {
        let format = match flags(&[GeometryRoom::UprightPanel]).is_empty() {
            true => "an SMV header",
            false => "a header",
        };
        notices.push(format!(
            "{one_panel}: {format} describes one panel; it is that of the first of {}, the image is \
             of all, stacked",
            panels.len()
        ));
    }
    /// Radians that a header's digits do not show.
    const UPRIGHT: f64 = 1e-6;
    let tilt = panels[0].normal.angle_between(experiment.beam().direction);
    let upright = flags(&[GeometryRoom::UprightPanel]);
    if tilt > UPRIGHT && !upright.is_empty() {
        notices.push(format!(
            "{upright}: a miniCBF header has no room for the {:.3} degrees that the panel leans from \
             upright to the beam; programs that read it take it for upright",
            tilt.to_degrees()
        ));
    }
    let scan = experiment.scan();
    let towards = panels[0]
        .fast
        .cross(panels[0].slow)
        .dot(experiment.beam().direction)
        < 0.0;
    let along_fast = scan.spindle.normalize_or_zero().dot(panels[0].fast) > 1.0 - UPRIGHT;
    if scan.range_rad != 0.0 && !upright.is_empty() && (towards || !along_fast) {
        notices.push(format!(
            "{upright}: a miniCBF header has no room for the spindle and for the side that the panel \
             is seen from; programs that read it take the panel as seen along the beam and the \
             spindle as its fast axis: write SMV or NXmx, or tell them"
        ));
    }
    let bent = panels.iter().any(|panel| panel.curved_m.is_some());
    let written = outputs
        .iter()
        .find(|output| output.kind.format().geometry == GeometryRoom::Panels);
    if let Some(Output { flag, kind, .. }) = written.filter(|_| bent) {
        notices.push(format!(
            "{flag}: {} has no room for a detector that is bent onto a sphere; its panels are \
             described as flat",
            kind.format()
        ));
    }
    notices
}

/// What the user should know of `outputs` whose names promise another format than their flags stand
/// for.
pub fn name_notices(outputs: &[Output]) -> Vec<String> {
    let notice = |Output { kind, flag, path }: &Output| {
        let own = kind.format();
        let by_name = match kind {
            OutputKind::Noise { .. } => "--out-noise",
            _ => "--out",
        };
        let other = format::of_name(path)? != own;
        other.then(|| {
            format!(
                "{flag} {}: the file is {own}, whatever its name; {by_name} goes by the name",
                path.display()
            )
        })
    };
    outputs.iter().filter_map(notice).collect()
}
