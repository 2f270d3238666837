//! Ctrl-C in the middle of a series leaves no half file.

#![cfg(unix)]

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nanobragg::formats::cbf;

use super::{names, nanobragg};

/// Stops a long series once `ready` is true of its folder; exit code and standard error.
fn stopped(here: &Path, outputs: &str, ready: impl Fn(&Path) -> bool) -> (Option<i32>, String) {
    use nix::sys::signal::{Signal, kill};
    let line = format!(
        "series --frames 100000 --random-orientations -default_F 100 -cell 70 80 90 -N 5 -detpixels 300 \
         -seed 1 {outputs}"
    );
    let child = crate::support::hearing(&mut nanobragg(here, &line))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !ready(here) {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "it never started"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
    kill(
        nix::unistd::Pid::from_raw(child.id() as i32),
        Signal::SIGINT,
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn a_file_of_all_frames_is_not_written_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // A folder without rubbish: the file in the making is there, under another name.
    let begun = |here: &Path| {
        let files = std::fs::read_dir(here).unwrap();
        files
            .flatten()
            .any(|file| file.metadata().is_ok_and(|data| data.len() > 100_000))
    };
    let (code, said) = stopped(here, "--out scan.h5", begun);
    assert_eq!(code, Some(130), "{said}");
    assert!(
        said.contains("interrupted after") && said.contains("no file was written"),
        "{said}"
    );
    assert_eq!(names(here), Vec::<String>::new());
}

#[test]
fn numbered_files_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let third = |here: &Path| here.join("a_000003.cbf").exists();
    let (code, said) = stopped(here, "--out a_######.cbf --out all.nxs", third);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("are whole and stay"), "{said}");
    let names = names(here);
    assert!(names.len() >= 3);
    for (index, name) in names.iter().enumerate() {
        assert_eq!(*name, format!("a_{:06}.cbf", index + 1));
        cbf::parse(&std::fs::read(here.join(name)).unwrap()).unwrap();
    }
}
