//! Derivatives of images in float64 (PHYSICS §17): along directions, or of a weighted sum.
//!
//! One kernel serves both. It gives the derivatives of a block of pixels along all coordinates of the
//! scene that are needed, its values; a direction's image is a product with them, and a gradient the
//! sum of weights times them. `pixel.rs` has the scalar reference.

mod amorphous;
mod block;
mod chain;
mod closed_form;
mod diffuse;
mod interpolation;
mod lattice_factor;
mod motion;
mod orientation_sum;
pub mod pixel;
mod products;
mod sinks;
mod sums;
mod symmetric_shape;

use rayon::prelude::*;
use tracing::info_span;

use super::lanes::{LANES, Lanes, PerLane};
use super::prepared::Prepared;
use crate::experiment::Panel;
use crate::memory::Bytes;
use crate::profile::SIMULATION;
use crate::scene::{PANEL_COUNT, Rates, Scene, SceneVector, slot};
use block::{Block, Workspace, block_values};
use chain::Chain;
use sinks::{add_along, add_weighted};
pub use sums::{Amplitudes, Needed, TermSums};

/// What watches over a computation: is told of each row that is done, and asked every few milliseconds
/// whether to stop.
pub struct Watch<'a> {
    /// Is called after each row of the image.
    pub row_done: &'a (dyn Fn() + Sync),
    /// Whether to stop.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

/// Places of a block's values behind the slots.
const PANEL: usize = slot::COUNT;
/// Behind the motion of the panel.
const MATERIALS: usize = PANEL + PANEL_COUNT;

/// Adds the photons of `scene` to `image`, and their derivatives along each of the `directions`, of which
/// it takes the F of energy channel number `channel` among those in use, to the `derivatives`: numbers of
/// all pixels, panels stacked, fast axis innermost, all of them 0 before the first channel; 0 where a pixel is outside the region or masked. Runs
/// on the current rayon pool. `None` once it is interrupted.
pub fn derivative_images(
    scene: &Scene,
    rates: &Rates,
    (directions, channel): (&[SceneVector], usize),
    image: &mut [f64],
    derivatives: &mut [Vec<f64>],
    watch: &Watch,
) -> Option<()> {
    let own_f = |direction: &SceneVector| direction.amplitudes.get(channel).is_some();
    let amplitudes: Vec<&[f64]> = directions
        .iter()
        .filter_map(|direction| direction.amplitudes.get(channel))
        .map(Vec::as_slice)
        .collect();
    let needed = directions.iter().fold(Needed::NOTHING, Needed::and_along);
    let needed = needed.within(scene, rates);
    let chain = Chain::new(scene, rates, needed);
    let along = chain.amplitudes();
    // The components of each direction on each panel that are not zero, with the places of their values.
    let components = |panel: usize| -> Vec<Vec<(usize, f64)>> {
        let mut behind = along;
        let of_direction = |direction: &SceneVector| {
            let shared = direction.slots.iter().chain(&direction.panels[panel]);
            let mut own = vec![0.0; along + amplitudes.len()];
            for (own, component) in own.iter_mut().zip(shared.chain(&direction.materials)) {
                *own = *component;
            }
            chain.pull(&mut own);
            if own_f(direction) {
                own[behind] = 1.0;
                behind += 1;
            }
            let all = own.iter().enumerate();
            all.filter(|(place, component)| **component != 0.0 && chain.needed.place(*place))
                .map(|(place, component)| (place, scene.scale * component))
                .collect()
        };
        // The photons come first.
        std::iter::once(vec![(slot::SCALE, scene.scale)])
            .chain(directions.iter().map(of_direction))
            .collect()
    };
    let components: Vec<_> = (0..scene.panels.len()).map(components).collect();
    let mut rest = std::iter::once(image)
        .chain(derivatives.iter_mut().map(Vec::as_mut_slice))
        .collect::<Vec<_>>();
    let mut rows = Vec::new();
    for (number, panel) in scene.panels.iter().enumerate() {
        for slow in 0..panel.shape[1] {
            let mut own = Vec::with_capacity(rest.len());
            for image in &mut rest {
                own.push(image.split_off_mut(..panel.shape[0])?);
            }
            rows.push((number, panel, slow, own));
        }
    }
    let prepared = Prepared::new(scene);
    let done = rows.into_par_iter().map(|(number, panel, slow, mut row)| {
        let _span = info_span!(target: SIMULATION, parent: None, "row").entered();
        let mut workspace = Workspace::new(along + amplitudes.len());
        let mut sums = vec![Lanes::ZERO; amplitudes.len()];
        for start in (0..panel.shape[0]).step_by(LANES) {
            let renders = rendered(scene, panel, [start, slow]);
            if renders == [false; LANES] {
                continue;
            }
            let mut own = match amplitudes.is_empty() {
                true => Amplitudes::Unused,
                false => Amplitudes::Along {
                    directions: &amplitudes,
                    sums: &mut sums,
                },
            };
            let block = Block {
                prepared: &prepared,
                rates,
                chain: &chain,
                panel,
                first: [start, slow],
                interrupted: watch.interrupted,
            };
            if !block_values(block, &mut own, &mut workspace)? {
                continue;
            }
            let of_block = start..(start + LANES).min(panel.shape[0]);
            let (along, values) = (&components[number], &workspace.values);
            add_along(&mut row, of_block, along, values, &renders, channel == 0);
        }
        (watch.row_done)();
        Some(())
    });
    done.collect()
}

