//! Statistics over the rendered pixels (PHYSICS §13).

use serde::Serialize;

use super::Image;

/// What the C program prints of an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statistics {
    /// Number of rendered pixels.
    pub pixels: usize,
    /// The largest value, photons.
    pub max: f64,
    /// Fast and slow coordinate of its first appearance.
    pub max_at: [usize; 2],
    /// Sum, photons.
    pub sum: f64,
    /// Mean, photons.
    pub mean: f64,
    /// Root of the sum of squares over n − 1.
    pub rms: f64,
    /// Root of the sum of squared deviations from the mean over n − 1.
    pub rms_deviation: f64,
}

impl Statistics {
    /// The statistics of `image`; all zero when no pixel was rendered.
    pub fn of(image: &Image) -> Statistics {
        let (mut pixels, mut sum, mut squares) = (0usize, 0.0, 0.0);
        let (mut max, mut max_index) = (f32::NEG_INFINITY, 0);
        for (index, value) in image.rendered() {
            pixels += 1;
            sum += f64::from(value);
            squares += f64::from(value) * f64::from(value);
            if value > max {
                (max, max_index) = (value, index);
            }
        }
        let mean = if pixels == 0 {
            0.0
        } else {
            sum / pixels as f64
        };
        // A second pass: the difference of two large sums would have lost its digits.
        let deviations: f64 = image
            .rendered()
            .map(|(_, value)| (f64::from(value) - mean).powi(2))
            .sum();
        let divisor = pixels.saturating_sub(1).max(1) as f64;
        Statistics {
            pixels,
            max: if max == f32::NEG_INFINITY {
                0.0
            } else {
                f64::from(max)
            },
            max_at: [
                max_index % image.width().max(1),
                max_index / image.width().max(1),
            ],
            sum,
            mean,
            rms: (squares / divisor).sqrt(),
            rms_deviation: (deviations / divisor).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rendered_pixels_count() {
        let rendered = Some(vec![true, false, true, true]);
        let statistics = Statistics::of(&Image::new(2, 2, vec![1.0, 0.0, 2.0, 6.0], rendered));
        assert_eq!(
            (statistics.pixels, statistics.max, statistics.max_at),
            (3, 6.0, [1, 1])
        );
        assert_eq!((statistics.sum, statistics.mean), (9.0, 3.0));
        assert_eq!(statistics.rms, 20.5f64.sqrt());
        assert_eq!(statistics.rms_deviation, 7f64.sqrt());
    }
}
