//! Reading SMV files, of either byte order.

use std::path::Path;

use super::super::error::read_with;
use super::super::text::quoted;
use super::super::{FormatError, Problem};
use crate::memory::Bytes;

/// An SMV file: its header's entries and its pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct SmvImage {
    /// Pixels along the fast axis.
    pub width: usize,
    /// Pixels along the slow axis.
    pub height: usize,
    /// Every pixel, slow axis outermost.
    pub pixels: Vec<u16>,
    entries: Vec<(String, String)>,
}

/// Reads the SMV file at `path`.
///
/// # Errors
/// [`FormatError`] when the file cannot be read or is not what its header says.
pub fn read(path: &Path, most: Bytes) -> Result<SmvImage, FormatError> {
    read_with(path, most, parse)
}

impl SmvImage {
    /// The header's entries: keys and values.
    pub fn entries(&self) -> &[(String, String)] {
        &self.entries
    }

    /// The text of the header's last entry under `key`.
    pub fn entry(&self, key: &str) -> Option<&str> {
        lookup(&self.entries, key)
    }

    /// The number under `key`, if the header has that key.
    ///
    /// # Errors
    /// As [`number`].
    pub fn number(&self, key: &str) -> Result<Option<f64>, Problem> {
        number(&self.entries, key)
    }
}

/// The number under `key` in a header's entries, if they have that key.
///
/// # Errors
/// A [`Problem`] when what stands there is not a finite number.
pub fn number(entries: &[(String, String)], key: &str) -> Result<Option<f64>, Problem> {
    let Some(text) = lookup(entries, key) else {
        return Ok(None);
    };
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(Problem::with_file(format!(
            "header entry {key} is {}; expected a finite number",
            quoted(text)
        ))),
    }
}

/// The SMV file that `bytes` hold.
///
/// # Errors
/// A [`Problem`] when there is no header, when it lacks the size or describes other pixels than
/// unsigned 16-bit ones, or when there are fewer bytes than it says.
pub fn parse(bytes: &[u8]) -> Result<SmvImage, Problem> {
    let entries = header_entries(bytes)?;
    let count = |key: &str| -> Result<usize, Problem> {
        let text = lookup(&entries, key).ok_or_else(|| {
            Problem::with_file(format!("no {key} in the header; not an SMV image"))
        })?;
        text.parse().map_err(|_| {
            let expected = "expected a whole number";
            Problem::with_file(format!(
                "header entry {key} is {}; {expected}",
                quoted(text)
            ))
        })
    };
    let header_bytes = count("HEADER_BYTES")?;
    let (width, height) = (count("SIZE1")?, count("SIZE2")?);
    let pixel_type = lookup(&entries, "TYPE").unwrap_or("unsigned_short");
    if pixel_type != "unsigned_short" {
        return Err(Problem::with_file(format!(
            "pixels of type {}; only unsigned_short can be read",
            quoted(pixel_type)
        )));
    }
    let to_pixel: fn([u8; 2]) -> u16 = match lookup(&entries, "BYTE_ORDER") {
        None | Some("little_endian") => u16::from_le_bytes,
        Some("big_endian") => u16::from_be_bytes,
        Some(order) => {
            return Err(Problem::with_file(format!(
                "byte order {}; expected little_endian or big_endian",
                quoted(order)
            )));
        }
    };
    if width == 0 || height == 0 {
        return Err(Problem::with_file(format!(
            "an image of {width} x {height} pixels"
        )));
    }
    let data = bytes.get(header_bytes..).unwrap_or_default();
    let expected = width
        .checked_mul(height)
        .and_then(|pixels| pixels.checked_mul(2));
    let data = expected.and_then(|expected| data.get(..expected)).ok_or_else(|| {
        Problem::with_file(format!(
            "truncated: {width} x {height} 16-bit pixels after a header of {header_bytes} bytes do \
             not fit in the file's {} bytes",
            bytes.len()
        ))
    })?;
    let pixels = data
        .chunks_exact(2)
        .map(|pair| to_pixel([pair[0], pair[1]]))
        .collect();
    Ok(SmvImage {
        width,
        height,
        pixels,
        entries,
    })
}

/// The `KEY=VALUE` pairs between the braces that start a file.
///
/// # Errors
/// A [`Problem`] when there are no such braces.
pub fn header_entries(bytes: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    /// No header is longer; what does not end by then is something else.
    const LONGEST: usize = 1 << 16;
    let start = &bytes[..bytes.len().min(LONGEST)];
    let end = start.iter().position(|&byte| byte == b'}');
    let (Some(b'{'), Some(end)) = (start.first(), end) else {
        return Err(Problem::with_file("no header in braces; not an SMV image"));
    };
    let header = String::from_utf8_lossy(&start[1..end]);
    // The C program leaves out the semicolon after one of its entries.
    let pairs = header
        .split([';', '\n'])
        .filter_map(|entry| entry.split_once('='));
    Ok(pairs
        .map(|(key, value)| (key.trim().to_string(), value.trim().to_string()))
        .collect())
}

pub(super) fn lookup<'a>(entries: &'a [(String, String)], key: &str) -> Option<&'a str> {
    entries
        .iter()
        .rev()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, pixels: &[u8]) -> Vec<u8> {
        let mut bytes = format!("{{\nHEADER_BYTES=512;\n{header}}}\n").into_bytes();
        bytes.resize(512, b' ');
        bytes.extend(pixels);
        bytes
    }

    #[test]
    fn both_byte_orders_are_read() {
        for (order, pixels) in [
            ("little_endian", [1, 0, 2, 1]),
            ("big_endian", [0, 1, 1, 2]),
        ] {
            let header = format!("BYTE_ORDER={order};\nSIZE1=2;\nSIZE2=1;\nDISTANCE=99.5\n");
            let image = parse(&file(&header, &pixels)).unwrap();
            assert_eq!((image.width, image.height), (2, 1));
            assert_eq!(image.pixels, [1, 258]);
            assert_eq!(
                image.number("DISTANCE").unwrap(),
                Some(99.5),
                "without a semicolon"
            );
            assert_eq!(image.number("PHI").unwrap(), None);
        }
    }

    #[test]
    fn files_that_are_not_what_they_say_are_refused() {
        let said = |bytes: &[u8]| parse(bytes).unwrap_err().what;
        assert!(said(b"").starts_with("no header in braces"));
        assert!(said(b"{ HEADER_BYTES=512;").starts_with("no header in braces"));
        assert!(said(b"{}").starts_with("no HEADER_BYTES"));
        let short = file("SIZE1=2;SIZE2=2;", &[0; 7]);
        assert!(said(&short).starts_with("truncated"));
        let lying = file("SIZE1=18446744073709551615;SIZE2=2;", &[0; 7]);
        assert!(said(&lying).starts_with("truncated"));
        assert!(said(&file("SIZE1=-1;SIZE2=2;", &[])).contains("SIZE1 is '-1'"));
        assert!(said(&file("SIZE1=0;SIZE2=2;", &[])).contains("0 x 2"));
        assert!(said(&file("SIZE1=1;SIZE2=1;TYPE=float;", &[0; 4])).contains("'float'"));
        assert!(said(&file("SIZE1=1;SIZE2=1;BYTE_ORDER=odd;", &[0; 4])).contains("'odd'"));
        let image = parse(&file("SIZE1=1;SIZE2=1;PHI=x;", &[0; 2])).unwrap();
        assert!(image.number("PHI").unwrap_err().what.contains("PHI is 'x'"));
    }
}
