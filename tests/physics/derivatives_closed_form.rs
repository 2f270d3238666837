//! Derivatives of images of spots in closed form, and of halos, against differences of the images
//! (PHYSICS §17).

use glam::{DMat3, DVec3};
use nanobragg::experiment::{
    Crystal, Description, Experiment, MosaicModel, Reflection, Shape, Sources, SpotMetric,
    StructureFactors,
};
use nanobragg::geometry::UnitCell;
use nanobragg::memory::Bytes;
use nanobragg::render::{Derivatives, Renderer};
use nanobragg::scene::{PANEL_SHIFT, PANEL_TURN, Scene, SceneVector, slot};

use crate::derivatives::steady;
use crate::support::experiment;

/// A crystal of some hundred cells in a general orientation, on a small patch of a detector away from the
/// beam.
const LINE: &str = "-cell 71 82 93 80 95 110 -misset 10 20 30 -lambda 1 -distance 100 -pixel 0.2 \
    -detpixels 40 -mosflm -Xbeam -11 -Ybeam -19 -oversample 1 -default_F 100 -gauss_xtal \
    --gauss-metric hkl -Na 9 -Nb 8 -Nc 7 -fudge 0.8 --analytic -phi 20 -osc 0.3 -phisteps 1 \
    --mosaic-sigmas 0.03 0.06 0.045";

/// What is moved by a step.
type Moved = Box<dyn Fn(&Description, f64) -> Description>;

/// A direction, and how to go in it.
struct Move {
    name: String,
    direction: SceneVector,
    moved: Moved,
}

fn rotation(axis: usize, angle: f64) -> DMat3 {
    DMat3::from_axis_angle(DVec3::AXES[axis], angle)
}

/// The axes that spreads turn about: along a, c* × a, c*.
fn axes(cell: &UnitCell) -> DMat3 {
    let a = cell.real().x_axis.normalize();
    let c_star = cell.reciprocal().z_axis.normalize();
    DMat3::from_cols(a, c_star.cross(a), c_star)
}

/// The cell whose matrix A, with the rows a, b, c, is (1 + K)·A.
fn deformed(cell: &UnitCell, k: DMat3) -> UnitCell {
    let reciprocal = *cell.reciprocal() * (DMat3::IDENTITY + k).inverse();
    UnitCell::from_reciprocal(reciprocal).unwrap()
}

/// The derivative at 0 by central differences and two of Richardson's steps.
fn differences(f: impl Fn(f64) -> Vec<f64>, step: f64) -> Vec<f64> {
    let central = |step: f64| -> Vec<f64> {
        let (above, below) = (f(step), f(-step));
        let pairs = above.iter().zip(&below);
        pairs
            .map(|(one, other)| (one - other) / (2.0 * step))
            .collect()
    };
    let refined = |near: &[f64], far: &[f64], order: f64| -> Vec<f64> {
        let pairs = near.iter().zip(far);
        pairs
            .map(|(near, far)| (order * near - far) / (order - 1.0))
            .collect()
    };
    let [one, half, quarter] = [step, step / 2.0, step / 4.0].map(central);
    refined(
        &refined(&quarter, &half, 4.0),
        &refined(&half, &one, 4.0),
        16.0,
    )
}

fn rms(numbers: &[f64]) -> f64 {
    (numbers.iter().map(|own| own * own).sum::<f64>() / numbers.len() as f64).sqrt()
}

fn computed(description: &Description, directions: &[SceneVector]) -> Derivatives {
    let experiment = Experiment::new(description.clone()).unwrap();
    let renderer = Renderer::cpu().unwrap();
    let laid_out = renderer.lay_out(&experiment).unwrap();
    renderer
        .derivative_images(&laid_out, &experiment, directions, &())
        .unwrap()
}

