//! Derivatives of the image against Richardson's differences of the float64 image (PHYSICS §17).
//!
//! Each coordinate of a scene is moved by itself: the scene is built again, with other orientations,
//! another lattice or other panels, and rendered by the same kernel.

use std::sync::Arc;

use glam::{DMat3, DQuat, DVec3};
use nanobragg::cpu::derivatives::pixel::pixel_slots;
use nanobragg::cpu::derivatives::{self, Watch};
use nanobragg::experiment::{
    Experiment, Mask, MosaicModel, Mosaicity, Panel, Reflection, ReflectionGrid, Shape, SpotMetric,
    StructureFactors,
};
use nanobragg::memory::Bytes;
use nanobragg::physics::amorphous::piece_at;
use nanobragg::physics::lattice_factor::Lattice;
use nanobragg::physics::miller_index::nearest_index;
use nanobragg::physics::position::position;
use nanobragg::physics::scattering_vector::stol;
use nanobragg::physics::view::view;
use nanobragg::render::Renderer;
use nanobragg::scene::{
    Layout, Orientation, PANEL_COUNT, PANEL_SHIFT, PANEL_TURN, Rates, Scene, SceneVector, slot,
};

use crate::support::experiment;

/// A crystal of each shape that has derivatives.
const SHAPES: [(&str, &str); 4] = [
    ("square", ""),
    ("round", "-round_xtal"),
    ("gauss", "-gauss_xtal"),
    ("gauss hkl", "-gauss_xtal --gauss-metric hkl"),
];

/// A triclinic crystal some 40 Å from the direct beam.
const TRICLINIC: &str = "-cell 70 80 90 75 85 95 -misset 10 20 30 -lambda 1 -N 9 -distance 60 \
                         -pixel 0.3 -detpixels_x 44 -detpixels_y 30 -default_F 100 -oversample 1 \
                         -Xbeam 3 -Ybeam 2.5";
const LYSOZYME: &str = "-hkl golden/lysozyme_1aki_p1.hkl -mat golden/lysozyme_1p2A.mat -lambda 1.2 \
                        -N 7 -distance 60 -pixel 0.2 -detpixels_x 40 -detpixels_y 24 -oversample 1 \
                        -default_F 30 -Xbeam 3 -Ybeam 2.5";

/// Kinds of scene: what comes on top of a crystal.
const SCENES: [(&str, &str, &str); 9] = [
    ("triclinic", TRICLINIC, "--b-factor 12"),
    (
        "tilted detector",
        TRICLINIC,
        "-twotheta 20 -detector_rotx 4 -detector_roty 9 -detector_rotz 15 -oversample 2 \
         -oversample_omega -oversample_polar",
    ),
    (
        "spectrum",
        TRICLINIC,
        "-dispersion 2 -dispsteps 4 -divergence 3 -divsteps 2 -polar 0.7",
    ),
    (
        "mosaic and phi",
        TRICLINIC,
        "-mosaic 1 -mosaic_domains 7 -phi 3 -osc 1 -phisteps 3 -oversample 2",
    ),
    (
        "domains in the crystal",
        TRICLINIC,
        "--mosaic-model normal --mosaic-sigmas 0.5 0.8 0.3 -mosaic_domains 9 -phi 3 -osc 1 -phisteps 2",
    ),
    (
        "thick sensor",
        TRICLINIC,
        "-detector_abs 300 -detector_thick 450 -detector_thicksteps 3 -twotheta 25",
    ),
    (
        "layers' mean depths",
        TRICLINIC,
        "-detector_abs 60 -detector_thick 90 -detector_thicksteps 3 -twotheta 25 -oversample 2 \
         --layer-depth mean -oversample_omega",
    ),
    (
        "lysozyme",
        LYSOZYME,
        "-dispersion 1 -dispsteps 3 -mosaic 0.3 -mosaic_domains 3",
    ),
    (
        "interpolated",
        LYSOZYME,
        "-interpolate -phi 2 -osc 1 -phisteps 2",
    ),
];

