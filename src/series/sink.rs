//! The files that frames go to: one with all of them, or one each.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Numbered;
use crate::formats::encoding::{Counts, Encoding, is_data_file};
use crate::formats::format::{CompleteFile, FrameWriter, Resumed};
use crate::formats::header::Header;
use crate::formats::metadata::FrameMetadata;
use crate::formats::raster::{Clipped, RasterView};
use crate::formats::whole::commit_all;
use crate::formats::{FormatError, PendingFile, Problem};
use crate::image::Image;

/// Where frames go.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// All of this many into one file; several need a format with room for them.
    One(PathBuf, usize),
    /// Each into a file with its number in the name.
    Each(Numbered),
}

impl Target {
    /// Where `frames` frames of a series go that `path` names.
    pub fn of_series(path: &Path, frames: usize) -> Target {
        match Numbered::of(path) {
            Some(numbered) => Target::Each(numbered),
            None => Target::One(path.to_path_buf(), frames),
        }
    }

    /// Whether files appear as they are done.
    pub fn is_numbered(&self) -> bool {
        matches!(self, Target::Each(_))
    }

    /// The file of frame `number`.
    pub fn path(&self, number: u32) -> PathBuf {
        match self {
            Target::One(path, _) => path.clone(),
            Target::Each(numbered) => numbered.path(number.into()),
        }
    }
}

/// Most files of one frame that wait for their places: to have them on the disk takes little longer
/// than to have one there.
const MOST_WAITING: usize = 16;
/// Time that they wait: what is lost of frames that are done, where a process is killed.
const LONGEST_WAIT: Duration = Duration::from_millis(100);

/// The files of frames as they come. A file of one frame is put in its place soon after it is
/// written, if the target is numbered; the file of all frames only by [`commit`].
pub struct FrameSink {
    target: Target,
    /// Files of one frame, complete.
    waiting: Vec<PendingFile>,
    /// When such files were last put in their places.
    placed: Instant,
    /// The file of all frames, in the making.
    writer: Option<Box<dyn FrameWriter>>,
    /// The file of all frames, complete.
    complete: Option<PendingFile>,
    /// The file by which frames can be read that could not be made one file.
    left: Option<(PathBuf, usize)>,
}

impl FrameSink {
    /// The files at `target`.
    pub fn new(target: Target) -> FrameSink {
        FrameSink {
            target,
            waiting: Vec::new(),
            placed: Instant::now(),
            writer: None,
            complete: None,
            left: None,
        }
    }

    /// Writes `image` as frame `number`, and tells which pixels had no room; see
    /// [`Encoding::write_image`].
    ///
    /// # Errors
    /// [`FormatError`] with the file to blame.
    pub fn write_image(
        &mut self,
        number: u32,
        encoding: Encoding,
        image: &Image,
        counts: Counts,
        header: &Header,
    ) -> Result<Clipped, FormatError> {
        if self.holds_many() {
            let (pixels, clipped) = encoding.number.counted(image, counts);
            let raster = RasterView::of(image, pixels.as_ref());
            self.write(number, encoding, raster, header)?;
            return Ok(clipped);
        }
        let path = self.target.path(number);
        let (file, clipped) = encoding.write_image(&path, image, counts, header)?;
        self.put(file)?;
        Ok(clipped)
    }

