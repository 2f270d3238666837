//! The quantities behind one pixel, from the functions that render it.

use glam::DVec3;

use super::pixel::{View, first_factors, photons};
use super::term::{Term, sum_over_orientations, term};
use crate::experiment::Panel;
use crate::scene::Scene;

/// What the value of a pixel is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelTrace {
    /// Fast and slow coordinate.
    pub pixel: [usize; 2],
    /// Ω of the first sub-pixel, sr.
    pub solid_angle: f64,
    /// P of the first sub-pixel.
    pub polarisation: f64,
    /// ΣF_cell²·F_latt² over layers, sub-pixels, sources and orientations, without weights.
    pub sum: f64,
    /// The last term of that sum.
    pub last: LastTerm,
    /// The factor in front, r_e²·fluence/steps.
    pub scale: f64,
    /// Photons in the pixel.
    pub photons: f64,
}

/// The last layer's last sub-pixel, with the last source and the last orientation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastTerm {
    /// Position of the sub-pixel, m.
    pub position_m: DVec3,
    /// Distance from the sample, m.
    pub distance_m: f64,
    /// Direction from the sample.
    pub diffracted: DVec3,
    /// Scattering vector, 1/m.
    pub scattering_vector: DVec3,
    /// sin θ/λ, 1/m.
    pub stol: f64,
    /// Fractional Miller index.
    pub hkl: DVec3,
    /// The nearest reflection.
    pub nearest: DVec3,
    /// F_cell.
    pub cell_factor: f64,
    /// F_latt.
    pub lattice_factor: f64,
    /// Fraction of the photons that the layer stops.
    pub absorbed: f64,
}

/// The quantities behind pixel (`fast`, `slow`) of `panel`.
pub fn trace_pixel(scene: &Scene, panel: &Panel, fast: usize, slow: usize) -> PixelTrace {
    let pixel = [fast, slow];
    let (solid_angle, polarisation) = first_factors(scene, panel, pixel);
    let mut sum = 0.0;
    for layer in 0..scene.layers {
        for sub_slow in 0..scene.oversample {
            for sub_fast in 0..scene.oversample {
                let view = View::new(scene, panel, pixel, [sub_fast, sub_slow], layer);
                for source in &scene.sources {
                    let q = view.scattering_vector(source);
                    if q.length() <= scene.scattering_vector_limit {
                        sum += sum_over_orientations(scene, source.channel, q);
                    }
                }
            }
        }
    }
    PixelTrace {
        pixel,
        solid_angle,
        polarisation,
        sum,
        last: last_term(scene, panel, pixel),
        scale: scene.scale,
        photons: photons(scene, panel, fast, slow),
    }
}

fn last_term(scene: &Scene, panel: &Panel, pixel: [usize; 2]) -> LastTerm {
    let last_sub = scene.oversample - 1;
    let layer = scene.layers - 1;
    let view = View::new(scene, panel, pixel, [last_sub; 2], layer);
    let source = &scene.sources[scene.sources.len() - 1];
    let orientation = &scene.orientations[scene.orientations.len() - 1];
    let q = view.scattering_vector(source);
    let grid = scene.grids.get(source.channel).map(AsRef::as_ref);
    let Term {
        hkl,
        nearest,
        cell_factor,
        lattice_factor,
    } = term(scene, grid, orientation, q);
    LastTerm {
        position_m: view.position,
        distance_m: view.distance,
        diffracted: view.diffracted,
        scattering_vector: q,
        stol: q.length() / 2.0,
        hkl,
        nearest,
        cell_factor,
        lattice_factor,
        absorbed: view.absorbed(scene, panel, layer),
    }
}
