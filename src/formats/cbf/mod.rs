//! CBF, the crystallographic binary file, as photon-counting detectors write it: a miniCBF header
//! and 32-bit counts under byte-offset compression.
//!
//! Facts: the imgCIF dictionary (*International Tables* G, 5.6) and the DECTRIS miniCBF header.

mod byte_offset;
mod digest;
mod header;
mod read;

use tracing::info_span;

use super::encoding::Number;
use super::format::{Format, GeometryRoom, RecordRoom};
use super::header::Header;
use super::image_file::ImageFile;
use super::image_header::ImageHeader;
use super::raster::PixelsView;
use super::text::text_lines;
use crate::profile::FILES;

pub use read::{CbfImage, parse};

/// CBF, 32-bit counts compressed by byte offset.
pub const FORMAT: &Format = &Format {
    name: "CBF",
    extensions: &["cbf"],
    numbers: &[Number::I32],
    geometry: GeometryRoom::UprightPanel,
    counts_photons: true,
    // A packed file takes up to 15 bytes a pixel.
    beside_image: [4 + 15; 2],
    span: || info_span!(target: FILES, "CBF"),
    recognises: |start| start.starts_with(MAGIC),
    decode: |bytes, _| {
        let file = parse(&bytes)?;
        let header = Header {
            entries: file.entries,
            entries_of: Some(FORMAT),
            geometry: file.header,
            ..Header::default()
        };
        Ok((ImageFile::Sized(FORMAT, file.raster), header))
    },
    encode: |raster, header| match raster.pixels {
        PixelsView::I32(counts) => Ok(encode(counts, raster.width, &header.geometry)),
        _ => Err(raster.unfit("CBF")),
    },
    record: Some(RecordRoom {
        add: with_record,
        find: find_record,
    }),
    ..Format::PICTURE
};

/// What a file starts with.
pub const MAGIC: &[u8] = b"###CBF";
/// The data item that holds the record of an experiment, up to the start of its text.
const RECORD_ITEM: &str = "\r\n_nanobragg.record\r\n;\r\n";
/// What a line of the record starts with, so that no line ends the text.
const RECORD_LINE: &str = "| ";
/// What a line of the record starts with in files of version 0.1.0.
const OLD_RECORD_LINE: &str = "## ";
/// A pixel without a value: a gap between modules, or one that was not rendered.
pub const NO_VALUE: i32 = -1;
/// What the binary section starts and ends with.
const BOUNDARY: &str = "--CIF-BINARY-FORMAT-SECTION--";
/// What the compressed numbers start with.
const BINARY_START: [u8; 4] = [0x0c, 0x1a, 0x04, 0xd5];
/// Zeros behind the numbers: readers may look ahead.
const PADDING: usize = 4095;

/// `file` with `record` as a text behind the image: readers of miniCBF headers make sense of every
/// line before it.
fn with_record(mut file: Vec<u8>, record: &str) -> Vec<u8> {
    file.extend(RECORD_ITEM.as_bytes());
    for line in record.lines() {
        file.extend(format!("{RECORD_LINE}{line}\r\n").as_bytes());
    }
    file.extend(b";\r\n");
    file
}

/// The text behind the image of `file`; in files of version 0.1.0, the comments behind its first
/// line.
fn find_record(file: &[u8]) -> Option<String> {
    let item = RECORD_ITEM.as_bytes();
    let found = file.windows(item.len()).rposition(|part| part == item);
    match found {
        Some(start) => Some(marked_lines(&file[start + item.len()..], RECORD_LINE)),
        None => {
            let end = file.iter().position(|&byte| byte == b'\n')?;
            Some(marked_lines(&file[end + 1..], OLD_RECORD_LINE))
        }
    }
}

/// The lines at the start of `text` that begin with `mark`, without it.
fn marked_lines(text: &[u8], mark: &str) -> String {
    let lines = text_lines(text).map_while(|line| {
        // An empty line may have lost its blank.
        let text = line.strip_prefix(mark.trim_end().as_bytes())?;
        let text = text.strip_prefix(b" ").unwrap_or(text);
        Some(String::from_utf8_lossy(text).into_owned() + "\n")
    });
    lines.collect()
}

/// `counts` of an image of `width` as a CBF file whose header says what `header` does.
///
/// # Panics
/// When `counts` are not whole rows.
pub fn encode(counts: &[i32], width: usize, header: &ImageHeader) -> Vec<u8> {
    assert!(counts.len().is_multiple_of(width), "whole rows");
    let packed = byte_offset::pack(counts);
    let text = format!(
        "###CBF: VERSION 1.5, nanobragg\r\n\r\ndata_image\r\n\r\n\
         _array_data.header_convention \"{}\"\r\n_array_data.header_contents\r\n;\r\n{}\
         ;\r\n\r\n_array_data.data\r\n;\r\n{BOUNDARY}\r\n\
         Content-Type: application/octet-stream;\r\n     conversions=\"x-CBF_BYTE_OFFSET\"\r\n\
         Content-Transfer-Encoding: BINARY\r\n\
         X-Binary-Size: {}\r\nX-Binary-ID: 1\r\n\
         X-Binary-Element-Type: \"signed 32-bit integer\"\r\n\
         X-Binary-Element-Byte-Order: LITTLE_ENDIAN\r\n\
         Content-MD5: {}\r\n\
         X-Binary-Number-of-Elements: {}\r\n\
         X-Binary-Size-Fastest-Dimension: {width}\r\n\
         X-Binary-Size-Second-Dimension: {}\r\n\
         X-Binary-Size-Padding: {PADDING}\r\n\r\n",
        header::CONVENTION,
        header::contents(header),
        packed.len(),
        digest::content_md5(&packed),
        counts.len(),
        counts.len() / width,
    );
    let end = format!("\r\n{BOUNDARY}--\r\n;\r\n");
    let mut file = Vec::with_capacity(text.len() + packed.len() + PADDING + end.len() + 4);
    file.extend(text.as_bytes());
    file.extend(BINARY_START);
    file.extend(packed);
    file.resize(file.len() + PADDING, 0);
    file.extend(end.as_bytes());
    file
}
