//! TIFF: written with one number a pixel, not compressed; read with one number of any kind.

mod record;

use std::io::Cursor;

use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::encoder::colortype::{
    ColorType as Kind, Gray8, Gray16, Gray32, Gray32Float, Gray64Float, GrayI32,
};
use tiff::encoder::{TiffEncoder, TiffValue};

use tracing::info_span;

use super::Problem;
use super::encoding::Number;
use super::format::{Format, RecordRoom};
use super::header::Header;
use super::image_file::ImageFile;
use super::raster::{MOST_GAIN, Pixels, PixelsView, Raster, RasterView, check_gain};
use crate::memory::Bytes;
use crate::profile::FILES;

/// TIFF with one number a pixel.
pub const FORMAT: &Format = &Format {
    name: "TIFF",
    extensions: &["tif", "tiff"],
    numbers: &[Number::F32, Number::U16, Number::U32, Number::I32],
    beside_image: [4, 4 + 4],
    span: || info_span!(target: FILES, "TIFF"),
    recognises: |start| {
        let magic: [&[u8]; 4] = [b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"];
        magic.iter().any(|magic| start.starts_with(magic))
    },
    decode: |bytes, most| {
        Ok((
            ImageFile::Sized(FORMAT, decode(&bytes, most)?),
            Header::default(),
        ))
    },
    encode: |raster, _| encode(raster),
    record: Some(RecordRoom {
        add: record::add,
        find: record::find,
    }),
    ..Format::PICTURE
};

/// An image as a TIFF file, with its own kind of numbers.
///
/// # Errors
/// A [`Problem`] when the image is larger than the format takes (4 GiB).
pub fn encode(raster: RasterView) -> Result<Vec<u8>, Problem> {
    let size = [raster.width, raster.height];
    match raster.pixels {
        PixelsView::U8(values) => of_kind::<Gray8>(size, values),
        PixelsView::U16(values) => of_kind::<Gray16>(size, values),
        PixelsView::I32(values) => of_kind::<GrayI32>(size, values),
        PixelsView::U32(values) => of_kind::<Gray32>(size, values),
        PixelsView::F32(values) => of_kind::<Gray32Float>(size, values),
        PixelsView::F64(values) => of_kind::<Gray64Float>(size, values),
    }
}

fn of_kind<K: Kind>([width, height]: [usize; 2], values: &[K::Inner]) -> Result<Vec<u8>, Problem>
where
    [K::Inner]: TiffValue,
{
    let problem = |error: &dyn std::fmt::Display| {
        Problem::with_file(format!(
            "a {width} x {height} image does not fit in a TIFF: {error}"
        ))
    };
    let width = u32::try_from(width).map_err(|error| problem(&error))?;
    let height = u32::try_from(height).map_err(|error| problem(&error))?;
    let mut file = Cursor::new(Vec::new());
    TiffEncoder::new(&mut file)
        .and_then(|mut tiff| tiff.write_image::<K>(width, height, values))
        .map_err(|error| problem(&error))?;
    Ok(file.into_inner())
}

/// The image that `bytes`, a TIFF file, hold: one page of whole numbers or floats of up to 64 bits,
/// bare or packed by LZW, Deflate or PackBits.
///
/// # Errors
/// A [`Problem`] when the file is damaged, holds colours or several pages, or would be unpacked to
/// more than `most`.
pub fn decode(bytes: &[u8], most: Bytes) -> Result<Raster, Problem> {
    let problem = |error: tiff::TiffError| Problem::with_file(format!("not read as TIFF: {error}"));
    let most = usize::try_from(most.0).unwrap_or(usize::MAX);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = most;
    limits.intermediate_buffer_size = most;
    let mut decoder = Decoder::new(Cursor::new(bytes))
        .map_err(problem)?
        .with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(problem)?;
    let colours = decoder.colortype().map_err(problem)?;
    let ColorType::Gray(bits) = colours else {
        return Err(Problem::with_file(format!(
            "a TIFF of {colours:?} pixels; expected one number a pixel"
        )));
    };
    let size = [width as usize, height as usize];
    check_gain(size, bits.into(), MOST_GAIN, bytes.len())?;
    if decoder.more_images() {
        return Err(Problem::with_file(
            "a TIFF of several pages; expected one, so split it first",
        ));
    }
    let pixels = match decoder.read_image().map_err(problem)? {
        DecodingResult::U8(values) => Pixels::U8(values),
        DecodingResult::U16(values) => Pixels::U16(values),
        DecodingResult::U32(values) => Pixels::U32(values),
        DecodingResult::U64(values) => Pixels::narrowest(values.into_iter().map(i128::from)),
        DecodingResult::I8(values) => Pixels::narrowest(values.into_iter().map(i128::from)),
        DecodingResult::I16(values) => Pixels::narrowest(values.into_iter().map(i128::from)),
        DecodingResult::I32(values) => Pixels::I32(values),
        DecodingResult::I64(values) => Pixels::narrowest(values.into_iter().map(i128::from)),
        DecodingResult::F16(values) => Pixels::F32(values.into_iter().map(f32::from).collect()),
        DecodingResult::F32(values) => Pixels::F32(values),
        DecodingResult::F64(values) => Pixels::F64(values),
    };
    let (width, height) = (width as usize, height as usize);
    if width == 0 || height == 0 || width.checked_mul(height) != Some(pixels.len()) {
        return Err(Problem::with_file(format!(
            "a TIFF of {width} x {height} pixels with {} values",
            pixels.len()
        )));
    }
    Ok(Raster {
        width,
        height,
        pixels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Image;
    use tiff::encoder::colortype;
    use tiff::encoder::{Compression, DeflateLevel};

    fn decode(bytes: &[u8]) -> Result<Raster, Problem> {
        super::decode(bytes, Bytes(1 << 20))
    }

    #[test]
    fn values_come_back_to_the_last_bit() {
        let values = vec![0.0, -1.5, f32::MIN_POSITIVE, f32::MAX, 0.1, 3e7];
        let image = Image::new(3, 2, values, None);
        let bytes = encode(RasterView::of(&image, None)).unwrap();
        assert_eq!(decode(&bytes).unwrap().into_image(), image);
    }

    fn file<K: Kind>(values: &[K::Inner], packed: Compression) -> Vec<u8>
    where
        [K::Inner]: tiff::encoder::TiffValue,
    {
        let mut file = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut file)
            .unwrap()
            .with_compression(packed);
        encoder.write_image::<K>(2, 1, values).unwrap();
        file.into_inner()
    }

    #[test]
    fn every_kind_of_number_is_read_packed_or_not() {
        let deflate = Compression::Deflate(DeflateLevel::Fast);
        let files = [
            file::<colortype::Gray8>(&[3, 200], Compression::Lzw),
            file::<colortype::Gray16>(&[3, 200], deflate),
            file::<colortype::Gray32>(&[3, 200], Compression::Packbits),
            file::<colortype::GrayI32>(&[3, 200], Compression::Uncompressed),
            file::<colortype::Gray32Float>(&[3.0, 200.0], deflate),
            file::<colortype::Gray64Float>(&[3.0, 200.0], Compression::Lzw),
        ];
        for bytes in files {
            let image = decode(&bytes).unwrap().into_image();
            assert_eq!(image.values(), [3.0, 200.0]);
        }
    }

    #[test]
    fn files_that_hold_no_image_of_numbers_are_refused() {
        let said = |bytes: &[u8]| decode(bytes).unwrap_err().what;
        let colours = file::<colortype::RGB8>(&[1, 2, 3, 4, 5, 6], Compression::Uncompressed);
        assert!(said(&colours).contains("RGB(8)"), "{}", said(&colours));
        let mut pages = Cursor::new(Vec::new());
        let mut encoder = TiffEncoder::new(&mut pages).unwrap();
        for _ in 0..2 {
            encoder.write_image::<colortype::Gray8>(1, 1, &[1]).unwrap();
        }
        assert!(said(&pages.into_inner()).contains("several pages"));
        let whole = file::<colortype::Gray32>(&[1, 2], Compression::Uncompressed);
        for length in 0..whole.len() {
            assert!(decode(&whole[..length]).is_err(), "{length} bytes");
        }
    }
}
