//! One pixel: the sum over layers, sub-pixels and sources (PHYSICS §1).

use glam::DVec3;

use super::absorption::absorbed_fraction;
use super::amorphous::amorphous;
use super::polarisation::polarisation;
use super::position::position;
use super::solid_angle::solid_angle;
use crate::experiment::Panel;
use crate::scene::{Scene, SceneSource};

/// A sub-pixel of one layer, seen from the sample.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// Position, m.
    pub position: DVec3,
    /// Distance from the sample, m.
    pub distance: f64,
    /// Direction from the sample, a unit vector.
    pub diffracted: DVec3,
}

impl View {
    pub fn new(
        scene: &Scene,
        panel: &Panel,
        pixel: [usize; 2],
        sub_pixel: [u32; 2],
        layer: u32,
    ) -> View {
        let depth = layer_depth(scene, panel, layer);
        View::of(position(panel, scene.oversample, pixel, sub_pixel, depth))
    }

    /// The view of what is at `position` (m).
    #[inline(always)]
    pub fn of(position: DVec3) -> View {
        let distance = position.length();
        View {
            position,
            distance,
            // One division for three components.
            diffracted: position * (1.0 / distance),
        }
    }

    /// Ω of the pixel seen here.
    #[inline(always)]
    pub fn solid_angle(&self, scene: &Scene, panel: &Panel) -> f64 {
        let close = panel.close_distance_m();
        solid_angle(panel.pixel_size_m, close, self.distance, scene.point_pixels)
    }

    /// P for X-rays of `source`; 1 where polarisation is switched off.
    #[inline(always)]
    pub fn polarisation(&self, scene: &Scene, source: &SceneSource) -> f64 {
        scene
            .kahn_factor
            .map_or(1.0, |kahn| polarisation(source, self.diffracted, kahn))
    }

    /// A of `layer`; the front layer of a panel without a sensor stops every photon.
    #[inline(always)]
    pub fn absorbed(&self, scene: &Scene, panel: &Panel, layer: u32) -> f64 {
        let Some(sensor) = panel.sensor else {
            return if layer == 0 { 1.0 } else { 0.0 };
        };
        let cos_normal = self.diffracted.dot(panel.normal);
        absorbed_fraction(sensor.optical_depth(scene.layers), layer, cos_normal)
    }

    /// What amorphous materials scatter here, by its own Ω, P and A, and by the weight of `source`: in
    /// the open what a block is held against.
    pub fn amorphous(&self, scene: &Scene, panel: &Panel, layer: u32, source: &SceneSource) -> f64 {
        let geometry = self.solid_angle(scene, panel) * self.absorbed(scene, panel, layer);
        let factor = source.weight * geometry * self.polarisation(scene, source);
        factor * amorphous(&scene.amorphous, self.stol(source))
    }

    /// sin θ/λ = |q|/2, 1/Å.
    #[inline(always)]
    pub fn stol(&self, source: &SceneSource) -> f64 {
        self.scattering_vector(source).length() * 0.5e-10
    }

    /// Scattering vector q = (d − i)/λ, 1/m.
    #[inline(always)]
    pub fn scattering_vector(&self, source: &SceneSource) -> DVec3 {
        (self.diffracted - source.incident) * (1.0 / source.wavelength_m)
    }
}

/// How deep in the sensor of `panel` `layer` begins, m.
pub(super) fn layer_depth(scene: &Scene, panel: &Panel, layer: u32) -> f64 {
    panel.sensor.map_or(0.0, |sensor| {
        f64::from(layer) * sensor.layer_depth_m(scene.layers)
    })
}

/// Ω and P of the pixel's first sub-pixel, front layer and first source.
pub(super) fn first_factors(scene: &Scene, panel: &Panel, pixel: [usize; 2]) -> (f64, f64) {
    let view = View::new(scene, panel, pixel, [0, 0], 0);
    let polarisation = view.polarisation(scene, &scene.first_source);
    (view.solid_angle(scene, panel), polarisation)
}

/// Photons in pixel (`fast`, `slow`) of `panel`: in the open what a block is held against.
#[cfg(test)]
pub(super) fn photons(scene: &Scene, panel: &Panel, fast: usize, slow: usize) -> f64 {
    let pixel = [fast, slow];
    let (first_solid_angle, first_polarisation) = first_factors(scene, panel, pixel);
    let mut sum = scene.background * first_solid_angle * first_polarisation;
    for layer in 0..scene.layers {
        for sub_slow in 0..scene.oversample {
            for sub_fast in 0..scene.oversample {
                let view = View::new(scene, panel, pixel, [sub_fast, sub_slow], layer);
                let solid_angle = if scene.solid_angle_per_subpixel {
                    view.solid_angle(scene, panel)
                } else {
                    first_solid_angle
                };
                let geometry = solid_angle * view.absorbed(scene, panel, layer);
                for source in scene.sources.iter() {
                    sum += view.amorphous(scene, panel, layer, source);
                }
                for source in scene.sources.iter() {
                    let q = view.scattering_vector(source);
                    if q.length() > scene.scattering_vector_limit {
                        continue;
                    }
                    let polarisation = if scene.polarisation_per_subpixel {
                        view.polarisation(scene, source)
                    } else {
                        first_polarisation
                    };
                    let scattered = super::term::sum_over_orientations(scene, q);
                    sum += source.weight * geometry * polarisation * scattered;
                }
            }
        }
    }
    scene.scale * sum
}
