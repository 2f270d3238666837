//! Spots in closed form on the GPU path.

use glam::{DMat3, DQuat};
use nanobragg::cpu;
use nanobragg::experiment::Experiment;
use nanobragg::gpu::{GOOD, GpuOptions};
use nanobragg::render::Renderer;
use nanobragg::scene::{Scene, TermPlace};
use nanobragg::trace::Name;

use super::gpu_path::{nrmse, on_gpu};
use crate::support::experiment;

/// The envelope: what float32 comes to against float64 for a crystal of N cells along each axis whose
/// spots pixels resolve, whatever smears them: rounding moves a vector in units of a spot's width by a
/// part of its length, which grows with N.
fn envelope(cells: u32) -> f64 {
    1e-6 + 2e-8 * f64::from(cells)
}

/// Where pixels are much coarser than the spots, they only see far flanks, which change by the square of
/// what they are off.
const FLANKS: f64 = 2e-4;

/// A detector whose middle the reflection (9, −7, 12) of a crystal of N cells along each axis meets in
/// the middle of the scan. A pixel is as wide as `pixel` of its spots, were they not smeared.
fn aimed(cells: u32, pixel: f64, flags: &str) -> Experiment {
    let pixel_mm = pixel * 300.0 / (70.0 * f64::from(cells));
    let line = format!(
        "-default_F 100 -cell 70 80 90 75 85 95 -N {cells} -gauss_xtal --gauss-metric hkl --analytic \
         -xds -lambda 1 -distance 300 -twotheta 20 -detpixels 40 -pixel {pixel_mm} -oversample 1 {flags}"
    );
    let mut description = experiment(&line).into_description();
    description.scan.start_rad =
        -description.scan.step_rad * f64::from(description.scan.steps) / 2.0;
    let incident = description.beam.direction.normalize();
    let turned = description.detector.panels[0]
        .point_m([20.3; 2])
        .normalize()
        - incident;
    let cell = &mut description.crystal.cell;
    let vector = cell.scattering_vector([9, -7, 12]);
    let turn = DQuat::from_rotation_arc(vector.normalize(), turned.normalize());
    *cell = cell.rotated(&DMat3::from_quat(turn));
    description.beam.wavelength_m = turned.length() / vector.length();
    Experiment::new(description).unwrap()
}