    /// Writes numbers of the kind of `encoding` as frame `number`.
    ///
    /// # Errors
    /// As [`FrameSink::write_image`].
    pub fn write(
        &mut self,
        number: u32,
        encoding: Encoding,
        raster: RasterView,
        header: &Header,
    ) -> Result<(), FormatError> {
        let path = self.target.path(number);
        let frames = match self.target {
            Target::One(_, frames) if frames != 1 => frames,
            _ => return self.put(encoding.write(&path, raster, header)?),
        };
        let size = [raster.width, raster.height];
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(started(&path, encoding, size, frames, header)?),
        };
        writer.push(raster, header)
    }

    /// Takes over what an earlier run has put on the disk of one file of `frames`, whose first has
    /// this `header`.
    ///
    /// # Errors
    /// [`FormatError`] when it is of another series, or damaged.
    pub fn resume(
        &mut self,
        encoding: Encoding,
        size: [usize; 2],
        header: &Header,
        frames: &[FrameMetadata],
    ) -> Result<usize, FormatError> {
        let path = self.target.path(0);
        let mut writer = started(&path, encoding, size, frames.len(), header)?;
        match writer.resume(frames)? {
            Resumed::Complete => Ok(frames.len()),
            Resumed::Frames(count) => {
                self.writer = Some(writer).filter(|_| count > 0);
                Ok(count)
            }
        }
    }

    /// Puts the frames that have come on the disk, so that they can be used if no more come.
    ///
    /// # Errors
    /// [`FormatError::Write`]; what was kept before stays.
    pub fn keep(&mut self) -> Result<(), FormatError> {
        commit_all(&std::mem::take(&mut self.waiting))?;
        self.writer.as_mut().map_or(Ok(()), |writer| writer.keep())
    }

    /// The file by which frames can be read before all have come, and how many it has.
    pub fn kept(&self) -> Option<(&Path, usize)> {
        let left = self
            .left
            .as_ref()
            .map(|(path, frames)| (path.as_path(), *frames));
        self.writer.as_ref().map_or(left, |writer| writer.kept())
    }

    /// Whether the file at `path` holds frames that [`FrameSink::kept`] tells of.
    pub fn keeps(&self, path: &Path) -> bool {
        let kept = self.kept();
        kept.is_some_and(|(master, _)| path == master || is_data_file(master, path))
    }

    /// Writes a whole file, of a picture say, as frame `number`.
    ///
    /// # Errors
    /// As [`FrameSink::write_image`].
    pub fn write_file(&mut self, number: u32, file: &[u8]) -> Result<(), FormatError> {
        let file = PendingFile::write(&self.target.path(number), file)?;
        self.put(file)
    }

    /// The files that are not yet in their places once all frames have come.
    ///
    /// # Errors
    /// [`FormatError::Write`] when they cannot be written.
    pub fn finish(&mut self) -> Result<Vec<CompleteFile>, FormatError> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut files: Vec<_> = waiting.into_iter().map(CompleteFile::alone).collect();
        files.extend(self.complete.take().map(CompleteFile::alone));
        if let Some(writer) = self.writer.take() {
            let kept = writer.kept();
            self.left = kept.map(|(path, frames)| (path.to_path_buf(), frames));
            files.push(writer.finish()?);
        }
        Ok(files)
    }

    /// Whether the file of all frames has its first ones.
    pub fn is_begun(&self) -> bool {
        self.writer.is_some()
    }

    /// Whether several frames go to one file.
    fn holds_many(&self) -> bool {
        matches!(self.target, Target::One(_, frames) if frames != 1)
    }

    fn put(&mut self, file: PendingFile) -> Result<(), FormatError> {
        if !self.target.is_numbered() {
            self.complete = Some(file);
            return Ok(());
        }
        self.waiting.push(file);
        if self.waiting.len() >= MOST_WAITING || self.placed.elapsed() >= LONGEST_WAIT {
            commit_all(&std::mem::take(&mut self.waiting))?;
            self.placed = Instant::now();
        }
        Ok(())
    }
}

/// The file at `path`, started, of this many frames of a size; the header is the first one's.
fn started(
    path: &Path,
    encoding: Encoding,
    size: [usize; 2],
    frames: usize,
    header: &Header,
) -> Result<Box<dyn FrameWriter>, FormatError> {
    let room = encoding.format.frames.as_ref().ok_or_else(|| {
        let what = format!("{} has room for one frame", encoding.format);
        FormatError::content(path, Problem::with_file(what))
    })?;
    (room.create)(path, encoding, size, frames, header)
}

/// Puts the last files of `sinks` in their places, and those `beside` them, once all of
/// them are complete.
///
/// # Errors
/// [`FormatError::Write`]; no file appears unless all are complete.
pub fn commit<'a>(
    sinks: impl Iterator<Item = &'a mut FrameSink>,
    beside: Vec<PendingFile>,
) -> Result<(), FormatError> {
    let complete: Result<Vec<_>, FormatError> = sinks.map(FrameSink::finish).collect();
    let complete = complete?.into_iter().flatten();
    let beside = beside.into_iter().map(CompleteFile::alone);
    CompleteFile::commit(complete.chain(beside))
}
