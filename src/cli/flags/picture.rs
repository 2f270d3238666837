//! Flags of pictures, and of files of any format.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::super::CliError;
use super::super::values;
use super::output_kind::encoding;
use crate::formats::encoding::{Compression, Encoding, Number};
use crate::formats::png::{Colormap, Depth};
use crate::image::ToneScale;

#[derive(Args)]
#[command(next_help_heading = "Pictures and further formats")]
pub struct PictureFlags {
    /// PNG picture [default: image.png]
    #[arg(long, value_name = "FILE")]
    pub(super) png: Option<PathBuf>,
    /// PNG picture of the panels at their places, seen along the beam, at most 4000 pixels wide and
    /// high
    #[arg(long, value_name = "FILE")]
    pub(super) overview: Option<PathBuf>,
    /// TIFF image, float32
    #[arg(long, value_name = "FILE")]
    pub(super) tiff: Option<PathBuf>,
    /// A file of the format that its name ends on; may be given several times. Photons as they are:
    /// .bin .raw (bare float32), .tif .tiff, .npy (numpy), .h5 .nxs (NXmx); counts: .cbf (32 bits, 1 a photon, from
    /// 0), .img .smv (as -intfile); pictures: .png .pgm
    #[arg(long = "out", value_name = "FILE")]
    pub(super) out: Vec<PathBuf>,
    /// The same with photon noise, and what else is asked for of a detector: counts in any of these
    /// formats but pictures
    #[arg(long = "out-noise", value_name = "FILE")]
    pub(super) out_noise: Vec<PathBuf>,
    /// Numbers of .tif, .npy, .h5 and .nxs files of --out and --out-noise; whole ones are counts, 1 a
    /// photon [default: f32; i32 of .h5 and .nxs with noise]
    #[arg(long = "out-type", value_name = "TYPE")]
    pub(super) out_type: Option<NumberName>,
    /// How .h5 and .nxs files of --out and --out-noise are compressed; bslz4, bitshuffle and LZ4, is
    /// faster, and readers need hdf5plugin for it [default: gzip]
    #[arg(long, value_name = "METHOD")]
    compression: Option<CompressionName>,
    #[command(flatten)]
    style: StyleFlags,
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
    /// Draw resolution rings, each with its number, and the beam centre onto the PNG (of a render:
    /// --png and --out .png), 8 bits deep; at these resolutions, Å [default: 4 rings that fit]
    #[arg(long = "png-rings", num_args = 0.., value_name = "D", value_parser = values::positive)]
    rings: Option<Vec<f64>>,
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

/// Ways to compress.
#[derive(Clone, Copy, ValueEnum)]
pub enum CompressionName {
    Gzip,
    Bslz4,
    None,
}

impl From<CompressionName> for Compression {
    fn from(name: CompressionName) -> Compression {
        match name {
            CompressionName::Gzip => Compression::Gzip,
            CompressionName::Bslz4 => Compression::BitshuffleLz4,
            CompressionName::None => Compression::None,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum ColormapName {
    Grey,
    Viridis,
    Inferno,
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

impl PictureFlags {
    /// The format that the name `path` of `flag` stands for, of a file with noise or without, which
    /// may be a picture.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a name that stands for none.
    pub fn encoding(&self, flag: &str, path: &Path, noise: bool) -> Result<Encoding, CliError> {
        let given = self.out_type.map(Number::from);
        let found = encoding(flag, path, given.unwrap_or_default(), !noise)?;
        let found = match given {
            None if noise => found.with_noise(),
            _ => found,
        };
        let compression = self.compression.map(Compression::from);
        Ok(Encoding {
            compression: compression.unwrap_or_default(),
            ..found
        })
    }

    /// How a PNG is to look.
    pub fn style(&self) -> PictureStyle {
        self.style.style()
    }

    /// As [`StyleFlags::rings_m`].
    pub fn rings_m(&self) -> Result<Option<Vec<f64>>, CliError> {
        self.style.rings_m()
    }
}

impl StyleFlags {
    /// Whether any of them was given.
    pub fn given(&self) -> bool {
        self.png_scale.is_some()
            || self.png_percentile.is_some()
            || self.png_depth.is_some()
            || self.colormap.is_some()
            || self.rings.is_some()
    }

    /// Whether rings are to be drawn.
    pub fn asks_for_rings(&self) -> bool {
        self.rings.is_some()
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
