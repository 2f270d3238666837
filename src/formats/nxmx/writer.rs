//! Writing frames as they come, then the metadata.

use std::io;
use std::path::{Path, PathBuf};

use rust_hdf5::{H5File, Hdf5Error};

use super::frame_files::{self, DataFiles, FrameFiles, unless_failed};
use super::reader::NxmxReader;
use super::write_metadata::entry;
use crate::formats::encoding::{Encoding, Number, data_file};
use crate::formats::format::{CompleteFile, FrameReader, FrameWriter, Resumed};
use crate::formats::header::Header;
use crate::formats::metadata::{FrameMetadata, Metadata};
use crate::formats::raster::{PixelsView, RasterView};
use crate::formats::{FormatError, PendingFile, Problem, record};
use crate::memory::Bytes;

/// An NXmx file that is being written.
pub struct NxmxWriter {
    path: PathBuf,
    data: FrameFiles,
    encoding: Encoding,
    frame_count: usize,
    known: Known,
}

/// What is known of the frames that have come.
pub struct Known {
    pub number: Number,
    /// Pixels along fast and slow.
    pub size: [usize; 2],
    pub frames: Vec<FrameMetadata>,
    pub metadata: Metadata,
}

impl NxmxWriter {
    /// Starts a file beside `path` for `frame_count` frames of this size, of which all have this
    /// `metadata`.
    ///
    /// # Errors
    /// [`FormatError`] when it cannot be written there, a frame is larger than HDF5's 4 GiB, or
    /// there are more than [`MOST_PANELS`](super::MOST_PANELS) panels.
    pub fn create(
        path: &Path,
        encoding: Encoding,
        [width, height]: [usize; 2],
        frame_count: usize,
        metadata: Metadata,
    ) -> Result<NxmxWriter, FormatError> {
        let frame_bytes = (width as u64)
            .checked_mul(height as u64)
            .and_then(|pixels| pixels.checked_mul(encoding.number.bytes() as u64));
        if frame_bytes.is_none_or(|bytes| bytes > u64::from(u32::MAX)) {
            let what = format!(
                "a frame of {width} x {height} pixels is more than the 4 GiB that HDF5 takes"
            );
            return Err(FormatError::write(path, io::Error::other(what)));
        }
        if metadata.panels.len() > super::MOST_PANELS {
            let (panels, most) = (metadata.panels.len(), super::MOST_PANELS);
            let what = format!("{panels} panels; expected up to {most} in an NXmx file");
            return Err(FormatError::content(path, Problem::with_file(what)));
        }
        let size = [width, height];
        let data = match DataFiles::of(path, encoding, size, frame_count) {
            Some(files) => FrameFiles::Beside(files),
            None => {
                let pending = PendingFile::reserve(path)?;
                let started = frame_files::start(pending.place(), encoding, size, frame_count);
                let (file, data) = started.map_err(|error| write_error(path, error))?;
                FrameFiles::Inside(Some((pending, file, data)))
            }
        };
        Ok(NxmxWriter {
            path: path.to_path_buf(),
            data,
            encoding,
            frame_count,
            known: Known {
                number: encoding.number,
                size,
                frames: Vec::with_capacity(frame_count),
                metadata,
            },
        })
    }

    /// Puts a master of all whole data files in its place.
    fn put_master(&mut self) -> Result<(), FormatError> {
        let FrameFiles::Beside(files) = &mut self.data else {
            return Ok(());
        };
        self.known.master(files)?.commit()?;
        files.kept = files.whole_frames();
        Ok(())
    }

    /// The file at `path`, if it is the beginning of this one, of at least so many frames.
    fn earlier(&self, path: &Path, least: usize) -> Result<NxmxReader, FormatError> {
        let problem = |what| FormatError::content(path, Problem::with_file(what));
        let found = NxmxReader::open(path, Bytes(u64::MAX))?;
        let record = found.record().unwrap_or_default();
        let expected = self.known.metadata.configuration.as_deref();
        if let Some(difference) = record::difference(record, expected.unwrap_or_default()) {
            return Err(problem(format!("the file of another series: {difference}")));
        }
        let count = found.frames();
        let [[width, height], [own, high]] = [self.known.size, found.size()];
        if !(least..=self.frame_count).contains(&count) || [width, height] != [own, high] {
            return Err(problem(format!(
                "{count} frames of {own} x {high} pixels; this series has {} of {width} x {height}",
                self.frame_count
            )));
        }
        // The last frame can be read, so the files are whole.
        found.frame(count - 1)?;
        Ok(found)
    }
}

impl Known {
    /// The master of the whole `files`, not yet in its place.
    fn master(&self, files: &DataFiles) -> Result<PendingFile, FormatError> {
        let pending = PendingFile::reserve(&files.master)?;
        let written = frame_files::start_master(pending.place()).and_then(|file| {
            let linked = entry(&file).and_then(|entry| files.link(&entry));
            let described = linked.and_then(|()| self.describe(&file));
            unless_failed(file, described)?.close_no_sync()
        });
        written.map_err(|error| write_error(&files.master, error))?;
        Ok(pending)
    }

