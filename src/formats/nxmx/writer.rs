//! Writing frames as they come, then the metadata.

use std::io;
use std::path::Path;

use rust_hdf5::{H5File, Hdf5Error};

use super::frame_files::{self, DataFiles, FrameFiles};
use crate::formats::encoding::{Encoding, Number};
use crate::formats::format::FrameWriter;
use crate::formats::header::Header;
use crate::formats::metadata::{FrameMetadata, Metadata};
use crate::formats::raster::{PixelsView, RasterView};
use crate::formats::{FormatError, PendingFile};

/// An NXmx file that is being written.
pub struct NxmxWriter {
    pending: PendingFile,
    pub(super) file: H5File,
    data: FrameFiles,
    pub(super) number: Number,
    /// Pixels along fast and slow.
    pub(super) size: [usize; 2],
    pub(super) frames: Vec<FrameMetadata>,
    pub(super) frame_count: usize,
    pub(super) metadata: Metadata,
}

impl NxmxWriter {
    /// Starts a file beside `path` for `frame_count` frames of this size, of which all have this
    /// `metadata`.
    ///
    /// # Errors
    /// [`FormatError::Write`] when it cannot be written there, or a frame is larger than HDF5's
    /// 4 GiB.
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
        let pending = PendingFile::reserve(path)?;
        let size = [width, height];
        let failed = |error| write_error(path, error);
        let (file, data) = match DataFiles::of_master(path, encoding, size, frame_count) {
            Some(files) => {
                let master = frame_files::start_master(pending.place()).map_err(failed)?;
                (master, FrameFiles::Beside(files))
            }
            None => {
                let started = frame_files::start(pending.place(), encoding, size, frame_count);
                let (file, data) = started.map_err(failed)?;
                (file, FrameFiles::Inside(data))
            }
        };
        Ok(NxmxWriter {
            pending,
            file,
            data,
            number: encoding.number,
            size,
            frames: Vec::with_capacity(frame_count),
            frame_count,
            metadata,
        })
    }
}

impl FrameWriter for NxmxWriter {
    /// # Panics
    /// When the frame is of another size than the file's, or one too many.
    fn push(&mut self, raster: RasterView, header: &Header) -> Result<(), FormatError> {
        assert_eq!([raster.width, raster.height], self.size);
        assert!(self.frames.len() < self.frame_count, "one frame too many");
        let number = match raster.pixels {
            PixelsView::F32(_) => Some(Number::F32),
            PixelsView::U16(_) => Some(Number::U16),
            PixelsView::U32(_) => Some(Number::U32),
            PixelsView::I32(_) => Some(Number::I32),
            PixelsView::U8(_) | PixelsView::F64(_) => None,
        };
        if number != Some(self.number) {
            let problem = raster.unfit("frames of this file");
            return Err(FormatError::content(self.pending.path(), problem));
        }
        let bytes = raster.pixels.le_bytes();
        match &mut self.data {
            FrameFiles::Inside(data) => data
                .write_chunk(self.frames.len(), &bytes)
                .map_err(|error| write_error(self.pending.path(), error))?,
            FrameFiles::Beside(files) => files.push(&bytes)?,
        }
        self.frames.push(header.frame_metadata());
        Ok(())
    }

    /// # Panics
    /// When there are frames missing.
    fn finish(self: Box<Self>) -> Result<PendingFile, FormatError> {
        assert_eq!(self.frames.len(), self.frame_count, "every frame is there");
        let linked = match &self.data {
            FrameFiles::Inside(_) => Ok(()),
            FrameFiles::Beside(files) => self.entry().and_then(|entry| files.link(&entry)),
        };
        let described = linked.and_then(|()| self.describe());
        let NxmxWriter { pending, file, .. } = *self;
        described
            .and_then(|()| file.close_no_sync())
            .map_err(|error| write_error(pending.path(), error))?;
        Ok(pending)
    }
}

/// What kept `path` from being written.
pub(super) fn write_error(path: &Path, error: Hdf5Error) -> FormatError {
    let reason = match error {
        Hdf5Error::Io(reason) => reason,
        other => io::Error::other(other.to_string()),
    };
    FormatError::write(path, reason)
}
