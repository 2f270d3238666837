//! Point spreads, integrated over square pixels.

use std::f64::consts::{SQRT_2, TAU};

#[cfg(feature = "gpu")]
use rayon::prelude::*;

use super::{PointSpread, SpreadShape};

/// Width of a Gaussian of σ = 1 at half its maximum.
const FWHM_OF_GAUSS: f64 = 2.354_820_045_030_949_3;
/// g of a fibre's point spread that is 1 wide at half its maximum.
const G_OF_FIBER: f64 = 0.652_383_013_252_053;

/// A point spread whose parts that fall on pixels can be had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PixelKernel {
    /// The product of what [`along`] gives for either axis; σ in pixels.
    Gauss(f64),
    /// g in pixels.
    Fiber(f64),
}

impl PixelKernel {
    /// The kernel of `spread`, whose width is not zero.
    pub fn of(spread: &PointSpread) -> PixelKernel {
        match spread.shape {
            SpreadShape::Gauss => PixelKernel::Gauss(spread.fwhm_pixels / FWHM_OF_GAUSS),
            SpreadShape::Fiber => PixelKernel::Fiber(spread.fwhm_pixels * G_OF_FIBER),
        }
    }

    /// The part of a photon's light that falls on the pixel `fast` and `slow` pixels away from that
    /// whose middle it hit.
    pub fn part(self, fast: usize, slow: usize) -> f64 {
        match self {
            PixelKernel::Gauss(sigma) => along(sigma, fast) * along(sigma, slow),
            PixelKernel::Fiber(g) => fiber_part(g, fast as f64, slow as f64),
        }
    }

    /// The [parts](PixelKernel::part) on pixels up to `width` and `height` away, row by row, each as
    /// `keep` has it.
    #[cfg(feature = "gpu")]
    pub fn parts<T: Send>(
        self,
        [width, height]: [usize; 2],
        keep: impl Fn(f64) -> T + Sync,
    ) -> Vec<T> {
        let forms = match self {
            PixelKernel::Gauss(sigma) => {
                (0..width.max(height)).map(|at| along(sigma, at)).collect()
            }
            PixelKernel::Fiber(_) => Vec::new(),
        };
        let part = |index: usize| match self {
            PixelKernel::Gauss(_) => forms[index % width] * forms[index / width],
            PixelKernel::Fiber(_) => self.part(index % width, index / width),
        };
        (0..width * height)
            .into_par_iter()
            .map(|index| keep(part(index)))
            .collect()
    }
}

/// The part of a Gaussian of this σ between half a pixel before and behind `distance` pixels.
pub fn along(sigma: f64, distance: usize) -> f64 {
    let end = |place: f64| place / (SQRT_2 * sigma);
    if distance == 0 {
        return libm::erf(end(0.5));
    }
    let distance = distance as f64;
    // The far ends differ by little from 1, but not from each other.
    0.5 * (libm::erfc(end(distance - 0.5)) - libm::erfc(end(distance + 0.5)))
}

/// The part of a fibre's light on the pixel (x, y) pixels away.
fn fiber_part(g: f64, x: f64, y: f64) -> f64 {
    /// From so far on, four corners are too alike to subtract, and two points each way integrate
    /// to 1e-7.
    const FAR: f64 = 32.0;
    if x < FAR && y < FAR {
        let corner = |x: f64, y: f64| fiber_corner(g, x, y);
        let (x0, x1, y0, y1) = (x - 0.5, x + 0.5, y - 0.5, y + 0.5);
        return corner(x1, y1) - corner(x0, y1) - corner(x1, y0) + corner(x0, y0);
    }
    // Gauss's points.
    let at = 1.0 / 12f64.sqrt();
    let density = |x: f64, y: f64| {
        let square = g * g + x * x + y * y;
        g / (TAU * square * square.sqrt())
    };
    0.25 * (density(x - at, y - at)
        + density(x + at, y - at)
        + density(x - at, y + at)
        + density(x + at, y + at))
}

