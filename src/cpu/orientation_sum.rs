//! The term loop of a block: one scattering vector a pixel, all orientations.
//!
//! Nearly all of a render's time is spent here. Its readable twin is
//! [`sum_over_orientations`](super::term::sum_over_orientations); both add the terms in the
//! scene's order.

use glam::{DMat3, DVec3};

use super::amplitude::{Amplitudes, Constant, Nearest};
use super::interpolated_amplitude::Tricubic;
use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::spot::{Gauss, Round, Spot, Square, TopHat};
use super::structure_factor::nearest_index;
use crate::experiment::Shape;
use crate::scene::{Orientation, Scene};

/// Orientations between two looks at whether to go on: milliseconds at most.
const PATIENCE: usize = 512;

/// Σ F_cell²·F_latt² over the scene's orientations, at the scattering vectors `q` (1/m); `None`
/// when `interrupted`.
#[inline(always)]
pub fn sum_over_orientations<const FUSED: bool>(
    scene: &Scene,
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
) -> Option<Lanes> {
    let lattice = &scene.lattice;
    match lattice.shape {
        Shape::Square => of_shape::<FUSED>(scene, q, interrupted, &Square::new(lattice)),
        Shape::Round => of_shape::<FUSED>(scene, q, interrupted, &Round::new(lattice)),
        Shape::Gauss => of_shape::<FUSED>(scene, q, interrupted, &Gauss::new(lattice)),
        Shape::TopHat => of_shape::<FUSED>(scene, q, interrupted, &TopHat::new(lattice)),
    }
}

#[inline(always)]
fn of_shape<const FUSED: bool>(
    scene: &Scene,
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
    spot: &impl Spot,
) -> Option<Lanes> {
    let default_f = scene.default_f;
    let orientations = &scene.orientations;
    match scene.grid.as_deref() {
        None => {
            let constant = Constant::new(default_f);
            sum::<FUSED, _>(orientations, q, interrupted, spot, constant)
        }
        Some(grid) if scene.interpolate => {
            let tricubic = Tricubic::new(grid, default_f);
            sum::<FUSED, _>(orientations, q, interrupted, spot, tricubic)
        }
        Some(grid) => {
            let nearest = Nearest::new(grid, default_f);
            sum::<FUSED, _>(orientations, q, interrupted, spot, nearest)
        }
    }
}

#[inline(always)]
fn sum<const FUSED: bool, S: Spot>(
    orientations: &[Orientation],
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
    spot: &S,
    mut amplitudes: impl Amplitudes,
) -> Option<Lanes> {
    let mut sums = Lanes::splat(0.0);
    let bounds = Bounds::of(q);
    // Where the first orientation could not be spared at its best, hardly any other can.
    let spares = orientations
        .first()
        .is_some_and(|first| spot.is_dark_from(bounds.largest_offset(first)));
    for some in orientations.chunks(PATIENCE) {
        if interrupted() {
            return None;
        }
        for few in some.chunks(FEW) {
            // A look at the whole block, where it may spare one at every pixel.
            let dark = if spares {
                bounds.dark(few, spot)
            } else {
                [false; FEW]
            };
            for (orientation, dark) in few.iter().zip(dark) {
                if !dark {
                    add_terms::<FUSED, _>(orientation, q, spot, &mut amplitudes, &mut sums);
                }
            }
        }
    }
    Some(sums)
}

/// Orientations that a block is looked at for in one go.
const FEW: usize = 8;

/// A box around a block's scattering vectors.
struct Bounds {
    centre: DVec3,
    /// From there to the faces, and what rounding can add.
    reach: DVec3,
}

impl Bounds {
    #[inline(always)]
    fn of(q: &Vectors) -> Bounds {
        /// Of a vector's length, far more than the rounding of the Miller indices is.
        const ROUNDING: f64 = 1e-14;
        let (mut low, mut high) = (q.get(0), q.get(0));
        for lane in 1..LANES {
            low = low.min(q.get(lane));
            high = high.max(q.get(lane));
        }
        let centre = (low + high) / 2.0;
        let reach = (high - low) / 2.0 + ROUNDING * centre.length();
        Bounds { centre, reach }
    }

    /// For which of up to [`FEW`] orientations the whole box is dark.
    #[inline(always)]
    fn dark(&self, orientations: &[Orientation], spot: &impl Spot) -> [bool; FEW] {
        // Number by number, so that the next loop becomes vector instructions.
        let mut numbers = [[0.0; FEW]; 9];
        for (place, orientation) in orientations.iter().enumerate().take(FEW) {
            let own = orientation.index_of.to_cols_array();
            for (numbers, own) in numbers.iter_mut().zip(own) {
                numbers[place] = own;
            }
        }
        let mut dark = [false; FEW];
        for place in 0..FEW {
            let own = std::array::from_fn(|number: usize| numbers[number][place]);
            let index_of = DMat3::from_cols_array(&own);
            dark[place] = spot.is_dark_from(self.least_offset(&Orientation { index_of }));
        }
        dark
    }

    /// Along each axis, no Miller index in the box is nearer to a whole number than this.
    #[inline(always)]
    fn least_offset(&self, orientation: &Orientation) -> DVec3 {
        let hkl = orientation.miller_index(self.centre);
        let offset = (hkl - nearest_index(hkl)).abs();
        (offset - self.index_reach(orientation)).max(DVec3::ZERO)
    }

    /// The largest [`least_offset`](Bounds::least_offset) of any box of this size.
    #[inline(always)]
    fn largest_offset(&self, orientation: &Orientation) -> DVec3 {
        (0.5 - self.index_reach(orientation)).max(DVec3::ZERO)
    }

    /// From the Miller index of the centre to those of the faces, along each axis.
    #[inline(always)]
    fn index_reach(&self, orientation: &Orientation) -> DVec3 {
        let rows = &orientation.index_of;
        rows.x_axis.abs() * self.reach.x
            + rows.y_axis.abs() * self.reach.y
            + rows.z_axis.abs() * self.reach.z
    }
}

/// Adds the terms of one orientation.
#[inline(always)]
fn add_terms<const FUSED: bool, S: Spot>(
    orientation: &Orientation,
    q: &Vectors,
    spot: &S,
    amplitudes: &mut impl Amplitudes,
    sums: &mut Lanes,
) {
    let mut offsets = S::Offsets::ZERO;
    let mut dark = true;
    for lane in 0..LANES {
        let hkl = orientation.miller_index(q.get(lane));
        let nearest_hkl = nearest_index(hkl);
        let delta = hkl - nearest_hkl;
        dark &= spot.is_dark(delta);
        amplitudes.place(lane, hkl, nearest_hkl);
        offsets.set(lane, spot.offset(delta));
    }
    // Terms that are zero cost no more than to find that out.
    if dark {
        return;
    }
    let Some(cell_factors_squared) = amplitudes.squares::<FUSED>() else {
        return;
    };
    for lane in 0..LANES {
        let lattice_factor_squared = spot.squared::<FUSED>(offsets.get(lane));
        sums.0[lane] += cell_factors_squared.0[lane] * lattice_factor_squared;
    }
}
