//! The derivatives of a block of pixels along a row: the loops of the scalar reference,
//! [`pixel`](super::pixel), each over all lanes.

use multiversion::multiversion;

use super::PANEL;
use super::amorphous::add_amorphous;
use super::chain::Chain;
use super::closed_form::{Sums, add_spots};
use super::diffuse::add_halos;
use super::motion::{
    Motion, absorbed_slope, depth_slope, own_polarisation_slope, own_solid_angle_slope,
};
use super::orientation_sum::add_orientations;
use super::sums::{Amplitudes, TermSums};
use crate::cpu::block::{Views, first_factors};
use crate::cpu::closed_form::Visible;
use crate::cpu::lanes::{LANES, Lanes, PerLane, Vectors};
use crate::cpu::pixel::{absorbed, layer_front, own_polarisation, own_solid_angle};
use crate::cpu::prepared::Prepared;
use crate::experiment::Panel;
use crate::physics::debye_waller::debye_waller;
use crate::scene::{Rates, Scene, slot};

/// A block of pixels, and what is asked of it.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    /// The scene.
    pub prepared: &'a Prepared<'a>,
    /// How its orientations move.
    pub rates: &'a Rates,
    /// The values that it has, and the derivatives that are needed.
    pub chain: &'a Chain,
    /// The panel.
    pub panel: &'a Panel,
    /// Fast and slow coordinate of the first pixel.
    pub first: [usize; 2],
    /// Whether to stop.
    pub interrupted: &'a dyn Fn() -> bool,
}

/// What a block is worked out in. One serves many blocks: to clear all of it would take longer than a
/// pixel with one term.
pub(super) struct Workspace {
    /// The derivatives along the slots, the panel's motion and the materials, the numbers of a chain, and
    /// directions of F, all over the scale of the scene; right where they are needed.
    pub values: Vec<Lanes>,
    terms: TermSums<Lanes>,
}

impl Workspace {
    /// For so many values.
    pub fn new(values: usize) -> Workspace {
        Workspace {
            values: vec![Lanes::ZERO; values],
            terms: TermSums::ZERO,
        }
    }
}

/// Puts the derivatives of the photons in [`LANES`] pixels along the fast axis into the values of
/// `workspace`. Whether any may be other than 0: where there are no photons there are no derivatives. `None`
/// when interrupted.
///
/// Compiled for the instruction sets of [`photons`](crate::cpu::block).
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub(super) fn block_values(
    block: Block,
    amplitudes: &mut Amplitudes,
    workspace: &mut Workspace,
) -> Option<bool> {
    const FUSED: bool =
        multiversion::target::target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64"));
    block_values_with::<FUSED>(block, amplitudes, workspace)
}

/// How a block's numbers change as its panel moves.
pub(super) struct Motions {
    shift: Vectors,
    turn: Vectors,
}

impl Motions {
    /// Adds the motion of one pixel. Whoever adds those of a block does so in a loop: LLVM would not inline
    /// a closure as large as what they are computed by.
    #[inline(always)]
    pub fn add(&mut self, lane: usize, own: &Motion) {
        self.shift.set(lane, self.shift.get(lane) + own.shift);
        self.turn.set(lane, self.turn.get(lane) + own.turn);
    }
}

/// The views of a sub-pixel in a layer, and how their depths follow a shift of the panel.
#[derive(Clone)]
pub(super) struct Sight {
    /// The views.
    pub views: Views,
    /// [`depth_slope`] of each.
    pub depths: Vectors,
}

impl Sight {
    const ZERO: Sight = Sight {
        views: Views::ZERO,
        depths: Vectors::ZERO,
    };

    #[inline(always)]
    fn look(&mut self, block: &Block, sub_pixel: [u32; 2], layer: u32) {
        let (scene, panel) = (block.prepared.scene, block.panel);
        if let Some(sensor) = scene
            .mean_depth_sensor(panel)
            .filter(|_| block.chain.needed.motion())
        {
            let front = layer_front(scene, panel, layer);
            let views = &mut self.views;
            views.look_at(panel, scene.oversample, block.first, sub_pixel, |_| front);
            for lane in 0..LANES {
                let slope = depth_slope(scene, panel, sensor, &views.get(lane));
                self.depths.set(lane, slope);
            }
        }
        self.views.look(scene, panel, block.first, sub_pixel, layer);
    }
}

