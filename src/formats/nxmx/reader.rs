//! Reading frames one at a time, from files of any program.
//!
//! Headers are not trusted: the size of a frame, and of a chunk that holds it, is compared with the
//! caller's limit before anything is unpacked.

use std::path::{Path, PathBuf};

use rust_hdf5::{ByteOrder, DatatypeMessage, H5Dataset, H5File};

use super::lookup::NexusFile;
use super::{bitshuffle, problem};
use crate::formats::format::{Format, FrameReader, OneHeader};
use crate::formats::header::Header;
use crate::formats::metadata::{FrameMetadata, Metadata};
use crate::formats::raster::{Pixels, Raster};
use crate::formats::{FormatError, Problem};
use crate::memory::Bytes;

/// A file of frames.
pub struct NxmxReader {
    path: PathBuf,
    nexus: NexusFile,
    parts: Parts,
    /// Pixels along fast and slow.
    size: [usize; 2],
    metadata: Metadata,
}

impl NxmxReader {
    /// Opens the file at `path`, of frames that take no more than `most` each.
    ///
    /// # Errors
    /// [`FormatError`] when it cannot be read, is no HDF5, or holds no frames where NXmx has them:
    /// `data`, or `data_000001` and so on, in the group `data` of the entry.
    pub fn open(path: &Path, most: Bytes) -> Result<NxmxReader, FormatError> {
        let bad = |problem| FormatError::content(path, problem);
        let nexus = open(path).map_err(bad)?;
        let (parts, size) = frames(&nexus, most).map_err(bad)?;
        let metadata = nexus.metadata(size);
        Ok(NxmxReader {
            path: path.to_path_buf(),
            nexus,
            parts,
            size,
            metadata,
        })
    }

    /// What the file at `path` says of one frame: `frame`, counted from 0, or the first. The frames
    /// themselves are not read and need not be there, as long as the file tells their size.
    ///
    /// # Errors
    /// [`FormatError`] when it cannot be read, is no HDF5, does not tell the size of a frame, or
    /// has no such frame.
    pub fn header_of(
        path: &Path,
        frame: Option<usize>,
        most: Bytes,
    ) -> Result<OneHeader, FormatError> {
        let read = || {
            let nexus = open(path)?;
            let (size, count) = match (frames(&nexus, most), nexus.detector_size()) {
                (Ok((parts, size)), _) => (size, frame_count(&parts)),
                (Err(_), Some(size)) => (size, nexus.angles()),
                (Err(problem), None) => return Err(problem),
            };
            let index = frame.unwrap_or(0);
            if index >= count {
                return Err(no_frame(index, count));
            }
            let metadata = nexus.metadata(size);
            let frame = nexus.frame_metadata(index, count);
            let header = Header {
                geometry: metadata.header(&frame),
                metadata: Some((metadata, frame)),
                ..Header::default()
            };
            Ok(OneHeader {
                header,
                size,
                frames: count,
            })
        };
        read().map_err(|problem| FormatError::content(path, problem))
    }

    /// What the file says of all frames.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What the file says of frame `index`, counted from 0.
    pub fn frame_metadata(&self, index: usize) -> FrameMetadata {
        self.nexus.frame_metadata(index, self.frames())
    }

