//! Directions against differences of scenes, and refusals.

use std::sync::Arc;

use glam::{DMat3, DVec3};
use proptest::prelude::*;

use super::*;
use crate::experiment::{
    Analytic, Background, Beam, Convention, Crystal, Description, Detector, Diffuse, Distance,
    Experiment, LabAxes, MosaicModel, Mosaicity, Pivot, Placement, ProfileEntry, Reflection,
    Sampling, Scan, ScatteringProfile, Shape, Slab, Source, Sources, SpotMetric, StructureFactors,
};
use crate::geometry::{LaueGroup, UnitCell, rotation_about, rotation_xyz};
use crate::memory::Bytes;
use crate::scene::{Layout, Scene, SceneVector, slot};

fn degrees(angles: [f64; 3]) -> [f64; 3] {
    angles.map(f64::to_radians)
}

/// A crystal, a detector and a beam in which nothing is at right angles.
fn description(model: MosaicModel, placement: &Placement) -> Description {
    let cell =
        UnitCell::from_parameters([70e-10, 80e-10, 90e-10], degrees([75.0, 85.0, 95.0])).unwrap();
    // As if a matrix had given it, then the misset.
    let cell = cell.rotated(&rotation_xyz([0.4, -1.1, 2.0]));
    let cell = cell.rotated(&rotation_xyz(MISSET_RAD));
    let profile = [0.0, 1e9, 2e9, 4e9].map(|stol_per_m| ProfileEntry {
        stol_per_m,
        amplitude: 3.0,
    });
    let slab = |thickness_m: f64| Slab {
        name: "air".into(),
        profile: Arc::new(ScatteringProfile::new(profile.to_vec()).unwrap()),
        thickness_m,
        density_kg_per_m3: 1.2,
        molar_mass_kg: 0.028,
    };
    let list = [[0, 0, 0], [1, 2, 3], [2, 2, 2]].map(|index| Reflection {
        index,
        amplitude: 10.0,
    });
    Description {
        beam: Beam::default(),
        crystal: Crystal {
            cells: [5.0, 7.0, 4.0],
            shape: Shape::Gauss,
            fudge: 0.8,
            mosaicity: Mosaicity {
                model,
                domains: 7,
                seed: 5,
            },
            b_factor_m2: 12e-20,
            ..Crystal::new(cell)
        },
        detector: placement.place().unwrap(),
        scan: Scan {
            start_rad: 0.3,
            step_rad: 0.02,
            steps: 3,
            range_rad: 0.06,
            spindle: DVec3::new(0.2, 0.9, -0.4),
            ..Scan::default()
        },
        sampling: Sampling::default(),
        structure_factors: StructureFactors::from_reflections(&list, 4.0, Bytes(1 << 20)).unwrap(),
        background: Background {
            water_m: 2e-6,
            slabs: vec![slab(1e-3), slab(0.0), slab(5e-3)],
            ..Background::default()
        },
    }
}

const MISSET_RAD: [f64; 3] = [0.2, -0.5, 0.7];

fn point(parts: Description, placement: Option<Placement>) -> Parametrisation {
    let experiment = Experiment::new(parts).unwrap();
    let origin = Origin {
        misset_rad: MISSET_RAD,
        placement,
    };
    Parametrisation::new(&experiment, origin).unwrap()
}

