//! The derivatives of spots in closed form (PHYSICS §17).
//!
//! Whatever the orientation, the source and the view, the derivatives with respect to the crystal and its
//! spreads are sums of a few [`NUMBERS`] in the crystal's frame, which a [`Chain`](super::chain::Chain) takes to
//! the slots of the scene once.

mod block;
mod pixel;

use glam::DMat3;

use super::chain::Link;
use crate::physics::closed_form::ClosedForm;
use crate::physics::closed_form::slopes::{FrameSlopes, ShapeRates};
use crate::scene::{Rates, Scene, slot};
pub(super) use block::{Sums, add_spots};
pub(super) use pixel::add_spots as add_pixel_spots;

/// How many numbers are summed over terms: those of [`FrameSlopes`] that do not depend on the view, and
/// the derivative with respect to the F of no grid.
pub(super) const NUMBERS: usize = 27;
/// Their places.
const AVERAGE: usize = 0;
const COVARIANCE: usize = 1;
const FRAME: usize = 7;
const TURN: usize = 16;
const MOSAIC: usize = 19;
const BANDWIDTH: usize = 22;
const DIVERGENCE: usize = 23;
const SIZE: usize = 25;
const DEFAULT_F: usize = 26;

/// The numbers that are summed, in their order, all but the last.
#[inline(always)]
fn numbers(slopes: &FrameSlopes) -> [f64; DEFAULT_F] {
    let FrameSlopes {
        covariance: c,
        frame,
        turn,
        mosaic,
        ..
    } = *slopes;
    let [x, y, z] = [frame.x_axis, frame.y_axis, frame.z_axis];
    let [along, across] = slopes.divergence;
    #[rustfmt::skip]
    let numbers = [
        slopes.average,
        c.xx, c.yy, c.zz, c.xy, c.xz, c.yz,
        x.x, x.y, x.z, y.x, y.y, y.z, z.x, z.y, z.z,
        turn.x, turn.y, turn.z,
        mosaic.x, mosaic.y, mosaic.z,
        slopes.bandwidth,
        along, across,
        slopes.area.size,
    ];
    numbers
}

