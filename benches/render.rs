//! The workloads W1 to W5 on the CPU path and on the best GPU, beside what the C program spends on
//! them.
//!
//! `cargo bench --bench render`; the ratio of two lines of a group is the speed-up, both on all
//! cores. `docs/cpu.md` has figures. A software GPU counts; without any that line is left out.

mod baseline;
mod workloads;

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nanobragg::cpu;
use nanobragg::experiment::Experiment;
use nanobragg::image::Comparison;
use nanobragg::render::{Device, RenderOptions, Renderer};
use nanobragg::scene::Scene;

use workloads::WORKLOADS;

/// The largest frames, in terms, that fit ten times in a few seconds of the CPU path, of a software
/// GPU and of the baseline.
const TERMS: [f64; 3] = [2e8, 2e7, 4e6];

/// Terms that a bench of `experiment` counts.
fn terms(experiment: &Experiment) -> f64 {
    let scene = Scene::new(experiment).expect("the scene is small");
    let pixels: usize = scene.panels.iter().map(|panel| panel.pixels()).sum();
    scene.terms_per_pixel() * pixels as f64
}

fn render(criterion: &mut Criterion) {
    let renderer = Renderer::cpu().expect("threads start");
    let gpu = Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    });
    for workload in &WORKLOADS {
        let [ours, on_gpu, theirs] = TERMS.map(|most| {
            let mut pixels = workload.pixels;
            while terms(&workload.experiment(pixels)) > most {
                pixels /= 2;
            }
            workload.experiment(pixels)
        });
        let [scene, their_scene] =
            [&ours, &theirs].map(|experiment| Scene::new(experiment).expect("the scene is small"));

        let baseline = renderer.install(|| baseline::render(&theirs, &their_scene));
        let image = renderer.render(&theirs).expect("it renders").image;
        let compared = Comparison::of(image.values(), &baseline).expect("the same pixels");
        assert!(
            compared.nrmse < 1e-6,
            "{}: {}",
            workload.name,
            compared.nrmse
        );

        let mut group = criterion.benchmark_group(workload.name);
        group.sample_size(10);
        group.warm_up_time(Duration::from_millis(500));
        group.measurement_time(Duration::from_secs(3));
        group.throughput(Throughput::Elements(terms(&ours) as u64));
        group.bench_function("cpu", |bencher| {
            bencher.iter(|| renderer.install(|| cpu::render(&scene, &|| (), &|| false)))
        });
        if let Ok(gpu) = &gpu {
            group.throughput(Throughput::Elements(terms(&on_gpu) as u64));
            group.bench_function(gpu.device_name(), |bencher| {
                bencher.iter(|| gpu.render(&on_gpu).expect("it renders").image)
            });
        }
        group.throughput(Throughput::Elements(terms(&theirs) as u64));
        group.bench_function("baseline", |bencher| {
            bencher.iter(|| renderer.install(|| baseline::render(&theirs, &their_scene)))
        });
        group.finish();
    }
}

criterion_group!(benches, render);
criterion_main!(benches);