/// The experiment of these flags, with files of `golden/`.
fn of(line: &str) -> Experiment {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/");
    experiment(&line.replace("golden/", root))
}

/// A scene, and how its orientations move.
fn scene_of(line: &str) -> (Scene, Rates) {
    let experiment = of(line);
    let layout = Layout::new(&experiment).unwrap();
    let scene = layout.own_scene(layout.channels()[0]).unwrap();
    (scene, layout.rates(&experiment))
}

const WATCH: Watch = Watch {
    row_done: &|| {},
    interrupted: &|| false,
};

fn pixels_of(scene: &Scene) -> usize {
    scene.panels.iter().map(|panel| panel.pixels()).sum()
}

/// The photons of `scene` in float64, and their derivatives.
fn images(scene: &Scene, rates: &Rates, directions: &[SceneVector]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut image = vec![0.0; pixels_of(scene)];
    let mut all = vec![vec![0.0; image.len()]; directions.len()];
    derivatives::derivative_images(scene, rates, (directions, 0), &mut image, &mut all, &WATCH)
        .unwrap();
    (image, all)
}

fn rotation(vector: DVec3) -> DMat3 {
    DMat3::from_quat(DQuat::from_scaled_axis(vector))
}

/// The three numbers of a range of slots.
fn three(direction: &SceneVector, first: usize) -> DVec3 {
    DVec3::from_slice(&direction.slots[first..first + 3])
}

/// `scene` moved by `step` times `direction`.
fn moved(scene: &Scene, rates: &Rates, direction: &SceneVector, step: f64) -> Scene {
    let slots = direction.slots.map(|own| step * own);
    let domains = scene.orientations.len() / rates.turns.len();
    let deformed =
        DMat3::IDENTITY + DMat3::from_cols_slice(&slots[slot::INDEX.start..slot::INDEX.end]);
    let orientations = scene.orientations.iter().enumerate().map(|(number, own)| {
        let turn = rates.turns[number / domains] * three(direction, slot::CRYSTAL_TURN.start);
        let mosaic = slot::MOSAIC
            .zip(&rates.mosaic)
            .map(|(place, rates)| direction.slots[place] * rates[number]);
        let turn = turn + mosaic.sum::<DVec3>();
        let index_of = deformed * own.index_of * rotation(step * turn).transpose();
        Orientation { index_of }
    });
    let lattice = lattice_moved(&scene.lattice, &slots, deformed);
    let panels = scene
        .panels
        .iter()
        .zip(&direction.panels)
        .map(|(panel, own)| {
            let turn = rotation(step * DVec3::from_slice(&own[PANEL_TURN]));
            let mut panel = panel.clone();
            panel.origin_m = turn * panel.origin_m + step * DVec3::from_slice(&own[PANEL_SHIFT]);
            panel.fast = turn * panel.fast;
            panel.slow = turn * panel.slow;
            panel.normal = turn * panel.normal;
            panel
        });
    let sources = scene.sources.iter().map(|source| {
        let mut source = *source;
        source.wavelength_m *= slots[slot::WAVELENGTH].exp();
        source
    });
    let materials = scene.amorphous.iter().zip(&direction.materials);
    let materials = materials.map(|(material, own)| {
        let mut material = material.clone();
        material.weight *= (step * own).exp();
        material
    });
    let grid = scene.grid.as_deref().map(|grid| {
        let none = Vec::new();
        let own = direction.amplitudes.first().unwrap_or(&none);
        grid_moved(grid, own, step)
    });
    Scene {
        panels: panels.collect(),
        sources: sources.collect(),
        orientations: orientations.collect(),
        lattice,
        b_factor: scene.b_factor + slots[slot::B_FACTOR],
        default_f: scene.default_f + slots[slot::DEFAULT_F],
        background: scene.background * slots[slot::WATER].exp(),
        amorphous: materials.collect(),
        scale: scene.scale * slots[slot::SCALE].exp(),
        grid: grid.map(Arc::new),
        ..scene.clone()
    }
}

