//! Derivatives on the GPU path with every feature of a scene and of the device, against the CPU path; several
//! devices; what does not fit.

use nanobragg::experiment::{Experiment, Panel};
use nanobragg::gpu::GpuOptions;
use nanobragg::render::{RenderError, Renderer};
use nanobragg::scene::{SceneVector, slot};

use super::derivatives::{
    CLOSED, CRYSTAL, LYSOZYME, TRANSPOSED, apart, coordinates, images, largest, nrmse, weights,
};
use super::gpu_path::on_gpu;
use super::several::on;
use crate::support::panel_files::{experiment_list, file};
use crate::support::{experiment, golden_path};

/// Spots so sharp along one axis that a pixel has its Miller index in fixed point.
const SHARP: &str = "-cell 70 80 90 75 85 95 -misset 12 34 56 -lambda 1 -detpixels 40 -pixel 0.4 -distance 60 \
                     -fluence 1e24 -default_F 100 -Na 1500 -Nb 3 -Nc 4 -gauss_xtal --gauss-metric hkl";

/// Three panels of a tilted detector, one of which leans, with a mask over all.
fn panels() -> Experiment {
    let folder = tempfile::tempdir().unwrap();
    let crystal = format!("{CRYSTAL} -detector_rotx 15 -detector_roty 5");
    let of_flags = experiment(&crystal);
    let whole = of_flags.panels()[0].clone();
    let third = |name: &str, first: f64| Panel {
        name: name.into(),
        origin_m: whole.point_m([first, 0.0]),
        shape: [8, 24],
        ..whole.clone()
    };
    let mut panels = vec![third("a", 0.0), third("b", 8.0), third("c", 16.0)];
    panels[2].origin_m += 1e-3 * whole.normal;
    let list = experiment_list(&of_flags, &panels).to_string();
    let list = file(folder.path(), "d.expt", list);
    let dark = (0..3 * 8 * 24).map(|pixel| u16::from(pixel % 7 > 1));
    let mask = nanobragg::formats::npy::encode(nanobragg::formats::raster::RasterView {
        width: 8,
        height: 72,
        pixels: nanobragg::formats::raster::PixelsView::U16(&dark.collect::<Vec<_>>()),
    });
    let mask = file(folder.path(), "mask.npy", mask);
    experiment(&format!(
        "--expt {} -mask {} -fluence 1e24 -default_F 100 -N 5 -roi 1 6 2 20",
        list.display(),
        mask.display()
    ))
}

/// F of two energies.
fn channels() -> Experiment {
    let folder = tempfile::tempdir().unwrap();
    let hkl = golden_path("lysozyme_1aki_p1.hkl");
    let channel = |angstrom| format!("{angstrom} {}\n", hkl.display());
    let list = file(
        folder.path(),
        "channels.txt",
        channel(1.19) + &channel(1.21),
    );
    // Its F are read when they are needed.
    let folder = folder.keep();
    let made = experiment(&format!(
        "--hkl-channels {} -mat lysozyme_1p2A.mat -lambda 1.2 -dispersion 3 -dispsteps 4 -distance 80 -N 12 \
         -detpixels 24 -pixel 3 -mosaic 0.3 -mosaic_domains 4",
        list.display()
    ));
    assert!(folder.is_dir());
    made
}

