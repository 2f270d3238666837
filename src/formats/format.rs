//! What a format of image files says of itself, and the table of all formats.
//!
//! A format is a unit struct that implements [`Format`] in a file of its own, and a line in [`TABLE`].
//! Command line, notices, memory estimates and the table in `docs/formats.md` follow from these.

use std::fmt;
use std::path::Path;

use tracing::Span;

use super::encoding::{Counts, Encoding, Number};
use super::header::Header;
use super::image_file::ImageFile;
use super::raster::{Clipped, Raster, RasterView};
use super::{FormatError, PendingFile, Problem, cbf, npy, nxmx, pgm, png, raw, smv, tiff};
use crate::image::Image;
use crate::memory::Bytes;

/// Every format, in the order in which the start of a file is held against them.
pub const TABLE: &[&dyn Format] = &[
    smv::FORMAT,
    cbf::FORMAT,
    tiff::FORMAT,
    npy::FORMAT,
    nxmx::FORMAT,
    png::FORMAT,
    pgm::FORMAT,
    raw::FORMAT,
];

/// A format of image files. One that is only read, or only written, leaves the other half as it is
/// here.
pub trait Format: Sync {
    /// The format's name in messages and summaries.
    fn name(&self) -> &'static str;

    /// Endings of the names of files, in small letters, the usual one first.
    fn extensions(&self) -> &'static [&'static str];

    /// What a file has room for.
    fn room(&self) -> Room;

    /// Whether a file that starts with these bytes is of this format.
    fn recognises(&self, start: &[u8]) -> bool;

    /// The image in a whole file, with the entries of its header and its record. Parsing may take
    /// memory of `most`.
    ///
    /// # Errors
    /// A [`Problem`] when the file is not what it starts like, or needs more memory.
    fn decode(&self, bytes: Vec<u8>, most: Bytes) -> Result<(ImageFile, Header), Problem>;

    /// Makes sense of the geometry in the entries of `header`, for an image of `size`. Readers who
    /// only look at pixels do without.
    ///
    /// # Errors
    /// A [`Problem`] for a value that is no number.
    fn read_geometry(&self, _header: &mut Header, _size: [usize; 2]) -> Result<(), Problem> {
        Ok(())
    }

    /// Opens a file of many frames, where the format has such.
    ///
    /// # Errors
    /// [`FormatError`] when the file cannot be read, or has no frames.
    fn open(&self, path: &Path, _most: Bytes) -> Result<Box<dyn FrameReader>, FormatError> {
        Err(FormatError::content(path, self.no_frames()))
    }

    /// `raster` as a whole file.
    ///
    /// # Errors
    /// A [`Problem`] when the image is larger than the format takes, or has other numbers.
    fn encode(&self, raster: RasterView, _header: &Header) -> Result<Vec<u8>, Problem> {
        Err(self.no_room_for(raster))
    }

    /// Writes `image` as one frame beside `path`, in the numbers of `encoding`, and tells which
    /// pixels had no room. Whole numbers are [`Counts`] of its values, none below 0.
    ///
    /// # Errors
    /// [`FormatError`] when the image is larger than the format takes, or the file cannot be written.
    fn write_image(
        &self,
        path: &Path,
        encoding: Encoding,
        image: &Image,
        counts: Counts,
        header: &Header,
    ) -> Result<(PendingFile, Clipped), FormatError> {
        let (pixels, clipped) = encoding.number.counted(image, counts);
        let view = RasterView::of(image, pixels.as_ref());
        Ok((encoding.write(path, view, header)?, clipped))
    }

    /// Starts a file of `frames` frames of `size` beside `path`, where the format has such; `header`
    /// is the first frame's.
    ///
    /// # Errors
    /// [`FormatError::Write`] when the file cannot be written there.
    fn create(
        &self,
        path: &Path,
        _encoding: Encoding,
        _size: [usize; 2],
        _frames: usize,
        _header: &Header,
    ) -> Result<Box<dyn FrameWriter>, FormatError> {
        Err(FormatError::content(path, self.no_frames()))
    }

    /// `file`, a whole one of this format, with the text of `record`; see [`super::record`]. As it is
    /// where the format, or this file, has no room.
    fn with_record(&self, file: Vec<u8>, _record: &str) -> Vec<u8> {
        file
    }

    /// The text of the record in `file`, a whole one of this format.
    fn record(&self, _file: &[u8]) -> Option<String> {
        None
    }

    /// The span of a profile in which a file is made and written.
    fn span(&self) -> Span;

    /// What is wrong with asking for several frames.
    fn no_frames(&self) -> Problem {
        Problem::with_file(format!("{} has room for one frame", self.name()))
    }

    /// What is wrong with the numbers of `raster`.
    fn no_room_for(&self, raster: RasterView) -> Problem {
        let (kind, name) = (raster.pixels.kind(), self.name());
        Problem::with_file(format!("{kind} pixels are not written as {name}"))
    }
}

