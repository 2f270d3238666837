//! Writing frames as they come, then the metadata.

use std::io;
use std::path::Path;

use rust_hdf5::{FilterPipeline, H5Dataset, H5File, H5Type, Hdf5Error, LibverBound};

use super::groups::{Group, attribute};
use crate::formats::encoding::{Compression, Encoding, Number};
use crate::formats::format::FrameWriter;
use crate::formats::header::Header;
use crate::formats::metadata::{FrameMetadata, Metadata};
use crate::formats::raster::{PixelsView, RasterView};
use crate::formats::{FormatError, PendingFile};

/// An NXmx file that is being written.
pub struct NxmxWriter {
    pending: PendingFile,
    pub(super) file: H5File,
    data: H5Dataset,
    pub(super) number: Number,
    /// Pixels along fast and slow.
    pub(super) size: [usize; 2],
    pub(super) frames: Vec<FrameMetadata>,
    frame_count: usize,
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
        let Encoding {
            number,
            compression,
            ..
        } = encoding;
        let pending = PendingFile::reserve(path)?;
        let started = || -> Result<(H5File, H5Dataset), Hdf5Error> {
            let bytes = (width as u64)
                .checked_mul(height as u64)
                .and_then(|pixels| pixels.checked_mul(number.bytes() as u64));
            if bytes.is_none_or(|bytes| bytes > u64::from(u32::MAX)) {
                let what = format!(
                    "a frame of {width} x {height} pixels is more than the 4 GiB that HDF5 takes"
                );
                return Err(io::Error::other(what).into());
            }
            // Readers of HDF5 1.8 and later take this; newer indices of chunks gain nothing here.
            let options = H5File::options().no_locking().libver(LibverBound::V18);
            let file = options.create(pending.place())?;
            file.set_attr_string("NX_class", "NXroot")?;
            file.set_attr_string("default", "entry")?;
            file.set_attr_string("creator", "nanobragg")?;
            let root = Group(file.root_group());
            let entry = root.group("entry", "NXentry")?;
            let group = entry.group("data", "NXdata")?;
            group.0.set_attr_string("signal", "data")?;
            let shape = [frame_count, height, width];
            let pipeline = pipeline(compression, number.bytes() as u32);
            let data = match number {
                Number::F32 => dataset::<f32>(&group, &shape, pipeline),
                Number::U16 => dataset::<u16>(&group, &shape, pipeline),
                Number::U32 => dataset::<u32>(&group, &shape, pipeline),
                Number::I32 => dataset::<i32>(&group, &shape, pipeline),
            }?;
            Ok((file, data))
        };
        let (file, data) = started().map_err(|error| write_error(path, error))?;
        Ok(NxmxWriter {
            pending,
            file,
            data,
            number,
            size: [width, height],
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
        self.data
            .write_chunk(self.frames.len(), &raster.pixels.le_bytes())
            .map_err(|error| write_error(self.pending.path(), error))?;
        self.frames.push(header.frame_metadata());
        Ok(())
    }

    /// # Panics
    /// When there are frames missing.
    fn finish(self: Box<Self>) -> Result<PendingFile, FormatError> {
        assert_eq!(self.frames.len(), self.frame_count, "every frame is there");
        let described = self.describe();
        let NxmxWriter { pending, file, .. } = *self;
        described
            .and_then(|()| file.close_no_sync())
            .map_err(|error| write_error(pending.path(), error))?;
        Ok(pending)
    }
}

/// The dataset of the frames, one a chunk.
fn dataset<T: H5Type>(
    group: &Group,
    shape: &[usize; 3],
    pipeline: FilterPipeline,
) -> Result<H5Dataset, Hdf5Error> {
    let chunk = [1, shape[1], shape[2]];
    let builder = group.0.new_dataset::<T>().shape(shape).chunk(&chunk);
    let data = builder.filter_pipeline(pipeline).create("data")?;
    attribute(&data, "long_name", "photons or counts")?;
    Ok(data)
}

/// The filters of HDF5 that compress numbers of so many bytes.
fn pipeline(compression: Compression, number_bytes: u32) -> FilterPipeline {
    /// Level of deflate; the next ones take three times as long for a hundredth less.
    const FAST: u32 = 1;
    match compression {
        Compression::Gzip => FilterPipeline::shuffle_deflate(number_bytes, FAST),
        Compression::BitshuffleLz4 => FilterPipeline::bshuf_lz4(number_bytes),
        Compression::None => FilterPipeline::none(),
    }
}

fn write_error(path: &Path, error: Hdf5Error) -> FormatError {
    let reason = match error {
        Hdf5Error::Io(reason) => reason,
        other => io::Error::other(other.to_string()),
    };
    FormatError::write(path, reason)
}
