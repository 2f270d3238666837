//! A series that ends early leaves no half file, and what is whole of it can be used and gone on
//! with.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nanobragg::formats::cbf;
use nanobragg::formats::format::FrameReader;
use nanobragg::formats::nxmx::NxmxReader;
use nanobragg::formats::raster::Raster;
use nix::sys::signal::{Signal, kill};

use super::{json, names, nanobragg, output, python, refused};

/// Stops a long series by a signal once `ready` is true of its folder; exit code and standard
/// error.
fn stopped(
    here: &Path,
    flags: &str,
    signal: Signal,
    ready: impl Fn(&Path) -> bool,
) -> (Option<i32>, String) {
    let line = format!("series {CRYSTAL} {flags}");
    let child = crate::support::hearing(&mut nanobragg(here, &line))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(here, ready);
    kill(process(&child), signal).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

fn process(child: &Child) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(child.id() as i32)
}

fn wait_for(here: &Path, ready: impl Fn(&Path) -> bool) {
    let started = Instant::now();
    while !ready(here) {
        let waited = started.elapsed();
        assert!(waited < Duration::from_secs(60), "it never started");
        std::thread::sleep(Duration::from_millis(2));
    }
}

const CRYSTAL: &str =
    "--random-orientations -default_F 100 -cell 70 80 90 -N 5 -detpixels 100 -seed 1";

/// Series of so few frames that the test sees their end, and so many that it can stop them before.
const FRAMES: usize = 60;

fn frames(path: &Path) -> Vec<Raster> {
    let file = NxmxReader::open(path, super::MOST).unwrap();
    let count = file.frames();
    (0..count).map(|index| file.frame(index).unwrap()).collect()
}

/// The frames, and what is known of each.
fn content(path: &Path) -> (Vec<Raster>, Vec<String>) {
    let file = NxmxReader::open(path, super::MOST).unwrap();
    let known = (0..file.frames()).map(|index| format!("{:?}", file.frame_metadata(index)));
    (frames(path), known.collect())
}

#[test]
fn a_series_that_is_stopped_can_be_used_and_gone_on_with() {
    for (name, partial) in [
        ("scan.h5", "scan_partial.h5"),
        ("s_master.h5", "s_master.h5"),
    ] {
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
            let folder = tempfile::tempdir().unwrap();
            let here = folder.path();
            let flags = format!("--frames {FRAMES} --out {name} --frames-per-file 7 -oversample 3");
            let begun = |here: &Path| here.join(partial).exists();
            let (code, said) = stopped(here, &flags, signal, begun);
            let kept = frames(&here.join(partial));
            assert!((7..FRAMES).contains(&kept.len()), "{}", kept.len());
            if signal == Signal::SIGKILL {
                assert_eq!(kept.len() % 7, 0);
            } else {
                assert_eq!(code, Some(130), "{said}");
                let told = format!("{partial} has the first {}", kept.len());
                assert!(
                    said.contains(&told) && said.contains("--continue"),
                    "{said}"
                );
                assert!(
                    said.contains(&format!("after {} of {FRAMES}", kept.len())),
                    "{said}"
                );
            }
            assert!(names(here).iter().all(|name| !name.starts_with("scan.h5")));
            // Others read what is there.
            let read = python("parts").arg(here.join(partial)).output().unwrap();
            let complaint = String::from_utf8_lossy(&read.stderr);
            assert!(read.status.success(), "{complaint}");
            assert_eq!(
                String::from_utf8_lossy(&read.stdout).trim(),
                kept.len().to_string()
            );
            let line = format!("series {CRYSTAL} {flags} --continue --json");
            let summary = json(here, &line);
            assert_eq!(summary["frames_of_an_earlier_run"], kept.len());
            assert_eq!(
                summary["images"].as_array().unwrap().len(),
                FRAMES - kept.len()
            );
            let gone_on = content(&here.join(name));
            assert_eq!(gone_on.0[..kept.len()], kept[..]);
            let fresh = tempfile::tempdir().unwrap();
            output(fresh.path(), &format!("series {CRYSTAL} {flags} --quiet"));
            assert!(gone_on == content(&fresh.path().join(name)));
            // The files are those of one go, byte for byte.
            let left: Vec<String> = names(here);
            let left: Vec<_> = left.iter().filter(|name| !name.starts_with('.')).collect();
            assert_eq!(left, names(fresh.path()).iter().collect::<Vec<_>>());
            for name in left {
                let [one, other] = [here, fresh.path()].map(|at| fs::read(at.join(name)).unwrap());
                assert!(one == other, "{name} after {signal}");
            }
            // Once more: everything is there.
            let summary = json(here, &line);
            assert_eq!(summary["frames_of_an_earlier_run"], FRAMES);
        }
    }
}

