//! An image in a file of any format that is read here, told by how the file starts.

use std::fmt;
use std::path::Path;

use super::error::read_bytes;
use super::{FormatError, Problem, pgm, png, raw, smv, tiff};
use crate::image::Image;

/// The formats of images that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFormat {
    /// SMV: 16-bit counts under a text header.
    Smv,
    /// TIFF with one number a pixel.
    Tiff,
    /// Binary PGM, 8 or 16 bits.
    Pgm,
    /// Grey PNG, up to 16 bits.
    Png,
    /// Bare float32, little-endian, which does not say its size.
    Raw,
}

impl ImageFormat {
    /// The format of a file that starts with these bytes. What starts like none of the others is
    /// bare numbers.
    pub fn of(bytes: &[u8]) -> ImageFormat {
        /// An SMV header starts with its own length.
        const SMV_START: usize = 64;
        let tiff: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
        let start = &bytes[..bytes.len().min(SMV_START)];
        let key = b"HEADER_BYTES";
        if start.first() == Some(&b'{') && start.windows(key.len()).any(|part| part == key) {
            ImageFormat::Smv
        } else if tiff.iter().any(|magic| bytes.starts_with(magic)) {
            ImageFormat::Tiff
        } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            ImageFormat::Png
        } else if bytes.starts_with(b"P5") && bytes.get(2).is_some_and(u8::is_ascii_whitespace) {
            ImageFormat::Pgm
        } else {
            ImageFormat::Raw
        }
    }

    /// Its name in messages and summaries.
    pub fn name(self) -> &'static str {
        match self {
            ImageFormat::Smv => "SMV",
            ImageFormat::Tiff => "TIFF",
            ImageFormat::Pgm => "PGM",
            ImageFormat::Png => "PNG",
            ImageFormat::Raw => "float32",
        }
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an image file holds.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageFile {
    /// An image, from a file that says its size.
    Sized(ImageFormat, Image),
    /// The bytes of float32 values; see [`raw::decode`].
    Bare(Vec<u8>),
}

/// Reads the image file at `path`.
///
/// # Errors
/// [`FormatError`] when it cannot be read, or is not what it starts like.
pub fn read(path: &Path) -> Result<ImageFile, FormatError> {
    read_with_header(path).map(|(file, _)| file)
}

/// Reads the image file at `path` with the entries of its header, keys and values, where it is SMV.
///
/// # Errors
/// As [`read`].
pub fn read_with_header(path: &Path) -> Result<(ImageFile, Vec<(String, String)>), FormatError> {
    let bytes = read_bytes(path)?;
    let parsed = || {
        let entries = match ImageFormat::of(&bytes) {
            ImageFormat::Smv => smv::header_entries(&bytes)?,
            _ => Vec::new(),
        };
        Ok((parse(bytes)?, entries))
    };
    parsed().map_err(|problem| FormatError::Content {
        path: path.to_path_buf(),
        problem,
    })
}

/// The image file that `bytes` are.
///
/// # Errors
/// A [`Problem`] when they are not what they start like.
pub fn parse(bytes: Vec<u8>) -> Result<ImageFile, Problem> {
    let format = ImageFormat::of(&bytes);
    let image = match format {
        ImageFormat::Smv => {
            let file = smv::parse(&bytes)?;
            let values = file.pixels.into_iter().map(f32::from).collect();
            Image::new(file.width, file.height, values, None)
        }
        ImageFormat::Tiff => tiff::decode(&bytes)?,
        ImageFormat::Pgm => pgm::decode(&bytes)?,
        ImageFormat::Png => png::decode(&bytes)?,
        ImageFormat::Raw if bytes.is_empty() || !bytes.len().is_multiple_of(raw::PIXEL) => {
            return Err(Problem::with_file(format!(
                "{} bytes that start like no SMV, TIFF, PGM or PNG file and are no whole number of \
                 float32 values either; expected an image in one of these formats",
                bytes.len()
            )));
        }
        ImageFormat::Raw => return Ok(ImageFile::Bare(bytes)),
    };
    Ok(ImageFile::Sized(format, image))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{ToneMap, ToneScale};

    #[test]
    fn every_format_is_told_by_its_start() {
        let image = Image::new(2, 1, vec![0.0, 255.0], None);
        let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
        let grey = png::encode(&image, &tone, png::Colormap::Grey, png::Depth::Eight).unwrap();
        let smv = b"{\nHEADER_BYTES=48;\nSIZE1=2;\nSIZE2=1;\n}            \0\0\xff\0".to_vec();
        let smv = [&smv[..48], &smv[smv.len() - 4..]].concat();
        let inverted = Image::new(2, 1, vec![255.0, 0.0], None);
        for (format, bytes, expected) in [
            (ImageFormat::Smv, smv, &image),
            (ImageFormat::Tiff, tiff::encode(&image).unwrap(), &image),
            (ImageFormat::Pgm, pgm::encode(&image, 1.0), &image),
            (ImageFormat::Png, grey, &inverted),
        ] {
            let expected = ImageFile::Sized(format, expected.clone());
            assert_eq!(parse(bytes), Ok(expected), "{format}");
        }
        let bare = raw::encode(&image).into_owned();
        assert_eq!(parse(bare.clone()), Ok(ImageFile::Bare(bare)));
    }

    #[test]
    fn numbers_that_start_with_a_brace_are_numbers() {
        let bytes = [f32::from_le_bytes(*b"{ABC"), 1.0]
            .map(f32::to_le_bytes)
            .concat();
        assert_eq!(ImageFormat::of(&bytes), ImageFormat::Raw);
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