fn lattice_moved(lattice: &Lattice, slots: &[f64], deformed: DMat3) -> Lattice {
    let at = |first: usize| DVec3::from_slice(&slots[first..first + 3]);
    let (cells, coupled) = (at(slot::CELLS.start), at(slot::COUPLED_CELLS.start));
    let mut moved = *lattice;
    moved.cells = (DVec3::from_array(lattice.cells) + cells).to_array();
    moved.fudge += slots[slot::FUDGE];
    let [d, e, f] = coupled.to_array();
    match lattice.spot_metric {
        SpotMetric::Reciprocal => {
            moved.total = moved.cells.iter().product();
            moved.metric *= moved.total / lattice.total;
            moved.metric *= deformed.inverse();
        }
        SpotMetric::Index => {
            let [a, b, c] = cells.to_array();
            moved.metric += DMat3::from_cols_array(&[a, d, f, d, b, e, f, e, c]);
            moved.total = moved.metric.determinant();
        }
    }
    moved
}

fn grid_moved(grid: &ReflectionGrid, direction: &[f64], step: f64) -> ReflectionGrid {
    if direction.is_empty() {
        return grid.clone();
    }
    let ([h0, k0, l0], [_, rows, columns]) = (grid.min(), grid.shape());
    let list = grid.amplitudes().iter().zip(direction).enumerate();
    let list: Vec<Reflection> = list
        .map(|(place, (f, own))| {
            let (row, l) = (place / columns, place % columns);
            let (h, k) = (row / rows, row % rows);
            Reflection {
                index: [h0 + h as i32, k0 + k as i32, l0 + l as i32],
                amplitude: f + step * own,
            }
        })
        .collect();
    let factors = StructureFactors::from_reflections(&list, 0.0, Bytes(1 << 30)).unwrap();
    factors.grid().unwrap().as_ref().clone()
}

/// Which pixels take the same branches of the model in both scenes. Where one nearest reflection takes the
/// place of another the image jumps, and at the ends of the pieces that F is interpolated by, of a crystal
/// or of an amorphous material, its slope does.
pub fn steady(one: &Scene, other: &Scene) -> Vec<bool> {
    let panels = one.panels.iter().zip(other.panels.iter());
    let pixels = panels.flat_map(|panels| {
        let [width, height] = panels.0.shape;
        (0..height).flat_map(move |slow| (0..width).map(move |fast| (panels, [fast, slow])))
    });
    let steady = pixels.map(|((here, there), pixel)| {
        branches(one, here, pixel)
            .zip(branches(other, there, pixel))
            .all(|(one, other)| one == other && one[0] == one[1])
    });
    steady.collect()
}

/// The branches that the terms of a pixel take, at the front and at the back of each layer of its sensor:
/// pairs that are to be equal.
fn branches(scene: &Scene, panel: &Panel, pixel: [usize; 2]) -> impl Iterator<Item = [f64; 2]> {
    let all = 0..scene.oversample;
    let sub_pixels = all
        .clone()
        .flat_map(|slow| all.clone().map(move |fast| [fast, slow]));
    let depth = |layer: u32| {
        let thickness = panel
            .sensor
            .map_or(0.0, |own| own.layer_thickness_m(scene.layers));
        f64::from(layer) * thickness
    };
    let mut branches = Vec::new();
    for sub_pixel in sub_pixels {
        for layer in 0..scene.layers {
            for source in scene.sources.iter() {
                let ends = [layer, layer + 1].map(|layer| {
                    let place = position(panel, scene.oversample, pixel, sub_pixel, depth(layer));
                    source.scattering_vector(view(place).diffracted)
                });
                // Interference is the same about every index, but for F.
                let indices = scene.grid.is_some()
                    || scene.diffuse.is_some()
                    || scene.lattice.shape != Shape::Square;
                for orientation in scene.orientations.iter().filter(|_| indices) {
                    let [front, back] = ends.map(|q| orientation.miller_index(q));
                    let pair = |of: fn(DVec3) -> DVec3| {
                        let [front, back] = [of(front), of(back)];
                        (0..3).map(move |axis| [front[axis], back[axis]])
                    };
                    branches.extend(pair(nearest_index));
                    if scene.interpolate {
                        branches.extend(pair(DVec3::floor));
                    }
                }
                for material in scene.amorphous.iter() {
                    branches.push(ends.map(|q| piece_at(&material.pieces, stol(q)) as f64));
                }
            }
        }
    }
    branches.into_iter()
}

fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
}

/// The coordinates of `scene` that its image depends on, each by itself and with a name.
fn coordinates(scene: &Scene, rates: &Rates) -> Vec<(String, SceneVector)> {
    let zero = SceneVector::zero(scene.panels.len(), scene.amorphous.len());
    let mut all = Vec::new();
    let closed = [slot::BANDWIDTH]
        .into_iter()
        .chain(slot::DIVERGENCE)
        .chain(slot::DIFFUSE_SIGMA)
        .chain(slot::DIFFUSE_GAMMA);
    let closed: Vec<usize> = closed.collect();
    for place in (0..slot::COUNT).filter(|place| !closed.contains(place)) {
        let spread = place.wrapping_sub(slot::MOSAIC.start);
        let absent = slot::MOSAIC.contains(&place) && spread >= rates.mosaic.len()
            || slot::COUPLED_CELLS.contains(&place)
                && scene.lattice.spot_metric != SpotMetric::Index;
        if !absent {
            let mut own = zero.clone();
            own.slots[place] = 1.0;
            all.push((format!("slot {place}"), own));
        }
    }
    for panel in 0..scene.panels.len() {
        for place in 0..PANEL_COUNT {
            let mut own = zero.clone();
            own.panels[panel][place] = 1.0;
            all.push((format!("panel {panel}, {place}"), own));
        }
    }
    for number in 0..scene.amorphous.len() {
        let mut own = zero.clone();
        own.materials[number] = 1.0;
        all.push((format!("material {number}"), own));
    }
    if let Some(grid) = &scene.grid {
        let mut own = zero.clone();
        let wave = |place: usize| (place as f64).sin();
        own.amplitudes = vec![(0..grid.amplitudes().len()).map(wave).collect()];
        all.push(("F".into(), own));
    }
    all
}

/// The derivatives of the image of `scene` against differences along every coordinate. Prints and returns
/// the largest relative rms.
fn check_scene(name: &str, scene: &Scene, rates: &Rates) -> f64 {
    check_along(name, scene, rates, &coordinates(scene, rates))
}

