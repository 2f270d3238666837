//! How an image is written: its format, its kind of numbers, its compression.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use multiversion::multiversion;
use rayon::prelude::*;

use super::format::{self, Format};
use super::header::Header;
use super::raster::{Clipped, Pixels, Raster, RasterView};
use super::{FormatError, PendingFile, Problem, cbf, record};
use crate::image::{Image, Run, Statistics};

/// The kind of a file's numbers.
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

/// How a frame is compressed, where its format compresses. None loses a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Bytes sorted by their place in a number, then deflated: every HDF5 library reads it, but not
    /// XDS.
    Gzip,
    /// Bits sorted by their place, then LZ4, as DECTRIS' detectors write: three times as fast.
    /// Readers need the filter 32008, which DIALS, XDS with neggia, CrystFEL and `hdf5plugin`
    /// bring.
    #[default]
    BitshuffleLz4,
    /// No compression.
    None,
}

/// A format with what it leaves to choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// The format.
    pub format: &'static Format,
    /// The kind of numbers, one that the format writes.
    pub number: Number,
    /// The compression, which only some formats have.
    pub compression: Compression,
    /// The most frames of a data file beside an NXmx master.
    pub frames_per_file: usize,
    /// Whether frames are put on the disk as they come, so that a series that ends early can be
    /// used, and go on. A file of one frame has no such.
    pub keeps_part: bool,
}

/// The most frames of a data file where nothing else is asked for: no more than these are lost when
/// the machine stops.
pub const FRAMES_PER_FILE: usize = 100;

/// NAME of a file called `NAME_master.h5`, whose frames are in data files beside it.
pub fn name_of_master(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()?.strip_suffix("_master")
}

/// What the names of the data files of `master` begin with: `NAME_data_`, where the master is
/// `NAME_master.h5` or `NAME.h5`.
fn data_files_begin(master: &Path) -> String {
    let stem = master.file_stem().unwrap_or_default();
    let name = name_of_master(master).map_or(stem.to_string_lossy(), Into::into);
    format!("{name}_data_")
}

/// The path of data file `number`, from 1, beside `master`.
pub fn data_file(master: &Path, number: usize) -> PathBuf {
    let name = format!("{}{number:06}.h5", data_files_begin(master));
    master.with_file_name(name)
}

/// Whether the file at `path` is named as a data file of `master`.
pub fn is_data_file(master: &Path, path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(&data_files_begin(master)) && path.parent() == master.parent()
}

impl Encoding {
    /// Files of `format` with numbers of this kind, where the format writes such, else with its
    /// own.
    pub fn new(format: &'static Format, number: Number) -> Encoding {
        let numbers = format.numbers;
        let number = match numbers.contains(&number) {
            true => number,
            false => numbers.first().copied().unwrap_or_default(),
        };
        Encoding {
            format,
            number,
            compression: Compression::default(),
            frames_per_file: FRAMES_PER_FILE,
            keeps_part: false,
        }
    }

    /// The encoding that the name of a file asks for, with numbers of this kind where the format
    /// has several; `None` for pictures and unknown names.
    pub fn of_name(path: &Path, number: Number) -> Option<Encoding> {
        let format = format::of_name(path).filter(|format| !format.is_picture())?;
        Some(Encoding::new(format, number))
    }

    /// Whether the format leaves the kind of numbers to choose.
    pub fn chooses_number(self) -> bool {
        self.format.numbers.len() > 1
    }

    /// Whether the numbers are whole: counts, not photons.
    pub fn counts(self) -> bool {
        self.number != Number::F32
    }

    /// The kind of numbers that a file with noise has where nothing else is asked for.
    pub fn with_noise(self) -> Encoding {
        let whole = self.format.counts_photons;
        Encoding::new(self.format, if whole { Number::I32 } else { Number::F32 })
    }

    /// Counts of an image with these statistics, where nothing else is asked for.
    pub fn usual_counts(self, statistics: &Statistics) -> Counts {
        match self.format.scaled_to_brightest {
            true => Counts::automatic(statistics, Counts::DEFAULT_OFFSET),
            false => Counts::AS_THEY_ARE,
        }
    }