/// The direction of a crystal whose cell becomes [`deformed`] by K: the axes of the spreads turn, too.
fn of_deformation(description: &Description, k: DMat3) -> SceneVector {
    let cell = &description.crystal.cell;
    let here = axes(cell);
    let turned = |step: f64| {
        (axes(&deformed(cell, k * step)) * here.transpose())
            .to_cols_array()
            .to_vec()
    };
    let rate = DMat3::from_cols_slice(&differences(turned, 1e-3));
    let turn = 0.5
        * DVec3::new(
            rate.y_axis.z - rate.z_axis.y,
            rate.z_axis.x - rate.x_axis.z,
            rate.x_axis.y - rate.y_axis.x,
        );
    // What is left of the deformation, as edges turn by ω × a.
    let cross = DMat3::from_cols(
        turn.cross(DVec3::X),
        turn.cross(DVec3::Y),
        turn.cross(DVec3::Z),
    );
    let index_of = cell.real().transpose();
    let rest = k + index_of * cross * index_of.inverse();
    let mut direction = zero(description);
    direction.slots[slot::INDEX].copy_from_slice(&rest.to_cols_array());
    direction.slots[slot::CRYSTAL_TURN].copy_from_slice(&turn.to_array());
    direction
}

fn zero(description: &Description) -> SceneVector {
    SceneVector::zero(description.detector.panels.len(), 0)
}

/// All F of the box, times what `factor` says of the place.
fn scaled_f(description: &Description, factor: impl Fn(usize) -> f64) -> Option<StructureFactors> {
    let factors = &description.structure_factors;
    let grid = factors.grid()?;
    let ([h0, k0, l0], [_, nk, nl]) = (grid.min(), grid.shape().map(|extent| extent as i32));
    let list: Vec<Reflection> = grid
        .amplitudes()
        .iter()
        .enumerate()
        .map(|(place, amplitude)| {
            let at = place as i32;
            Reflection {
                index: [h0 + at / (nk * nl), k0 + at / nl % nk, l0 + at % nl],
                amplitude: amplitude * factor(place),
            }
        })
        .collect();
    Some(StructureFactors::from_reflections(&list, factors.default_f(), Bytes(1 << 28)).unwrap())
}

/// Some number of a place, from −1 to 1.
fn scatter(place: usize) -> f64 {
    (place as f64 * 12.9898).sin()
}

