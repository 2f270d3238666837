//! What a format of image files says of itself, and the table of all formats.
//!
//! A format is a [`Format`] in a file of its own, and a line in [`TABLE`]. Command line, notices,
//! memory estimates and the table in `docs/formats.md` follow from these.

use std::fmt;
use std::path::{Path, PathBuf};

use tracing::Span;

use super::encoding::{Counts, Encoding, Number};
use super::header::Header;
use super::image_file::ImageFile;
use super::metadata::FrameMetadata;
#[cfg(feature = "hdf5")]
use super::nxmx;
use super::raster::{Clipped, Raster, RasterView};
use super::whole::commit_all;
use super::{Access, FormatError, PendingFile, Problem, cbf, npy, pgm, png, raw, smv, tiff};
use crate::image::Image;
use crate::memory::Bytes;

/// Every format, in the order in which the start of a file is compared with them. The last takes
/// any file.
pub const TABLE: &[&Format] = &[
    smv::FORMAT,
    cbf::FORMAT,
    tiff::FORMAT,
    npy::FORMAT,
    #[cfg(feature = "hdf5")]
    nxmx::FORMAT,
    png::FORMAT,
    pgm::FORMAT,
    raw::FORMAT,
];

/// A format of image files.
pub struct Format {
    /// The format's name in messages and summaries.
    pub name: &'static str,
    /// Endings of the names of files, in small letters, the usual one first.
    pub extensions: &'static [&'static str],
    /// The kinds of numbers that are written, the default first; none where the file is a picture.
    pub numbers: &'static [Number],
    /// What a header has room for of the detector's geometry.
    pub geometry: GeometryRoom,
    /// The format is one of detectors that count photons: counts with noise are whole and start at
    /// 0.
    pub counts_photons: bool,
    /// Counts without noise are scaled so that the brightest pixel of an image has room, where
    /// nothing else is asked for.
    pub scaled_to_brightest: bool,
    /// Memory that writing takes beside the image, bytes a pixel, of float32 and of whole numbers:
    /// other numbers and the file, as far as both are there at once.
    pub beside_image: [u64; 2],
    /// The span of a profile in which a file is made and written.
    pub span: fn() -> Span,
    /// Whether a file that starts with these bytes is of this format.
    pub recognises: fn(&[u8]) -> bool,
    /// The image in a whole file, with the entries of its header. Bytes are unpacked to no more
    /// than the limit.
    pub decode: Decode,
    /// Makes sense of the geometry in the entries of the header of an image of a size, where
    /// [`Format::decode`] does not: those who only look at pixels do without.
    pub read_geometry: fn(&mut Header, [usize; 2]) -> Result<(), Problem>,
    /// An image as a whole file.
    pub encode: fn(RasterView, &Header) -> Result<Vec<u8>, Problem>,
    /// Writes an image beside a path as it is encoded, where that takes less memory than
    /// [`Format::encode`].
    pub stream: Option<Stream>,
    /// How the record of an experiment is kept, where there is room; see [`super::record`].
    pub record: Option<RecordRoom>,
    /// How files of many frames are read and written, where the format has such.
    pub frames: Option<FramesRoom>,
}

/// Makes an image and the entries of its header of the bytes of a file, of no more than a limit
/// once unpacked.
pub type Decode = fn(Vec<u8>, Bytes) -> Result<(ImageFile, Header), Problem>;

/// Writes counts of an image beside a path, and tells which pixels had no room.
pub type Stream = fn(&Path, &Image, Counts, &Header) -> Result<(PendingFile, Clipped), FormatError>;

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

/// How the record of an experiment is kept in a whole file.
pub struct RecordRoom {
    /// The file with a record; as it is where this file has no room.
    pub add: fn(Vec<u8>, &str) -> Vec<u8>,
    /// The text of the record.
    pub find: fn(&[u8]) -> Option<String>,
}

/// How files of many frames are read and written.
pub struct FramesRoom {
    /// Opens a file, of frames that take no more than the limit each.
    pub open: Open,
    /// Reads what a file says of one frame, or of its first.
    pub header: ReadHeader,
    /// Starts a file beside a path for a number of frames of a size; the header is the first
    /// frame's.
    pub create: Create,
}

/// Opens a file of many frames, of no more than a limit each.
pub type Open = fn(&Path, Access) -> Result<Box<dyn FrameReader>, FormatError>;

/// Reads what a file of many frames says of one, counted from 0, or of its first.
pub type ReadHeader = fn(&Path, Option<usize>, Access) -> Result<OneHeader, FormatError>;

/// What a file says of one of its frames.
#[derive(Debug, Clone, PartialEq)]
pub struct OneHeader {
    /// What is said.
    pub header: Header,
    /// Pixels of the frame along fast and slow.
    pub size: [usize; 2],
    /// Frames of the file.
    pub frames: usize,
}

/// Starts a file of many frames.
pub type Create =
    fn(&Path, Encoding, [usize; 2], usize, &Header) -> Result<Box<dyn FrameWriter>, FormatError>;

impl Format {
    /// A picture without a header, which is not written from numbers.
    pub(super) const PICTURE: Format = Format {
        name: "",
        extensions: &[],
        numbers: &[],
        geometry: GeometryRoom::Nothing,
        counts_photons: false,
        scaled_to_brightest: false,
        beside_image: [0; 2],
        span: Span::none,
        recognises: |_| false,
        decode: |_, _| Err(no_image()),
        read_geometry: |_, _| Ok(()),
        encode: |raster, _| Err(raster.unfit("a picture")),
        stream: None,
        record: None,
        frames: None,
    };

    /// Whether a file is a picture to look at, not numbers.
    pub fn is_picture(&self) -> bool {
        self.numbers.is_empty()
    }
}

