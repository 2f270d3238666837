//! The term loop of a block: one scattering vector a pixel, all orientations.
//!
//! Nearly all of a render's time is spent here. The scalar reference is
//! [`pixel::sum_over_orientations`](super::pixel::sum_over_orientations); both add the terms in the
//! scene's order.

use glam::{DMat3, DVec3};

use super::interpolation::Tricubic;
use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::lattice_factor::{Gauss, Round, Spot, Square, TopHat};
use super::prepared::{GROUP, Group, Prepared};
use super::structure_factor::{BlockStructureFactors, Constant, Nearest};
use super::symmetric_shape::symmetric_sum;
use crate::experiment::Shape;
use crate::physics::miller_index::nearest_index;
use crate::scene::Orientation;

/// Orientations between two questions whether the render is interrupted: milliseconds at most.
pub(super) const INTERRUPT_INTERVAL: usize = 512;

/// Σ F_cell²·F_latt² over the scene's orientations, at the scattering vectors `q` (1/m); `None`
/// when `interrupted`.
#[inline(always)]
pub fn sum_over_orientations<const FUSED: bool>(
    prepared: &Prepared,
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
) -> Option<Lanes> {
    let scene = prepared.scene;
    if !scene.symmetric_shape.is_empty() {
        return symmetric_sum(scene, q, interrupted);
    }
    let lattice = &scene.lattice;
    match lattice.shape {
        Shape::Square => of_shape::<FUSED>(prepared, q, interrupted, &Square::new(lattice)),
        Shape::Round => of_shape::<FUSED>(prepared, q, interrupted, &Round::new(lattice)),
        Shape::Gauss => {
            let spot = Gauss::new(lattice, prepared.vanishing);
            of_shape::<FUSED>(prepared, q, interrupted, &spot)
        }
        Shape::TopHat => of_shape::<FUSED>(prepared, q, interrupted, &TopHat::new(lattice)),
    }
}

#[inline(always)]
fn of_shape<const FUSED: bool>(
    prepared: &Prepared,
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
    spot: &impl Spot,
) -> Option<Lanes> {
    let scene = prepared.scene;
    let default_f = scene.default_f;
    match scene.grid.as_deref() {
        None => {
            let constant = Constant::new(default_f);
            sum::<FUSED, _>(prepared, q, interrupted, spot, constant)
        }
        Some(grid) if scene.interpolate => {
            let tricubic = Tricubic::new(grid, default_f);
            sum::<FUSED, _>(prepared, q, interrupted, spot, tricubic)
        }
        Some(grid) => {
            let nearest = Nearest::new(grid, default_f);
            sum::<FUSED, _>(prepared, q, interrupted, spot, nearest)
        }
    }
}

#[inline(always)]
fn sum<const FUSED: bool, S: Spot>(
    prepared: &Prepared,
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
    spot: &S,
    mut structure_factors: impl BlockStructureFactors,
) -> Option<Lanes> {
    let orientations = &prepared.scene.orientations;
    let mut groups = prepared.groups.iter();
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
        for few in some.chunks(GROUP) {
            // A test of the whole block can take the place of a test of every pixel.
            let group = groups.next().filter(|_| culls);
            let vanish = group.map_or([false; GROUP], |group| block.vanish(group, spot));
            for (orientation, vanishes) in few.iter().zip(vanish) {
                if !vanishes {
                    add_terms::<FUSED, _, _>(
                        orientation,
                        q,
                        spot,
                        &mut structure_factors,
                        &mut sums,
                    );
                }
            }
        }
    }
    Some(sums)
}

/// A box around a block's scattering vectors.
pub(super) struct ScatteringBox {
    centre: DVec3,
    /// Distances from the centre to the faces, and what rounding can add.
    reach: DVec3,
}

impl ScatteringBox {
    #[inline(always)]
    pub fn of(q: &Vectors) -> ScatteringBox {
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

    /// For which orientations of `group` every spot vanishes in the whole box.
    #[inline(always)]
    pub fn vanish(&self, group: &Group, spot: &impl Spot) -> [bool; GROUP] {
        let mut vanish = [false; GROUP];
        for place in 0..GROUP {
            let own = std::array::from_fn(|number: usize| group[number][place]);
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
    pub fn largest_offset(&self, orientation: &Orientation) -> DVec3 {
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
fn add_terms<const FUSED: bool, S: Spot, F: BlockStructureFactors>(
    orientation: &Orientation,
    q: &Vectors,
    spot: &S,
    structure_factors: &mut F,
    sums: &mut Lanes,
) {
    let mut offsets = S::Offsets::ZERO;
    let mut vanish = true;
    for lane in 0..LANES {
        let hkl = orientation.miller_index(q.get(lane));
        let nearest_hkl = if S::IS_EVEN && !F::DEPENDS_ON_INDEX {
            // In one instruction; what lies in the middle may go up or down.
            DVec3::from_array(hkl.to_array().map(f64::round_ties_even))
        } else {
            nearest_index(hkl)
        };
        let delta = hkl - nearest_hkl;
        vanish &= spot.vanishes(delta);
        structure_factors.place(lane, hkl, nearest_hkl);
        offsets.set(lane, spot.offset(delta));
    }
    // Terms that are zero are not computed any further.
    if vanish {
        return;
    }
    if !structure_factors.find::<FUSED>() {
        return;
    }
    for lane in 0..LANES {
        let lattice_factor_squared = spot.squared::<FUSED>(offsets.get(lane));
        sums.0[lane] += structure_factors.square(lane) * lattice_factor_squared;
    }
}
