//! What a file may make the program do: the lines of docs/security.md that no other test shows.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assert_cmd::Command;
use serde_json::json;

use crate::support::panel_files::{experiment_list, file, geometry_file};
use crate::support::{experiment, program};

/// A crystal and a detector that are sound and small.
const SOUND: &str = "-default_F 100 -cell 100 -N 5 -lambda 1 -detpixels 8";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The program with the words of `line`, in `folder`.
fn line(folder: &Path, line: &str) -> Command {
    let mut command = program();
    command.current_dir(folder).args(line.split(' '));
    command
}

/// A pipe that nobody writes into has who opens it wait without end.
#[cfg(unix)]
#[test]
fn foreign_files_open_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let trap = here.join("trap");
    let made = std::process::Command::new("mkfifo").arg(&trap).status();
    assert!(made.unwrap().success());
    let trap = trap.to_str().unwrap();
    let experiment = experiment(SOUND);
    let panels = &experiment.detector().panels;
    let mut list = experiment_list(&experiment, panels);
    list["experiment"][0]["imageset"] = json!(0);
    list["imageset"] = json!([{
        "__id__": "ImageSequence", "template": trap, "images": [trap], "mask": trap, "gain": trap,
        "pedestal": trap, "dx": trap, "dy": trap, "params": {"command": trap},
    }]);
    list["detector"][0]["panels"][0]["gain_file"] = json!(trap);
    file(here, "list.expt", list.to_string());
    let masks =
        format!("mask_file = {trap}\nmask0_file = {trap}\nmask0_data = /mask\ndata = {trap}\n");
    file(here, "panels.geom", masks + &geometry_file(panels, 1e-10));
    let header = format!(
        "{{\nHEADER_BYTES=512;\nSIZE1=8;\nSIZE2=8;\nPIXEL_SIZE=0.1;\nTYPE=unsigned_short;\n\
         BYTE_ORDER=little_endian;\nDARK={trap};\nFILENAME={trap};\n}}\n"
    );
    let mut image = format!("{header:512}").into_bytes();
    image.extend([1; 8 * 8 * 2]);
    file(here, "image.img", image);
    file(
        here,
        "atoms.cif",
        format!("data_x\n_software.name {trap}\nloop_\n_atom_type_scat.source\n{trap}\n"),
    );
    for words in [
        "--expt list.expt -default_F 100 -N 5 --out a.bin",
        "--geom panels.geom -default_F 100 -cell 100 -N 5 --out b.bin",
        "-img image.img -mask image.img -default_F 100 -cell 100 -N 5 --out c.bin",
        "info image.img",
        "convert image.img d.cbf",
        "--pdb atoms.cif -N 5 -detpixels 8 --out e.bin",
    ] {
        let output = line(here, words).timeout(Duration::from_secs(20)).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        let ended = output.status.code();
        assert!(ended.is_some(), "{words} opens what a file names: {said}");
        // The last file has no atoms.
        assert_eq!(
            ended == Some(0),
            !words.contains("atoms"),
            "{words}: {said}"
        );
    }
    let caught = line(here, &format!("{SOUND} -mask trap --out f.bin"))
        .timeout(Duration::from_secs(1))
        .output();
    assert_eq!(caught.unwrap().status.code(), None, "the trap is open");
}

/// Every file of Rust below `folder`.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn programs_are_started_by_two_commands_and_the_network_is_used_by_none() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let with = |words: &[&str]| {
        let mut found: Vec<String> = Vec::new();
        for path in &files {
            let source = fs::read_to_string(path).unwrap();
            let code = source
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            let code = code.take_while(|line| !line.starts_with("#[cfg(test)]"));
            if code
                .into_iter()
                .any(|line| words.iter().any(|word| line.contains(word)))
            {
                let inside = path.strip_prefix(root()).unwrap();
                found.push(inside.to_str().unwrap().replace('\\', "/"));
            }
        }
        found.sort();
        found
    };
    // `bench` starts this program itself, and both commands the one that --reference names.
    let starts = with(&[
        "process::Command",
        "process::{Command",
        "libloading",
        "dlopen",
        "execv",
    ]);
    let expected = ["bench/measure.rs", "process.rs", "reference/mod.rs"];
    assert_eq!(starts, expected.map(|name| format!("src/cli/{name}")));
    assert!(with(&["std::net", "net::", "TcpStream", "UdpSocket"]).is_empty());
}

/// The links of `page`: what they show, and where they lead.
fn links(page: &str) -> Vec<(&str, &str)> {
    let opened = page.match_indices("](");
    let link = |(place, _): (usize, &str)| {
        let shown = page[..place].rsplit_once('[')?.1;
        let leads = page[place + 2..].split_once(')')?.0;
        Some((shown.trim_matches('`'), leads))
    };
    opened.filter_map(link).collect()
}

#[test]
fn every_line_about_files_names_tests_that_exist() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let (_, promised) = page
        .split_once("## What a file may make the program do")
        .unwrap();
    let (promised, _) = promised.split_once("\n## ").unwrap();
    let mut tests = 0;
    let rows = promised.lines().filter(|line| line.starts_with('|'));
    for row in rows.filter(|row| !row.starts_with("|---") && *row != "| what | test |") {
        let named = links(row);
        assert!(!named.is_empty(), "no test: {row}");
        for (name, leads) in named {
            let path = root().join("docs").join(leads);
            let source =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{leads}: {error}"));
            if leads.ends_with(".rs") {
                let before = source.split_once(&format!("fn {name}("));
                let attributes = before.map(|(before, _)| before.trim_end().lines().rev());
                let attributes = attributes.into_iter().flatten();
                let is_test = attributes
                    .take_while(|line| line.trim_start().starts_with("#["))
                    .any(|line| line.trim() == "#[test]");
                assert!(is_test, "{leads} has no test {name}");
                tests += 1;
            } else {
                assert!(leads.ends_with(name), "{name} is {leads}");
            }
        }
    }
    assert!(tests > 20, "{tests}");
}
