//! Derivatives of images on the GPU path, against the CPU path.

use nanobragg::experiment::Experiment;
use nanobragg::gpu::GpuOptions;
use nanobragg::render::{Derivatives, Monitor, RenderError, Renderer};
use nanobragg::scene::{PANEL_COUNT, SceneVector, slot};

use super::gpu_path::on_gpu;
use crate::support::experiment;

/// One direction for each coordinate of the scene that is no F, but for places of panels that are curved.
pub fn coordinates(experiment: &Experiment, materials: usize) -> Vec<SceneVector> {
    let panels = experiment.panels().len();
    let zero = SceneVector::zero(panels, materials);
    let slots = (0..slot::COUNT).map(|place| {
        let mut own = zero.clone();
        own.slots[place] = 1.0;
        own
    });
    let moves = experiment.panels()[panels - 1].curved_m.is_none();
    let motions = (0..PANEL_COUNT).filter(|_| moves).map(|component| {
        let mut own = zero.clone();
        own.panels[panels - 1][component] = 1.0;
        own
    });
    let weights = (0..materials).map(|material| {
        let mut own = zero.clone();
        own.materials[material] = 1.0;
        own
    });
    slots.chain(motions).chain(weights).collect()
}

/// The derivatives along `directions`, or along every coordinate.
pub fn images(
    renderer: &Renderer,
    experiment: &Experiment,
    directions: &[SceneVector],
) -> Derivatives {
    let laid_out = renderer.lay_out(experiment).unwrap();
    let made = renderer.derivative_images(&laid_out, experiment, directions, &());
    made.unwrap()
}

/// rms(found − expected)/rms(expected); how large `found` is where nothing is expected.
pub fn nrmse(found: &[f64], expected: &[f64]) -> f64 {
    let square = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>();
    let pairs = || found.iter().zip(expected);
    let apart = square(&mut pairs().map(|(found, expected)| found - expected));
    let all = square(&mut expected.iter().copied());
    match (apart, all) {
        (0.0, _) => 0.0,
        _ => (apart / all).sqrt(),
    }
}

/// The larger error; no number is larger than any.
pub fn largest(one: f64, other: f64) -> f64 {
    match one.is_nan() || other.is_nan() {
        true => f64::INFINITY,
        false => one.max(other),
    }
}

/// A crystal near enough to a detector that all derivatives matter.
pub const CRYSTAL: &str = "-cell 70 80 90 75 85 95 -misset 12 34 56 -lambda 1 -detpixels 24 -pixel 0.4 \
                       -distance 60 -fluence 1e24 -default_F 100 -N 5";
pub const LYSOZYME: &str = "-hkl lysozyme_1aki_p1.hkl -mat lysozyme_1p2A.mat -lambda 1.2 -distance 80 -N 12 \
                        -detpixels 24 -pixel 3 -mosaic 0.3 -mosaic_domains 4";
pub const CLOSED: &str = "-cell 70 80 90 75 85 95 -misset 12 34 56 -lambda 1 -default_F 100 -gauss_xtal --analytic \
                      -distance 100 -detpixels 48 -pixel 0.5 -oversample 1 -fluence 1e24";

/// Halos, as wide as far.
const HALOS: &str = "--diffuse-sigma 0.5 0.7 0.4 --diffuse-gamma 25 40 30 --diffuse-stencil 1";

const SHAPES: [&str; 4] = [
    "-square_xtal",
    "-round_xtal",
    "-gauss_xtal",
    "-gauss_xtal --gauss-metric hkl --cells-matrix 1 0.5 -0.7",
];

const KINDS: [&str; 5] = [
    "",
    "-mosaic 1 -mosaic_domains 20 -phi 3 -osc 2 -phisteps 3",
    "-dispersion 2 -dispsteps 3 -hdivrange 2 -hdivsteps 3 -water 1",
    "-detector_rotx 20 -detector_roty 10 -detector_rotz 15 -twotheta 30 -oversample_omega -oversample 2",
    "-detector_rotx 20 -detector_abs 500 -detector_thick 450 -detector_thicksteps 3 -oversample 2",
];

