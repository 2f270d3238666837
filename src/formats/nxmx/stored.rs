//! The numbers of a dataset of frames, wherever they are: in its file, in raw files beside it, or
//! in other datasets that a virtual one is made of.
//!
//! HDF5 reads numbers that are not there as a fill value. Here they are missing, which is an error;
//! unless the dataset says itself what stands for them: then the pixels are counted.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use rust_hdf5::{ByteOrder, DatatypeMessage, FillValue, H5Dataset, StorageLayout};

use super::links::{Files, Place};
use super::virtual_set::{Mapping, counted};
use super::{bitshuffle, problem};
use crate::formats::Problem;
use crate::formats::raster::Pixels;
use crate::memory::Bytes;

/// Virtual datasets that are made of one another; beyond, they are taken for a circle.
const MOST_NESTED: usize = 4;

/// A dataset, whose numbers are read a frame at a time: an index of the first of three axes or
/// more, or all of fewer.
pub struct Stored {
    pub place: Place,
    pub shape: Vec<usize>,
    kind: DatatypeMessage,
    storage: Storage,
    /// What stands for numbers that are not there, if the dataset says so.
    fill: Option<f64>,
}

/// Where numbers are.
enum Storage {
    /// In the file of the dataset.
    Here,
    /// One behind the other in raw files.
    Raw(Vec<Segment>),
    /// In other datasets.
    Virtual(Vec<Mapping>),
}

/// Numbers in a raw file.
struct Segment {
    file: PathBuf,
    /// Where they start in the file, bytes.
    start: u64,
    /// How many there are, bytes.
    length: u64,
}

/// A frame.
pub struct Frame {
    pub pixels: Pixels,
    /// Which pixels are not there and hold the fill value; empty where all are there.
    pub filled: Vec<bool>,
}

/// Opens datasets, each once.
pub struct Opening<'f> {
    pub files: &'f Files,
    /// The most bytes of a frame, or of a chunk that holds it.
    pub most: Bytes,
    opened: Vec<Arc<Stored>>,
}

