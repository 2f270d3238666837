//! Statistics over the rendered pixels (PHYSICS §13).

use rayon::prelude::*;
use serde::Serialize;

use super::{Image, Run};

/// What the C program prints of an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statistics {
    /// Number of rendered pixels.
    pub pixels: usize,
    /// How many of them are no finite number.
    #[serde(skip)]
    pub not_finite: usize,
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
const RUN: usize = 1 << 14;

/// The sums of some of the rendered pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartialStatistics {
    /// How many pixels these are.
    pub pixels: usize,
    /// How many of them are no finite number.
    pub not_finite: usize,
    /// Sum, photons.
    pub sum: f64,
    /// Sum of squares.
    pub squares: f64,
    /// Sum of squared deviations from their own mean.
    pub deviations: f64,
    /// The largest value; −∞ when none is a number.
    pub max: f32,
    /// Index of its first appearance, or of the start of the run that has it.
    pub max_at: usize,
}

impl PartialStatistics {
    const EMPTY: PartialStatistics = PartialStatistics {
        pixels: 0,
        not_finite: 0,
        sum: 0.0,
        squares: 0.0,
        deviations: 0.0,
        max: f32::NEG_INFINITY,
        max_at: 0,
    };

    fn of(run: Run) -> PartialStatistics {
        let values = run.rendered_values();
        let mut partial = PartialStatistics {
            pixels: values.len(),
            sum: sum(&values, |value| value),
            squares: sum(&values, |value| value * value),
            max: largest(&values),
            max_at: run.start,
            ..PartialStatistics::EMPTY
        };
        // float32 added up in float64 comes to a finite sum, unless it is not finite itself.
        if !partial.sum.is_finite() {
            partial.not_finite = values.iter().filter(|value| !value.is_finite()).count();
        }
        // Another pass, while the run is at hand: the difference of two large sums would have lost
        // its digits.
        let mean = partial.mean();
        partial.deviations = sum(&values, |value| (value - mean) * (value - mean));
        partial
    }

    fn mean(&self) -> f64 {
        match self.pixels {
            0 => 0.0,
            pixels => self.sum / pixels as f64,
        }
    }

    /// The statistics of an image of so many pixels a row that has no others.
    fn of_width(self, width: usize) -> Statistics {
        let mean = self.mean();
        let divisor = self.pixels.saturating_sub(1).max(1) as f64;
        let max = if self.max == f32::NEG_INFINITY {
            0.0
        } else {
            f64::from(self.max)
        };
        Statistics {
            pixels: self.pixels,
            not_finite: self.not_finite,
            max,
            max_at: [self.max_at % width.max(1), self.max_at / width.max(1)],
            sum: self.sum,
            mean,
            rms: (self.squares / divisor).sqrt(),
            rms_deviation: (self.deviations / divisor).sqrt(),
        }
    }

    /// These pixels and those of `later`.
    fn and(self, later: PartialStatistics) -> PartialStatistics {
        let (max, max_at) = if later.max > self.max {
            (later.max, later.max_at)
        } else {
            (self.max, self.max_at)
        };
        let pixels = self.pixels + later.pixels;
        // Chan, Golub & LeVeque, Am. Stat. 37 (1983) 242.
        let apart = later.mean() - self.mean();
        let share = self.pixels as f64 * later.pixels as f64 / pixels.max(1) as f64;
        PartialStatistics {
            pixels,
            not_finite: self.not_finite + later.not_finite,
            sum: self.sum + later.sum,
            squares: self.squares + later.squares,
            deviations: self.deviations + later.deviations + apart * apart * share,
            max,
            max_at,
        }
    }
}

/// Numbers that are worked on side by side, as a processor has instructions for.
const LANES: usize = 8;

/// What `step` makes of `start` and of every eighth value from the first, the second, … on.
fn folded<T: Copy>(values: &[f32], start: T, step: impl Fn(T, f32) -> T) -> [T; LANES] {
    let mut lanes = [start; LANES];
    let (eights, rest) = values.as_chunks::<LANES>();
    let mut go_on = |values: &[f32]| {
        for (lane, &value) in lanes.iter_mut().zip(values) {
            *lane = step(*lane, value);
        }
    };
    eights.iter().for_each(|eight| go_on(eight));
    go_on(rest);
    lanes
}

/// The sum of `term` over `values`, added in an order that their number alone decides.
fn sum(values: &[f32], term: impl Fn(f64) -> f64) -> f64 {
    let sums = folded(values, 0.0, |sum, value| sum + term(value.into()));
    sums.into_iter().sum()
}

/// The largest of `values`; −∞ when none is a number.
fn largest(values: &[f32]) -> f32 {
    let larger = |largest, value| if value > largest { value } else { largest };
    folded(values, f32::NEG_INFINITY, larger)
        .into_iter()
        .fold(f32::NEG_INFINITY, larger)
}

impl Statistics {
    /// The statistics of `image`; all zero when no pixel was rendered.
    pub fn of(image: &Image) -> Statistics {
        // Runs of a fixed length, added up in their order: the sums do not depend on the threads.
        let runs: Vec<PartialStatistics> = image.runs(RUN).map(PartialStatistics::of).collect();
        let mut all = runs
            .into_iter()
            .fold(PartialStatistics::EMPTY, PartialStatistics::and);
        let mut from_there = (all.max_at..).zip(&image.values()[all.max_at..]);
        let found = from_there.find(|&(index, &value)| value == all.max && image.renders(index));
        all.max_at = found.map_or(0, |(index, _)| index);
        all.of_width(image.width())
    }

    /// The statistics of an image of so many pixels a row, of whose pixels these are `parts`, in their
    /// order.
    pub fn of_parts(parts: impl Iterator<Item = PartialStatistics>, width: usize) -> Statistics {
        let all = parts.fold(PartialStatistics::EMPTY, PartialStatistics::and);
        all.of_width(width)
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
