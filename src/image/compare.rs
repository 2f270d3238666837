//! How far two images are apart.

/// The difference of an image from a reference of the same size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// rms(A − B)/rms(B); 0 for two images of zeros, infinite where only the reference is zero.
    pub nrmse: f64,
    /// rms(A − B), in the unit of the values.
    pub rmse: f64,
    /// Sum of A.
    pub sum: f64,
    /// Sum of B.
    pub reference_sum: f64,
    /// The largest |A − B|.
    pub worst: f64,
    /// Where it is, as an index into the values.
    pub worst_at: usize,
    /// The largest value of the reference.
    pub reference_max: f64,
    /// Pearson's correlation; 1 for images that are equal, NaN where one of them is flat.
    pub correlation: f64,
    /// Whether A and B hold one value everywhere: no signal.
    pub flat: [bool; 2],
    /// Whether A has the bits of B.
    pub identical: bool,
    /// The part of pixels with |A − B| above 10⁻⁵ of the reference's maximum.
    pub differing: f64,
}

impl Comparison {
    /// Compares `values` with `reference`, pixel by pixel; `None` when they are not of one
    /// length. A NaN in either makes `nrmse` NaN.
    pub fn of(values: &[f32], reference: &[f32]) -> Option<Comparison> {
        if values.len() != reference.len() {
            return None;
        }
        let reference_max = reference
            .iter()
            .fold(0.0, |max: f64, &value| max.max(value.into()));
        let (mut errors, mut squares) = (0.0, 0.0);
        let (mut sum, mut reference_sum) = (0.0, 0.0);
        let (mut worst, mut worst_at, mut differing) = (0.0, 0, 0usize);
        for (index, (&value, &expected)) in values.iter().zip(reference).enumerate() {
            let error = (f64::from(value) - f64::from(expected)).abs();
            sum += f64::from(value);
            reference_sum += f64::from(expected);
            errors += error * error;
            squares += f64::from(expected) * f64::from(expected);
            // A NaN counts as the worst, and stays it.
            if error.is_nan() || error > worst {
                (worst, worst_at) = (error, index);
            }
            if error.is_nan() || error > 1e-5 * reference_max {
                differing += 1;
            }
        }
        let nrmse = if errors == 0.0 {
            0.0
        } else {
            (errors / squares).sqrt()
        };
        let pixels = values.len().max(1) as f64;
        let differing = differing as f64 / pixels;
        let flat = [values, reference].map(|of| of.iter().all(|value| *value == of[0]));
        let mut pairs = values.iter().zip(reference);
        Some(Comparison {
            nrmse,
            rmse: (errors / pixels).sqrt(),
            sum,
            reference_sum,
            worst,
            worst_at,
            reference_max,
            correlation: match flat.contains(&true) {
                true => f64::NAN,
                false => correlation(values, reference),
            },
            flat,
            identical: pairs.all(|(one, other)| one.to_bits() == other.to_bits()),
            differing,
        })
    }
}

/// Pearson's correlation of two rows of numbers, from their deviations from the mean.
fn correlation(values: &[f32], reference: &[f32]) -> f64 {
    if values == reference {
        return 1.0;
    }
    let mean = |of: &[f32]| of.iter().map(|&x| f64::from(x)).sum::<f64>() / of.len() as f64;
    let (mean_a, mean_b) = (mean(values), mean(reference));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (&a, &b) in values.iter().zip(reference) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_follow_from_their_definitions() {
        let compared = Comparison::of(&[1.0, 2.0, 5.0], &[1.0, 2.0, 4.0]).unwrap();
        assert_eq!(compared.nrmse, (1.0f64 / 21.0).sqrt());
        assert_eq!(compared.rmse, (1.0f64 / 3.0).sqrt());
        assert_eq!((compared.sum, compared.reference_sum), (8.0, 7.0));
        assert_eq!((compared.worst, compared.worst_at), (1.0, 2));
        assert_eq!(compared.reference_max, 4.0);
        let expected = 57.0 / (78.0f64 * 42.0).sqrt();
        approx::assert_relative_eq!(compared.correlation, expected, max_relative = 1e-15);
        assert_eq!(compared.differing, 1.0 / 3.0);
        assert_eq!(Comparison::of(&[0.0], &[0.0]).unwrap().nrmse, 0.0);
        assert_eq!(Comparison::of(&[1.0], &[0.0]).unwrap().nrmse, f64::INFINITY);
        assert_eq!(Comparison::of(&[1.0], &[]), None);
    }

    #[test]
    fn a_nan_never_passes() {
        let compared = Comparison::of(&[f32::NAN, 1.0], &[1.0, 1.0]).unwrap();
        assert!(compared.nrmse.is_nan() && compared.worst.is_nan());
    }
}
