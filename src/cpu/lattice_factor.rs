//! The squared lattice factor F_latt² of a block of pixels: the formulas of
//! [`physics::lattice_factor`](crate::physics::lattice_factor) in arithmetic that compiles to
//! vector instructions.
//!
//! One type per shape holds the constants that all terms share. Only the square counts, so signs
//! are dropped where that is simpler.

use std::f64::consts::PI;

use glam::DVec3;

use super::lanes::{Lanes, PerLane, Vectors};
use super::polynomial::{
    EXP_VANISHES, cos_pi, exp_negative, half_wave, mul_add, sin_pi, sinc3_pi_near_zero,
};
use crate::physics::lattice_factor::{
    Lattice, ROUND_SCALE, SPOT_WIDTH, is_inside_top_hat, spot_offset_squared,
};
use crate::physics::spot_reach::spot_reach;

/// The squared lattice factor of one shape, at offsets δ from a reflection.
pub trait Spot {
    /// The part of δ that F_latt² depends on, for each pixel of a block.
    type Offsets: PerLane;

    /// Whether F_latt² is the same for δ and −δ along each axis, so that either of two indices that
    /// are equally near will do.
    const IS_EVEN: bool = false;

    /// The part of `delta` that F_latt² depends on.
    fn offset(&self, delta: DVec3) -> <Self::Offsets as PerLane>::One;

    /// Whether F_latt² is zero at `delta`; `false` where telling costs as much as computing it.
    #[inline(always)]
    fn vanishes(&self, _delta: DVec3) -> bool {
        false
    }

    /// Whether F_latt² is known to vanish at every δ none of whose components is nearer to zero
    /// than that of `least`.
    #[inline(always)]
    fn vanishes_from(&self, _least: DVec3) -> bool {
        false
    }

    /// F_latt² at `offset`, which [`Spot::offset`] gave.
    fn squared<const FUSED: bool>(&self, offset: <Self::Offsets as PerLane>::One) -> f64;
}

/// Added to a spot's reach, so that rounding never makes a block vanish where one of its pixels
/// does not.
const MARGIN: f64 = 1e-9;

/// Whether `least` is beyond `reach`, how far along each axis a spot goes.
#[inline(always)]
fn is_beyond(least: DVec3, reach: DVec3) -> bool {
    // The axes are compared one by one: in a cell that is not rectangular the components of δ do
    // not simply add up.
    (least.x > reach.x) | (least.y > reach.y) | (least.z > reach.z)
}

/// The spot of a parallelepiped: Π sin²(πNδ)/sin²(πδ).
pub struct Square {
    pub(super) cells: [f64; 3],
}

impl Square {
    /// The spot of a crystal of `lattice`.
    pub fn new(lattice: &Lattice) -> Square {
        Square {
            cells: lattice.cells,
        }
    }
}

impl Spot for Square {
    type Offsets = Vectors;

    const IS_EVEN: bool = true;

    #[inline(always)]
    fn offset(&self, delta: DVec3) -> DVec3 {
        delta
    }

    #[inline(always)]
    fn squared<const FUSED: bool>(&self, delta: DVec3) -> f64 {
        let [(above_h, below_h), (above_k, below_k), (above_l, below_l)] = [
            interference::<FUSED>(self.cells[0], delta.x),
            interference::<FUSED>(self.cells[1], delta.y),
            interference::<FUSED>(self.cells[2], delta.z),
        ];
        // One division for three axes.
        let ratio = (above_h * above_k * above_l) / (below_h * below_k * below_l);
        ratio * ratio
    }
}

/// sin(πNδ) and sin(πδ), over a number that both share and up to their signs.
#[inline(always)]
fn interference<const FUSED: bool>(cells: f64, delta: f64) -> (f64, f64) {
    /// Added to both sines, N-fold to the first, so that their ratio is N at δ = 0, and the product
    /// of three is still a number.
    const LEAST: f64 = 1e-60;
    let delta = delta.abs();
    // Nδ less whole half turns, rounded only once where products are fused.
    let turns = (cells * delta).floor();
    let rest = mul_add::<FUSED>(cells, delta, -turns);
    (
        half_wave::<FUSED>(rest, cells * LEAST),
        half_wave::<FUSED>(delta, LEAST),
    )
}

/// The spot of a ball: (N·0.7236·sinc3(πv))² with v² = fudge·Σ(Nδ)².
pub struct Round {
    pub(super) cells: DVec3,
    pub(super) peak: f64,
    pub(super) fudge: f64,
}

