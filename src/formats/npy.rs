//! `.npy`, numpy's own format: a header that is a Python dictionary, then bare numbers.
//!
//! Facts: the format is described in numpy's documentation under `numpy.lib.format`.

use tracing::info_span;

use super::Problem;
use super::encoding::Number;
use super::format::Format;
use super::header::Header;
use super::image_file::ImageFile;
use super::raster::{Pixels, PixelsView, Raster, RasterView, bytes_of_pixels};
use super::text::quoted;
use crate::profile::FILES;

/// numpy's array of two axes.
pub const FORMAT: &Format = &Format {
    name: "npy",
    extensions: &["npy"],
    numbers: &[Number::F32, Number::U16, Number::U32, Number::I32],
    beside_image: [4, 4 + 4],
    span: || info_span!(target: FILES, "npy"),
    recognises: |start| start.starts_with(MAGIC),
    decode: |bytes, _| Ok((ImageFile::Sized(FORMAT, decode(&bytes)?), Header::default())),
    encode: |raster, _| Ok(encode(raster)),
    ..Format::PICTURE
};

/// What a file starts with.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Numbers start at a multiple of this many bytes.
const ALIGNMENT: usize = 64;
/// Longer headers than numpy itself reads without being told to trust the file.
const LONGEST_HEADER: usize = 10_000;

/// An image as a `.npy` file: an array of `height` rows, little-endian, C order.
pub fn encode(raster: RasterView) -> Vec<u8> {
    let RasterView {
        width,
        height,
        pixels,
    } = raster;
    let mut file = header_of(&[height, width], pixels);
    file.extend_from_slice(&pixels.le_bytes());
    file
}

/// What a `.npy` file starts with that holds an array of this `shape`, of numbers as those of `kind`:
/// little-endian, in C order, right behind it.
pub fn header_of(shape: &[usize], kind: PixelsView) -> Vec<u8> {
    let kind = match kind {
        PixelsView::U8(_) => "|u1",
        PixelsView::U16(_) => "<u2",
        PixelsView::I32(_) => "<i4",
        PixelsView::U32(_) => "<u4",
        PixelsView::F32(_) => "<f4",
        PixelsView::F64(_) => "<f8",
    };
    let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
    let shape = shape.join(", ");
    let header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': ({shape}), }}");
    // Magic, version, the header's length in two bytes; a line feed ends the header.
    let before = MAGIC.len() + 4;
    let length = (before + header.len() + 1).next_multiple_of(ALIGNMENT) - before;
    let header = format!("{header:<0$}\n", length - 1);
    let mut file = Vec::with_capacity(before + length);
    file.extend(MAGIC);
    file.extend([1, 0]);
    file.extend((length as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file
}

/// The image that `bytes`, a `.npy` file, hold: an array of two axes in C order, of whole numbers
/// or floats of up to 64 bits and either byte order.
///
/// # Errors
/// A [`Problem`] when the header is not that of such an array, or when there are fewer bytes than
/// it says.
pub fn decode(bytes: &[u8]) -> Result<Raster, Problem> {
    let (header, numbers) = split(bytes)?;
    let kind = entry(header, "descr")?;
    if !entry(header, "fortran_order")?.starts_with("False") {
        return Err(Problem::with_file(
            "an array in Fortran order; save numpy.ascontiguousarray of it",
        ));
    }
    let [height, width] = shape(entry(header, "shape")?)?;
    let quote = kind.chars().next().filter(|quote| "'\"".contains(*quote));
    let kind = quote.and_then(|quote| kind[1..].split(quote).next());
    let (kind, little) = match kind.and_then(|kind| kind.split_at_checked(1)) {
        Some(("<" | "|" | "=", kind)) => (kind, true),
        Some((">", kind)) => (kind, false),
        _ => ("", true),
    };
    let bytes_each = match kind {
        "u1" | "i1" | "b1" => 1,
        "u2" | "i2" => 2,
        "u4" | "i4" | "f4" => 4,
        "u8" | "i8" | "f8" => 8,
        _ => {
            return Err(Problem::with_file(format!(
                "an array of {}; expected whole numbers or floats of up to 64 bits",
                quoted(entry(header, "descr")?)
            )));
        }
    };
    let numbers = bytes_of_pixels(numbers, [width, height], bytes_each, bytes.len())?;
    let pixels = match kind {
        "u1" | "b1" => Pixels::U8(numbers.to_vec()),
        "u2" => Pixels::U16(parsed(numbers, little, u16::from_le_bytes).collect()),
        "i4" => Pixels::I32(parsed(numbers, little, i32::from_le_bytes).collect()),
        "u4" => Pixels::U32(parsed(numbers, little, u32::from_le_bytes).collect()),
        "f4" => Pixels::F32(parsed(numbers, little, f32::from_le_bytes).collect()),
        "f8" => Pixels::F64(parsed(numbers, little, f64::from_le_bytes).collect()),
        "i1" => Pixels::narrowest(parsed(numbers, little, i8::from_le_bytes).map(i128::from)),
        "i2" => Pixels::narrowest(parsed(numbers, little, i16::from_le_bytes).map(i128::from)),
        "u8" => Pixels::narrowest(parsed(numbers, little, u64::from_le_bytes).map(i128::from)),
        _ => Pixels::narrowest(parsed(numbers, little, i64::from_le_bytes).map(i128::from)),
    };
    Ok(Raster {
        width,
        height,
        pixels,
    })
}

/// The numbers of `N` bytes each, as `of` makes them of little-endian ones.
fn parsed<T, const N: usize>(
    bytes: &[u8],
    little: bool,
    of: impl Fn([u8; N]) -> T + Clone,
) -> impl Iterator<Item = T> + Clone {
    bytes.as_chunks::<N>().0.iter().map(move |&(mut number)| {
        if !little {
            number.reverse();
        }
        of(number)
    })
}

/// The header's text, and what follows it.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), Problem> {
    let no_header = || Problem::with_file("no header of a .npy file at its start");
    let rest = bytes.strip_prefix(MAGIC).ok_or_else(no_header)?;
    let (length, rest) = match *rest {
        [1, _, low, high, ref rest @ ..] => (u16::from_le_bytes([low, high]).into(), rest),
        [2 | 3, _, a, b, c, d, ref rest @ ..] => (u32::from_le_bytes([a, b, c, d]) as usize, rest),
        _ => return Err(no_header()),
    };
    if length > LONGEST_HEADER {
        return Err(Problem::with_file(format!(
            "a .npy header of {length} bytes; expected at most {LONGEST_HEADER}"
        )));
    }
    let (header, numbers) = rest.split_at_checked(length).ok_or_else(no_header)?;
    let header = std::str::from_utf8(header).map_err(|_| no_header())?;
    Ok((header, numbers))
}

/// The value of `key` in a Python dictionary.
fn entry<'a>(header: &'a str, key: &str) -> Result<&'a str, Problem> {
    let found = ['\'', '"'].iter().find_map(|quote| {
        let (_, rest) = header.split_once(&format!("{quote}{key}{quote}"))?;
        rest.trim_start().strip_prefix(':')
    });
    let found = found.map(str::trim_start);
    found.ok_or_else(|| Problem::with_file(format!("no {key} in the .npy header")))
}

