//! The float64 reference path: every row in parallel, every term as PHYSICS writes it.
//!
//! One file per formula; the GPU's shaders mirror them under the same names with the same
//! order of arguments. Sums run in a fixed order within a pixel, so an image does not depend on
//! the number of threads.

pub mod absorption;
pub mod lattice_factor;
pub mod polarisation;
pub mod solid_angle;
pub mod structure_factor;

mod pixel;
mod position;
mod term;
mod trace;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tracing::info_span;

use crate::profile::SIMULATION;
use crate::scene::Scene;

pub use trace::{LastTerm, PixelTrace, trace_pixel};

/// Renders `scene`: photons per pixel, panels stacked, fast axis innermost; 0 where a pixel is
/// outside the region or masked. Runs on the current rayon pool. `row_done` is called after each
/// row of the image, `interrupted` before each pixel; once it is true there will be no image.
pub fn render(
    scene: &Scene,
    row_done: &(dyn Fn() + Sync),
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<f32>> {
    let pixels = scene.panels.iter().map(|panel| panel.pixels()).sum();
    let mut photons = vec![0f32; pixels];
    let mut rest = photons.as_mut_slice();
    let stopped = AtomicBool::new(false);
    for panel in &scene.panels {
        let [width, height] = panel.shape;
        let (rows, behind) = rest.split_at_mut(width * height);
        rest = behind;
        rows.par_chunks_mut(width)
            .enumerate()
            .for_each(|(slow, row)| {
                // No part of any other span: rows are rendered side by side.
                let _span = info_span!(target: SIMULATION, parent: None, "row").entered();
                for (fast, photons) in row.iter_mut().enumerate() {
                    if interrupted() {
                        stopped.store(true, Ordering::Relaxed);
                        return;
                    }
                    if scene.renders(panel, fast, slow) {
                        *photons = pixel::photons(scene, panel, fast, slow) as f32;
                    }
                }
                row_done();
            });
    }
    (!stopped.into_inner()).then_some(photons)
}
