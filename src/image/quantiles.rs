//! Quantiles of a set of numbers.

use rayon::prelude::*;

/// The percentages at which [`Quantiles`] are taken: the median, the quartiles, and both tails.
pub const PERCENTS: [f64; 9] = [0.0, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 100.0];

/// The values that [`PERCENTS`] of a set of numbers do not exceed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// How many numbers there are.
    pub count: usize,
    /// One value for each of [`PERCENTS`]: between two numbers of the sorted set in proportion,
    /// as numpy's `quantile` has it.
    pub values: [f64; PERCENTS.len()],
}

impl Quantiles {
    /// The quantiles of `numbers`, of which none may be NaN; `None` when there are no numbers.
    pub fn of(mut numbers: Vec<f64>) -> Option<Quantiles> {
        let last = numbers.len().checked_sub(1)?;
        numbers.par_sort_unstable_by(f64::total_cmp);
        let values = PERCENTS.map(|percent| {
            let rank = percent / 100.0 * last as f64;
            let below = (rank as usize).min(last);
            let (low, high) = (numbers[below], numbers[(below + 1).min(last)]);
            low + (high - low) * (rank - below as f64)
        });
        Some(Quantiles {
            count: numbers.len(),
            values,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_between_the_ranks_in_proportion() {
        let numbers = (0..=200).rev().map(f64::from).collect();
        let quantiles = Quantiles::of(numbers).unwrap();
        assert_eq!(quantiles.count, 201);
        assert_eq!(quantiles.values, PERCENTS.map(|percent| 2.0 * percent));
        // Ranks 0, 0.02, 0.1, 0.5, 1, 1.5, 1.9, 1.98, 2 of three numbers.
        let quantiles = Quantiles::of(vec![10.0, 0.0, 1.0]).unwrap();
        let expected = [0.0, 0.02, 0.1, 0.5, 1.0, 5.5, 9.1, 9.82, 10.0];
        for (found, expected) in quantiles.values.into_iter().zip(expected) {
            approx::assert_relative_eq!(found, expected, max_relative = 1e-14);
        }
    }

    #[test]
    fn one_number_is_every_quantile_and_none_has_no_quantiles() {
        assert_eq!(Quantiles::of(vec![7.0]).unwrap().values, [7.0; 9]);
        assert_eq!(Quantiles::of(Vec::new()), None);
    }
}
