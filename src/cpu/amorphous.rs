//! Scattering by amorphous materials into a block of pixels, once for all orientations: the
//! formulas of [`physics::amorphous`](crate::physics::amorphous).

use super::block::Views;
use super::lanes::{LANES, Lanes};
use super::pixel::{absorbed, own_polarisation, own_solid_angle};
use crate::experiment::Panel;
use crate::physics::amorphous::{piece_at, piece_form_factor, signed_square};
use crate::physics::scattering_vector::stol;
use crate::scene::Scene;

/// Adds to `sums` what the materials of `scene` scatter into one view of the block, from all
/// sources.
#[inline(always)]
pub fn add_amorphous(scene: &Scene, panel: &Panel, views: &Views, layer: u32, sums: &mut Lanes) {
    if scene.amorphous.is_empty() {
        return;
    }
    let geometry = Lanes::from_fn(|lane| {
        let view = views.get(lane);
        own_solid_angle(scene, panel, &view) * absorbed(scene, panel, &view, layer)
    });
    for source in scene.sources.iter() {
        let mut factors = Lanes::splat(0.0);
        let mut stols = Lanes::splat(0.0);
        for lane in 0..LANES {
            let view = views.get(lane);
            let polarisation = own_polarisation(scene, source, &view);
            factors.0[lane] = source.weight * geometry.0[lane] * polarisation;
            stols.0[lane] = stol(source.scattering_vector(view.diffracted));
        }
        let scattered = amorphous(scene, &stols);
        for lane in 0..LANES {
            sums.0[lane] += factors.0[lane] * scattered.0[lane];
        }
    }
}

/// [`amorphous`](crate::physics::amorphous::amorphous) at the sin θ/λ of every lane. Neighbours
/// mostly lie in one piece of a table, or in two, so every piece between the lowest and the highest
/// is worked out for all lanes.
#[inline(always)]
fn amorphous(scene: &Scene, stols: &Lanes) -> Lanes {
    let (mut low, mut high) = (stols.0[0], stols.0[0]);
    for &stol in &stols.0 {
        low = low.min(stol);
        high = high.max(stol);
    }
    let mut sums = Lanes::splat(0.0);
    for material in scene.amorphous.iter() {
        let [first, last] = [low, high].map(|stol| piece_at(&material.pieces, stol));
        let pieces = &material.pieces[first..=last];
        let mut values = Lanes::from_fn(|lane| piece_form_factor(&pieces[0], stols.0[lane]));
        for piece in &pieces[1..] {
            for lane in 0..LANES {
                let stol = stols.0[lane];
                let value = piece_form_factor(piece, stol);
                values.0[lane] = if stol >= piece.start {
                    value
                } else {
                    values.0[lane]
                };
            }
        }
        for lane in 0..LANES {
            sums.0[lane] += material.weight * signed_square(values.0[lane]);
        }
    }
    sums
}
