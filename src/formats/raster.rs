//! The numbers of an image file, exactly as the file has them.
//!
//! An [`Image`] is of float32, which has room for whole numbers up to 2²⁴. What goes from one file
//! to another must not lose more than the other file's format does, so it goes through a
//! [`Raster`].

use std::borrow::Cow;

use bytemuck::Pod;

use super::Problem;
use crate::image::Image;

/// The numbers of an image, slow axis outermost.
#[derive(Debug, Clone, PartialEq)]
pub enum Pixels {
    /// Bytes.
    U8(Vec<u8>),
    /// Whole numbers from 0 to 65535.
    U16(Vec<u16>),
    /// Whole numbers of 32 bits with a sign.
    I32(Vec<i32>),
    /// Whole numbers of 32 bits.
    U32(Vec<u32>),
    /// float32.
    F32(Vec<f32>),
    /// float64.
    F64(Vec<f64>),
}

/// An image as a file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Raster {
    /// Pixels along the fast axis.
    pub width: usize,
    /// Pixels along the slow axis.
    pub height: usize,
    /// `width` × `height` numbers.
    pub pixels: Pixels,
}

/// The numbers of an image, slow axis outermost, wherever they are kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PixelsView<'a> {
    /// Bytes.
    U8(&'a [u8]),
    /// Whole numbers from 0 to 65535.
    U16(&'a [u16]),
    /// Whole numbers of 32 bits with a sign.
    I32(&'a [i32]),
    /// Whole numbers of 32 bits.
    U32(&'a [u32]),
    /// float32.
    F32(&'a [f32]),
    /// float64.
    F64(&'a [f64]),
}

/// An image to write, wherever it is kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RasterView<'a> {
    /// Pixels along the fast axis.
    pub width: usize,
    /// Pixels along the slow axis.
    pub height: usize,
    /// `width` × `height` numbers.
    pub pixels: PixelsView<'a>,
}

/// Numbers of pixels that no whole number of a kind could be given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clipped {
    /// Pixels above the largest number of the kind.
    pub above: usize,
    /// Pixels below the least number.
    pub below: usize,
    /// Pixels that are no number.
    pub no_number: usize,
}

impl Clipped {
    /// The sum of these counts and `others`.
    pub fn and(self, others: Clipped) -> Clipped {
        Clipped {
            above: self.above + others.above,
            below: self.below + others.below,
            no_number: self.no_number + others.no_number,
        }
    }
}

impl Pixels {
    /// Whole numbers of up to 64 bits in the first of int32, uint32 and float64 that has room for
    /// all of them. Only from 2⁵³ on does float64 round.
    pub(super) fn narrowest(values: impl Iterator<Item = i128> + Clone) -> Pixels {
        let fits = |low: i64, high: i64| {
            let range = i128::from(low)..=i128::from(high);
            values.clone().all(|value| range.contains(&value))
        };
        if fits(i32::MIN.into(), i32::MAX.into()) {
            Pixels::I32(values.map(|value| value as i32).collect())
        } else if fits(0, u32::MAX.into()) {
            Pixels::U32(values.map(|value| value as u32).collect())
        } else {
            Pixels::F64(values.map(|value| value as f64).collect())
        }
    }

    /// The numbers where they are.
    pub fn view(&self) -> PixelsView<'_> {
        match self {
            Pixels::U8(values) => PixelsView::U8(values),
            Pixels::U16(values) => PixelsView::U16(values),
            Pixels::I32(values) => PixelsView::I32(values),
            Pixels::U32(values) => PixelsView::U32(values),
            Pixels::F32(values) => PixelsView::F32(values),
            Pixels::F64(values) => PixelsView::F64(values),
        }
    }

    /// Number of pixels.
    pub fn len(&self) -> usize {
        match self {
            Pixels::U8(values) => values.len(),
            Pixels::U16(values) => values.len(),
            Pixels::I32(values) => values.len(),
            Pixels::U32(values) => values.len(),
            Pixels::F32(values) => values.len(),
            Pixels::F64(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number at `index`; float64 has room for each kind.
    ///
    /// # Panics
    /// If `index` is out of range.
    pub fn value(&self, index: usize) -> f64 {
        match self {
            Pixels::U8(values) => values[index].into(),
            Pixels::U16(values) => values[index].into(),
            Pixels::I32(values) => values[index].into(),
            Pixels::U32(values) => values[index].into(),
            Pixels::F32(values) => values[index].into(),
            Pixels::F64(values) => values[index],
        }
    }

    /// All numbers in order.
    pub fn values(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        (0..self.len()).map(|index| self.value(index))
    }

    /// The largest whole number that they have room for; `None` where they are floats.
    pub fn ceiling(&self) -> Option<f64> {
        match self {
            Pixels::U8(_) => Some(u8::MAX.into()),
            Pixels::U16(_) => Some(u16::MAX.into()),
            Pixels::I32(_) => Some(i32::MAX.into()),
            Pixels::U32(_) => Some(u32::MAX.into()),
            Pixels::F32(_) | Pixels::F64(_) => None,
        }
    }

    /// Their kind in messages.
    pub fn kind(&self) -> &'static str {
        self.view().kind()
    }
}

impl<'a> PixelsView<'a> {
    /// The kind of the numbers in messages.
    pub fn kind(self) -> &'static str {
        match self {
            PixelsView::U8(_) => "uint8",
            PixelsView::U16(_) => "uint16",
            PixelsView::I32(_) => "int32",
            PixelsView::U32(_) => "uint32",
            PixelsView::F32(_) => "float32",
            PixelsView::F64(_) => "float64",
        }
    }

    /// The bytes of the numbers, little-endian.
    pub fn le_bytes(self) -> Cow<'a, [u8]> {
        match self {
            PixelsView::U8(values) => values.into(),
            PixelsView::U16(values) => le_bytes(values),
            PixelsView::I32(values) => le_bytes(values),
            PixelsView::U32(values) => le_bytes(values),
            PixelsView::F32(values) => le_bytes(values),
            PixelsView::F64(values) => le_bytes(values),
        }
    }
}

/// The bytes of `numbers`, little-endian: those in memory wherever that is so, too.
pub(super) fn le_bytes<T: Pod>(numbers: &[T]) -> Cow<'_, [u8]> {
    let bytes: &[u8] = bytemuck::cast_slice(numbers);
    if cfg!(target_endian = "little") {
        return bytes.into();
    }
    let numbers = bytes.chunks_exact(size_of::<T>());
    numbers
        .flat_map(|number| number.iter().rev().copied())
        .collect()
}

/// The first bytes of `rest`, those of `width` × `height` pixels of so many bytes `each`; `rest` is
/// what follows the header in a file of `file_bytes`.
///
/// # Errors
/// A [`Problem`] when there are fewer.
pub(super) fn bytes_of_pixels(
    rest: &[u8],
    [width, height]: [usize; 2],
    each: usize,
    file_bytes: usize,
) -> Result<&[u8], Problem> {
    let expected = width
        .checked_mul(height)
        .and_then(|pixels| pixels.checked_mul(each));
    let found = expected.and_then(|expected| rest.get(..expected));
    found.ok_or_else(|| {
        Problem::with_file(format!(
            "truncated: {width} x {height} pixels of {each} byte(s) do not fit in the file's \
             {file_bytes} bytes"
        ))
    })
}

/// Bytes that a byte is unpacked to at most by Deflate, which spells 258 of them with 2 bits.
pub const DEFLATE_GAIN: usize = 258 * 8 / 2;

/// Bytes that a byte is unpacked to at most by any packing that is read: LZW spells 3,837 with 12
/// bits.
pub const MOST_GAIN: usize = 3837 * 8 / 12 + 1;

/// Makes sure that a packed file of `file_bytes`, each of which is unpacked to at most `gain`, may
/// hold
/// `width` × `height` pixels of so many `bits`.
///
/// # Errors
/// A [`Problem`] when that is too few.
pub(super) fn check_gain(
    [width, height]: [usize; 2],
    bits: usize,
    gain: usize,
    file_bytes: usize,
) -> Result<(), Problem> {
    let claimed = width
        .checked_mul(height)
        .and_then(|pixels| pixels.checked_mul(bits));
    let most = file_bytes.saturating_mul(8 * gain);
    if claimed.is_some_and(|claimed| claimed <= most) {
        return Ok(());
    }
    Err(Problem::with_file(format!(
        "truncated: {width} x {height} pixels are more than {file_bytes} bytes can be unpacked to"
    )))
}

impl<'a> RasterView<'a> {
    /// The error for a format called `name` that has no room for these numbers.
    pub(super) fn unfit(self, name: &str) -> Problem {
        let kind = self.pixels.kind();
        Problem::with_file(format!("{kind} pixels are not written as {name}"))
    }

    /// `image`, or these numbers of its pixels.
    pub fn of(image: &'a Image, pixels: Option<&'a Pixels>) -> RasterView<'a> {
        RasterView {
            width: image.width(),
            height: image.height(),
            pixels: pixels.map_or(PixelsView::F32(image.values()), Pixels::view),
        }
    }
}

impl Raster {
    /// The image where it is.
    pub fn view(&self) -> RasterView<'_> {
        RasterView {
            width: self.width,
            height: self.height,
            pixels: self.pixels.view(),
        }
    }

    /// The image in float32: whole numbers above 2²⁴ and float64 are rounded.
    pub fn into_image(self) -> Image {
        let values = match self.pixels {
            Pixels::F32(values) => values,
            pixels => pixels.values().map(|value| value as f32).collect(),
        };
        Image::new(self.width, self.height, values, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_go_where_there_is_room() {
        let kind = |values: &[i64]| {
            let pixels = Pixels::narrowest(values.iter().map(|&value| value.into()));
            let same = pixels.values().zip(values).all(|(a, &b)| a == b as f64);
            assert!(same && pixels.len() == values.len());
            pixels.kind()
        };
        assert_eq!(kind(&[-1, i64::from(i32::MAX)]), "int32");
        assert_eq!(kind(&[0, i64::from(u32::MAX)]), "uint32");
        assert_eq!(kind(&[-1, i64::from(u32::MAX)]), "float64");
        assert_eq!(kind(&[0, 1 << 40]), "float64");
    }
}
