//! Memory that is not there although there seemed to be enough: the end is an answer, too. Panics
//! that are errors are told as errors alone.

use crate::gpu::panics_are_errors;

/// Has the process, where it aborts, end with exit code 1 and a line that says what to do. Rust
/// aborts where memory cannot be had, and so do drivers.
#[cfg(unix)]
pub fn answer() {
    use nix::libc;
    use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

    extern "C" fn aborted(_: libc::c_int) {
        const ANSWER: &[u8] =
            b"nanobragg: the work broke off, most likely for want of memory; give \
            it more (ulimit -v, --device cpu, fewer --threads), or ask for less\n";
        // SAFETY: both may be called by the handler of a signal.
        unsafe {
            libc::write(libc::STDERR_FILENO, ANSWER.as_ptr().cast(), ANSWER.len());
            libc::_exit(1);
        }
    }

    let handler = SigHandler::Handler(aborted);
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler calls only what handlers may. Without it the process aborts as usual.
    let _ = unsafe { sigaction(Signal::SIGABRT, &action) };
}

/// Other systems end the process as they do.
#[cfg(not(unix))]
pub fn answer() {}

/// Has panics that the library makes errors of pass without a message of their own.
pub fn tell_panics() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panics_are_errors() {
            tell(panic);
        }
    }));
}
