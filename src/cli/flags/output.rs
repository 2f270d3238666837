//! Flags of the files written.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::super::CliError;
use super::super::order::Order;
use super::super::values;
use super::output_kind::{Output, OutputKind, extension};
use super::picture::PictureFlags;
use crate::formats::encoding::{Counts, Encoding, Number};
use crate::formats::{format, pgm, png, raw, smv, tiff};
use crate::image::noise::Noise;

#[derive(Args)]
#[command(next_help_heading = "Output")]
pub struct OutputFlags {
    /// Photons, bare float32 [default: floatimage.bin]
    #[arg(long, visible_alias = "floatimage", value_name = "FILE")]
    floatfile: Option<PathBuf>,
    /// SMV image without noise [default: intimage.img]
    #[arg(long, visible_alias = "intimage", value_name = "FILE")]
    intfile: Option<PathBuf>,
    /// PGM picture [default: image.pgm]
    #[arg(long, visible_alias = "pgmimage", value_name = "FILE")]
    pgmfile: Option<PathBuf>,
    /// SMV image with photon noise [default: noiseimage.img]
    #[arg(long, visible_alias = "noiseimage", value_name = "FILE")]
    noisefile: Option<PathBuf>,
    /// Counts per photon of files without noise [default: 55000/max in SMV, 1 in others]
    #[arg(long, value_name = "FACTOR", value_parser = values::positive)]
    scale: Option<f64>,
    /// Counts of a pixel without photons [default: 40 in SMV and with noise, 0 in CBF and others]
    #[arg(long, visible_alias = "adcoffset", value_name = "COUNTS", value_parser = values::number)]
    adc: Option<f64>,
    /// Shades per photon of the PGM [default: 50/rms deviation]
    #[arg(long, value_name = "FACTOR", value_parser = values::positive)]
    pgmscale: Option<f64>,
    /// Leave the default PGM out
    #[arg(long)]
    nopgm: bool,
    /// Leave the default noise image out
    #[arg(long)]
    nonoise: bool,
    /// Seed of the noise and of -misset random [default: from the clock, and printed]
    #[arg(long, value_name = "INT", value_parser = values::seed)]
    seed: Option<i64>,
    /// Show a progress bar [default: on a terminal]
    #[arg(long)]
    progress: bool,
    /// Show no progress bar
    #[arg(long)]
    noprogress: bool,
}

/// Ids of the flags that name a file to write.
pub const FILE_FLAGS: [&str; 9] = [
    "floatfile",
    "intfile",
    "pgmfile",
    "noisefile",
    "png",
    "overview",
    "tiff",
    OUT[0],
    OUT[1],
];

/// Ids of the flags that count every time they are given.
pub const OUT: [&str; 2] = ["out", "out_noise"];

/// A seed that nobody chose.
pub fn seed_from_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl OutputFlags {
    /// The files asked for, or the default ones when none is.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a name that stands for no format.
    pub fn outputs(
        &self,
        picture: &PictureFlags,
        noise: Noise,
        order: Order,
    ) -> Result<Vec<Output>, CliError> {
        let plain = |encoding| self.plain(encoding);
        let file = |format| Encoding::new(format, Number::F32);
        let shades = OutputKind::Pgm {
            scale: self.pgmscale,
        };
        let by_default = !order.any(&FILE_FLAGS);
        let name = |default: &str, wanted: bool| (by_default && wanted).then(|| default.into());
        let all = [
            (
                plain(file(raw::FORMAT)),
                "-floatfile",
                &self.floatfile,
                name("floatimage.bin", true),
            ),
            (
                plain(file(smv::FORMAT)),
                "-intfile",
                &self.intfile,
                name("intimage.img", true),
            ),
            (
                shades,
                "-pgmfile",
                &self.pgmfile,
                name("image.pgm", !self.nopgm),
            ),
            (
                self.noisy(file(smv::FORMAT), noise),
                "-noisefile",
                &self.noisefile,
                name("noiseimage.img", !self.nonoise),
            ),
            (
                OutputKind::Png,
                "--png",
                &picture.png,
                name("image.png", true),
            ),
            (OutputKind::Overview, "--overview", &picture.overview, None),
            (plain(file(tiff::FORMAT)), "--tiff", &picture.tiff, None),
        ];
        let named = all.into_iter().filter_map(|(kind, flag, given, default)| {
            let path: PathBuf = given.clone().or(default)?;
            Some(Output { kind, flag, path })
        });
        let mut outputs: Vec<Output> = named.collect();
        if let Some(path) = picture
            .overview
            .as_ref()
            .filter(|path| extension(path) != "png")
        {
            return Err(CliError::Usage(format!(
                "--overview {}: expected a name that ends on .png",
                path.display()
            )));
        }
        for path in &picture.out {
            let kind = match format::of_name(path) {
                Some(format) if format == png::FORMAT => OutputKind::Png,
                Some(format) if format == pgm::FORMAT => shades,
                _ => plain(picture.encoding("--out", path, false)?),
            };
            outputs.push(Output {
                kind,
                flag: "--out",
                path: path.clone(),
            });
        }
        for path in &picture.out_noise {
            let encoding = picture.encoding("--out-noise", path, true)?;
            outputs.push(Output {
                kind: self.noisy(encoding, noise),
                flag: "--out-noise",
                path: path.clone(),
            });
        }
        Ok(outputs)
    }

    fn plain(&self, encoding: Encoding) -> OutputKind {
        OutputKind::Plain {
            encoding,
            scale: self.scale,
            adc: self.adc,
        }
    }

    fn noisy(&self, encoding: Encoding, noise: Noise) -> OutputKind {
        OutputKind::Noise {
            encoding,
            noise: Noise {
                offset: self.adc.unwrap_or(encoding.usual_offset()),
                ..noise
            },
        }
    }

    /// Counts of an SMV pixel without photons.
    pub fn adc(&self) -> f64 {
        self.adc.unwrap_or(Counts::DEFAULT_OFFSET)
    }

    /// The seed given, or one from the clock.
    pub fn seed(&self) -> u64 {
        self.seed.map_or_else(seed_from_clock, |seed| seed as u64)
    }

    /// Whether to show a progress bar, where that was said.
    pub fn progress(&self, order: Order) -> Option<bool> {
        order.latest([
            ("progress", self.progress.then_some(true)),
            ("noprogress", self.noprogress.then_some(false)),
        ])
    }
}