/// Names of arrays of a scene, with their numbers.
type Arrays = Vec<(&'static str, Vec<f64>)>;

fn numbers(vectors: impl IntoIterator<Item = DVec3>) -> Vec<f64> {
    vectors.into_iter().flat_map(|own| own.to_array()).collect()
}

/// What a direction says it moves, as it stands.
fn arrays(scene: &Scene) -> Arrays {
    let lattice = &scene.lattice;
    let square = lattice.metric.transpose() * lattice.metric;
    let mut arrays: Arrays = vec![
        (
            "orientations",
            (scene.orientations.iter())
                .flat_map(|own| own.index_of.to_cols_array())
                .collect(),
        ),
        (
            "origins",
            numbers(scene.panels.iter().map(|own| own.origin_m)),
        ),
        ("fast", numbers(scene.panels.iter().map(|own| own.fast))),
        ("slow", numbers(scene.panels.iter().map(|own| own.slow))),
        (
            "normals",
            numbers(scene.panels.iter().map(|own| own.normal)),
        ),
        ("cells", lattice.cells.to_vec()),
        ("total", vec![lattice.total]),
        ("fudge", vec![lattice.fudge]),
        ("metric", square.to_cols_array().to_vec()),
        (
            "wavelengths",
            scene.sources.iter().map(|own| own.wavelength_m).collect(),
        ),
        ("b_factor", vec![scene.b_factor]),
        ("default_f", vec![scene.default_f]),
        ("scale", vec![scene.scale]),
        ("background", vec![scene.background]),
        (
            "materials",
            scene.amorphous.iter().map(|own| own.weight).collect(),
        ),
    ];
    if let Some(grid) = &scene.grid {
        arrays.push(("grid", grid.amplitudes().to_vec()));
    }
    if let Some(form) = &scene.closed_form {
        let whitened = form.whitening.transpose() * form.whitening;
        arrays.push(("whitening", whitened.to_cols_array().to_vec()));
        arrays.push(("frame", form.frame.to_cols_array().to_vec()));
        arrays.push(("mosaic", form.mosaic_sigmas_rad.to_vec()));
        arrays.push(("bandwidth", vec![form.bandwidth]));
        arrays.push(("divergence", form.divergence_sigma_rad.to_vec()));
    }
    if let Some(diffuse) = &scene.diffuse {
        let square = diffuse.to_own_axes.transpose() * diffuse.to_own_axes;
        arrays.push(("own axes", square.to_cols_array().to_vec()));
        arrays.push(("sigma", diffuse.sigma_m.to_array().to_vec()));
        arrays.push(("gamma", diffuse.gamma_m.to_array().to_vec()));
        arrays.push(("volume", vec![diffuse.volume_m3]));
    }
    arrays
}

/// How [`arrays`] change along a direction, by the words of [`slot`].
fn predicted(scene: &Scene, experiment: &Experiment, along: &SceneVector) -> Arrays {
    let own = &along.slots;
    let three = |range: std::ops::Range<usize>| DVec3::from_slice(&own[range]);
    let within = DMat3::from_cols_slice(&own[slot::INDEX]);
    let turn = three(slot::CRYSTAL_TURN);
    let cross = |about: DVec3, matrix: DMat3| {
        DMat3::from_cols(
            about.cross(matrix.x_axis),
            about.cross(matrix.y_axis),
            about.cross(matrix.z_axis),
        )
    };
    let rates = Layout::new(experiment).unwrap().rates(experiment);
    let domains = scene.orientations.len() / rates.turns.len();
    let orientation = |(number, own): (usize, &crate::scene::Orientation)| {
        let mut about = rates.turns[number / domains] * turn;
        for (axis, spread) in rates.mosaic.iter().enumerate() {
            about += along.slots[slot::MOSAIC.start + axis] * spread[number];
        }
        let turned = cross(about, own.index_of.transpose()).transpose();
        (turned + within * own.index_of).to_cols_array()
    };
    let panels = || scene.panels.iter().zip(&along.panels);
    let turned = |vector: fn(&crate::experiment::Panel) -> DVec3| {
        numbers(
            panels().map(|(panel, motion)| DVec3::from_slice(&motion[3..]).cross(vector(panel))),
        )
    };
    let lattice = &scene.lattice;
    let square = lattice.metric.transpose() * lattice.metric;
    let cells = three(slot::CELLS);
    let total = lattice.total
        * (cells / DVec3::from_array(lattice.cells))
            .to_array()
            .iter()
            .sum::<f64>();
    let of_index = |square: DMat3| -(square * within + within.transpose() * square);
    let metric = of_index(square) + square * (2.0 * total / lattice.total);
    let ln = own[slot::SCALE];
    let mut arrays: Arrays = vec![
        (
            "orientations",
            scene
                .orientations
                .iter()
                .enumerate()
                .flat_map(orientation)
                .collect(),
        ),
        (
            "origins",
            numbers(panels().map(|(panel, motion)| {
                let [shift, turn] = [&motion[..3], &motion[3..]].map(DVec3::from_slice);
                shift + turn.cross(panel.origin_m)
            })),
        ),
        ("fast", turned(|panel| panel.fast)),
        ("slow", turned(|panel| panel.slow)),
        ("normals", turned(|panel| panel.normal)),
        ("cells", cells.to_array().to_vec()),
        ("total", vec![total]),
        ("fudge", vec![own[slot::FUDGE]]),
        ("metric", metric.to_cols_array().to_vec()),
        (
            "wavelengths",
            scene
                .sources
                .iter()
                .map(|source| source.wavelength_m * own[slot::WAVELENGTH])
                .collect(),
        ),
        ("b_factor", vec![own[slot::B_FACTOR]]),
        ("default_f", vec![own[slot::DEFAULT_F]]),
        ("scale", vec![ln * scene.scale]),
        ("background", vec![own[slot::WATER] * scene.background]),
        (
            "materials",
            (scene.amorphous.iter().zip(&along.materials))
                .map(|(material, rate)| material.weight * rate)
                .collect(),
        ),
    ];
    if let Some(grid) = &scene.grid {
        let still = vec![0.0; grid.amplitudes().len()];
        arrays.push(("grid", along.amplitudes.first().unwrap_or(&still).clone()));
    }
    if let Some(form) = &scene.closed_form {
        let of_metric = 4.0 / crate::physics::lattice_factor::SPOT_WIDTH;
        let whitened = of_metric * (lattice.fudge * metric + own[slot::FUDGE] * square);
        arrays.push(("whitening", whitened.to_cols_array().to_vec()));
        let frame = -(form.frame * within);
        arrays.push(("frame", frame.to_cols_array().to_vec()));
        arrays.push(("mosaic", own[slot::MOSAIC].to_vec()));
        arrays.push(("bandwidth", vec![own[slot::BANDWIDTH]]));
        arrays.push(("divergence", own[slot::DIVERGENCE].to_vec()));
    }
    if let Some(diffuse) = &scene.diffuse {
        let square = diffuse.to_own_axes.transpose() * diffuse.to_own_axes;
        arrays.push(("own axes", of_index(square).to_cols_array().to_vec()));
        arrays.push(("sigma", own[slot::DIFFUSE_SIGMA].to_vec()));
        arrays.push(("gamma", own[slot::DIFFUSE_GAMMA].to_vec()));
        let trace = within.x_axis.x + within.y_axis.y + within.z_axis.z;
        arrays.push(("volume", vec![diffuse.volume_m3 * trace]));
    }
    arrays
}

/// Half the width of a difference, in the unit of `parameter`.
fn step(parameter: Parameter, value: f64) -> f64 {
    let natural = match parameter.unit() {
        "deg" => 50.0,
        "mm" | "pixel" => 10.0,
        _ => 0.0,
    };
    match parameter {
        // The rotations of an ellipsoid bend with each of its axes.
        Parameter::MosaicSigma(_) => 3e-3 * value,
        _ => 1e-3 * value.abs().max(natural),
    }
}

/// Holds every direction of `point` against differences of its scenes.
fn check_directions(point: &Parametrisation) {
    let scene_of = |point: &Parametrisation| Scene::new(point.experiment()).unwrap();
    let scene = scene_of(point);
    let one_f = point.experiment().structure_factors().is_listed();
    let one_f = one_f.then_some(Parameter::F([1, 2, 3]));
    for parameter in point.parameters().into_iter().chain(one_f) {
        let value = point.value(parameter).unwrap();
        let width = step(parameter, value);
        if width == 0.0 {
            continue;
        }
        let at = |change: f64| {
            let moved = point.with(&[(parameter, value + change)]);
            arrays(&scene_of(
                &moved.unwrap_or_else(|error| panic!("{parameter}: {error}")),
            ))
        };
        let [far_above, far_below, above, below] =
            [width, -width, width / 2.0, -width / 2.0].map(at);
        let along = point.direction(parameter).unwrap();
        let expected = predicted(&scene, point.experiment(), &along);
        for (place, (name, expected)) in expected.into_iter().enumerate() {
            let here = &arrays(&scene)[place].1;
            let largest =
                |numbers: &[f64]| numbers.iter().fold(0.0f64, |most, own| most.max(own.abs()));
            // Differences round as their terms do.
            let rounding = 1e-14 * largest(here) / width;
            let tolerance = 1e-9 * largest(&expected) + 30.0 * rounding;
            for (number, expected) in expected.iter().enumerate() {
                let of = |arrays: &Arrays| arrays[place].1[number];
                let coarse = (of(&far_above) - of(&far_below)) / (2.0 * width);
                let fine = (of(&above) - of(&below)) / width;
                let found = (4.0 * fine - coarse) / 3.0;
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{parameter}, {name} number {number}: direction {expected:e}, difference {found:e}, \
                     tolerance {tolerance:e}"
                );
            }
        }
    }
}

