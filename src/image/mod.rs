//! An image, whatever made it: statistics, comparison, noise, tone.

mod compare;
mod difference;
pub mod noise;
mod overview;
mod peak_match;
mod peaks;
mod pixel_statistics;
mod quantiles;
mod statistics;
mod tone;
mod verdict;

use std::borrow::Cow;

use rayon::prelude::*;

pub use compare::Comparison;
pub use difference::{Difference, Selection};
pub use overview::{LARGEST_OVERVIEW, overview};
pub use peak_match::{PeakMatch, PeakMatches, match_peaks};
pub use peaks::{Peak, peaks};
pub use pixel_statistics::PixelStatistics;
pub use quantiles::{PERCENTS, Quantiles};
pub use statistics::{PartialStatistics, Statistics};
pub use tone::{ToneMap, ToneScale};
pub use verdict::{FLOAT32, Gate, Shortcoming};

/// Photons per pixel: panels × slow × fast, fast innermost.
#[derive(Debug, Clone, PartialEq)]
pub struct Image {
    width: usize,
    height: usize,
    values: Vec<f32>,
    /// Which values were rendered; `None` for all of them.
    rendered: Option<Vec<bool>>,
}

/// Some pixels in a row of memory.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Index of the first.
    pub start: usize,
    /// Values of the pixels.
    pub values: &'a [f32],
    rendered: Option<&'a [bool]>,
}

impl Run<'_> {
    /// The rendered pixels as (place within the run, value).
    pub fn rendered(&self) -> impl Iterator<Item = (usize, f32)> {
        let values = self.values.iter().copied().enumerate();
        values.filter(|&(place, _)| self.rendered.is_none_or(|flags| flags[place]))
    }

    /// The values of the rendered pixels, side by side.
    pub fn rendered_values(&self) -> Cow<'_, [f32]> {
        match self.rendered {
            None => Cow::Borrowed(self.values),
            Some(_) => self.rendered().map(|(_, value)| value).collect(),
        }
    }
}

impl Image {
    /// An image of `width` (fast) × `height` (slow, panels stacked) values.
    ///
    /// # Panics
    /// When the number of values, or of `rendered` flags, is not `width · height`.
    pub fn new(
        width: usize,
        height: usize,
        values: Vec<f32>,
        rendered: Option<Vec<bool>>,
    ) -> Image {
        assert_eq!(
            Some(values.len()),
            width.checked_mul(height),
            "one value per pixel"
        );
        assert!(
            rendered
                .as_ref()
                .is_none_or(|flags| flags.len() == values.len())
        );
        Image {
            width,
            height,
            values,
            rendered,
        }
    }

    /// Pixels along the fast axis.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels along the slow axis, all panels together.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Every value, slow axis outermost; 0 where nothing was rendered.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The [`values`](Image::values) of the image, without the rest.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }

    /// The value at (`fast`, `slow`), if the image has that pixel.
    pub fn get(&self, fast: usize, slow: usize) -> Option<f32> {
        let row = self.values.chunks_exact(self.width.max(1)).nth(slow)?;
        row.get(fast).copied()
    }

    /// Which pixels were rendered; `None` for all of them.
    pub fn flags(&self) -> Option<&[bool]> {
        self.rendered.as_deref()
    }

    /// Whether the pixel at this index was rendered.
    fn renders(&self, index: usize) -> bool {
        self.rendered.as_ref().is_none_or(|flags| flags[index])
    }

    /// The rendered pixels as (index, value).
    pub fn rendered(&self) -> impl Iterator<Item = (usize, f32)> {
        let values = self.values.iter().copied().enumerate();
        values.filter(|&(index, _)| self.renders(index))
    }

    /// The image in runs of `length` pixels, to be worked on side by side.
    pub fn runs(&self, length: usize) -> impl IndexedParallelIterator<Item = Run<'_>> {
        let values = self.values.par_chunks(length).enumerate();
        values.map(move |(place, values)| {
            let start = place * length;
            let rendered = self.rendered.as_ref();
            Run {
                start,
                values,
                rendered: rendered.map(|flags| &flags[start..start + values.len()]),
            }
        })
    }

    /// An image of the same shape whose rendered pixels are `value` of index and value.
    pub fn map_rendered(&self, value: impl Fn(usize, f32) -> f32) -> Image {
        let mut mapped = Image {
            values: vec![0.0; self.values.len()],
            ..self.clone_frame()
        };
        for (index, photons) in self.rendered() {
            mapped.values[index] = value(index, photons);
        }
        mapped
    }

    /// An image of the same shape with these values; 0 where this one was not rendered.
    ///
    /// # Panics
    /// When their number is another.
    pub fn with_rendered(&self, mut values: Vec<f32>) -> Image {
        if let Some(flags) = &self.rendered {
            for (value, _) in values.iter_mut().zip(flags).filter(|(_, flag)| !**flag) {
                *value = 0.0;
            }
        }
        Image::new(self.width, self.height, values, self.rendered.clone())
    }

    fn clone_frame(&self) -> Image {
        let Image {
            width,
            height,
            rendered,
            ..
        } = self;
        Image {
            width: *width,
            height: *height,
            values: Vec::new(),
            rendered: rendered.clone(),
        }
    }
}
