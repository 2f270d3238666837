//! The formats that numbers are written in, by the name of the file.

use std::path::Path;

use super::image_file::{Header, ImageFormat};
use super::nxmx::{self, Compression};
use super::raster::{Clipped, Pixels, Raster};
use super::smv::Counts;
use super::{FormatError, PendingFile, Problem, cbf, npy, raw, smv, tiff};
use crate::image::Image;

/// The kind of a file's numbers, where its format has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Number {
    /// float32: nothing is rounded or clipped.
    #[default]
    F32,
    /// Whole numbers from 0 to 65535.
    U16,
    /// Whole numbers of 32 bits.
    U32,
    /// Whole numbers of 32 bits with a sign.
    I32,
}

/// A format and its kind of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Bare float32.
    Raw,
    /// SMV, 16 bits.
    Smv,
    /// CBF, 32 bits with a sign.
    Cbf,
    /// TIFF.
    Tiff(Number),
    /// numpy's.
    Npy(Number),
    /// NXmx in HDF5, frames compressed so.
    Nxmx(Number, Compression),
}

impl Encoding {
    /// What the name of a file stands for, with these numbers where the format has several.
    pub fn of_name(path: &Path, number: Number) -> Option<Encoding> {
        let extension = path.extension()?.to_string_lossy().to_lowercase();
        Some(match extension.as_str() {
            "bin" | "raw" => Encoding::Raw,
            "img" | "smv" => Encoding::Smv,
            "cbf" => Encoding::Cbf,
            "tif" | "tiff" => Encoding::Tiff(number),
            "npy" => Encoding::Npy(number),
            "h5" | "hdf5" | "nxs" => Encoding::Nxmx(number, Compression::default()),
            _ => return None,
        })
    }

    /// The format.
    pub fn format(self) -> ImageFormat {
        match self {
            Encoding::Raw => ImageFormat::Raw,
            Encoding::Smv => ImageFormat::Smv,
            Encoding::Cbf => ImageFormat::Cbf,
            Encoding::Tiff(_) => ImageFormat::Tiff,
            Encoding::Npy(_) => ImageFormat::Npy,
            Encoding::Nxmx(..) => ImageFormat::Nxmx,
        }
    }

    /// Its kind of numbers.
    pub fn number(self) -> Number {
        match self {
            Encoding::Raw => Number::F32,
            Encoding::Smv => Number::U16,
            Encoding::Cbf => Number::I32,
            Encoding::Tiff(number) | Encoding::Npy(number) | Encoding::Nxmx(number, _) => number,
        }
    }

    /// `image` as a file beside `path`; with it comes what became of pixels that it has no
    /// room for. Pixels, counts and header are as in [`Encoding::encode`], and pixels that were not
    /// rendered have no value in whole numbers ([`Number::pixels`]).
    ///
    /// # Errors
    /// [`FormatError`] when the image is larger than the format takes, or the file cannot be written.
    pub fn write_image(
        self,
        path: &Path,
        image: &Image,
        counts: Counts,
        least: Option<i32>,
        header: &Header,
    ) -> Result<(PendingFile, Clipped), FormatError> {
        let file = match self {
            Encoding::Raw => PendingFile::write(path, &raw::encode(image))?,
            Encoding::Tiff(Number::F32) => {
                let file = tiff::encode(image).map_err(|problem| unfit(path, problem))?;
                PendingFile::write(path, &header.recorded(file))?
            }
            Encoding::Smv => {
                let size = [image.width(), image.height()];
                let header = smv::carry_over(&header.entries, size);
                let mut clipped = Clipped::default();
                let file = PendingFile::write_with(path, |file| {
                    clipped = smv::write(image, counts, &header, file)?;
                    Ok(())
                });
                return Ok((file?, clipped));
            }
            _ => {
                let (raster, clipped) = self.raster(image, counts, least);
                return Ok((self.write(path, &raster, header)?, clipped));
            }
        };
        Ok((file, Clipped::default()))
    }

    /// An image of [`Encoding::number`]s as a file beside `path`, as [`Encoding::encode`] makes it.
    ///
    /// # Errors
    /// [`FormatError`] when the image is larger than the format takes, or the file cannot be written.
    ///
    /// # Panics
    /// When the numbers are of another kind.
    pub fn write(
        self,
        path: &Path,
        raster: &Raster,
        header: &Header,
    ) -> Result<PendingFile, FormatError> {
        match self {
            Encoding::Nxmx(number, compression) => {
                let (setting, frame) = header.for_nexus([raster.width, raster.height]);
                nxmx::write(path, raster, number, compression, setting, frame)
            }
            _ => {
                let file = self.encode(raster, header);
                PendingFile::write(path, &file.map_err(|problem| unfit(path, problem))?)
            }
        }
    }

    /// `image` as numbers of this kind: its values where they are floats, else `counts` of them.
    pub fn raster(self, image: &Image, counts: Counts, least: Option<i32>) -> (Raster, Clipped) {
        let values = image.values();
        let (pixels, clipped) = if self.number() == Number::F32 {
            (Pixels::F32(values.to_vec()), Clipped::default())
        } else {
            let mut rendered = vec![f64::NAN; values.len()];
            let mut gaps = values.len();
            for (index, value) in image.rendered() {
                rendered[index] = value.into();
                gaps -= 1;
            }
            let number = self.number();
            let (pixels, mut clipped) = number.pixels(rendered.into_iter(), counts, least);
            clipped.no_number -= gaps;
            (pixels, clipped)
        };
        let raster = Raster {
            width: image.width(),
            height: image.height(),
            pixels,
        };
        (raster, clipped)
    }

