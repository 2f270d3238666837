//! The integral of F_latt² over a reciprocal cell, in units of indices (PHYSICS §15): what a
//! reflection of F = 1 scatters in all.

use std::f64::consts::{FRAC_PI_2, PI};

use super::lattice_factor::{Lattice, ROUND_SCALE, SPOT_WIDTH};
use crate::experiment::{Shape, SpotMetric};

/// β of `lattice`.
///
/// - square: each axis has ∫sin²(πNδ)/sin²(πδ) dδ = N.
/// - Gaussian: N²·exp(−2·fudge·|Mδ|²/0.63) over all δ, N²·(0.63π/(2·fudge))^(3/2)/|det M|, M the metric.
/// - top-hat: N² times the volume of the ball √fudge·|Mδ| < 0.63, N²·4π/3·(0.63/√fudge)³/|det M|.
/// - round: within the cell, because a ball's tails reach far; an integral over the faces of the cell.
///
/// Gaussian and top-hat spots that are wider than the cell are cut off at its faces, where the next
/// reflection takes over: [`beyond_cell`] tells how much of β that takes.
pub fn lattice_integral(lattice: &Lattice) -> f64 {
    let Lattice { total, fudge, .. } = *lattice;
    let peak = total * total;
    let volume = |of_unit_metric: f64| peak * of_unit_metric / lattice.metric.determinant().abs();
    match lattice.shape {
        Shape::Square => total,
        Shape::Round => round_integral(lattice.cells, fudge),
        Shape::Gauss => volume((SPOT_WIDTH * PI / (2.0 * fudge)).powf(1.5)),
        Shape::TopHat => volume(4.0 * PI / 3.0 * (SPOT_WIDTH / fudge.sqrt()).powi(3)),
    }
}

/// The slopes of the logarithm of [`lattice_integral`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct IntegralSlopes {
    /// To an expansion of the cell: by the trace of K, where A becomes (1 + K)·A.
    pub expansion: f64,
    /// To Na, Nb, Nc.
    pub cells: [f64; 3],
    /// To Nd, Ne, Nf.
    pub coupled_cells: [f64; 3],
    /// To the factor on the width of the spots.
    pub fudge: f64,
}

/// The slopes of ln β of `lattice`; of a top-hat, whose spots have no slope, zero.
pub fn lattice_integral_slopes(lattice: &Lattice) -> IntegralSlopes {
    let Lattice { cells, fudge, .. } = *lattice;
    let per_cell = cells.map(|own| 1.0 / own);
    match lattice.shape {
        Shape::Square => IntegralSlopes {
            cells: per_cell,
            ..IntegralSlopes::default()
        },
        Shape::Round => {
            // The integral is a sum over points: so are its slopes, by differences.
            let of_fudge = |ln: f64| round_integral(cells, fudge * ln.exp()).ln();
            let of_cells = |axis: usize| {
                move |ln: f64| {
                    let mut cells = cells;
                    cells[axis] *= ln.exp();
                    round_integral(cells, fudge).ln()
                }
            };
            IntegralSlopes {
                cells: std::array::from_fn(|axis| slope(of_cells(axis)) / cells[axis]),
                fudge: slope(of_fudge) / fudge,
                ..IntegralSlopes::default()
            }
        }
        Shape::Gauss => {
            let inverse = lattice.metric.inverse();
            let spots = match lattice.spot_metric {
                // |det M| is N³/V.
                SpotMetric::Reciprocal => IntegralSlopes {
                    expansion: 1.0,
                    cells: per_cell.map(|own| -own),
                    ..IntegralSlopes::default()
                },
                // β is in proportion to det N.
                SpotMetric::Index => IntegralSlopes {
                    cells: std::array::from_fn(|axis| inverse.col(axis)[axis]),
                    coupled_cells: [(0, 1), (1, 2), (0, 2)]
                        .map(|(row, column)| 2.0 * inverse.col(column)[row]),
                    ..IntegralSlopes::default()
                },
            };
            IntegralSlopes {
                fudge: -1.5 / fudge,
                ..spots
            }
        }
        Shape::TopHat => IntegralSlopes::default(),
    }
}

/// The slope of `f` at 0 by central differences and one of Richardson's steps.
fn slope(f: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 4e-3;
    let central = |step: f64| (f(step) - f(-step)) / (2.0 * step);
    (4.0 * central(STEP / 2.0) - central(STEP)) / 3.0
}

