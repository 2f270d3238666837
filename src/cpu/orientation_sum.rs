//! The term loop of a block: one scattering vector a pixel, all orientations.
//!
//! Nearly all of a render's time is spent here. The scalar reference is
//! [`pixel::sum_over_orientations`](super::pixel::sum_over_orientations); both add the terms in the
//! scene's order.

use glam::{DMat3, DVec3};

use super::interpolation::Tricubic;
use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::lattice_factor::{Gauss, Round, Spot, Square, TopHat};
use super::structure_factor::{BlockStructureFactors, Constant, Nearest};
use super::symmetric_shape::symmetric_sum;
use crate::experiment::Shape;
use crate::physics::miller_index::nearest_index;
use crate::scene::{Orientation, Scene};

/// Orientations between two questions whether the render is interrupted: milliseconds at most.
const INTERRUPT_INTERVAL: usize = 512;

/// Σ F_cell²·F_latt² over the scene's orientations, at the scattering vectors `q` (1/m); `None`
/// when `interrupted`.
#[inline(always)]
pub fn sum_over_orientations<const FUSED: bool>(
    scene: &Scene,
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
) -> Option<Lanes> {
    if !scene.symmetric_shape.is_empty() {
        return symmetric_sum(scene, q, interrupted);
    }
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
    mut structure_factors: impl BlockStructureFactors,
) -> Option<Lanes> {
    let mut sums = Lanes::splat(0.0);
    let block = ScatteringBox::of(q);
    // If not even the most favourable box of this size could be left out for the first orientation,
    // hardly any other can.
    let culls = orientations
        .first()
        .is_some_and(|first| spot.vanishes_from(block.largest_offset(first)));
    for some in orientations.chunks(INTERRUPT_INTERVAL) {
        if interrupted() {
            return None;
        }
        for few in some.chunks(CULLED_TOGETHER) {
            // A test of the whole block can take the place of a test of every pixel.
            let vanish = if culls {
                block.vanish(few, spot)
            } else {
                [false; CULLED_TOGETHER]
            };
            for (orientation, vanishes) in few.iter().zip(vanish) {
                if !vanishes {
                    add_terms::<FUSED, _>(orientation, q, spot, &mut structure_factors, &mut sums);
                }
            }
        }
    }
    Some(sums)
}

/// Orientations for which a block is tested at a time, in vector instructions.
const CULLED_TOGETHER: usize = 8;

/// A box around a block's scattering vectors.
struct ScatteringBox {
    centre: DVec3,
    /// Distances from the centre to the faces, and what rounding can add.
    reach: DVec3,
}

impl ScatteringBox {
    #[inline(always)]
    fn of(q: &Vectors) -> ScatteringBox {
        /// Margin over a vector's length, far more than the rounding of the Miller indices.
        const ROUNDING: f64 = 1e-14;
        let (mut low, mut high) = (q.get(0), q.get(0));
        for lane in 1..LANES {
            low = low.min(q.get(lane));
            high = high.max(q.get(lane));
        }
        let centre = (low + high) / 2.0;
        let reach = (high - low) / 2.0 + ROUNDING * centre.length();
        ScatteringBox { centre, reach }
    }

    /// For which of up to [`CULLED_TOGETHER`] orientations every spot vanishes in the whole box.
    #[inline(always)]
    fn vanish(&self, orientations: &[Orientation], spot: &impl Spot) -> [bool; CULLED_TOGETHER] {
        // Component by component, so that the next loop becomes vector instructions.
        let mut numbers = [[0.0; CULLED_TOGETHER]; 9];
        for (place, orientation) in orientations.iter().enumerate().take(CULLED_TOGETHER) {
            let own = orientation.index_of.to_cols_array();
            for (numbers, own) in numbers.iter_mut().zip(own) {
                numbers[place] = own;
            }
        }
        let mut vanish = [false; CULLED_TOGETHER];
        for place in 0..CULLED_TOGETHER {
            let own = std::array::from_fn(|number: usize| numbers[number][place]);
            let index_of = DMat3::from_cols_array(&own);
            vanish[place] = spot.vanishes_from(self.least_offset(&Orientation { index_of }));
        }
        vanish
    }

    /// The distance from whole numbers, along each axis, that no Miller index in the box is below.
    #[inline(always)]
    fn least_offset(&self, orientation: &Orientation) -> DVec3 {
        let hkl = orientation.miller_index(self.centre);
        let offset = (hkl - nearest_index(hkl)).abs();
        (offset - self.index_reach(orientation)).max(DVec3::ZERO)
    }

    /// The largest [`least_offset`](ScatteringBox::least_offset) of any box of this size.
    #[inline(always)]
    fn largest_offset(&self, orientation: &Orientation) -> DVec3 {
        (0.5 - self.index_reach(orientation)).max(DVec3::ZERO)
    }

    /// Largest distance of a Miller index in the box from that of its centre, along each axis.
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
    structure_factors: &mut impl BlockStructureFactors,
    sums: &mut Lanes,
) {
    let mut offsets = S::Offsets::ZERO;
    let mut vanish = true;
    for lane in 0..LANES {
        let hkl = orientation.miller_index(q.get(lane));
        let nearest_hkl = nearest_index(hkl);
        let delta = hkl - nearest_hkl;
        vanish &= spot.vanishes(delta);
        structure_factors.place(lane, hkl, nearest_hkl);
        offsets.set(lane, spot.offset(delta));
    }
    // Terms that are zero are not computed any further.
    if vanish {
        return;
    }
    let Some(structure_factors_squared) = structure_factors.squares::<FUSED>() else {
        return;
    };
    for lane in 0..LANES {
        let lattice_factor_squared = spot.squared::<FUSED>(offsets.get(lane));
        sums.0[lane] += structure_factors_squared.0[lane] * lattice_factor_squared;
    }
}