    /// An image of [`Encoding::number`]s as a file; SMV and CBF say what `header` does.
    ///
    /// # Errors
    /// A [`Problem`] when the image is larger than the format takes.
    ///
    /// # Panics
    /// When the numbers are of another kind; for NXmx, which has no use for a file in memory.
    pub fn encode(self, raster: &Raster, header: &Header) -> Result<Vec<u8>, Problem> {
        let size = [raster.width, raster.height];
        Ok(match (self, &raster.pixels) {
            (Encoding::Raw, Pixels::F32(values)) => {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes());
                bytes.collect()
            }
            (Encoding::Smv, Pixels::U16(counts)) => {
                smv::encode_counts(counts, &smv::carry_over(&header.entries, size))
            }
            (Encoding::Cbf, Pixels::I32(counts)) => {
                header.recorded(cbf::encode(counts, raster.width, &header.geometry))
            }
            (Encoding::Tiff(_), _) => header.recorded(tiff::encode_raster(raster)?),
            (Encoding::Npy(_), _) => npy::encode(raster),
            (_, pixels) => panic!("{} are not written as {self:?}", pixels.kind()),
        })
    }
}

fn unfit(path: &Path, problem: Problem) -> FormatError {
    FormatError::Content {
        path: path.to_path_buf(),
        problem,
    }
}

impl Number {
    /// Bytes of one.
    pub(super) fn bytes(self) -> usize {
        match self {
            Number::U16 => 2,
            Number::F32 | Number::U32 | Number::I32 => 4,
        }
    }

    /// The largest whole number of the kind; `None` where it is of floats.
    pub(super) fn ceiling(self) -> Option<f64> {
        match self {
            Number::F32 => None,
            Number::U16 => Some(u16::MAX.into()),
            Number::U32 => Some(u32::MAX.into()),
            Number::I32 => Some(i32::MAX.into()),
        }
    }

    /// The kind with room for `pixels`; float64 is rounded to float32.
    pub fn with_room_for(pixels: &Pixels) -> Number {
        match pixels {
            Pixels::U8(_) | Pixels::U16(_) => Number::U16,
            Pixels::I32(_) => Number::I32,
            Pixels::U32(_) => Number::U32,
            Pixels::F32(_) | Pixels::F64(_) => Number::F32,
        }
    }

    /// `values` as numbers of this kind. Floats stay what they are, `counts` or not. Whole numbers
    /// are floor(value·scale + adc + ½) and end at the kind's ends, or at `least`; what is no number
    /// becomes 0, or [`cbf::NO_VALUE`] where there is a sign.
    pub fn pixels(
        self,
        values: impl Iterator<Item = f64>,
        counts: Counts,
        least: Option<i32>,
    ) -> (Pixels, Clipped) {
        let mut clipped = Clipped::default();
        let lowest = f64::from(least.unwrap_or(i32::MIN));
        let mut whole = |value: f64, low: f64, high: f64, none: f64| {
            let count = counts.unrounded(value).floor();
            if count.is_nan() {
                clipped.no_number += 1;
                return none;
            }
            clipped.above += usize::from(count > high);
            clipped.below += usize::from(count < low);
            count.clamp(low, high)
        };
        let pixels = match self {
            Number::F32 => Pixels::F32(values.map(|value| value as f32).collect()),
            Number::U16 => {
                let count = |value| whole(value, 0.0, u16::MAX.into(), 0.0) as u16;
                Pixels::U16(values.map(count).collect())
            }
            Number::U32 => {
                let count = |value| whole(value, 0.0, u32::MAX.into(), 0.0) as u32;
                Pixels::U32(values.map(count).collect())
            }
            Number::I32 => {
                let none = f64::from(cbf::NO_VALUE);
                let count = |value| whole(value, lowest, i32::MAX.into(), none) as i32;
                Pixels::I32(values.map(count).collect())
            }
        };
        (pixels, clipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_end_where_their_kind_does() {
        let values = [f64::NAN, -7.4, 0.5, 65535.4, 65536.0, 1e300];
        let pixels = |number: Number, least| {
            let values = values.iter().copied();
            number.pixels(values, Counts::AS_THEY_ARE, least)
        };
        let (counts, clipped) = pixels(Number::U16, None);
        assert_eq!(counts, Pixels::U16(vec![0, 0, 1, 65535, 65535, 65535]));
        let of = |above, below| Clipped {
            above,
            below,
            no_number: 1,
        };
        assert_eq!(clipped, of(2, 1));
        let (counts, clipped) = pixels(Number::I32, None);
        let expected = vec![-1, -7, 1, 65535, 65536, i32::MAX];
        assert_eq!((counts, clipped), (Pixels::I32(expected), of(1, 0)));
        let (_, clipped) = pixels(Number::I32, Some(0));
        assert_eq!(clipped, of(1, 1));
        let (counts, _) = pixels(Number::U32, None);
        let expected = vec![0, 0, 1, 65535, 65536, u32::MAX];
        assert_eq!(counts, Pixels::U32(expected));
    }

    #[test]
    fn names_stand_for_formats() {
        let of = |name: &str| Encoding::of_name(Path::new(name), Number::U16);
        assert_eq!(of("a/frame_0001.IMG"), Some(Encoding::Smv));
        assert_eq!(of("b.tiff"), Some(Encoding::Tiff(Number::U16)));
        let gzip = Compression::Gzip;
        assert_eq!(of("c.NXS"), Some(Encoding::Nxmx(Number::U16, gzip)));
        assert_eq!((of("c.gif"), of("npy")), (None, None));
    }
}
