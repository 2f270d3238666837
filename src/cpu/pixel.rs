//! One pixel, term by term: the sum over layers, sub-pixels and sources (PHYSICS §1) as the
//! formulas of [`physics`](crate::physics) have it.
//!
//! [`photons`] is the scalar reference for `cpu::block`, which renders images. A trace is
//! made of the functions here, and the blocks inline most of them into their loops.

use glam::{DMat3, DVec3};

use crate::experiment::{Panel, Sensor};
use crate::physics::absorption::{absorbed_fraction, mean_depth};
use crate::physics::amorphous::amorphous;
use crate::physics::closed_form::{self, ClosedForm, SmearedSpot};
use crate::physics::debye_waller::debye_waller;
use crate::physics::polarisation::polarisation;
use crate::physics::position::position;
use crate::physics::scattering_vector::stol;
use crate::physics::solid_angle::solid_angle;
use crate::physics::term::{Term, term};
use crate::physics::view::{View, view};
use crate::scene::{Orientation, Scene, SceneSource};

/// The view of a sub-pixel in one layer.
pub(super) fn sub_pixel_view(
    scene: &Scene,
    panel: &Panel,
    pixel: [usize; 2],
    sub_pixel: [u32; 2],
    layer: u32,
) -> View {
    let at = |depth| view(position(panel, scene.oversample, pixel, sub_pixel, depth));
    let front = at(layer_front(scene, panel, layer));
    match scene.mean_depth_sensor(panel) {
        None => front,
        Some(sensor) => at(mean_layer_depth(scene, panel, sensor, &front, layer)),
    }
}

/// Depth in the sensor of `panel` at which `layer` begins, m.
pub(super) fn layer_front(scene: &Scene, panel: &Panel, layer: u32) -> f64 {
    panel.sensor.map_or(0.0, |sensor| {
        f64::from(layer) * sensor.layer_thickness_m(scene.layers)
    })
}

/// Depth in the `sensor` of `panel`, m, at which `layer` stops photons on average, where its front
/// face is seen as `front`.
#[inline(always)]
pub(super) fn mean_layer_depth(
    scene: &Scene,
    panel: &Panel,
    sensor: &Sensor,
    front: &View,
    layer: u32,
) -> f64 {
    let cos_normal = front.diffracted.dot(panel.normal);
    let within = mean_depth(sensor.optical_depth(scene.layers), cos_normal);
    (f64::from(layer) + within) * sensor.layer_thickness_m(scene.layers)
}

/// Ω of a pixel of `panel` at the distance of `seen`.
#[inline(always)]
pub(super) fn own_solid_angle(scene: &Scene, panel: &Panel, seen: &View) -> f64 {
    match scene.mean_depth_sensor(panel) {
        None => front_solid_angle(scene, panel, seen),
        Some(_) => {
            // The distance of the plane in which the layer stops photons.
            let close = seen.position.dot(panel.normal);
            solid_angle(panel.pixel_size_m, close, seen.distance, scene.point_pixels)
        }
    }
}

/// Ω of a pixel on the face of `panel` at the distance of `seen`.
#[inline(always)]
pub(super) fn front_solid_angle(scene: &Scene, panel: &Panel, seen: &View) -> f64 {
    let close = panel.close_distance_m();
    solid_angle(panel.pixel_size_m, close, seen.distance, scene.point_pixels)
}

/// P for X-rays of `source`; 1 where polarisation is switched off.
#[inline(always)]
pub(super) fn own_polarisation(scene: &Scene, source: &SceneSource, seen: &View) -> f64 {
    scene.kahn_factor.map_or(1.0, |kahn| {
        polarisation(
            source.incident,
            source.electric,
            source.magnetic,
            seen.diffracted,
            kahn,
        )
    })
}

/// A of `layer`; the front layer of a panel without a sensor stops every photon.
#[inline(always)]
pub(super) fn absorbed(scene: &Scene, panel: &Panel, seen: &View, layer: u32) -> f64 {
    let Some(sensor) = panel.sensor else {
        return if layer == 0 { 1.0 } else { 0.0 };
    };
    let cos_normal = seen.diffracted.dot(panel.normal);
    absorbed_fraction(sensor.optical_depth(scene.layers), layer, cos_normal)
}

/// Ω and P of the pixel's first sub-pixel and first source; of `layer` where layers have their own,
/// else of the front layer.
pub(super) fn first_factors(
    scene: &Scene,
    panel: &Panel,
    pixel: [usize; 2],
    layer: u32,
) -> (f64, f64) {
    let layer = scene.mean_depth_sensor(panel).map_or(0, |_| layer);
    let first = sub_pixel_view(scene, panel, pixel, [0, 0], layer);
    let polarisation = own_polarisation(scene, &scene.first_source, &first);
    (own_solid_angle(scene, panel, &first), polarisation)
}

/// Scattering of the amorphous materials into a view, with its own Ω, P and A and the weight of
/// `source`.
pub(super) fn amorphous_part(
    scene: &Scene,
    panel: &Panel,
    seen: &View,
    layer: u32,
    source: &SceneSource,
) -> f64 {
    let geometry = own_solid_angle(scene, panel, seen) * absorbed(scene, panel, seen, layer);
    let factor = source.weight * geometry * own_polarisation(scene, source, seen);
    let q = source.scattering_vector(seen.diffracted);
    factor * amorphous(&scene.amorphous, stol(q))
}