/// Adds the gradient of Σ weight·photons over the pixels of `scene`, one of the `weights` each in the
/// order of the image, to `gradient`: with respect to the F of energy channel number `channel`, too, where
/// it has room for them. Runs on the current rayon pool; the sums are the same for any number of
/// threads. `None` once it is interrupted.
pub fn gradient(
    scene: &Scene,
    rates: &Rates,
    weights: &[f64],
    gradient: &mut SceneVector,
    channel: usize,
    watch: &Watch,
) -> Option<()> {
    let reflections = gradient.amplitudes.get(channel).map_or(0, Vec::len);
    let needed = Needed::all(reflections > 0).within(scene, rates);
    let bands = bands(scene, reflections);
    let prepared = Prepared::new(scene);
    let chain = Chain::new(scene, rates, needed);
    let of_band = |band: &Band| {
        let mut workspace = Workspace::new(chain.amplitudes());
        let mut sums = vec![Lanes::ZERO; chain.amplitudes()];
        let places: Vec<usize> = chain.needed.places(sums.len()).collect();
        let mut by_f = vec![0.0; reflections];
        let panel = &scene.panels[band.panel];
        for slow in band.rows.clone() {
            let _span = info_span!(target: SIMULATION, parent: None, "row").entered();
            let width = panel.shape[0];
            let row = &weights[band.first_pixel + slow * width..][..width];
            for start in (0..width).step_by(LANES) {
                let renders = rendered(scene, panel, [start, slow]);
                let weight_of = |lane: usize| match (row.get(start + lane), renders[lane]) {
                    (Some(weight), true) => scene.scale * weight,
                    _ => 0.0,
                };
                let weights = Lanes::from_fn(weight_of);
                if weights.all_zero() {
                    continue;
                }
                let mut factors = weights;
                let mut own = match reflections {
                    0 => Amplitudes::Unused,
                    _ => Amplitudes::Weighted {
                        pixels: &weights,
                        weights: &mut factors,
                        gradient: &mut by_f,
                    },
                };
                let block = Block {
                    prepared: &prepared,
                    rates,
                    chain: &chain,
                    panel,
                    first: [start, slow],
                    interrupted: watch.interrupted,
                };
                if block_values(block, &mut own, &mut workspace)? {
                    add_weighted(&mut sums, &places, &workspace.values, &weights);
                }
            }
            (watch.row_done)();
        }
        let sums = sums.iter().map(|own| own.0.iter().sum());
        let mut sums: Vec<f64> = sums.collect();
        chain.add(&mut sums);
        sums.truncate(MATERIALS + scene.amorphous.len());
        Some((sums, by_f))
    };
    let sums: Option<Vec<_>> = bands.par_iter().map(of_band).collect();
    for (band, (sums, by_f)) in bands.iter().zip(sums?) {
        let shared = gradient.slots.iter_mut();
        let of_panel = shared.chain(&mut gradient.panels[band.panel]);
        let all = of_panel.chain(&mut gradient.materials);
        let own_f = gradient.amplitudes.get_mut(channel).into_iter().flatten();
        for (all, own) in all.chain(own_f).zip(sums.iter().chain(&by_f)) {
            *all += own;
        }
    }
    Some(())
}

/// What the gradient with respect to the F of so many `reflections` of `scene` takes: their sums over each
/// band of rows, and over the image.
pub fn amplitude_memory(scene: &Scene, reflections: usize) -> Bytes {
    let sums = bands(scene, reflections).len() as u64 + 1;
    Bytes::of::<f64>(sums.saturating_mul(reflections as u64))
}

/// Rows of a panel whose sums are added up one after the other. Bands do not depend on the number of
/// threads, so that neither does a gradient.
struct Band {
    panel: usize,
    rows: std::ops::Range<usize>,
    /// Place of the panel's first pixel in the image.
    first_pixel: usize,
}

/// All bands of `scene`, each of which has its own sums over so many `reflections`.
fn bands(scene: &Scene, reflections: usize) -> Vec<Band> {
    /// Numbers that the bands of an image have together, 16 MiB: to clear and to add them takes as long as
    /// a frame with one term a pixel.
    const ROOM: usize = 1 << 21;
    /// Bands of an image, so that there is work for many threads, and however large the grid is for some.
    const COUNT: std::ops::RangeInclusive<usize> = 4..=512;
    let count = (ROOM / reflections.max(1)).clamp(*COUNT.start(), *COUNT.end());
    let all_rows: usize = scene.panels.iter().map(|panel| panel.shape[1]).sum();
    let height = all_rows.div_ceil(count).max(1);
    let mut first_pixel = 0;
    let mut bands = Vec::new();
    for (number, panel) in scene.panels.iter().enumerate() {
        for start in (0..panel.shape[1]).step_by(height) {
            bands.push(Band {
                panel: number,
                rows: start..(start + height).min(panel.shape[1]),
                first_pixel,
            });
        }
        first_pixel += panel.pixels();
    }
    bands
}

/// Which pixels of a block are rendered.
fn rendered(scene: &Scene, panel: &Panel, [fast, slow]: [usize; 2]) -> [bool; LANES] {
    std::array::from_fn(|lane| {
        let fast = fast + lane;
        fast < panel.shape[0] && scene.renders(panel, fast, slow)
    })
}
