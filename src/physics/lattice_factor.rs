//! The lattice factor: how far the crystal's finite size spreads a reflection (PHYSICS §8).

use std::f64::consts::PI;

use glam::{DMat3, DVec3};

use crate::experiment::{Crystal, Shape, SpotMetric};
use crate::units::METRES_PER_ANGSTROM;

/// Factor of a sphere with the volume of the crystal.
pub const ROUND_SCALE: f64 = 0.723601254558268;
/// Width of the Gaussian and top-hat spots.
pub const SPOT_WIDTH: f64 = 0.63;

/// Size and shape of the crystal, as the lattice factor needs them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lattice {
    /// The shape.
    pub shape: Shape,
    /// Cells along a, b and c.
    pub cells: [f64; 3],
    /// Cells in all, N; of a [matrix of cells](Crystal::cells_matrix), its determinant.
    pub total: f64,
    /// Factor on the width of the spots.
    pub fudge: f64,
    /// g of Gaussian and top-hat spots is |metric·δ|²: columns a*, b*, c* in 1/Å times N,
    /// unrotated, for the length of δ does not depend on the orientation; or the matrix of cells
    /// ([`SpotMetric`]).
    pub metric: DMat3,
    /// What that metric is made of: it moves with the cell, or with the numbers of cells alone.
    pub spot_metric: SpotMetric,
}

impl Lattice {
    /// The lattice of `crystal`.
    pub fn new(crystal: &Crystal) -> Lattice {
        let cells = crystal.cells;
        let total = match crystal.coupled_cells {
            [0.0, 0.0, 0.0] => cells.iter().product(),
            _ => crystal.cells_matrix().determinant(),
        };
        Lattice {
            shape: crystal.shape,
            cells,
            total,
            fudge: crystal.fudge,
            spot_metric: crystal.metric,
            metric: match crystal.metric {
                SpotMetric::Reciprocal => {
                    *crystal.cell.reciprocal() * (METRES_PER_ANGSTROM * total)
                }
                SpotMetric::Index => crystal.cells_matrix(),
            },
        }
    }

    /// g of an offset `delta` from a reflection: |δ_h a* + δ_k b* + δ_l c*|²·N², with the
    /// reciprocal vectors in 1/Å, or |N·δ|² of the matrix of cells ([`SpotMetric`]).
    #[inline(always)]
    pub fn offset_squared(&self, delta: DVec3) -> f64 {
        (self.metric * delta).length_squared()
    }

    /// The upper triangular matrix R for which |R·δ| is |metric·δ|, by the method of Gram and
    /// Schmidt: six products take the place of nine.
    pub fn triangular_metric(&self) -> DMat3 {
        let [h, k, l] = [self.metric.x_axis, self.metric.y_axis, self.metric.z_axis];
        let first = h.normalize_or_zero();
        let second = (k - first * first.dot(k)).normalize_or_zero();
        let third = (l - first * first.dot(l) - second * second.dot(l)).normalize_or_zero();
        DMat3::from_cols(
            DVec3::new(first.dot(h), 0.0, 0.0),
            DVec3::new(first.dot(k), second.dot(k), 0.0),
            DVec3::new(first.dot(l), second.dot(l), third.dot(l)),
        )
    }
}

/// F_latt at the offset `delta` (in h, k, l, each −½ to ½) from the nearest reflection.
pub fn lattice_factor(lattice: &Lattice, delta: DVec3) -> f64 {
    let Lattice { cells, total, .. } = *lattice;
    match lattice.shape {
        Shape::Square => square(cells, delta),
        Shape::Round => total * ROUND_SCALE * sinc3(PI * round_offset(lattice, delta)),
        Shape::Gauss => total * gauss(spot_offset_squared(lattice, delta)),
        Shape::TopHat => {
            if is_inside_top_hat(spot_offset_squared(lattice, delta)) {
                total
            } else {
                0.0
            }
        }
    }
}

/// F_latt of a shape with the crystal's symmetry: the root of the mean of F_latt² over `operators`, on
/// columns of indices, at their offsets L·δ; F_latt itself where there are none.
pub fn symmetric_lattice_factor(lattice: &Lattice, operators: &[DMat3], delta: DVec3) -> f64 {
    if operators.is_empty() {
        return lattice_factor(lattice, delta);
    }
    let squares = operators
        .iter()
        .map(|own| lattice_factor(lattice, *own * delta).powi(2));
    (squares.sum::<f64>() / operators.len() as f64).sqrt()
}

/// The product of the three axes' interference functions.
pub fn square(cells: [f64; 3], delta: DVec3) -> f64 {
    cells
        .into_iter()
        .zip(delta.to_array())
        .map(|(n, delta)| sincg(n, delta))
        .product()
}

