//! CBF, the crystallographic binary file, as photon-counting detectors write it: a miniCBF header
//! and 32-bit counts under byte-offset compression.
//!
//! Facts: the imgCIF dictionary (*International Tables* G, 5.6) and the DECTRIS miniCBF header.

mod byte_offset;
mod header;
mod read;

use super::image_header::ImageHeader;

pub use read::{CbfImage, parse};

/// What a file starts with.
pub const MAGIC: &[u8] = b"###CBF";
/// A pixel without a value: a gap between modules, or one that was not rendered.
pub const NO_VALUE: i32 = -1;
/// What the binary section starts and ends with.
const BOUNDARY: &str = "--CIF-BINARY-FORMAT-SECTION--";
/// What the compressed numbers start with.
const BINARY_START: [u8; 4] = [0x0c, 0x1a, 0x04, 0xd5];
/// Zeros behind the numbers: readers may look ahead.
const PADDING: usize = 4095;

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
         X-Binary-Number-of-Elements: {}\r\n\
         X-Binary-Size-Fastest-Dimension: {width}\r\n\
         X-Binary-Size-Second-Dimension: {}\r\n\
         X-Binary-Size-Padding: {PADDING}\r\n\r\n",
        header::CONVENTION,
        header::contents(header),
        packed.len(),
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
