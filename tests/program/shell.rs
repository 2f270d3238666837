//! What makes the program at home in a shell: completions, manual pages, colours, pipes, version.

mod completions;
mod manual;
mod terminal;

use std::process::Command;

use crate::support::program;

/// What `command` prints; it must succeed.
pub fn output(command: &mut Command) -> String {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .output()
        .unwrap_or_else(|error| panic!("{name}: {error}; tests/run installs it"));
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{name}: {errors}");
    String::from_utf8(done.stdout).unwrap()
}

/// What the program prints for `words`.
pub fn printed(words: &[&str]) -> String {
    let done = program().args(words).assert().success();
    String::from_utf8(done.get_output().stdout.clone()).unwrap()
}

/// The commands that help lists.
pub fn commands() -> Vec<String> {
    let help = printed(&["-h"]);
    let usage = help
        .lines()
        .filter_map(|line| line.trim().strip_prefix("nanobragg "));
    let names = usage.filter_map(|rest| rest.split_whitespace().next());
    let names = names.filter(|name| !name.starts_with('-'));
    names.map(str::to_string).collect()
}