#[test]
fn another_series_is_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let flags = format!("--frames {FRAMES} --out scan.h5 --frames-per-file 5 -oversample 3");
    let begun = |here: &Path| here.join("scan_partial.h5").exists();
    stopped(here, &flags, Signal::SIGINT, begun);
    let before = fs::read(here.join("scan_partial.h5")).unwrap();
    for (other, difference) in [
        ("-N 6", "cells"),
        ("-seed 2", "misset"),
        ("--frames 61", "frames = 61"),
        ("-detpixels 90", "pixels"),
    ] {
        let line = format!("series {CRYSTAL} {flags} --continue {other}");
        let (code, said) = refused(here, &line);
        assert_eq!(code, 1, "{said}");
        assert!(
            said.contains("scan_partial.h5") && said.contains("of another series"),
            "{said}"
        );
        assert!(said.contains(difference), "{difference}: {said}");
    }
    assert!(fs::read(here.join("scan_partial.h5")).unwrap() == before);
    // Nothing has been done yet that could have ended.
    let (_, said) = refused(here, &format!("series {CRYSTAL} {flags} --continue -N 6"));
    assert!(!said.contains("the series ended"), "{said}");
    // Without records nobody knows whose frames these are.
    let none = "--continue --record none";
    let (code, said) = refused(here, &format!("series {CRYSTAL} {flags} {none}"));
    assert!(code == 2 && said.contains("--continue"), "{said}");
    assert!(
        said.contains("--record") && said.contains("full or relative"),
        "{said}"
    );
}

/// A file of all frames that was renamed to a master would be replaced by one that leads to itself.
#[test]
fn a_file_that_holds_its_frames_is_not_gone_on_with_as_a_master() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = format!("series {CRYSTAL} --frames 3 -oversample 1");
    output(here, &format!("{line} --out scan.h5 --quiet"));
    fs::rename(here.join("scan.h5"), here.join("s_master.h5")).unwrap();
    let before = fs::read(here.join("s_master.h5")).unwrap();
    let (code, said) = refused(here, &format!("{line} --out s_master.h5 --continue"));
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains("s_master.h5") && said.contains("s_data_000001.h5"),
        "{said}"
    );
    assert!(fs::read(here.join("s_master.h5")).unwrap() == before);
}

#[test]
fn numbered_files_are_whole_and_are_not_rendered_again() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let third = |here: &Path| here.join("a_000003.cbf").exists();
    let flags = format!("--frames {FRAMES} -oversample 3 --out a_######.cbf --out all.nxs");
    let (code, said) = stopped(here, &flags, Signal::SIGINT, third);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("are whole and stay"), "{said}");
    let numbered = |name: &&String| name.ends_with(".cbf");
    let there: Vec<String> = names(here).iter().filter(numbered).cloned().collect();
    assert!((3..FRAMES).contains(&there.len()));
    for (index, name) in there.iter().enumerate() {
        assert_eq!(*name, format!("a_{:06}.cbf", index + 1));
        cbf::parse(&fs::read(here.join(name)).unwrap()).unwrap();
    }
    let age = |name: &str| fs::metadata(here.join(name)).unwrap().modified().unwrap();
    let before = age(&there[0]);
    // One of them is lost: it alone is rendered again.
    fs::remove_file(here.join("a_000002.cbf")).unwrap();
    output(
        here,
        &format!("series {CRYSTAL} {flags} --continue --quiet"),
    );
    assert_eq!(age(&there[0]), before);
    let fresh = tempfile::tempdir().unwrap();
    output(fresh.path(), &format!("series {CRYSTAL} {flags} --quiet"));
    assert_eq!(names(here), names(fresh.path()));
    for name in names(here) {
        let [one, other] = [here, fresh.path()].map(|at| fs::read(at.join(&name)).unwrap());
        assert!(one == other, "{name}");
    }
    let (code, said) = refused(
        here,
        &format!("series {CRYSTAL} {flags} --continue -lambda 1.1"),
    );
    assert!(
        code == 1 && said.contains("a_000001.cbf") && said.contains("another series"),
        "{said}"
    );
}

