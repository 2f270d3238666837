//! Renders on a shared renderer: one after the other, and side by side.

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use nanobragg::experiment::Experiment;
use nanobragg::gpu::Dispatch;
use nanobragg::image::noise::Noise;
use nanobragg::render::{Device, Monitor, RenderOptions, Rendered, Renderer};

use crate::support::experiment;

#[expect(dead_code, reason = "the benchmarks use the rest of it")]
#[path = "../../benches/workloads/mod.rs"]
mod workloads;

fn on_gpu() -> Renderer {
    Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    })
    .unwrap()
}

/// Writes down every dispatch.
#[derive(Default)]
struct Recording(Mutex<Vec<Dispatch>>);

impl Monitor for Recording {
    fn dispatched(&self, dispatch: &Dispatch) {
        self.0.lock().unwrap().push(dispatch.clone());
    }
}

/// The dispatches of W3, then W5, then W1, on a renderer that is kept, by pipeline.
fn dispatches() -> HashMap<usize, Vec<Dispatch>> {
    let (gpu, recording) = (on_gpu(), Recording::default());
    // Of their full size, W5 would take minutes on a software GPU.
    for (workload, pixels) in [(2, 1024), (4, 128), (0, 2048)] {
        let experiment = workloads::WORKLOADS[workload].experiment(pixels);
        gpu.render_watched(&experiment, &recording).unwrap();
    }
    let mut pipelines = HashMap::<usize, Vec<Dispatch>>::new();
    for dispatch in recording.0.into_inner().unwrap() {
        pipelines
            .entry(dispatch.pipeline)
            .or_default()
            .push(dispatch);
    }
    pipelines
}

#[test]
fn a_kept_renderer_dispatches_nothing_long() {
    /// Terms that are few for any pipeline on any device.
    const FEW: f64 = 5e6;
    let mut longest = Vec::new();
    // Machines are busy with other things: one of a few tries has to come out.
    for _ in 0..4 {
        let pipelines = dispatches();
        assert_eq!(pipelines.len(), 3);
        for dispatches in pipelines.values() {
            // What another pipeline does in no time may take this one seconds.
            assert!(dispatches[0].terms <= FEW, "{:?}", dispatches[0]);
        }
        let most = pipelines.values().map(|dispatches| dispatches.len()).max();
        assert!(most > Some(4), "{most:?}: nothing was cut");
        let later = pipelines.values().flat_map(|dispatches| &dispatches[1..]);
        let Some(long) = later.map(|dispatch| dispatch.elapsed).max() else {
            panic!("no pipeline had a second dispatch");
        };
        if long < Duration::from_millis(200) {
            return;
        }
        longest.push(long);
    }
    panic!("dispatches of {longest:?}");
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
