//! Derivatives of images against differences of the images, parameter by parameter.
//!
//! The image is not smooth where the nearest reflection of a term changes; pixels in which one does
//! within a difference are left out, and counted.

use crate::support::{experiment, words};
use glam::DVec3;
use nanobragg::derivatives::{Differentiator, Parameter, Parametrisation};
use nanobragg::experiment::{Experiment, Panel, Shape};
use nanobragg::image::noise::{PointSpread, SpreadShape};
use nanobragg::physics::amorphous::{Amorphous, piece_at};
use nanobragg::physics::scattering_vector::stol;
use nanobragg::render::{Device, RenderOptions, Renderer};
use nanobragg::scene::Scene;

/// Largest rms error of a derivative image, as a part of its rms.
const TOLERANCE: f64 = 1e-8;

/// The shapes of spots.
const SHAPES: [&str; 4] = [
    "-square_xtal",
    "-round_xtal --symmetric-shape -1",
    "-gauss_xtal --gauss-metric hkl --cells-matrix 0.4 -0.3 0.2",
    "-gauss_xtal --analytic --bandwidth 0.4 --divergence-sigma 2 1.5 --mosaic-sigmas 0.5 0.9 0.7",
];

/// What every scene has: a small frame and an orientation in which nothing is at right angles.
const ALL: &str = "-lambda 1 -distance 60 -pixel 0.5 -detpixels_x 13 -detpixels_y 10 -Xbeam 1 -Ybeam -6 \
                   -misset 10 -20 30 -Na 4 -Nb 5 -Nc 3 -fudge 0.7 -oversample 2 -nointerpolate";

const TRICLINIC: &str = "-cell 31 36 42 75 85 95 -default_F 100";
const LYSOZYME: &str = "-hkl lysozyme_1aki_p1.hkl -mat lysozyme_1p2A.mat -default_F 30";

/// Scenes by name, with what they add.
fn scenes() -> Vec<(&'static str, String)> {
    let triclinic = |more: &str| format!("{TRICLINIC} {more}");
    vec![
        (
            "triclinic, background",
            triclinic(
                "--b-factor 8 -water 0.02 --background liquid.stol,thickness=3e-12,density=1,mw=18",
            ),
        ),
        (
            "tilted detector",
            triclinic(
                "-detector_rotx 10 -detector_roty -8 -detector_rotz 5 -twotheta 12 -polar 0.8 \
                 -oversample_omega -oversample_polar",
            ),
        ),
        (
            "tilted detector about the sample, first factors",
            triclinic(
                "-xds -close_distance 60 -ORGX 3 -ORGY 16 -detector_rotx 10 -detector_roty -8 \
                 -twotheta 12 -polar 0.8 -polar_vector 0 0.6 0.8",
            ),
        ),
        (
            "spectrum",
            triclinic("-dispersion 3 -dispsteps 3 -hdivrange 4 -hdivsteps 2 -polar -0.5"),
        ),
        (
            "mosaic and phi",
            triclinic(
                "--mosaic-sigmas 0.5 0.9 0.7 --mosaic-model normal -mosaic_domains 5 -phi 20 -osc 2 \
                       -phisteps 2 -spindle_axis 0.1 0.2 1",
            ),
        ),
        (
            "thick sensor",
            triclinic(
                "-detector_thick 60 -detector_abs 80 -thicksteps 3 --layer-depth mean -detector_roty 15",
            ),
        ),
        ("lysozyme", LYSOZYME.to_string()),
    ]
}

fn point(line: &str) -> Parametrisation {
    nanobragg::cli::parametrisation(&words(line))
        .unwrap_or_else(|error| panic!("{line}: {error:?}"))
}

fn cpu() -> Renderer {
    Renderer::new(&RenderOptions {
        device: Device::Cpu,
        threads: 1,
        ..RenderOptions::default()
    })
    .unwrap()
}

fn differentiator(renderer: &Renderer) -> Differentiator<'_> {
    Differentiator {
        renderer,
        point_spread: None,
        monitor: &(),
    }
}

