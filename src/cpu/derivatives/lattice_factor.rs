//! F_latt² and its derivatives over a block of pixels: the formulas of
//! [`lattice_factor_slopes`](crate::physics::lattice_factor::lattice_factor_slopes) in arithmetic that
//! compiles to vector instructions.

use std::f64::consts::PI;

use glam::DVec3;

use super::products::transposed_times;
use crate::cpu::lattice_factor::{Gauss, Round, Spot, Square};
use crate::cpu::polynomial::{
    HALF_WAVE, bessel2_pi_near_zero, cos_pi, exp_negative, half_wave, mul_add, sin_pi,
    sinc3_pi_near_zero,
};
use crate::physics::lattice_factor::{
    Lattice, LatticeSlopes, NEAR_PEAK, SPOT_WIDTH, interference_series,
    interference_slope_near_zero,
};

/// A shape whose F_latt² has a slope.
pub trait SlopedSpot: Spot {
    /// Whether the factor on the width acts on it.
    const HAS_FUDGE: bool = true;

    /// Whether its cells can be coupled.
    const HAS_COUPLED_CELLS: bool = false;

    /// F_latt² at `delta` and its derivatives.
    fn slopes<const FUSED: bool>(&self, delta: DVec3) -> LatticeSlopes;
}

/// A parallelepiped's spot, and what its slopes along each axis need.
pub struct SlopedSquare {
    spot: Square,
    axes: [Axis; 3],
}

/// What follows from the number of cells along an axis.
struct Axis {
    cells: f64,
    /// 1/N: a division takes as long as a sine.
    inverse: f64,
    /// [`interference_series`].
    series: [f64; 4],
}

impl SlopedSquare {
    /// The spot of a crystal of `lattice`.
    pub fn new(lattice: &Lattice) -> SlopedSquare {
        let spot = Square::new(lattice);
        let axes = spot.cells.map(|cells| Axis {
            cells,
            inverse: 1.0 / cells,
            series: interference_series(cells * cells),
        });
        SlopedSquare { spot, axes }
    }
}

/// The interference along an axis: sines of πNδ and πδ over a number that both share, and their cosines, up
/// to a sign that the first two with N share; of |δ|.
struct Interference<'a> {
    axis: &'a Axis,
    delta: f64,
    above: f64,
    below: f64,
    turned: f64,
    cosine: f64,
}

impl Interference<'_> {
    /// Added to both sines, N-fold to the first, so that their ratio is N at δ = 0.
    const LEAST: f64 = 1e-60;

    #[inline(always)]
    fn new<const FUSED: bool>(axis: &Axis, delta: f64) -> Interference<'_> {
        let cells = axis.cells;
        let delta = delta.abs();
        let turns = (cells * delta).floor();
        let rest = mul_add::<FUSED>(cells, delta, -turns);
        Interference {
            axis,
            delta,
            above: half_wave::<FUSED>(rest, cells * Interference::LEAST),
            below: half_wave::<FUSED>(delta, Interference::LEAST),
            turned: sin_pi::<FUSED>(0.5 - rest),
            cosine: sin_pi::<FUSED>(0.5 - delta),
        }
    }

    /// The slope with respect to |δ| of the quotient of sines `ratio`, with the inverse of `below`.
    #[inline(always)]
    fn by_delta<const FUSED: bool>(&self, ratio: f64, inverse: f64) -> f64 {
        let cells = self.axis.cells;
        let near = ratio * interference_slope_near_zero(self.axis.series, self.delta);
        let change = mul_add::<FUSED>(cells, self.turned, -ratio * self.cosine);
        let far = HALF_WAVE * change * inverse;
        let is_near = cells * self.delta < NEAR_PEAK / PI;
        if is_near { near } else { far }
    }

    /// The slope with respect to N, from that with respect to |δ|: with x = πNδ and y = πδ, N·∂/∂N is
    /// x·cot x times the ratio, and δ·∂/∂δ is x·cot x − y·cot y times it.
    #[inline(always)]
    fn by_cells<const FUSED: bool>(&self, ratio: f64, inverse: f64, by_delta: f64) -> f64 {
        let below = mul_add::<FUSED>(HALF_WAVE * self.delta, self.cosine, Interference::LEAST);
        let y_cot_y = below * inverse;
        mul_add::<FUSED>(self.delta, by_delta, ratio * y_cot_y) * self.axis.inverse
    }
}

impl Spot for SlopedSquare {
    type Offsets = <Square as Spot>::Offsets;

    const IS_EVEN: bool = Square::IS_EVEN;

    #[inline(always)]
    fn offset(&self, delta: DVec3) -> DVec3 {
        self.spot.offset(delta)
    }

    #[inline(always)]
    fn squared<const FUSED: bool>(&self, delta: DVec3) -> f64 {
        self.spot.squared::<FUSED>(delta)
    }
}

impl SlopedSpot for SlopedSquare {
    const HAS_FUDGE: bool = false;

