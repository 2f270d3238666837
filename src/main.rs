//! The `nanobragg` program; everything is in the library's [`nanobragg::cli`].

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    quiet_drivers();
    heed_file_limit();
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

/// Makes a file that outgrows its limit (`ulimit -f`) an error like that of a full disk, where it
/// would end the process.
fn heed_file_limit() {
    #[cfg(unix)]
    {
        use nix::sys::signal::{SigHandler, Signal, signal};
        // SAFETY: to ignore a signal runs no code of ours. The system knows this one.
        let _ = unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) };
    }
}

/// Names the folder that Mesa's Vulkan layers look for a display in. A session without a display has
/// none, and libwayland would then print an error for every look at the adapters.
fn quiet_drivers() {
    const FOLDER: &str = "XDG_RUNTIME_DIR";
    if cfg!(target_os = "linux") && std::env::var_os(FOLDER).is_none() {
        // SAFETY: no other thread runs yet that could read the environment.
        unsafe { std::env::set_var(FOLDER, std::env::temp_dir()) };
    }
}