fn models() -> [MosaicModel; 5] {
    let sigmas_rad = degrees([0.4, 0.9, 0.6]);
    [
        MosaicModel::Cap {
            spread_rad: 0.8f64.to_radians(),
        },
        MosaicModel::Gaussian { sigmas_rad },
        MosaicModel::Normal { sigmas_rad },
        MosaicModel::Ellipsoid { sigmas_rad },
        MosaicModel::Listed(
            [0.01, 0.02, 0.015]
                .map(|angle| rotation_about(DVec3::new(0.6, 0.0, 0.8), angle))
                .into(),
        ),
    ]
}

#[test]
fn directions_are_derivatives_for_every_mosaic_model() {
    let placement = Placement {
        pixels: [60, 40],
        ..Placement::default()
    };
    for model in models() {
        check_directions(&point(
            description(model, &placement),
            Some(placement.clone()),
        ));
    }
}

#[test]
fn directions_are_derivatives_in_closed_form_and_of_diffuse_scattering() {
    let placement = Placement {
        pixels: [60, 40],
        ..Placement::default()
    };
    for (sigmas, metric) in [
        ([0.4, 0.9, 0.6], SpotMetric::Reciprocal),
        ([0.5; 3], SpotMetric::Index),
    ] {
        let sigmas_rad = degrees(sigmas);
        let mut parts = description(MosaicModel::Normal { sigmas_rad }, &placement);
        parts.sampling.analytic = Some(Analytic {
            pixel_average: true,
        });
        parts.beam.bandwidth = 2e-3;
        parts.beam.divergence_sigma_rad = [1.2e-3, 0.8e-3];
        if metric == SpotMetric::Reciprocal {
            check_directions(&point(parts.clone(), Some(placement.clone())));
        }
        parts.sampling.analytic = None;
        (parts.beam.bandwidth, parts.beam.divergence_sigma_rad) = (0.0, [0.0; 2]);
        parts.crystal.diffuse = Some(Diffuse {
            sigma_m: [0.3e-10, 0.4e-10, 0.5e-10],
            gamma_m: [30e-10, 40e-10, 70e-10],
            laue: LaueGroup::triclinic(),
            stencil: 1,
        });
        check_directions(&point(parts, Some(placement.clone())));
    }
}