/// Rows and columns from `(rows, columns)`.
fn shape(text: &str) -> Result<[usize; 2], Problem> {
    let inner = text
        .strip_prefix('(')
        .and_then(|text| text.split(')').next());
    let inner = inner.ok_or_else(|| Problem::with_file("no shape in the .npy header"))?;
    let axes = inner.split(',').map(str::trim);
    let axes: Vec<_> = axes.filter(|axis| !axis.is_empty()).collect();
    let lengths: Option<Vec<usize>> = axes.iter().map(|axis| axis.parse().ok()).collect();
    match lengths.as_deref() {
        Some(&[height, width]) if height > 0 && width > 0 => Ok([height, width]),
        _ => Err(Problem::with_file(format!(
            "an array of shape {}; expected (rows, columns), one image",
            quoted(&format!("({inner})"))
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, numbers: &[u8]) -> Vec<u8> {
        let length = (header.len() as u16).to_le_bytes();
        [MAGIC, &[1, 0], &length, header.as_bytes(), numbers].concat()
    }

    #[test]
    fn every_kind_of_number_comes_back() {
        for pixels in [
            Pixels::U8(vec![0, 255]),
            Pixels::U16(vec![7, 65535]),
            Pixels::I32(vec![i32::MIN, i32::MAX]),
            Pixels::U32(vec![1 << 24, u32::MAX]),
            Pixels::F32(vec![-0.0, 1e-40]),
            Pixels::F64(vec![f64::MAX, 0.1]),
        ] {
            let raster = Raster {
                width: 2,
                height: 1,
                pixels,
            };
            let bytes = encode(raster.view());
            assert_eq!(decode(&bytes).unwrap(), raster);
            for length in 0..bytes.len() {
                assert!(decode(&bytes[..length]).is_err(), "{length} bytes");
            }
        }
    }

    #[test]
    fn other_programs_headers_are_read() {
        let header = "{\"shape\": (1,2), 'fortran_order':False,'descr':'>i2'}\n";
        let raster = decode(&file(header, &[255, 254, 1, 0])).unwrap();
        assert_eq!(raster.pixels, Pixels::I32(vec![-2, 256]));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let said = |descr: &str, order: &str, shape: &str| {
            let header =
                format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}");
            decode(&file(&header, &[0; 8])).unwrap_err().what
        };
        assert!(said("'<f4'", "True", "(1, 2)").contains("Fortran"));
        assert!(said("'<f4'", "False", "(1, 2, 1)").contains("shape '(1, 2, 1)'"));
        assert!(said("'<f4'", "False", "(0, 2)").contains("shape"));
        assert!(said("'<f4'", "False", "(2, 2)").starts_with("truncated"));
        let most = usize::MAX;
        assert!(said("'<f4'", "False", &format!("({most}, 2)")).starts_with("truncated"));
        assert!(said("'<c8'", "False", "(1, 1)").contains("<c8"));
        assert!(said("[('a', '<f4')]", "False", "(1, 1)").contains("an array of"));
        assert!(decode(b"\x93NUMPY\x02\0\xff\xff\xff\xff").is_err());
    }
}
