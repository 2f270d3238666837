//! Frames that stay on the device: photons, counts and statistics, and series of them.

use nanobragg::experiment::Experiment;
use nanobragg::formats::encoding::Number;
use nanobragg::gpu::{Adapter, GpuOptions, GpuRenderer, adapters};
use nanobragg::image::noise::Noise;
use nanobragg::image::{Image, Statistics};
use nanobragg::render::{Readout, Renderer, Shot, Wanted, panel_heights};
use nanobragg::scene::Scene;
use nanobragg::series::{self, SeriesError};

use super::gpu_path::on_gpu;
use crate::support::experiment;
use crate::support::noisy_series::{self, CRYSTAL, Unwatched, noisy};

/// Experiments of one size and another, of all pixels and of some.
fn experiments() -> Vec<Experiment> {
    let lines = [
        "-N 5 -detpixels 64 -flux 1e16",
        "-N 7 -detpixels_f 93 -detpixels_s 71 -gauss_xtal -mosaic 1 -mosaic_domains 30 -flux 1e14",
        "-N 6 -detpixels 77 -roi 3 70 5 60 -water 1e-3",
    ];
    let lines = lines.map(|line| experiment(&format!("{CRYSTAL} {line}")));
    lines.into()
}

/// Readouts of every kind, some of whose counts have no room.
fn readouts() -> Vec<Readout> {
    let plain = Noise {
        seed: 11,
        ..Noise::default()
    };
    let detector = Noise {
        image: 3,
        flicker: 0.05,
        calibration: 0.03,
        gain: 900.0,
        offset: -2.0,
        readout: 3.0,
        saturation: Some(60_000.0),
        ..plain
    };
    let low = Noise {
        offset: -40.3,
        gain: 1e7,
        ..plain
    };
    let noises = [plain, detector, low].into_iter();
    let numbers = [Number::F32, Number::U16, Number::U32, Number::I32];
    noises
        .flat_map(|noise| numbers.map(|number| Readout { noise, number }))
        .collect()
}

fn shot(renderer: &Renderer, experiment: &Experiment, wanted: Wanted) -> Shot {
    let laid_out = renderer.lay_out(experiment).unwrap();
    let shot = renderer.shoot(&laid_out, experiment, wanted, &());
    shot.unwrap().take(&()).unwrap()
}

fn bits(image: &Image) -> Vec<u32> {
    image.values().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn counts_of_the_device_are_those_of_the_cpu_from_its_photons() {
    let cpu = Renderer::cpu().unwrap();
    // In one piece, and in pieces of a few rows.
    for buffer_limit in [None, Some(5000)] {
        let gpu = on_gpu(GpuOptions {
            buffer_limit,
            ..GpuOptions::default()
        });
        let (mut above, mut below, mut saturated) = (0, 0, 0);
        for experiment in experiments() {
            let wanted = Wanted {
                photons: true,
                readouts: readouts(),
                ..Wanted::default()
            };
            let found = shot(&gpu, &experiment, wanted);
            let photons = found.photons.unwrap();
            let panels = panel_heights(&experiment);
            let expected = cpu.read_out(&photons, &panels, readouts()).unwrap();
            assert_eq!(found.counted.len(), readouts().len());
            for ((found, expected), readout) in
                found.counted.iter().zip(&expected.counted).zip(readouts())
            {
                assert!(found.pixels == expected.pixels, "{readout:?}");
                assert_eq!(found.clipped, expected.clipped, "{readout:?}");
                assert_eq!(found.saturated, expected.saturated, "{readout:?}");
                above += found.clipped.above;
                below += found.clipped.below;
                saturated += found.saturated;
            }
            // What the host puts in its places is the same, to the last bit.
            let direct = gpu.render(&experiment).unwrap().image;
            assert!(direct.values().iter().any(|&value| value > 0.0));
            assert!(bits(&direct) == bits(&photons));
            // An image that there is gives the same counts.
            let again = gpu.read_out(&photons, &panels, readouts()).unwrap();
            assert!(again.counted == expected.counted);
        }
        assert!(above > 0 && below > 0 && saturated > 0);
    }
}

#[test]
fn statistics_of_photons_that_stay_on_the_device_are_those_of_the_image() {
    let near = |found: f64, expected: f64| {
        assert!(
            (found - expected).abs() <= 1e-9 * expected.abs(),
            "{found} {expected}"
        );
    };
    for buffer_limit in [None, Some(5000)] {
        let gpu = on_gpu(GpuOptions {
            buffer_limit,
            ..GpuOptions::default()
        });
        let beyond = experiment(&format!(
            "{CRYSTAL} -default_F 1e8 -N 5 -detpixels 64 -fluence 1e60"
        ));
        for experiment in experiments().into_iter().chain([beyond]) {
            let found = shot(&gpu, &experiment, Wanted::default());
            assert!(found.photons.is_none() && found.counted.is_empty());
            let found = found.statistics;
            let expected = Statistics::of(&gpu.render(&experiment).unwrap().image);
            assert_eq!(found.pixels, expected.pixels);
            assert_eq!(found.not_finite, expected.not_finite);
            assert_eq!((found.max, found.max_at), (expected.max, expected.max_at));
            if expected.not_finite > 0 {
                assert!(!found.sum.is_finite() && !expected.sum.is_finite());
                continue;
            }
            near(found.sum, expected.sum);
            near(found.mean, expected.mean);
            near(found.rms, expected.rms);
            near(found.rms_deviation, expected.rms_deviation);
        }
    }
}

#[test]
fn a_hundred_scenes_are_added_with_the_digits_of_float64() {
    let scene = Scene::new(&experiments()[0]).unwrap();
    let adapters = adapters();
    let adapter = Adapter::choose(&adapters, "gpu").unwrap();
    let gpu = GpuRenderer::new(adapter, GpuOptions::default()).unwrap();
    let one = gpu.render(&scene, &mut |_| true).unwrap();
    let mut frame = gpu.frame(64, &[64], None, true).unwrap();
    for _ in 0..100 {
        frame.add(&scene, None, &mut |_| true).unwrap();
    }
    frame.send_photons().unwrap();
    let all = frame.land().take().unwrap().photons;
    let expected = one.iter().map(|&value| (100.0 * f64::from(value)) as f32);
    assert!(all.into_iter().eq(expected));
}

#[test]
fn frames_of_a_series_in_flight_are_those_rendered_alone() {
    let gpu = on_gpu(GpuOptions::default());
    let plan = noisy_series::series(6, "-N 6 -detpixels 60 -flux 1e14");
    let mut frames = Vec::new();
    let all: Vec<u32> = (0..6).collect();
    let rendered = series::render(&plan, &all, &gpu, &Unwatched, noisy, |frame, shot| {
        frames.push((frame, shot));
        Ok::<_, SeriesError>(())
    });
    rendered.unwrap();
    assert_eq!(frames.len(), 6);
    for (frame, found) in &frames {
        let alone = shot(&gpu, &frame.experiment, noisy(frame.number));
        assert!(alone == *found, "{}", frame.number);
    }
    assert_ne!(frames[0].1.counted, frames[1].1.counted);
}