/// A command line that moves everything there is to move, one a row.
fn lines() -> Vec<String> {
    let whole = SHAPES.iter().flat_map(|shape| {
        KINDS
            .iter()
            .map(move |kind| format!("{CRYSTAL} {shape} {kind}"))
    });
    let others = [
        format!("{CRYSTAL} --mosaic-model gaussian --mosaic-sigmas 1 0.5 0.7 -mosaic_domains 21"),
        format!(
            "{CRYSTAL} -cell 70 70 90 90 90 90 -Na 5 -Nb 6 -Nc 7 -gauss_xtal --symmetric-shape 4/mmm"
        ),
        LYSOZYME.to_string(),
        format!("{LYSOZYME} -interpolate"),
        format!("{LYSOZYME} -interpolate -default_F 80"),
        format!("{CRYSTAL} {HALOS} -mosaic 1 -mosaic_domains 20 -phi 3 -osc 2 -phisteps 3"),
        format!("{CRYSTAL} -round_xtal {HALOS} --b-factor 10 -oversample 2"),
        format!(
            "{CRYSTAL} -gauss_xtal --gauss-metric hkl -cell 70 70 90 90 90 90 {HALOS} --diffuse-laue 4/mmm"
        ),
        format!("{LYSOZYME} -default_F 80 {HALOS} --diffuse-laue mmm"),
        format!("{LYSOZYME} -interpolate {HALOS}"),
        format!("{CLOSED} --gauss-metric hkl -N 20 -mosaic 0.5 {HALOS}"),
        format!("{CLOSED} --gauss-metric hkl -N 20 -mosaic 0.5"),
        format!(
            "{CLOSED} --gauss-metric hkl -N 20 --mosaic-sigmas 0.5 0.3 0.6 --bandwidth 0.3 \
             --divergence-sigma 0.5 0.1 -osc 1 -phisteps 5 --pixel-average"
        ),
        format!("{CLOSED} -N 8 --mosaic-sigmas 0.5 0.3 0.6 --bandwidth 0.3 -osc 1 -phisteps 5"),
    ];
    whole.chain(others).collect()
}

/// Weights of pixels without a pattern.
pub fn weights(pixels: usize) -> Vec<f64> {
    (0..pixels)
        .map(|pixel| (pixel * 7919 % 101) as f64 / 50.0 - 1.0)
        .collect()
}

/// Error of a derivative image, rms over rms.
const IMAGES: f64 = 1e-4;
/// Difference between the sum of weights times a derivative image and the gradient, over the sum of sizes.
pub const TRANSPOSED: f64 = 1e-5;

/// How far derivatives on `gpu` are from those on `cpu`.
pub struct Apart {
    /// The worst derivative image, or gradient with respect to F: rms over rms.
    pub image: f64,
    /// The worst of what the gradient and the images of one device say of the same sum: over the sum of sizes.
    pub sum: f64,
}

/// How far derivatives along every coordinate of `experiment` are apart.
pub fn apart(gpu: &Renderer, cpu: &Renderer, experiment: &Experiment) -> Apart {
    let laid_out = gpu.lay_out(experiment).unwrap();
    let weights = weights(gpu.render(experiment).unwrap().image.values().len());
    let gradient = |renderer: &Renderer| {
        let made = renderer.gradient(&laid_out, experiment, &weights, true, &());
        made.unwrap().vector
    };
    let (of_cpu, of_gpu) = (gradient(cpu), gradient(gpu));
    let directions = coordinates(experiment, of_cpu.materials.len());
    let expected = images(cpu, experiment, &directions);
    let found = images(gpu, experiment, &directions);
    let mut worst = nrmse(&found.image, &expected.image);
    let mut worst_sum: f64 = 0.0;
    for ((found, expected), direction) in found
        .derivatives
        .iter()
        .zip(&expected.derivatives)
        .zip(&directions)
    {
        worst = largest(worst, nrmse(found, expected));
        let products = || {
            found
                .iter()
                .zip(&weights)
                .map(|(slope, weight)| slope * weight)
        };
        let (sum, size) = (
            products().sum::<f64>(),
            products().map(f64::abs).sum::<f64>(),
        );
        let apart = (sum - of_gpu.dot(direction)).abs() / size.max(1e-300);
        worst_sum = largest(worst_sum, apart);
    }
    assert_eq!(of_gpu.amplitudes.len(), of_cpu.amplitudes.len());
    for (found, expected) in of_gpu.amplitudes.iter().zip(&of_cpu.amplitudes) {
        worst = largest(worst, nrmse(found, expected));
    }
    Apart {
        image: worst,
        sum: worst_sum,
    }
}