/// The same along these coordinates.
fn check_along(name: &str, scene: &Scene, rates: &Rates, all: &[(String, SceneVector)]) -> f64 {
    let directions: Vec<SceneVector> = all.iter().map(|(_, own)| own.clone()).collect();
    let (image, found) = images(scene, rates, &directions);
    let (mut worst, mut orders) = (0f64, Vec::new());
    // The largest derivative of its kind: slots have numbers, panels' shifts and turns too.
    let kind = |place: &str| match place.rsplit_once(", ") {
        Some((panel, number)) => format!("{panel} {}", number < "3"),
        None => place.to_string(),
    };
    let largest = |place: &str| {
        let alike = all
            .iter()
            .zip(&found)
            .filter(|((other, _), _)| kind(other) == kind(place));
        alike.fold(0.0, |most: f64, (_, found)| most.max(rms(found)))
    };
    for ((place, direction), found) in all.iter().zip(&found) {
        let size = rms(found);
        if size <= 1e-9 * largest(place) {
            // About the beam, say, where nothing is polarised.
            let step = match largest(place) {
                0.0 => 1e-3,
                largest => 1e-3 * rms(&image) / largest,
            };
            let [up, down] = [step, -step]
                .map(|step| images(&moved(scene, rates, direction, step), rates, &[]).0);
            let change = rms(&difference(&up, &down));
            let accepted = 1e-8 * step * largest(place) + 1e-12 * rms(&image);
            assert!(
                change <= accepted,
                "{name}, {place}: {change:e} is left out"
            );
            continue;
        }
        let at = |step: f64| moved(scene, rates, direction, step);
        let slope = |step: f64| -> Vec<f64> {
            let ends = [step, -step].map(|step| images(&at(step), rates, &[]).0);
            let own = difference(&ends[0], &ends[1]);
            own.into_iter().map(|own| own / (2.0 * step)).collect()
        };
        // A step that changes the image by a part of a thousand, or less: its differences are to be off
        // by a ten-thousandth, so that what is left of the next order is far below.
        let mut step = 2e-3 * rms(&image) / size;
        for _ in 0..20 {
            let keep = steady(&at(step), &at(-step));
            let [wide, narrow] = [step, step / 2.0].map(slope);
            let mut off = difference(&wide, &narrow);
            off.iter_mut()
                .zip(keep)
                .for_each(|(off, keep)| *off *= f64::from(u8::from(keep)));
            let off = rms(&off) / size;
            if off < 2e-4 {
                break;
            }
            step *= (1e-4 / off).sqrt().clamp(0.03, 0.3);
        }
        let [whole, half, quarter] = [step, step / 2.0, step / 4.0].map(slope);
        let keep = steady(&at(step), &at(-step));
        let kept = keep.iter().filter(|&&keep| keep).count();
        assert!(2 * kept > keep.len(), "{name}, {place}: {kept} pixels");
        let only = |values: Vec<f64>| -> Vec<f64> {
            let kept = values.into_iter().zip(&keep).filter(|(_, keep)| **keep);
            kept.map(|(value, _)| value).collect()
        };
        let [whole, half, quarter] = [whole, half, quarter].map(only);
        let found = only(found.clone());
        let extrapolated: Vec<f64> = half
            .iter()
            .zip(&quarter)
            .map(|(half, quarter)| (4.0 * quarter - half) / 3.0)
            .collect();
        let error = rms(&difference(&found, &extrapolated)) / rms(&found);
        let steps = [
            rms(&difference(&whole, &half)),
            rms(&difference(&half, &quarter)),
        ];
        // Where the image is linear, differences have no error to fall but that of rounding.
        let rounding = 1e-14 * rms(&image) / step;
        let order = (steps[1] > 100.0 * rounding).then(|| (steps[0] / steps[1]).log2());
        println!("{name}, {place}: {error:.1e}, order {order:.3?}");
        orders.extend(order.map(|order| (place.clone(), order)));
        worst = worst.max(error);
    }
    for (place, order) in orders {
        assert!(
            (order - 2.0).abs() <= 0.05,
            "{name}, {place}: order {order}"
        );
    }
    println!("{name}: at most {worst:.1e}");
    worst
}

fn difference(one: &[f64], other: &[f64]) -> Vec<f64> {
    one.iter()
        .zip(other)
        .map(|(one, other)| one - other)
        .collect()
}

#[test]
fn derivative_images_are_those_of_differences() {
    let mut worst = 0f64;
    for (shape, flags) in SHAPES {
        for (kind, line, more) in SCENES {
            let (scene, rates) = scene_of(&format!("{line} {flags} {more}"));
            worst = worst.max(check_scene(&format!("{shape}, {kind}"), &scene, &rates));
        }
    }
    assert!(worst <= 1e-7, "{worst:e}");
}

