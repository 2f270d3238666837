//! What the data tell of the variables: uncertainties from the curvature at the optimum, correlations,
//! and the directions that stay undetermined.

use nalgebra::{DMatrix, SymmetricEigen};

/// Two variables of a correlation beyond this are reported.
pub const STRONG: f64 = 0.9;
/// A combination of variables that is known so much worse than each by itself is undetermined: the
/// eigenvalue of the normal matrix with ones on its diagonal. Two variables of a correlation of 0.96
/// have it.
const UNDETERMINED: f64 = 0.04;

/// What the data tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Certainty {
    /// Standard uncertainties; infinite where the data say nothing.
    pub sigmas: Vec<f64>,
    /// Correlations.
    pub correlations: DMatrix<f64>,
    /// Combinations that the data do not determine.
    pub undetermined: Vec<Undetermined>,
}

/// A direction that the data do not determine.
#[derive(Debug, Clone, PartialEq)]
pub struct Undetermined {
    /// How much each variable takes part, in units of its uncertainty if all others were known; the
    /// largest first.
    pub parts: Vec<(usize, f64)>,
    /// How much worse the combination is known than each variable if all others were known.
    pub worse: f64,
}

impl Certainty {
    /// What follows from the normal matrix of the variables.
    pub fn of(normal: &DMatrix<f64>) -> Certainty {
        /// Below this an eigenvalue is what rounding left.
        const NOTHING: f64 = 1e-12;
        let count = normal.nrows();
        let size = |place: usize| normal[(place, place)].max(0.0).sqrt();
        let unit = DMatrix::from_fn(count, count, |row, column| {
            let product = size(row) * size(column);
            if product > 0.0 {
                normal[(row, column)] / product
            } else {
                0.0
            }
        });
        let eigen = SymmetricEigen::new(unit);
        let inverse = DMatrix::from_fn(count, count, |row, column| {
            let each = eigen
                .eigenvalues
                .iter()
                .zip(eigen.eigenvectors.column_iter());
            let terms =
                each.map(|(value, vector)| vector[row] * vector[column] / value.max(NOTHING));
            terms.sum::<f64>()
        });
        let sigmas = (0..count).map(|place| {
            // What is left of a direction without any information is no number to be believed.
            let lost = eigen
                .eigenvalues
                .iter()
                .zip(eigen.eigenvectors.column_iter());
            let lost = lost.filter(|(value, _)| **value < 10.0 * NOTHING);
            let part: f64 = lost.map(|(_, vector)| vector[place].powi(2)).sum();
            match part > 1e-3 || size(place) == 0.0 {
                true => f64::INFINITY,
                false => inverse[(place, place)].sqrt() / size(place),
            }
        });
        let correlations = DMatrix::from_fn(count, count, |row, column| {
            let product: f64 = inverse[(row, row)] * inverse[(column, column)];
            inverse[(row, column)] / product.sqrt()
        });
        let each = eigen
            .eigenvalues
            .iter()
            .zip(eigen.eigenvectors.column_iter());
        let mut undetermined: Vec<Undetermined> = each
            .filter(|(value, _)| **value < UNDETERMINED)
            .map(|(value, vector)| {
                let mut parts: Vec<(usize, f64)> = vector.iter().copied().enumerate().collect();
                parts.sort_by(|one, other| other.1.abs().total_cmp(&one.1.abs()));
                parts.retain(|(_, part)| part.abs() > 0.2);
                Undetermined {
                    parts,
                    worse: value.max(NOTHING).sqrt().recip(),
                }
            })
            .collect();
        undetermined.sort_by(|one, other| other.worse.total_cmp(&one.worse));
        Certainty {
            sigmas: sigmas.collect(),
            correlations,
            undetermined,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn independent_variables_have_the_roots_of_their_information() {
        let normal = DMatrix::from_row_slice(2, 2, &[4.0, 0.0, 0.0, 100.0]);
        let certainty = Certainty::of(&normal);
        assert!((certainty.sigmas[0] - 0.5).abs() < 1e-12);
        assert!((certainty.sigmas[1] - 0.1).abs() < 1e-12);
        assert!(certainty.correlations[(0, 1)].abs() < 1e-12);
        assert_eq!(certainty.undetermined, []);
    }

    #[test]
    fn correlated_variables_are_less_certain_and_named() {
        // The inverse of the covariance [[1, .995], [.995, 1]] with scales 2 and 10.
        let rho: f64 = 0.995;
        let scale = |row: usize| [2.0, 10.0][row];
        let covariance = |row: usize, column: usize| if row == column { 1.0 } else { rho };
        let covariance = DMatrix::from_fn(2, 2, |row, column| {
            covariance(row, column) * scale(row) * scale(column)
        });
        let certainty = Certainty::of(&covariance.clone().try_inverse().unwrap());
        for place in 0..2 {
            assert!((certainty.sigmas[place] / scale(place) - 1.0).abs() < 1e-9);
        }
        assert!((certainty.correlations[(0, 1)] - rho).abs() < 1e-9);
        let [own] = certainty.undetermined.as_slice() else {
            panic!("{certainty:?}")
        };
        assert_eq!(own.parts.len(), 2);
        assert!(
            (own.worse - (1.0 - rho).sqrt().recip()).abs() < 1e-6,
            "{own:?}"
        );
    }

    #[test]
    fn what_the_data_say_nothing_of_has_no_uncertainty() {
        let certainty = Certainty::of(&DMatrix::from_row_slice(2, 2, &[1.0, 1.0, 1.0, 1.0]));
        assert!(certainty.sigmas.iter().all(|sigma| sigma.is_infinite()));
        let certainty = Certainty::of(&DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, 0.0]));
        assert_eq!(certainty.sigmas, [1.0, f64::INFINITY]);
        assert_eq!(certainty.undetermined[0].parts, [(1, 1.0)]);
    }
}
