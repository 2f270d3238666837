//! What is on disk, whatever happens: signals, kills, limits, and what stands in the way.

#![cfg(unix)]

mod in_the_way;
mod sums;
mod two_runs;
mod unfinished;

use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{hearing, names};

/// A render of a moment.
const SHORT: &str = "-default_F 100 -cell 70 -N 5 -distance 100 -detpixels 64 --quiet";
/// A render of hours.
const LONG: &str = "-default_F 100 -cell 70 -N 5 -distance 100 -detpixels 2000 -mosaic 1 \
                    -mosaic_domains 1000000 --quiet";

/// The program with the words of `line` in `folder`, behind a `shell` command such as a limit.
fn command(folder: &Path, shell: &str, line: &str) -> Command {
    let mut command = Command::new("bash");
    let program = assert_cmd::cargo::cargo_bin("nanobragg");
    command
        .args(["-c", &format!("{shell} exec \"$0\" {line}")])
        .arg(program)
        .current_dir(folder)
        .env("NANOBRAGG_DEVICE", "cpu")
        .env("XDG_RUNTIME_DIR", std::env::temp_dir())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    hearing(&mut command);
    command
}

/// Exit code and messages of `line` in `folder`, which has a minute.
fn run(folder: &Path, line: &str) -> (i32, String) {
    ended(
        command(folder, "", line).spawn().unwrap(),
        Duration::from_secs(60),
    )
}

/// Exit code and messages of `child`, which has to end within `patience`.
fn ended(mut child: Child, patience: Duration) -> (i32, String) {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > patience {
            child.kill().unwrap();
            panic!("it did not end within {patience:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    // Killed by a signal, it has none.
    (child.wait().unwrap().code().unwrap_or(-1), said)
}

/// Waits until `ready`.
fn wait_until(what: &str, mut ready: impl FnMut() -> bool) {
    let started = Instant::now();
    while !ready() {
        assert!(started.elapsed() < Duration::from_secs(60), "{what}: never");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends `signal` to `child`.
fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

/// Whether `child` has taken signals over from the system.
fn takes_signals(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    if !status.starts_with("Name:\tnanobragg") {
        return false;
    }
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = u64::from_str_radix(caught.unwrap_or("0").trim(), 16).unwrap_or(0);
    let any = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
    any.iter()
        .any(|&signal| caught >> (signal as u32 - 1) & 1 == 1)
}

/// Whether a temporary file of at least so many bytes is in `folder`.
fn is_writing(folder: &Path, bytes: u64) -> bool {
    let mut entries = fs::read_dir(folder).unwrap().flatten();
    entries.any(|entry| {
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        hidden && entry.metadata().is_ok_and(|found| found.len() >= bytes)
    })
}