impl<'f> Opening<'f> {
    pub fn new(files: &'f Files, most: Bytes) -> Opening<'f> {
        let opened = Vec::new();
        Opening {
            files,
            most,
            opened,
        }
    }

    /// The dataset at `place`, which no link stands for, with all files that its numbers are in.
    ///
    /// # Errors
    /// A [`Problem`] when one of them is missing or too short, or a frame takes too much memory.
    pub fn dataset(&mut self, place: &Place, depth: usize) -> Result<Arc<Stored>, Problem> {
        if let Some(found) = self.opened.iter().find(|known| known.place == *place) {
            return Ok(found.clone());
        }
        let data = self.files.dataset(place)?;
        let shape = data.shape();
        let product = |counts: &[usize]| {
            let counts = counts.iter();
            counts.fold(data.element_size() as u64, |bytes, &count| {
                bytes.saturating_mul(count as u64)
            })
        };
        if product(&shape) == u64::MAX {
            return Err(place.problem("more numbers than can be counted"));
        }
        let one = product(&shape[usize::from(shape.len() > 2)..]);
        let chunk = data.chunk_dims().map_or(0, |chunk| product(&chunk));
        let needed = Bytes(one.max(chunk));
        if needed > self.most {
            return Err(place.problem(format_args!(
                "a frame takes {needed}, and this machine has room for {}",
                self.most
            )));
        }
        let kind = data.datatype().map_err(problem)?;
        let fill = match data.fill_value().map_err(problem)? {
            FillValue::UserDefined(bytes) => Some(numbers(&kind, &bytes)?.value(0)),
            FillValue::Default | FillValue::Undefined => None,
        };
        let storage = match data.storage_layout().map_err(problem)? {
            StorageLayout::Virtual if depth == MOST_NESTED => {
                return Err(place.problem("a virtual dataset that is made of itself"));
            }
            StorageLayout::Virtual => {
                Storage::Virtual(Mapping::all(self, place, &data, &shape, depth)?)
            }
            StorageLayout::Contiguous => {
                let bytes = product(&shape);
                let segments = self.segments(place, &data, bytes)?;
                let inside = segments.is_empty() && bytes > 0;
                let length = fs::metadata(&place.file).map_or(0, |file| file.len());
                if inside && length < bytes && fill.is_none() {
                    return Err(place.problem(format_args!(
                        "{} of numbers, which were never written: the file has {}",
                        Bytes(bytes),
                        Bytes(length)
                    )));
                }
                match inside {
                    true => Storage::Here,
                    false => Storage::Raw(segments),
                }
            }
            StorageLayout::Compact | StorageLayout::Chunked => Storage::Here,
        };
        let stored = Arc::new(Stored {
            place: place.clone(),
            shape,
            kind,
            storage,
            fill,
        });
        self.opened.push(stored.clone());
        Ok(stored)
    }

    /// The raw files that the `bytes` of the dataset `data` at `place` are in, if they are in such.
    fn segments(
        &self,
        place: &Place,
        data: &H5Dataset,
        bytes: u64,
    ) -> Result<Vec<Segment>, Problem> {
        let mut segments = Vec::new();
        let mut missing = bytes;
        let listed = data.external_files().map_err(problem)?;
        let is_inside = listed.is_empty();
        for own in listed {
            let file = self.files.named(&place.file, &own.name);
            let file = file.map_err(|problem| Problem {
                what: place
                    .problem(format_args!("its numbers are in {}", problem.what))
                    .what,
                ..problem
            })?;
            let length = own.size.min(missing);
            let there = fs::metadata(&file).map_or(0, |file| file.len());
            if own.offset.saturating_add(length) > there {
                return Err(place.problem(format_args!(
                    "its numbers are in {}, which has {there} bytes; expected {length} from byte {}",
                    file.display(),
                    own.offset
                )));
            }
            missing -= length;
            segments.push(Segment {
                file,
                start: own.offset,
                length,
            });
        }
        match missing > 0 && !is_inside {
            true => Err(place.problem(format_args!("{missing} bytes of it are in no file"))),
            false => Ok(segments),
        }
    }
}

impl Stored {
    /// Numbers of a frame.
    pub fn frame_len(&self) -> usize {
        self.shape[usize::from(self.is_stack())..].iter().product()
    }

    /// Whether the first axis counts frames.
    pub fn is_stack(&self) -> bool {
        self.shape.len() > 2
    }

    /// The frame `index`, counted from 0.
    ///
    /// # Errors
    /// A [`Problem`] when it is damaged, or not there.
    pub fn frame(&self, files: &Files, index: usize) -> Result<Frame, Problem> {
        let (pixels, filled) = match &self.storage {
            Storage::Here => self.here(&files.dataset(&self.place)?, index)?,
            Storage::Raw(segments) => (self.raw(segments, index)?, Vec::new()),
            Storage::Virtual(mappings) => {
                let fill = self.fill.unwrap_or(0.0);
                let (values, filled) = Mapping::frame(mappings, files, self, index, fill)?;
                (self.pixels(&values)?, filled)
            }
        };
        let all = !filled.is_empty() && filled.iter().all(|&filled| filled);
        let is_virtual = matches!(self.storage, Storage::Virtual(_));
        // Gaps between panels belong to a virtual dataset, unlike frames.
        if self.fill.is_none() && !filled.is_empty() && (all || !is_virtual) {
            let what = format!("frame {} was never written, at least in part", index + 1);
            return Err(self.place.problem(what));
        }
        Ok(Frame { pixels, filled })
    }

