//! What amorphous materials scatter into a block of pixels (PHYSICS §10), once for all orientations.

use super::amorphous::{piece_amplitude, piece_at, piece_near, signed_square};
use super::block::Views;
use super::lanes::{LANES, Lanes};
use crate::experiment::Panel;
use crate::scene::Scene;

/// Adds to `sums` what the materials of `scene` scatter into one view of the block, from all sources.
#[inline(always)]
pub fn add_amorphous(scene: &Scene, panel: &Panel, views: &Views, layer: u32, sums: &mut Lanes) {
    if scene.amorphous.is_empty() {
        return;
    }
    let geometry = Lanes::from_fn(|lane| {
        let view = views.get(lane);
        view.solid_angle(scene, panel) * view.absorbed(scene, panel, layer)
    });
    for source in scene.sources.iter() {
        let mut factors = Lanes::splat(0.0);
        let mut stols = Lanes::splat(0.0);
        for lane in 0..LANES {
            let view = views.get(lane);
            let polarisation = view.polarisation(scene, source);
            factors.0[lane] = source.weight * geometry.0[lane] * polarisation;
            stols.0[lane] = view.stol(source);
        }
        let scattered = amorphous(scene, &stols);
        for lane in 0..LANES {
            sums.0[lane] += factors.0[lane] * scattered.0[lane];
        }
    }
}

/// [`amorphous`](super::amorphous::amorphous) at the sin θ/λ of every lane: neighbours mostly lie in
/// one piece of a table.
#[inline(always)]
fn amorphous(scene: &Scene, stols: &Lanes) -> Lanes {
    let mut sums = Lanes::splat(0.0);
    for material in scene.amorphous.iter() {
        let mut place = piece_at(&material.pieces, stols.0[0]);
        let mut values = Lanes::splat(0.0);
        for lane in 0..LANES {
            place = piece_near(&material.pieces, place, stols.0[lane]);
            values.0[lane] = piece_amplitude(&material.pieces[place], stols.0[lane]);
        }
        for lane in 0..LANES {
            sums.0[lane] += material.weight * signed_square(values.0[lane]);
        }
    }
    sums
}
