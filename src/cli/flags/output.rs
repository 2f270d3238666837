//! The files of a render: what they hold, and what their formats have no room for.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::super::CliError;
use super::{Flag, of_key};
use crate::document::{DEFAULT_OFFSET, Document, Key, extension, key};
use crate::experiment::Experiment;
use crate::formats::encoding::{Encoding, Number};
use crate::formats::image_file::ImageFormat;
use crate::image::noise::Noise;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OutputKind {
    /// The image without noise; whole numbers are counts.
    Plain {
        /// The format.
        encoding: Encoding,
        /// Counts per photon, where that was said.
        scale: Option<f64>,
        /// Counts of a pixel without photons, where that was said.
        adc: Option<f64>,
    },
    /// Counts with noise.
    Noise {
        /// The format.
        encoding: Encoding,
        /// The noise.
        noise: Noise,
    },
    /// PGM; the scale is automatic unless given.
    Pgm {
        /// Shades per photon.
        scale: Option<f64>,
    },
    /// PNG.
    Png,
    /// PNG of the panels at their places.
    Overview,
}

impl OutputKind {
    /// The format of its numbers; none where it is a picture.
    pub fn encoding(&self) -> Option<Encoding> {
        match *self {
            OutputKind::Plain { encoding, .. } | OutputKind::Noise { encoding, .. } => {
                Some(encoding)
            }
            OutputKind::Pgm { .. } | OutputKind::Png | OutputKind::Overview => None,
        }
    }
}

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

/// A seed that nobody chose.
pub fn seed_from_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl Output {
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
        let noisy = |encoding| OutputKind::Noise {
            encoding,
            noise: Noise {
                offset: counts.offset.unwrap_or(default_offset(encoding)),
                ..noise
            },
        };
        let pgm = OutputKind::Pgm {
            scale: document.picture.pgm_scale,
        };
        let named: [(_, &Key, &Option<PathBuf>); 7] = [
            (plain(Encoding::Raw), &of::float, &keys.float),
            (plain(Encoding::Smv), &of::smv, &keys.smv),
            (pgm, &of::pgm, &keys.pgm),
            (noisy(Encoding::Smv), &of::smv_noise, &keys.smv_noise),
            (OutputKind::Png, &of::png, &keys.png),
            (OutputKind::Overview, &of::overview, &keys.overview),
            (plain(Encoding::Tiff(Number::F32)), &of::tiff, &keys.tiff),
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
                let kind = match (extension(path).as_str(), with_noise) {
                    ("png", false) => OutputKind::Png,
                    ("pgm", false) => pgm,
                    (_, false) => plain(named_encoding(document, flag, path, false, " .png .pgm")?),
                    (_, true) => noisy(named_encoding(document, flag, path, true, "")?),
                };
                let path = path.clone();
                outputs.push(Output { kind, flag, path });
            }
        }
        Ok(outputs)
    }
}

/// The format that the name `path` of `flag` stands for, of a file with noise or without; `others` are
/// taken beside.
fn named_encoding(
    document: &Document,
    flag: &str,
    path: &Path,
    noise: bool,
    others: &str,
) -> Result<Encoding, CliError> {
    let given = document.counts.number;
    let number = given.unwrap_or_default();
    Ok(match encoding(flag, path, number, others)? {
        Encoding::Nxmx(..) => {
            let whole = if noise { Number::I32 } else { number };
            let compression = document.counts.compression;
            Encoding::Nxmx(given.unwrap_or(whole), compression.unwrap_or_default())
        }
        other => other,
    })
}

/// What the user should know of `outputs` whose headers have no room for the geometry.
pub fn geometry_notices(experiment: &Experiment, outputs: &[Output]) -> Vec<String> {
    let panels = &experiment.detector().panels;
    let flags = |encodings: &[Encoding]| {
        let mut flags: Vec<&str> = Vec::new();
        for Output { kind, flag, .. } in outputs {
            let meant = kind
                .encoding()
                .is_some_and(|kind| encodings.contains(&kind));
            if meant && !flags.contains(flag) {
                flags.push(flag);
            }
        }
        flags.join(", ")
    };
    let mut notices = Vec::new();
    let one_panel = flags(&[Encoding::Smv, Encoding::Cbf]);
    if panels.len() > 1 && !one_panel.is_empty() {
        let format = match flags(&[Encoding::Cbf]).is_empty() {
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
    let cbf = flags(&[Encoding::Cbf]);
    if tilt > UPRIGHT && !cbf.is_empty() {
        notices.push(format!(
            "{cbf}: a miniCBF header has no room for the {:.3} degrees that the panel leans from \
             upright to the beam; programs that read it take it for upright",
            tilt.to_degrees()
        ));
    }
    let nxmx = |encoding: Encoding| matches!(encoding, Encoding::Nxmx(..));
    let bent = panels.iter().any(|panel| panel.curved_m.is_some());
    let written = outputs
        .iter()
        .find(|output| output.kind.encoding().is_some_and(nxmx));
    if let Some(Output { flag, .. }) = written.filter(|_| bent) {
        notices.push(format!(
            "{flag}: NXmx has no room for a detector that is bent onto a sphere; its panels are \
             described as flat"
        ));
    }
    notices
}

/// What the user should know of `outputs` whose names promise another format than their flags stand
/// for.
pub fn name_notices(outputs: &[Output]) -> Vec<String> {
    let notice = |Output { kind, flag, path }: &Output| {
        let own = match kind {
            OutputKind::Plain { encoding, .. } | OutputKind::Noise { encoding, .. } => {
                encoding.format()
            }
            OutputKind::Pgm { .. } => ImageFormat::Pgm,
            OutputKind::Png | OutputKind::Overview => ImageFormat::Png,
        };
        let by_name = match kind {
            OutputKind::Noise { .. } => "--out-noise",
            _ => "--out",
        };
        let other = format_of_name(path)? != own;
        other.then(|| {
            format!(
                "{flag} {}: the file is {own}, whatever its name; {by_name} goes by the name",
                path.display()
            )
        })
    };
    outputs.iter().filter_map(notice).collect()
}

/// The format that a name stands for, if it stands for one.
fn format_of_name(path: &Path) -> Option<ImageFormat> {
    match extension(path).as_str() {
        "png" => Some(ImageFormat::Png),
        "pgm" => Some(ImageFormat::Pgm),
        _ => Encoding::of_name(path, Number::F32).map(Encoding::format),
    }
}

/// Counts of a pixel without photons in a file with noise: a detector that counts photons, whose
/// formats CBF and NXmx are, has none.
pub fn default_offset(encoding: Encoding) -> f64 {
    match encoding {
        Encoding::Cbf | Encoding::Nxmx(..) => 0.0,
        _ => DEFAULT_OFFSET,
    }
}

/// The format that the name `path` of `flag` stands for; `others` are taken beside.
///
/// # Errors
/// [`CliError::Usage`] for a name that stands for none.
fn encoding(flag: &str, path: &Path, number: Number, others: &str) -> Result<Encoding, CliError> {
    Encoding::of_name(path, number).ok_or_else(|| {
        CliError::Usage(format!(
            "{flag} {}: expected a name that ends on .bin .raw .img .smv .cbf .tif .tiff .npy .h5 \
             .nxs{others}",
            path.display()
        ))
    })
}