/// The nearest reflections of all terms of each pixel, and the pieces of materials' tables; none
/// where a layer of the sensor is in two of them, so that the depth of its photons decides.
fn nearest(experiment: &Experiment) -> Vec<Option<Vec<[i64; 3]>>> {
    let scene = Scene::new(experiment).unwrap();
    let cell = |h: DVec3| {
        // Interpolation changes its reflections at whole indices, too.
        let whole = |x: f64| match scene.interpolate {
            true => (2.0 * x).floor() as i64,
            false => x.round() as i64,
        };
        h.to_array().map(whole)
    };
    let cells_of = |seen: DVec3| {
        let mut cells = Vec::new();
        for source in scene.sources.iter() {
            let q = (seen - source.incident) / source.wavelength_m;
            let piece = |material: &Amorphous| piece_at(&material.pieces, stol(q)) as i64;
            cells.extend(scene.amorphous.iter().map(|own| [piece(own); 3]));
            cells.extend(scene.orientations.iter().map(|own| cell(own.index_of * q)));
        }
        cells
    };
    let subs = scene.oversample;
    let middle = |at: usize, sub: u32| at as f64 + (f64::from(sub) + 0.5) / f64::from(subs);
    let of_pixel = |panel: &Panel, [fast, slow]: [usize; 2]| {
        let mut cells = Vec::new();
        for sub in 0..subs * subs {
            let place = panel.point_m([middle(fast, sub % subs), middle(slow, sub / subs)]);
            let thick = (panel.sensor).map_or(0.0, |sensor| sensor.layer_thickness_m(scene.layers));
            let at = |layer: u32| {
                cells_of((place + f64::from(layer) * thick * panel.normal).normalize())
            };
            for layer in 0..scene.layers {
                let front = at(layer);
                if at(layer + 1) != front {
                    return None;
                }
                cells.extend(front);
            }
        }
        Some(cells)
    };
    let pixels = scene.panels.iter().flat_map(|panel| {
        let [width, height] = panel.shape;
        let places = (0..width * height).map(move |pixel| [pixel % width, pixel / width]);
        places.map(move |place| (panel, place))
    });
    pixels
        .map(|(panel, place)| of_pixel(panel, place))
        .collect()
}

fn rms<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let squares: Vec<f64> = values.into_iter().map(|value| value * value).collect();
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}

/// What differences tell of one derivative image.
struct Differences {
    /// Rms error of the derivative image as a part of its rms.
    error: f64,
    /// Order of convergence; none where the image is at most a parabola in the parameter.
    order: Option<f64>,
    /// Pixels left out.
    left_out: usize,
}

/// A width of differences that is wide beside rounding, and narrow beside the spots.
fn first_width(parameter: Parameter, value: f64) -> f64 {
    match parameter.unit() {
        "mm" if matches!(parameter, Parameter::Slab(_)) => 3e-4 * value,
        "deg" | "mm" => 0.007,
        "pixel" => 0.02,
        _ => 3e-4 * value.abs(),
    }
}

