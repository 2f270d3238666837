//! PNG pictures to look at, 8 or 16 bits deep.

use std::io::Cursor;

use ::image::codecs::png::{PngDecoder, PngEncoder};
use ::image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageError, Limits};
use colorgrad::Gradient;

use tracing::info_span;

use super::Problem;
use super::format::{Format, RecordRoom};
use super::header::Header;
use super::image_file::ImageFile;
use super::raster::{DEFLATE_GAIN, Pixels, Raster, check_gain};
use crate::image::{Image, ToneMap};
use crate::memory::Bytes;
use crate::profile::FILES;

/// PNG.
pub const FORMAT: &Format = &Format {
    name: "PNG",
    extensions: &["png"],
    // A copy to find the percentile in; then up to three channels, and the file.
    beside_image: [12; 2],
    span: || info_span!(target: FILES, "PNG"),
    recognises: |start| start.starts_with(MAGIC),
    decode: |bytes, most| {
        Ok((
            ImageFile::Sized(FORMAT, decode(&bytes, most)?),
            Header::default(),
        ))
    },
    record: Some(RecordRoom {
        add: with_text,
        find: find_text,
    }),
    ..Format::PICTURE
};

/// What a file starts with.
const MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The keyword of the text chunk that holds the record of the experiment.
const KEYWORD: &[u8] = b"nanobragg";
/// Bytes of a file before its second chunk: its signature and its header.
const BEFORE_SECOND_CHUNK: usize = 8 + 25;

/// The colours of a picture's shades.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colormap {
    /// Dark spots on white, as on film.
    #[default]
    Grey,
    /// Viridis: dark blue over green to yellow, even to the eye.
    Viridis,
    /// Inferno: black over red to pale yellow, even to the eye.
    Inferno,
}

/// Bits per channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// 256 shades.
    #[default]
    Eight,
    /// 65,536 shades.
    Sixteen,
}

/// `image` as a PNG file. Values that are no number, where nothing was rendered, are light on
/// grey's white and dark grey on the others' dark.
///
/// # Errors
/// A [`Problem`] when the image is too large for the format.
pub fn encode(
    image: &Image,
    tone: &ToneMap,
    colormap: Colormap,
    depth: Depth,
) -> Result<Vec<u8>, Problem> {
    let highest = match depth {
        Depth::Eight => f32::from(u8::MAX),
        Depth::Sixteen => f32::from(u16::MAX),
    };
    let levels = image.values().iter().map(|&value| match value.is_nan() {
        true => highest as usize + 1,
        false => (tone.shade(value) * highest).round() as usize,
    });
    let mut palette = palette(colormap, highest as usize);
    palette.push(vec![gap(colormap); palette.first().map_or(1, Vec::len)]);
    let channels = palette.first().map_or(1, Vec::len);
    let mut bytes = Vec::with_capacity(image.values().len() * channels * depth.bytes());
    for level in levels {
        for &channel in &palette[level] {
            let value = (channel * highest).round();
            match depth {
                Depth::Eight => bytes.push(value as u8),
                Depth::Sixteen => bytes.extend((value as u16).to_ne_bytes()),
            }
        }
    }
    let color = match (channels, depth) {
        (1, Depth::Eight) => ExtendedColorType::L8,
        (1, Depth::Sixteen) => ExtendedColorType::L16,
        (_, Depth::Eight) => ExtendedColorType::Rgb8,
        (_, Depth::Sixteen) => ExtendedColorType::Rgb16,
    };
    file(&bytes, [image.width(), image.height()], color)
}

/// `image` as red, green and blue of each pixel, to draw on.
pub fn colours(image: &Image, tone: &ToneMap, colormap: Colormap) -> Vec<u8> {
    let highest = f32::from(u8::MAX);
    let shades = palette(colormap, highest as usize);
    let colour = |value: f32| {
        let shade = match value.is_nan() {
            true => &vec![gap(colormap)],
            false => &shades[(tone.shade(value) * highest).round() as usize],
        };
        [0, 1, 2].map(|channel| (shade[channel.min(shade.len() - 1)] * highest).round() as u8)
    };
    image
        .values()
        .iter()
        .flat_map(|&value| colour(value))
        .collect()
}

/// A picture of `width` × `height` pixels of red, green and blue as a PNG file.
///
/// # Errors
/// A [`Problem`] when the picture is too large for the format.
///
/// # Panics
/// When there are not three bytes a pixel.
pub fn encode_rgb(bytes: &[u8], size: [usize; 2]) -> Result<Vec<u8>, Problem> {
    file(bytes, size, ExtendedColorType::Rgb8)
}

fn file(
    bytes: &[u8],
    [width, height]: [usize; 2],
    color: ExtendedColorType,
) -> Result<Vec<u8>, Problem> {
    let too_large = |error: &dyn std::fmt::Display| {
        Problem::with_file(format!(
            "a {width} x {height} image does not fit in a PNG: {error}"
        ))
    };
    let columns = u32::try_from(width).map_err(|error| too_large(&error))?;
    let rows = u32::try_from(height).map_err(|error| too_large(&error))?;
    let mut file = Cursor::new(Vec::new());
    PngEncoder::new(&mut file)
        .write_image(bytes, columns, rows, color)
        .map_err(|error| too_large(&error))?;
    Ok(file.into_inner())
}

