//! NXmx files through our own reader and through h5py and nxmx, which `./tests/run` installs and names
//! in NB_PYTHON; and `nanobragg series`, which writes them.

mod convert;
mod damage;
mod foreign;
mod frames;
mod geometry;
mod interrupt;
mod links;
mod series;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::cargo::CommandCargoExt;
use nanobragg::formats::encoding::{Compression, Encoding, Number};
use nanobragg::formats::header::Header;
use nanobragg::formats::metadata::{FrameMetadata, Metadata};
use nanobragg::formats::nxmx::{self, NxmxReader};
use nanobragg::formats::raster::Raster;
use nanobragg::memory::Bytes;
use serde_json::Value;

use crate::support::names;

/// The most bytes of a frame that is read.
const MOST: Bytes = Bytes(1 << 30);

/// NXmx with these numbers, compressed so.
fn encoding(number: Number, compression: Compression) -> Encoding {
    Encoding {
        compression,
        ..Encoding::new(nxmx::FORMAT, number)
    }
}

/// Writes a file of one frame.
fn write_frame(
    path: &Path,
    frame: &Raster,
    encoding: Encoding,
    metadata: (Metadata, FrameMetadata),
) {
    let header = Header {
        metadata: Some(metadata),
        ..Header::default()
    };
    let file = encoding.write(path, frame.view(), &header).unwrap();
    file.commit().unwrap();
}

/// A Python that has h5py, hdf5plugin and nxmx, and the script that uses them.
pub fn python(task: &str) -> Command {
    let python = std::env::var("NB_PYTHON").expect(
        "NB_PYTHON names no Python with h5py, hdf5plugin and nxmx: run ./tests/run, which installs one",
    );
    let mut command = Command::new(python);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/read_nxmx.py");
    command.arg(script).arg(task);
    command
}

/// What the package nxmx makes of the files at `paths`.
fn said(paths: &[PathBuf]) -> Vec<Value> {
    let output = python("said").args(paths).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{paths:?}: {complaint}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Makes sure that two files say the same, but for the last digits of the panels' places, which are
/// sums.
fn say_the_same(one: &NxmxReader, other: &NxmxReader) {
    let mut found = one.metadata().clone();
    for (panel, expected) in found.panels.iter_mut().zip(&other.metadata().panels) {
        assert!(panel.origin_m.distance(expected.origin_m) < 1e-15);
        panel.origin_m = expected.origin_m;
    }
    assert!(found == *other.metadata());
}

/// The program in the folder `here`, on the CPU path unless `line` says otherwise.
pub fn nanobragg(here: &Path, line: &str) -> Command {
    let mut command = Command::cargo_bin("nanobragg").unwrap();
    command
        .current_dir(here)
        .args(line.split_whitespace())
        .env("NANOBRAGG_DEVICE", "cpu")
        // Mesa's Vulkan layers complain on standard error where a session has no such folder.
        .env("XDG_RUNTIME_DIR", std::env::temp_dir());
    command
}

/// Standard output and standard error of a run that succeeds.
fn output(here: &Path, line: &str) -> (String, String) {
    let output = nanobragg(here, line).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}\n{said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}

fn json(here: &Path, line: &str) -> Value {
    serde_json::from_str(&output(here, line).0).unwrap()
}

/// Exit code and standard error.
fn refused(here: &Path, line: &str) -> (i32, String) {
    let output = nanobragg(here, line).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), said)
}