/// Holds a derivative `image` against central differences with two steps of Richardson.
fn differences(
    renderer: &Renderer,
    point: &Parametrisation,
    parameter: Parameter,
    image: &[f64],
) -> Differences {
    let value = point.value(parameter).unwrap();
    let at = |change: f64| {
        let moved = point.with(&[(parameter, value + change)]);
        moved.unwrap_or_else(|error| panic!("{error}"))
    };
    let images = |change: f64| {
        let found = differentiator(renderer).images(&at(change), &[]);
        found.unwrap().image
    };
    let difference = |width: f64| -> Vec<f64> {
        let (above, below) = (images(width), images(-width));
        (above.iter().zip(below))
            .map(|(above, below)| (above - below) / (2.0 * width))
            .collect()
    };
    let held_within = |width: f64| -> Vec<bool> {
        let here = nearest(point.experiment());
        let [above, below] = [width, -width].map(|width| nearest(at(width).experiment()));
        let pairs = here.iter().zip(above).zip(below);
        pairs
            .map(|((here, above), below)| here.is_some() && *here == above && *here == below)
            .collect()
    };
    let mut width = first_width(parameter, value);
    let mut wider = 0;
    // Until halving it changes the difference by about 1e-5, or nothing does.
    loop {
        let held = held_within(width);
        let kept = |values: &[f64]| -> Vec<f64> {
            let pairs = values.iter().zip(&held).filter(|(_, held)| **held);
            pairs.map(|(value, _)| *value).collect()
        };
        let [coarse, middle, fine] =
            [width, width / 2.0, width / 4.0].map(|width| kept(&difference(width)));
        let change = |one: &[f64], other: &[f64]| -> Vec<f64> {
            one.iter()
                .zip(other)
                .map(|(one, other)| one - other)
                .collect()
        };
        let (first, second) = (rms(&change(&coarse, &middle)), rms(&change(&middle, &fine)));
        let size = rms(&kept(image));
        if first > 3e-5 * size {
            width *= (1e-5 * size / first).sqrt().max(0.1);
            continue;
        }
        if first < 1e-6 * size && wider < 2 {
            (width, wider) = (3.0 * width, wider + 1);
            continue;
        }
        // D(w) = D + a·w² + b·w⁴: two steps take both away.
        let once = |coarse: f64, fine: f64| (4.0 * fine - coarse) / 3.0;
        let twice = (coarse.iter().zip(&middle).zip(&fine)).map(|((coarse, middle), fine)| {
            (16.0 * once(*middle, *fine) - once(*coarse, *middle)) / 15.0
        });
        let found: Vec<f64> = twice.collect();
        return Differences {
            error: rms(&change(&found, &kept(image))) / size,
            // Below this a difference of differences is rounding.
            order: (second > 1e-8 * size).then(|| (first / second).log2()),
            left_out: held.iter().filter(|held| !**held).count(),
        };
    }
}

/// Holds every derivative image of a scene against differences, and the product with its transpose.
fn check(name: &str, line: &str, least: usize) {
    let renderer = cpu();
    let point = point(line);
    let mut parameters = point.parameters();
    // A unit of a spread that is zero has nowhere to go down.
    parameters
        .retain(|own| point.value(*own).unwrap() != 0.0 || own.unit() != "" && own.unit() != "Å²");
    parameters.extend(strongest(&point));
    assert!(parameters.len() >= least, "{name}: {parameters:?}");
    let found = differentiator(&renderer)
        .images(&point, &parameters)
        .unwrap();
    let mut wrong = Vec::new();
    for (parameter, image) in parameters.iter().zip(&found.derivatives) {
        if rms(image) == 0.0 {
            // Every index of this small frame is listed.
            if *parameter != Parameter::DefaultF || !line.contains("-hkl") {
                wrong.push(format!("{parameter}: nothing changes"));
            }
            continue;
        }
        let Differences {
            error,
            order,
            left_out,
        } = differences(&renderer, &point, *parameter, image);
        let shown = order.map_or("none".to_string(), |order| format!("{order:.4}"));
        let told =
            format!("{parameter}: error {error:.2e}, order {shown}, {left_out} pixels left out");
        println!("{name}: {told}");
        let converges = order.is_none_or(|order| (order - 2.0).abs() < 0.01);
        if error.is_nan() || error > TOLERANCE || !converges || left_out > image.len() / 3 {
            wrong.push(told);
        }
    }
    assert!(wrong.is_empty(), "{name}: {}", wrong.join("\n"));
    check_transpose(name, &differentiator(&renderer), &point, &parameters);
}

/// The F of the reflection that is nearest to the first pixel, where F are listed.
fn strongest(point: &Parametrisation) -> Option<Parameter> {
    let experiment = point.experiment();
    experiment.structure_factors().grid()?;
    let cells = nearest(experiment).into_iter().flatten().next()?;
    let index = cells[0].map(|whole| match experiment.interpolates() {
        true => whole.div_euclid(2) as i32,
        false => whole as i32,
    });
    let own = Parameter::F(index);
    point.value(own).is_ok().then_some(own)
}