/// A file of several frames, which are read one at a time.
pub trait FrameReader {
    /// The format of the file.
    fn format(&self) -> &'static Format;

    /// How many frames there are, at least one.
    fn frames(&self) -> usize;

    /// Pixels of a frame along fast and slow.
    fn size(&self) -> [usize; 2];

    /// Frame `index`, counted from 0.
    ///
    /// # Errors
    /// [`FormatError::Content`] when there is no such frame, when it is damaged, and when there is
    /// no memory for it.
    fn frame(&self, index: usize) -> Result<Raster, FormatError>;

    /// The header of frame `index`, counted from 0.
    fn header(&self, index: usize) -> Header;

    /// The experiment that the frames were rendered from.
    fn record(&self) -> Option<&str>;

    /// What the user should know of the frames that were read, and of what the file says.
    fn notices(&self) -> Vec<String>;
}

/// A file that is complete, not yet in its place.
pub struct CompleteFile {
    /// The file.
    pub file: PendingFile,
    /// Files that it takes the place of: those that kept its frames until it was complete.
    pub obsolete: Vec<PathBuf>,
}

impl CompleteFile {
    /// A file that takes the place of no other.
    pub fn alone(file: PendingFile) -> CompleteFile {
        let obsolete = Vec::new();
        CompleteFile { file, obsolete }
    }

    /// Puts `files` in their places, all of them or none.
    ///
    /// # Errors
    /// As [`commit_all`].
    pub fn commit(files: impl Iterator<Item = CompleteFile>) -> Result<(), FormatError> {
        let files = files.map(|complete| (complete.file, complete.obsolete));
        let (files, obsolete): (Vec<_>, Vec<_>) = files.unzip();
        commit_all(&files)?;
        for path in obsolete.into_iter().flatten() {
            // Nothing is lost if one stays.
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }
}

/// What an earlier run has left of a file of several frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumed {
    /// So many of its first frames.
    Frames(usize),
    /// The file, complete and in its place.
    Complete,
}

/// A file of several frames, which are written as they come.
pub trait FrameWriter: Send {
    /// Takes over what an earlier run has put on the disk of a file of these `frames`.
    ///
    /// # Errors
    /// [`FormatError`] when it is of another series, or damaged.
    fn resume(&mut self, frames: &[FrameMetadata]) -> Result<Resumed, FormatError>;

    /// Puts the frames that have come on the disk, where [`FrameWriter::kept`] finds them.
    ///
    /// # Errors
    /// [`FormatError::Write`]; what was kept before stays.
    fn keep(&mut self) -> Result<(), FormatError>;

    /// The file by which frames can be read before all have come, and how many it has.
    fn kept(&self) -> Option<(&Path, usize)>;

    /// Writes the next frame.
    ///
    /// # Errors
    /// [`FormatError`], for a full disk or numbers of another kind.
    fn push(&mut self, raster: RasterView, header: &Header) -> Result<(), FormatError>;

    /// The complete file.
    ///
    /// # Errors
    /// [`FormatError::Write`].
    fn finish(self: Box<Self>) -> Result<CompleteFile, FormatError>;
}

/// The format of a file that starts with these bytes: the last one, bare numbers, where none knows
/// them.
pub fn of_content(start: &[u8]) -> &'static Format {
    let found = TABLE.iter().find(|format| (format.recognises)(start));
    found.copied().unwrap_or(raw::FORMAT)
}

/// The format that the ending of a file's name stands for.
pub fn of_name(path: &Path) -> Option<&'static Format> {
    let extension = extension(path);
    let found = TABLE
        .iter()
        .find(|format| format.extensions.contains(&extension.as_str()));
    found.copied()
}

/// The ending of a file's name, in small letters.
pub fn extension(path: &Path) -> String {
    let extension = path.extension().unwrap_or_default();
    extension.to_string_lossy().to_lowercase()
}

/// The endings that names of files of the `wanted` formats have, as a message lists them: `.img
/// .smv`.
pub fn endings(wanted: impl Fn(&Format) -> bool) -> String {
    let formats = TABLE.iter().filter(|format| wanted(format));
    let endings = formats.flat_map(|format| format.extensions);
    let endings: Vec<String> = endings.map(|ending| format!(".{ending}")).collect();
    endings.join(" ")
}

/// The names of the `wanted` formats, as a message lists them: `SMV, CBF and npy`, with `and` or
/// another
/// `link` before the last.
pub fn names(wanted: impl Fn(&Format) -> bool, link: &str) -> String {
    let formats = TABLE.iter().filter(|format| wanted(format));
    let names: Vec<&str> = formats.map(|format| format.name).collect();
    match names.split_last() {
        Some((last, [])) => last.to_string(),
        Some((last, others)) => format!("{} {link} {last}", others.join(", ")),
        None => String::new(),
    }
}

fn no_image() -> Problem {
    Problem::with_file("no image of a format that is read")
}

impl PartialEq for Format {
    fn eq(&self, other: &Format) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_stand_for_formats() {
        let name = |name: &str| of_name(Path::new(name)).map(|format| format.name);
        assert_eq!(name("a/frame_0001.IMG"), Some("SMV"));
        assert_eq!(name("b.tiff"), Some("TIFF"));
        assert_eq!(name("c.NXS"), Some("NXmx"));
        assert_eq!((name("c.gif"), name("npy")), (None, None));
    }

    #[test]
    fn no_two_formats_share_a_name_or_an_ending() {
        let (mut names, mut seen) = (HashSet::new(), HashSet::new());
        for format in TABLE {
            assert!(names.insert(format.name));
            assert!(!format.extensions.is_empty());
            for ending in format.extensions {
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
