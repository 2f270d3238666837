//! Reading SMV files, of either byte order and of every kind of pixel that ADSC's, Rigaku's and
//! noisify's files have.

use std::path::Path;

use super::super::error::read_with;
use super::super::raster::{Pixels, bytes_of_pixels};
use super::super::text::{newlines, quoted};
use super::super::{FormatError, Problem, c_number};
use crate::memory::Bytes;

/// An SMV file: its header's entries and its pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct SmvImage {
    /// Pixels along the fast axis.
    pub width: usize,
    /// Pixels along the slow axis.
    pub height: usize,
    /// Every pixel, slow axis outermost.
    pub pixels: Pixels,
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
    match c_number::number(text) {
        Some(value) if value.is_finite() => Ok(Some(value)),
        _ => Err(Problem::with_file(format!(
            "header entry {key} is {}; expected a finite number",
            quoted(text)
        ))),
    }
}

/// The SMV file that `bytes` hold.
///
/// # Errors
/// A [`Problem`] when there is no header, when it lacks the size or describes pixels of a kind that
/// is not known, or when there are fewer bytes than it says.
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
    let kind = Kind::of(&entries)?;
    let big_endian = match lookup(&entries, "BYTE_ORDER") {
        None | Some("little_endian") => false,
        Some("big_endian") => true,
        Some(order) => {
            return Err(Problem::with_file(format!(
                "byte order {}; expected little_endian or big_endian",
                quoted(order)
            )));
        }
    };
    if let Some(packing) = lookup(&entries, "COMPRESSION")
        && !packing.eq_ignore_ascii_case("none")
    {
        return Err(Problem::with_file(format!(
            "header entry COMPRESSION is {}; only pixels that are not compressed can be read \
             (COMPRESSION=None)",
            quoted(packing)
        )));
    }
    if width == 0 || height == 0 {
        return Err(Problem::with_file(format!(
            "an image of {width} x {height} pixels"
        )));
    }
    let data = bytes.get(header_bytes..).unwrap_or_default();
    let data = bytes_of_pixels(data, [width, height], kind.bytes(), bytes.len())?;
    let mut pixels = kind.pixels(data, big_endian);
    if let (Pixels::U16(packed), Some(ratio)) = (&pixels, raxis_ratio(&entries)?) {
        pixels = unfolded(packed, ratio);
    }
    Ok(SmvImage {
        width,
        height,
        pixels,
        entries,
    })
}

/// The kinds of pixels.
#[derive(Debug, Clone, Copy)]
enum Kind {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    F32,
}

impl Kind {
    /// The kind that a header tells: d*TREK's in `Data_type`, which Rigaku's detectors write, and
    /// ADSC's in `TYPE`. Without either it is unsigned 16-bit, as the C program has it.
    ///
    /// Source: Rigaku, *d\*TREK Image Format* 1.1, for the names of `Data_type`; noisify writes
    /// `unsigned_int` and `float`.
    fn of(entries: &[(String, String)]) -> Result<Kind, Problem> {
        let said = ["Data_type", "TYPE"]
            .into_iter()
            .find_map(|key| Some((key, lookup(entries, key)?)));
        let Some((key, text)) = said else {
            return Ok(Kind::U16);
        };
        let spelled = text.to_ascii_lowercase().replace('_', " ");
        let spelled = spelled.strip_suffix(" int").unwrap_or(&spelled);
        match spelled {
            "unsigned short" => Ok(Kind::U16),
            "short" | "signed short" => Ok(Kind::I16),
            "unsigned long" | "unsigned int" | "unsigned" => Ok(Kind::U32),
            "long" | "signed long" | "int" | "signed" | "signed int" => Ok(Kind::I32),
            "float" | "float ieee" => Ok(Kind::F32),
            "unsigned char" => Ok(Kind::U8),
            "signed char" => Ok(Kind::I8),
            _ => Err(Problem::with_file(format!(
                "header entry {key} is {}; expected unsigned or signed char, short int or long \
                 int (8, 16 or 32 bits), or float",
                quoted(text)
            ))),
        }
    }

    /// Bytes of a pixel.
    fn bytes(self) -> usize {
        match self {
            Kind::U8 | Kind::I8 => 1,
            Kind::U16 | Kind::I16 => 2,
            Kind::U32 | Kind::I32 | Kind::F32 => 4,
        }
    }

    /// The pixels that `data` are.
    fn pixels(self, data: &[u8], big_endian: bool) -> Pixels {
        fn each<const N: usize, T>(
            data: &[u8],
            big_endian: bool,
            of_le_bytes: impl Fn([u8; N]) -> T,
        ) -> Vec<T> {
            let numbers = data.as_chunks().0.iter().copied();
            numbers
                .map(|mut bytes: [u8; N]| {
                    if big_endian {
                        bytes.reverse();
                    }
                    of_le_bytes(bytes)
                })
                .collect()
        }
        match self {
            Kind::U8 => Pixels::U8(data.to_vec()),
            Kind::I8 => Pixels::I32(data.iter().map(|&byte| (byte as i8).into()).collect()),
            Kind::U16 => Pixels::U16(each(data, big_endian, u16::from_le_bytes)),
            Kind::I16 => Pixels::I32(each(data, big_endian, |two| i16::from_le_bytes(two).into())),
            Kind::U32 => Pixels::U32(each(data, big_endian, u32::from_le_bytes)),
            Kind::I32 => Pixels::I32(each(data, big_endian, i32::from_le_bytes)),
            Kind::F32 => Pixels::F32(each(data, big_endian, f32::from_le_bytes)),
        }
    }
}