#[test]
fn directions_are_derivatives_for_lists_of_sources() {
    let placement = Placement::default();
    let mut parts = description(models()[0].clone(), &placement);
    let source = |wavelength_m: f64, weight: f64| Source {
        incident: DVec3::X,
        wavelength_m,
        weight,
    };
    parts.beam.sources = Sources::List(vec![source(1.0e-10, 2.0), source(1.1e-10, 1.0)]);
    let point = point(parts, Some(placement));
    let mean = point.value(Parameter::Wavelength).unwrap();
    assert!((mean - 3.1 / 3.0).abs() < 1e-12);
    check_directions(&point);
}

/// Several panels, as a file describes them, one of them with pixels that are no squares.
fn panels() -> Detector {
    let mut panels = Vec::new();
    for (number, rotations_rad) in [[0.05, 0.1, -0.02], [0.0, -0.2, 0.3], [0.3, 0.1, 0.1]]
        .into_iter()
        .enumerate()
    {
        let placement = Placement {
            pixels: [30, 20],
            rotations_rad,
            ..Placement::default()
        };
        let mut panel = placement.place().unwrap().panels.remove(0);
        panel.origin_m.z += 5e-3 * number as f64;
        panel.fast *= 1.0 + 0.1 * number as f64;
        panels.push(panel);
    }
    Detector::of_panels(panels, DVec3::X).unwrap()
}

#[test]
fn directions_are_derivatives_for_panels_of_a_file() {
    let mut parts = description(models()[0].clone(), &Placement::default());
    parts.detector = panels();
    let point = point(parts, None);
    check_directions(&point);
    // Away from where the file has them, too.
    let moved: Vec<(Parameter, f64)> = point
        .parameters()
        .into_iter()
        .filter(|own| own.moves_detector())
        .enumerate()
        .map(|(number, own)| {
            let change = 0.3 + 0.05 * (number as f64 * 1.7).sin();
            (own, point.value(own).unwrap() + change)
        })
        .collect();
    let moved_point = point.with(&moved).unwrap();
    for (parameter, value) in &moved {
        let found = moved_point.value(*parameter).unwrap();
        assert!(
            (found - value).abs() < 1e-12 * value.abs().max(1.0),
            "{parameter}"
        );
    }
    check_directions(&moved_point);
    let shown = moved_point.experiment().detector().header;
    let distance = point.value(Parameter::Distance).unwrap();
    assert!((shown.distance_m * 1e3 - distance).abs() < 3.0);
}

