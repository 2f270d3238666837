//! The derivatives of one pixel, term by term, as the formulas of [`physics`](crate::physics) have them:
//! the scalar reference for blocks of pixels.

use glam::{DMat3, DVec3};

use super::chain::Chain;
use super::closed_form::add_pixel_spots;
use super::diffuse::add_pixel_halos;
use super::motion::{
    Motion, absorbed_slope, own_polarisation_slope, own_solid_angle_slope, sub_pixel_depth_slope,
};
use super::sums::{Needed, TermSums};
use crate::cpu::pixel::{absorbed, own_polarisation, own_solid_angle, sub_pixel_view};
use crate::experiment::{Panel, Shape};
use crate::physics::amorphous::{piece_at, piece_form_factor, piece_slope, signed_square};
use crate::physics::debye_waller::debye_waller;
use crate::physics::interpolation::tricubic_slopes;
use crate::physics::lattice_factor::{LatticeSlopes, lattice_factor_slopes};
use crate::physics::miller_index::nearest_index;
use crate::physics::scattering_vector::stol;
use crate::scene::{PANEL_COUNT, Rates, Scene, slot};

/// All derivatives of the photons in a pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelSlots {
    /// Along the slots of the scene.
    pub slots: [f64; slot::COUNT],
    /// Along the motion of the pixel's panel.
    pub panel: [f64; PANEL_COUNT],
    /// With respect to the logarithms of the weights of amorphous materials.
    pub materials: Vec<f64>,
    /// With respect to the F at places of the grid, which may stand here several times.
    pub amplitudes: Vec<(usize, f64)>,
}

