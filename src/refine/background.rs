//! The smooth background under the spots, which is fitted anew for every set of parameters.
//!
//! A background is the exponential of a sum of smooth functions, so that it is above zero: under a
//! spot of its own the functions are 1, x and y, a plane for as far as one spot reaches; for a whole
//! frame they are hats along the distance from the beam centre. Its coefficients are eliminated
//! (variable projection: Golub & Pereyra, *Inverse Problems* 19 (2003) R1): for given parameters
//! they are those of the greatest likelihood, and what the Jacobian's columns have in common with
//! theirs is taken out. The parameters' curvature is then that of the fit of everything together.

use std::ops::Range;

use nalgebra::{DMatrix, DVector};

use super::likelihood::{Likelihood, Measured};

/// A background does not fall below so many photons a pixel.
const LEAST: f64 = 1e-3;

/// Pixels that share the coefficients of a background.
#[derive(Debug, Clone)]
pub struct Group {
    /// Places of the pixels among those that are fitted.
    pub pixels: Range<usize>,
    /// The smooth functions, in columns, at those pixels.
    pub functions: DMatrix<f64>,
    /// Coefficients of the last fit.
    coefficients: DVector<f64>,
}

impl Group {
    /// Pixels with these `functions`, the first fit of which starts at a flat background: the
    /// `level` is the sum of the first `flat` functions.
    pub fn new(pixels: Range<usize>, functions: DMatrix<f64>, flat: usize, level: f64) -> Group {
        let start = level.max(LEAST).ln();
        let count = functions.ncols();
        let coefficients = (0..count).map(|column| if column < flat { start } else { 0.0 });
        Group {
            coefficients: DVector::from_iterator(count, coefficients),
            pixels,
            functions,
        }
    }

    /// The background of each pixel with the present coefficients.
    pub fn levels(&self) -> Vec<f64> {
        self.exponentials().map(|level| level.max(LEAST)).collect()
    }

    /// The exponential of the functions at each pixel, which is the background above the least.
    fn exponentials(&self) -> impl Iterator<Item = f64> {
        let exponents = &self.functions * &self.coefficients;
        exponents
            .into_iter()
            .map(|exponent| exponent.exp())
            .collect::<Vec<f64>>()
            .into_iter()
    }

    /// Fits the coefficients beside `signal`, the photons of the crystal in each of the pixels, to
    /// what was `measured` there; by Newton's method with the expected curvature, from the last
    /// coefficients.
    pub fn fit(&mut self, measured: &[Measured], signal: &[f64], kind: Likelihood) {
        const MOST_STEPS: usize = 40;
        let count = self.functions.ncols();
        for _ in 0..MOST_STEPS {
            let mut slope = DVector::zeros(count);
            let mut curvature = DMatrix::zeros(count, count);
            let pixels = measured.iter().zip(signal).zip(self.exponentials());
            for (row, ((measured, signal), exponential)) in pixels.enumerate() {
                let level = exponential.max(LEAST);
                let [score, information] = measured.score(kind, signal + level);
                // At the least background only a way up is one.
                if exponential < LEAST && score <= 0.0 {
                    continue;
                }
                let functions = self.functions.row(row);
                for one in 0..count {
                    slope[one] += score * level * functions[one];
                    for other in 0..=one {
                        curvature[(one, other)] +=
                            information * level * level * functions[one] * functions[other];
                    }
                }
            }
            // A function that no pixel has, and a background that is nothing, stay as they are.
            for one in 0..count {
                curvature[(one, one)] += 1e-9 + 1e-9 * curvature[(one, one)];
            }
            let Some(factor) = curvature.cholesky() else {
                return;
            };
            let step = factor.solve(&slope);
            let longest = step.amax();
            // The exponential is no straight line: long steps are shortened.
            let part = if longest > 1.0 { 1.0 / longest } else { 1.0 };
            self.coefficients += part * step;
            let at_least = LEAST.ln() - 1.0;
            self.coefficients
                .apply(|value| *value = value.clamp(at_least, 40.0));
            if longest < 1e-8 {
                return;
            }
        }
    }

    /// Takes out of the `columns` of a Jacobian, a number for each of the pixels, what the coefficients
    /// can do as well. `slopes` are the derivatives of the pixels' residuals with respect to their
    /// photons.
    pub fn project(&self, slopes: &[f64], columns: &mut DMatrix<f64>) {
        // The least background does not follow the coefficients.
        let moves = |level: f64| if level < LEAST { 0.0 } else { level };
        let levels: Vec<f64> = self.exponentials().map(moves).collect();
        let own = DMatrix::from_fn(slopes.len(), self.functions.ncols(), |row, column| {
            slopes[row] * levels[row] * self.functions[(row, column)]
        });
        let mut normal = own.tr_mul(&own);
        for one in 0..normal.ncols() {
            normal[(one, one)] += 1e-12 + 1e-12 * normal[(one, one)];
        }
        if let Some(factor) = normal.cholesky() {
            *columns -= &own * factor.solve(&own.tr_mul(columns));
        }
    }
}

