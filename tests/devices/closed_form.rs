//! Spots in closed form on the GPU path.

use glam::{DMat3, DQuat, DVec3};
use nanobragg::cpu::pixel;
use nanobragg::experiment::{Analytic, Experiment, MosaicModel};
use nanobragg::gpu::GpuOptions;
use nanobragg::image::Image;
use nanobragg::render::Renderer;
use nanobragg::scene::Scene;

use super::gpu_path::{nrmse, on_gpu};
use crate::support::experiment;

/// What smears the spots of a crystal.
#[derive(Debug, Clone, Copy)]
struct Spreads {
    cells: f64,
    mosaic_deg: [f64; 3],
    bandwidth_percent: f64,
    divergence_mrad: [f64; 2],
    osc_deg: f64,
    segments: u32,
}

const NONE: Spreads = Spreads {
    cells: 10.0,
    mosaic_deg: [0.0; 3],
    bandwidth_percent: 0.0,
    divergence_mrad: [0.0; 2],
    osc_deg: 0.0,
    segments: 1,
};

/// A detector of 40 pixels whose middle the reflection (9, -7, 12) meets in the middle of the scan.
/// A pixel is as wide as `pixel` times the spot would be, were it not smeared.
fn aimed(spreads: Spreads, pixel: f64, flags: &str) -> Experiment {
    let Spreads { cells, .. } = spreads;
    let pixel_mm = pixel * 300.0 / (70.0 * cells);
    let line = format!(
        "-default_F 100 -cell 70 80 90 75 85 95 -N {cells} -gauss_xtal --gauss-metric hkl -xds \
         -lambda 1 -distance 300 -twotheta 20 -detpixels 40 -pixel {pixel_mm} -oversample 1 {flags}"
    );
    let mut description = experiment(&line).into_description();
    description.crystal.mosaicity.model = MosaicModel::Normal {
        sigmas_rad: spreads.mosaic_deg.map(f64::to_radians),
    };
    description.beam.bandwidth = spreads.bandwidth_percent / 100.0;
    description.beam.divergence_sigma_rad = spreads.divergence_mrad.map(|mrad| 1e-3 * mrad);
    description.scan.start_rad = -spreads.osc_deg.to_radians() / 2.0;
    description.scan.range_rad = spreads.osc_deg.to_radians();
    description.scan.steps = spreads.segments;
    description.scan.step_rad = spreads.osc_deg.to_radians() / f64::from(spreads.segments);
    description.sampling.analytic = Some(Analytic {
        segments: Some(spreads.segments),
        pixel_average: false,
    });
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

/// The image that scalar float64 makes.
fn reference(experiment: &Experiment) -> Image {
    let scene = Scene::new(experiment).unwrap();
    let panel = &scene.panels[0];
    let [width, height] = panel.shape;
    let pixels = (0..height).flat_map(|slow| (0..width).map(move |fast| [fast, slow]));
    let photons = pixels.map(|at| pixel::photons(&scene, panel, at) as f32);
    Image::new(width, height, photons.collect(), None)
}

#[test]
fn float32_holds_over_every_spread() {
    let gpu = on_gpu(GpuOptions::default());
    let _ = (DVec3::X, Renderer::cpu().unwrap());
    let mut rows = Vec::new();
    for cells in [6.0, 30.0, 100.0, 300.0, 1000.0, 2000.0] {
        let base = Spreads { cells, ..NONE };
        rows.push((base, 1.0));
        for deg in [0.02, 0.2, 1.0] {
            rows.push((
                Spreads {
                    mosaic_deg: [deg; 3],
                    ..base
                },
                1.0,
            ));
            rows.push((
                Spreads {
                    mosaic_deg: [deg, 0.3 * deg, 0.6 * deg],
                    osc_deg: 0.5,
                    ..base
                },
                1.0,
            ));
        }
        rows.push((
            Spreads {
                bandwidth_percent: 0.2,
                ..base
            },
            3.0,
        ));
        rows.push((
            Spreads {
                divergence_mrad: [0.5, 0.3],
                ..base
            },
            3.0,
        ));
        rows.push((
            Spreads {
                osc_deg: 1.0,
                segments: 5,
                ..base
            },
            1.0,
        ));
        rows.push((
            Spreads {
                mosaic_deg: [0.2; 3],
                bandwidth_percent: 0.2,
                divergence_mrad: [0.5, 0.3],
                osc_deg: 0.5,
                segments: 3,
                ..base
            },
            0.03 * cells.max(30.0),
        ));
    }
    for (spreads, pixel) in rows {
        let experiment = aimed(spreads, pixel, "");
        let (image, reference) = (
            gpu.render(&experiment).unwrap().image,
            reference(&experiment),
        );
        let lit = reference.values().iter().filter(|&&v| v > 0.0).count();
        let max = reference.values().iter().copied().fold(0.0, f32::max);
        println!(
            "N {:5} {:?} bw {} div {:?} osc {} / {}: nrmse {:.1e} lit {lit} max {max:.2e}",
            spreads.cells,
            spreads.mosaic_deg,
            spreads.bandwidth_percent,
            spreads.divergence_mrad,
            spreads.osc_deg,
            spreads.segments,
            nrmse(&image, &reference)
        );
    }
}