/// The derivatives of [`photons`](crate::cpu::pixel::photons) of the pixel (fast, slow) of `panel`. The
/// motion of a curved panel is left out.
pub fn pixel_slots(scene: &Scene, rates: &Rates, panel: &Panel, pixel: [usize; 2]) -> PixelSlots {
    let chain = Chain::new(scene, rates, Needed::all(true));
    let mut slots = [0.0; slot::COUNT];
    let mut motion = Motion::default();
    let mut materials = vec![0.0; scene.amorphous.len()];
    let mut amplitudes = Vec::new();
    let view_of = |sub_pixel, layer| {
        let seen = sub_pixel_view(scene, panel, pixel, sub_pixel, layer);
        let depth = sub_pixel_depth_slope(scene, panel, pixel, sub_pixel, layer);
        (seen, depth)
    };
    for layer in 0..scene.layers {
        let first_layer = scene.mean_depth_sensor(panel).map_or(0, |_| layer);
        let (first, first_depth) = view_of([0, 0], first_layer);
        let first_source = &scene.first_source;
        let first_solid_angle = own_solid_angle(scene, panel, &first);
        let first_polarisation = own_polarisation(scene, first_source, &first);
        // The derivatives with respect to Ω and P of the first sub-pixel.
        let (mut by_solid_angle, mut by_polarisation) = (0.0, 0.0);
        if layer == 0 {
            let water = scene.background * first_solid_angle * first_polarisation;
            slots[slot::SCALE] += water;
            slots[slot::WATER] += water;
            by_solid_angle += scene.background * first_polarisation;
            by_polarisation += scene.background * first_solid_angle;
        }
        for sub_slow in 0..scene.oversample {
            for sub_fast in 0..scene.oversample {
                let (seen, depth) = view_of([sub_fast, sub_slow], layer);
                let captured = absorbed(scene, panel, &seen, layer);
                let own_angle = own_solid_angle(scene, panel, &seen);
                let angle_slope = own_solid_angle_slope(scene, panel, &seen);
                let captured_slope = absorbed_slope(scene, panel, &seen, layer);
                for source in scene.sources.iter() {
                    let own_factor = source.weight * own_polarisation(scene, source, &seen);
                    let geometry = own_angle * captured;
                    let q = source.scattering_vector(seen.diffracted);
                    let (mut sum, mut slope) = (0.0, 0.0);
                    for (material, by_material) in scene.amorphous.iter().zip(&mut materials) {
                        let piece = &material.pieces[piece_at(&material.pieces, stol(q))];
                        let form_factor = piece_form_factor(piece, stol(q));
                        let own = material.weight * signed_square(form_factor);
                        *by_material += geometry * own_factor * own;
                        sum += own;
                        slope += material.weight * piece_slope(piece, stol(q));
                    }
                    let by_q = geometry * own_factor * slope * stol_slope(q);
                    slots[slot::SCALE] += geometry * own_factor * sum;
                    slots[slot::WAVELENGTH] -= q.dot(by_q);
                    let polarised = own_polarisation_slope(scene, source, &seen);
                    let by_direction =
                        by_q / source.wavelength_m + geometry * source.weight * sum * polarised;
                    motion.add_direction(by_direction, panel, &seen, depth);
                    let by_position =
                        own_factor * sum * (captured * angle_slope + own_angle * captured_slope);
                    motion.add_position(by_position, panel, depth);
                }
                let solid_angle = match scene.solid_angle_per_subpixel {
                    true => own_angle,
                    false => first_solid_angle,
                };
                for source in scene.sources.iter() {
                    let q = source.scattering_vector(seen.diffracted);
                    if q.length() > scene.scattering_vector_limit {
                        continue;
                    }
                    let polarisation = match scene.polarisation_per_subpixel {
                        true => own_polarisation(scene, source, &seen),
                        false => first_polarisation,
                    };
                    let mut terms = TermSums::default();
                    let first_amplitude = amplitudes.len();
                    let mut values = vec![0.0; chain.amplitudes()];
                    match &scene.closed_form {
                        None => add_terms(scene, rates, q, &mut terms, &mut amplitudes),
                        Some(form) => {
                            let of_view = (panel, &seen, source);
                            let own = &mut values[chain.spots.clone()];
                            add_pixel_spots(scene, form, of_view, own, &mut terms, &mut amplitudes);
                        }
                    }
                    if let Some(diffuse) = &scene.diffuse {
                        let own = &mut values[chain.halos.clone()];
                        add_pixel_halos(scene, rates, diffuse, q, own, &mut terms, &mut amplitudes);
                    }
                    chain.add(&mut values);
                    for (sum, own) in terms.slots.iter_mut().zip(&values) {
                        *sum += own;
                    }
                    let damping = debye_waller(scene.b_factor, q);
                    // The factor but for Ω, P and A, of which each has a derivative.
                    let bare = source.weight * damping;
                    let factor = bare * solid_angle * polarisation * captured;
                    for (_, slope) in &mut amplitudes[first_amplitude..] {
                        *slope *= factor;
                    }
                    for (sum, own) in slots.iter_mut().zip(terms.slots) {
                        *sum += factor * own;
                    }
                    let scattered = terms.intensity;
                    slots[slot::SCALE] += factor * scattered;
                    slots[slot::B_FACTOR] -= 0.5 * q.length_squared() * factor * scattered;
                    let by_q = factor * DVec3::from_array(terms.q)
                        - scene.b_factor * factor * scattered * q;
                    slots[slot::WAVELENGTH] -= q.dot(by_q);
                    let mut by_direction =
                        by_q / source.wavelength_m + factor * DVec3::from_array(terms.direction);
                    let without_p = bare * solid_angle * captured * scattered;
                    if scene.polarisation_per_subpixel {
                        by_direction += without_p * own_polarisation_slope(scene, source, &seen);
                    } else {
                        by_polarisation += without_p;
                    }
                    motion.add_direction(by_direction, panel, &seen, depth);
                    motion.turn += factor * DVec3::from_array(terms.turn);
                    let rest = bare * polarisation * scattered;
                    let mut by_position = rest * solid_angle * captured_slope
                        + factor * terms.distance * seen.diffracted;
                    if scene.solid_angle_per_subpixel {
                        by_position += rest * captured * angle_slope;
                    } else {
                        by_solid_angle += rest * captured;
                    }
                    motion.add_position(by_position, panel, depth);
                }
            }
        }
        let by_direction = by_polarisation * own_polarisation_slope(scene, first_source, &first);
        motion.add_direction(by_direction, panel, &first, first_depth);
        let by_position = by_solid_angle * own_solid_angle_slope(scene, panel, &first);
        motion.add_position(by_position, panel, first_depth);
    }
    if panel.curved_m.is_some() {
        motion = Motion::default();
    }
    let (shift, turn) = (motion.shift.to_array(), motion.turn.to_array());
    PixelSlots {
        slots: slots.map(|own| scene.scale * own),
        panel: std::array::from_fn(|place| scene.scale * [shift, turn].as_flattened()[place]),
        materials: materials.into_iter().map(|own| scene.scale * own).collect(),
        amplitudes: amplitudes
            .into_iter()
            .map(|(place, slope)| (place, scene.scale * slope))
            .collect(),
    }
}

/// The derivative of sin θ/λ (1/Å) with respect to the scattering vector `q` (1/m), which straight ahead
/// has none.
pub(super) fn stol_slope(q: DVec3) -> DVec3 {
    0.5e-10 * q.normalize_or_zero()
}

