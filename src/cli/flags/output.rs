//! Flags of the files written.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};

use super::super::order::Order;
use super::super::values;
use super::noise::DEFAULT_OFFSET;
use crate::experiment::Experiment;
use crate::formats::png::{Colormap, Depth};
use crate::image::ToneScale;
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
    /// Counts per photon of the SMV image [default: 55000/max]
    #[arg(long, value_name = "FACTOR", value_parser = values::positive)]
    scale: Option<f64>,
    /// Counts of an SMV pixel without photons [default: 40]
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

#[derive(Args)]
#[command(next_help_heading = "Pictures and further formats")]
pub struct PictureFlags {
    /// PNG picture [default: image.png]
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// PNG picture of the panels at their places, seen along the beam, at most 4000 pixels wide and
    /// high
    #[arg(long, value_name = "FILE")]
    overview: Option<PathBuf>,
    /// TIFF image, float32
    #[arg(long, value_name = "FILE")]
    tiff: Option<PathBuf>,
    /// How photons become shades of PNGs [default: linear]
    #[arg(long = "png-scale", value_name = "SCALE")]
    png_scale: Option<PngScale>,
    /// Percentage of pixels below the PNG's darkest shade [default: 99.5]
    #[arg(long = "png-percentile", value_name = "PERCENT", value_parser = values::percent)]
    png_percentile: Option<f64>,
    /// Bits per channel of the PNG [default: 8]
    #[arg(long = "png-depth", value_name = "BITS")]
    png_depth: Option<PngDepth>,
    /// Colours of the PNG; grey is dark spots on white [default: grey]
    #[arg(long, value_name = "MAP")]
    colormap: Option<ColormapName>,
}

#[derive(Clone, Copy, ValueEnum)]
enum PngScale {
    Linear,
    Log,
    Sqrt,
}

#[derive(Clone, Copy, ValueEnum)]
enum PngDepth {
    #[value(name = "8")]
    Eight,
    #[value(name = "16")]
    Sixteen,
}

#[derive(Clone, Copy, ValueEnum)]
enum ColormapName {
    Grey,
    Viridis,
    Inferno,
}

/// Ids of the flags that name a file to write.
pub const FILE_FLAGS: [&str; 7] = [
    "floatfile",
    "intfile",
    "pgmfile",
    "noisefile",
    "png",
    "overview",
    "tiff",
];

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OutputKind {
    /// Bare float32.
    Float,
    /// SMV; the scale is automatic unless given.
    Counts {
        /// Counts per photon.
        scale: Option<f64>,
        /// Counts of a pixel without photons.
        adc: f64,
    },
    /// PGM; the scale is automatic unless given.
    Pgm {
        /// Shades per photon.
        scale: Option<f64>,
    },
    /// SMV of counts with noise.
    Noise(Noise),
    /// PNG.
    Png,
    /// PNG of the panels at their places.
    Overview,
    /// TIFF float32.
    Tiff,
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

/// How a PNG is to look.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureStyle {
    /// How photons become shades.
    pub scale: ToneScale,
    /// Percentage of pixels below the darkest shade.
    pub percentile: f64,
    /// Colours.
    pub colormap: Colormap,
    /// Bits per channel.
    pub depth: Depth,
}

/// What the user should know of `outputs` that cannot tell of several panels.
pub fn panel_notice(experiment: &Experiment, outputs: &[Output]) -> Option<String> {
    let panels = experiment.detector().panels.len();
    let smv = outputs.iter().filter(|output| {
        matches!(
            output.kind,
            OutputKind::Counts { .. } | OutputKind::Noise { .. }
        )
    });
    let flags: Vec<&str> = smv.map(|output| output.flag).collect();
    (panels > 1 && !flags.is_empty()).then(|| {
        format!(
            "{}: an SMV header describes one panel; it is that of the first of {panels}, the image \
             is of all, stacked",
            flags.join(", ")
        )
    })
}

/// A seed that nobody chose.
pub fn seed_from_clock() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

impl OutputFlags {
    /// The files asked for, or the default ones when none is.
    pub fn outputs(&self, picture: &PictureFlags, noise: Noise, order: Order) -> Vec<Output> {
        let adc = self.adc();
        let counts = OutputKind::Counts {
            scale: self.scale,
            adc,
        };
        let pgm = OutputKind::Pgm {
            scale: self.pgmscale,
        };
        let by_default = !order.any(&FILE_FLAGS);
        let name = |default: &str, wanted: bool| (by_default && wanted).then(|| default.into());
        let all = [
            (
                OutputKind::Float,
                "-floatfile",
                &self.floatfile,
                name("floatimage.bin", true),
            ),
            (
                counts,
                "-intfile",
                &self.intfile,
                name("intimage.img", true),
            ),
            (
                pgm,
                "-pgmfile",
                &self.pgmfile,
                name("image.pgm", !self.nopgm),
            ),
            (
                OutputKind::Noise(noise),
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
            (OutputKind::Tiff, "--tiff", &picture.tiff, None),
        ];
        all.into_iter()
            .filter_map(|(kind, flag, given, default)| {
                let path: PathBuf = given.clone().or(default)?;
                Some(Output { kind, flag, path })
            })
            .collect()
    }

    /// Counts of an SMV pixel without photons.
    pub fn adc(&self) -> f64 {
        self.adc.unwrap_or(DEFAULT_OFFSET)
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

impl PictureFlags {
    /// How a PNG is to look.
    pub fn style(&self) -> PictureStyle {
        PictureStyle {
            scale: match self.png_scale {
                None | Some(PngScale::Linear) => ToneScale::Linear,
                Some(PngScale::Log) => ToneScale::Log,
                Some(PngScale::Sqrt) => ToneScale::Sqrt,
            },
            percentile: self.png_percentile.unwrap_or(99.5),
            colormap: match self.colormap {
                None | Some(ColormapName::Grey) => Colormap::Grey,
                Some(ColormapName::Viridis) => Colormap::Viridis,
                Some(ColormapName::Inferno) => Colormap::Inferno,
            },
            depth: match self.png_depth {
                None | Some(PngDepth::Eight) => Depth::Eight,
                Some(PngDepth::Sixteen) => Depth::Sixteen,
            },
        }
    }
}