/// The image that `bytes`, a grey PNG file of up to 16 bits, hold: its shades as numbers.
///
/// # Errors
/// A [`Problem`] when the file is damaged, has colours or transparency, or would be unpacked to
/// more than `most`.
pub fn decode(bytes: &[u8], most: Bytes) -> Result<Raster, Problem> {
    let problem = |error: ImageError| Problem::with_file(format!("not read as PNG: {error}"));
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(most.0);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits.clone()).map_err(problem)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    // A pixel takes a bit at least.
    check_gain([width, height], 1, DEFLATE_GAIN, bytes.len())?;
    limits.reserve(decoder.total_bytes()).map_err(problem)?;
    let picture = DynamicImage::from_decoder(decoder).map_err(problem)?;
    let pixels = match picture {
        DynamicImage::ImageLuma8(shades) => Pixels::U8(shades.into_raw()),
        DynamicImage::ImageLuma16(shades) => Pixels::U16(shades.into_raw()),
        _ => {
            return Err(Problem::with_file(
                "a PNG in colour; the numbers behind it cannot be told, expected a grey one",
            ));
        }
    };
    Ok(Raster {
        width,
        height,
        pixels,
    })
}

/// `record` as a text chunk: length, name, keyword, text, sum.
fn text_chunk(record: &str) -> Vec<u8> {
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

/// `file` with `record` in its second chunk.
fn with_text(mut file: Vec<u8>, record: &str) -> Vec<u8> {
    if file.len() > BEFORE_SECOND_CHUNK {
        file.splice(BEFORE_SECOND_CHUNK..BEFORE_SECOND_CHUNK, text_chunk(record));
    }
    file
}

/// The text of the chunk under our keyword.
fn find_text(file: &[u8]) -> Option<String> {
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

impl Depth {
    fn bytes(self) -> usize {
        match self {
            Depth::Eight => 1,
            Depth::Sixteen => 2,
        }
    }
}

/// The grey of what is no part of the detector.
fn gap(colormap: Colormap) -> f32 {
    match colormap {
        Colormap::Grey => 0.85,
        Colormap::Viridis | Colormap::Inferno => 0.35,
    }
}

/// The colour of each shade from 0 to `highest`, its channels from 0 to 1.
fn palette(colormap: Colormap, highest: usize) -> Vec<Vec<f32>> {
    let shades = (0..=highest).map(|level| level as f32 / highest as f32);
    let colours = |gradient: &dyn Gradient| {
        shades
            .clone()
            .map(|shade| gradient.at(shade).to_array()[..3].to_vec())
            .collect()
    };
    match colormap {
        Colormap::Grey => shades.map(|shade| vec![1.0 - shade]).collect(),
        Colormap::Viridis => colours(&colorgrad::preset::viridis()),
        Colormap::Inferno => colours(&colorgrad::preset::inferno()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::ToneScale;

    fn decode(bytes: &[u8]) -> Result<Raster, Problem> {
        super::decode(bytes, Bytes(1 << 20))
    }

    fn decoded(colormap: Colormap, depth: Depth) -> ::image::DynamicImage {
        let image = Image::new(3, 1, vec![0.0, 5.0, 10.0], None);
        let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
        let file = encode(&image, &tone, colormap, depth).unwrap();
        ::image::load_from_memory(&file).unwrap()
    }

    #[test]
    fn grey_is_dark_spots_on_white() {
        let picture = decoded(Colormap::Grey, Depth::Eight);
        assert_eq!(picture.as_luma8().unwrap().as_raw(), &[255, 127, 0]);
        let picture = decoded(Colormap::Grey, Depth::Sixteen);
        assert_eq!(picture.as_luma16().unwrap().as_raw(), &[65535, 32767, 0]);
    }

    #[test]
    fn colours_run_from_dark_to_light() {
        for colormap in [Colormap::Viridis, Colormap::Inferno] {
            let picture = decoded(colormap, Depth::Sixteen).into_luma16();
            let shades = picture.as_raw();
            assert!(
                shades[0] < shades[1] && shades[1] < shades[2],
                "{colormap:?} {shades:?}"
            );
            assert!(decoded(colormap, Depth::Eight).as_rgb8().is_some());
        }
    }

    #[test]
    fn grey_is_read_and_colours_are_not() {
        let image = Image::new(3, 1, vec![0.0, 5.0, 10.0], None);
        let tone = ToneMap::of(&image, ToneScale::Linear, 100.0);
        let file = |colormap, depth| encode(&image, &tone, colormap, depth).unwrap();
        let read = |depth| decode(&file(Colormap::Grey, depth)).unwrap().into_image();
        assert_eq!(read(Depth::Eight).values(), [255.0, 127.0, 0.0]);
        assert_eq!(read(Depth::Sixteen).values(), [65535.0, 32767.0, 0.0]);
        let said = |bytes: &[u8]| decode(bytes).unwrap_err().what;
        assert!(said(&file(Colormap::Viridis, Depth::Eight)).contains("in colour"));
        let whole = file(Colormap::Grey, Depth::Eight);
        assert!(said(&whole[..20]).contains("not read as PNG"));
    }
}