    /// A frame in the dataset's own file.
    fn here(&self, data: &H5Dataset, index: usize) -> Result<(Pixels, Vec<bool>), Problem> {
        if let Some(bytes) = bitshuffle::frame(data, index, &self.shape)? {
            return Ok((numbers(&self.kind, &bytes)?, Vec::new()));
        }
        let mut start = vec![0; self.shape.len()];
        let mut count = self.shape.clone();
        if self.is_stack() {
            (start[0], count[0]) = (index, 1);
        }
        macro_rules! read {
            ($number:ty) => {
                data.read_numeric_slice_as::<$number>(&start, &count)
                    .map_err(problem)?
            };
        }
        let pixels = match &self.kind {
            DatatypeMessage::FixedPoint { size, signed, .. } => match (size, signed) {
                (1, false) => Pixels::U8(read!(u8)),
                (2, false) => Pixels::U16(read!(u16)),
                (4, false) => Pixels::U32(read!(u32)),
                (1 | 2 | 4, true) => Pixels::I32(read!(i32)),
                (_, true) => Pixels::narrowest(read!(i64).into_iter().map(i128::from)),
                (_, false) => Pixels::narrowest(read!(u64).into_iter().map(i128::from)),
            },
            DatatypeMessage::FloatingPoint { size, .. } if *size <= 4 => Pixels::F32(read!(f32)),
            DatatypeMessage::FloatingPoint { .. } => Pixels::F64(read!(f64)),
            other => return Err(no_numbers(other)),
        };
        let filled = self.unwritten(data, index, &pixels)?;
        Ok((pixels, filled))
    }

    /// Which `pixels` of frame `index` are in chunks that were never written; none where all are
    /// there. Only a chunk that holds nothing but the fill value is looked up.
    fn unwritten(
        &self,
        data: &H5Dataset,
        index: usize,
        pixels: &Pixels,
    ) -> Result<Vec<bool>, Problem> {
        let fill = self.fill.unwrap_or(0.0);
        let is_fill = |value: f64| value == fill || value.is_nan() && fill.is_nan();
        let Some(chunk) = data.chunk_dims() else {
            return Ok(Vec::new());
        };
        if !pixels.values().any(is_fill) || chunk.contains(&0) {
            return Ok(Vec::new());
        }
        let mut filled = Vec::new();
        let stack = usize::from(self.is_stack());
        let shape = &self.shape[stack..];
        let grid: Vec<usize> = shape
            .iter()
            .zip(&chunk[stack..])
            .map(|(count, chunk)| count.div_ceil(*chunk))
            .collect();
        for place in counted(&grid) {
            let starts = place
                .iter()
                .zip(&chunk[stack..])
                .map(|(at, size)| at * size);
            let starts: Vec<usize> = starts.collect();
            let sizes = starts.iter().zip(shape).zip(&chunk[stack..]);
            let sizes: Vec<usize> = sizes
                .map(|((start, count), chunk)| (*chunk).min(count - start))
                .collect();
            let offset = |at: &[usize]| {
                let along = at.iter().zip(&starts).zip(shape);
                along.fold(0, |sum, ((at, start), count)| sum * count + start + at)
            };
            let mut region = counted(&sizes);
            if !region.all(|at| is_fill(pixels.value(offset(&at)))) {
                continue;
            }
            let mut coordinates = place;
            if stack == 1 {
                coordinates.insert(0, index / chunk[0]);
            }
            match data.read_chunk_raw_at(&coordinates) {
                Ok(_) => {}
                Err(error) if bitshuffle::is_unwritten(&error) => {
                    filled.resize(pixels.len(), false);
                    counted(&sizes).for_each(|at| filled[offset(&at)] = true);
                }
                Err(error) => return Err(problem(error)),
            }
        }
        Ok(filled)
    }