/// Scenes with what the others do not have: backgrounds, two panels with a mask, symmetric shapes, coupled
/// cells.
fn special_scenes() -> Vec<(String, Scene, Rates)> {
    let background = "--background golden/liquid.stol,thickness=0.3,density=1,mw=18 -water 200 -beamsize 0.1 \
                      -default_F 1e5";
    let rhombohedral = "-cell 60 60 80 90 90 120 -misset 10 20 30 -lambda 1 -N 7 -Na 5 -distance 60 \
                        -pixel 0.3 -detpixels_x 40 -detpixels_y 20 -default_F 100 -oversample 1 \
                        -Xbeam 3 -Ybeam 2.5 --symmetric-shape -3m1";
    let mut lines = vec![
        (
            "background",
            format!("{TRICLINIC} {background} -dispersion 2 -dispsteps 2"),
        ),
        (
            "background and sensor",
            format!(
                "{TRICLINIC} {background} -detector_abs 60 -detector_thick 90 -twotheta 20 \
                 -detector_thicksteps 2 --layer-depth mean -oversample 2"
            ),
        ),
        (
            "water and no crystal",
            format!("{TRICLINIC} {background} -default_F 0"),
        ),
        (
            "coupled cells",
            format!(
                "{TRICLINIC} -gauss_xtal --gauss-metric hkl --cells-matrix 2 -1.5 1 -mosaic 0.5 \
                 -mosaic_domains 3"
            ),
        ),
        (
            "point pixels",
            format!("{TRICLINIC} -point_pixel -twotheta 15"),
        ),
        ("no polarisation", format!("{TRICLINIC} -nopolar")),
    ];
    for (_, shape) in SHAPES {
        lines.push(("symmetric shape", format!("{rhombohedral} {shape}")));
    }
    let of_line = |(name, line): &(&str, String)| {
        let (scene, rates) = scene_of(line);
        (name.to_string(), scene, rates)
    };
    let mut all: Vec<_> = lines.iter().map(of_line).collect();
    // A second panel, and a hole in the first.
    let (mut scene, rates) = scene_of(&format!("{TRICLINIC} {background}"));
    let mut panels = scene.panels.to_vec();
    let mut second = panels[0].clone();
    let turn = rotation(DVec3::new(0.1, -0.2, 0.3));
    for vector in [
        &mut second.origin_m,
        &mut second.fast,
        &mut second.slow,
        &mut second.normal,
    ] {
        *vector = turn * *vector;
    }
    let shape = panels[0].shape;
    let flags = (0..shape[0] * shape[1])
        .map(|place| place % 7 != 0)
        .collect();
    panels[0].mask = Mask::new(shape, flags).map(Arc::new);
    panels.push(second);
    scene.panels = panels.into();
    all.push(("two panels".into(), scene, rates));
    all
}

#[test]
fn derivatives_of_special_scenes_are_those_of_differences() {
    let worst = special_scenes()
        .iter()
        .fold(0f64, |worst, (name, scene, rates)| {
            worst.max(check_scene(name, scene, rates))
        });
    assert!(worst <= 1e-7, "{worst:e}");
}

/// The line of every scene.
fn all_scenes() -> Vec<(String, Scene, Rates)> {
    let lines = SHAPES.into_iter().flat_map(|(shape, flags)| {
        SCENES.into_iter().map(move |(kind, line, more)| {
            let (scene, rates) = scene_of(&format!("{line} {flags} {more}"));
            (format!("{shape}, {kind}"), scene, rates)
        })
    });
    lines.chain(special_scenes()).collect()
}

#[test]
fn a_block_has_the_derivatives_of_its_pixels() {
    for (name, scene, rates) in all_scenes() {
        let all = coordinates(&scene, &rates);
        let directions: Vec<SceneVector> = all.iter().map(|(_, own)| own.clone()).collect();
        let (_, found) = images(&scene, &rates, &directions);
        let mut expected = vec![Vec::new(); directions.len()];
        for (number, panel) in scene.panels.iter().enumerate() {
            for place in 0..panel.pixels() {
                let [fast, slow] = [place % panel.shape[0], place / panel.shape[0]];
                let own = pixel_slots(&scene, &rates, panel, [fast, slow]);
                for (expected, direction) in expected.iter_mut().zip(&directions) {
                    let mut gradient = SceneVector::zero(scene.panels.len(), own.materials.len());
                    gradient.slots = own.slots;
                    gradient.panels[number] = own.panel;
                    gradient.materials = own.materials.clone();
                    let of_f = direction.amplitudes.first().map_or(0.0, |direction| {
                        let products = own.amplitudes.iter();
                        products
                            .map(|(place, slope)| direction[*place] * slope)
                            .sum()
                    });
                    let value = match panel.renders(fast, slow) {
                        true => gradient.dot(direction) + of_f,
                        false => 0.0,
                    };
                    expected.push(value);
                }
            }
        }
        for (((place, _), found), expected) in all.iter().zip(&found).zip(&expected) {
            let error = rms(&difference(found, expected));
            // The sine of the block's polynomials is right to 1e-14.
            assert!(error <= 1e-11 * rms(expected), "{name}, {place}: {error:e}");
        }
    }
}

