//! The term loop of a block where F_latt² is averaged over the crystal's symmetry:
//! [`symmetric_lattice_factor`](crate::physics::lattice_factor::symmetric_lattice_factor) for each
//! pixel of a block.

use glam::DVec3;
use multiversion::multiversion;

use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::lattice_factor::{Gauss, Round, Spot, Square, TopHat};
use crate::experiment::Shape;
use crate::physics::miller_index::nearest_index;
use crate::physics::term::structure_factor;
use crate::scene::Scene;

/// Σ F_cell²·F_latt² over the scene's orientations, at the scattering vectors `q` (1/m); `None` when
/// `interrupted`.
///
/// A function of its own, so that the loop over spots of other crystals is compiled as if there were
/// no such shape.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub fn symmetric_sum(scene: &Scene, q: &Vectors, interrupted: &dyn Fn() -> bool) -> Option<Lanes> {
    const FUSED: bool =
        multiversion::target::target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64"));
    let lattice = &scene.lattice;
    // The interference of whole cells is the same about every index.
    match lattice.shape {
        Shape::Square => {
            let about_nearest = |delta: DVec3| delta - delta.round();
            of_shape::<FUSED>(scene, q, interrupted, &Square::new(lattice), about_nearest)
        }
        Shape::Round => of_shape::<FUSED>(scene, q, interrupted, &Round::new(lattice), |own| own),
        Shape::Gauss => {
            let spot = Gauss::new(lattice, f64::INFINITY);
            of_shape::<FUSED>(scene, q, interrupted, &spot, |own| own)
        }
        Shape::TopHat => of_shape::<FUSED>(scene, q, interrupted, &TopHat::new(lattice), |own| own),
    }
}

#[inline(always)]
fn of_shape<const FUSED: bool>(
    scene: &Scene,
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
    spot: &impl Spot,
    offset_of: impl Fn(DVec3) -> DVec3,
) -> Option<Lanes> {
    let model = scene.model();
    let operators = &scene.symmetric_shape;
    let mut sums = Lanes::splat(0.0);
    for orientation in scene.orientations.iter() {
        if interrupted() {
            return None;
        }
        let (mut indices, mut offsets) = (Vectors::ZERO, Vectors::ZERO);
        for lane in 0..LANES {
            let hkl = orientation.miller_index(q.get(lane));
            indices.set(lane, hkl);
            offsets.set(lane, hkl - nearest_index(hkl));
        }
        let mut squares = Lanes::splat(0.0);
        for operator in operators.iter() {
            for lane in 0..LANES {
                let offset = spot.offset(offset_of(*operator * offsets.get(lane)));
                squares.0[lane] += spot.squared::<FUSED>(offset);
            }
        }
        // Between Gaussian and top-hat spots nothing is left to look up.
        if squares.all_zero() {
            continue;
        }
        for lane in 0..LANES {
            let hkl = indices.get(lane);
            let f = structure_factor(&model, hkl, nearest_index(hkl));
            sums.0[lane] += f * f * squares.0[lane] / operators.len() as f64;
        }
    }
    Some(sums)
}
