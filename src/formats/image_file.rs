//! An image in a file of any format, told by how the file starts.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::error::read_bytes;
use super::format::{self, Format, FrameReader, FramesRoom, OneHeader};
use super::header::Header;
use super::raster::Raster;
use super::{Access, FormatError, Problem, record};
use crate::memory::Bytes;

/// What an image file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageFile {
    /// An image, from a file that says its size.
    Sized(&'static Format, Raster),
    /// The bytes of float32 values; see [`super::raw::decode`].
    Bare(Vec<u8>),
}

/// The frames of the file at `path`, where its format has many; they are read one at a time. A file
/// that is a pipe can be read only once, and has none.
///
/// # Errors
/// [`FormatError`] when it cannot be read, or has no frames.
pub fn frames(
    path: &Path,
    access: impl Into<Access>,
) -> Result<Option<Box<dyn FrameReader>>, FormatError> {
    let room = room_for_frames(path);
    room.map(|room| (room.open)(path, access.into()))
        .transpose()
}

/// How frames are read from the file at `path`, where its format has many.
fn room_for_frames(path: &Path) -> Option<&'static FramesRoom> {
    /// Number of bytes that suffices to recognise every format.
    const START: u64 = 64;
    let start = |file: File| {
        let mut start = Vec::new();
        let is_file = file.metadata().is_ok_and(|data| data.is_file());
        let read = is_file && file.take(START).read_to_end(&mut start).is_ok();
        read.then_some(start)
    };
    let start = File::open(path).ok().and_then(start)?;
    format::of_content(&start).frames.as_ref()
}

/// What the file of many frames at `path` says of frame `frame`, counted from 0, or of its first;
/// `None` for a file of one image. The frames are not read, and need not be there.
///
/// # Errors
/// [`FormatError`] when it cannot be read or has no such frame.
pub fn frame_header(
    path: &Path,
    frame: Option<usize>,
    access: impl Into<Access>,
) -> Result<Option<OneHeader>, FormatError> {
    let room = room_for_frames(path);
    room.map(|room| (room.header)(path, frame, access.into()))
        .transpose()
}

/// Reads the image file at `path`.
///
/// # Errors
/// [`FormatError`] when it cannot be read, or is not what it starts like.
pub fn read(path: &Path, access: impl Into<Access>) -> Result<ImageFile, FormatError> {
    Ok(read_with_notices(path, access)?.0)
}

/// Reads the image file at `path`, with what the user should know of how it was read.
///
/// # Errors
/// The errors of [`read`].
pub fn read_with_notices(
    path: &Path,
    access: impl Into<Access>,
) -> Result<(ImageFile, Vec<String>), FormatError> {
    let (file, header) = read_by(path, access.into(), parse_pixels)?;
    Ok((file, header.notices))
}

/// Reads the image file at `path` with its header.
///
/// # Errors
/// The errors of [`read`], and an error for a geometry that is no numbers.
pub fn read_with_header(
    path: &Path,
    access: impl Into<Access>,
) -> Result<(ImageFile, Header), FormatError> {
    read_by(path, access.into(), parse_with_header)
}

fn read_by(
    path: &Path,
    access: Access,
    parse: impl FnOnce(Vec<u8>, Bytes) -> Result<(ImageFile, Header), Problem>,
) -> Result<(ImageFile, Header), FormatError> {
    let bad = |problem| FormatError::content(path, problem);
    let Some(file) = frames(path, access)? else {
        return parse(read_bytes(path, access.most)?, access.most).map_err(bad);
    };
    match file.frames() {
        1 => {
            let image = ImageFile::Sized(file.format(), file.frame(0)?);
            let header = Header {
                notices: file.notices(),
                ..file.header(0)
            };
            Ok((image, header))
        }
        several => Err(bad(Problem::with_file(format!(
            "{several} frames; expected one. 'nanobragg convert {} OUT --frame K' takes out \
             frame K, from 1 to {several}",
            path.display()
        )))),
    }
}

/// The experiment that the image file at `path` was rendered from, if it says so.
///
/// # Errors
/// [`FormatError`] when it cannot be read.
pub fn read_record(path: &Path, access: impl Into<Access>) -> Result<Option<String>, FormatError> {
    let access = access.into();
    match frames(path, access)? {
        Some(file) => Ok(file.record().map(str::to_string)),
        None => Ok(record::find(&read_bytes(path, access.most)?)),
    }
}