/// What a file of a format has room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The kinds of numbers that are written, the default first; none where the file is a picture.
    pub numbers: &'static [Number],
    /// Any number of frames.
    pub frames: bool,
    /// The detector's geometry.
    pub geometry: GeometryRoom,
    /// The experiment that the image was rendered from.
    pub record: bool,
    /// The format is one of detectors that count photons: counts with noise are whole and start at 0.
    pub counts_photons: bool,
    /// Counts without noise are scaled so that the brightest pixel of an image has room, where nothing
    /// else is asked for.
    pub scaled_to_brightest: bool,
    /// Memory that writing takes beside the image, bytes a pixel, of float32 and of whole numbers:
    /// other numbers and the file, as far as both are there at once.
    pub beside_image: [u64; 2],
}

/// What a header has room for of the detector's geometry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeometryRoom {
    /// Nothing.
    Nothing,
    /// One flat panel at right angles to the beam.
    UprightPanel,
    /// One flat panel, which may lean.
    Panel,
    /// Any number of flat panels at any place.
    Panels,
}

impl Room {
    /// A picture without a header.
    pub const PICTURE: Room = Room {
        numbers: &[],
        frames: false,
        geometry: GeometryRoom::Nothing,
        record: false,
        counts_photons: false,
        scaled_to_brightest: false,
        beside_image: [0; 2],
    };
}

/// A file of several frames, which are read one at a time.
pub trait FrameReader {
    /// The format of the file.
    fn format(&self) -> &'static dyn Format;

    /// How many frames there are, at least one.
    fn frames(&self) -> usize;

    /// Pixels of a frame along fast and slow.
    fn size(&self) -> [usize; 2];

    /// Frame `index`, counted from 0.
    ///
    /// # Errors
    /// [`FormatError::Content`] when there is no such frame, when it is damaged, and when there is no
    /// memory for it.
    fn frame(&self, index: usize) -> Result<Raster, FormatError>;

    /// The header of frame `index`, counted from 0.
    fn header(&self, index: usize) -> Header;

    /// The experiment that the frames were rendered from.
    fn record(&self) -> Option<&str>;
}

/// A file of several frames, which are written as they come.
pub trait FrameWriter: Send {
    /// Writes the next frame.
    ///
    /// # Errors
    /// [`FormatError`], for a full disk or numbers of another kind.
    fn push(&mut self, raster: RasterView, header: &Header) -> Result<(), FormatError>;

    /// The complete file, not yet in its place.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    fn finish(self: Box<Self>) -> Result<PendingFile, FormatError>;
}

/// The format of a file that starts with these bytes: the last one, bare numbers, where none knows
/// them.
pub fn of_content(start: &[u8]) -> &'static dyn Format {
    let found = TABLE.iter().find(|format| format.recognises(start));
    *found.unwrap_or(&raw::FORMAT)
}

/// The format that the ending of a file's name stands for.
pub fn of_name(path: &Path) -> Option<&'static dyn Format> {
    let extension = extension(path);
    let found = TABLE
        .iter()
        .find(|format| format.extensions().contains(&extension.as_str()));
    found.copied()
}

/// The ending of a file's name, in small letters.
pub fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_lowercase()
}

/// The endings that names of files of the `wanted` formats have, as a message lists them: `.img .smv`.
pub fn endings(wanted: impl Fn(&dyn Format) -> bool) -> String {
    let formats = TABLE.iter().filter(|format| wanted(**format));
    let endings = formats.flat_map(|format| format.extensions());
    let endings: Vec<String> = endings.map(|ending| format!(".{ending}")).collect();
    endings.join(" ")
}

/// The names of the `wanted` formats, as a message lists them: `SMV, CBF and npy`.
pub fn names(wanted: impl Fn(&dyn Format) -> bool) -> String {
    let formats = TABLE.iter().filter(|format| wanted(**format));
    let names: Vec<&str> = formats.map(|format| format.name()).collect();
    match names.split_last() {
        Some((last, [])) => last.to_string(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

impl dyn Format + '_ {
    /// Whether a file is a picture to look at, not numbers.
    pub fn is_picture(&self) -> bool {
        self.room().numbers.is_empty()
    }
}

impl PartialEq for dyn Format + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for dyn Format + '_ {}

impl fmt::Debug for dyn Format + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for dyn Format + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_formats() {
        let name = |name: &str| of_name(Path::new(name)).map(|format| format.name());
        assert_eq!(name("a/frame_0001.IMG"), Some("SMV"));
        assert_eq!(name("b.tiff"), Some("TIFF"));
        assert_eq!(name("c.NXS"), Some("NXmx"));
        assert_eq!((name("c.gif"), name("npy")), (None, None));
    }

    #[test]
    fn no_two_formats_share_a_name_or_an_ending() {
        let mut seen = std::collections::HashSet::new();
        for format in TABLE {
            assert!(seen.insert(format.name()));
            assert!(!format.extensions().is_empty());
            for ending in format.extensions() {
                assert!(seen.insert(ending), "{ending}");
                assert_eq!(*ending, ending.to_lowercase());
            }
        }
    }

    #[test]
    fn numbers_that_start_with_a_brace_are_numbers() {
        let bytes = [f32::from_le_bytes(*b"{ABC"), 1.0].map(f32::to_le_bytes);
        assert_eq!(of_content(bytes.as_flattened()), raw::FORMAT);
    }
}
