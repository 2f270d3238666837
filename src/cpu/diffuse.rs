//! The halos of a block of pixels: the formula of [`physics::diffuse`](crate::physics::diffuse), in
//! its quadratic forms and arithmetic that compiles to vector instructions.

use multiversion::multiversion;

use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::structure_factor::{BlockStructureFactors, Constant, Nearest};
use crate::physics::diffuse::Diffuse;
use crate::physics::miller_index::nearest_index;
use crate::scene::{Orientation, Scene};

/// Σ(β/V)·ΣF²·halo over the scene's orientations, at the scattering vectors `q` (1/m), added to `sums`;
/// `None` when `interrupted`.
///
/// A function of its own, so that the loop over spots is compiled as if there were no halos. Products
/// are never fused with sums: a block has the same bits in whatever instructions.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub fn add_halos(
    scene: &Scene,
    diffuse: &Diffuse,
    q: &Vectors,
    interrupted: &dyn Fn() -> bool,
    sums: &mut Lanes,
) -> Option<()> {
    for orientation in scene.orientations.iter() {
        if interrupted() {
            return None;
        }
        match scene.grid.as_deref() {
            None => {
                let mut constant = Constant::new(scene.default_f);
                of_orientation(diffuse, orientation, q, &mut constant, sums);
            }
            Some(grid) => {
                let mut listed = Nearest::new(grid, scene.default_f);
                of_orientation(diffuse, orientation, q, &mut listed, sums);
            }
        }
    }
    Some(())
}

/// Adds the halos in one orientation.
#[inline(always)]
fn of_orientation(
    diffuse: &Diffuse,
    orientation: &Orientation,
    q: &Vectors,
    structure_factors: &mut impl BlockStructureFactors,
    sums: &mut Lanes,
) {
    let (mut nearest, mut offsets) = (Vectors::ZERO, Vectors::ZERO);
    for lane in 0..LANES {
        let hkl = orientation.miller_index(q.get(lane));
        nearest.set(lane, nearest_index(hkl));
        offsets.set(lane, hkl - nearest_index(hkl));
    }
    for step in diffuse.steps() {
        for lane in 0..LANES {
            let reflection = nearest.get(lane) + step;
            structure_factors.place(lane, reflection, reflection);
        }
        // Nothing here is fused.
        if !structure_factors.find::<false>() {
            continue;
        }
        let mut densities = Lanes::splat(0.0);
        for form in &diffuse.forms {
            let [u, g] = [form.displacement, form.correlation];
            for lane in 0..LANES {
                let reflection = nearest.get(lane) + step;
                let away = offsets.get(lane) - step;
                let x = reflection.dot(u * reflection);
                let spread = 1.0 + away.dot(g * away);
                densities.0[lane] += form.strength * x / (spread * spread);
            }
        }
        for lane in 0..LANES {
            sums.0[lane] += structure_factors.square(lane) * densities.0[lane];
        }
    }
}