/// Σ F_cell²·F_latt² over the scene's orientations, of X-rays of `source` that `seen` shows on
/// `panel`.
pub(super) fn sum_over_orientations(
    scene: &Scene,
    panel: &Panel,
    seen: &View,
    source: &SceneSource,
) -> f64 {
    let q = source.scattering_vector(seen.diffracted);
    if let Some(form) = &scene.closed_form {
        let steps = displacements(scene, form, panel, seen, source);
        let terms = scene.orientations.iter().map(|orientation| {
            let smeared = smeared_term(scene, form, orientation, q, &steps);
            smeared.intensity(scene)
        });
        return terms.sum();
    }
    let model = scene.model();
    scene
        .orientations
        .iter()
        .map(|orientation| term(&model, &orientation.index_of, q).intensity())
        .sum()
}

/// The closed form's term: the reflection that is nearest at the segment's middle, and its smeared
/// spot.
pub(super) struct SmearedTerm {
    /// The term at the segment's middle, with the F_latt of a spot that is not smeared.
    pub middle: Term,
    /// The spot's covariance C, in index units.
    pub covariance: DMat3,
    /// The spot.
    pub spot: SmearedSpot,
}

impl SmearedTerm {
    /// √⟨F_latt²⟩.
    pub fn lattice_factor(&self, scene: &Scene) -> f64 {
        scene.lattice.total * self.spot.average.sqrt()
    }

    /// F_cell²·⟨F_latt²⟩, and the halos at the segment's middle.
    pub fn intensity(&self, scene: &Scene) -> f64 {
        let amplitude = self.middle.structure_factor * scene.lattice.total;
        amplitude * amplitude * self.spot.average + self.middle.halo
    }
}

/// The term of `orientation` at the scattering vector `q` (1/m), with these [`displacements`].
pub(super) fn smeared_term(
    scene: &Scene,
    form: &ClosedForm,
    orientation: &Orientation,
    q: DVec3,
    displacements: &[DVec3],
) -> SmearedTerm {
    let index_of = &orientation.index_of;
    let middle = term(&scene.model(), index_of, q);
    let covariance = closed_form::covariance(form, index_of, q, displacements);
    let sweep = closed_form::sweep(form, index_of, q);
    let delta = middle.hkl - middle.nearest;
    SmearedTerm {
        middle,
        covariance,
        spot: closed_form::smeared_spot(form, &covariance, delta, sweep),
    }
}

/// The steps of q (1/m) per standard deviation of the directions of `source` and of the place in
/// the sub-pixel that `seen` shows on `panel`.
pub(super) fn displacements(
    scene: &Scene,
    form: &ClosedForm,
    panel: &Panel,
    seen: &View,
    source: &SceneSource,
) -> Vec<DVec3> {
    let SceneSource {
        electric,
        magnetic,
        wavelength_m,
        ..
    } = *source;
    let mut steps = closed_form::divergence_steps(form, electric, magnetic, wavelength_m).to_vec();
    if form.pixel_average {
        steps.extend(closed_form::pixel_steps(
            [panel.fast, panel.slow],
            panel.pixel_size_m / f64::from(scene.oversample),
            seen.diffracted,
            seen.distance,
            wavelength_m,
        ));
    }
    steps
}

/// Photons in the pixel (fast, slow) of `panel`, term by term: the scalar reference for
/// [`render`](super::render), hundreds of times slower.
pub fn photons(scene: &Scene, panel: &Panel, pixel: [usize; 2]) -> f64 {
    let (first_solid_angle, first_polarisation) = first_factors(scene, panel, pixel, 0);
    let mut sum = scene.background * first_solid_angle * first_polarisation;
    for layer in 0..scene.layers {
        let (first_solid_angle, first_polarisation) = first_factors(scene, panel, pixel, layer);
        for sub_slow in 0..scene.oversample {
            for sub_fast in 0..scene.oversample {
                let seen = sub_pixel_view(scene, panel, pixel, [sub_fast, sub_slow], layer);
                let solid_angle = if scene.solid_angle_per_subpixel {
                    own_solid_angle(scene, panel, &seen)
                } else {
                    first_solid_angle
                };
                let geometry = solid_angle * absorbed(scene, panel, &seen, layer);
                for source in scene.sources.iter() {
                    sum += amorphous_part(scene, panel, &seen, layer, source);
                }
                for source in scene.sources.iter() {
                    let q = source.scattering_vector(seen.diffracted);
                    if q.length() > scene.scattering_vector_limit {
                        continue;
                    }
                    let polarisation = if scene.polarisation_per_subpixel {
                        own_polarisation(scene, source, &seen)
                    } else {
                        first_polarisation
                    };
                    let scattered = sum_over_orientations(scene, panel, &seen, source);
                    let damping = debye_waller(scene.b_factor, q);
                    sum += source.weight * geometry * polarisation * damping * scattered;
                }
            }
        }
    }
    scene.scale * sum
}