    /// Counts of a pixel without photons in a file with noise, where nothing else is asked for: a
    /// detector that counts photons has none.
    pub fn usual_offset(self) -> f64 {
        match self.format.counts_photons {
            true => 0.0,
            false => Counts::DEFAULT_OFFSET,
        }
    }

    /// The master whose data files hold the frames of a file at `path`, for good or until all of
    /// `frames` have come; `None` where the file holds them itself.
    pub fn master(self, path: &Path, frames: usize) -> Option<PathBuf> {
        self.format.frames.as_ref()?;
        if name_of_master(path).is_some() {
            return Some(path.to_path_buf());
        }
        let stem = path.file_stem().filter(|_| self.keeps_part && frames > 1)?;
        let mut name = stem.to_owned();
        name.push("_partial.h5");
        Some(path.with_file_name(name))
    }

    /// The files that writing this many frames to `path` puts beside it.
    pub fn files_beside(self, path: &Path, frames: usize) -> Vec<PathBuf> {
        let Some(master) = self.master(path, frames) else {
            return Vec::new();
        };
        let count = frames.div_ceil(self.frames_per_file);
        let files = (1..=count).map(|number| data_file(&master, number));
        let own = Some(master.clone()).filter(|master| master != path);
        files.chain(own).collect()
    }

    /// Memory that writing takes beside an image, bytes a pixel.
    pub fn beside_image(self) -> u64 {
        self.format.beside_image[usize::from(self.counts())]
    }

    /// Writes `image` as one frame beside `path`, and tells which pixels had no room. Whole numbers
    /// are `counts` of its values, none below 0.
    ///
    /// # Errors
    /// [`FormatError`] when the image is larger than the format takes, or the file cannot be
    /// written.
    pub fn write_image(
        self,
        path: &Path,
        image: &Image,
        counts: Counts,
        header: &Header,
    ) -> Result<(PendingFile, Clipped), FormatError> {
        if let Some(stream) = self.format.stream {
            return stream(path, image, counts, header);
        }
        let (pixels, clipped) = self.number.counted(image, counts);
        let raster = RasterView::of(image, pixels.as_ref());
        Ok((self.write(path, raster, header)?, clipped))
    }

    /// Writes numbers of this kind as one frame beside `path`.
    ///
    /// # Errors
    /// [`FormatError`] when the image is larger than the format takes or has other numbers, or the
    /// file cannot be written.
    pub fn write(
        self,
        path: &Path,
        raster: RasterView,
        header: &Header,
    ) -> Result<PendingFile, FormatError> {
        if let Some(frames) = &self.format.frames {
            let size = [raster.width, raster.height];
            let mut file = (frames.create)(path, self, size, 1, header)?;
            file.push(raster, header)?;
            return Ok(file.finish()?.file);
        }
        let file = (self.format.encode)(raster, header);
        let file = file.map_err(|problem| FormatError::content(path, problem))?;
        match &header.record {
            Some(text) => PendingFile::write(path, &record::add(self.format, file, text)),
            None => PendingFile::write(path, &file),
        }
    }

    /// Numbers of this kind as a file in memory, without a record.
    ///
    /// # Errors
    /// A [`Problem`] when the image is larger than the format takes or has other numbers, and for
    /// formats that are written out of order.
    pub fn encode(self, raster: &Raster, header: &Header) -> Result<Vec<u8>, Problem> {
        (self.format.encode)(raster.view(), header)
    }
}

/// How photons become counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Counts per photon.
    pub scale: f64,
    /// Counts of a pixel without photons.
    pub adc_offset: f64,
}

impl Counts {
    /// Counts of an image that holds counts, or one a photon.
    pub const AS_THEY_ARE: Counts = Counts {
        scale: 1.0,
        adc_offset: 0.0,
    };

    /// Counts of a pixel without photons, where nothing else is asked for, of detectors that
    /// integrate.
    pub const DEFAULT_OFFSET: f64 = 40.0;

    /// Counts that put the brightest pixel at 55,000.
    pub fn automatic(statistics: &Statistics, adc_offset: f64) -> Counts {
        let max = statistics.max;
        Counts {
            scale: if max > 0.0 { 55000.0 / max } else { 1.0 },
            adc_offset,
        }
    }

