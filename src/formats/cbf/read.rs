//! Reading CBF files of one binary section, compressed by byte offset.

use super::super::Problem;
use super::super::image_header::ImageHeader;
use super::super::raster::{Pixels, Raster};
use super::super::text::{newlines, quoted};
use super::{BINARY_START, BOUNDARY, MAGIC, byte_offset, digest, header};

/// A CBF file: what its header says, and its pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct CbfImage {
    /// The pixels, of the type that the file gives.
    pub raster: Raster,
    /// Lines of the miniCBF header: keys and values.
    pub entries: Vec<(String, String)>,
    /// The geometry that the lines give.
    pub header: ImageHeader,
}

/// The CBF file that `bytes` are.
///
/// # Errors
/// A [`Problem`] when there is no binary section, when it is compressed in another way or has
/// no size, or when there are fewer numbers than it says.
pub fn parse(bytes: &[u8]) -> Result<CbfImage, Problem> {
    if !bytes.starts_with(MAGIC) {
        return Err(Problem::with_file("no ###CBF at the start; not a CBF file"));
    }
    let place = |part: &[u8]| bytes.windows(part.len()).position(|window| window == part);
    let section = place(BOUNDARY.as_bytes())
        .ok_or_else(|| Problem::with_file("no binary section in the CBF file"))?;
    let text = String::from_utf8_lossy(&bytes[..section]);
    let binary = &bytes[section + BOUNDARY.len()..];
    let start = binary
        .windows(BINARY_START.len())
        .position(|window| window == BINARY_START)
        .ok_or_else(|| Problem::with_file("no numbers in the CBF file's binary section"))?;
    let section = Section(newlines(&String::from_utf8_lossy(&binary[..start])).into_owned());
    let packed = &binary[start + BINARY_START.len()..];
    let raster = section.raster(packed)?;
    let entries = header::entries(&newlines(&text));
    let header = header::header(&entries)?;
    Ok(CbfImage {
        raster,
        entries,
        header,
    })
}

/// The header of a binary section.
struct Section(String);