/// Numbers that are not alike, between −1 and 1.
fn weights(count: usize) -> Vec<f64> {
    (0..count).map(|place| (place as f64 * 1.7).sin()).collect()
}

/// The gradient of the sum of weights times photons.
fn gradient(scene: &Scene, rates: &Rates, weights: &[f64]) -> SceneVector {
    let mut gradient = SceneVector::zero(scene.panels.len(), scene.amorphous.len());
    let grid = scene.grid.iter().flat_map(|grid| grid.amplitudes());
    gradient.amplitudes.push(vec![0.0; grid.count()]);
    derivatives::gradient(scene, rates, weights, &mut gradient, 0, &WATCH).unwrap();
    gradient
}

#[test]
fn gradients_are_the_adjoint_of_derivative_images() {
    for (name, scene, rates) in all_scenes() {
        let weights = weights(pixels_of(&scene));
        let gradient = gradient(&scene, &rates, &weights);
        let all = coordinates(&scene, &rates);
        let directions: Vec<SceneVector> = all.iter().map(|(_, own)| own.clone()).collect();
        let (_, images) = images(&scene, &rates, &directions);
        for ((place, direction), image) in all.iter().zip(&images) {
            let products = image.iter().zip(&weights).map(|(one, other)| one * other);
            let (sum, size) =
                products.fold((0.0, 0.0), |(sum, size), own| (sum + own, size + own.abs()));
            let found = gradient.dot(direction);
            assert!(
                (found - sum).abs() <= 1e-11 * size,
                "{name}, {place}: {found} {sum}"
            );
        }
    }
}

#[test]
fn sums_do_not_depend_on_the_number_of_threads() {
    for (name, scene, rates) in all_scenes() {
        let weights = weights(pixels_of(&scene));
        let coordinates = coordinates(&scene, &rates).into_iter();
        let directions: Vec<SceneVector> = coordinates.map(|(_, own)| own).collect();
        let of_threads = |count: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
            pool.unwrap().install(|| {
                (
                    gradient(&scene, &rates, &weights),
                    images(&scene, &rates, &directions),
                )
            })
        };
        assert!(of_threads(1) == of_threads(2), "{name}");
    }
}

#[test]
fn an_image_in_float64_is_the_image() {
    let renderer = Renderer::cpu().unwrap();
    for (_, line, more) in SCENES {
        let experiment = of(&format!("{line} {more}"));
        let laid_out = renderer.lay_out(&experiment).unwrap();
        let image = renderer.render(&experiment).unwrap().image;
        let zero = SceneVector::zero(1, 0);
        let found = renderer.derivative_images(&laid_out, &experiment, &[zero], &());
        let found = found.unwrap();
        let expected: Vec<f64> = image.values().iter().map(|&value| value.into()).collect();
        let error = rms(&difference(&found.image, &expected)) / rms(&expected);
        assert!(error < 1e-7, "{error:e}");
        assert_eq!(found.derivatives, [vec![0.0; expected.len()]]);
    }
}

