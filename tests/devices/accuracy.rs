//! What the GPU path says of its own accuracy, held against measurement on random scenes.

use glam::{DMat3, DQuat, DVec3};
use nanobragg::experiment::Experiment;
use nanobragg::gpu::GpuOptions;
use nanobragg::random::PhiloxStream;
use nanobragg::render::Renderer;
use rand::RngExt;

use super::gpu_path::{nrmse, on_gpu};
use crate::support::experiment;

/// Shapes and metrics of spots, and the power of the number of cells that they grow sharp with.
const SHAPES: [(&str, f64); 6] = [
    ("-square_xtal", 1.0),
    ("-round_xtal", 1.0),
    ("-gauss_xtal", 3.0),
    ("-tophat_spots", 3.0),
    ("-gauss_xtal --gauss-metric hkl", 1.0),
    ("-tophat_spots --gauss-metric hkl", 1.0),
];

/// Evenly spread over the powers of ten from `low` to `high`.
fn log_uniform(rng: &mut PhiloxStream, low: f64, high: f64) -> f64 {
    rng.random_range(low.ln()..high.ln()).exp()
}

/// A random scene, and the flags that it began as. One in two has a reflection on a sub-pixel in the
/// middle of the detector, where spots of any sharpness show; the others' spots are wherever.
fn scene(number: u32) -> (Experiment, String) {
    let mut rng = PhiloxStream::new(0x6163, number, 0, 0);
    let (shape, power) = SHAPES[number as usize % SHAPES.len()];
    let aimed = number / 6 % 2 == 1;
    let cell = [(); 3].map(|()| log_uniform(&mut rng, 20.0, 300.0));
    let [alpha, beta, gamma] = [(); 3].map(|()| rng.random_range(75.0..105.0));
    let lambda = rng.random_range(0.5..2.0);
    let (distance, oversample) = (log_uniform(&mut rng, 40.0, 1000.0), rng.random_range(1..6));
    let pixel = log_uniform(&mut rng, if aimed { 0.001 } else { 0.01 }, 0.4);
    let edge = cell.into_iter().fold(0.0, f64::max);
    let step = edge * pixel / (f64::from(oversample) * distance * lambda);
    // By how much a phase or exponent changes from a sub-pixel to the next.
    let sharpness = if aimed {
        log_uniform(&mut rng, 0.02, 200.0) / step
    } else {
        log_uniform(&mut rng, 1.0, 300.0)
    };
    let axis = if power == 3.0 { edge } else { 1.0 };
    let n = (sharpness * axis).powf(1.0 / power);
    let cells = [(); 3].map(|()| (n * log_uniform(&mut rng, 0.7, 1.3)).ceil().clamp(1.0, 1e5));
    let fudge = if shape != "-square_xtal" && rng.random_range(0..3) == 0 {
        format!("-fudge {:.4}", log_uniform(&mut rng, 0.1, 10.0))
    } else {
        String::new()
    };
    let misset = [(); 3].map(|()| rng.random_range(0.0..360.0));
    let pixels = rng.random_range(16..60);
    let two_theta = rng.random_range(0.0..60.0);
    let mosaic = if rng.random_range(0..2) == 0 {
        let spread = if aimed {
            log_uniform(&mut rng, 1e-4, 1.0) / sharpness
        } else {
            0.5
        };
        format!(
            "-mosaic {} -mosaic_domains {}",
            spread,
            rng.random_range(2..100)
        )
    } else {
        String::new()
    };
    let sensor = if rng.random_range(0..5) == 0 {
        "-detector_abs 300 -detector_thick 400 -detector_thicksteps 2"
    } else {
        ""
    };
    let ([a, b, c], [na, nb, nc], [x, y, z]) = (cell, cells, misset);
    let curved = if rng.random_range(0..8) == 0 {
        "-curved_det"
    } else {
        ""
    };
    let line = format!(
        "-default_F 100 -cell {a:.3} {b:.3} {c:.3} {alpha:.2} {beta:.2} {gamma:.2} -Na {na} -Nb {nb} \
         -Nc {nc} -misset {x:.4} {y:.4} {z:.4} -lambda {lambda:.4} -distance {distance:.2} \
         -pixel {pixel:.5} -detpixels {pixels} -oversample {oversample} -xds \
         -twotheta {two_theta:.2} {mosaic} {sensor} {curved} {shape} {fudge}"
    );
    let experiment = experiment(&line);
    if !aimed {
        return (experiment, line);
    }
    let mut description = experiment.into_description();
    let middle = f64::from(pixels / 2) + 0.5 / f64::from(oversample);
    let incident = description.beam.direction.normalize();
    let turned = description.detector.panels[0]
        .point_m([middle; 2])
        .normalize()
        - incident;
    let cell = &mut description.crystal.cell;
    let direction = DVec3::from_array([(); 3].map(|()| rng.random_range(-1.0..1.0))).normalize();
    let wanted = cell.real().transpose() * (direction * (turned.length() / (lambda * 1e-10)));
    let mut index = wanted.round().as_ivec3().to_array();
    if index == [0; 3] {
        index = [1, 0, 0];
    }
    let vector = cell.scattering_vector(index);
    // Off the spot's middle by up to half its width.
    let off = DVec3::from_array([(); 3].map(|()| rng.random_range(-0.5..0.5)));
    let wavelength_m = turned.length() / vector.length();
    let target = turned + off * (wavelength_m * 1e10 / (sharpness * edge));
    let turn = DQuat::from_rotation_arc(vector.normalize(), target.normalize());
    *cell = cell.rotated(&DMat3::from_quat(turn));
    description.beam.wavelength_m = target.length() / vector.length();
    (Experiment::new(description).unwrap(), line)
}

/// The nrmse that a notice tells of.
fn told(notices: &[String]) -> Option<f64> {
    let mut figures = notices
        .iter()
        .filter_map(|notice| notice.split_once(" about "));
    let figure = figures.next()?.1.split([',', ';']).next()?;
    Some(figure.parse().unwrap())
}

#[test]
fn notices_of_accuracy_are_true() {
    /// About a minute on two cores.
    const SCENES: u32 = 500;
    /// Where there is no notice, images are this good.
    const UNTOLD: f64 = 1e-4;
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let (mut lit, mut noticed, mut wrong) = (0, 0, Vec::new());
    for number in 0..SCENES {
        let (experiment, line) = scene(number);
        let rendered = gpu.render(&experiment).unwrap();
        let reference = cpu.render(&experiment).unwrap().image;
        let brightest = reference.values().iter().copied().fold(0.0, f32::max);
        // What a device may make nothing of is no image.
        if brightest < f32::MIN_POSITIVE {
            continue;
        }
        lit += 1;
        let truth = nrmse(&rendered.image, &reference);
        let told = told(&rendered.notices);
        noticed += u32::from(told.is_some());
        let edges = rendered
            .notices
            .iter()
            .any(|notice| notice.contains("top-hat"));
        let row = format!("scene {number}: told {told:?}, is {truth:.1e}, of {line}");
        println!("{row}");
        if !edges && (truth > 2.0 * told.unwrap_or(UNTOLD) || told > Some(100.0 * truth)) {
            wrong.push(row);
        }
    }
    println!("{lit} of {SCENES} scenes have photons, {noticed} a notice");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(lit > SCENES / 2 && noticed > SCENES / 100);
}