#[test]
fn every_derivative_is_that_of_the_cpu() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let mut missed = Vec::new();
    for line in lines() {
        let apart = apart(&gpu, &cpu, &experiment(&line));
        let row = format!(
            "worst image {:.1e}, worst sum {:.1e}: {line}",
            apart.image, apart.sum
        );
        println!("{row}");
        if apart.image > IMAGES || apart.sum > TRANSPOSED {
            missed.push(row);
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// The envelope of derivatives of spots of N cells along each axis.
fn envelope(cells: u32) -> f64 {
    3e-5 + 6e-7 * f64::from(cells)
}

#[test]
fn errors_grow_with_the_crystal() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let mut missed = Vec::new();
    for shape in [
        "-square_xtal",
        "-round_xtal",
        "-gauss_xtal --gauss-metric hkl",
    ] {
        for cells in [5, 20, 100, 300] {
            // Pixels a fixed part of a spot, in the middle of a reflection.
            let pixel = 0.3 / f64::from(cells);
            let experiment = experiment(&format!(
                "-cell 100 110 120 80 95 105 -lambda 1 -distance 100 -default_F 100 -fluence 1e24 \
                 -detpixels 40 -pixel {pixel} -mosaic 0.05 -mosaic_domains 50 -N {cells} {shape}"
            ));
            let directions = coordinates(&experiment, 0);
            let expected = images(&cpu, &experiment, &directions);
            let found = images(&gpu, &experiment, &directions);
            let pairs = found.derivatives.iter().zip(&expected.derivatives);
            let worst = pairs
                .map(|(found, expected)| nrmse(found, expected))
                .fold(0.0, largest);
            let row = format!(
                "N {cells:3} {shape}: {worst:.1e} of {:.1e}",
                envelope(cells)
            );
            println!("{row}");
            if worst.is_nan() || worst > envelope(cells) {
                missed.push(row);
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// What the order of additions changes: parts of a slope may cancel.
const ROUNDING: f64 = 2e-5;

/// Neither bands and batches nor who multiplies slots changes more than rounding.
#[test]
fn derivatives_do_not_depend_on_how_they_are_cut() {
    let whole = on_gpu(GpuOptions::default());
    let others = [
        GpuOptions {
            buffer_limit: Some(60_000),
            ..GpuOptions::default()
        },
        GpuOptions {
            derivatives_on_device: Some(true),
            ..GpuOptions::default()
        },
        GpuOptions {
            culls: Some(false),
            ..GpuOptions::default()
        },
    ];
    let others = others.map(on_gpu);
    let lines = [
        format!("{CRYSTAL} -mosaic 1 -mosaic_domains 90 -phi 3 -osc 2 -phisteps 3 -oversample 2"),
        format!("{CRYSTAL} -gauss_xtal -mosaic 1 -mosaic_domains 90 -detpixels_y 50"),
        LYSOZYME.to_string(),
    ];
    for line in lines {
        let experiment = experiment(&line);
        let laid_out = whole.lay_out(&experiment).unwrap();
        let directions = coordinates(&experiment, 0);
        let expected = images(&whole, &experiment, &directions);
        let weights = weights(expected.image.len());
        let gradient = |renderer: &Renderer| {
            let made = renderer.gradient(&laid_out, &experiment, &weights, true, &());
            made.unwrap().vector
        };
        let all = gradient(&whole);
        for other in &others {
            let found = images(other, &experiment, &directions);
            let own = gradient(other);
            for (place, (found, expected)) in found
                .derivatives
                .iter()
                .zip(&expected.derivatives)
                .enumerate()
            {
                let error = nrmse(found, expected);
                assert!(error < ROUNDING, "{line}: {place} {error:.1e}");
                let products = expected
                    .iter()
                    .zip(&weights)
                    .map(|(slope, weight)| slope * weight);
                let size: f64 = products.map(f64::abs).sum();
                let apart = (own.dot(&directions[place]) - all.dot(&directions[place])).abs();
                assert!(apart <= TRANSPOSED * size, "{line}: sum {place}");
            }
            for (found, expected) in own.amplitudes.iter().zip(&all.amplitudes) {
                assert!(nrmse(found, expected) < ROUNDING, "{line}");
            }
        }
    }
}

/// Along a direction of F, which goes through two images.
#[test]
fn structure_factors_have_derivatives_along_a_direction() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    for line in [LYSOZYME.to_string(), format!("{LYSOZYME} -interpolate")] {
        let experiment = experiment(&line);
        let reflections = experiment
            .structure_factors()
            .grid()
            .unwrap()
            .amplitudes()
            .len();
        let mut direction = SceneVector::zero(1, 0);
        direction.slots[slot::SCALE] = 0.5;
        let own = (0..reflections).map(|place| (place * 31 % 17) as f64 - 8.0);
        direction.amplitudes = vec![own.collect()];
        let [found, expected] = [&gpu, &cpu].map(|renderer| {
            images(renderer, &experiment, std::slice::from_ref(&direction)).derivatives
        });
        let error = nrmse(&found[0], &expected[0]);
        assert!(error < 1e-5, "{line}: {error:.1e}");
    }
}

/// Who watches derivatives may stop them.
#[test]
fn derivatives_can_be_stopped() {
    struct Stopped;
    impl Monitor for Stopped {
        fn interrupted(&self) -> bool {
            true
        }
    }
    let gpu = on_gpu(GpuOptions::default());
    let experiment = experiment(CRYSTAL);
    let laid_out = gpu.lay_out(&experiment).unwrap();
    let weights = weights(24 * 24);
    let stopped = gpu.gradient(&laid_out, &experiment, &weights, false, &Stopped);
    assert!(matches!(stopped, Err(RenderError::Interrupted)));
    let directions = coordinates(&experiment, 0);
    let stopped = gpu.derivative_images(&laid_out, &experiment, &directions, &Stopped);
    assert!(matches!(stopped, Err(RenderError::Interrupted)));
    // The device goes on.
    gpu.gradient(&laid_out, &experiment, &weights, false, &())
        .unwrap();
}
