//! Where the frames of an NXmx file are: in the file itself, or in data files beside it.
//!
//! DECTRIS' detectors write a master file, `NAME_master.h5`, with the metadata, and the frames into
//! `NAME_data_000001.h5` and so on. A file whose name ends in `_master` is written that way. The
//! master links to the frames of each data file in the group `/entry/data`, for XDS with DECTRIS'
//! plugin neggia, CrystFEL and fabio; and shows all of them as one dataset in the group
//! `/entry/all_frames`, for DIALS, which reads the dataset of the first group of data. The two are
//! in different groups, because fabio takes every dataset in a group for frames of its own.

use std::path::{Path, PathBuf};

use rust_hdf5::format::selection::{Hyperslab, RegularHyperslab};
use rust_hdf5::{FilterPipeline, H5Dataset, H5File, H5Type, Hdf5Error, LibverBound, Selection};

use super::groups::{Group, attribute};
use super::writer::write_error;
use crate::formats::encoding::{Compression, Encoding, Number, data_file, name_of_master};
use crate::formats::{FormatError, PendingFile};

/// Path of the frames in a file that holds some.
const FRAMES: &str = "/entry/data/data";

/// The files that hold the frames of an NXmx file.
pub enum FrameFiles {
    /// The file itself.
    Inside(H5Dataset),
    /// Data files beside it.
    Beside(DataFiles),
}

/// Data files beside a master.
pub struct DataFiles {
    /// The path of the master up to `_master`.
    stem: PathBuf,
    encoding: Encoding,
    size: [usize; 2],
    /// Frames that are still to be written.
    missing: usize,
    /// The file that is being filled, its frames, and how many are in it.
    open: Option<(PendingFile, H5File, H5Dataset, usize)>,
    /// Names of the whole files, and how many frames each has.
    whole: Vec<(String, usize)>,
}

impl DataFiles {
    /// The data files of the master at `path`, for this many frames; `None` if the name is not that
    /// of a master.
    pub fn of_master(
        path: &Path,
        encoding: Encoding,
        size: [usize; 2],
        frame_count: usize,
    ) -> Option<DataFiles> {
        let stem = name_of_master(path)?;
        Some(DataFiles {
            stem: path.with_file_name(stem),
            encoding,
            size,
            missing: frame_count,
            open: None,
            whole: Vec::new(),
        })
    }

    /// Writes the next frame. A data file is put in its place as soon as it is full.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let path = self.path();
        let failed = |error| write_error(&path, error);
        let (pending, file, data, filled) = match self.open.take() {
            Some(open) => open,
            None => {
                let pending = PendingFile::reserve(&path)?;
                let frames = self.missing.min(self.encoding.frames_per_file);
                let (file, data) =
                    start(pending.place(), self.encoding, self.size, frames).map_err(failed)?;
                (pending, file, data, 0)
            }
        };
        data.write_chunk(filled, bytes).map_err(failed)?;
        self.missing -= 1;
        let filled = filled + 1;
        if filled < self.encoding.frames_per_file && self.missing > 0 {
            self.open = Some((pending, file, data, filled));
            return Ok(());
        }
        drop(data);
        file.close_no_sync().map_err(failed)?;
        pending.commit()?;
        let name = path.file_name().unwrap_or_default();
        self.whole
            .push((name.to_string_lossy().into_owned(), filled));
        Ok(())
    }

    /// The path of the file that is being filled, or of the next.
    fn path(&self) -> PathBuf {
        let name = self.stem.file_name().unwrap_or_default().to_string_lossy();
        self.stem
            .with_file_name(data_file(&name, self.whole.len() + 1))
    }

    /// Links to the frames of every data file in the `entry` of the master.
    ///
    /// # Errors
    /// [`Hdf5Error`].
    pub fn link(&self, entry: &Group) -> Result<(), Hdf5Error> {
        let links = entry.group("data", "NXdata")?;
        for (index, (name, _)) in self.whole.iter().enumerate() {
            let link = format!("data_{:06}", index + 1);
            links.0.create_external_link(&link, name, FRAMES)?;
        }
        let all = entry.group("all_frames", "NXdata")?;
        all.0.set_attr_string("signal", "data")?;
        match self.encoding.number {
            Number::F32 => self.show::<f32>(&all),
            Number::U16 => self.show::<u16>(&all),
            Number::U32 => self.show::<u32>(&all),
            Number::I32 => self.show::<i32>(&all),
        }
    }

    /// Makes the frames of every data file one virtual dataset.
    fn show<T: H5Type>(&self, group: &Group) -> Result<(), Hdf5Error> {
        let [width, height] = self.size;
        let total: usize = self.whole.iter().map(|(_, frames)| frames).sum();
        let mut builder = group.0.new_dataset::<T>().shape([total, height, width]);
        let mut first = 0;
        for (name, frames) in &self.whole {
            let block = [*frames, height, width].map(|count| count as u64);
            let part = Selection::Hyperslab {
                rank: 3,
                form: Hyperslab::Regular(RegularHyperslab {
                    start: vec![first as u64, 0, 0],
                    stride: block.into(),
                    count: vec![1; 3],
                    block: block.into(),
                }),
            };
            builder = builder.virtual_mapping(part, name, FRAMES, Selection::All);
            first += frames;
        }
        builder.create("data").map(|_| ())
    }
}

/// Starts a file at `place` with room for this many frames of a size.
///
/// # Errors
/// [`Hdf5Error`].
pub fn start(
    place: &Path,
    encoding: Encoding,
    [width, height]: [usize; 2],
    frame_count: usize,
) -> Result<(H5File, H5Dataset), Hdf5Error> {
    let file = create(place)?;
    let entry = Group(file.root_group()).group("entry", "NXentry")?;
    let group = entry.group("data", "NXdata")?;
    group.0.set_attr_string("signal", "data")?;
    let shape = [frame_count, height, width];
    let pipeline = pipeline(encoding.compression, encoding.number.bytes() as u32);
    let data = match encoding.number {
        Number::F32 => dataset::<f32>(&group, &shape, pipeline),
        Number::U16 => dataset::<u16>(&group, &shape, pipeline),
        Number::U32 => dataset::<u32>(&group, &shape, pipeline),
        Number::I32 => dataset::<i32>(&group, &shape, pipeline),
    }?;
    Ok((file, data))
}

/// Starts a master at `place`, without frames.
///
/// # Errors
/// [`Hdf5Error`].
pub fn start_master(place: &Path) -> Result<H5File, Hdf5Error> {
    let file = create(place)?;
    Group(file.root_group()).group("entry", "NXentry")?;
    Ok(file)
}

/// An empty NeXus file at `place`.
fn create(place: &Path) -> Result<H5File, Hdf5Error> {
    // Readers of HDF5 1.8 and later take this; newer indices of chunks gain nothing here.
    let options = H5File::options().no_locking().libver(LibverBound::V18);
    let file = options.create(place)?;
    file.set_attr_string("NX_class", "NXroot")?;
    file.set_attr_string("default", "entry")?;
    file.set_attr_string("creator", "nanobragg")?;
    Ok(file)
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