/// What counts of 32768 and more of an image plate are multiplied by, if its file folds them.
fn raxis_ratio(entries: &[(String, String)]) -> Result<Option<u32>, Problem> {
    const KEY: &str = "RAXIS_COMPRESSION_RATIO";
    match number(entries, KEY)? {
        None => Ok(None),
        Some(ratio) if (1.0..=256.0).contains(&ratio) && ratio.fract() == 0.0 => {
            Ok(Some(ratio as u32))
        }
        Some(ratio) => Err(Problem::with_file(format!(
            "header entry {KEY} is {ratio}; expected a whole number from 1 to 256"
        ))),
    }
}

/// The counts of an R-AXIS image plate: where the highest bit is set, the others are multiplied by
/// `ratio` (*d\*TREK Image Format* 1.1).
fn unfolded(packed: &[u16], ratio: u32) -> Pixels {
    const FOLDED: u16 = 1 << 15;
    let unfold = |&count: &u16| match count & FOLDED {
        0 => count.into(),
        _ => u32::from(count & !FOLDED) * ratio,
    };
    Pixels::U32(packed.iter().map(unfold).collect())
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
    let header = newlines(&header);
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
            assert_eq!(image.pixels, Pixels::U16(vec![1, 258]));
            assert_eq!(
                image.number("DISTANCE").unwrap(),
                Some(99.5),
                "without a semicolon"
            );
            assert_eq!(image.number("PHI").unwrap(), None);
        }
    }

    #[test]
    fn every_kind_of_pixel_is_read() {
        let read = |header: &str, pixels: &[u8]| {
            let header = format!("SIZE1=2;SIZE2=1;{header}");
            parse(&file(&header, pixels)).unwrap().pixels
        };
        let minus_one = [0xff; 8];
        for key in ["Data_type= ", "TYPE="] {
            let read = |kind: &str| read(&format!("{key}{kind};"), &minus_one);
            assert_eq!(read("unsigned_short"), Pixels::U16(vec![65535; 2]));
            assert_eq!(read("unsigned short int"), Pixels::U16(vec![65535; 2]));
            assert_eq!(read("short int"), Pixels::I32(vec![-1; 2]));
            assert_eq!(read("long int"), Pixels::I32(vec![-1; 2]));
            assert_eq!(read("unsigned long int"), Pixels::U32(vec![u32::MAX; 2]));
            assert_eq!(read("unsigned_int"), Pixels::U32(vec![u32::MAX; 2]));
            assert_eq!(read("signed char"), Pixels::I32(vec![-1; 2]));
            assert_eq!(read("unsigned char"), Pixels::U8(vec![255; 2]));
        }
        let floats = [1.5f32, -2.0].map(f32::to_be_bytes).concat();
        let big = "BYTE_ORDER=big_endian;COMPRESSION=None;Data_type=float IEEE;TYPE=mad;";
        assert_eq!(read(big, &floats), Pixels::F32(vec![1.5, -2.0]));
        // Counts of an image plate from 32768 on are folded.
        let plate = "Data_type=unsigned short int;RAXIS_COMPRESSION_RATIO=8;";
        let counts = [32767u16, 32768 + 5000].map(u16::to_le_bytes).concat();
        assert_eq!(read(plate, &counts), Pixels::U32(vec![32767, 40000]));
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
        assert!(said(&file("SIZE1=1;SIZE2=1;TYPE=complex;", &[0; 4])).contains("'complex'"));
        let other = file("SIZE1=1;SIZE2=1;Data_type= Other_type;", &[0; 4]);
        assert!(said(&other).contains("Data_type is 'Other_type'"));
        let packed = file("SIZE1=1;SIZE2=1;COMPRESSION=BS1;", &[0; 4]);
        assert!(said(&packed).contains("COMPRESSION is 'BS1'"));
        let folded = file("SIZE1=1;SIZE2=1;RAXIS_COMPRESSION_RATIO=0.5;", &[0; 4]);
        assert!(said(&folded).contains("RATIO is 0.5"));
        let short = file("SIZE1=1;SIZE2=1;TYPE=float;", &[0; 2]);
        assert!(said(&short).starts_with("truncated"));
        assert!(said(&file("SIZE1=1;SIZE2=1;BYTE_ORDER=odd;", &[0; 4])).contains("'odd'"));
        let image = parse(&file("SIZE1=1;SIZE2=1;PHI=x;", &[0; 2])).unwrap();
        assert!(image.number("PHI").unwrap_err().what.contains("PHI is 'x'"));
    }
}