/// Everything that `description` may move in.
fn moves(description: &Description) -> Vec<Move> {
    let mut all = Vec::new();
    let mut add = |name: &str, direction: SceneVector, moved: Moved| {
        all.push(Move {
            name: name.into(),
            direction,
            moved,
        });
    };
    let along = |slots: &[usize], size: f64| {
        let mut direction = zero(description);
        for slot in slots {
            direction.slots[*slot] = size;
        }
        direction
    };
    let with_crystal = |change: fn(&mut Crystal, usize, f64), axis: usize| -> Moved {
        Box::new(move |own: &Description, step| {
            let mut own = own.clone();
            change(&mut own.crystal, axis, step);
            own
        })
    };
    for at in 0..9 {
        let mut k = DMat3::ZERO;
        k.col_mut(at / 3)[at % 3] = 1.0;
        add(
            &format!("K {at}"),
            of_deformation(description, k),
            Box::new(move |own, step| {
                let mut own = own.clone();
                own.crystal.cell = deformed(&own.crystal.cell, k * step);
                own
            }),
        );
    }
    for axis in 0..3 {
        add(
            &format!("turn {axis}"),
            along(&[slot::CRYSTAL_TURN.start + axis], 1.0),
            with_crystal(
                |own, axis, step| {
                    own.cell = own.cell.rotated(&rotation(axis, step));
                },
                axis,
            ),
        );
        // A square crystal has whole cells.
        if description.crystal.shape != Shape::Square {
            add(
                &format!("cells {axis}"),
                along(&[slot::CELLS.start + axis], 1.0),
                with_crystal(
                    |own, axis, step| {
                        own.cells[axis] += step;
                    },
                    axis,
                ),
            );
        }
        if description.crystal.shape == Shape::Gauss
            && description.crystal.metric == SpotMetric::Index
        {
            add(
                &format!("coupled cells {axis}"),
                along(&[slot::COUPLED_CELLS.start + axis], 1.0),
                with_crystal(
                    |own, axis, step| {
                        own.coupled_cells[axis] += step;
                    },
                    axis,
                ),
            );
        }
        if let MosaicModel::Normal { sigmas_rad } = description.crystal.mosaicity.model
            && sigmas_rad[axis] > 0.0
        {
            add(
                &format!("mosaic {axis}"),
                along(&[slot::MOSAIC.start + axis], sigmas_rad[axis]),
                with_crystal(
                    |own, axis, step| {
                        if let MosaicModel::Normal { sigmas_rad } = &mut own.mosaicity.model {
                            sigmas_rad[axis] *= 1.0 + step;
                        }
                    },
                    axis,
                ),
            );
        }
        if let Some(diffuse) = &description.crystal.diffuse {
            add(
                &format!("diffuse sigma {axis}"),
                along(&[slot::DIFFUSE_SIGMA.start + axis], diffuse.sigma_m[axis]),
                with_crystal(
                    |own, axis, step| {
                        if let Some(own) = &mut own.diffuse {
                            own.sigma_m[axis] *= 1.0 + step;
                        }
                    },
                    axis,
                ),
            );
            add(
                &format!("diffuse gamma {axis}"),
                along(&[slot::DIFFUSE_GAMMA.start + axis], diffuse.gamma_m[axis]),
                with_crystal(
                    |own, axis, step| {
                        if let Some(own) = &mut own.diffuse {
                            own.gamma_m[axis] *= 1.0 + step;
                        }
                    },
                    axis,
                ),
            );
        }
    }
    if description.crystal.shape != Shape::Square {
        add(
            "fudge",
            along(&[slot::FUDGE], 1.0),
            with_crystal(|own, _, step| own.fudge += step, 0),
        );
    }
    add(
        "B",
        along(&[slot::B_FACTOR], 1e-20),
        with_crystal(|own, _, step| own.b_factor_m2 += 1e-20 * step, 0),
    );
    add(
        "wavelength",
        along(&[slot::WAVELENGTH], 1.0),
        Box::new(|own, step| {
            let mut own = own.clone();
            own.beam.wavelength_m *= 1.0 + step;
            if let Sources::List(sources) = &mut own.beam.sources {
                for source in sources {
                    source.wavelength_m *= 1.0 + step;
                }
            }
            own
        }),
    );
    if description.beam.bandwidth > 0.0 {
        add(
            "bandwidth",
            along(&[slot::BANDWIDTH], description.beam.bandwidth),
            Box::new(|own, step| {
                let mut own = own.clone();
                own.beam.bandwidth *= 1.0 + step;
                own
            }),
        );
    }
    for side in 0..2 {
        let sigma = description.beam.divergence_sigma_rad[side];
        if sigma > 0.0 {
            add(
                &format!("divergence {side}"),
                along(&[slot::DIVERGENCE.start + side], sigma),
                Box::new(move |own, step| {
                    let mut own = own.clone();
                    own.beam.divergence_sigma_rad[side] *= 1.0 + step;
                    own
                }),
            );
        }
    }
    for axis in 0..3 {
        let mut shift = zero(description);
        shift.panels[0][PANEL_SHIFT.start + axis] = 1.0;
        add(
            &format!("shift {axis}"),
            shift,
            Box::new(move |own, step| {
                let mut own = own.clone();
                own.detector.panels[0].origin_m += DVec3::AXES[axis] * step;
                own
            }),
        );
        let mut turn = zero(description);
        turn.panels[0][PANEL_TURN.start + axis] = 1.0;
        add(
            &format!("panel turn {axis}"),
            turn,
            Box::new(move |own, step| {
                let (mut own, turn) = (own.clone(), rotation(axis, step));
                let panel = &mut own.detector.panels[0];
                for vector in [
                    &mut panel.origin_m,
                    &mut panel.fast,
                    &mut panel.slow,
                    &mut panel.normal,
                ] {
                    *vector = turn * *vector;
                }
                own
            }),
        );
    }
    match description.structure_factors.grid() {
        None => add(
            "default F",
            along(&[slot::DEFAULT_F], 1.0),
            Box::new(|own, step| {
                let mut own = own.clone();
                own.structure_factors =
                    StructureFactors::constant(own.structure_factors.default_f() + step);
                own
            }),
        ),
        Some(grid) => {
            let mut direction = zero(description);
            let own = grid.amplitudes().iter().enumerate();
            direction.amplitudes = vec![own.map(|(place, f)| f * scatter(place)).collect()];
            add(
                "F",
                direction,
                Box::new(|own, step| {
                    let mut own = own.clone();
                    own.structure_factors =
                        scaled_f(&own, |place| 1.0 + step * scatter(place)).unwrap();
                    own
                }),
            );
        }
    }
    all
}