/// The part of a Gaussian or top-hat spot's [`lattice_integral`] that lies beyond its reciprocal cell,
/// or a bound of it: the parts beyond the cell along each axis, added. 0 of other shapes.
pub fn beyond_cell(lattice: &Lattice) -> f64 {
    let inverse = lattice.metric.inverse().transpose();
    let rows = [inverse.x_axis, inverse.y_axis, inverse.z_axis];
    // A Gaussian spot's standard deviation along an axis, and a top-hat's half width, are these rows'
    // lengths times those of metric·δ.
    let parts = rows.map(|row| match lattice.shape {
        Shape::Square | Shape::Round => 0.0,
        Shape::Gauss => {
            let sigma = row.length() * (SPOT_WIDTH / (4.0 * lattice.fudge)).sqrt();
            libm::erfc(0.5 / (sigma * std::f64::consts::SQRT_2))
        }
        Shape::TopHat => {
            // A ball beyond planes at a part `at` of its radius: two caps.
            let radius = row.length() * SPOT_WIDTH / lattice.fudge.sqrt();
            let at = (0.5 / radius).min(1.0);
            (1.0 - at) * (1.0 - at) * (2.0 + at) / 2.0
        }
    });
    parts.iter().sum::<f64>().min(1.0)
}

/// ∫(N·s·sinc3(π√fudge·|(N_i δ_i)|))² over the cell −½ ≤ δ_i ≤ ½, s of a ball of the crystal's volume.
///
/// With u_i = π√fudge·N_i·δ_i it is (N·s)²/Π(π√fudge·N_i) times the integral of f = sinc3² over the box
/// |u_i| ≤ w_i = π√fudge·N_i/2. (Over all u that is 6π², and β is N/fudge^(3/2), for s² = π/6; but the
/// part beyond the cell falls as 0.6/N only.) A face of the box at w is seen from the middle under the
/// solid angles dΩ = w/r³ dA, and behind each lies ∫₀ʳf·u² du = [`radial_integral`], so that the
/// integral is one over the faces, ∫Φ(r)·w/r³ dA. The substitution u = w·sinh t, along both edges,
/// evens the integrand out over faces that are much longer than the box is deep.
fn round_integral(cells: [f64; 3], fudge: f64) -> f64 {
    /// Midpoints along each half edge of a face: they resolve the waves of Φ while these are high, and
    /// the waves fall as 1/r².
    const POINTS: u32 = 200;
    let turns = PI * fudge.sqrt();
    let widths = cells.map(|cells| turns * cells / 2.0);
    let mut sum = 0.0;
    for axis in 0..3 {
        let depth = widths[axis];
        let [step_i, step_j] = [(axis + 1) % 3, (axis + 2) % 3]
            .map(|other| (widths[other] / depth).asinh() / f64::from(POINTS));
        for i in 0..POINTS {
            let ti = (f64::from(i) + 0.5) * step_i;
            for j in 0..POINTS {
                let tj = (f64::from(j) + 0.5) * step_j;
                let part = 1.0 + ti.sinh().powi(2) + tj.sinh().powi(2);
                let solid_angle = ti.cosh() * tj.cosh() / (part * part.sqrt());
                sum += solid_angle * step_i * step_j * radial_integral(depth * part.sqrt());
            }
        }
    }
    let total: f64 = cells.iter().product();
    // Two faces, of four quarters each.
    8.0 * sum * (total * ROUND_SCALE).powi(2) / (total * turns.powi(3))
}

/// Φ(r) = ∫₀ʳ sinc3(u)²·u² du = 9∫(sin u − u·cos u)²/u⁴ du, by parts
/// 9·(−sin²r/(3r³) + sin 2r/(3r²) − 1/(2r) + cos 2r/(6r) + Si(2r)/3); 3π/2 far away.
fn radial_integral(r: f64) -> f64 {
    if r < 0.1 {
        // sinc3² = 1 − u²/5 + 3u⁴/175 − …
        return r.powi(3) / 3.0 * (1.0 - 3.0 * r * r / 25.0);
    }
    let (sine, twice) = (r.sin(), 2.0 * r);
    9.0 * (-sine * sine / (3.0 * r.powi(3)) + twice.sin() / (3.0 * r * r) - 0.5 / r
        + twice.cos() / (6.0 * r)
        + sine_integral(twice) / 3.0)
}