/// A limit on the size of files stands for a full disk.
#[test]
fn a_disk_without_room_costs_what_there_is_no_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let program = assert_cmd::cargo::cargo_bin("nanobragg");
    // Blocks of 512 bytes: five frames of 40,000 bytes have room, the sixth and its file have not.
    let line = format!(
        "trap '' XFSZ; ulimit -f 450; exec {} series {CRYSTAL} --frames 40 --frames-per-file 5 \
         --compression none --out scan.h5 --quiet",
        program.display()
    );
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(&line).current_dir(here);
    let run = shell.env("NANOBRAGG_DEVICE", "cpu").output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr).into_owned();
    // The frames have room in their data files, and not in one file of all.
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("scan_partial.h5 has the first 40"), "{said}");
    assert!(!said.contains("whole and stay"), "told once: {said}");
    assert_eq!(frames(&here.join("scan_partial.h5")).len(), 40);
    let line = format!(
        "series {CRYSTAL} --frames 40 --frames-per-file 5 --compression none --out scan.h5 \
         --continue --json"
    );
    assert_eq!(json(here, &line)["frames_of_an_earlier_run"], 40);
    assert_eq!(names(here), ["scan.h5"]);
    assert_eq!(frames(&here.join("scan.h5")).len(), 40);
}

/// The old file stays until the new one is whole; what an earlier series kept is replaced.
#[test]
fn a_series_that_is_stopped_leaves_an_earlier_one_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    output(
        here,
        &format!("series {CRYSTAL} --frames 2 --out scan.h5 --quiet"),
    );
    let old = fs::read(here.join("scan.h5")).unwrap();
    let flags = format!("--frames {FRAMES} --out scan.h5 --frames-per-file 5 -oversample 3");
    let begun = |here: &Path| here.join("scan_partial.h5").exists();
    stopped(here, &flags, Signal::SIGTERM, begun);
    assert!(fs::read(here.join("scan.h5")).unwrap() == old);
    let first = frames(&here.join("scan_partial.h5"));
    stopped(here, &format!("{flags} -N 6"), Signal::SIGKILL, |here| {
        NxmxReader::open(&here.join("scan_partial.h5"), super::MOST)
            .is_ok_and(|file| file.frame(0).unwrap() != first[0])
    });
    let second = frames(&here.join("scan_partial.h5"));
    assert!(second.iter().all(|frame| !first.contains(frame)));
}

#[test]
fn more_panels_than_can_be_written_are_refused_before_the_render() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut text = String::from("photon_energy = 12398\nclen = 0.1\nres = 10000\n");
    for panel in 0..16_385 {
        let last = panel + 1;
        text.push_str(&format!(
            "p{panel}/min_fs = 0\np{panel}/max_fs = 1\np{panel}/min_ss = {}\np{panel}/max_ss = {}\n\
             p{panel}/fs = +1.0x +0.0y\np{panel}/ss = +0.0x +1.0y\np{panel}/corner_x = -1\n\
             p{panel}/corner_y = {last}\n",
            2 * panel,
            2 * panel + 1
        ));
    }
    fs::write(here.join("d.geom"), text).unwrap();
    let line = "-default_F 100 -cell 70 80 90 -N 3 -lambda 1 --geom d.geom --out d.h5";
    let (code, said) = refused(here, line);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("16385 panels") && said.contains("16384"),
        "{said}"
    );
}
