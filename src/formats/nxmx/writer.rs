//! Writing: the frames as they come, then what is said of them.

use std::io;
use std::path::Path;

use rust_hdf5::{FilterPipeline, H5Dataset, H5File, H5Type, Hdf5Error, LibverBound};

use super::setting::{FrameSetting, Setting};
use super::tree::{Tree, attribute};
use crate::formats::encoding::Number;
use crate::formats::raster::{Pixels, Raster};
use crate::formats::{FormatError, PendingFile};

/// How a frame is compressed. None loses a bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// Bytes sorted by their place in a number, then deflated: every HDF5 library reads it.
    #[default]
    Gzip,
    /// Bits sorted by their place, then LZ4, as DECTRIS' detectors write: three times as fast, and
    /// readers need the filter 32008, which `hdf5plugin` and DIALS bring.
    BitshuffleLz4,
    /// Not at all.
    None,
}

/// An NXmx file in the making.
pub struct NxmxWriter {
    pending: PendingFile,
    pub(super) file: H5File,
    data: H5Dataset,
    pub(super) number: Number,
    /// Pixels along fast and slow.
    pub(super) size: [usize; 2],
    pub(super) frames: Vec<FrameSetting>,
    frame_count: usize,
    pub(super) setting: Setting,
}

impl NxmxWriter {
    /// Starts a file beside `path` for `frame_count` frames of this size.
    ///
    /// # Errors
    /// [`FormatError::Write`] when it cannot be written there, or a frame is larger than HDF5's
    /// 4 GiB.
    pub fn create(
        path: &Path,
        [width, height]: [usize; 2],
        frame_count: usize,
        number: Number,
        compression: Compression,
        setting: Setting,
    ) -> Result<NxmxWriter, FormatError> {
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
            let root = Tree(file.root_group());
            let entry = root.group("entry", "NXentry")?;
            let group = entry.group("data", "NXdata")?;
            group.0.set_attr_string("signal", "data")?;
            let shape = [frame_count, height, width];
            let pipeline = compression.pipeline(number.bytes() as u32);
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
            setting,
        })
    }

    /// Writes the next frame.
    ///
    /// # Errors
    /// [`FormatError::Write`], for a full disk say.
    ///
    /// # Panics
    /// When the frame is of another size or kind of numbers than the file, or one too many.
    pub fn push(&mut self, frame: &Raster, setting: FrameSetting) -> Result<(), FormatError> {
        assert_eq!([frame.width, frame.height], self.size);
        assert!(self.frames.len() < self.frame_count, "one frame too many");
        let bytes: Vec<u8> = match (self.number, &frame.pixels) {
            (Number::F32, Pixels::F32(all)) => all.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (Number::U16, Pixels::U16(all)) => all.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (Number::U32, Pixels::U32(all)) => all.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (Number::I32, Pixels::I32(all)) => all.iter().flat_map(|n| n.to_le_bytes()).collect(),
            (number, pixels) => panic!("{} in a file of {number:?}", pixels.kind()),
        };
        self.data
            .write_chunk(self.frames.len(), &bytes)
            .map_err(|error| write_error(self.pending.path(), error))?;
        self.frames.push(setting);
        Ok(())
    }

    /// The complete file, not yet in its place.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    ///
    /// # Panics
    /// When there are frames missing.
    pub fn finish(self) -> Result<PendingFile, FormatError> {
        assert_eq!(self.frames.len(), self.frame_count, "every frame is there");
        let said = self.describe();
        let NxmxWriter { pending, file, .. } = self;
        said.and_then(|()| file.close_no_sync())
            .map_err(|error| write_error(pending.path(), error))?;
        Ok(pending)
    }
}

/// The dataset of the frames, one a chunk.
fn dataset<T: H5Type>(
    group: &Tree,
    shape: &[usize; 3],
    pipeline: FilterPipeline,
) -> Result<H5Dataset, Hdf5Error> {
    let chunk = [1, shape[1], shape[2]];
    let builder = group.0.new_dataset::<T>().shape(shape).chunk(&chunk);
    let data = builder.filter_pipeline(pipeline).create("data")?;
    attribute(&data, "long_name", "photons or counts")?;
    Ok(data)
}

impl Compression {
    fn pipeline(self, number_bytes: u32) -> FilterPipeline {
        /// Of deflate's levels; the next ones take three times as long for a hundredth less.
        const FAST: u32 = 1;
        match self {
            Compression::Gzip => FilterPipeline::shuffle_deflate(number_bytes, FAST),
            Compression::BitshuffleLz4 => FilterPipeline::bshuf_lz4(number_bytes),
            Compression::None => FilterPipeline::none(),
        }
    }
}

/// Writes one frame into a file of its own beside `path`.
///
/// # Errors
/// As [`NxmxWriter::create`].
///
/// # Panics
/// When the frame is of another kind of numbers.
pub fn write(
    path: &Path,
    frame: &Raster,
    number: Number,
    compression: Compression,
    setting: Setting,
    of_frame: FrameSetting,
) -> Result<PendingFile, FormatError> {
    let size = [frame.width, frame.height];
    let mut writer = NxmxWriter::create(path, size, 1, number, compression, setting)?;
    writer.push(frame, of_frame)?;
    writer.finish()
}

fn write_error(path: &Path, error: Hdf5Error) -> FormatError {
    let reason = match error {
        Hdf5Error::Io(reason) => reason,
        other => io::Error::other(other.to_string()),
    };
    FormatError::Write {
        path: path.to_path_buf(),
        reason,
    }
}
