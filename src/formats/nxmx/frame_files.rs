//! Where the frames of an NXmx file are: in the file itself, or in data files beside it.
//!
//! DECTRIS' detectors write a master file, `NAME_master.h5`, with the metadata, and the frames into
//! `NAME_data_000001.h5` and so on. A file whose name ends in `_master` is written that way. The
//! master links to the frames of each data file in the group `/entry/data`, for XDS with DECTRIS'
//! plugin neggia, CrystFEL and fabio; and shows all of them as one dataset in the group
//! `/entry/all_frames`, for DIALS, which reads the dataset of the first group of data. The two are
//! in different groups, because fabio takes every dataset in a group for frames of its own.
//!
//! A series that is to be one file, `NAME.h5`, is written that way too until all frames have come,
//! as `NAME_partial.h5`, so that no frame is lost when it ends early. Then the frames are copied
//! into one file as they are, compressed.

use std::path::{Path, PathBuf};

use rust_hdf5::format::selection::{Hyperslab, RegularHyperslab};
use rust_hdf5::{FilterPipeline, H5Dataset, H5File, H5Type, Hdf5Error, LibverBound, Selection};

use super::groups::{Group, attribute};
use super::writer::write_error;
use crate::formats::encoding::{Compression, Encoding, Number, data_file};
use crate::formats::{FormatError, PendingFile};

/// Path of the frames in a file that holds some.
const FRAMES: &str = "/entry/data/data";

/// The files that hold the frames of an NXmx file.
pub enum FrameFiles {
    /// The file itself, until a frame of it could not be written.
    Inside(Option<(PendingFile, H5File, H5Dataset)>),
    /// Data files beside a master.
    Beside(DataFiles),
}

/// Data files beside a master.
pub struct DataFiles {
    /// The master.
    pub master: PathBuf,
    /// Names of the whole files, and how many frames each has; all but the last are full.
    pub whole: Vec<(String, usize)>,
    /// How many frames the master names that is in its place.
    pub kept: usize,
    encoding: Encoding,
    size: [usize; 2],
    /// Frames of the series.
    frame_count: usize,
    /// The file that is being filled, its frames, and how many are in it.
    open: Option<(PendingFile, H5File, H5Dataset, usize)>,
}

impl DataFiles {
    /// The data files of the NXmx file at `path`, for this many frames; `None` if it is to hold
    /// its frames itself, and to keep nothing before it is complete.
    pub fn of(
        path: &Path,
        encoding: Encoding,
        size: [usize; 2],
        frame_count: usize,
    ) -> Option<DataFiles> {
        Some(DataFiles {
            master: encoding.master(path, frame_count)?,
            whole: Vec::new(),
            kept: 0,
            encoding,
            size,
            frame_count,
            open: None,
        })
    }

    /// Writes the next frame. A data file is put in its place as soon as it is full, or has the
    /// last frame; says whether one was.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, FormatError> {
        let full = self.encoding.frames_per_file;
        let (pending, file, data, filled) = match self.open.take() {
            Some(open) => open,
            None => {
                // The last one goes on, if it is not full.
                let short = self.whole.pop_if(|(_, frames)| *frames < full);
                let path = self.path();
                let failed = |error| write_error(&path, error);
                let pending = PendingFile::reserve(&path)?;
                let frames = (self.frame_count - self.whole_frames()).min(full);
                let started = start(pending.place(), self.encoding, self.size, frames);
                let (file, data) = started.map_err(failed)?;
                let there = short.map_or(0, |(_, frames)| frames);
                let copied = copy(&path, there, &data, 0);
                let file = unless_failed(file, copied).map_err(failed)?;
                (pending, file, data, there)
            }
        };
        let path = self.path();
        let failed = |error| write_error(&path, error);
        let file = unless_failed(file, data.write_chunk(filled, bytes)).map_err(failed)?;
        let filled = filled + 1;
        if filled < full && self.whole_frames() + filled < self.frame_count {
            self.open = Some((pending, file, data, filled));
            return Ok(false);
        }
        drop(data);
        file.close_no_sync().map_err(failed)?;
        self.put(pending, filled)?;
        Ok(true)
    }

    /// Puts the frames of the data file that is not full in their place, as a shorter one.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    pub fn close(&mut self) -> Result<(), FormatError> {
        let Some((filling, file, data, filled)) = self.open.take() else {
            return Ok(());
        };
        let path = self.path();
        let failed = |error| write_error(&path, error);
        drop(data);
        file.close_no_sync().map_err(failed)?;
        let short = filling.reserve_another()?;
        let started = start(short.place(), self.encoding, self.size, filled);
        let (file, data) = started.map_err(failed)?;
        let copied = copy(filling.place(), filled, &data, 0);
        let file = unless_failed(file, copied).map_err(failed)?;
        drop(data);
        file.close_no_sync().map_err(failed)?;
        self.put(short, filled)
    }

    /// Puts the next data file in its place.
    fn put(&mut self, file: PendingFile, frames: usize) -> Result<(), FormatError> {
        let path = self.path();
        match self.kept == 0 && self.master.exists() {
            // The master of an earlier series would show these frames among its own.
            true => file.commit_instead_of(&self.master)?,
            false => file.commit()?,
        }
        let name = path.file_name().unwrap_or_default();
        self.whole
            .push((name.to_string_lossy().into_owned(), frames));
        Ok(())
    }

    /// Frames in whole files.
    pub fn whole_frames(&self) -> usize {
        self.whole.iter().map(|(_, frames)| frames).sum()
    }

    /// The path of the file that is being filled, or of the next.
    fn path(&self) -> PathBuf {
        data_file(&self.master, self.whole.len() + 1)
    }

    /// Paths of the whole files.
    pub fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let names = self.whole.iter().map(|(name, _)| name);
        names.map(|name| self.master.with_file_name(name))
    }

    /// Copies the frames of every file to `data`.
    ///
    /// # Errors
    /// [`Hdf5Error`].
    pub fn copy_all(&self, data: &H5Dataset) -> Result<(), Hdf5Error> {
        let mut first = 0;
        for (path, (_, frames)) in self.paths().zip(&self.whole) {
            copy(&path, *frames, data, first)?;
            first += frames;
        }
        Ok(())
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
        let total = self.whole_frames();
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

/// Copies the first `frames` frames of the data file at `path` to `data`, from frame `first` on, as
/// they are, compressed.
fn copy(path: &Path, frames: usize, data: &H5Dataset, first: usize) -> Result<(), Hdf5Error> {
    if frames == 0 {
        return Ok(());
    }
    let file = H5File::options().no_locking().open(path)?;
    let from = file.dataset(FRAMES.trim_start_matches('/'))?;
    for index in 0..frames {
        let (bytes, mask) = from.read_chunk_raw_at(&[index, 0, 0])?;
        data.write_chunk_raw(first + index, &bytes, mask)?;
    }
    Ok(())
}

/// `file`, unless it could not be `written`: it is then given up. `rust-hdf5` would print what keeps
/// a file that is dropped from being finished, which the error says.
///
/// # Errors
/// The error that `written` holds.
pub fn unless_failed(file: H5File, written: Result<(), Hdf5Error>) -> Result<H5File, Hdf5Error> {
    match written {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = file.close_no_sync();
            Err(error)
        }
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