    /// floor(value·scale + adc + ½), no more than the largest `T` and no less than `least`; what
    /// has no room is added to `clipped`.
    #[inline(always)]
    fn of<T: Whole>(self, value: f64, least: f64, clipped: &mut Clipped) -> T {
        let count = value * self.scale + self.adc_offset + 0.5;
        clipped.no_number += usize::from(count.is_nan());
        clipped.above += usize::from(count >= T::LARGEST + 1.0);
        clipped.below += usize::from(count < least);
        let whole = T::of_whole(count.clamp(least, T::LARGEST).floor());
        if count.is_nan() { T::NO_VALUE } else { whole }
    }

    /// Counts of the pixels of `run`, in `counts`; pixels that were not rendered have no value.
    pub(super) fn of_run<T: Whole>(self, run: Run, counts: &mut [T]) -> Clipped {
        if let Cow::Borrowed(values) = run.rendered_values() {
            return of_all(self, values, counts);
        }
        let mut clipped = Clipped::default();
        counts.fill(T::NO_VALUE);
        for (place, value) in run.rendered() {
            counts[place] = self.of(value.into(), 0.0, &mut clipped);
        }
        clipped
    }
}

/// [`Counts::of_run`] where every pixel was rendered.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
fn of_all<T: Whole>(counts: Counts, values: &[f32], pixels: &mut [T]) -> Clipped {
    let mut clipped = Clipped::default();
    for (pixel, &value) in pixels.iter_mut().zip(values) {
        *pixel = counts.of(value.into(), 0.0, &mut clipped);
    }
    clipped
}

/// Pixels that a thread counts in one go.
pub(super) const RUN: usize = 1 << 14;

/// A kind of whole numbers.
pub(super) trait Whole: Copy + Default + Send {
    const LEAST: f64;
    const LARGEST: f64;
    /// A pixel without a value.
    const NO_VALUE: Self;
    /// `count`, a whole number of this kind.
    fn of_whole(count: f64) -> Self;
}

macro_rules! whole {
    ($number:ident, $no_value:expr) => {
        impl Whole for $number {
            const LEAST: f64 = $number::MIN as f64;
            const LARGEST: f64 = $number::MAX as f64;
            const NO_VALUE: $number = $no_value;
            #[inline(always)]
            fn of_whole(count: f64) -> $number {
                // The last digits of a float64 from 2⁵² on are those of the number. A cast saturates,
                // for which no processor has a vector instruction.
                const UNIT_SPACING: f64 = (1u64 << 52) as f64;
                let from_least = (count - Self::LEAST + UNIT_SPACING).to_bits();
                (from_least as $number).wrapping_add($number::MIN)
            }
        }
    };
}

whole!(u16, 0);
whole!(u32, 0);
whole!(i32, cbf::NO_VALUE);

impl Number {
    /// Bytes of one.
    pub fn bytes(self) -> usize {
        match self {
            Number::U16 => 2,
            Number::F32 | Number::U32 | Number::I32 => 4,
        }
    }