#[test]
fn energy_channels_and_materials_fit_or_are_refused() {
    let renderer = Renderer::cpu().unwrap();
    let experiment = of(TRICLINIC);
    let laid_out = renderer.lay_out(&experiment).unwrap();
    let refused = |direction: SceneVector| {
        let found = renderer.derivative_images(&laid_out, &experiment, &[direction], &());
        found.unwrap_err().to_string()
    };
    assert_eq!(
        refused(SceneVector::zero(2, 0)),
        "direction 0, counted from 0, is of 2 panels, and the experiment has 1"
    );
    assert_eq!(
        refused(SceneVector::zero(1, 3)),
        "direction 0, counted from 0, is of 3 amorphous materials, and the experiment has 0"
    );
    let few = renderer.gradient(&laid_out, &experiment, &[1.0], false, &());
    assert_eq!(
        few.unwrap_err().to_string(),
        "1 weights for an image of 1320 pixels; give one weight a pixel"
    );
}

#[test]
fn what_has_no_derivative_is_refused_by_name() {
    let renderer = Renderer::cpu().unwrap();
    let zero = SceneVector::zero(1, 0);
    let top_hat = of(&format!("{TRICLINIC} -tophat_spots"));
    let laid_out = renderer.lay_out(&top_hat).unwrap();
    let refused = renderer.derivative_images(&laid_out, &top_hat, std::slice::from_ref(&zero), &());
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.starts_with("a top-hat spot ends at an edge"),
        "{refused}"
    );
    let curved = of(&format!("{TRICLINIC} -curved_det"));
    let laid_out = renderer.lay_out(&curved).unwrap();
    let mut turned = zero.clone();
    turned.panels[0][PANEL_TURN.start] = 1.0;
    let refused = renderer.derivative_images(&laid_out, &curved, &[turned], &());
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("is curved"), "{refused}");
    // What does not move the panel is right on a curved one.
    let ones = vec![1.0; 1320];
    let gradient = renderer
        .gradient(&laid_out, &curved, &ones, false, &())
        .unwrap();
    assert_eq!(gradient.vector.panels, [[0.0; PANEL_COUNT]]);
    assert!(
        gradient.notices[0].contains("is curved"),
        "{:?}",
        gradient.notices
    );
    let (scene, rates) = scene_of(&format!("{TRICLINIC} -curved_det"));
    let mut all = coordinates(&scene, &rates);
    all.retain(|(_, direction)| direction.panels == [[0.0; PANEL_COUNT]]);
    assert!(check_along("curved", &scene, &rates, &all) <= 1e-7);
}

/// How domains turn as a spread grows, against differences of the rotations themselves.
#[test]
fn rates_of_domains_are_those_of_differences() {
    let cell = of(TRICLINIC).crystal().cell;
    let sigmas = [0.02, 0.05, 0.01];
    let models: [fn([f64; 3]) -> MosaicModel; 4] = [
        |sigmas_rad| MosaicModel::Gaussian { sigmas_rad },
        |sigmas_rad| MosaicModel::Normal { sigmas_rad },
        |sigmas_rad| MosaicModel::Ellipsoid { sigmas_rad },
        |[spread_rad, _, _]| MosaicModel::Cap { spread_rad },
    ];
    for model in models {
        let of_sigmas = |sigmas| Mosaicity {
            model: model(sigmas),
            domains: 9,
            ..Mosaicity::default()
        };
        let rates = of_sigmas(sigmas).rates(&cell);
        let middle = of_sigmas(sigmas).rotations(&cell);
        for (axis, rates) in rates.iter().enumerate() {
            // Angles of a cap are float32.
            let (step, accepted) = match of_sigmas(sigmas).model {
                MosaicModel::Cap { .. } => (1e-3, 1e-4),
                _ => (1e-6, 1e-8),
            };
            let at = |step: f64| {
                let mut sigmas = sigmas;
                sigmas[axis] += step;
                of_sigmas(sigmas).rotations(&cell)
            };
            let (up, down) = (at(step), at(-step));
            for (number, rate) in rates.iter().enumerate() {
                // dU·Uᵀ is a cross product.
                let change =
                    (up[number] - down[number]) * (0.5 / step) * middle[number].transpose();
                let found = DVec3::new(change.y_axis.z, change.z_axis.x, change.x_axis.y);
                assert!(
                    (found - *rate).length() <= accepted * (1.0 + rate.length()),
                    "{axis} {number}"
                );
            }
        }
    }
}