/// sin(πNδ)/sin(πδ), N at δ = 0: the interference of `n` cells in a row. One cell has none.
pub fn sincg(n: f64, delta: f64) -> f64 {
    if n <= 1.0 {
        1.0
    } else if delta == 0.0 {
        n
    } else {
        (PI * n * delta).sin() / (PI * delta).sin()
    }
}

/// 3(sin x/x − cos x)/x², 1 at 0: the transform of a ball.
pub fn sinc3(x: f64) -> f64 {
    // Below this the difference of sine and cosine would have lost its digits; the first term
    // left out of the series is 1e-14.
    if x.abs() < 0.1 {
        let x2 = x * x;
        1.0 - x2 / 10.0 * (1.0 - x2 / 28.0 * (1.0 - x2 / 54.0))
    } else {
        3.0 * (x.sin() / x - x.cos()) / (x * x)
    }
}

/// exp(−g/0.63) of a Gaussian spot.
pub fn gauss(g: f64) -> f64 {
    (-g / SPOT_WIDTH).exp()
}

/// Whether F_latt² of the shape has a slope: the edge of a top-hat spot has none.
pub fn has_slope(shape: Shape) -> bool {
    shape != Shape::TopHat
}

/// F_latt² and its derivatives (PHYSICS §17).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LatticeSlopes {
    /// F_latt².
    pub squared: f64,
    /// With respect to the offset δ, where the metric stays.
    pub delta: DVec3,
    /// With respect to N_a, N_b and N_c, with all that follows from them.
    pub cells: DVec3,
    /// With respect to N_d, N_e and N_f, with all that follows from them; 0 where the shape or its metric
    /// knows of none.
    pub coupled_cells: DVec3,
    /// With respect to the factor on the width.
    pub fudge: f64,
}

impl Lattice {
    /// Whether the spots' metric moves as the cell does at a fixed N: dM = −M·K where dA = K·A.
    pub fn moves_with_cell(&self) -> bool {
        self.shape == Shape::Gauss && self.spot_metric == SpotMetric::Reciprocal
    }

    /// The derivatives of ln N² of a Gaussian spot with respect to N_a, N_b, N_c and to N_d, N_e, N_f.
    pub fn volume_slopes(&self) -> (DVec3, DVec3) {
        match self.spot_metric {
            SpotMetric::Reciprocal => (2.0 / DVec3::from_array(self.cells), DVec3::ZERO),
            SpotMetric::Index => {
                // The derivative of a determinant is the adjugate; the elements off the diagonal are
                // there twice.
                let inverse = self.metric.inverse();
                let [a, b, c] = [inverse.x_axis, inverse.y_axis, inverse.z_axis];
                (
                    2.0 * DVec3::new(a.x, b.y, c.z),
                    4.0 * DVec3::new(a.y, b.z, a.z),
                )
            }
        }
    }

    /// The derivatives of g at the offset `delta` with respect to N_a, N_b, N_c and to N_d, N_e, N_f, where
    /// `moved` is metric·δ.
    #[inline(always)]
    pub fn square_slopes(&self, moved: DVec3, delta: DVec3) -> (DVec3, DVec3) {
        let (m, d) = (moved, delta);
        match self.spot_metric {
            // The metric is a multiple of N.
            SpotMetric::Reciprocal => (
                2.0 * m.length_squared() / DVec3::from_array(self.cells),
                DVec3::ZERO,
            ),
            SpotMetric::Index => (
                2.0 * m * d,
                2.0 * DVec3::new(
                    m.x * d.y + m.y * d.x,
                    m.y * d.z + m.z * d.y,
                    m.x * d.z + m.z * d.x,
                ),
            ),
        }
    }
}

/// F_latt² at the offset `delta` and its derivatives; a top-hat spot has none, and they are given as 0.
pub fn lattice_factor_slopes(lattice: &Lattice, delta: DVec3) -> LatticeSlopes {
    let cells = DVec3::from_array(lattice.cells);
    match lattice.shape {
        Shape::Square => square_slopes(lattice.cells, delta),
        Shape::Round => {
            let peak = (lattice.total * ROUND_SCALE).powi(2);
            let scaled = cells * delta;
            let square = scaled.length_squared();
            let (value, by_square) = sinc3_squared_slope(lattice.fudge * square);
            let (squared, by_square) = (peak * value, peak * by_square);
            LatticeSlopes {
                squared,
                delta: 2.0 * lattice.fudge * by_square * cells * scaled,
                cells: 2.0 * (squared / cells + lattice.fudge * by_square * scaled * delta),
                coupled_cells: DVec3::ZERO,
                fudge: by_square * square,
            }
        }
        Shape::Gauss => gauss_slopes(lattice, delta),
        Shape::TopHat => LatticeSlopes {
            squared: lattice_factor(lattice, delta).powi(2),
            ..LatticeSlopes::default()
        },
    }
}