/// Si(x) = ∫₀ˣ sin t/t dt for x > 0: its power series; far away, π/2 less the asymptotic series of its
/// auxiliary functions (NIST Digital Library of Mathematical Functions, §6.6 and §6.12).
fn sine_integral(x: f64) -> f64 {
    /// Both series are right to 1e-8 on their sides of it.
    const SEAM: f64 = 20.0;
    if x < SEAM {
        let (mut power, mut sum) = (x, x);
        for odd in (3..100).step_by(2).map(f64::from) {
            power *= -x * x / (odd * (odd - 1.0));
            sum += power / odd;
        }
        return sum;
    }
    let square = 1.0 / (x * x);
    let series = |first: f64| {
        let (mut term, mut sum) = (1.0, 1.0);
        for step in 0..8 {
            let n = first + 2.0 * f64::from(step);
            term *= -n * (n + 1.0) * square;
            sum += term;
        }
        sum
    };
    FRAC_PI_2 - x.cos() / x * series(1.0) - x.sin() * square * series(2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Crystal;
    use crate::geometry::UnitCell;
    use crate::physics::lattice_factor::lattice_factor;
    use glam::DVec3;

    fn lattice(shape: Shape, cells: [f64; 3], fudge: f64, metric: SpotMetric) -> Lattice {
        let angles = [80.0f64, 95.0, 110.0].map(f64::to_radians);
        let cell = UnitCell::from_parameters([30e-10, 40e-10, 50e-10], angles).unwrap();
        Lattice::new(&Crystal {
            cells,
            shape,
            fudge,
            metric,
            ..Crystal::new(cell)
        })
    }

    /// ∫F_latt² over the cell, by midpoints: exact for square crystals of fewer cells than points.
    fn summed(lattice: &Lattice) -> f64 {
        const POINTS: i32 = 160;
        let at = |i: i32| (f64::from(i) + 0.5) / f64::from(POINTS) - 0.5;
        let mut sum = 0.0;
        for h in 0..POINTS {
            for k in 0..POINTS {
                for l in 0..POINTS {
                    let delta = DVec3::new(at(h), at(k), at(l));
                    sum += lattice_factor(lattice, delta).powi(2);
                }
            }
        }
        sum / f64::from(POINTS).powi(3)
    }

    #[test]
    fn the_integral_over_the_cell_is_that_of_the_lattice_factor() {
        use Shape::{Gauss, Round, Square, TopHat};
        use SpotMetric::{Index, Reciprocal};
        for (shape, cells, fudge, metric, tolerance) in [
            (Square, [5.0, 6.0, 1.0], 1.0, Index, 1e-9),
            (Round, [6.0; 3], 1.0, Index, 1e-4),
            (Round, [1.0, 7.0, 20.0], 1.0, Index, 1e-4),
            (Round, [5.5, 8.0, 11.0], 0.6, Index, 1e-4),
            (Gauss, [5.0, 8.0, 12.0], 1.0, Index, 1e-6),
            (Gauss, [7.0; 3], 1.3, Reciprocal, 1e-6),
            (TopHat, [3.0, 4.0, 6.0], 1.0, Index, 5e-3),
            (TopHat, [5.0, 5.0, 6.0], 1.4, Reciprocal, 5e-3),
        ] {
            let lattice = lattice(shape, cells, fudge, metric);
            let (found, expected) = (lattice_integral(&lattice), summed(&lattice));
            let error = (found / expected - 1.0).abs();
            println!("{shape:?} {cells:?}: {found} {expected} {error:.1e}");
            assert!(error < tolerance, "{shape:?} {cells:?}: {error:e}");
            assert!(beyond_cell(&lattice) < tolerance, "{shape:?} {cells:?}");
        }
    }

    #[test]
    fn slopes_of_the_integral_are_differences() {
        use SpotMetric::{Index, Reciprocal};
        let cells = [5.0, 8.0, 12.0];
        for (shape, metric) in [
            (Shape::Square, Index),
            (Shape::Round, Index),
            (Shape::Gauss, Index),
            (Shape::Gauss, Reciprocal),
        ] {
            let ln = |cells: [f64; 3], fudge: f64| {
                lattice_integral(&lattice(shape, cells, fudge, metric)).ln()
            };
            let found = lattice_integral_slopes(&lattice(shape, cells, 0.8, metric));
            let of_fudge = slope(|step| ln(cells, 0.8 + step));
            assert!((found.fudge - of_fudge).abs() < 1e-7, "{shape:?}");
            for axis in 0..3 {
                let of_cells = slope(|step| {
                    let mut cells = cells;
                    cells[axis] += step;
                    ln(cells, 0.8)
                });
                assert!((found.cells[axis] - of_cells).abs() < 1e-7, "{shape:?}");
            }
        }
    }

    #[test]
    fn what_a_wide_spot_loses_beyond_its_cell_is_told() {
        for shape in [Shape::Gauss, Shape::TopHat] {
            let lattice = lattice(shape, [1.2; 3], 1.0, SpotMetric::Index);
            let lost = 1.0 - summed(&lattice) / lattice_integral(&lattice);
            let told = beyond_cell(&lattice);
            assert!(
                lost > 0.005 && told >= lost && told < 2.0 * lost,
                "{lost} {told}"
            );
        }
    }

    #[test]
    fn a_large_ball_s_spots_are_all_in_their_cells() {
        let cells = [3e3, 1e4, 2e4];
        let all: f64 = cells.iter().product();
        let part = round_integral(cells, 1.0) / all;
        assert!((part - 1.0).abs() < 1e-3 && part < 1.0, "{part}");
    }

    #[test]
    fn the_radial_integral_has_no_seams() {
        for (r, tolerance) in [(0.1, 1e-6), (10.0, 1e-9)] {
            let step = 1e-7;
            let [below, above] = [r - step, r + step].map(radial_integral);
            let slope = super::super::lattice_factor::sinc3(r).powi(2) * r * r;
            let apart = above - below - 2.0 * step * slope;
            assert!(apart.abs() < tolerance * above, "{r}: {apart:e}");
        }
        assert!((radial_integral(1e6) - 1.5 * PI).abs() < 1e-5);
    }
}
