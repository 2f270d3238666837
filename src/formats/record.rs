//! The experiment that an image was rendered from, as text within the image file.
//!
//! PNG holds it as a text chunk, TIFF as its description, CBF as comments behind its first line. A
//! finished file is added to, and its pixels stay what and, but for CBF and PNG, where they are.

use super::image_file::ImageFormat;

/// What every record starts with.
pub const START: &str = "# nanobragg ";
/// The keyword of the text chunk of a PNG file.
const KEYWORD: &[u8] = b"nanobragg";
/// Bytes of a PNG file before its second chunk: its signature and its header.
const PNG_HEADER: usize = 8 + 25;
/// What a line of a record starts with in CBF.
const CBF_LINE: &str = "## ";
/// TIFF's number of the tag of a description.
const DESCRIPTION: u16 = 270;
/// TIFF's number of the type of ASCII text.
const ASCII: u16 = 2;
/// Bytes of an entry of a TIFF directory.
const ENTRY: usize = 12;

/// Whether files of `format` have room for a record.
pub fn has_room(format: ImageFormat) -> bool {
    matches!(
        format,
        ImageFormat::Cbf | ImageFormat::Nxmx | ImageFormat::Png | ImageFormat::Tiff
    )
}

/// `file`, one that this program made, with `record`, ASCII text; as it is where its format, or a
/// TIFF's 4 GiB, have no room.
pub fn with_record(mut file: Vec<u8>, record: &str) -> Vec<u8> {
    debug_assert!(record.is_ascii() && record.starts_with(START));
    match ImageFormat::of(&file) {
        ImageFormat::Png if file.len() > PNG_HEADER => {
            let chunk = png_chunk(record);
            file.splice(PNG_HEADER..PNG_HEADER, chunk);
        }
        ImageFormat::Tiff => return tiff_with(file, record),
        ImageFormat::Cbf => {
            let end = file.iter().position(|&byte| byte == b'\n');
            let start = end.map_or(file.len(), |end| end + 1);
            let lines = record.lines().map(|line| format!("{CBF_LINE}{line}\r\n"));
            file.splice(start..start, lines.collect::<String>().into_bytes());
        }
        _ => {}
    }
    file
}

/// The record in `file`, if there is one.
pub fn find(file: &[u8]) -> Option<String> {
    let text = match ImageFormat::of(file) {
        ImageFormat::Png => png_record(file)?,
        ImageFormat::Tiff => tiff_record(file)?,
        ImageFormat::Cbf => cbf_record(file),
        _ => return None,
    };
    text.starts_with(START).then_some(text)
}

/// The program that `record` is of.
pub fn program(record: &str) -> Option<String> {
    let first = record.lines().next()?;
    first.strip_prefix("# ").map(str::to_string)
}

/// A text chunk: length, name, keyword, text, sum.
fn png_chunk(record: &str) -> Vec<u8> {
    let mut content = b"tEXt".to_vec();
    content.extend(KEYWORD);
    content.push(0);
    content.extend(record.bytes());
    let mut sum = flate2::Crc::new();
    sum.update(&content);
    // Without the name. A record is some kilobytes long.
    let length = (content.len() - 4) as u32;
    [
        &length.to_be_bytes()[..],
        &content,
        &sum.sum().to_be_bytes(),
    ]
    .concat()
}

fn png_record(file: &[u8]) -> Option<String> {
    let mut rest = file.get(8..)?;
    loop {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let chunk = behind.get(..length.checked_add(4)?)?;
        let text = chunk
            .strip_prefix(b"tEXt")
            .and_then(|text| text.strip_prefix(KEYWORD))
            .and_then(|text| text.strip_prefix(b"\0"));
        if let Some(text) = text {
            return String::from_utf8(text.to_vec()).ok();
        }
        rest = behind.get(length.checked_add(8)?..)?;
    }
}

fn cbf_record(file: &[u8]) -> String {
    let lines = file.split(|&byte| byte == b'\n').skip(1);
    let lines = lines.map_while(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // An empty line may have lost its blank.
        let text = line.strip_prefix(CBF_LINE.trim_end().as_bytes())?;
        let text = text.strip_prefix(b" ").unwrap_or(text);
        Some(String::from_utf8_lossy(text).into_owned() + "\n")
    });
    lines.collect()
}