/// Checks every derivative image of a description against differences, and gradients against images.
fn check(name: &str, description: &Description) {
    let moves = moves(description);
    let directions: Vec<SceneVector> = moves.iter().map(|own| own.direction.clone()).collect();
    let found = computed(description, &directions);
    let brightness = rms(&found.image);
    assert!(brightness > 0.0, "{name}: dark");
    let (mut worst, mut wrong) = ((0.0, ""), Vec::new());
    for (own, derivative) in moves.iter().zip(&found.derivatives) {
        assert!(
            rms(derivative) > 0.0,
            "{name}: {} changes nothing",
            own.name
        );
        // A step that moves spots by a few hundredths of their width, and spreads by less than themselves.
        let step = (0.03 * brightness / rms(derivative)).min(0.05);
        let at = |step: f64| (own.moved)(description, step);
        let scene = |step: f64| Scene::new(&Experiment::new(at(step)).unwrap()).unwrap();
        let steady = steady(&scene(step), &scene(-step));
        let only = |values: Vec<f64>| -> Vec<f64> {
            let pairs = values.into_iter().zip(&steady);
            pairs
                .filter(|(_, steady)| **steady)
                .map(|(value, _)| value)
                .collect()
        };
        let expected = differences(|step| only(computed(&at(step), &[]).image), step);
        let derivative = only(derivative.clone());
        assert!(
            2 * derivative.len() > steady.len(),
            "{name}: {}: pixels jump",
            own.name
        );
        let apart: Vec<f64> = expected
            .iter()
            .zip(derivative)
            .map(|(one, other)| one - other)
            .collect();
        let error = rms(&apart) / rms(&expected);
        if error > 1e-7 {
            wrong.push(format!("{name}: {}: {error:.1e}", own.name));
        }
        worst = if error > worst.0 {
            (error, &own.name)
        } else {
            worst
        };
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let weights: Vec<f64> = (0..found.image.len()).map(scatter).collect();
    let experiment = Experiment::new(description.clone()).unwrap();
    let renderer = Renderer::cpu().unwrap();
    let laid_out = renderer.lay_out(&experiment).unwrap();
    let gradient = renderer
        .gradient(&laid_out, &experiment, &weights, true, &())
        .unwrap()
        .vector;
    let mut apart = 0f64;
    for (own, derivative) in moves.iter().zip(&found.derivatives) {
        let products = derivative
            .iter()
            .zip(&weights)
            .map(|(own, weight)| own * weight);
        let length = rms(derivative) * rms(&weights) * weights.len() as f64;
        let error = (products.sum::<f64>() - gradient.dot(&own.direction)).abs() / length;
        assert!(
            error < 1e-11,
            "{name}: {}: transposed {error:.1e}",
            own.name
        );
        apart = apart.max(error);
    }
    println!(
        "{name}: {} derivatives, worst {:.1e} ({}), transposed {apart:.1e}",
        moves.len(),
        worst.0,
        worst.1
    );
}

fn described(more: &str) -> Description {
    experiment(&format!("{LINE} {more}")).into_description()
}

#[test]
fn derivatives_of_spots_in_closed_form_are_those_of_differences() {
    for (name, more) in [
        ("triclinic", ""),
        ("reciprocal metric", "--gauss-metric reciprocal -fudge 1.2"),
        (
            "still, one mosaicity",
            "-osc 0 --mosaic-sigmas 0.04 0.04 0.04",
        ),
        (
            "tilted",
            "-detector_rotx 10 -detector_roty 20 -twotheta 5 --pixel-average -oversample 2",
        ),
        (
            "cells matrix",
            "--cells-matrix 1 -0.7 0.5 --bandwidth 0.1 --divergence-sigma 0.2 0.4",
        ),
        (
            "averaged",
            "--pixel-average --bandwidth 0.1 --divergence-sigma 0.2 0.4 -oversample_polar -oversample_omega",
        ),
        ("spectrum", "-dispersion 2 -dispsteps 3 --bandwidth 0.1"),
        ("segments", "-osc 2 -phisteps 6"),
        ("short segment", "-osc 0.002"),
        (
            "thick sensor",
            "-detector_abs 300 -detector_thick 450 -detector_thicksteps 3 --layer-depth mean --pixel-average",
        ),
        ("B factor", "--b-factor 20"),
    ] {
        check(name, &described(more));
    }
}

#[test]
fn derivatives_of_listed_reflections_in_closed_form_are_those_of_differences() {
    let line = LINE.replace("-default_F 100", "-default_F 0 -hkl lysozyme_1aki_p1.hkl");
    let line = line.replace(
        "-cell 71 82 93 80 95 110",
        "-cell 59.06 68.45 30.52 90 90 90",
    );
    let mut description = experiment(&line).into_description();
    // Every index of the list's box is listed, so that what moves is the same in both.
    description.structure_factors = scaled_f(&description, |_| 1.0).unwrap();
    check("lysozyme", &description);
}

/// Halos of reflections of every shape, which mosaic domains, layers and listed F reach.
#[test]
fn derivatives_of_halos_are_those_of_differences() {
    const HALOS: &str = "--diffuse-sigma 0.5 0.7 0.4 --diffuse-gamma 25 40 30 --diffuse-stencil 1";
    let sampled = LINE
        .replace("--analytic", "")
        .replace("--mosaic-sigmas 0.03 0.06 0.045", "");
    let lysozyme = sampled
        .replace("-default_F 100", "-default_F 20 -hkl lysozyme_1aki_p1.hkl")
        .replace(
            "-cell 71 82 93 80 95 110",
            "-cell 59.06 68.45 30.52 90 90 90",
        );
    for (name, line) in [
        ("closed form", LINE.to_string()),
        (
            "pixel areas",
            format!("{LINE} --pixel-average -detector_roty 20"),
        ),
        ("Gaussian", sampled.clone()),
        (
            "round",
            sampled.replace("-gauss_xtal --gauss-metric hkl", "-round_xtal"),
        ),
        (
            "square",
            sampled.replace("-gauss_xtal --gauss-metric hkl", "-square_xtal"),
        ),
        (
            "reciprocal metric",
            format!("{sampled} --gauss-metric reciprocal -fudge 1.2"),
        ),
        (
            "steps of phi",
            format!("{sampled} -phisteps 3 -osc 1 -detector_abs 300 -detector_thick 450"),
        ),
        (
            "lysozyme, its group",
            format!("{lysozyme} --diffuse-laue mmm"),
        ),
    ] {
        let mut description = experiment(&format!("{line} {HALOS}")).into_description();
        if let Some(listed) = scaled_f(&description, |_| 1.0) {
            description.structure_factors = listed;
        }
        check(name, &description);
    }
}
