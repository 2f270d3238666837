//! Limits of the system and ends of the program that nobody asked for.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::cargo::cargo_bin;

/// Runs `line` in a shell, in `folder`, with this program as `$P`.
fn shell(folder: &Path, line: &str) -> Output {
    let mut command = Command::new("sh");
    command.current_dir(folder).env("P", cargo_bin("nanobragg"));
    command.args(["-c", line]).output().unwrap()
}

#[test]
fn too_little_address_space_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let scene = "-default_F 1 -cell 70 -N 5 --device cpu --threads 1 --quiet -floatfile a.bin";
    for kibibytes in [100_000, 200_000, 300_000, 500_000, 800_000, 1_500_000] {
        for limit in ["-v", "-d"] {
            let line =
                format!("ulimit {limit} {kibibytes}; exec $P {scene} -detpixels 20000 --out b.cbf");
            let output = shell(folder.path(), &line);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{line}: {said}");
            assert!(said.contains("nanobragg: "), "{line}: {said}");
        }
    }
    // The bytes of this image are there, but not below the limit.
    let line = format!("ulimit -v 800000; exec $P {scene} -detpixels 15000");
    let said = shell(folder.path(), &line).stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("this machine has"), "{said}");
    let line = format!("ulimit -v 2000000; exec $P {scene} -detpixels 64");
    assert!(shell(folder.path(), &line).status.success());
}

#[test]
fn threads_and_files_that_the_system_does_not_give_are_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let scene = "-default_F 1 -cell 70 -detpixels 8 --device cpu --quiet";
    let line = format!("ulimit -v 1000000; exec $P {scene} --threads 1000");
    let output = shell(folder.path(), &line);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot start 1000 more thread(s)"), "{said}");
    for files in 4..9 {
        let line = format!(
            "ulimit -n {files}; exec $P series --frames 2 -osc 1 {scene} --out a.h5 --out b.h5 --out c.h5"
        );
        let output = shell(folder.path(), &line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !said.contains("uncategorized") && !said.contains("panicked"),
            "{said}"
        );
        let ended = output.status.code();
        assert!(
            ended == Some(0) || ended == Some(1),
            "{files}: {ended:?} {said}"
        );
        if files == 4 {
            assert!(said.contains("Too many open files"), "{said}");
            assert!(said.contains("raise it (ulimit -n)"), "{said}");
        }
    }
}

/// Root has no such limit, and takes a user without rights.
#[test]
fn a_process_without_threads_is_an_answer() {
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::set_permissions(here, fs::Permissions::from_mode(0o777)).unwrap();
    fs::copy(cargo_bin("nanobragg"), here.join("nanobragg")).unwrap();
    let scene = "-default_F 1 -cell 70 -detpixels 8 --device cpu --quiet -floatfile a.bin";
    for (processes, line) in [1, 2, 3]
        .iter()
        .flat_map(|n| [(n, scene), (n, "bench --sizes 8")])
    {
        let mut command = Command::new("bash");
        let line = format!("ulimit -u {processes}; exec ./nanobragg {line}");
        command.args(["-c", &line]).current_dir(here);
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {said}");
        assert!(
            said.contains("cannot start") && said.contains("ulimit -u"),
            "{line}: {said}"
        );
        assert!(!said.contains("panicked"), "{line}: {said}");
    }
}

/// Whether a process runs whose command line holds `mark`.
fn runs(mark: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(mark))
}

fn within(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let started = Instant::now();
    while started.elapsed() < patience {
        if holds() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

#[test]
fn what_was_started_ends_with_a_program_that_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    // A script, whose child does the waiting, under a name that no other process has.
    let mark = format!("86{}.25", std::process::id());
    let script = folder.path().join("slow");
    fs::write(&script, format!("#!/bin/sh\nsleep {mark}\nexit 1\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    for words in [
        "compare --reference ./slow -- -default_F 1 -cell 70 -detpixels 8",
        "bench --sizes 8 --device cpu --reference ./slow",
    ] {
        for signal in ["KILL", "TERM", "INT"] {
            let mut command = Command::new(cargo_bin("nanobragg"));
            command.current_dir(folder.path()).args(words.split(' '));
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let mut running = crate::support::hearing(&mut command).spawn().unwrap();
            assert!(within(Duration::from_secs(20), || runs(&mark)), "{words}");
            // The guard needs a moment, too.
            std::thread::sleep(Duration::from_millis(300));
            let id = running.id().to_string();
            let kill = Command::new("kill")
                .args([&format!("-{signal}"), &id])
                .status();
            assert!(kill.unwrap().success());
            running.wait().unwrap();
            assert!(
                within(Duration::from_secs(10), || !runs(&mark)),
                "{words} {signal}"
            );
        }
    }
}

#[test]
fn a_series_of_a_hundred_million_frames_starts_at_once_and_hears_ctrl_c() {
    let folder = tempfile::tempdir().unwrap();
    let words = "series --frames 100000000 -osc 0.000001 -default_F 1 -cell 70 -detpixels 4 --device cpu \
                 --out a_####.npy --out b_####.npy --quiet";
    let mut command = Command::new(cargo_bin("nanobragg"));
    command
        .current_dir(folder.path())
        .args(words.split_whitespace());
    let heard = crate::support::hearing(command.stderr(Stdio::null()));
    let mut running = heard.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(running.try_wait().unwrap().is_none());
    let id = running.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert!(
        within(Duration::from_secs(3), || running
            .try_wait()
            .unwrap()
            .is_some()),
        "deaf to Ctrl-C"
    );
    assert_eq!(running.wait().unwrap().code(), Some(130));
}
