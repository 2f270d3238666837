//! Statistics over the rendered pixels (PHYSICS §13).

use rayon::prelude::*;
use serde::Serialize;

use super::{Image, Run};

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

/// Pixels that are added up in one go.
const RUN: usize = 1 << 16;

/// The sums of some pixels.
struct Partial {
    pixels: usize,
    sum: f64,
    squares: f64,
    /// Sum of squared deviations from their own mean.
    deviations: f64,
    max: f32,
    max_index: usize,
}

impl Partial {
    const EMPTY: Partial = Partial {
        pixels: 0,
        sum: 0.0,
        squares: 0.0,
        deviations: 0.0,
        max: f32::NEG_INFINITY,
        max_index: 0,
    };

    fn of(run: Run) -> Partial {
        let mut partial = Partial::EMPTY;
        for (place, value) in run.rendered() {
            partial.pixels += 1;
            partial.sum += f64::from(value);
            partial.squares += f64::from(value) * f64::from(value);
            if value > partial.max {
                (partial.max, partial.max_index) = (value, run.start + place);
            }
        }
        // A second pass, while the run is at hand: the difference of two large sums would have lost
        // its digits.
        let mean = partial.mean();
        let deviations = run.rendered().map(|(_, value)| f64::from(value) - mean);
        partial.deviations = deviations.map(|deviation| deviation * deviation).sum();
        partial
    }

    fn mean(&self) -> f64 {
        match self.pixels {
            0 => 0.0,
            pixels => self.sum / pixels as f64,
        }
    }

    /// These pixels and those of `later`.
    fn and(self, later: Partial) -> Partial {
        let (max, max_index) = if later.max > self.max {
            (later.max, later.max_index)
        } else {
            (self.max, self.max_index)
        };
        let pixels = self.pixels + later.pixels;
        // Chan, Golub & LeVeque, Am. Stat. 37 (1983) 242.
        let apart = later.mean() - self.mean();
        let share = self.pixels as f64 * later.pixels as f64 / pixels.max(1) as f64;
        Partial {
            pixels,
            sum: self.sum + later.sum,
            squares: self.squares + later.squares,
            deviations: self.deviations + later.deviations + apart * apart * share,
            max,
            max_index,
        }
    }
}

impl Statistics {
    /// The statistics of `image`; all zero when no pixel was rendered.
    pub fn of(image: &Image) -> Statistics {
        // Runs of a fixed length, added up in their order: the sums do not depend on the threads.
        let runs: Vec<Partial> = image.runs(RUN).map(Partial::of).collect();
        let all = runs.into_iter().fold(Partial::EMPTY, Partial::and);
        let mean = all.mean();
        let Partial {
            pixels,
            sum,
            squares,
            deviations,
            max,
            max_index,
        } = all;
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
    fn an_image_without_pixels_is_all_zeros() {
        let statistics = Statistics::of(&Image::new(2, 1, vec![0.0; 2], Some(vec![false; 2])));
        let Statistics {
            pixels,
            max,
            sum,
            mean,
            rms,
            rms_deviation,
            ..
        } = statistics;
        assert_eq!(pixels, 0);
        // Not -0 either.
        for number in [max, sum, mean, rms, rms_deviation] {
            assert_eq!(number.to_bits(), 0, "{statistics:?}");
        }
    }

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