/// Errors of derivative images by feature: two to three times what is found on llvmpipe.
#[test]
fn derivatives_of_every_feature_are_those_of_the_cpu() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    let half = on_gpu(GpuOptions {
        half_structure_factors: true,
        ..GpuOptions::default()
    });
    let from = |line: String| experiment(&line);
    let scans = "-osc 2 -phisteps 9 -dispersion 1 -dispsteps 5 -oversample 2";
    let sensor = "-detector_thick 450 -detector_abs 500 -detector_thicksteps 2";
    let own = "-oversample_omega -oversample_polar -oversample 2";
    let symmetric = "-cell 70 70 90 90 90 90 --symmetric-shape 4/mmm";
    let features = [
        (
            "fixed point, mosaic",
            &gpu,
            2e-6,
            from(format!(
                "{SHARP} -mosaic 1 -mosaic_domains 50 -oversample 3"
            )),
        ),
        (
            "fixed point, scan, sensor",
            &gpu,
            2e-6,
            from(format!("{SHARP} {scans} {sensor}")),
        ),
        (
            "fixed point, closed form",
            &gpu,
            3e-6,
            from(format!("{SHARP} --analytic -mosaic 1 -oversample 2")),
        ),
        (
            "fixed point, symmetric",
            &gpu,
            3e-6,
            from(format!(
                "{SHARP} {symmetric} --cells-matrix 1 0.5 -0.7 -mosaic 1 -mosaic_domains 9 -oversample 2"
            )),
        ),
        ("energy channels", &gpu, 6e-5, channels()),
        ("F as f16", &half, 1.5e-3, from(LYSOZYME.to_string())),
        (
            "F as f16, interpolated",
            &half,
            1e-2,
            from(format!("{LYSOZYME} -interpolate")),
        ),
        ("panels, mask, region", &gpu, 6e-6, panels()),
        (
            "region",
            &gpu,
            4e-6,
            from(format!(
                "{CRYSTAL} -detpixels 40 -roi 5 20 10 33 -mosaic 1 -mosaic_domains 9"
            )),
        ),
        ("curved", &gpu, 5e-6, from(format!("{CRYSTAL} -curved_det"))),
        (
            "curved, Gaussian",
            &gpu,
            2e-6,
            from(format!("{CRYSTAL} -curved_det -gauss_xtal {scans}")),
        ),
        (
            "symmetric, round",
            &gpu,
            4e-5,
            from(format!(
                "{CRYSTAL} {symmetric} -round_xtal -mosaic 1 -mosaic_domains 9"
            )),
        ),
        (
            "symmetric, interpolated",
            &gpu,
            5e-5,
            from(format!(
                "{LYSOZYME} -interpolate -gauss_xtal --symmetric-shape mmm"
            )),
        ),
        (
            "own factors, sensor",
            &gpu,
            6e-6,
            from(format!("{CRYSTAL} {own} {sensor}")),
        ),
        (
            "point pixels, B factor",
            &gpu,
            5e-6,
            from(format!(
                "{CRYSTAL} -point_pixel -nopolar --b-factor 20 -dmin 3"
            )),
        ),
        (
            "background alone",
            &gpu,
            7e-7,
            from(format!("{CRYSTAL} -default_F 0 -water 3")),
        ),
        (
            "diffuse",
            &gpu,
            7e-6,
            from(format!(
                "{CRYSTAL} -N 9 -gauss_xtal --diffuse-sigma 0.3 --diffuse-gamma 30"
            )),
        ),
        (
            "segments, pixel average",
            &gpu,
            5e-6,
            from(format!(
                "{CLOSED} -N 8 -mosaic 0.5 -osc 2 -phisteps 4 --pixel-average"
            )),
        ),
    ];
    let mut missed = Vec::new();
    for (feature, renderer, bound, experiment) in &features {
        let apart = apart(renderer, &cpu, experiment);
        let row = format!(
            "{feature:26} worst image {:.1e}, worst sum {:.1e}",
            apart.image, apart.sum
        );
        println!("{row}");
        if apart.image > *bound || apart.sum > TRANSPOSED {
            missed.push(row);
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// By how much devices that share an image may differ from one: a dispatch adds to what the one before left, and
/// how long it is depends on time.
const SHARED: f64 = 4e-6;

#[test]
fn several_devices_share_derivatives() {
    let (one, two) = (on("gpu"), on("gpu,gpu"));
    let wide = "-detpixels_f 150 -detpixels_s 333 -pixel 0.1 -oversample 1 -water 1e-3";
    for experiment in [
        experiment(&format!("{CRYSTAL} {wide}")),
        experiment(&format!(
            "{CRYSTAL} {wide} -roi 70 140 100 270 -gauss_xtal -mosaic 1 -mosaic_domains 5"
        )),
        experiment(&format!(
            "{LYSOZYME} -detpixels 280 -pixel 0.5 -oversample 1"
        )),
        channels(),
        panels(),
    ] {
        let laid_out = one.lay_out(&experiment).unwrap();
        let pixels = one.render(&experiment).unwrap().image.values().len();
        let weights = weights(pixels);
        let gradient = |renderer: &Renderer| {
            let made = renderer.gradient(&laid_out, &experiment, &weights, true, &());
            made.unwrap()
        };
        let (expected, found) = (gradient(&one), gradient(&two));
        assert_eq!(found.device, two.device_name());
        let directions = coordinates(&experiment, expected.vector.materials.len());
        let directions =
            [&directions[slot::INDEX.start], &directions[slot::COUNT]].map(Clone::clone);
        let [of_one, of_two] = [&one, &two].map(|own| images(own, &experiment, &directions));
        assert_eq!(of_two.device, two.device_name());
        assert!(of_one.image.iter().any(|photons| *photons > 0.0));
        let pairs = of_two.derivatives.iter().zip(&of_one.derivatives);
        let pairs = pairs.chain([(&of_two.image, &of_one.image)]);
        let worst = pairs.map(|(found, expected)| nrmse(found, expected));
        let worst = worst.fold(0.0, largest);
        let mut worst_sum: f64 = 0.0;
        let all = coordinates(&experiment, expected.vector.materials.len());
        let slopes = images(&one, &experiment, &all).derivatives;
        for (direction, slopes) in all.iter().zip(&slopes) {
            let products = slopes
                .iter()
                .zip(&weights)
                .map(|(slope, weight)| (slope * weight).abs());
            let size: f64 = products.sum();
            let apart = (expected.vector.dot(direction) - found.vector.dot(direction)).abs();
            worst_sum = largest(worst_sum, apart / size.max(1e-300));
        }
        println!("image {worst:.1e}, sum {worst_sum:.1e}");
        assert!(
            worst <= SHARED && worst_sum <= SHARED,
            "{worst:.1e} {worst_sum:.1e}"
        );
        let pairs = expected
            .vector
            .amplitudes
            .iter()
            .zip(&found.vector.amplitudes);
        for (expected, found) in pairs {
            assert!(nrmse(found, expected) <= SHARED);
        }
    }
}

/// Slots of an image that no buffer holds come band by band.
#[test]
fn derivatives_of_a_large_image_are_those_of_the_cpu() {
    let (gpu, cpu) = (on_gpu(GpuOptions::default()), Renderer::cpu().unwrap());
    // 36 slots of float32 for each pixel are 199 MiB; a buffer may have 128 MiB.
    let experiment = experiment(&format!(
        "{CRYSTAL} -detpixels 1204 -pixel 0.01 -oversample 1"
    ));
    let laid_out = gpu.lay_out(&experiment).unwrap();
    let weights = weights(1204 * 1204);
    let [found, expected] = [&gpu, &cpu].map(|renderer| {
        let made = renderer.gradient(&laid_out, &experiment, &weights, false, &());
        made.unwrap().vector
    });
    let mut all = SceneVector::zero(1, 0);
    all.slots = expected.slots;
    all.panels = expected.panels.clone();
    let [of_gpu, of_cpu] =
        [&gpu, &cpu].map(|own| images(own, &experiment, std::slice::from_ref(&all)).derivatives);
    let error = nrmse(&of_gpu[0], &of_cpu[0]);
    println!("worst image {error:.1e}");
    assert!(error < 1e-5, "{error:.1e}");
    let size: f64 = (of_cpu[0].iter().zip(&weights))
        .map(|(own, weight)| (own * weight).abs())
        .sum();
    assert!((found.dot(&all) - expected.dot(&all)).abs() < 1e-6 * size);
}

#[test]
fn slopes_to_more_f_than_a_buffer_holds_are_refused_by_name() {
    let experiment = experiment(LYSOZYME);
    let list = experiment.structure_factors().grid().unwrap();
    // Room for the grid, and not for two sums of 64 bits for each F.
    let gpu = on_gpu(GpuOptions {
        grid_limit: Some(8 * list.amplitudes().len() as u64),
        ..GpuOptions::default()
    });
    let laid_out = gpu.lay_out(&experiment).unwrap();
    let weights = weights(24 * 24);
    let refused = gpu
        .gradient(&laid_out, &experiment, &weights, true, &())
        .unwrap_err();
    let told = refused.to_string();
    assert!(
        matches!(refused, RenderError::Gpu(_))
            && told.contains("the slopes to structure factors")
            && told.contains("list fewer indices, or have the CPU compute them"),
        "{told}"
    );
    // Without them, there is room.
    gpu.gradient(&laid_out, &experiment, &weights, false, &())
        .unwrap();
}