impl Section {
    /// The value of `key`; case does not matter.
    fn entry(&self, key: &str) -> Option<&str> {
        self.0.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(key).then(|| value.trim())
        })
    }

    fn count(&self, key: &str) -> Result<Option<usize>, Problem> {
        let parsed = |text: &str| {
            text.parse().map_err(|_| {
                Problem::with_file(format!(
                    "{key} is {}; expected a whole number",
                    quoted(text)
                ))
            })
        };
        self.entry(key).map(parsed).transpose()
    }

    /// Compares the sum of the `packed` numbers with the one that the header states, if it does.
    fn check_sum(&self, packed: &[u8]) -> Result<(), Problem> {
        let Some(stated) = self.entry("Content-MD5") else {
            return Ok(());
        };
        let found = digest::content_md5(packed);
        match stated == found {
            true => Ok(()),
            false => Err(Problem::with_file(format!(
                "damaged: the MD5 sum of its packed numbers is {found}, and its header says {}; \
                 take the file from where it is whole",
                quoted(stated)
            ))),
        }
    }

    /// The image that is `packed`.
    fn raster(&self, packed: &[u8]) -> Result<Raster, Problem> {
        if !self.0.to_ascii_lowercase().contains("x-cbf_byte_offset") {
            return Err(Problem::with_file(
                "a CBF file compressed otherwise than by byte offset; only that is read",
            ));
        }
        let kind = self.entry("X-Binary-Element-Type").unwrap_or_default();
        let kind = kind.trim_matches('"');
        let needed = |key: &str| {
            let missing = || Problem::with_file(format!("no {key} in the CBF file"));
            self.count(key)?.ok_or_else(missing)
        };
        let width = needed("X-Binary-Size-Fastest-Dimension")?;
        let height = needed("X-Binary-Size-Second-Dimension")?;
        let depth = self.count("X-Binary-Size-Third-Dimension")?.unwrap_or(1);
        let elements = width.checked_mul(height);
        let stated = self.count("X-Binary-Number-of-Elements")?;
        if width == 0 || height == 0 || depth != 1 || stated.is_some_and(|n| Some(n) != elements) {
            return Err(Problem::with_file(format!(
                "a CBF file of {width} x {height} x {depth} pixels that says it has {}; expected \
                 one image",
                stated.map_or("none".to_string(), |count| count.to_string())
            )));
        }
        let truncated = || {
            Problem::with_file(format!(
                "truncated: {width} x {height} pixels do not come out of {} packed bytes",
                packed.len()
            ))
        };
        let packed = match self.count("X-Binary-Size")? {
            Some(size) => packed.get(..size).ok_or_else(truncated)?,
            None => packed,
        };
        let unpacked = elements.and_then(|count| byte_offset::unpack(packed, count));
        let numbers = unpacked.ok_or_else(truncated)?;
        self.check_sum(packed)?;
        // Writers and readers count round the end of the type: a step from its largest number to
        // its least may be stored as 1.
        let pixels = match kind {
            "signed 32-bit integer" | "" => {
                Pixels::I32(numbers.iter().map(|&number| number as i32).collect())
            }
            "unsigned 32-bit integer" => {
                Pixels::U32(numbers.iter().map(|&number| number as u32).collect())
            }
            "signed 16-bit integer" => Pixels::I32(
                numbers
                    .iter()
                    .map(|&number| (number as i16).into())
                    .collect(),
            ),
            "unsigned 16-bit integer" => {
                Pixels::U16(numbers.iter().map(|&number| number as u16).collect())
            }
            _ => {
                return Err(Problem::with_file(format!(
                    "a CBF file of {}; expected whole numbers of 16 or 32 bits",
                    quoted(kind)
                )));
            }
        };
        Ok(Raster {
            width,
            height,
            pixels,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode;
    use super::*;

    fn sound() -> Vec<u8> {
        encode(&[0, 1, -1, 70000, i32::MAX, 3], 3, &ImageHeader::default())
    }

    #[test]
    fn what_is_written_is_read() {
        let image = parse(&sound()).unwrap();
        assert_eq!([image.raster.width, image.raster.height], [3, 2]);
        let expected = Pixels::I32(vec![0, 1, -1, 70000, i32::MAX, 3]);
        assert_eq!(image.raster.pixels, expected);
        assert_eq!(image.entries[0].0, "Detector");
    }

    #[test]
    fn files_that_are_not_what_they_say_are_refused() {
        let text = String::from_utf8_lossy(&sound()).into_owned();
        let changed = |from: &str, to: &str| {
            let bytes = sound();
            let at = text.find(from).unwrap();
            let bytes = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
            parse(&bytes).unwrap_err().what
        };
        assert!(changed("BYTE_OFFSET", "PACKED").contains("byte offset"));
        assert!(changed("signed 32-bit integer", "signed 32-bit real IEEE").contains("real"));
        let elements = "X-Binary-Number-of-Elements: 6";
        assert!(changed(elements, "X-Binary-Number-of-Elements: 7").contains("says it has 7"));
        let fastest = "Fastest-Dimension: 3";
        assert!(changed(fastest, "Fastest-Dimension: x").contains("'x'"));
        assert!(changed(fastest, "Fastest-Dimension: 18446744073709551615").contains("18446744"));
        assert!(changed(fastest, "Other-Dimension: 3").contains("no X-Binary-Size-Fastest"));
        assert!(changed("X-Binary-Size: ", "X-Binary-Size: 99").contains("truncated"));
        let before = parse(&sound()[..text.find(BOUNDARY).unwrap()]);
        assert!(before.unwrap_err().what.contains("no binary section"));
        // As many numbers, but others.
        let mut damaged = sound();
        let numbers = damaged.windows(4).position(|four| four == BINARY_START);
        damaged[numbers.unwrap() + 4] += 1;
        let said = parse(&damaged).unwrap_err().what;
        let stated = text.split("Content-MD5: ").nth(1).unwrap();
        assert!(
            said.contains("MD5") && said.contains(&stated[..24]),
            "{said}"
        );
        // The padding and the end may be missing.
        let needed = sound().len() - super::super::PADDING - 40;
        for length in 0..needed {
            assert!(parse(&sound()[..length]).is_err(), "{length} bytes");
        }
    }
}