/// The part of a fibre's light between the axes and the corner (x, y), whose sign is xy's.
fn fiber_corner(g: f64, x: f64, y: f64) -> f64 {
    (x * y / (g * (g * g + x * x + y * y).sqrt())).atan() / TAU
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTHS: [f64; 8] = [0.1, 0.3, 1.0, 1.7, 5.0, 12.0, 30.0, 50.0];

    fn both(fwhm_pixels: f64) -> [PointSpread; 2] {
        [SpreadShape::Gauss, SpreadShape::Fiber].map(|shape| PointSpread { shape, fwhm_pixels })
    }

    /// The density, as published.
    fn density(spread: &PointSpread, square: f64) -> f64 {
        match spread.shape {
            SpreadShape::Gauss => {
                let variance = spread.fwhm_pixels.powi(2) / (8.0 * 2f64.ln());
                (-square / (2.0 * variance)).exp() / (TAU * variance)
            }
            SpreadShape::Fiber => {
                let g = G_OF_FIBER * spread.fwhm_pixels;
                g / TAU * (g * g + square).powf(-1.5)
            }
        }
    }

    /// The density over a pixel, by Gauss's five points each way on pieces that are small beside
    /// what it changes over.
    fn integrated(spread: &PointSpread, [x, y]: [f64; 2], edge: f64) -> f64 {
        let scale = match spread.shape {
            SpreadShape::Gauss => spread.fwhm_pixels,
            SpreadShape::Fiber => spread.fwhm_pixels.max((x * x + y * y).sqrt() - edge),
        };
        if edge > 0.1 * scale {
            let q = edge / 4.0;
            let quarters = [[-q, -q], [q, -q], [-q, q], [q, q]];
            let parts = quarters.map(|[dx, dy]| integrated(spread, [x + dx, y + dy], edge / 2.0));
            return parts.iter().sum();
        }
        let points = [
            (-0.906_179_845_938_664, 0.236_926_885_056_189),
            (-0.538_469_310_105_683, 0.478_628_670_499_366),
            (0.0, 0.568_888_888_888_889),
            (0.538_469_310_105_683, 0.478_628_670_499_366),
            (0.906_179_845_938_664, 0.236_926_885_056_189),
        ];
        let half = edge / 2.0;
        let along = |(u, weight_u): (f64, f64)| {
            let values = points.map(|(v, weight_v)| {
                let (x, y) = (x + half * u, y + half * v);
                weight_u * weight_v * density(spread, x * x + y * y)
            });
            values.iter().sum::<f64>()
        };
        half * half * points.map(along).iter().sum::<f64>()
    }

    #[test]
    fn parts_are_integrals_of_the_published_forms() {
        let mut worst: f64 = 0.0;
        for spread in WIDTHS.into_iter().flat_map(both) {
            let kernel = PixelKernel::of(&spread);
            for (fast, slow) in [
                (0, 0),
                (1, 0),
                (1, 1),
                (3, 2),
                (0, 9),
                (31, 17),
                (32, 0),
                (40, 33),
                (5, 200),
                (2000, 3000),
            ] {
                let expected = integrated(&spread, [fast as f64, slow as f64], 1.0);
                // A Gaussian has no digits left where float64 ends.
                if expected < 1e-250 {
                    continue;
                }
                let error = (kernel.part(fast, slow) / expected - 1.0).abs();
                worst = worst.max(error);
                assert!(error < 1e-6, "{spread:?} {fast} {slow}: {error:.1e}");
            }
        }
        println!("a pixel's part      worst error {worst:.1e} of it");
    }

    #[test]
    fn all_light_falls_somewhere() {
        for spread in WIDTHS.into_iter().flat_map(both) {
            let kernel = PixelKernel::of(&spread);
            let reach = 400;
            let mut inside = 0.0;
            for slow in 0..=reach {
                for fast in 0..=reach {
                    let times = [fast, slow].map(|at| if at == 0 { 1.0 } else { 2.0 });
                    inside += kernel.part(fast, slow) * times[0] * times[1];
                }
            }
            let expected = match kernel {
                PixelKernel::Gauss(_) => 1.0,
                PixelKernel::Fiber(g) => 4.0 * fiber_corner(g, 400.5, 400.5),
            };
            assert!((inside - expected).abs() < 1e-6, "{spread:?}: {inside}");
        }
    }

    #[test]
    fn widths_are_those_at_half_maximum() {
        for spread in both(3.0) {
            let half = density(&spread, 1.5f64.powi(2)) / density(&spread, 0.0);
            assert!((half - 0.5).abs() < 1e-9, "{spread:?}: {half}");
        }
    }
}