    fn pixels(&self, data: &H5Dataset, index: usize) -> Result<Pixels, Problem> {
        let shape = data.shape();
        let mut start = vec![0; shape.len()];
        let mut count = shape.clone();
        if shape.len() > 2 {
            (start[0], count[0]) = (index, 1);
        }
        let unpacked = bitshuffle::frame(data, index, &shape)?;
        macro_rules! read {
            ($number:ty) => {
                match &unpacked {
                    Some(bytes) => {
                        let numbers = bytes.as_chunks::<{ size_of::<$number>() }>().0;
                        let numbers = numbers.iter();
                        numbers
                            .map(|&number| <$number>::from_le_bytes(number))
                            .collect()
                    }
                    None => data
                        .read_numeric_slice_as::<$number>(&start, &count)
                        .map_err(problem)?,
                }
            };
        }
        let kind = data.datatype().map_err(problem)?;
        // Chunks that this program unpacks itself hold the kinds of numbers that detectors write.
        let whole = [(1, false), (2, false), (4, false), (4, true)];
        let is_plain = match &kind {
            DatatypeMessage::FixedPoint {
                size,
                signed,
                byte_order,
                ..
            } => whole.contains(&(*size, *signed)) && *byte_order == ByteOrder::LittleEndian,
            _ => false,
        };
        if unpacked.is_some() && !is_plain {
            return Err(Problem::with_file(format!(
                "frames of {kind} under bitshuffle with zstd; expected little-endian uint8, uint16, \
                 uint32 or int32"
            )));
        }
        let pixels = match kind {
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

impl FrameReader for NxmxReader {
    fn format(&self) -> &'static Format {
        super::FORMAT
    }

    fn frames(&self) -> usize {
        frame_count(&self.parts)
    }

    fn size(&self) -> [usize; 2] {
        self.size
    }

    fn frame(&self, index: usize) -> Result<Raster, FormatError> {
        let found = self.parts.iter().find_map(|(data, first, count)| {
            let within = index.checked_sub(*first)?;
            (within < *count).then_some((data, within))
        });
        let pixels = match found {
            Some((data, within)) => self.pixels(data, within),
            None => Err(no_frame(index, self.frames())),
        };
        let [width, height] = self.size;
        let pixels = pixels.map_err(|problem| FormatError::content(&self.path, problem))?;
        Ok(Raster {
            width,
            height,
            pixels,
        })
    }

    fn header(&self, index: usize) -> Header {
        let frame = self.frame_metadata(index);
        Header {
            // The record of a file of many frames is of all of them.
            record: self
                .metadata
                .configuration
                .clone()
                .filter(|_| self.frames() == 1),
            geometry: self.metadata.header(&frame),
            metadata: Some((self.metadata.clone(), frame)),
            ..Header::default()
        }
    }

    fn record(&self) -> Option<&str> {
        self.metadata.configuration.as_deref()
    }
}

/// Opens the NeXus file at `path`.
fn open(path: &Path) -> Result<NexusFile, Problem> {
    NexusFile::of(H5File::options().no_locking().open(path).map_err(problem)?)
}

/// Frames that `parts` hold.
fn frame_count(parts: &Parts) -> usize {
    parts.iter().map(|(_, _, count)| count).sum()
}

/// The frame `index`, counted from 0, is none of `count`.
fn no_frame(index: usize, count: usize) -> Problem {
    let number = index.saturating_add(1);
    Problem::with_file(format!("frame {number}; expected one from 1 to {count}"))
}

/// Datasets of frames in their order, each with the number of its first and how many it holds.
type Parts = Vec<(H5Dataset, usize, usize)>;

/// Where the frames are, and pixels of one along fast and slow.
fn frames(nexus: &NexusFile, most: Bytes) -> Result<(Parts, [usize; 2]), Problem> {
    let mut parts = Vec::new();
    let mut size = None;
    let mut first = 0usize;
    for name in nexus.frame_datasets()? {
        let data = nexus.dataset(&name).map_err(problem)?;
        let shape = data.shape();
        let (count, own) = frame_shape(&name, &shape)?;
        if *size.get_or_insert(own) != own {
            let what = format!("{name}: frames of another size than those before");
            return Err(Problem::with_file(what));
        }
        check_memory(&name, &data, own, most)?;
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

/// How many frames a dataset of this shape holds, and pixels of one along fast and slow. Panels of
/// a frame that have an axis of their own are stacked.
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

/// Refuses a frame of `data` that takes more than `most`, or whose chunks do.
fn check_memory(
    name: &str,
    data: &H5Dataset,
    [fast, slow]: [usize; 2],
    most: Bytes,
) -> Result<(), Problem> {
    let each = data.element_size() as u64;
    let frame = (fast as u64 * slow as u64).saturating_mul(each);
    let chunk = data.chunk_dims().map_or(0, |chunk| {
        let product = chunk.iter().map(|&count| count as u64);
        product.fold(each, u64::saturating_mul)
    });
    let needed = Bytes(frame.max(chunk));
    if needed > most {
        let what = format!("{name}: a frame takes {needed}, and this machine has room for {most}");
        return Err(Problem::with_file(what));
    }
    Ok(())
}