    #[inline(always)]
    fn slopes<const FUSED: bool>(&self, delta: DVec3) -> LatticeSlopes {
        let [h, k, l] = [
            Interference::new::<FUSED>(&self.axes[0], delta.x),
            Interference::new::<FUSED>(&self.axes[1], delta.y),
            Interference::new::<FUSED>(&self.axes[2], delta.z),
        ];
        // One division for three axes.
        let (hk, hl, kl) = (h.below * k.below, h.below * l.below, k.below * l.below);
        let inverse = 1.0 / (hk * l.below);
        let (of_h, of_k, of_l) = (kl * inverse, hl * inverse, hk * inverse);
        let (ratio_h, ratio_k, ratio_l) = (h.above * of_h, k.above * of_k, l.above * of_l);
        let (hh, kk, ll) = (ratio_h * ratio_h, ratio_k * ratio_k, ratio_l * ratio_l);
        // The derivative of a square with respect to its root, times the others' squares.
        let rest = DVec3::new(
            2.0 * ratio_h * kk * ll,
            2.0 * ratio_k * hh * ll,
            2.0 * ratio_l * hh * kk,
        );
        let by_delta = DVec3::new(
            h.by_delta::<FUSED>(ratio_h, of_h),
            k.by_delta::<FUSED>(ratio_k, of_k),
            l.by_delta::<FUSED>(ratio_l, of_l),
        );
        let sign = |delta: f64| if delta < 0.0 { -1.0 } else { 1.0 };
        let signs = DVec3::new(sign(delta.x), sign(delta.y), sign(delta.z));
        let cells = DVec3::new(
            h.by_cells::<FUSED>(ratio_h, of_h, by_delta.x),
            k.by_cells::<FUSED>(ratio_k, of_k, by_delta.y),
            l.by_cells::<FUSED>(ratio_l, of_l, by_delta.z),
        );
        LatticeSlopes {
            squared: hh * kk * ll,
            delta: rest * by_delta * signs,
            cells: rest * cells,
            coupled_cells: DVec3::ZERO,
            fudge: 0.0,
        }
    }
}

impl SlopedSpot for Round {
    #[inline(always)]
    fn slopes<const FUSED: bool>(&self, delta: DVec3) -> LatticeSlopes {
        let scaled = self.cells * delta;
        let square = scaled.length_squared();
        let v_squared = self.fudge * square;
        let v = v_squared.sqrt();
        // Half turns change the sign of both sine and cosine.
        let rest = v - v.round_ties_even();
        let x = PI * v;
        let (sine, cosine) = (sin_pi::<FUSED>(rest), cos_pi::<FUSED>(rest));
        let inverse = 1.0 / x;
        let inverse_square = inverse * inverse;
        let sine = sine * inverse;
        let far_sinc = 3.0 * (sine - cosine) * inverse_square;
        let far_bessel =
            ((3.0 * inverse_square - 1.0) * sine - 3.0 * cosine * inverse_square) * inverse_square;
        let is_near = v < 0.5;
        let sinc3 = if is_near {
            sinc3_pi_near_zero::<FUSED>(v)
        } else {
            far_sinc
        };
        let bessel = if is_near {
            bessel2_pi_near_zero::<FUSED>(v)
        } else {
            far_bessel
        };
        let squared = self.peak * (sinc3 * sinc3);
        let by_square = -3.0 * PI * PI * self.peak * sinc3 * bessel;
        let turned = self.fudge * by_square;
        LatticeSlopes {
            squared,
            delta: 2.0 * turned * self.cells * scaled,
            cells: 2.0 * (squared * (1.0 / self.cells) + turned * scaled * delta),
            coupled_cells: DVec3::ZERO,
            fudge: by_square * square,
        }
    }
}

/// A Gaussian spot, and what its derivatives with respect to its size need.
pub struct SlopedGauss {
    spot: Gauss,
    /// The derivative of ln N² with respect to each number of cells.
    cells: DVec3,
    coupled_cells: DVec3,
}

impl SlopedGauss {
    /// The spot of a crystal of `lattice`, which is zero where it is below exp(−`vanishing`) of its peak.
    pub fn new(lattice: &Lattice, vanishing: f64) -> SlopedGauss {
        let (cells, coupled_cells) = lattice.volume_slopes();
        SlopedGauss {
            spot: Gauss::new(lattice, vanishing),
            cells,
            coupled_cells,
        }
    }
}

impl Spot for SlopedGauss {
    type Offsets = <Gauss as Spot>::Offsets;

    #[inline(always)]
    fn offset(&self, delta: DVec3) -> f64 {
        self.spot.offset(delta)
    }

    #[inline(always)]
    fn vanishes(&self, delta: DVec3) -> bool {
        self.spot.vanishes(delta)
    }

    #[inline(always)]
    fn vanishes_from(&self, least: DVec3) -> bool {
        self.spot.vanishes_from(least)
    }

    #[inline(always)]
    fn squared<const FUSED: bool>(&self, exponent: f64) -> f64 {
        self.spot.squared::<FUSED>(exponent)
    }
}

impl SlopedSpot for SlopedGauss {
    const HAS_COUPLED_CELLS: bool = true;

    #[inline(always)]
    fn slopes<const FUSED: bool>(&self, delta: DVec3) -> LatticeSlopes {
        let Gauss {
            lattice,
            peak,
            steepness,
            vanishing,
            ..
        } = &self.spot;
        let moved = lattice.metric * delta;
        let g = moved.length_squared();
        let exponent = steepness * g;
        let squared = if exponent < *vanishing {
            peak * exp_negative::<FUSED>(exponent)
        } else {
            0.0
        };
        let by_g = -steepness * squared;
        let (cells, coupled_cells) = lattice.square_slopes(moved, delta);
        LatticeSlopes {
            squared,
            delta: 2.0 * by_g * transposed_times::<FUSED>(&lattice.metric, moved, DVec3::ZERO),
            cells: squared * self.cells + by_g * cells,
            coupled_cells: squared * self.coupled_cells + by_g * coupled_cells,
            fudge: -2.0 / SPOT_WIDTH * g * squared,
        }
    }
}
