//! The experiment that an image was rendered from, as text within the image file.
//!
//! A format with room for it adds the text to a finished file ([`RecordRoom`]); the pixels stay
//! what they are.
//!
//! [`RecordRoom`]: super::format::RecordRoom

use super::format::{self, Format};

/// What every record starts with.
pub const START: &str = "# nanobragg ";

/// `file`, a whole one of `format`, with `record`, ASCII text; as it is where there is no room.
pub fn add(format: &Format, file: Vec<u8>, record: &str) -> Vec<u8> {
    debug_assert!(record.is_ascii() && record.starts_with(START));
    match &format.record {
        Some(room) => (room.add)(file, record),
        None => file,
    }
}

/// The record in `file`, if there is one.
pub fn find(file: &[u8]) -> Option<String> {
    let room = format::of_content(file).record.as_ref()?;
    let text = (room.find)(file)?;
    text.starts_with(START).then_some(text)
}

/// The program that wrote `record`.
pub fn program(record: &str) -> Option<String> {
    let first = record.lines().next()?;
    first.strip_prefix("# ").map(str::to_string)
}

/// How two records differ, where they do: their first lines that are not the same. Comments do not
/// count, but for the first, which names the program.
pub fn difference(found: &str, expected: &str) -> Option<String> {
    let lines = |line: &&str| line.starts_with(START) || !line.starts_with('#');
    let [mut found, mut expected] = [found, expected].map(|text| text.lines().filter(lines));
    loop {
        let pair = (found.next(), expected.next());
        match pair {
            (None, None) => return None,
            (one, other) if one != other => {
                let [one, other] = [one, other].map(|line| line.unwrap_or("nothing more"));
                return Some(format!("it says '{one}', and this one '{other}'"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::image_file::{self, ImageFile};
    use super::super::image_header::ImageHeader;
    use super::super::raster::RasterView;
    use super::super::{cbf, png, tiff};
    use super::*;
    use crate::image::{Image, ToneMap, ToneScale};
    use crate::memory::Bytes;

    const RECORD: &str = "# nanobragg 1\n\n[crystal]\ncells = 5\n";

    fn files() -> [Vec<u8>; 3] {
        let image = Image::new(3, 1, vec![0.0, 2.0, 255.0], None);
        let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
        [
            png::encode(&image, &tone, png::Colormap::Grey, png::Depth::Eight).unwrap(),
            tiff::encode(RasterView::of(&image, None)).unwrap(),
            cbf::encode(&[0, 2, 255], 3, &ImageHeader::default()),
        ]
    }

    /// `file` with `record`.
    fn with_record(file: Vec<u8>, record: &str) -> Vec<u8> {
        add(format::of_content(&file), file, record)
    }

    #[test]
    fn what_is_put_in_is_found_and_pixels_stay() {
        let pixels = |file: Vec<u8>| match image_file::parse(file, Bytes(1 << 20)).unwrap() {
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