#[test]
fn a_beam_centre_of_a_file_is_what_headers_say() {
    let mut parts = description(models()[0].clone(), &Placement::default());
    parts.detector = panels();
    let point = point(parts, None);
    let moved = point
        .with(&[
            (Parameter::BeamX, 1.25),
            (Parameter::BeamY, -0.5),
            (Parameter::Distance, 123.0),
        ])
        .unwrap();
    let header = moved.experiment().detector().header;
    let found = [
        header.beam_spot_m[0],
        header.beam_spot_m[1],
        header.distance_m,
    ];
    for (found, expected) in found.into_iter().zip([1.25e-3, -0.5e-3, 0.123]) {
        assert!((found - expected).abs() < 1e-14, "{found} {expected}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn directions_are_derivatives_for_every_placement(
        convention in prop::sample::select(vec![
            Convention::Mosflm, Convention::Denzo, Convention::Adxv, Convention::Xds,
            Convention::Dials,
        ]),
        custom in any::<bool>(),
        pivot in prop::sample::select(vec![None, Some(Pivot::Beam), Some(Pivot::Sample)]),
        closest in any::<bool>(),
        given in prop::array::uniform6(prop::option::of(-3e-3..8e-3)),
        rotations in prop::array::uniform3(-0.4..0.4f64),
        two_theta in -0.5..0.5f64,
        origin in prop::option::weighted(0.15, prop::array::uniform3(-0.02..0.02f64)),
        own in prop::array::uniform6(-0.2..0.2f64),
    ) {
        let axes = LabAxes {
            beam: DVec3::new(1.0, 0.1, -0.05),
            normal: DVec3::new(1.0, 0.0, 0.02),
            ..LabAxes::default()
        };
        let [x, y, near_x, near_y, close_x, close_y] = given;
        let placement = Placement {
            convention,
            custom_axes: custom.then_some(axes),
            pixels: [50, 80],
            distance: match closest {
                true => Distance::Closest(0.11),
                false => Distance::AlongBeam(0.12),
            },
            beam_centre_m: [x, y],
            near_point_m: [near_x, near_y],
            close_point_m: [close_x, close_y],
            rotations_rad: rotations,
            two_theta_rad: two_theta,
            turns_about: pivot,
            origin_m: origin.map(|[x, y, z]| DVec3::new(0.1 + x, 0.1 + y, 0.1 + z)),
            ..Placement::default()
        };
        let Ok(_) = placement.place().and_then(|detector| {
            Experiment::new(Description { detector, ..description(models()[0].clone(), &Placement::default()) })
        }) else {
            // A first pixel that is given may leave the plane behind the sample.
            return Ok(());
        };
        let mut parts = description(models()[0].clone(), &placement);
        parts.beam.direction = placement.axes().beam;
        parts.beam.polarisation_axis = placement.axes().polarisation;
        let here = point(parts, Some(placement));
        let motions: Vec<Parameter> = here.parameters().into_iter().filter(|own| own.moves_detector()).collect();
        check_directions(&here);
        prop_assert!(motions.len() >= 9);
        // Turned on top by itself.
        let panel: Vec<(Parameter, f64)> = AXES.into_iter().enumerate().flat_map(|(axis, along)| [
            (Parameter::PanelShift(0, along), 5.0 * own[axis]),
            (Parameter::PanelTurn(0, along), 40.0 * own[3 + axis]),
        ]).collect();
        if let Ok(moved) = here.with(&panel) {
            check_directions(&moved);
        }
    }
}

#[test]
fn what_does_not_change_keeps_every_bit() {
    let placement = Placement::default();
    let point = point(
        description(models()[1].clone(), &placement),
        Some(placement),
    );
    let same: Vec<(Parameter, f64)> = point
        .parameters()
        .into_iter()
        .map(|own| (own, point.value(own).unwrap()))
        .collect();
    let again = point.with(&same).unwrap();
    assert_eq!(again.experiment().crystal(), point.experiment().crystal());
    assert_eq!(again.experiment().detector(), point.experiment().detector());
    assert_eq!(again.experiment().beam(), point.experiment().beam());
    let scaled = point.with(&[(Parameter::Scale, 2.5)]).unwrap();
    let scene_of = |point: &Parametrisation| Scene::new(point.experiment()).unwrap();
    let (one, other) = (scene_of(&point), scene_of(&scaled));
    assert!((other.scale / one.scale - 2.5).abs() < 1e-14);
    assert!((other.background / one.background - 1.0).abs() < 1e-14);
    let water = scaled.value(Parameter::Water).unwrap();
    assert!((water - 2.0).abs() < 1e-14, "{water}");
    assert_eq!(scaled.value(Parameter::Scale).unwrap(), 2.5);
}

#[test]
fn a_square_crystal_may_have_a_part_of_a_cell_on_the_way() {
    let placement = Placement::default();
    let mut parts = description(models()[0].clone(), &placement);
    parts.crystal.shape = Shape::Square;
    let point = point(parts, Some(placement));
    let moved = point.with(&[(Parameter::Cells(Axis::Y), 7.25)]).unwrap();
    assert_eq!(moved.experiment().crystal().cells, [5.0, 7.25, 4.0]);
    assert!(Experiment::new(moved.experiment().clone().into_description()).is_err());
    let said = point.with(&[(Parameter::Cells(Axis::Y), 0.5)]).unwrap_err();
    assert!(said.to_string().contains("at least 1"), "{said}");
    let said = point.value(Parameter::Fudge).unwrap_err().to_string();
    assert!(said.contains("fudge: a square crystal"), "{said}");
}

#[test]
fn what_an_experiment_has_not_is_refused_by_name() {
    let placement = Placement {
        convention: Convention::Xds,
        ..Placement::default()
    };
    let said = |change: &dyn Fn(&mut Description), placement: &Placement, name: &str| {
        let mut parts = description(MosaicModel::Cap { spread_rad: 0.0 }, placement);
        change(&mut parts);
        let point = point(parts, Some(placement.clone()));
        let parameter = name.parse().unwrap();
        let said = point.value(parameter).unwrap_err().to_string();
        assert!(said.starts_with(&format!("{name}: ")), "{said}");
        assert_eq!(point.direction(parameter).unwrap_err().to_string(), said);
        assert_eq!(
            point.with(&[(parameter, 1.0)]).unwrap_err().to_string(),
            said
        );
        assert!(!point.parameters().contains(&parameter));
        said
    };
    let as_it_is = |_: &mut Description| {};
    let curved = Placement {
        curved: true,
        ..placement.clone()
    };
    let top_hat = |parts: &mut Description| parts.crystal.shape = Shape::TopHat;
    let close = Placement {
        distance: Distance::Closest(0.1),
        ..placement.clone()
    };
    type Case<'a> = (
        &'a dyn Fn(&mut Description),
        &'a Placement,
        &'a str,
        &'a str,
    );
    let cases: [Case; 14] = [
        (&as_it_is, &placement, "mosaic", "no mosaicity"),
        (&as_it_is, &placement, "mosaic_x", "no mosaicity"),
        (&as_it_is, &placement, "bandwidth", "closed form"),
        (&as_it_is, &placement, "divergence_h", "closed form"),
        (
            &as_it_is,
            &placement,
            "diffuse_gamma",
            "nothing scatters diffusely",
        ),
        (&as_it_is, &placement, "Nd", "told in indices"),
        (&as_it_is, &placement, "Xbeam", "stands by ORGX and ORGY"),
        (&as_it_is, &placement, "close_distance", "take distance"),
        (&as_it_is, &close, "distance", "take close_distance"),
        (&as_it_is, &placement, "panel_1_x", "there are 1 panels"),
        (
            &as_it_is,
            &placement,
            "background_1_thickness",
            "there are 3 amorphous",
        ),
        (&as_it_is, &placement, "F(1,2,9)", "no such index"),
        (&as_it_is, &curved, "detector_rotx", "curved"),
        (&top_hat, &placement, "cell_a", "top-hat"),
    ];
    for (change, placement, name, reason) in cases {
        let said = said(change, placement, name);
        assert!(said.contains(reason), "{said}");
    }
}
