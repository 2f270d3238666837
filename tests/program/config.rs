//! Experiment files: what is written renders the same image, flags override it, what is wrong with
//! one is said with its file, line and key.

mod idle;
mod images;
mod messages;
mod outputs;
mod overrides;
mod records;
mod round_trip;
mod seeds;

use crate::support;
use std::fs;
use std::path::Path;
use std::process::Output;

/// What the program says when it runs in `folder` with `words`.
fn run(folder: &Path, words: &[String]) -> Output {
    let mut program = support::program();
    program.current_dir(folder).args(words).output().unwrap()
}

/// Runs the program in `folder`, on the flags `line` of which files of `golden/` become paths.
fn run_line(folder: &Path, line: &str) -> Output {
    run(folder, &support::words(line))
}

/// [`run_line`], which has to succeed; what is said on standard error.
fn rendered(folder: &Path, line: &str) -> String {
    let output = run_line(folder, line);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}: {said}");
    said
}

/// A text file of `folder`.
fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The experiment file that the documentation explains.
fn example() -> String {
    let page = fs::read_to_string(support::golden_path("../docs/config.md")).unwrap();
    let (_, example) = page.split_once("```toml\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    example.to_string()
}