/// The place and the entries of the first directory of `file`, a little-endian TIFF.
fn tiff_directory(file: &[u8]) -> Option<Vec<[u8; ENTRY]>> {
    let number = |at: usize| Some(u32::from_le_bytes(*file.get(at..)?.first_chunk()?));
    if !file.starts_with(b"II*\0") {
        return None;
    }
    let place = number(4)? as usize;
    let count = u16::from_le_bytes(*file.get(place..)?.first_chunk()?) as usize;
    let entries = file.get(place + 2..)?.get(..count * ENTRY)?;
    let (entries, _) = entries.as_chunks();
    Some(entries.to_vec())
}

fn tag(entry: &[u8; ENTRY]) -> u16 {
    u16::from_le_bytes([entry[0], entry[1]])
}

/// `file` with another directory at its end, which the first is left out for.
fn tiff_with(mut file: Vec<u8>, record: &str) -> Vec<u8> {
    let Some(mut entries) = tiff_directory(&file) else {
        return file;
    };
    let text = format!("{record}\0");
    // Directories start at even places.
    let text_place = file.len().next_multiple_of(2);
    let place = (text_place + text.len()).next_multiple_of(2);
    let (Ok(text_place_32), Ok(place_32)) = (u32::try_from(text_place), u32::try_from(place))
    else {
        return file;
    };
    let mut entry = [0; ENTRY];
    entry[0..2].copy_from_slice(&DESCRIPTION.to_le_bytes());
    entry[2..4].copy_from_slice(&ASCII.to_le_bytes());
    entry[4..8].copy_from_slice(&(text.len() as u32).to_le_bytes());
    entry[8..12].copy_from_slice(&text_place_32.to_le_bytes());
    entries.push(entry);
    entries.sort_by_key(tag);
    file.resize(text_place, 0);
    file.extend(text.as_bytes());
    file.resize(place, 0);
    file.extend((entries.len() as u16).to_le_bytes());
    file.extend(entries.as_flattened());
    // No further directory follows.
    file.extend([0; 4]);
    file[4..8].copy_from_slice(&place_32.to_le_bytes());
    file
}

fn tiff_record(file: &[u8]) -> Option<String> {
    let entries = tiff_directory(file)?;
    let entry = entries.iter().find(|entry| tag(entry) == DESCRIPTION)?;
    let number =
        |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
    let text = file.get(number(8) as usize..)?.get(..number(4) as usize)?;
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::super::image_file::{self, ImageFile};
    use super::super::image_header::ImageHeader;
    use super::super::{cbf, png, tiff};
    use super::*;
    use crate::image::{Image, ToneMap, ToneScale};

    const RECORD: &str = "# nanobragg 1\n\n[crystal]\ncells = 5\n";

    fn files() -> [Vec<u8>; 3] {
        let image = Image::new(3, 1, vec![0.0, 2.0, 255.0], None);
        let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
        [
            png::encode(&image, &tone, png::Colormap::Grey, png::Depth::Eight).unwrap(),
            tiff::encode(&image).unwrap(),
            cbf::encode(&[0, 2, 255], 3, &ImageHeader::default()),
        ]
    }

    #[test]
    fn what_is_put_in_is_found_and_pixels_stay() {
        let pixels = |file: Vec<u8>| match image_file::parse(file).unwrap() {
            ImageFile::Sized(_, raster) => raster,
            ImageFile::Bare(_) => panic!("no image"),
        };
        for file in files() {
            assert_eq!(find(&file), None);
            let with = with_record(file.clone(), RECORD);
            assert_eq!(find(&with).as_deref(), Some(RECORD));
            assert_eq!(pixels(with), pixels(file));
        }
    }

    #[test]
    fn other_formats_stay_as_they_are() {
        for file in [b"{\nHEADER_BYTES=512;".to_vec(), vec![0; 8], Vec::new()] {
            assert_eq!(with_record(file.clone(), RECORD), file);
            assert_eq!(find(&file), None);
        }
    }

    #[test]
    fn cut_and_damaged_files_have_none_or_a_part() {
        for file in files() {
            let whole = with_record(file, RECORD);
            for length in 0..whole.len() {
                // Nothing is read beyond the end.
                let _ = find(&whole[..length]);
            }
            for place in 0..whole.len().min(200) {
                let mut damaged = whole.clone();
                damaged[place] ^= 0xff;
                let _ = find(&damaged);
            }
        }
    }
}
