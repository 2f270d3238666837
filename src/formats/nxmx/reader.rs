//! Reading frames one at a time, from files of any program.
//!
//! Headers are not trusted: the size of a frame, and of a chunk that holds it, is compared with the
//! caller's limit before anything is unpacked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::links::Place;
use super::lookup::NexusFile;
use super::stored::{Opening, Stored};
use crate::formats::format::{Format, FrameReader, OneHeader};
use crate::formats::header::Header;
use crate::formats::metadata::{FrameMetadata, Metadata};
use crate::formats::raster::Raster;
use crate::formats::{Access, FormatError, Problem};
use crate::memory::Bytes;

/// A file of frames.
pub struct NxmxReader {
    path: PathBuf,
    nexus: NexusFile,
    parts: Parts,
    /// Pixels along fast and slow.
    size: [usize; 2],
    metadata: Metadata,
    /// How many pixels of each frame that was read are not there and hold the fill value.
    filled: Mutex<BTreeMap<usize, usize>>,
}

impl NxmxReader {
    /// Opens the file at `path`, of frames that take no more than `access` allows each.
    ///
    /// # Errors
    /// [`FormatError`] when it cannot be read, is no HDF5, holds no frames where NXmx has them
    /// (`data`, or `data_000001` and so on, in the group `data` of the entry), or when a file that
    /// frames are in is missing, too short, or where `access` does not let links lead.
    pub fn open(path: &Path, access: impl Into<Access>) -> Result<NxmxReader, FormatError> {
        let bad = |problem| FormatError::content(path, problem);
        let Access { most, links } = access.into();
        let nexus = NexusFile::open(path, links).map_err(bad)?;
        let (parts, size) = frames(&nexus, most).map_err(bad)?;
        let metadata = nexus.metadata(size);
        Ok(NxmxReader {
            path: path.to_path_buf(),
            nexus,
            parts,
            size,
            metadata,
            filled: Mutex::default(),
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
        Access { most, links }: Access,
    ) -> Result<OneHeader, FormatError> {
        let read = || {
            let nexus = NexusFile::open(path, links)?;
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
                notices: told(path, nexus.notices()),
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

    /// The names of the files that frames are in, and how many each has, in their order.
    pub(super) fn data_files(&self) -> Vec<(String, usize)> {
        let name = |place: &Place| {
            let name = place.file.file_name().unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        let parts = self.parts.iter();
        parts
            .map(|(data, _, count)| (name(&data.place), *count))
            .collect()
    }

    /// What the file says of all frames.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What the file says of frame `index`, counted from 0.
    pub fn frame_metadata(&self, index: usize) -> FrameMetadata {
        self.nexus.frame_metadata(index, self.frames())
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
        let read = match found {
            Some((data, within)) => data.frame(&self.nexus.files, within),
            None => Err(no_frame(index, self.frames())),
        };
        let read = read.map_err(|problem| FormatError::content(&self.path, problem))?;
        let missing = read.filled.iter().filter(|&&filled| filled).count();
        if missing > 0 {
            let filled = self.filled.lock();
            let mut filled = filled.unwrap_or_else(PoisonError::into_inner);
            filled.insert(index, missing);
        }
        let [width, height] = self.size;
        Ok(Raster {
            width,
            height,
            pixels: read.pixels,
        })
    }

    fn notices(&self) -> Vec<String> {
        let mut notices = self.nexus.notices();
        let filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        let pixels: usize = filled.values().sum();
        if let Some((&first, _)) = filled.first_key_value() {
            notices.push(format!(
                "{pixels} pixels of {} frame(s) that were read, frame {} first, were never written \
                 or are gaps of a virtual dataset: they hold its fill value",
                filled.len(),
                first + 1
            ));
        }
        told(&self.path, notices)
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

/// `notices` of the file at `path`, each with its name.
fn told(path: &Path, notices: Vec<String>) -> Vec<String> {
    let notices = notices.iter();
    notices
        .map(|notice| format!("{}: {notice}", path.display()))
        .collect()
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
type Parts = Vec<(Arc<Stored>, usize, usize)>;

/// Where the frames are, and pixels of one along fast and slow.
fn frames(nexus: &NexusFile, most: Bytes) -> Result<(Parts, [usize; 2]), Problem> {
    let mut parts = Vec::new();
    let mut size = None;
    let mut first = 0usize;
    let mut opening = Opening::new(&nexus.files, most);
    for place in nexus.frame_datasets()? {
        let (count, own) = frame_shape(&place, &nexus.files.dataset(&place)?.shape())?;
        let data = opening.dataset(&place, 0)?;
        if *size.get_or_insert(own) != own {
            return Err(place.problem("frames of another size than those before"));
        }
        parts.push((data, first, count));
        first = first
            .checked_add(count)
            .ok_or_else(|| Problem::with_file("more frames than can be counted"))?;
    }
    match size {
        Some(size) if first > 0 => {
            check_complete(nexus, &parts)?;
            Ok((parts, size))
        }
        _ => Err(Problem::with_file(
            "HDF5 without frames; expected those of NXmx, /entry/data/data of the shape frames x \
             slow x fast",
        )),
    }
}

/// Makes sure that no data file has fewer frames than it should: all but the last have as many as
/// one another, and all together as many as the file says.
fn check_complete(nexus: &NexusFile, parts: &Parts) -> Result<(), Problem> {
    let most = parts.iter().map(|(_, _, count)| *count).max().unwrap_or(0);
    let all_but_last = parts.iter().rev().skip(1);
    if let Some((short, _, count)) = all_but_last.rev().find(|(_, _, count)| *count < most) {
        let what = format!("{count} frames, where another data file has {most}: some are missing");
        return Err(short.place.problem(what));
    }
    let count = frame_count(parts);
    let expected = nexus.expected_frames();
    match (
        expected.filter(|&expected| expected > count as u64),
        parts.last(),
    ) {
        (Some(expected), Some((last, _, _))) => Err(last.place.problem(format_args!(
            "it ends with frame {count} of {expected} (nimages, ntrigger): some are missing"
        ))),
        _ => Ok(()),
    }
}

/// How many frames a dataset holds, and pixels of one along fast and slow. Panels of a frame that
/// have an axis of their own are stacked.
fn frame_shape(place: &Place, shape: &[usize]) -> Result<(usize, [usize; 2]), Problem> {
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
        place.problem(format_args!(
            "of the shape {shape:?}; expected frames x slow x fast"
        ))
    })
}
