//! The `nanobragg` program; everything is in the library's [`nanobragg::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    // A path that is not UTF-8 loses what cannot be shown; the file is then reported as missing.
    let words: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    nanobragg::cli::run(&words)
}