#[inline(always)]
fn block_values_with<const FUSED: bool>(
    block: Block,
    amplitudes: &mut Amplitudes,
    Workspace { values, terms }: &mut Workspace,
) -> Option<bool> {
    let Block {
        prepared,
        panel,
        chain,
        ..
    } = block;
    let (scene, needed) = (prepared.scene, chain.needed);
    for place in needed.places(values.len()) {
        values[place] = Lanes::ZERO;
    }
    // Where it is not needed, it is written all the same.
    values[slot::SCALE] = Lanes::ZERO;
    let visible = Visible::new(prepared, panel, block.first);
    let spots = scene.crystal_scatters() && (visible.any() || scene.diffuse.is_some());
    if !spots && scene.background == 0.0 && scene.amorphous.is_empty() {
        return Some(false);
    }
    let (values, behind) = values.split_at_mut(chain.spots.start);
    let (numbers, behind) = behind.split_at_mut(chain.spots.len());
    let (halos, along) = behind.split_at_mut(chain.halos.len());
    let moves = needed.motion() && panel.curved_m.is_none();
    let mut motions = Motions {
        shift: Vectors::ZERO,
        turn: Vectors::ZERO,
    };
    let layers_have_own = scene.mean_depth_sensor(panel).is_some();
    let mut first_sight = Sight::ZERO;
    first_sight.look(&block, [0, 0], 0);
    let (mut first_solid_angles, mut first_polarisations) =
        first_factors(scene, panel, &first_sight.views);
    // The derivatives with respect to Ω and P of the first sub-pixel.
    let (mut by_solid_angle, mut by_polarisation) = (Lanes::ZERO, Lanes::ZERO);
    if scene.background != 0.0 {
        for lane in 0..LANES {
            let (omega, p) = (first_solid_angles.0[lane], first_polarisations.0[lane]);
            values[slot::SCALE].0[lane] = scene.background * omega * p;
            by_solid_angle.0[lane] = scene.background * p;
            by_polarisation.0[lane] = scene.background * omega;
        }
        values[slot::WATER] = values[slot::SCALE];
    }
    for layer in 0..scene.layers {
        for sub_slow in 0..scene.oversample {
            for sub_fast in 0..scene.oversample {
                let first_of_layer = [sub_slow, sub_fast] == [0, 0];
                if first_of_layer && layers_have_own && layer > 0 {
                    first_sight.look(&block, [0, 0], layer);
                    (first_solid_angles, first_polarisations) =
                        first_factors(scene, panel, &first_sight.views);
                }
                let mut own_sight;
                let sight = if first_of_layer && (layer == 0 || layers_have_own) {
                    &first_sight
                } else {
                    own_sight = Sight::ZERO;
                    own_sight.look(&block, [sub_fast, sub_slow], layer);
                    &own_sight
                };
                let views = &sight.views;
                if !scene.amorphous.is_empty() {
                    let motions = moves.then_some(&mut motions);
                    add_amorphous(&block, sight, layer, values, motions);
                }
                if !spots {
                    continue;
                }
                let solid_angles = match scene.solid_angle_per_subpixel {
                    true => Lanes::from_fn(|lane| own_solid_angle(scene, panel, &views.get(lane))),
                    false => first_solid_angles,
                };
                let captured = captured(scene, panel, views, layer);
                for (number, source) in scene.sources.iter().enumerate() {
                    let polarisations = match scene.polarisation_per_subpixel {
                        true => {
                            Lanes::from_fn(|lane| own_polarisation(scene, source, &views.get(lane)))
                        }
                        false => first_polarisations,
                    };
                    let mut q = Vectors::ZERO;
                    // The factor but for Ω, P and A, of which each has a derivative.
                    let mut bare = Lanes::splat(source.weight);
                    for lane in 0..LANES {
                        q.set(lane, source.scattering_vector(views.get(lane).diffracted));
                    }
                    if scene.scattering_vector_limit.is_finite() {
                        for lane in 0..LANES {
                            let dropped = q.get(lane).length() > scene.scattering_vector_limit;
                            bare.0[lane] = if dropped { 0.0 } else { bare.0[lane] };
                        }
                    }
                    if scene.b_factor != 0.0 {
                        for lane in 0..LANES {
                            bare.0[lane] *= debye_waller(scene.b_factor, q.get(lane));
                        }
                    }
                    let mut factors = Lanes::ZERO;
                    for lane in 0..LANES {
                        factors.0[lane] = bare.0[lane]
                            * solid_angles.0[lane]
                            * captured.0[lane]
                            * polarisations.0[lane];
                    }
                    if factors.all_zero() {
                        continue;
                    }
                    amplitudes.begin(&factors);
                    match &scene.closed_form {
                        None => {
                            terms.clear(needed);
                            add_orientations::<FUSED>(&block, &q, terms, amplitudes)?;
                        }
                        Some(form) => {
                            let mut sums = Sums {
                                factors: &factors,
                                numbers: &mut *numbers,
                                terms: &mut *terms,
                                amplitudes,
                                lit: false,
                            };
                            let source = (number, source);
                            add_spots::<FUSED>(
                                &block, form, views, source, &q, &visible, &mut sums,
                            )?;
                            match (sums.lit, &scene.diffuse) {
                                (true, _) => {}
                                (false, Some(_)) => terms.clear(needed),
                                (false, None) => continue,
                            }
                        }
                    }
                    if let Some(diffuse) = &scene.diffuse {
                        let sums = (&mut *halos, &mut *terms, &mut *amplitudes);
                        add_halos(&block, diffuse, &q, &factors, sums)?;
                    }
                    amplitudes.end(&factors, along);
                    let mut scattered = Lanes::ZERO;
                    for lane in 0..LANES {
                        scattered.0[lane] = factors.0[lane] * terms.intensity.0[lane];
                        values[slot::SCALE].0[lane] += scattered.0[lane];
                    }
                    for place in needed.term_slots() {
                        let (values, own) = (&mut values[place], &terms.slots[place]);
                        for lane in 0..LANES {
                            values.0[lane] += factors.0[lane] * own.0[lane];
                        }
                    }
                    if needed.slot(slot::B_FACTOR) {
                        let values = &mut values[slot::B_FACTOR];
                        for lane in 0..LANES {
                            values.0[lane] -=
                                0.5 * q.get(lane).length_squared() * scattered.0[lane];
                        }
                    }
                    if !needed.through_q() {
                        continue;
                    }
                    let mut by_q = Vectors::ZERO;
                    let along_q = &mut values[slot::WAVELENGTH];
                    for lane in 0..LANES {
                        let own = factors.0[lane] * terms.q_of(lane)
                            - scene.b_factor * scattered.0[lane] * q.get(lane);
                        along_q.0[lane] -= q.get(lane).dot(own);
                        by_q.set(lane, own);
                    }
                    if !moves {
                        continue;
                    }
                    let inverse_wavelength = 1.0 / source.wavelength_m;
                    for lane in 0..LANES {
                        let seen = views.get(lane);
                        let by_direction = by_q.get(lane) * inverse_wavelength
                            + factors.0[lane] * terms.direction_of(lane);
                        let mut motion = Motion::default();
                        let depth = sight.depths.get(lane);
                        motion.add_direction(by_direction, panel, &seen, depth);
                        let by_position =
                            factors.0[lane] * terms.distance.0[lane] * seen.diffracted;
                        motion.add_position(by_position, panel, depth);
                        motion.turn += factors.0[lane] * terms.turn_of(lane);
                        motions.add(lane, &motion);
                    }
                    let intensities = &terms.intensity;
                    let without = |factor: &Lanes, other: &Lanes| {
                        Lanes::from_fn(|lane| {
                            bare.0[lane] * factor.0[lane] * other.0[lane] * intensities.0[lane]
                        })
                    };
                    let own_p = without(&solid_angles, &captured);
                    if scene.polarisation_per_subpixel {
                        for lane in 0..LANES {
                            let seen = views.get(lane);
                            let slope = own_polarisation_slope(scene, source, &seen);
                            let mut motion = Motion::default();
                            let depth = sight.depths.get(lane);
                            motion.add_direction(own_p.0[lane] * slope, panel, &seen, depth);
                            motions.add(lane, &motion);
                        }
                    } else {
                        by_polarisation.add(&own_p);
                    }
                    let own_omega = without(&polarisations, &captured);
                    if scene.solid_angle_per_subpixel {
                        for lane in 0..LANES {
                            let seen = views.get(lane);
                            let slope = own_solid_angle_slope(scene, panel, &seen);
                            let mut motion = Motion::default();
                            let depth = sight.depths.get(lane);
                            motion.add_position(own_omega.0[lane] * slope, panel, depth);
                            motions.add(lane, &motion);
                        }
                    } else {
                        by_solid_angle.add(&own_omega);
                    }
                    if panel.sensor.is_some() {
                        let own_a = without(&polarisations, &solid_angles);
                        for lane in 0..LANES {
                            let slope = absorbed_slope(scene, panel, &views.get(lane), layer);
                            let mut motion = Motion::default();
                            let depth = sight.depths.get(lane);
                            motion.add_position(own_a.0[lane] * slope, panel, depth);
                            motions.add(lane, &motion);
                        }
                    }
                }
            }
        }
        let shows = !values[slot::SCALE].all_zero();
        if moves && shows && (layers_have_own || layer + 1 == scene.layers) {
            for lane in 0..LANES {
                let seen = first_sight.views.get(lane);
                let depth = first_sight.depths.get(lane);
                let mut motion = Motion::default();
                let slope = own_polarisation_slope(scene, &scene.first_source, &seen);
                motion.add_direction(by_polarisation.0[lane] * slope, panel, &seen, depth);
                let slope = own_solid_angle_slope(scene, panel, &seen);
                motion.add_position(by_solid_angle.0[lane] * slope, panel, depth);
                motions.add(lane, &motion);
            }
            (by_solid_angle, by_polarisation) = (Lanes::ZERO, Lanes::ZERO);
        }
    }
    if values[slot::SCALE].all_zero() {
        return Some(false);
    }
    for axis in (0..3).filter(|_| needed.motion()) {
        values[PANEL + axis] = Lanes::from_fn(|lane| motions.shift.get(lane)[axis]);
        values[PANEL + 3 + axis] = Lanes::from_fn(|lane| motions.turn.get(lane)[axis]);
    }
    Some(true)
}

/// A of `layer` in every pixel of a block.
#[inline(always)]
pub(super) fn captured(scene: &Scene, panel: &Panel, views: &Views, layer: u32) -> Lanes {
    match panel.sensor {
        None if layer == 0 => Lanes::splat(1.0),
        _ => Lanes::from_fn(|lane| absorbed(scene, panel, &views.get(lane), layer)),
    }
}
