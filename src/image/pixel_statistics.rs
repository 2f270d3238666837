//! Statistics of numbers that may be anything: those of a file, before it is known what they mean.

use serde::Serialize;

/// What there is to say of some numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PixelStatistics {
    /// How many numbers are finite; the extremes, sums and deviations below are over these.
    pub finite: usize,
    /// How many numbers are infinite or NaN.
    pub not_finite: usize,
    /// The smallest value.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Fast and slow coordinate of its first appearance.
    pub max_at: [usize; 2],
    /// Sum of the finite numbers.
    pub sum: f64,
    /// Mean of the finite numbers.
    pub mean: f64,
    /// Root of the mean square.
    pub rms: f64,
    /// Root of the sum of squared deviations from the mean over n − 1.
    pub rms_deviation: f64,
    /// How many numbers are 0.
    pub zero: usize,
    /// How many numbers are below 0.
    pub negative: usize,
    /// How many numbers are at or above the largest number that can be trusted, where there is one.
    pub overloads: Option<usize>,
}

impl PixelStatistics {
    /// The statistics of `values` in rows of `width`, which can be trusted below `ceiling`. All
    /// zero when none is finite.
    pub fn of<I: Iterator<Item = f64>>(
        values: impl Fn() -> I,
        width: usize,
        ceiling: Option<f64>,
    ) -> PixelStatistics {
        let mut found = PixelStatistics {
            finite: 0,
            not_finite: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            max_at: [0, 0],
            sum: 0.0,
            mean: 0.0,
            rms: 0.0,
            rms_deviation: 0.0,
            zero: 0,
            negative: 0,
            overloads: ceiling.map(|_| 0),
        };
        let mut squares = 0.0;
        for (index, value) in values().enumerate() {
            if let Some((overloads, ceiling)) = found.overloads.as_mut().zip(ceiling) {
                *overloads += usize::from(value >= ceiling);
            }
            if !value.is_finite() {
                found.not_finite += 1;
                continue;
            }
            found.finite += 1;
            found.sum += value;
            squares += value * value;
            found.zero += usize::from(value == 0.0);
            found.negative += usize::from(value < 0.0);
            found.min = found.min.min(value);
            if value > found.max {
                (found.max, found.max_at) = (value, [index % width, index / width]);
            }
        }
        if found.finite == 0 {
            (found.min, found.max) = (0.0, 0.0);
            return found;
        }
        let count = found.finite as f64;
        found.mean = found.sum / count;
        found.rms = (squares / count).sqrt();
        let deviations = values().filter(|value| value.is_finite());
        let deviations: f64 = deviations.map(|value| (value - found.mean).powi(2)).sum();
        found.rms_deviation = (deviations / (count - 1.0).max(1.0)).sqrt();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_numbers_by_hand() {
        let numbers = [0.0, -1.0, f64::NAN, 7.0, 6.0, f64::INFINITY];
        let found = PixelStatistics::of(|| numbers.into_iter(), 3, Some(7.0));
        assert_eq!((found.finite, found.not_finite), (4, 2));
        assert_eq!((found.min, found.max, found.max_at), (-1.0, 7.0, [0, 1]));
        assert_eq!((found.sum, found.mean), (12.0, 3.0));
        assert_eq!(found.rms, (86.0_f64 / 4.0).sqrt());
        assert_eq!(found.rms_deviation, (50.0_f64 / 3.0).sqrt());
        assert_eq!(
            (found.zero, found.negative, found.overloads),
            (1, 1, Some(2))
        );
        let none = PixelStatistics::of(|| [f64::NAN].into_iter(), 1, None);
        assert_eq!((none.finite, none.max, none.overloads), (0, 0.0, None));
    }
}