impl Round {
    /// The spot of a crystal of `lattice`.
    pub fn new(lattice: &Lattice) -> Round {
        let amplitude = lattice.total * ROUND_SCALE;
        Round {
            cells: DVec3::from_array(lattice.cells),
            peak: amplitude * amplitude,
            fudge: lattice.fudge,
        }
    }
}

impl Spot for Round {
    /// v².
    type Offsets = Lanes;

    const IS_EVEN: bool = true;

    #[inline(always)]
    fn offset(&self, delta: DVec3) -> f64 {
        self.fudge * (delta * self.cells).length_squared()
    }

    #[inline(always)]
    fn squared<const FUSED: bool>(&self, v_squared: f64) -> f64 {
        let v = v_squared.sqrt();
        // Half turns change the sign of both sine and cosine.
        let rest = v - v.round_ties_even();
        let x = PI * v;
        let far = 3.0 * (sin_pi::<FUSED>(rest) / x - cos_pi::<FUSED>(rest)) / (x * x);
        let near = sinc3_pi_near_zero::<FUSED>(v);
        let sinc3 = if v < 0.5 { near } else { far };
        self.peak * (sinc3 * sinc3)
    }
}

/// Largest offset along each axis at which g is at most `g`, with a margin.
fn reach(lattice: &Lattice, g: f64) -> DVec3 {
    spot_reach(lattice, g) * (1.0 + MARGIN)
}

/// A Gaussian spot: N²·exp(−2·fudge·g/0.63).
pub struct Gauss {
    pub(super) lattice: Lattice,
    pub(super) peak: f64,
    /// The exponent over g.
    pub(super) steepness: f64,
    /// The exponent from which on the spot counts as nothing.
    pub(super) vanishing: f64,
    /// Reach of the spot along each axis.
    reach: DVec3,
}

impl Gauss {
    /// The spot of a crystal of `lattice`, which is zero where it is below exp(−`vanishing`) of its
    /// peak.
    pub fn new(lattice: &Lattice, vanishing: f64) -> Gauss {
        let vanishing = vanishing.min(EXP_VANISHES);
        let steepness = 2.0 * lattice.fudge / SPOT_WIDTH;
        Gauss {
            lattice: *lattice,
            peak: lattice.total * lattice.total,
            steepness,
            vanishing,
            reach: reach(lattice, vanishing / steepness),
        }
    }
}

impl Spot for Gauss {
    /// The exponent without its sign.
    type Offsets = Lanes;

    #[inline(always)]
    fn offset(&self, delta: DVec3) -> f64 {
        self.steepness * self.lattice.offset_squared(delta)
    }

    #[inline(always)]
    fn vanishes(&self, delta: DVec3) -> bool {
        self.offset(delta) >= self.vanishing
    }

    #[inline(always)]
    fn vanishes_from(&self, least: DVec3) -> bool {
        is_beyond(least, self.reach)
    }

    #[inline(always)]
    fn squared<const FUSED: bool>(&self, exponent: f64) -> f64 {
        // Zero or not by itself, whatever block the pixel is in.
        if exponent < self.vanishing {
            self.peak * exp_negative::<FUSED>(exponent)
        } else {
            0.0
        }
    }
}

/// A top-hat spot: N² inside, nothing outside.
pub struct TopHat {
    lattice: Lattice,
    peak: f64,
    /// Reach of the spot along each axis.
    reach: DVec3,
}

impl TopHat {
    /// The spot of a crystal of `lattice`.
    pub fn new(lattice: &Lattice) -> TopHat {
        TopHat {
            lattice: *lattice,
            peak: lattice.total * lattice.total,
            reach: reach(lattice, SPOT_WIDTH * SPOT_WIDTH / lattice.fudge),
        }
    }
}

impl Spot for TopHat {
    /// fudge·g.
    type Offsets = Lanes;

    /// The scalar formula to the last digit: a spot's edge must not move.
    #[inline(always)]
    fn offset(&self, delta: DVec3) -> f64 {
        spot_offset_squared(&self.lattice, delta)
    }

    #[inline(always)]
    fn vanishes(&self, delta: DVec3) -> bool {
        !is_inside_top_hat(self.offset(delta))
    }

    #[inline(always)]
    fn vanishes_from(&self, least: DVec3) -> bool {
        is_beyond(least, self.reach)
    }

