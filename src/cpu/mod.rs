//! The CPU path: images in float64, blocks of pixels in vector instructions, on all cores.
//!
//! A block of neighbouring pixels (`block.rs`) takes its formulas from [`physics`](crate::physics).
//! Where a formula does not compile to vector instructions as it stands, the file of the same name
//! here has another form of it, tested against the scalar one. `pixel.rs` has the whole sum of a
//! pixel in scalar form: the reference for blocks, and what traces are made of. `docs/cpu.md`
//! explains the scheme and what it costs.
//!
//! Sums run in a fixed order within a pixel, so an image does not depend on the number of threads.

mod amorphous;
mod block;
mod closed_form;
pub mod derivatives;
mod diffuse;
pub mod interpolation;
pub mod lanes;
pub mod lattice_factor;
mod orientation_sum;
pub mod pixel;
mod polynomial;
mod prepared;
pub mod structure_factor;
mod symmetric_shape;
mod trace;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use tracing::info_span;

use crate::experiment::Panel;
use crate::profile::SIMULATION;
use crate::scene::Scene;
use lanes::LANES;
use prepared::Prepared;

pub use block::instructions;
pub use trace::{index_sensitivity, trace, trace_at};

/// Renders `scene`: photons per pixel, panels stacked, fast axis innermost; 0 where a pixel is
/// outside the region or masked. Runs on the current rayon pool. `row_done` is called after each
/// row of the image, `interrupted` every few milliseconds; once it is true there will be no image.
pub fn render(
    scene: &Scene,
    row_done: &(dyn Fn() + Sync),
    interrupted: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<f32>> {
    let pixels = scene.panels.iter().map(|panel| panel.pixels()).sum();
    let mut photons = vec![0f32; pixels];
    let mut rest = photons.as_mut_slice();
    // The rows of all panels together: with one panel after the other, small panels would leave
    // threads idle.
    let mut rows = Vec::new();
    for panel in scene.panels.iter() {
        let (own, behind) = rest.split_at_mut(panel.pixels());
        rest = behind;
        let own = own.chunks_mut(panel.shape[0]).enumerate();
        rows.extend(own.map(|(slow, row)| (panel, slow, row)));
    }
    let prepared = Prepared::new(scene);
    let stopped = AtomicBool::new(false);
    rows.into_par_iter().for_each(|(panel, slow, row)| {
        // A span without a parent, because rows are rendered side by side.
        let _span = info_span!(target: SIMULATION, parent: None, "row").entered();
        row.par_chunks_mut(LANES)
            .enumerate()
            .for_each(|(block, pixels)| {
                let first = [block * LANES, slow];
                if render_block(&prepared, panel, first, pixels, interrupted).is_none() {
                    stopped.store(true, Ordering::Relaxed);
                }
            });
        row_done();
    });
    (!stopped.into_inner()).then_some(photons)
}

/// Fills `photons` with those of the pixels of `panel` from `first` along the fast axis; `None`
/// when `interrupted`.
fn render_block(
    prepared: &Prepared,
    panel: &Panel,
    first: [usize; 2],
    photons: &mut [f32],
    interrupted: &dyn Fn() -> bool,
) -> Option<()> {
    let [fast, slow] = first;
    // Asked first, so that the loop over pixels of a whole panel has no tests.
    let whole = prepared.scene.renders_all(panel);
    let renders = |lane: usize| whole || prepared.scene.renders(panel, fast + lane, slow);
    if !(0..photons.len()).any(renders) {
        return Some(());
    }
    let block = block::photons(prepared, panel, first, interrupted)?;
    for (lane, (photons, value)) in photons.iter_mut().zip(block.0).enumerate() {
        if renders(lane) {
            *photons = value as f32;
        }
    }
    Some(())
}