    /// The name in options and in the table of formats.
    pub fn name(self) -> &'static str {
        match self {
            Number::F32 => "float32",
            Number::U16 => "uint16",
            Number::U32 => "uint32",
            Number::I32 => "int32",
        }
    }

    /// The largest whole number of the kind; `None` where it is of floats.
    pub fn ceiling(self) -> Option<f64> {
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

    /// `counts` of the pixels of `image`, none below 0; `None` where floats are written, which are
    /// the image's own values. Pixels that were not rendered are 0, or [`cbf::NO_VALUE`] where
    /// there is a sign.
    pub fn counted(self, image: &Image, counts: Counts) -> (Option<Pixels>, Clipped) {
        fn all<T: Whole>(image: &Image, counts: Counts) -> (Vec<T>, Clipped) {
            let mut pixels = vec![T::default(); image.values().len()];
            let clipped = pixels
                .par_chunks_mut(RUN)
                .zip(image.runs(RUN))
                .map(|(pixels, run)| counts.of_run(run, pixels))
                .reduce(Clipped::default, Clipped::and);
            (pixels, clipped)
        }
        match self {
            Number::F32 => (None, Clipped::default()),
            Number::U16 => {
                let (pixels, clipped) = all(image, counts);
                (Some(Pixels::U16(pixels)), clipped)
            }
            Number::U32 => {
                let (pixels, clipped) = all(image, counts);
                (Some(Pixels::U32(pixels)), clipped)
            }
            Number::I32 => {
                let (pixels, clipped) = all(image, counts);
                (Some(Pixels::I32(pixels)), clipped)
            }
        }
    }

    /// `values` as numbers of this kind. Floats stay what they are, `counts` or not; whole numbers
    /// end at the kind's ends. What is no number becomes 0, or [`cbf::NO_VALUE`] where there is a
    /// sign.
    pub fn pixels(self, values: impl Iterator<Item = f64>, counts: Counts) -> (Pixels, Clipped) {
        fn all<T: Whole>(
            values: impl Iterator<Item = f64>,
            counts: Counts,
            clipped: &mut Clipped,
        ) -> Vec<T> {
            values
                .map(|value| counts.of(value, T::LEAST, clipped))
                .collect()
        }
        let mut clipped = Clipped::default();
        let pixels = match self {
            Number::F32 => Pixels::F32(values.map(|value| value as f32).collect()),
            Number::U16 => Pixels::U16(all(values, counts, &mut clipped)),
            Number::U32 => Pixels::U32(all(values, counts, &mut clipped)),
            Number::I32 => Pixels::I32(all(values, counts, &mut clipped)),
        };
        (pixels, clipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_end_where_their_kind_does() {
        let values = [f32::NAN, -7.4, 0.5, 65535.4, 65536.0, 1e30];
        let pixels = |number: Number| {
            let values = values.iter().copied().map(f64::from);
            number.pixels(values, Counts::AS_THEY_ARE)
        };
        let (counts, clipped) = pixels(Number::U16);
        assert_eq!(counts, Pixels::U16(vec![0, 0, 1, 65535, 65535, 65535]));
        let of = |above, below| Clipped {
            above,
            below,
            no_number: 1,
        };
        assert_eq!(clipped, of(2, 1));
        let (counts, clipped) = pixels(Number::I32);
        let expected = vec![-1, -7, 1, 65535, 65536, i32::MAX];
        assert_eq!((counts, clipped), (Pixels::I32(expected), of(1, 0)));
        let (counts, _) = pixels(Number::U32);
        let expected = vec![0, 0, 1, 65535, 65536, u32::MAX];
        assert_eq!(counts, Pixels::U32(expected));
        // An image's counts end at 0.
        let image = Image::new(6, 1, values.to_vec(), None);
        let (counts, clipped) = Number::I32.counted(&image, Counts::AS_THEY_ARE);
        let expected = vec![-1, 0, 1, 65535, 65536, i32::MAX];
        assert_eq!((counts, clipped), (Some(Pixels::I32(expected)), of(1, 1)));
    }

    #[test]
    fn counts_are_rounded_and_clipped() {
        let counts = Counts {
            scale: 2.0,
            adc_offset: 40.0,
        };
        let values = vec![0.0, 0.3, -20.2, -100.0, 1e9, f32::NAN, 5.0];
        let rendered = [vec![true; 6], vec![false]].concat();
        let image = Image::new(7, 1, values, Some(rendered));
        let (found, clipped) = Number::U16.counted(&image, counts);
        // 0.6 + 40 rounds up, and -0.4 to 0.
        let expected = Pixels::U16(vec![40, 41, 0, 0, 65535, 0, 0]);
        assert_eq!(found, Some(expected));
        let one_of_each = Clipped {
            above: 1,
            below: 1,
            no_number: 1,
        };
        assert_eq!(clipped, one_of_each);
    }

    #[test]
    fn a_format_of_one_kind_keeps_its_own() {
        let of = |name: &str| Encoding::of_name(Path::new(name), Number::U16);
        assert_eq!(of("a.cbf").map(|found| found.number), Some(Number::I32));
        assert_eq!(of("a.tif").map(|found| found.number), Some(Number::U16));
        assert_eq!(of("a.png"), None);
    }
}