    /// The file at `path` with the frames of the whole `files` and all that is known of them, not
    /// yet in its place.
    fn united(
        &self,
        path: &Path,
        encoding: Encoding,
        files: &DataFiles,
    ) -> Result<PendingFile, FormatError> {
        let pending = PendingFile::reserve(path)?;
        let count = self.frames.len();
        let started = frame_files::start(pending.place(), encoding, self.size, count);
        let written = started.and_then(|(file, data)| {
            let copied = files.copy_all(&data);
            drop(data);
            let described = copied.and_then(|()| self.describe(&file));
            unless_failed(file, described)?.close_no_sync()
        });
        written.map_err(|error| write_error(path, error))?;
        Ok(pending)
    }
}

impl FrameWriter for NxmxWriter {
    /// # Panics
    /// When the frame is of another size than the file's, or one too many.
    fn push(&mut self, raster: RasterView, header: &Header) -> Result<(), FormatError> {
        assert_eq!([raster.width, raster.height], self.known.size);
        let count = self.known.frames.len();
        assert!(count < self.frame_count, "one frame too many");
        let number = match raster.pixels {
            PixelsView::F32(_) => Some(Number::F32),
            PixelsView::U16(_) => Some(Number::U16),
            PixelsView::U32(_) => Some(Number::U32),
            PixelsView::I32(_) => Some(Number::I32),
            PixelsView::U8(_) | PixelsView::F64(_) => None,
        };
        if number != Some(self.known.number) {
            let problem = raster.unfit("frames of this file");
            return Err(FormatError::content(&self.path, problem));
        }
        let bytes = raster.pixels.le_bytes();
        let is_whole = match &mut self.data {
            FrameFiles::Inside(inside) => {
                let (pending, file, data) = inside.take().ok_or_else(|| given_up(&self.path))?;
                let written = unless_failed(file, data.write_chunk(count, &bytes));
                let file = written.map_err(|error| write_error(&self.path, error))?;
                *inside = Some((pending, file, data));
                false
            }
            FrameFiles::Beside(files) => files.push(&bytes)?,
        };
        self.known.frames.push(header.frame_metadata());
        match is_whole {
            true => self.put_master(),
            false => Ok(()),
        }
    }

    fn resume(&mut self, frames: &[FrameMetadata]) -> Result<Resumed, FormatError> {
        let FrameFiles::Beside(files) = &self.data else {
            return Ok(Resumed::Frames(0));
        };
        let master = files.master.clone();
        if !master.exists() {
            return match self.path.exists() {
                true => {
                    self.earlier(&self.path, self.frame_count)?;
                    Ok(Resumed::Complete)
                }
                false => Ok(Resumed::Frames(0)),
            };
        }
        let found = self.earlier(&master, 1)?;
        let (whole, count) = (found.data_files(), found.frames());
        let full = self.encoding.frames_per_file;
        let is_own = |(index, (name, frames)): (usize, &(String, usize))| {
            let is_last = index + 1 == whole.len();
            data_file(&master, index + 1).ends_with(name)
                && (*frames == full || (is_last && *frames < full))
        };
        if !whole.iter().enumerate().all(is_own) {
            let first = data_file(&master, 1);
            let what = format!(
                "its frames are not in {} and so on, {full} in each but the last; ask for as many \
                 frames a file as it was begun with, or write to another file",
                first.display()
            );
            return Err(FormatError::content(&master, Problem::with_file(what)));
        }
        if let FrameFiles::Beside(files) = &mut self.data {
            (files.whole, files.kept) = (whole, count);
        }
        self.known.frames = frames[..count].to_vec();
        Ok(Resumed::Frames(count))
    }

    fn keep(&mut self) -> Result<(), FormatError> {
        let FrameFiles::Beside(files) = &mut self.data else {
            return Ok(());
        };
        files.close()?;
        match files.whole_frames() > files.kept {
            true => self.put_master(),
            false => Ok(()),
        }
    }

    fn kept(&self) -> Option<(&Path, usize)> {
        match &self.data {
            FrameFiles::Beside(files) if files.kept > 0 => Some((&files.master, files.kept)),
            _ => None,
        }
    }

    /// # Panics
    /// When there are frames missing.
    fn finish(self: Box<Self>) -> Result<CompleteFile, FormatError> {
        let NxmxWriter {
            path,
            data,
            encoding,
            frame_count,
            known,
        } = *self;
        assert_eq!(known.frames.len(), frame_count, "every frame is there");
        let (file, obsolete) = match data {
            FrameFiles::Inside(inside) => {
                let (pending, file, data) = inside.ok_or_else(|| given_up(&path))?;
                drop(data);
                let described = known.describe(&file);
                let closed = unless_failed(file, described).and_then(H5File::close_no_sync);
                closed.map_err(|error| write_error(&path, error))?;
                (pending, Vec::new())
            }
            FrameFiles::Beside(files) if files.master == path => {
                (known.master(&files)?, Vec::new())
            }
            FrameFiles::Beside(files) => {
                // The master goes first: what it names is there as long as it is.
                let obsolete = std::iter::once(files.master.clone()).chain(files.paths());
                let obsolete = obsolete.collect();
                (known.united(&path, encoding, &files)?, obsolete)
            }
        };
        Ok(CompleteFile { file, obsolete })
    }
}

/// The file at `path` is not written, as a frame of it was not.
fn given_up(path: &Path) -> FormatError {
    FormatError::write(path, io::Error::other("an earlier frame was not written"))
}

/// What kept `path` from being written.
pub(super) fn write_error(path: &Path, error: Hdf5Error) -> FormatError {
    let reason = match error {
        Hdf5Error::Io(reason) => reason,
        other => io::Error::other(other.to_string()),
    };
    FormatError::write(path, reason)
}
