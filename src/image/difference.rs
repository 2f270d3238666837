//! What tells two images apart: over every pixel that counts, and over those that are finite.

use super::{Comparison, Image, Quantiles};

/// Which pixels of an image count.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// First and last pixel along fast and along slow that count, both included; all without.
    pub region: Option<[[usize; 2]; 2]>,
    /// One flag a pixel, fast axis innermost; those that are false do not count.
    pub mask: Option<Vec<bool>>,
}

impl Selection {
    /// Whether the pixel at (`fast`, `slow`) of an image that is `width` pixels wide counts.
    pub fn counts(&self, width: usize, fast: usize, slow: usize) -> bool {
        let within = |at: usize, [first, last]: [usize; 2]| (first..=last).contains(&at);
        self.region.is_none_or(|[along_fast, along_slow]| {
            within(fast, along_fast) && within(slow, along_slow)
        }) && self
            .mask
            .as_ref()
            .is_none_or(|flags| flags[slow * width + fast])
    }

    /// `image`, of whose pixels those that count are the rendered ones.
    ///
    /// # Panics
    /// When there is a mask of another size.
    pub fn of(&self, image: &Image) -> Image {
        let (width, height) = (image.width(), image.height());
        let flags = (0..height)
            .flat_map(|slow| (0..width).map(move |fast| (fast, slow)))
            .map(|(fast, slow)| self.counts(width, fast, slow));
        let some = self.region.is_some() || self.mask.is_some();
        let flags = some.then(|| flags.collect());
        Image::new(width, height, image.values().to_vec(), flags)
    }
}

/// The difference of an image A from a reference B, over the pixels that are rendered in both.
///
/// All figures are those of pixels that are finite in both images; how many are not is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Pixels the figures are of.
    pub pixels: usize,
    /// Pixels that are left out because they do not count.
    pub left_out: usize,
    /// Pixels that count and are NaN or infinite, in A and in B.
    pub non_finite: [usize; 2],
    /// The figures; `worst_at` is an index into the images' values.
    pub comparison: Comparison,
    /// Quantiles of A/B − 1, over the pixels where B is not zero.
    pub relative: Option<Quantiles>,
}

impl Difference {
    /// How far `image` is from `reference`; `None` when they differ in size or when no pixel that
    /// counts is finite in both.
    pub fn of(image: &Image, reference: &Image) -> Option<Difference> {
        if [image.width(), image.height()] != [reference.width(), reference.height()] {
            return None;
        }
        let both = (image.rendered.as_ref(), reference.rendered.as_ref());
        let rendered = |index: usize| {
            both.0.is_none_or(|flags| flags[index]) && both.1.is_none_or(|flags| flags[index])
        };
        let mut left_out = 0;
        let mut non_finite = [0; 2];
        let (mut indices, mut values, mut expected) = (Vec::new(), Vec::new(), Vec::new());
        let pairs = image.values.iter().zip(&reference.values);
        for (index, (&value, &reference)) in pairs.enumerate() {
            if !rendered(index) {
                left_out += 1;
                continue;
            }
            non_finite[0] += usize::from(!value.is_finite());
            non_finite[1] += usize::from(!reference.is_finite());
            if value.is_finite() && reference.is_finite() {
                indices.push(index);
                values.push(value);
                expected.push(reference);
            }
        }
        let mut comparison = Comparison::of(&values, &expected)?;
        comparison.worst_at = *indices.get(comparison.worst_at)?;
        drop(indices);
        let relative = values
            .iter()
            .zip(&expected)
            .filter(|(_, reference)| **reference != 0.0)
            .map(|(&value, &reference)| {
                (f64::from(value) - f64::from(reference)) / f64::from(reference)
            });
        Some(Difference {
            pixels: values.len(),
            left_out,
            non_finite,
            comparison,
            relative: Quantiles::of(relative.collect()),
        })
    }

    /// Sum of A over sum of B.
    pub fn sum_ratio(&self) -> f64 {
        self.comparison.sum / self.comparison.reference_sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: usize, values: &[f32]) -> Image {
        Image::new(width, values.len() / width, values.to_vec(), None)
    }

    #[test]
    fn one_percent_more_is_one_percent_everywhere() {
        let reference = image(4, &[0.0, 100.0, 200.0, 400.0]);
        let brighter = image(4, &[0.0, 101.0, 202.0, 404.0]);
        let found = Difference::of(&brighter, &reference).unwrap();
        approx::assert_relative_eq!(found.comparison.correlation, 1.0, max_relative = 1e-15);
        assert_eq!(found.sum_ratio(), 1.01);
        let relative = found.relative.unwrap();
        assert_eq!((relative.count, relative.values), (3, [0.01; 9]));
        assert_eq!(found.comparison.worst_at, 3);
    }

    #[test]
    fn pixels_that_do_not_count_have_no_say() {
        let reference = image(3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let other = image(3, &[9.0, 2.0, 3.0, 4.0, 5.5, 9.0]);
        let selection = Selection {
            region: Some([[1, 2], [0, 1]]),
            mask: Some(vec![true, true, true, true, true, false]),
        };
        let found = Difference::of(&selection.of(&other), &reference).unwrap();
        assert_eq!((found.pixels, found.left_out), (3, 3));
        assert_eq!(
            (found.comparison.worst, found.comparison.worst_at),
            (0.5, 4)
        );
        assert_eq!(found.comparison.reference_sum, 10.0);
    }

    #[test]
    fn non_finite_pixels_are_counted_and_left_aside() {
        let reference = image(4, &[1.0, f32::NAN, 3.0, f32::INFINITY]);
        let other = image(4, &[1.0, 2.0, f32::NEG_INFINITY, f32::INFINITY]);
        let found = Difference::of(&other, &reference).unwrap();
        assert_eq!((found.pixels, found.non_finite), (1, [2, 2]));
        assert_eq!(found.comparison.nrmse, 0.0);
        let nothing = image(1, &[f32::NAN]);
        assert_eq!(Difference::of(&nothing, &nothing), None);
    }

    #[test]
    fn images_of_two_sizes_are_not_compared() {
        let (wide, tall) = (image(2, &[1.0, 2.0]), image(1, &[1.0, 2.0]));
        assert_eq!(Difference::of(&wide, &tall), None);
    }
}
