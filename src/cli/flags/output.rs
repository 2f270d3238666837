//! Flags of the files written.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};

use super::super::CliError;
use super::super::order::Order;
use super::super::values;
use super::noise::DEFAULT_OFFSET;
use crate::experiment::Experiment;
use crate::formats::encoding::{Encoding, Number};
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
    /// A file of the format that its name ends on; may be given several times. Photons as they are:
    /// .bin .raw (bare float32), .tif .tiff, .npy (numpy); counts: .cbf (32 bits, 1 a photon, from
    /// 0), .img .smv (as -intfile); pictures: .png .pgm
    #[arg(long = "out", value_name = "FILE")]
    out: Vec<PathBuf>,
    /// The same with photon noise, and what else is asked for of a detector: counts in any of these
    /// formats but pictures
    #[arg(long = "out-noise", value_name = "FILE")]
    out_noise: Vec<PathBuf>,
    /// Numbers of .tif and .npy files of --out and --out-noise; whole ones are counts, 1 a photon
    /// [default: f32]
    #[arg(long = "out-type", value_name = "TYPE")]
    out_type: Option<NumberName>,
    #[command(flatten)]
    style: StyleFlags,
    /// Draw resolution rings, each with its number, and the beam centre onto --png and --out .png, 8
    /// bits deep; at these resolutions, Å [default: 4 rings that fit]
    #[arg(long = "png-rings", num_args = 0.., value_name = "D", value_parser = values::positive)]
    rings: Option<Vec<f64>>,
}

/// How pictures are to look.
#[derive(Args)]
pub struct StyleFlags {
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

/// Kinds of numbers.
#[derive(Clone, Copy, ValueEnum)]
pub enum NumberName {
    F32,
    U16,
    U32,
    I32,
}

impl From<NumberName> for Number {
    fn from(name: NumberName) -> Number {
        match name {
            NumberName::F32 => Number::F32,
            NumberName::U16 => Number::U16,
            NumberName::U32 => Number::U32,
            NumberName::I32 => Number::I32,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum ColormapName {
    Grey,
    Viridis,
    Inferno,
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
    notices
}

/// Counts of a pixel without photons in a file with noise: a detector that counts photons, whose
/// format CBF is, has none.
pub fn default_offset(encoding: Encoding) -> f64 {
    match encoding {
        Encoding::Cbf => 0.0,
        _ => DEFAULT_OFFSET,
    }
}

/// What the name of a file ends on, in small letters.
pub fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_lowercase()
}

/// The format that the name `path` of `flag` stands for; `others` are taken beside.
fn encoding(flag: &str, path: &Path, number: Number, others: &str) -> Result<Encoding, CliError> {
    Encoding::of_name(path, number).ok_or_else(|| {
        CliError::Usage(format!(
            "{flag} {}: expected a name that ends on .bin .raw .img .smv .cbf .tif .tiff .npy{others}",
            path.display()
        ))
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
        let pgm = OutputKind::Pgm {
            scale: self.pgmscale,
        };
        let by_default = !order.any(&FILE_FLAGS);
        let name = |default: &str, wanted: bool| (by_default && wanted).then(|| default.into());
        let all = [
            (
                plain(Encoding::Raw),
                "-floatfile",
                &self.floatfile,
                name("floatimage.bin", true),
            ),
            (
                plain(Encoding::Smv),
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
                self.noisy(Encoding::Smv, noise),
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
            (
                plain(Encoding::Tiff(Number::F32)),
                "--tiff",
                &picture.tiff,
                None,
            ),
        ];
        let named = all.into_iter().filter_map(|(kind, flag, given, default)| {
            let path: PathBuf = given.clone().or(default)?;
            Some(Output { kind, flag, path })
        });
        let mut outputs: Vec<Output> = named.collect();
        let number = picture.out_type.map_or(Number::F32, Number::from);
        for path in &picture.out {
            let kind = match extension(path).as_str() {
                "png" => OutputKind::Png,
                "pgm" => pgm,
                _ => plain(encoding("--out", path, number, " .png .pgm")?),
            };
            outputs.push(Output {
                kind,
                flag: "--out",
                path: path.clone(),
            });
        }
        for path in &picture.out_noise {
            let encoding = encoding("--out-noise", path, number, "")?;
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
                offset: self.adc.unwrap_or(default_offset(encoding)),
                ..noise
            },
        }
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
        self.style.style()
    }

    /// Resolutions of the rings to draw, m, none for some that fit; `None` for no rings at all.
    ///
    /// # Errors
    /// [`CliError::Usage`] with pictures of 16 bits.
    pub fn rings_m(&self) -> Result<Option<Vec<f64>>, CliError> {
        if self.rings.is_some() && self.style().depth == Depth::Sixteen {
            return Err(CliError::usage(
                "--png-rings and --png-depth 16: rings are drawn in colours of 8 bits; leave one out",
            ));
        }
        let rings = self.rings.as_ref();
        Ok(rings.map(|rings| rings.iter().map(|angstrom| angstrom * 1e-10).collect()))
    }
}

impl StyleFlags {
    /// Whether any of them was given.
    pub fn given(&self) -> bool {
        self.png_scale.is_some()
            || self.png_percentile.is_some()
            || self.png_depth.is_some()
            || self.colormap.is_some()
    }

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
