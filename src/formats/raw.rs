//! Bare float32, little-endian, slow axis outermost.

use std::borrow::Cow;
use std::path::Path;

use tracing::info_span;

use super::encoding::Number;
use super::error::read_with;
use super::format::{self, Format};
use super::header::Header;
use super::image_file::ImageFile;
use super::raster::{Clipped, PixelsView, le_bytes};
use super::{FormatError, PendingFile, Problem};
use crate::image::Image;
use crate::memory::Bytes;
use crate::profile::FILES;

/// Bare float32.
pub const FORMAT: &Format = &Format {
    name: "float32",
    extensions: &["bin", "raw"],
    numbers: &[Number::F32],
    span: || info_span!(target: FILES, "float"),
    recognises: |_| true,
    decode: |bytes, _| {
        if bytes.is_empty() || !bytes.len().is_multiple_of(PIXEL) {
            return Err(Problem::with_file(format!(
                "{} bytes that start like no {} file and are no whole number of float32 values \
                 either; expected an image in one of these formats",
                bytes.len(),
                format::names(|format| format.name != "float32", "or")
            )));
        }
        Ok((ImageFile::Bare(bytes), Header::default()))
    },
    encode: |raster, _| match raster.pixels {
        PixelsView::F32(values) => Ok(le_bytes(values).into_owned()),
        _ => Err(raster.unfit("float32")),
    },
    // The photons of an image are the bytes of the file: nothing is copied.
    stream: Some(|path, image, _, _| {
        let file = PendingFile::write(path, &encode(image))?;
        Ok((file, Clipped::default()))
    }),
    ..Format::PICTURE
};

/// Bytes a pixel.
pub const PIXEL: usize = size_of::<f32>();

/// The values of `image` as bytes.
pub fn encode(image: &Image) -> Cow<'_, [u8]> {
    le_bytes(image.values())
}

/// Reads the image of `width` × `height` pixels at `path`.
///
/// # Errors
/// [`FormatError`] when the file cannot be read, or holds more or fewer pixels.
pub fn read(path: &Path, size: [usize; 2], most: Bytes) -> Result<Image, FormatError> {
    read_with(path, most, |bytes| decode(bytes, size))
}

/// The image of `width` × `height` pixels that `bytes` hold.
///
/// # Errors
/// A [`Problem`] when there are more or fewer bytes than that.
pub fn decode(bytes: &[u8], [width, height]: [usize; 2]) -> Result<Image, Problem> {
    let expected = width
        .checked_mul(height)
        .and_then(|pixels| pixels.checked_mul(PIXEL));
    if expected != Some(bytes.len()) {
        let needed = expected.map_or("more than any file has".into(), |bytes| bytes.to_string());
        return Err(Problem::with_file(format!(
            "{} bytes; {width} x {height} pixels of float32 are {needed}",
            bytes.len()
        )));
    }
    let values = bytes
        .chunks_exact(PIXEL)
        .map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
    Ok(Image::new(width, height, values.collect(), None))
}

/// Pixels along each side of a square image of this many bytes, if one has as many.
pub fn square(bytes: usize) -> Option<usize> {
    let side = (bytes / PIXEL).isqrt();
    (side > 0 && side * side * PIXEL == bytes).then_some(side)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_to_the_last_bit() {
        let image = Image::new(3, 2, vec![0.0, -1.5, f32::MAX, 0.1, 3e7, 1e-40], None);
        assert_eq!(decode(&encode(&image), [3, 2]).unwrap(), image);
    }

    #[test]
    fn a_size_that_does_not_fit_is_refused() {
        let said = |bytes: usize, size| decode(&vec![0; bytes], size).unwrap_err().what;
        assert_eq!(said(20, [3, 2]), "20 bytes; 3 x 2 pixels of float32 are 24");
        assert!(said(4, [usize::MAX, 2]).contains("more than any file has"));
    }

    #[test]
    fn only_squares_are_squares() {
        assert_eq!(
            (square(64), square(16), square(4)),
            (Some(4), Some(2), Some(1))
        );
        assert_eq!(
            (square(0), square(60), square(32), square(65)),
            (None, None, None, None)
        );
    }
}
