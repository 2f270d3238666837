//! The derivatives of what amorphous materials scatter into a block of pixels.

use super::MATERIALS;
use super::block::{Block, Motions, Sight, captured};
use super::motion::{Motion, absorbed_slope, own_polarisation_slope, own_solid_angle_slope};
use super::pixel::stol_slope;
use crate::cpu::lanes::{LANES, Lanes, PerLane};
use crate::cpu::pixel::{own_polarisation, own_solid_angle};
use crate::physics::amorphous::{
    Amorphous, piece_at, piece_form_factor, piece_slope, signed_square,
};
use crate::physics::scattering_vector::stol;
use crate::scene::slot;

/// Adds what the materials scatter into one view, from all sources, with its derivatives to `values`, and
/// to `motions` where these are needed.
#[inline(always)]
pub(super) fn add_amorphous(
    block: &Block,
    sight: &Sight,
    layer: u32,
    values: &mut [Lanes],
    mut motions: Option<&mut Motions>,
) {
    let (scene, panel) = (block.prepared.scene, block.panel);
    let views = &sight.views;
    let captured = captured(scene, panel, views, layer);
    let solid_angles = Lanes::from_fn(|lane| own_solid_angle(scene, panel, &views.get(lane)));
    for source in scene.sources.iter() {
        let (mut factors, mut stols) = (Lanes::ZERO, Lanes::ZERO);
        for lane in 0..LANES {
            let view = views.get(lane);
            let polarisation = own_polarisation(scene, source, &view);
            factors.0[lane] =
                source.weight * solid_angles.0[lane] * captured.0[lane] * polarisation;
            stols.0[lane] = stol(source.scattering_vector(view.diffracted));
        }
        let (mut sums, mut slopes) = (Lanes::ZERO, Lanes::ZERO);
        for (number, material) in scene.amorphous.iter().enumerate() {
            let (squares, own_slopes) = of_material(material, &stols);
            for lane in 0..LANES {
                let own = material.weight * squares.0[lane];
                values[MATERIALS + number].0[lane] += factors.0[lane] * own;
                sums.0[lane] += own;
                slopes.0[lane] += material.weight * own_slopes.0[lane];
            }
        }
        for lane in 0..LANES {
            let q = source.scattering_vector(views.get(lane).diffracted);
            let by_q = factors.0[lane] * slopes.0[lane] * stol_slope(q);
            values[slot::SCALE].0[lane] += factors.0[lane] * sums.0[lane];
            values[slot::WAVELENGTH].0[lane] -= q.dot(by_q);
        }
        let Some(motions) = motions.as_deref_mut() else {
            continue;
        };
        for lane in 0..LANES {
            let (view, depth) = (views.get(lane), sight.depths.get(lane));
            let q = source.scattering_vector(view.diffracted);
            let by_q = factors.0[lane] * slopes.0[lane] * stol_slope(q);
            let (omega, a) = (solid_angles.0[lane], captured.0[lane]);
            let scattered = source.weight * sums.0[lane];
            let p_slope = own_polarisation_slope(scene, source, &view);
            let by_direction = by_q / source.wavelength_m + scattered * omega * a * p_slope;
            let mut motion = Motion::default();
            motion.add_direction(by_direction, panel, &view, depth);
            let mut geometry_slope = a * own_solid_angle_slope(scene, panel, &view);
            if panel.sensor.is_some() {
                geometry_slope += omega * absorbed_slope(scene, panel, &view, layer);
            }
            let polarisation = own_polarisation(scene, source, &view);
            motion.add_position(scattered * polarisation * geometry_slope, panel, depth);
            motions.add(lane, &motion);
        }
    }
}

/// sign(F)·F² of a molecule and its slope at the sin θ/λ of every lane: of every piece of the table between
/// the lowest and the highest.
#[inline(always)]
fn of_material(material: &Amorphous, stols: &Lanes) -> (Lanes, Lanes) {
    let (mut low, mut high) = (stols.0[0], stols.0[0]);
    for &stol in &stols.0 {
        low = low.min(stol);
        high = high.max(stol);
    }
    let [first, last] = [low, high].map(|stol| piece_at(&material.pieces, stol));
    let (mut squares, mut slopes) = (Lanes::ZERO, Lanes::ZERO);
    for (number, piece) in material.pieces[first..=last].iter().enumerate() {
        for lane in 0..LANES {
            let stol = stols.0[lane];
            let own = signed_square(piece_form_factor(piece, stol));
            let own_slope = piece_slope(piece, stol);
            let within = number == 0 || stol >= piece.start;
            squares.0[lane] = if within { own } else { squares.0[lane] };
            slopes.0[lane] = if within { own_slope } else { slopes.0[lane] };
        }
    }
    (squares, slopes)
}
