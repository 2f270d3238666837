//! How many times faster than what the C program spends, measured side by side in one run.
//!
//! `cargo bench --bench ratios` prints a table in Markdown (`-- W2 W3` for some of it): for each
//! workload the wall time of this program as a whole process, start-up, reading and writing included,
//! and the baseline's time for the same terms on the same cores. The last two columns are of a GPU
//! that is open and has rendered before, as in a series: render and files, like the baseline's time,
//! with no process around them. Where the baseline would take minutes it renders a smaller frame of
//! the same detector, and its time is scaled by the terms. Rounds alternate between all of them; the
//! median of each counts.

mod baseline;
mod workloads;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use nanobragg::experiment::Experiment;
use nanobragg::formats::{PendingFile, raw, smv, write_whole};
use nanobragg::image::{Image, Statistics};
use nanobragg::render::{Device, RenderOptions, Renderer, frame_size};
use nanobragg::scene::Scene;

use workloads::{WORKLOADS, Workload};

/// Rounds of each measurement.
const ROUNDS: usize = 3;
/// Renders that take longer are timed once.
const PATIENCE_S: f64 = 5.0;
/// Most terms that the baseline renders.
const BASELINE_TERMS: f64 = 2e7;

fn main() {
    let renderer = Renderer::cpu().expect("threads start");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let threads = renderer.threads();
    let gpu_renderer = Renderer::new(&RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    });
    let gpu_renderer = gpu_renderer.expect("there is a GPU, if a software one");
    println!(
        "| workload | terms | baseline, s | CPU path, s | ratio | GPU path, s | ratio \
         | GPU warm, s | ratio |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    // Cargo adds a flag of its own.
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names: Vec<&String> = names.iter().filter(|name| !name.starts_with('-')).collect();
    let asked = |workload: &&Workload| {
        names.is_empty() || names.iter().any(|name| workload.name.starts_with(*name))
    };
    for workload in WORKLOADS.iter().filter(asked) {
        let full = workload.experiment(workload.pixels);
        let (_, terms) = scene_and_terms(&full);
        let mut pixels = workload.pixels;
        while scene_and_terms(&workload.experiment(pixels)).1 > BASELINE_TERMS {
            pixels /= 2;
        }
        let reduced = workload.experiment(pixels);
        let [mut baseline, mut cpu, mut gpu, mut warm] = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            // To replace a file costs more than to make one.
            let remove = |name: &str| {
                for kind in ["bin", "img"] {
                    let _ = std::fs::remove_file(folder.path().join(name).with_extension(kind));
                }
            };
            remove("baseline");
            remove("own");
            let (seconds, rendered) = renderer.install(|| time_baseline(&reduced, folder.path()));
            baseline.push(seconds * terms / rendered);
            cpu.push(time_process(workload, "cpu", folder.path()));
            // What takes minutes is not taken thrice.
            if gpu.iter().all(|&seconds| seconds < PATIENCE_S) {
                remove("own");
                gpu.push(time_process(workload, "gpu", folder.path()));
                if warm.is_empty() {
                    // Builds the pipeline.
                    gpu_renderer.render(&reduced).expect("it renders");
                }
                remove("warm");
                warm.push(time_warm(&gpu_renderer, &full, folder.path()));
            }
        }
        let [baseline, cpu, gpu, warm] = [baseline, cpu, gpu, warm].map(median);
        println!(
            "| {} | {terms:.2e} | {baseline:.3} | {cpu:.3} | {:.1} | {gpu:.3} | {:.1} | {warm:.3} | {:.1} |",
            workload.name,
            baseline / cpu,
            baseline / gpu,
            baseline / warm,
        );
    }
    println!("\n{threads} threads each; every program writes the float and the SMV file");
}

fn scene_and_terms(experiment: &Experiment) -> (Scene, f64) {
    let scene = Scene::new(experiment).expect("the scene is small");
    let pixels: usize = scene.panels.iter().map(|panel| panel.pixels()).sum();
    let terms = scene.terms_per_pixel() * pixels as f64;
    (scene, terms)
}

/// Seconds that the baseline takes for `experiment` and its two files, and the terms rendered.
fn time_baseline(experiment: &Experiment, folder: &Path) -> (f64, f64) {
    let (scene, terms) = scene_and_terms(experiment);
    let started = Instant::now();
    let size = frame_size(experiment);
    let image = Image::new(size[0], size[1], baseline::render(experiment, &scene), None);
    write(experiment, &image, &folder.join("baseline"));
    (started.elapsed().as_secs_f64(), terms)
}

/// Seconds that `renderer`, which has its pipeline, takes for `experiment` and its two files.
fn time_warm(renderer: &Renderer, experiment: &Experiment, folder: &Path) -> f64 {
    let started = Instant::now();
    let image = renderer.render(experiment).expect("it renders").image;
    renderer.install(|| write(experiment, &image, &folder.join("warm")));
    started.elapsed().as_secs_f64()
}

/// Writes the float and the SMV file of `image`.
fn write(experiment: &Experiment, image: &Image, name: &Path) {
    let statistics = Statistics::of(image);
    let header = smv::describe(experiment, frame_size(experiment));
    let counts = smv::Counts::automatic(&statistics, 40.0);
    write_whole(&name.with_extension("bin"), &raw::encode(image)).expect("it is written");
    let smv = PendingFile::write_with(&name.with_extension("img"), |file| {
        smv::write(image, counts, &header, file).map(drop)
    });
    smv.and_then(PendingFile::commit).expect("it is written");
}

/// Seconds that this program takes for `workload` on `device`, from its start to its end.
fn time_process(workload: &Workload, device: &str, folder: &Path) -> f64 {
    let started = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_nanobragg"))
        .args(workload.words(workload.pixels))
        .args(["--device", device, "--quiet", "-seed", "1"])
        .args(["-floatfile", "own.bin", "-intfile", "own.img"])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status()
        .expect("it starts");
    assert!(status.success(), "{} on {device}", workload.name);
    started.elapsed().as_secs_f64()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
