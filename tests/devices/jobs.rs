//! Renders on a shared renderer: one after the other, and side by side.

use std::thread;

use nanobragg::experiment::Experiment;
use nanobragg::image::noise::Noise;
use nanobragg::render::{Device, RenderOptions, Rendered, Renderer};

use crate::support::experiment;

fn on_gpu() -> Renderer {
    Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    })
    .unwrap()
}

/// Experiments that have little in common.
fn experiments() -> Vec<Experiment> {
    let lines = [
        "-N 5 -detpixels 64",
        "-N 7 -detpixels 40 -gauss_xtal -mosaic 1 -mosaic_domains 30",
        "-N 9 -detpixels 90 -tophat_spots -water 1e-4",
        "-N 3 -detpixels 33 -round_xtal -dispersion 1 -dispsteps 4",
        "-N 2 -detpixels 50 -hkl lysozyme_1aki_p1.hkl -interpolate",
        "-N 8 -detpixels 72 -detector_thick 400 -detector_thicksteps 2 -oversample 2",
        "-N 6 -detpixels 48 --background liquid.stol,thickness=1e-3,density=1,mw=18 -roi 3 40 5 30",
        "-N 4 -detpixels 56 -curved_det -hkl lysozyme_1aki_p1.hkl -nointerpolate -nopolar",
    ];
    let base = "-default_F 100 -cell 70 80 90 75 85 95 -misset 10 20 30 -pixel 0.4 -oversample 1";
    let experiments = lines.map(|line| experiment(&format!("{base} {line}")));
    experiments.into()
}

/// The image of `experiment`, and the same with noise.
fn images(renderer: &Renderer, experiment: &Experiment) -> [Rendered; 2] {
    let photons = renderer.render(experiment).unwrap();
    let noise = Noise {
        seed: 5,
        readout: 2.0,
        offset: 10.0,
        ..Noise::default()
    };
    let panels = [photons.image.height()];
    let noisy = renderer.expose(&photons.image, &noise, &panels).unwrap();
    [photons, noisy]
}

#[test]
fn threads_that_share_a_renderer_get_the_bytes_of_serial_renders() {
    let experiments = experiments();
    for renderer in [on_gpu(), Renderer::cpu().unwrap()] {
        let serial = experiments.iter();
        let serial: Vec<_> = serial.map(|one| images(&renderer, one)).collect();
        for [photons, _] in &serial {
            assert!(photons.image.values().iter().any(|&value| value > 0.0));
        }
        thread::scope(|scope| {
            for first in 0..experiments.len() {
                let (experiments, serial, renderer) = (&experiments, &serial, &renderer);
                scope.spawn(move || {
                    for step in 0..4 {
                        // Each thread begins with another one; then all do all.
                        let place = (first + step) % experiments.len();
                        let found = images(renderer, &experiments[place]);
                        assert!(found == serial[place], "experiment {place}");
                    }
                });
            }
        });
    }
}