/// The image file that `bytes` are; parsing may take memory of `most`.
///
/// # Errors
/// A [`Problem`] when they are not what they start like.
pub fn parse(bytes: Vec<u8>, most: Bytes) -> Result<ImageFile, Problem> {
    Ok(parse_pixels(bytes, most)?.0)
}

/// The image file that `bytes` are, with its header.
///
/// # Errors
/// The errors of [`parse`], and an error for a geometry that is no numbers.
pub fn parse_with_header(bytes: Vec<u8>, most: Bytes) -> Result<(ImageFile, Header), Problem> {
    let (file, mut header) = parse_pixels(bytes, most)?;
    if let ImageFile::Sized(format, raster) = &file {
        (format.read_geometry)(&mut header, [raster.width, raster.height])?;
    }
    Ok((file, header))
}

fn parse_pixels(bytes: Vec<u8>, most: Bytes) -> Result<(ImageFile, Header), Problem> {
    let format = format::of_content(&bytes);
    let record = record::find(&bytes);
    let (file, header) = (format.decode)(bytes, most)?;
    Ok((file, Header { record, ..header }))
}

#[cfg(test)]
mod tests {
    use super::super::image_header::ImageHeader;
    use super::super::raster::Pixels;
    use super::super::{cbf, npy, pgm, png, raw, smv, tiff};
    use super::*;
    use crate::image::{Image, ToneMap, ToneScale};

    const MOST: Bytes = Bytes(1 << 20);

    fn parse(bytes: Vec<u8>) -> Result<ImageFile, Problem> {
        super::parse(bytes, MOST)
    }

    #[test]
    fn every_format_is_told_by_its_start() {
        let image = Image::new(2, 1, vec![0.0, 255.0], None);
        let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
        let grey = png::encode(&image, &tone, png::Colormap::Grey, png::Depth::Eight).unwrap();
        let smv = b"{\nHEADER_BYTES=48;\nSIZE1=2;\nSIZE2=1;\n}            \0\0\xff\0".to_vec();
        let smv = [&smv[..48], &smv[smv.len() - 4..]].concat();
        let inverted = Image::new(2, 1, vec![255.0, 0.0], None);
        let array = Raster {
            width: 2,
            height: 1,
            pixels: Pixels::F32(vec![0.0, 255.0]),
        };
        let silent = ImageHeader::default();
        for (format, bytes, expected) in [
            (cbf::FORMAT, cbf::encode(&[0, 255], 2, &silent), &image),
            (npy::FORMAT, npy::encode(array.view()), &image),
            (smv::FORMAT, smv, &image),
            (tiff::FORMAT, tiff::encode(array.view()).unwrap(), &image),
            (pgm::FORMAT, pgm::encode(&image, 1.0), &image),
            (png::FORMAT, grey, &inverted),
        ] {
            let Ok(ImageFile::Sized(found, raster)) = parse(bytes) else {
                panic!("{format}: no image");
            };
            assert_eq!((found, &raster.into_image()), (format, expected));
        }
        let bare = raw::encode(&image).into_owned();
        assert_eq!(parse(bare.clone()), Ok(ImageFile::Bare(bare)));
    }

    #[test]
    fn a_geometry_that_is_no_number_costs_no_pixels() {
        let smv = b"{\nHEADER_BYTES=48;\nSIZE1=1;\nSIZE2=1;\nPHI=x;\n}  ".to_vec();
        let smv = [smv, vec![b' '; 48]].concat();
        assert!(parse(smv.clone()).is_ok());
        let said = parse_with_header(smv, MOST).unwrap_err().what;
        assert!(said.contains("PHI is 'x'"), "{said}");
    }

    #[test]
    fn what_is_no_image_is_refused() {
        assert!(parse(Vec::new()).unwrap_err().what.starts_with("0 bytes"));
        let text = b"not an image".to_vec();
        assert!(
            matches!(parse(text), Ok(ImageFile::Bare(_))),
            "its length fits"
        );
        assert!(parse(vec![7; 13]).unwrap_err().what.contains("13 bytes"));
        assert!(parse(b"P5\n1 1 255\n".to_vec()).is_err());
    }
}