/// ⟨J v, w⟩ = ⟨v, Jᵀ w⟩ for some v and w.
fn check_transpose(
    name: &str,
    differentiator: &Differentiator,
    point: &Parametrisation,
    parameters: &[Parameter],
) {
    let wave = |number: usize| (1.0 + 7.3 * number as f64).sin();
    let pixels = differentiator.images(point, &[]).unwrap().image.len();
    let weights: Vec<f64> = (0..pixels).map(wave).collect();
    let gradient = differentiator.vjp(point, &weights, parameters).unwrap();
    // Of one size each, whatever their units.
    let sizes = differentiator
        .images(point, parameters)
        .unwrap()
        .derivatives;
    let along: Vec<(Parameter, f64)> = (parameters.iter().zip(&sizes).enumerate())
        .map(|(number, (own, image))| (*own, wave(number) / rms(image).max(1e-300)))
        .collect();
    let image = differentiator
        .jvp(point, &along)
        .unwrap()
        .derivatives
        .remove(0);
    let forward: f64 = image
        .iter()
        .zip(&weights)
        .map(|(own, weight)| own * weight)
        .sum();
    let backward: f64 = along
        .iter()
        .zip(&gradient.values)
        .map(|((_, own), slope)| own * slope)
        .sum();
    let size = rms(&image) * rms(&weights) * pixels as f64;
    let error = (forward - backward).abs() / size;
    println!("{name}: transpose {error:.2e}");
    assert!(error <= 1e-12, "{name}: {forward} and {backward}");
}

fn check_shape(shape: &str, least: usize) {
    for (name, scene) in scenes() {
        let analytic = shape.contains("--analytic");
        // In closed form there is one orientation, and a sensor's layers are as they are.
        let scene = match analytic {
            true => scene.replace(
                "--mosaic-sigmas 0.5 0.9 0.7 --mosaic-model normal -mosaic_domains 5 ",
                "",
            ),
            false => scene,
        };
        check(
            &format!("{shape}, {name}"),
            &format!("{ALL} {shape} {scene}"),
            least,
        );
    }
    // Four F along each axis make the one between them.
    if !shape.contains("--analytic") {
        let line = format!("{ALL} {shape} {LYSOZYME} -interpolate");
        check(&format!("{shape}, interpolated"), &line, least);
    }
}

#[test]
fn derivatives_of_square_crystals_are_limits_of_differences() {
    check_shape(SHAPES[0], 25);
}

#[test]
fn derivatives_of_round_crystals_are_limits_of_differences() {
    check_shape(SHAPES[1], 25);
}

#[test]
fn derivatives_of_gaussian_crystals_are_limits_of_differences() {
    check_shape(SHAPES[2], 28);
}

#[test]
fn derivatives_in_closed_form_are_limits_of_differences() {
    check_shape(SHAPES[3], 25);
}

#[test]
fn derivatives_of_halos_are_limits_of_differences() {
    let diffuse = "--diffuse-sigma 0.4 0.5 0.6 --diffuse-gamma 20 30 25 --diffuse-laue -1 --diffuse-stencil 1";
    for shape in [
        "-square_xtal",
        "-gauss_xtal",
        "-gauss_xtal --gauss-metric hkl",
    ] {
        check(
            &format!("{shape}, halos"),
            &format!("{ALL} {shape} {TRICLINIC} {diffuse}"),
            31,
        );
    }
}

#[test]
fn derivatives_of_listed_and_capped_domains_are_limits_of_differences() {
    let scans = "-phi 20 -osc 2 -phisteps 2";
    for mosaic in [
        "-mosaic 0.8 -mosaic_domains 4",
        "--mosaic-sigmas 0.5 0.9 0.7 --mosaic-model ellipsoid -mosaic_domains 4",
        "--mosaic-sigmas 0.5 0.9 0.7 --mosaic-model gaussian -mosaic_domains 4",
    ] {
        check(
            mosaic,
            &format!("{ALL} -gauss_xtal {TRICLINIC} {mosaic} {scans}"),
            25,
        );
    }
}

