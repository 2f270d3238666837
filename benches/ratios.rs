//! How many times faster than what the C program spends, measured side by side in one run.
//!
//! `cargo bench --bench ratios` prints a table in Markdown (`-- W2 W3` for some of it): for each workload the wall time of this
//! program as a whole process, start-up, reading and writing included, and the baseline's time for
//! the same terms on the same cores. Where the baseline would take minutes it renders a smaller
//! frame of the same detector, and its time is scaled by the terms. Rounds alternate between the
//! two; the median of each counts.

mod baseline;
mod workloads;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use nanobragg::experiment::Experiment;
use nanobragg::formats::{PendingFile, raw, smv, write_whole};
use nanobragg::image::{Image, Statistics};
use nanobragg::render::{Renderer, frame_size};
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
    println!("| workload | terms | baseline, s | CPU path, s | ratio | GPU path, s | ratio |");
    println!("|---|---|---|---|---|---|---|");
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
        let [mut baseline, mut cpu, mut gpu] = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            // To replace a file costs more than to make one.
            for name in ["baseline.bin", "baseline.img", "own.bin", "own.img"] {
                let _ = std::fs::remove_file(folder.path().join(name));
            }
            let (seconds, rendered) = renderer.install(|| time_baseline(&reduced, folder.path()));
            baseline.push(seconds * terms / rendered);
            cpu.push(time_process(workload, "cpu", folder.path()));
            // What takes minutes is not taken thrice.
            if gpu.iter().all(|&seconds| seconds < PATIENCE_S) {
                for name in ["own.bin", "own.img"] {
                    let _ = std::fs::remove_file(folder.path().join(name));
                }
                gpu.push(time_process(workload, "gpu", folder.path()));
            }
        }
        let [baseline, cpu, gpu] = [baseline, cpu, gpu].map(median);
        println!(
            "| {} | {terms:.2e} | {baseline:.3} | {cpu:.3} | {:.1} | {gpu:.3} | {:.1} |",
            workload.name,
            baseline / cpu,
            baseline / gpu,
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
    let statistics = Statistics::of(&image);
    let header = smv::describe(experiment, size);
    let counts = smv::Counts::automatic(&statistics, 40.0);
    write_whole(&folder.join("baseline.bin"), &raw::encode(&image)).expect("it is written");
    let smv = PendingFile::write_with(&folder.join("baseline.img"), |file| {
        smv::write(&image, counts, &header, file).map(drop)
    });
    smv.and_then(PendingFile::commit).expect("it is written");
    (started.elapsed().as_secs_f64(), terms)
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