#[test]
fn float32_holds_over_every_spread() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let spreads = [
        "",
        "-mosaic 0.02",
        "-mosaic 0.2",
        "-mosaic 1",
        "--mosaic-sigmas 0.02 0.006 0.01 -osc 0.1 -phisteps 1",
        "--mosaic-sigmas 0.2 0.06 0.1 -osc 0.5 -phisteps 1",
        "--mosaic-sigmas 1 0.3 0.6 -osc 2 -phisteps 3",
        "--bandwidth 0.02",
        "--bandwidth 0.3",
        "--divergence-sigma 0.5 0.3",
        "-osc 1 -phisteps 5",
        "-osc 0.001 -phisteps 1",
        "-mosaic 0.1 --bandwidth 0.1 -osc 0.2 -phisteps 1",
        "-mosaic 0.3 --bandwidth 0.5 --divergence-sigma 1 0.1 -osc 1 -phisteps 10 --pixel-average",
    ];
    let mut missed = Vec::new();
    for cells in [6, 30, 100, 300, 1000, 2000] {
        for flags in spreads {
            // Pixels as wide as the spots, and coarser by far, but not so coarse that spots overlap.
            for (pixel, gate) in [(1.0, envelope(cells)), (20.0, FLANKS)] {
                if pixel > 1.0 && cells < 30 {
                    continue;
                }
                let experiment = aimed(cells, pixel, flags);
                let reference = cpu.render(&experiment).unwrap().image;
                let rendered = gpu.render(&experiment).unwrap();
                let error = nrmse(&rendered.image, &reference);
                let lit = reference
                    .values()
                    .iter()
                    .filter(|&&value| value > 0.0)
                    .count();
                let row = format!(
                    "N {cells:4}, pixel {pixel:2}: nrmse {error:.1e} of {gate:.1e}, {lit} pixels lit, \
                     {} told: {flags}",
                    rendered.notices.len()
                );
                println!("{row}");
                // An error that matters is told.
                let untold = error > GOOD && rendered.notices.is_empty();
                if lit > 0 && (error > gate || untold) {
                    missed.push(row);
                }
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// Error of images of whole patterns.
const GATE: f64 = 1e-5;

#[test]
fn no_smeared_spot_is_overlooked() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let [searching, adding] = [true, false].map(|culls| {
        on_gpu(GpuOptions {
            culls: Some(culls),
            ..GpuOptions::default()
        })
    });
    // Small buffers: a few tiles, sources and segments at a time.
    let limited = on_gpu(GpuOptions {
        buffer_limit: Some(5000),
        ..GpuOptions::default()
    });
    let lines = [
        "-N 20 -mosaic 0.2 -detpixels 200 -oversample 1",
        "-Na 5 -Nb 40 -Nc 11 -mosaic 0.5 -osc 20 -phisteps 150 -detpixels 60 -oversample 3",
        "-N 60 --mosaic-sigmas 0.05 0.4 0.1 -osc 2 -detpixels 300 -pixel 0.1 -oversample 1",
        "-N 30 --bandwidth 1 --divergence-sigma 1 3 -detpixels 100 -oversample 1 -dispersion 3 \
         -dispsteps 3 -hdivrange 10 -hdivsteps 2",
        "-N 300 -mosaic 0.3 --bandwidth 0.1 -osc 1 -phisteps 100 -detpixels 100 -pixel 0.4 -oversample 2",
        "-N 12 -mosaic 0.1 -detpixels 64 -pixel 2 -distance 60 -curved_det -oversample 2",
        "-N 12 -mosaic 0.3 -detpixels 64 -distance 30 -detector_abs 300 -detector_thick 500 \
         -detector_thicksteps 3 --pixel-average -osc 1 -phisteps 4 --b-factor 10",
        "-N 25 -mosaic 0.2 -detpixels 130 -pixel 0.4 -distance 60 --pixel-average -polar 0.9 -water 1e-4 \
         -roi 20 110 7 90 -dmin 2",
        "-N 4 --gauss-metric reciprocal -mosaic 0.3 --bandwidth 0.5 -detpixels 90 -oversample 2",
    ];
    for line in lines {
        let experiment = experiment(&format!(
            "-hkl lysozyme_1aki_p1.hkl -cell 59.062 68.451 30.517 75 85 95 -misset 10 20 30 \
             -gauss_xtal --gauss-metric hkl --analytic {line}"
        ));
        let image = gpu.render(&experiment).unwrap().image;
        let reference = cpu.render(&experiment).unwrap().image;
        let error = nrmse(&image, &reference);
        let lit = reference.values().iter().filter(|&&value| value > 0.0);
        let lit = lit.count();
        println!("{line}: nrmse {error:.1e}, {lit} pixels lit");
        // Left out or added, zeros change no bit.
        for forced in [&searching, &adding, &limited] {
            assert!(forced.render(&experiment).unwrap().image == image, "{line}");
        }
        assert!(lit > 100, "{line}: {lit}");
        assert!(error < GATE, "{line}: {error}");
    }
}

#[test]
fn the_quantities_behind_a_spot_are_those_of_the_cpu_path() {
    let gpu = on_gpu(GpuOptions::default());
    let line = "-hkl lysozyme_1aki_p1.hkl -cell 59.062 68.451 30.517 75 85 95 -misset 10 20 30 -gauss_xtal \
         --gauss-metric hkl --analytic -N 15 --mosaic-sigmas 0.3 0.2 0.1 --bandwidth 0.2 \
         --divergence-sigma 1 0.5 --pixel-average -oversample 2 -dispersion 1 -dispsteps 2 -detpixels 64";
    for (scan, wide) in [("-osc 1 -phisteps 3", true), ("", false)] {
        let scene = Scene::new(&experiment(&format!("{line} {scan}"))).unwrap();
        for pixel in [[11, 17], [40, 3], [33, 60]] {
            let place = TermPlace::last(&scene, pixel).unwrap();
            let (ours, theirs) = (
                cpu::trace(&scene, &place),
                gpu.trace(&scene, &place).unwrap(),
            );
            let names = [
                (Name::SpotCovariance, 2e-6),
                (Name::SpotHeight, 3e-6),
                (Name::SpotSweep, 3e-6),
                (Name::SpotCrossing, 2e-5),
                (Name::SpotExponent, 2e-5),
                (Name::FLatt, 1e-4),
                (Name::Term, 2e-4),
            ];
            for (name, tolerance) in names {
                let (ours, theirs) = (ours.get(name).unwrap(), theirs.get(name).unwrap());
                let length = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
                let apart: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a - b).collect();
                let error = length(&apart) / length(ours).max(1e-30);
                println!("{pixel:?} {name}: {ours:?} {theirs:?}, {error:.1e}");
                assert!(error <= tolerance, "{pixel:?} {name}: {error}");
            }
            assert_eq!(scene.closed_form.unwrap().segment_rad > 0.0, wide);
        }
    }
}