    #[inline(always)]
    fn squared<const FUSED: bool>(&self, offset_squared: f64) -> f64 {
        if is_inside_top_hat(offset_squared) {
            self.peak
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Crystal, Shape};
    use crate::geometry::UnitCell;
    use crate::physics::lattice_factor::lattice_factor;

    /// Accepted error of a term, over the brightest term.
    const ROUNDING: f64 = 1e-13;

    fn lattice(shape: Shape, cells: [f64; 3], fudge: f64) -> Lattice {
        let angles = [80.0f64, 95.0, 110.0].map(f64::to_radians);
        let cell = UnitCell::from_parameters([7e-9, 8e-9, 9e-9], angles).unwrap();
        Lattice::new(&Crystal {
            cells,
            shape,
            fudge,
            ..Crystal::new(cell)
        })
    }

    /// Offsets where formulas change or cancel, with each other and with many in between.
    fn offsets(cells: [f64; 3]) -> Vec<DVec3> {
        let mut special = vec![
            0.0,
            0.5,
            -0.5,
            0.25,
            1e-300,
            -1e-61,
            1e-60,
            1e-17,
            1e-9,
            0.49999999999,
        ];
        for n in cells {
            // Zeros of the interference function, and what lies beside them.
            for zero in [1.0 / n, 2.0 / n, 0.5 / n, (n / 2.0).floor() / n] {
                special.extend([zero, zero.next_up(), -zero.next_down()]);
            }
        }
        // Below 1e-300 the scalar formula's sines lose their digits.
        special.retain(|delta| *delta == 0.0 || (1e-300..=0.5).contains(&delta.abs()));
        let triples = special.iter().flat_map(|&h| {
            let special = &special;
            special
                .iter()
                .map(move |&k| DVec3::new(h, k, special[(h + k > 0.0) as usize]))
        });
        // Three irrational steps visit everything evenly, at every distance from the node.
        let between = (0..10_000u32).map(|i| {
            let steps = DVec3::new(0.754877666, 0.569840291, 0.430159709) * f64::from(i);
            (steps - steps.round()) * 10f64.powi(-((i % 8) as i32))
        });
        triples.chain(between).collect()
    }

    fn assert_agrees(shape: Shape, spot: impl Fn(&Lattice) -> Box<dyn Fn(DVec3) -> [f64; 2]>) {
        let mut worst = 0f64;
        for cells in [
            [1.0; 3],
            [5.0, 12.0, 1.0],
            [20.0; 3],
            [3000.0, 777.0, 4e6],
            [5.5, 2.25, 17.8],
        ] {
            for fudge in [1.0, 0.3] {
                let lattice = lattice(shape, cells, fudge);
                let spot = spot(&lattice);
                let peak = lattice.total * lattice.total;
                for delta in offsets(cells) {
                    let amplitude = lattice_factor(&lattice, delta);
                    for found in spot(delta) {
                        let error = (found - amplitude * amplitude).abs() / peak;
                        assert!(
                            error <= ROUNDING,
                            "{cells:?} {delta}: {error:e} of the peak"
                        );
                        worst = worst.max(error);
                    }
                }
            }
        }
        println!("{shape:?}: worst error {worst:.1e} of the peak");
    }

    fn both<S: Spot + 'static>(spot: S) -> Box<dyn Fn(DVec3) -> [f64; 2]> {
        Box::new(move |delta| {
            let offset = spot.offset(delta);
            let squares = [spot.squared::<true>(offset), spot.squared::<false>(offset)];
            assert!(
                !spot.vanishes(delta) || squares == [0.0; 2],
                "left out, yet not zero"
            );
            let vanishes_from_here = spot.vanishes_from(delta.abs());
            assert!(
                !vanishes_from_here || spot.vanishes(delta),
                "left out with its block, yet not by itself"
            );
            squares
        })
    }

    #[test]
    fn square_spots_are_the_lattice_factor_squared() {
        assert_agrees(Shape::Square, |lattice| both(Square::new(lattice)));
    }

    #[test]
    fn round_spots_are_the_lattice_factor_squared() {
        assert_agrees(Shape::Round, |lattice| both(Round::new(lattice)));
    }

    #[test]
    fn gaussian_spots_are_the_lattice_factor_squared() {
        assert_agrees(Shape::Gauss, |lattice| {
            both(Gauss::new(lattice, f64::INFINITY))
        });
    }

    #[test]
    fn top_hats_are_the_lattice_factor_squared() {
        assert_agrees(Shape::TopHat, |lattice| both(TopHat::new(lattice)));
    }
}