/// Adds the terms of all orientations at the scattering vector `q` (1/m) to `sums`, and their derivatives
/// with respect to F of the grid to `amplitudes`.
fn add_terms(
    scene: &Scene,
    rates: &Rates,
    q: DVec3,
    sums: &mut TermSums<f64>,
    amplitudes: &mut Vec<(usize, f64)>,
) {
    let domains = scene.orientations.len() / rates.turns.len();
    for (number, orientation) in scene.orientations.iter().enumerate() {
        let hkl = orientation.miller_index(q);
        let nearest = nearest_index(hkl);
        let shape = shape_slopes(scene, hkl, hkl - nearest);
        let f = factor_slopes(scene, hkl, nearest);
        let square = f.value * f.value;
        sums.intensity += square * shape.lattice.squared;
        // T = F²·F_latt².
        let by_f = 2.0 * f.value * shape.lattice.squared;
        let by_index = outer(by_f * f.hkl, hkl) + square * shape.index;
        let by_hkl = by_f * f.hkl + square * shape.lattice.delta;
        for (place, element) in slot::INDEX.zip(by_index.to_cols_array()) {
            sums.slots[place] += element;
        }
        let by_q = orientation.index_of.transpose() * by_hkl;
        // An edge a that turns by ω changes its index by ω·(a × q).
        let torque = by_q.cross(q);
        let at_start = rates.turns[number / domains].transpose() * torque;
        for axis in 0..3 {
            sums.q[axis] += by_q[axis];
            sums.slots[slot::CRYSTAL_TURN.start + axis] += at_start[axis];
            sums.slots[slot::CELLS.start + axis] += square * shape.lattice.cells[axis];
            sums.slots[slot::COUPLED_CELLS.start + axis] +=
                square * shape.lattice.coupled_cells[axis];
        }
        for (place, domains) in slot::MOSAIC.zip(&rates.mosaic) {
            sums.slots[place] += domains[number].dot(torque);
        }
        sums.slots[slot::FUDGE] += square * shape.lattice.fudge;
        match f.weights {
            None => sums.slots[slot::DEFAULT_F] += by_f,
            Some(weights) => {
                let own = weights.into_iter();
                amplitudes.extend(own.map(|(place, weight)| (place, weight * by_f)));
            }
        }
    }
}

/// a·bᵀ.
pub(super) fn outer(a: DVec3, b: DVec3) -> DMat3 {
    DMat3::from_cols(a * b.x, a * b.y, a * b.z)
}

/// F_latt² of a shape, the mean over its operators, with its derivatives.
struct ShapeSlopes {
    lattice: LatticeSlopes,
    /// The derivative with respect to K, where dA = K·A.
    index: DMat3,
}

/// The shape's derivatives at the Miller index `hkl`, which is `delta` from the nearest reflection.
fn shape_slopes(scene: &Scene, hkl: DVec3, delta: DVec3) -> ShapeSlopes {
    let lattice = &scene.lattice;
    let identity = [DMat3::IDENTITY];
    let operators = match &*scene.symmetric_shape {
        [] => &identity[..],
        own => own,
    };
    let share = 1.0 / operators.len() as f64;
    let (mut mean, mut index) = (LatticeSlopes::default(), DMat3::ZERO);
    for operator in operators {
        let offset = match lattice.shape {
            // The interference of whole cells is the same about every index; the nearest is what it is a
            // function of their number about.
            Shape::Square => *operator * delta - (*operator * delta).round(),
            _ => *operator * delta,
        };
        let own = lattice_factor_slopes(lattice, offset);
        let by_delta = operator.transpose() * own.delta;
        mean.squared += share * own.squared;
        mean.delta += share * by_delta;
        mean.cells += share * own.cells;
        mean.coupled_cells += share * own.coupled_cells;
        mean.fudge += share * own.fudge;
        index += share * outer(by_delta, hkl);
        if lattice.moves_with_cell() {
            index -= share * outer(own.delta, offset);
        }
    }
    ShapeSlopes {
        lattice: mean,
        index,
    }
}

/// F with its derivatives with respect to the index, and to F at places of the grid, where it is
/// from there.
pub(super) struct FactorSlopes {
    /// F.
    pub value: f64,
    /// With respect to h, k, l.
    pub hkl: DVec3,
    /// Places in the grid and the derivatives with respect to the F there.
    pub weights: Option<Vec<(usize, f64)>>,
}

/// F at the Miller index `hkl`, whose nearest reflection is `nearest`, and its derivatives.
pub(super) fn factor_slopes(scene: &Scene, hkl: DVec3, nearest: DVec3) -> FactorSlopes {
    let constant = |value, weights| FactorSlopes {
        value,
        hkl: DVec3::ZERO,
        weights,
    };
    let Some(grid) = scene.grid.as_deref() else {
        return constant(scene.default_f, None);
    };
    if scene.interpolate {
        let own = tricubic_slopes(grid, scene.default_f, hkl);
        if own.weights.is_some() {
            return FactorSlopes {
                value: own.value,
                hkl: own.hkl,
                weights: own.weights,
            };
        }
    }
    let place = grid.offset_of(nearest.to_array().map(|component| component as i32));
    match place {
        None => constant(scene.default_f, None),
        Some(place) => constant(grid.amplitudes()[place], Some(vec![(place, 1.0)])),
    }
}
