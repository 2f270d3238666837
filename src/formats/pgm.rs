//! PGM: written with one byte a pixel and the scale as a comment (PHYSICS §13); read with one or
//! two, as numbers that nothing is done to. (The `image` crate stretches them to the full range.)

use tracing::info_span;

use super::Problem;
use super::format::Format;
use super::header::Header;
use super::image_file::ImageFile;
use super::raster::{Clipped, Pixels, Raster, bytes_of_pixels};
use crate::image::{Image, Statistics};
use crate::profile::FILES;

/// Binary PGM.
pub const FORMAT: &Format = &Format {
    name: "PGM",
    extensions: &["pgm"],
    beside_image: [1; 2],
    span: || info_span!(target: FILES, "PGM"),
    recognises: |start| {
        start.starts_with(b"P5") && start.get(2).is_some_and(u8::is_ascii_whitespace)
    },
    decode: |bytes, _| Ok((ImageFile::Sized(FORMAT, decode(&bytes)?), Header::default())),
    ..Format::PICTURE
};

/// Photons are multiplied by this when no scale is given: five rms deviations are nearly white.
pub fn automatic_scale(statistics: &Statistics) -> f64 {
    let spread = 5.0 * statistics.rms_deviation;
    if spread > 0.0 { 250.0 / spread } else { 1.0 }
}

/// The pixels that have no shade once their `values` are multiplied by `scale`.
pub fn clipped(values: impl Iterator<Item = f64>, scale: f64) -> Clipped {
    let mut clipped = Clipped::default();
    for shade in values.map(|value| value * scale) {
        clipped.above += usize::from(shade >= 256.0);
        clipped.below += usize::from(shade < 0.0);
        clipped.no_number += usize::from(shade.is_nan());
    }
    clipped
}

/// `image` as a PGM file; a byte is floor(value·scale), at most 255.
///
/// The comment stands directly after `P5`: common readers stumble over one elsewhere.
pub fn encode(image: &Image, scale: f64) -> Vec<u8> {
    let (width, height) = (image.width(), image.height());
    let mut file =
        format!("P5\n# pixel values multiplied by {scale}\n{width} {height}\n255\n").into_bytes();
    // A float that is cast saturates at 0 and 255, and NaN becomes 0.
    file.extend(
        image
            .values()
            .iter()
            .map(|&value| (f64::from(value) * scale).floor() as u8),
    );
    file
}

/// The image that `bytes`, a binary PGM file, hold.
///
/// # Errors
/// A [`Problem`] when the header is not that of a binary PGM, or when there are fewer bytes than
/// it says.
pub fn decode(bytes: &[u8]) -> Result<Raster, Problem> {
    let mut header = Words {
        rest: bytes
            .strip_prefix(b"P5")
            .ok_or_else(|| Problem::with_file("no P5 at the start; not a binary PGM"))?,
    };
    let [width, height] = [header.number("width")?, header.number("height")?];
    let highest = header.number("largest value")?;
    if width == 0 || height == 0 || !(1..=0xffff).contains(&highest) {
        return Err(Problem::with_file(format!(
            "a PGM of {width} x {height} pixels up to {highest}; expected at least 1 x 1, and 1 to \
             65535"
        )));
    }
    let pixel_bytes = if highest < 256 { 1 } else { 2 };
    // One white space ends the header. A `\r\n` does where the length leaves no other reading.
    let whole = width.saturating_mul(height).saturating_mul(pixel_bytes);
    let two = header.rest.starts_with(b"\r\n") && header.rest.len() - 2 == whole;
    let pixels = header.rest.get(1 + usize::from(two)..).unwrap_or_default();
    let pixels = bytes_of_pixels(pixels, [width, height], pixel_bytes, bytes.len())?;
    let pixels = match pixel_bytes {
        1 => Pixels::U8(pixels.to_vec()),
        _ => {
            let pairs = pixels.as_chunks().0.iter();
            Pixels::U16(pairs.map(|&pair| u16::from_be_bytes(pair)).collect())
        }
    };
    Ok(Raster {
        width,
        height,
        pixels,
    })
}

/// What is left of a PGM's header: numbers between white space and comments.
struct Words<'a> {
    rest: &'a [u8],
}

impl Words<'_> {
    fn number(&mut self, what: &str) -> Result<usize, Problem> {
        let missing = || Problem::with_file(format!("no {what} in the header; not a binary PGM"));
        loop {
            self.rest = self.rest.trim_ascii_start();
            if self.rest.first() != Some(&b'#') {
                break;
            }
            let end = self.rest.iter().position(|&byte| b"\n\r".contains(&byte));
            self.rest = &self.rest[end.ok_or_else(missing)?..];
        }
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit());
        let (number, rest) = self.rest.split_at(digits.count());
        self.rest = rest;
        let number = std::str::from_utf8(number).ok();
        number
            .and_then(|text| text.parse().ok())
            .ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_saturate() {
        let image = Image::new(2, 2, vec![0.0, 1.99, 1000.0, -4.0], None);
        let file = encode(&image, 2.0);
        assert_eq!(
            file,
            b"P5\n# pixel values multiplied by 2\n2 2\n255\n\x00\x03\xff\x00"
        );
    }

    #[test]
    fn what_was_written_is_read() {
        let image = Image::new(2, 2, vec![0.0, 3.0, 255.0, 10.0], None);
        let raster = decode(&encode(&image, 1.0)).unwrap();
        assert_eq!(raster.into_image(), image);
    }

    #[test]
    fn sixteen_bits_and_comments_are_read_and_nothing_is_stretched() {
        let file = b"P5 # a\n# b\n2\t1 # c\n4095\n\x01\x02\x0f\xff";
        let raster = decode(file).unwrap();
        assert_eq!((raster.width, raster.height), (2, 1));
        assert_eq!(raster.pixels, Pixels::U16(vec![258, 4095]));
    }

    #[test]
    fn files_that_are_not_what_they_say_are_refused() {
        let said = |bytes: &[u8]| decode(bytes).unwrap_err().what;
        assert!(said(b"P2 1 1 255\n7").contains("no P5"));
        assert!(said(b"P5 2").contains("no height"));
        assert!(said(b"P5 # for ever").contains("no width"));
        assert!(said(b"P5 2 2 255\n\0\0\0").starts_with("truncated"));
        assert!(said(b"P5 2 1 256\n\0\0\0").starts_with("truncated"));
        assert!(said(b"P5 0 2 255\n").contains("0 x 2"));
        assert!(said(b"P5 1 1 65536\n\0\0").contains("up to 65536"));
        assert!(said(b"P5 18446744073709551615 3 255\n\0").starts_with("truncated"));
        assert!(said(b"P5 99999999999999999999 3 255\n\0").contains("no width"));
    }
}