/// The functions of a plane over pixels at these places, pixels from the middle of a spot.
pub fn plane(places: &[[f64; 2]], reach: f64) -> DMatrix<f64> {
    DMatrix::from_fn(places.len(), 3, |row, column| match column {
        0 => 1.0,
        axis => places[row][axis - 1] / reach,
    })
}

/// Hats along a radius: `count` of them, at equal distances from the smallest radius to the largest.
pub fn hats(radii: &[f64], count: usize) -> DMatrix<f64> {
    let (least, most) = radii
        .iter()
        .fold((f64::MAX, f64::MIN), |(least, most), &radius| {
            (least.min(radius), most.max(radius))
        });
    let step = ((most - least) / (count - 1) as f64).max(f64::MIN_POSITIVE);
    DMatrix::from_fn(radii.len(), count, |row, column| {
        let place = (radii[row] - least) / step;
        (1.0 - (place - column as f64).abs()).max(0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(photons: impl Iterator<Item = f64>) -> Vec<Measured> {
        let readout = 0.0;
        photons
            .map(|photons| Measured { photons, readout })
            .collect()
    }

    fn places() -> Vec<[f64; 2]> {
        (0..100)
            .map(|index| [f64::from(index % 10) - 4.5, f64::from(index / 10) - 4.5])
            .collect()
    }

    #[test]
    fn a_background_is_found_beside_a_spot() {
        let places = places();
        let level = |[x, y]: [f64; 2]| (2.0 + 0.03 * x - 0.05 * y).exp();
        let spot = |[x, y]: [f64; 2]| 300.0 * (-x * x - y * y).exp();
        let counts = measured(places.iter().map(|&at| level(at) + spot(at)));
        let signal: Vec<f64> = places.iter().map(|&at| spot(at)).collect();
        for kind in [Likelihood::Poisson, Likelihood::LeastSquares] {
            let mut group = Group::new(0..100, plane(&places, 5.0), 1, 30.0);
            group.fit(&counts, &signal, kind);
            for (found, &at) in group.levels().iter().zip(&places) {
                assert!(
                    (found / level(at) - 1.0).abs() < 1e-8,
                    "{found} {}",
                    level(at)
                );
            }
        }
    }

    #[test]
    fn no_counts_leave_next_to_no_background() {
        let counts = measured(std::iter::repeat_n(0.0, 100));
        let mut group = Group::new(0..100, plane(&places(), 5.0), 1, 3.0);
        group.fit(&counts, &[0.0; 100], Likelihood::Poisson);
        assert!(group.levels().iter().all(|&level| level <= 2.0 * LEAST));
    }

    #[test]
    fn a_spot_without_noise_on_nothing_leaves_it_and_a_background_comes_back() {
        let places = places();
        let signal: Vec<f64> = places
            .iter()
            .map(|[x, y]| 300.0 * (-x * x - y * y).exp())
            .collect();
        let mut group = Group::new(0..100, plane(&places, 5.0), 1, 3.0);
        group.fit(
            &measured(signal.iter().copied()),
            &signal,
            Likelihood::Poisson,
        );
        assert!(group.levels().iter().all(|&level| level <= 2.0 * LEAST));
        let before = group.coefficients.clone();
        group.fit(
            &measured(signal.iter().copied()),
            &signal,
            Likelihood::Poisson,
        );
        assert!((&group.coefficients - before).amax() < 1e-6);
        let raised = measured(signal.iter().map(|own| own + 5.0));
        group.fit(&raised, &signal, Likelihood::Poisson);
        for level in group.levels() {
            assert!((level / 5.0 - 1.0).abs() < 1e-6, "{level}");
        }
    }

    #[test]
    fn what_is_projected_is_at_right_angles_to_the_background() {
        let places = places();
        let group = Group::new(0..100, plane(&places, 5.0), 1, 10.0);
        let slopes: Vec<f64> = (0..100)
            .map(|index| -0.3 - 0.001 * f64::from(index))
            .collect();
        let mut columns =
            DMatrix::from_fn(100, 2, |row, column| ((row + column).pow(2) % 17) as f64);
        group.project(&slopes, &mut columns);
        for column in 0..3 {
            let product: f64 = (0..100)
                .map(|row| slopes[row] * 10.0 * group.functions[(row, column)] * columns[(row, 1)])
                .sum();
            assert!(product.abs() < 1e-8, "{product}");
        }
    }

    #[test]
    fn hats_add_up_to_one() {
        let radii: Vec<f64> = (0..50).map(|index| 3.0 + f64::from(index) * 0.7).collect();
        let functions = hats(&radii, 6);
        for row in 0..50 {
            assert!((functions.row(row).sum() - 1.0).abs() < 1e-12);
        }
        assert_eq!(functions[(0, 0)], 1.0);
        assert_eq!(functions[(49, 5)], 1.0);
    }
}