    /// A frame in raw files.
    fn raw(&self, segments: &[Segment], index: usize) -> Result<Pixels, Problem> {
        let length = (self.frame_len() * self.kind.element_size() as usize) as u64;
        let (mut first, mut bytes) = (index as u64 * length, Vec::new());
        let last = first + length;
        let mut before = 0;
        for Segment {
            file,
            start,
            length,
        } in segments
        {
            let behind = before + length;
            if first < behind && first < last {
                let count = behind.min(last) - first;
                let mut read = || {
                    let mut raw = File::open(file)?;
                    raw.seek(SeekFrom::Start(start + (first - before)))?;
                    raw.take(count).read_to_end(&mut bytes)
                };
                let found = read();
                let all = found.as_ref().is_ok_and(|&found| found as u64 == count);
                if !all {
                    let file = file.display();
                    return Err(self
                        .place
                        .problem(format_args!("its file {file} is cut off")));
                }
                first += count;
            }
            before = behind;
        }
        numbers(&self.kind, &bytes)
    }

    /// `values` as numbers of this dataset.
    fn pixels(&self, values: &[f64]) -> Result<Pixels, Problem> {
        macro_rules! all {
            ($kind:ident, $number:ty) => {
                values
                    .iter()
                    .map(|&value| {
                        let number = value as $number;
                        let same = f64::from(number) == value || value.is_nan();
                        same.then_some(number)
                    })
                    .collect::<Option<Vec<_>>>()
                    .map(Pixels::$kind)
            };
        }
        let pixels = match self.kind {
            DatatypeMessage::FixedPoint { size, signed, .. } => match (size, signed) {
                (1, false) => all!(U8, u8),
                (2, false) => all!(U16, u16),
                (4, false) => all!(U32, u32),
                (1 | 2 | 4, true) => all!(I32, i32),
                _ => all!(I32, i32)
                    .or_else(|| all!(U32, u32))
                    .or_else(|| Some(Pixels::F64(values.to_vec()))),
            },
            DatatypeMessage::FloatingPoint { size, .. } if size <= 4 => Some(Pixels::F32(
                values.iter().map(|&value| value as f32).collect(),
            )),
            _ => Some(Pixels::F64(values.to_vec())),
        };
        pixels.ok_or_else(|| {
            let what = "numbers of its sources for which it has no room";
            self.place.problem(what)
        })
    }
}

/// The numbers of this `kind` that `bytes` are.
fn numbers(kind: &DatatypeMessage, bytes: &[u8]) -> Result<Pixels, Problem> {
    macro_rules! all {
        ($number:ty, $order:expr) => {{
            let chunks = bytes.as_chunks::<{ size_of::<$number>() }>().0;
            chunks.iter().map(|&bytes| match $order {
                ByteOrder::LittleEndian => <$number>::from_le_bytes(bytes),
                _ => <$number>::from_be_bytes(bytes),
            })
        }};
    }
    let size = kind.element_size() as usize;
    let pixels = match kind {
        DatatypeMessage::FixedPoint {
            signed,
            byte_order: order,
            bit_precision,
            ..
        } if usize::from(*bit_precision) == 8 * size => match (size, signed) {
            (1, false) => Pixels::U8(all!(u8, order).collect()),
            (2, false) => Pixels::U16(all!(u16, order).collect()),
            (4, false) => Pixels::U32(all!(u32, order).collect()),
            (8, false) => Pixels::narrowest(all!(u64, order).map(i128::from)),
            (1, true) => Pixels::I32(all!(i8, order).map(i32::from).collect()),
            (2, true) => Pixels::I32(all!(i16, order).map(i32::from).collect()),
            (4, true) => Pixels::I32(all!(i32, order).collect()),
            (8, true) => Pixels::narrowest(all!(i64, order).map(i128::from)),
            _ => return Err(no_numbers(kind)),
        },
        DatatypeMessage::FloatingPoint {
            byte_order: order, ..
        } => match size {
            4 => Pixels::F32(all!(f32, order).collect()),
            8 => Pixels::F64(all!(f64, order).collect()),
            _ => return Err(no_numbers(kind)),
        },
        _ => return Err(no_numbers(kind)),
    };
    Ok(pixels)
}

fn no_numbers(kind: &DatatypeMessage) -> Problem {
    Problem::with_file(format!(
        "frames of {kind}; expected whole numbers or floats of 1, 2, 4 or 8 bytes"
    ))
}