fn square_slopes(cells: [f64; 3], delta: DVec3) -> LatticeSlopes {
    let axes = std::array::from_fn::<_, 3, _>(|axis| sincg_slopes(cells[axis], delta[axis]));
    let squared = axes.iter().map(|own| own.value * own.value).product();
    // Not the square over this axis's own, which may be zero.
    let along = |axis: usize, slope: f64| {
        let others = (1..3).map(|step| axes[(axis + step) % 3].value.powi(2));
        2.0 * axes[axis].value * slope * others.product::<f64>()
    };
    LatticeSlopes {
        squared,
        delta: DVec3::from_array([0, 1, 2].map(|axis| along(axis, axes[axis].by_delta))),
        cells: DVec3::from_array([0, 1, 2].map(|axis| along(axis, axes[axis].by_cells))),
        ..LatticeSlopes::default()
    }
}

/// sin(πNδ)/sin(πδ) and its derivatives with respect to δ and N.
struct SincgSlopes {
    value: f64,
    by_delta: f64,
    by_cells: f64,
}

/// Below this πNδ the slope of sin(πNδ)/sin(πδ) is a series: the difference of two cotangents would have
/// lost its digits. The first term left out is 6e-13 of the slope.
pub const NEAR_PEAK: f64 = 0.1;

/// Coefficients, of powers of (πδ)², of the slope of ln(sin(πNδ)/sin(πδ)) over −π²δ near δ = 0, by the
/// series of the cotangent; `cells_squared` is N².
pub fn interference_series(cells_squared: f64) -> [f64; 4] {
    let second = cells_squared;
    let fourth = second * second;
    [
        (second - 1.0) / 3.0,
        (fourth - 1.0) / 45.0,
        (fourth * second - 1.0) * (2.0 / 945.0),
        (fourth * fourth - 1.0) / 4725.0,
    ]
}

/// The slope of ln(sin(πNδ)/sin(πδ)) near δ = 0, of N whose [`interference_series`] is `series`.
#[inline(always)]
pub fn interference_slope_near_zero([first, second, third, fourth]: [f64; 4], delta: f64) -> f64 {
    let square = (PI * delta) * (PI * delta);
    let sum = first + square * (second + square * (third + square * fourth));
    -PI * PI * delta * sum
}

fn sincg_slopes(n: f64, delta: f64) -> SincgSlopes {
    let value = sincg(n, delta);
    let (sine, cosine) = (PI * delta).sin_cos();
    let turned = (PI * n * delta).cos();
    let by_cells = match delta {
        0.0 => 1.0,
        _ => PI * delta * turned / sine,
    };
    let by_delta = if n <= 1.0 {
        0.0
    } else if (PI * n * delta).abs() < NEAR_PEAK {
        value * interference_slope_near_zero(interference_series(n * n), delta)
    } else {
        PI * (n * turned - value * cosine) / sine
    };
    SincgSlopes {
        value,
        by_delta,
        by_cells,
    }
}

/// sinc3²(πv) of a ball and its derivative with respect to `v_squared`: −3π²·sinc3(x)·j₂(x)/x² with
/// x = πv and the spherical Bessel function j₂.
fn sinc3_squared_slope(v_squared: f64) -> (f64, f64) {
    let x = PI * v_squared.sqrt();
    let (value, square) = (sinc3(x), x * x);
    // Below this the difference would have lost its digits; the first term left out of the series is
    // 1e-14 of it.
    let bessel = if x < 0.5 {
        let y = square / 2.0;
        (1.0 - y / 7.0 * (1.0 - y / 18.0 * (1.0 - y / 33.0 * (1.0 - y / 52.0 * (1.0 - y / 75.0)))))
            / 15.0
    } else {
        ((3.0 / square - 1.0) * x.sin() / x - 3.0 * x.cos() / square) / square
    };
    (value * value, -3.0 * PI * PI * value * bessel)
}

fn gauss_slopes(lattice: &Lattice, delta: DVec3) -> LatticeSlopes {
    let moved = lattice.metric * delta;
    let g = moved.length_squared();
    let squared = lattice.total * lattice.total * gauss(lattice.fudge * g).powi(2);
    // The slope with respect to g.
    let steepness = 2.0 * lattice.fudge / SPOT_WIDTH;
    let by_g = -steepness * squared;
    let (volume, of_square) = (lattice.volume_slopes(), lattice.square_slopes(moved, delta));
    LatticeSlopes {
        squared,
        delta: 2.0 * by_g * (lattice.metric.transpose() * moved),
        cells: squared * volume.0 + by_g * of_square.0,
        coupled_cells: squared * volume.1 + by_g * of_square.1,
        fudge: -2.0 / SPOT_WIDTH * g * squared,
    }
}

