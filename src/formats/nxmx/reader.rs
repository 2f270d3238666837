//! Reading: frames one at a time, whoever wrote the file.
//!
//! Headers are not trusted: what a frame, or a chunk that holds it, would take is held against the
//! memory there is before anything is unpacked.

use std::path::{Path, PathBuf};

use rust_hdf5::{DatatypeMessage, H5Dataset, H5File};

use super::facts::Facts;
use super::problem;
use super::setting::{FrameSetting, Setting};
use crate::formats::error::most_bytes;
use crate::formats::raster::{Pixels, Raster};
use crate::formats::{FormatError, Problem};
use crate::memory::Bytes;

/// A file of frames.
pub struct NxmxReader {
    path: PathBuf,
    facts: Facts,
    /// Datasets of frames, each with the number of the first and of how many it holds.
    parts: Vec<(H5Dataset, usize, usize)>,
    /// Pixels along fast and slow.
    size: [usize; 2],
    setting: Setting,
}

impl NxmxReader {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`FormatError`] when it cannot be read, is no HDF5, or holds no frames where NXmx has them:
    /// `data`, or `data_000001` and so on, in the group `data` of the entry.
    pub fn open(path: &Path) -> Result<NxmxReader, FormatError> {
        let open = || -> Result<_, Problem> {
            let file = H5File::options().no_locking().open(path).map_err(problem)?;
            let facts = Facts::of(file)?;
            let (parts, size) = frames(&facts)?;
            let setting = facts.setting(size);
            Ok((facts, parts, size, setting))
        };
        let (facts, parts, size, setting) = open().map_err(|problem| FormatError::Content {
            path: path.to_path_buf(),
            problem,
        })?;
        Ok(NxmxReader {
            path: path.to_path_buf(),
            facts,
            parts,
            size,
            setting,
        })
    }

    /// How many frames there are, at least one.
    pub fn frames(&self) -> usize {
        self.parts.iter().map(|(_, _, count)| count).sum()
    }

    /// Pixels of a frame along fast and slow.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// What the file says of all frames.
    pub fn setting(&self) -> &Setting {
        &self.setting
    }

    /// What the file says of frame `index`, counted from 0.
    pub fn frame_setting(&self, index: usize) -> FrameSetting {
        self.facts.frame_setting(index, self.frames())
    }

    /// Frame `index`, counted from 0.
    ///
    /// # Errors
    /// [`FormatError::Content`] when there is no such frame, when it is damaged, and when there is no
    /// memory for it.
    pub fn frame(&self, index: usize) -> Result<Raster, FormatError> {
        let found = self.parts.iter().find_map(|(data, first, count)| {
            let within = index.checked_sub(*first)?;
            (within < *count).then_some((data, within))
        });
        let pixels = match found {
            Some((data, within)) => self.pixels(data, within),
            None => Err(Problem::with_file(format!(
                "frame {}; expected one from 1 to {}",
                index.saturating_add(1),
                self.frames()
            ))),
        };
        let [width, height] = self.size;
        match pixels {
            Ok(pixels) => Ok(Raster {
                width,
                height,
                pixels,
            }),
            Err(problem) => Err(FormatError::Content {
                path: self.path.clone(),
                problem,
            }),
        }
    }

    fn pixels(&self, data: &H5Dataset, index: usize) -> Result<Pixels, Problem> {
        let shape = data.shape();
        let mut start = vec![0; shape.len()];
        let mut count = shape.clone();
        if shape.len() > 2 {
            (start[0], count[0]) = (index, 1);
        }
        macro_rules! read {
            ($number:ty) => {
                data.read_numeric_slice_as::<$number>(&start, &count)
                    .map_err(problem)?
            };
        }
        let pixels = match data.datatype().map_err(problem)? {
            DatatypeMessage::FixedPoint { size, signed, .. } => match (size, signed) {
                (1, false) => Pixels::U8(read!(u8)),
                (2, false) => Pixels::U16(read!(u16)),
                (4, false) => Pixels::U32(read!(u32)),
                (1 | 2 | 4, true) => Pixels::I32(read!(i32)),
                (_, true) => Pixels::narrowest(read!(i64).into_iter().map(i128::from)),
                (_, false) => Pixels::narrowest(read!(u64).into_iter().map(i128::from)),
            },
            DatatypeMessage::FloatingPoint { size, .. } if size <= 4 => Pixels::F32(read!(f32)),
            DatatypeMessage::FloatingPoint { .. } => Pixels::F64(read!(f64)),
            other => {
                let what = format!("frames of {other}; expected whole numbers or floats");
                return Err(Problem::with_file(what));
            }
        };
        let [width, height] = self.size;
        if pixels.len() != width * height {
            let what = format!(
                "a frame of {} numbers, and {width} x {height} pixels",
                pixels.len()
            );
            return Err(Problem::with_file(what));
        }
        Ok(pixels)
    }
}

/// Datasets of frames, in their order.
type Parts = Vec<(H5Dataset, usize, usize)>;

/// Where the frames are, and pixels of one along fast and slow.
fn frames(facts: &Facts) -> Result<(Parts, [usize; 2]), Problem> {
    let mut parts = Vec::new();
    let mut size = None;
    let mut first = 0usize;
    for name in facts.frame_datasets() {
        let data = facts.dataset(&name).map_err(problem)?;
        let shape = data.shape();
        let (count, own) = frame_shape(&name, &shape)?;
        if *size.get_or_insert(own) != own {
            let what = format!("{name}: frames of another size than those before");
            return Err(Problem::with_file(what));
        }
        check_memory(&name, &data, own)?;
        parts.push((data, first, count));
        first = first
            .checked_add(count)
            .ok_or_else(|| Problem::with_file("more frames than can be counted"))?;
    }
    match size {
        Some(size) if first > 0 => Ok((parts, size)),
        _ => Err(Problem::with_file(
            "HDF5 without frames; expected those of NXmx, /entry/data/data of the shape frames x \
             slow x fast",
        )),
    }
}

/// How many frames a dataset of this shape holds, and pixels of one along fast and slow. Panels of a
/// frame that have an axis of their own are stacked.
fn frame_shape(name: &str, shape: &[usize]) -> Result<(usize, [usize; 2]), Problem> {
    let found = match *shape {
        [slow, fast] => Some((1, [fast, slow])),
        [count, slow, fast] => Some((count, [fast, slow])),
        [count, panels, slow, fast] => panels.checked_mul(slow).map(|rows| (count, [fast, rows])),
        _ => None,
    };
    let found = found.filter(|(_, [fast, slow])| {
        let pixels = fast.checked_mul(*slow);
        pixels.is_some_and(|pixels| pixels > 0 && u32::try_from(pixels).is_ok())
    });
    found.ok_or_else(|| {
        Problem::with_file(format!(
            "{name} is of the shape {shape:?}; expected frames x slow x fast"
        ))
    })
}

/// Makes sure that there is memory for a frame of `data`, and for the chunks that hold it.
fn check_memory(name: &str, data: &H5Dataset, [fast, slow]: [usize; 2]) -> Result<(), Problem> {
    let each = data.element_size() as u64;
    let frame = (fast as u64 * slow as u64).saturating_mul(each);
    let chunk = data.chunk_dims().map_or(0, |chunk| {
        let product = chunk.iter().map(|&count| count as u64);
        product.fold(each, u64::saturating_mul)
    });
    let (needed, most) = (Bytes(frame.max(chunk)), most_bytes());
    if needed > most {
        let what = format!("{name}: a frame takes {needed}, and this machine has room for {most}");
        return Err(Problem::with_file(what));
    }
    Ok(())
}
