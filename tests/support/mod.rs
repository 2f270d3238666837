//! What the integration tests share: the cases of `golden/` and the program itself.

#![allow(
    dead_code,
    reason = "every test binary compiles this and uses a part of it"
)]

pub mod golden_cases;
pub mod mtz_file;
pub mod noisy_series;
pub mod panel_files;
pub mod refinement;
pub mod shader;

use std::path::PathBuf;

use nanobragg::experiment::Experiment;
use serde::Deserialize;

/// An entry of `golden/cases.json`, or of `golden/physics/cases.json`.
#[derive(Debug, Deserialize)]
pub struct Case {
    pub name: String,
    pub args: String,
    pub fast: usize,
    pub slow: usize,
    pub gate_cpu: f64,
    pub gate_gpu: f64,
    pub gate_pixels: Option<f64>,
}

/// The path of a file in `golden/`.
pub fn golden_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(name)
}

/// The bytes of a file in `golden/`.
pub fn golden(name: &str) -> Vec<u8> {
    let path = golden_path(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every case of `golden/cases.json`.
pub fn cases() -> Vec<Case> {
    listed_cases("cases.json", 54)
}

/// The `count` cases of a file in `golden/`.
fn listed_cases(file: &str, count: usize) -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_slice(&golden(file)).unwrap();
    assert_eq!(cases.len(), count, "{file}: no case is missing");
    cases
}

/// The cases of `golden/physics/cases.json`, by the names of their images in `golden/`.
pub fn physics_cases() -> Vec<Case> {
    let cases = listed_cases("physics/cases.json", 12).into_iter();
    let named = cases.map(|case| Case {
        name: format!("physics/{}", case.name),
        ..case
    });
    named.collect()
}

/// The reference image of a case.
pub fn reference(case: &Case) -> Vec<f32> {
    let bytes = golden(&format!("{}.bin", case.name));
    bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

/// Bytes of the header of an SMV file.
pub fn smv_header_bytes(file: &[u8]) -> usize {
    let text = String::from_utf8_lossy(&file[..64]);
    let value = text.split("HEADER_BYTES=").nth(1).unwrap();
    value.split(';').next().unwrap().trim().parse().unwrap()
}

/// A summary's text with every entry on one line.
pub fn unwrapped(text: &str) -> String {
    let words: Vec<&str> = text.split("\n             ").collect();
    words.join(" ").replace('\n', " \n")
}

/// The words of a command line; a word that names a file of `golden/` becomes its path.
pub fn words(line: &str) -> Vec<String> {
    let words = line.split_whitespace().map(|word| {
        // A file may be followed by settings, behind commas.
        let (file, settings) = word.split_at(word.find(',').unwrap_or(word.len()));
        let path = golden_path(file);
        if path.is_file() {
            path.to_str().unwrap().to_string() + settings
        } else {
            word.to_string()
        }
    });
    words.collect()
}

/// The experiment that a command line describes.
pub fn experiment(line: &str) -> Experiment {
    nanobragg::cli::experiment(&words(line)).unwrap_or_else(|error| panic!("{line}: {error:?}"))
}

/// The program, on the CPU path unless `--device` says otherwise.
pub fn program() -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("nanobragg").unwrap();
    command.env("NANOBRAGG_DEVICE", "cpu");
    // What compiled in an earlier run would not be compiled in this one.
    command.env("NANOBRAGG_CACHE", "off");
    // Mesa's Vulkan layers complain on standard error where a session has no such folder.
    command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
    command
}

/// Has `command` hear signals, also where the tests run behind nohup or in a shell's background,
/// which have them ignored.
#[cfg(unix)]
pub fn hearing(command: &mut std::process::Command) -> &mut std::process::Command {
    use nix::sys::signal::{SigHandler, Signal, signal};
    use std::os::unix::process::CommandExt;
    let heard = || {
        for heard in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
            // SAFETY: the system's own action runs no code of ours.
            unsafe { signal(heard, SigHandler::SigDfl) }?;
        }
        Ok(())
    };
    // SAFETY: between fork and exec, it only makes system calls that are allowed there.
    unsafe { command.pre_exec(heard) }
}

/// The names in `folder`, in order.
pub fn names(folder: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Whether this is the process of one test, whose peak of memory is its own. Elsewhere, the test
/// `name` of this binary is run in such a process, and has to pass there.
pub fn in_a_process_of_its_own(name: &str) -> bool {
    const MARK: &str = "NANOBRAGG_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let binary = std::env::current_exe().unwrap();
    let done = std::process::Command::new(binary)
        .args(["--exact", name, "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}{complaints}");
    // A name that is no test's passes, too.
    assert!(said.contains("1 passed"), "{name}: {said}");
    print!("{said}");
    false
}