/// Whether an offset is inside a top-hat spot, by its [`spot_offset_squared`].
#[inline(always)]
pub fn is_inside_top_hat(offset_squared: f64) -> bool {
    offset_squared < SPOT_WIDTH * SPOT_WIDTH
}

/// √(fudge·Σ(N δ)²), of a round crystal.
pub fn round_offset(lattice: &Lattice, delta: DVec3) -> f64 {
    let scaled = delta * DVec3::from_array(lattice.cells);
    (lattice.fudge * scaled.length_squared()).sqrt()
}

/// fudge·g of Gaussian and top-hat spots, with g of [`Lattice::offset_squared`].
#[inline(always)]
pub fn spot_offset_squared(lattice: &Lattice, delta: DVec3) -> f64 {
    lattice.fudge * lattice.offset_squared(delta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::UnitCell;
    use approx::assert_relative_eq;
    use glam::Vec3Swizzles;

    #[test]
    fn the_triangular_metric_keeps_lengths() {
        let columns = [5.0, 1.0, 0.0, -2.0, 8.0, 2.0, 1.0, -3.0, 13.0];
        for metric in [
            DMat3::from_cols_array(&columns),
            DMat3::from_diagonal(DVec3::splat(7.0)),
        ] {
            let lattice = Lattice {
                shape: Shape::Gauss,
                cells: [1.0; 3],
                total: 1.0,
                fudge: 1.0,
                metric,
                spot_metric: SpotMetric::Index,
            };
            let triangular = lattice.triangular_metric();
            assert_eq!(triangular.x_axis.yz(), glam::DVec2::ZERO);
            assert_eq!(triangular.y_axis.z, 0.0);
            for delta in [DVec3::X, DVec3::Z, DVec3::new(0.1, -0.3, 0.2)] {
                let length = (triangular * delta).length_squared();
                assert_relative_eq!(length, lattice.offset_squared(delta), max_relative = 1e-14);
            }
        }
    }

    #[test]
    fn a_matrix_of_cells_turns_with_its_axes() {
        // A block of 4 by 9 by 5 cells along axes that are turned by 30° in the plane of a and b.
        let (cosine, sine) = (0.75f64.sqrt(), 0.5);
        let (wide, high) = (4.0, 9.0);
        let crystal = Crystal {
            cells: [
                wide * cosine * cosine + high * sine * sine,
                wide * sine * sine + high * cosine * cosine,
                5.0,
            ],
            coupled_cells: [(wide - high) * sine * cosine, 0.0, 0.0],
            shape: Shape::Gauss,
            metric: SpotMetric::Index,
            fudge: 0.7,
            ..Crystal::new(UnitCell::cubic(1e-8))
        };
        let (coupled, apart) = (
            Lattice::new(&crystal),
            Lattice::new(&Crystal {
                cells: [wide, high, 5.0],
                coupled_cells: [0.0; 3],
                ..crystal.clone()
            }),
        );
        for delta in [DVec3::ZERO, DVec3::X, DVec3::Z, DVec3::new(0.1, -0.3, 0.2)] {
            let delta = 0.1 * delta;
            let turned = DVec3::new(
                cosine * delta.x - sine * delta.y,
                sine * delta.x + cosine * delta.y,
                delta.z,
            );
            let (found, expected) = (
                lattice_factor(&coupled, turned),
                lattice_factor(&apart, delta),
            );
            assert_relative_eq!(found, expected, max_relative = 1e-12);
        }
        let edges = crystal.edges_m();
        assert_relative_eq!(
            edges[0],
            1e-8 * crystal.cells[0].hypot(crystal.coupled_cells[0])
        );
        assert_relative_eq!(edges[2], 5e-8);
    }

    #[test]
    fn sincg_is_the_sum_over_cells() {
        for n in [2, 3, 10, 37] {
            for delta in [1e-9, 1e-4, 0.013, 0.25, -0.31, 0.5] {
                let phases = (0..n).map(|cell| std::f64::consts::TAU * f64::from(cell) * delta);
                let (re, im) = phases.fold((0.0, 0.0), |(re, im), x| (re + x.cos(), im + x.sin()));
                let summed = f64::hypot(re, im);
                assert!((sincg(f64::from(n), delta).abs() - summed).abs() < 1e-12);
            }
        }
        assert_eq!(sincg(12.0, 0.0), 12.0);
        assert_eq!(sincg(1.0, 0.3), 1.0);
    }

    #[test]
    fn sinc3_has_no_seam() {
        assert_eq!(sinc3(0.0), 1.0);
        let below = sinc3(0.1 - 1e-12);
        assert_relative_eq!(below, sinc3(0.1), max_relative = 1e-11);
        // Where tan x = x the two terms cancel.
        assert!(sinc3(4.493409457909064).abs() < 1e-15);
    }
}
