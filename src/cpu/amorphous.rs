//! Scattering by amorphous materials into a block of pixels, once for all orientations: the
//! formulas of [`physics::amorphous`](crate::physics::amorphous).

use super::block::Views;
use super::lanes::{LANES, Lanes};
use super::pixel::{absorbed, own_polarisation, own_solid_angle};
use crate::experiment::Panel;
use crate::physics::amorphous::{ProfilePiece, piece_at, piece_form_factor, signed_square};
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
/// mostly lie in one piece of a table, so the search starts from the last lane's piece.
#[inline(always)]
fn amorphous(scene: &Scene, stols: &Lanes) -> Lanes {
    let mut sums = Lanes::splat(0.0);
    for material in scene.amorphous.iter() {
        let mut place = piece_at(&material.pieces, stols.0[0]);
        let mut values = Lanes::splat(0.0);
        for lane in 0..LANES {
            place = piece_near(&material.pieces, place, stols.0[lane]);
            values.0[lane] = piece_form_factor(&material.pieces[place], stols.0[lane]);
        }
        for lane in 0..LANES {
            sums.0[lane] += material.weight * signed_square(values.0[lane]);
        }
    }
    sums
}

/// The piece that [`piece_at`] finds, which is probably `guess`.
#[inline(always)]
fn piece_near(pieces: &[ProfilePiece], guess: usize, stol: f64) -> usize {
    let begins = pieces[guess].start <= stol;
    let ends = pieces.get(guess + 1).is_some_and(|next| next.start <= stol);
    if begins && !ends {
        guess
    } else {
        piece_at(pieces, stol)
    }
}
