//! The `nanobragg` program; everything is in the library's [`nanobragg::cli`].

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Result<Vec<String>, OsString> = std::env::args_os()
        .skip(1)
        .map(OsString::into_string)
        .collect();
    match words {
        Ok(words) => nanobragg::cli::run(&words),
        Err(word) => nanobragg::cli::CliError::usage(format!(
            "{}: not UTF-8; give files names that are",
            word.to_string_lossy()
        ))
        .report(),
    }
}