#[test]
fn derivatives_go_through_a_point_spread_masks_and_regions() {
    let renderer = cpu();
    let line = format!("{ALL} -gauss_xtal {TRICLINIC} -roi 2 10 1 8 -water 0.02");
    let point = point(&line);
    let parameters = point.parameters();
    for point_spread in [
        PointSpread {
            shape: SpreadShape::Gauss,
            fwhm_pixels: 1.7,
        },
        PointSpread {
            shape: SpreadShape::Fiber,
            fwhm_pixels: 0.8,
        },
    ] {
        let spread = Differentiator {
            point_spread: Some(point_spread),
            ..differentiator(&renderer)
        };
        let bare = differentiator(&renderer)
            .images(&point, &parameters)
            .unwrap();
        let found = spread.images(&point, &parameters).unwrap();
        // Light that spreads stays linear: each image is spread by the kernel itself.
        let [width, height] = [13usize, 10];
        let inside = |fast: usize, slow: usize| (2..=10).contains(&fast) && (1..=8).contains(&slow);
        let sources = std::iter::once(&bare.image).chain(&bare.derivatives);
        for (bare, found) in sources.zip(std::iter::once(&found.image).chain(&found.derivatives)) {
            for (pixel, found) in found.iter().enumerate() {
                let (fast, slow) = (pixel % width, pixel / width);
                let sum: f64 = (0..width * height)
                    .map(|other| {
                        let across = (other % width).abs_diff(fast);
                        let down = (other / width).abs_diff(slow);
                        bare[other]
                            * nanobragg::image::noise::point_spread::part(
                                &point_spread,
                                across,
                                down,
                            )
                    })
                    .sum();
                let expected = if inside(fast, slow) { sum } else { 0.0 };
                let error = (found - expected).abs();
                assert!(error <= 1e-12 * rms(bare), "{pixel}: {found} {expected}");
            }
        }
        check_transpose("point spread", &spread, &point, &parameters);
    }
}

#[test]
fn images_beside_derivatives_are_those_of_a_render() {
    let renderer = cpu();
    for (name, scene) in scenes() {
        let line = format!("{ALL} -gauss_xtal {scene}");
        let rendered = renderer.render(&experiment(&line)).unwrap().image;
        let found = differentiator(&renderer)
            .images(&point(&line), &[])
            .unwrap()
            .image;
        let largest = found.iter().copied().fold(0.0, f64::max);
        for (found, rendered) in found.iter().zip(rendered.values()) {
            let error = (found - f64::from(*rendered)).abs();
            assert!(
                error <= 1e-7 * found.abs() + 1e-12 * largest,
                "{name}: {found} {rendered}"
            );
        }
    }
}

#[test]
fn several_panels_move_each_for_itself() {
    use nanobragg::derivatives::{Axis, Origin};
    let line = format!("{ALL} -gauss_xtal {TRICLINIC}");
    let one = experiment(&line);
    let mut parts = one.clone().into_description();
    let mut second = parts.detector.panels[0].clone();
    second.name = "second".into();
    second.origin_m += DVec3::new(1e-3, -2e-3, 8e-3);
    let panels = vec![parts.detector.panels[0].clone(), second];
    parts.detector =
        nanobragg::experiment::Detector::of_panels(panels, parts.beam.direction).unwrap();
    let experiment = Experiment::new(parts).unwrap();
    assert_eq!(experiment.crystal().shape, Shape::Gauss);
    let point = Parametrisation::new(&experiment, Origin::default()).unwrap();
    let renderer = cpu();
    let parameters = [
        Parameter::PanelTurn(1, Axis::Y),
        Parameter::PanelShift(0, Axis::Z),
        Parameter::Distance,
        Parameter::BeamX,
        Parameter::DetectorTurn(Axis::Z),
    ];
    let found = differentiator(&renderer)
        .images(&point, &parameters)
        .unwrap();
    let half = found.image.len() / 2;
    let [turned, shifted] = [&found.derivatives[0], &found.derivatives[1]];
    assert!(turned[..half].iter().all(|own| *own == 0.0) && rms(&turned[half..]) > 0.0);
    assert!(shifted[half..].iter().all(|own| *own == 0.0) && rms(&shifted[..half]) > 0.0);
    for (parameter, image) in parameters.iter().zip(&found.derivatives) {
        let told = differences(&renderer, &point, *parameter, image);
        assert!(told.error <= TOLERANCE, "{parameter}: {:e}", told.error);
    }
    check_transpose("panels", &differentiator(&renderer), &point, &parameters);
}