/// The links from the [`numbers`] of `scene` to its slots.
pub(super) fn links(scene: &Scene, form: &ClosedForm, rates: &Rates) -> Vec<Link> {
    let mut links = Vec::new();
    let shape = ShapeRates::new(&scene.lattice, form);
    let slots = slot::INDEX.chain(slot::CELLS).chain(slot::COUPLED_CELLS);
    let slots = slots.chain([slot::FUDGE]);
    let of_shape = (shape.index.iter().chain(&shape.cells))
        .chain(&shape.coupled_cells)
        .chain([&shape.fudge]);
    for (slot, rate) in slots.zip(of_shape) {
        links.push((slot, AVERAGE, rate.height));
        let of_slot = (COVARIANCE..).zip(rate.covariance.to_dot());
        links.extend(of_slot.map(|(at, own)| (slot, at, own)));
    }
    // dF = −F·K where dA = K·A.
    for (at, slot) in slot::INDEX.enumerate() {
        let (row, column) = (at % 3, at / 3);
        for (axis, element) in form.frame.col(row).to_array().into_iter().enumerate() {
            links.push((slot, FRAME + 3 * column + axis, -element));
        }
    }
    // From the crystal's frame to the laboratory at φ = 0, the same for all segments.
    let (orientation, turn) = (&scene.orientations[0], &rates.turns[0]);
    let to_start: DMat3 = (form.frame * orientation.index_of * *turn).transpose();
    for (axis, slot) in slot::CRYSTAL_TURN.enumerate() {
        let row = to_start.row(axis).to_array();
        links.extend((TURN..).zip(row).map(|(at, own)| (slot, at, own)));
    }
    let divergence = form.divergence_sigma_rad;
    let spreads = (slot::MOSAIC.zip(MOSAIC..).zip(form.mosaic_sigmas_rad))
        .chain([((slot::BANDWIDTH, BANDWIDTH), form.bandwidth)])
        .chain(slot::DIVERGENCE.zip(DIVERGENCE..).zip(divergence));
    links.extend(spreads.map(|((slot, at), sigma)| (slot, at, 2.0 * sigma)));
    // The steps of the divergence and of the pixel's area fall as the wavelength rises.
    for (at, sigma) in (DIVERGENCE..).zip(divergence) {
        links.push((slot::WAVELENGTH, at, -2.0 * sigma * sigma));
    }
    links.push((slot::WAVELENGTH, SIZE, -1.0));
    links.push((slot::DEFAULT_F, DEFAULT_F, 1.0));
    // The numbers are of F_latt²/N².
    let peak = scene.lattice.total * scene.lattice.total;
    let links = links.into_iter();
    links
        .map(|(slot, at, factor)| (slot, at, peak * factor))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::derivatives::block::{Block, Workspace, block_values};
    use crate::cpu::derivatives::chain::Chain;
    use crate::cpu::derivatives::pixel::pixel_slots;
    use crate::cpu::derivatives::sums::{Amplitudes, Needed};
    use crate::cpu::lanes::{LANES, Lanes, PerLane};
    use crate::cpu::prepared::Prepared;
    use crate::document::Document;
    use crate::experiment::{Reflection, StructureFactors};
    use crate::memory::Bytes;
    use crate::scene::{Layout, PANEL_COUNT};

    /// A patch of a detector, tilted; the crystal's F is listed where `listed`.
    fn scene(more: &str, listed: bool) -> (Scene, Rates) {
        let text = format!(
            "crystal = {{ cell_A_deg = [59, 68, 31, 80, 95, 110], misset_deg = [71, 2, 44],
                          default_F = 10, shape = 'gauss', gauss_metric = 'hkl', cells = 9 }}
             detector = {{ pixels = 64, pixel_mm = 0.4, rotation_y_deg = 20, beam_x_mm = -15,
                           beam_y_mm = -10 }}
             [sampling]
             analytic = true
             {more}"
        );
        let document = Document::from_toml(&text).unwrap();
        let resolved = document.resolve(1, Bytes(1 << 24)).unwrap();
        let mut description = resolved.experiment.into_description();
        if listed {
            let range = |from: i32, to: i32| from..=to;
            let list: Vec<Reflection> = range(-20, 20)
                .flat_map(|h| {
                    range(-20, 20).flat_map(move |k| range(-5, 5).map(move |l| [h, k, l]))
                })
                .map(|index| Reflection {
                    index,
                    amplitude: f64::from(index[0] * 7 + index[1] - 3 * index[2]),
                })
                .collect();
            description.structure_factors =
                StructureFactors::from_reflections(&list, 10.0, Bytes(1 << 24)).unwrap();
        }
        let experiment = crate::experiment::Experiment::new(description).unwrap();
        let rates = Layout::new(&experiment).unwrap().rates(&experiment);
        (Scene::new(&experiment).unwrap(), rates)
    }

    #[test]
    fn a_block_holds_what_the_scalar_formulas_give() {
        let scan = "[scan]\nrange_deg = 1\nsteps = 3\n[mosaicity]\nspread_deg = 0.05";
        let spreads = "[beam]\nbandwidth_percent = 0.1\ndivergence_sigma_mrad = [0.2, 0.3]";
        let averaged = format!("pixel_average = true\noversample = 2\n{spreads}\n{scan}");
        for (more, listed) in [
            ("", false),
            (scan, false),
            (&averaged, false),
            (&averaged, true),
        ] {
            let (scene, rates) = scene(more, listed);
            let (panel, prepared) = (&scene.panels[0], Prepared::new(&scene));
            let reflections = scene
                .grid
                .as_ref()
                .map_or(0, |grid| grid.amplitudes().len());
            let needed = Needed::all(reflections > 0);
            let chain = Chain::new(&scene, &rates, needed);
            // Of each place, the numbers that were found and those that are expected.
            let mut pairs = vec![Vec::new(); slot::COUNT + PANEL_COUNT];
            let (mut gradient, mut by_f) = (vec![0.0; reflections], vec![0.0; reflections]);
            for first in (0..64).step_by(9).flat_map(|slow| [[0, slow], [32, slow]]) {
                let block = Block {
                    prepared: &prepared,
                    rates: &rates,
                    chain: &chain,
                    panel,
                    first,
                    interrupted: &|| false,
                };
                let mut workspace = Workspace::new(chain.amplitudes());
                let (scale, mut factors) = (Lanes::splat(scene.scale), Lanes::ZERO);
                let mut amplitudes = Amplitudes::Weighted {
                    pixels: &scale,
                    weights: &mut factors,
                    gradient: &mut gradient,
                };
                block_values(block, &mut amplitudes, &mut workspace).unwrap();
                for lane in 0..LANES {
                    let own = pixel_slots(&scene, &rates, panel, [first[0] + lane, first[1]]);
                    let expected = own.slots.iter().chain(&own.panel);
                    let values = workspace.values.iter();
                    let mut found: Vec<f64> = values.map(|own| scene.scale * own.0[lane]).collect();
                    chain.add(&mut found);
                    for ((pairs, found), expected) in pairs.iter_mut().zip(found).zip(expected) {
                        pairs.push((found, *expected));
                    }
                    for (place, own) in own.amplitudes {
                        by_f[place] += own;
                    }
                }
            }
            pairs.push(gradient.into_iter().zip(by_f).collect());
            let mut apart = 0f64;
            for (place, pairs) in pairs.iter().enumerate() {
                let scale = pairs
                    .iter()
                    .fold(0.0, |most: f64, own| most.max(own.1.abs()));
                for (found, expected) in pairs {
                    let error = (found - expected).abs();
                    assert!(
                        error <= 1e-12 * scale,
                        "{more}: {place}: {found:e} {expected:e}"
                    );
                    apart = apart.max(error / scale.max(f64::MIN_POSITIVE));
                }
            }
            assert!(apart > 0.0, "{more}: dark");
            println!("{more:?}: {apart:.1e}");
        }
    }
}
