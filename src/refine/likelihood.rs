//! How far a pixel's counts are from what is expected, as a residual whose square sum is minimised.
//!
//! Counts are Poisson deviates of the expected photons μ, with a readout noise of variance v on top.
//! The sum of both is nearly a Poisson deviate of μ + v once v is added to the measured photons, too
//! (Snyder, Hammoud & White, *J. Opt. Soc. Am. A* 10 (1993) 1014). Its residual is the signed root of
//! the deviance, r = sign(y − μ)·√(2(μ − y + y ln(y/μ))): half of Σ r² is the negative logarithm of
//! the likelihood but for a constant, so that least squares finds the most likely parameters.

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Likelihood {
    /// Poisson counts with readout noise.
    #[default]
    Poisson,
    /// Squares of differences over a variance that is estimated from the counts.
    LeastSquares,
}

/// A pixel's photons y and the variance v of its readout, in photons².
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Photons, which may be below zero by readout noise.
    pub photons: f64,
    /// Variance of the readout, photons².
    pub readout: f64,
}

impl Measured {
    /// Variance that least squares takes: that of the counts as they were measured, at least one
    /// photon.
    fn variance(&self) -> f64 {
        self.photons.max(1.0) + self.readout
    }

    /// The residual for `expected` photons, above zero, and its derivative with respect to them.
    pub fn residual(&self, kind: Likelihood, expected: f64) -> [f64; 2] {
        match kind {
            Likelihood::Poisson => {
                let (y, mu) = (
                    (self.photons + self.readout).max(0.0),
                    expected + self.readout,
                );
                let t = (y - mu) / mu;
                let (root, shape) = (mu.sqrt(), deviance_shape(t).sqrt());
                [root * t * shape, -1.0 / (root * shape)]
            }
            Likelihood::LeastSquares => {
                let sigma = self.variance().sqrt();
                [(self.photons - expected) / sigma, -1.0 / sigma]
            }
        }
    }

    /// The derivative of the logarithm of the likelihood with respect to the `expected` photons, and
    /// the information that the pixel has of them.
    pub fn score(&self, kind: Likelihood, expected: f64) -> [f64; 2] {
        match kind {
            Likelihood::Poisson => {
                let (y, mu) = (
                    (self.photons + self.readout).max(0.0),
                    expected + self.readout,
                );
                [(y - mu) / mu, 1.0 / mu]
            }
            Likelihood::LeastSquares => {
                let variance = self.variance();
                [(self.photons - expected) / variance, 1.0 / variance]
            }
        }
    }

    /// The difference from the `expected` photons over its standard deviation.
    pub fn pull(&self, expected: f64) -> f64 {
        (self.photons - expected) / (expected + self.readout).sqrt()
    }
}

/// 2((1 + t) ln(1 + t) − t)/t², which is 1 at t = 0 and 2 at −1.
fn deviance_shape(t: f64) -> f64 {
    if t.abs() < 0.02 {
        // Σ 2(−t)ⁿ/((n + 1)(n + 2)): the ninth term is below 1e-17.
        return (0..9).rev().fold(0.0, |sum, n| {
            let n = f64::from(n);
            2.0 / ((n + 1.0) * (n + 2.0)) - t * sum
        });
    }
    let logarithm = if t > -1.0 { (1.0 + t) * t.ln_1p() } else { 0.0 };
    2.0 * (logarithm - t) / (t * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_square_of_a_residual_is_the_deviance() {
        for (photons, expected) in [
            (7.0, 3.0),
            (0.0, 0.3),
            (100.0, 100.4),
            (101.0, 99.0),
            (2.0, 50.0),
        ] {
            let measured = Measured {
                photons,
                readout: 0.0,
            };
            let [r, slope] = measured.residual(Likelihood::Poisson, expected);
            let logarithm = if photons > 0.0 {
                photons * (photons / expected).ln()
            } else {
                0.0
            };
            let deviance = 2.0 * (expected - photons + logarithm);
            assert!(
                (r * r - deviance).abs() < 1e-11 * (1.0 + deviance),
                "{photons} {expected}"
            );
            assert_eq!(r > 0.0, photons > expected);
            let step = 1e-4 * expected;
            let at = |mu| measured.residual(Likelihood::Poisson, mu)[0];
            let difference = (at(expected + step) - at(expected - step)) / (2.0 * step);
            assert!(
                (difference / slope - 1.0).abs() < 1e-6,
                "{difference} {slope}"
            );
            // The score is −½ of the slope of the deviance.
            let [score, _] = measured.score(Likelihood::Poisson, expected);
            assert!((score + r * slope).abs() < 1e-12 * (1.0 + score.abs()));
        }
    }

    #[test]
    fn the_series_meets_the_formula() {
        for t in [-0.02, 0.02] {
            let closed = 2.0 * ((1.0 + t) * f64::ln_1p(t) - t) / (t * t);
            assert!((deviance_shape(0.999_999_999 * t) - closed).abs() < 1e-11);
        }
        assert_eq!(deviance_shape(-1.0), 2.0);
    }

    #[test]
    fn readout_noise_widens_the_counts() {
        // Far from zero the residual is the difference over the standard deviation.
        let measured = Measured {
            photons: 1000.0,
            readout: 9000.0,
        };
        let [r, _] = measured.residual(Likelihood::Poisson, 900.0);
        assert!((r - 1.0).abs() < 0.01, "{r}");
        let [r, _] = measured.residual(Likelihood::LeastSquares, 900.0);
        assert_eq!(r, 1.0);
        assert!((measured.pull(900.0) - 100.0 / 9900f64.sqrt()).abs() < 1e-12);
    }
}
