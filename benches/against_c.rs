//! How many times faster than the C program itself, as whole processes in one run.
//!
//!     TMPDIR=/dev/shm cargo bench --bench against_c -- PATH_OF_nanoBragg.c [W1 W2 ...]
//!
//! The source is at <https://github.com/bl831/nanoBragg>; gcc builds it here. Each process starts in a
//! folder of its own, because the C program reads the Fdump.bin of another run where it finds one;
//! with TMPDIR on a tmpfs, no disk counts. Both programs write the float and the SMV file and nothing
//! else. Rounds alternate between them; the table has the medians. Without a path there is nothing to
//! measure, and a line says so.

mod workloads;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use nanobragg::scene::Scene;
use workloads::{WORKLOADS, Workload};

/// Rounds of each measurement.
const ROUNDS: usize = 5;
/// What takes longer than this is measured once.
const PATIENCE_S: f64 = 20.0;

fn main() {
    // Cargo adds a flag of its own.
    let words: Vec<String> = std::env::args().skip(1).collect();
    let mut words = words.iter().filter(|word| !word.starts_with('-'));
    let Some(source) = words.next() else {
        println!(
            "cargo bench --bench against_c -- PATH_OF_nanoBragg.c measures against that program"
        );
        return;
    };
    let names: Vec<&String> = words.collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let c_program = build(Path::new(source), folder.path());
    let own_program = PathBuf::from(env!("CARGO_BIN_EXE_nanobragg"));

    println!("| workload | terms | C program, s | CPU path, s | ratio |\n|---|---|---|---|---|");
    let asked = |workload: &&Workload| {
        names.is_empty() || names.iter().any(|name| workload.name.starts_with(*name))
    };
    for workload in WORKLOADS.iter().filter(asked) {
        let [mut theirs, mut own] = [const { Vec::new() }; 2];
        for _ in 0..ROUNDS {
            if theirs.iter().all(|&seconds| seconds < PATIENCE_S) {
                theirs.push(time(&c_program, &["-nonoise", "-nopgm"], workload));
            }
            own.push(time(
                &own_program,
                &["--device", "cpu", "--quiet"],
                workload,
            ));
        }
        let [theirs, own] = [theirs, own].map(median);
        let ratio = theirs / own;
        let scene = Scene::new(&workload.experiment(workload.pixels)).expect("the scene is small");
        let terms = scene.terms_per_pixel() * workload.pixels.pow(2) as f64;
        println!(
            "| {} | {terms:.1e} | {theirs:.2} | {own:.3} | {ratio:.1} |",
            workload.name
        );
    }
    println!(
        "\n{} cores",
        std::thread::available_parallelism().expect("cores are counted")
    );
}

/// Builds the C program at `source` into `folder`.
fn build(source: &Path, folder: &Path) -> PathBuf {
    let program = folder.join("nanoBragg");
    let status = Command::new("gcc")
        .args(["-O3", "-march=native", "-fopenmp", "-w", "-o"])
        .args([&program, source])
        .arg("-lm")
        .status()
        .expect("gcc is installed");
    assert!(status.success(), "gcc builds {}", source.display());
    program
}

/// Seconds that `program` takes for `workload` and its two files, from its start to its end.
fn time(program: &Path, flags: &[&str], workload: &Workload) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = Command::new(program);
    command
        .args(workload.words(workload.pixels))
        .args(["-floatfile", "own.bin", "-intfile", "own.img"])
        .args(flags)
        .current_dir(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let started = Instant::now();
    let status = command.status().expect("it starts");
    let seconds = started.elapsed().as_secs_f64();
    assert!(
        status.success(),
        "{} with {}",
        workload.name,
        program.display()
    );
    assert!(folder.path().join("own.bin").exists());
    seconds
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
