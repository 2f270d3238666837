//! Ctrl-C and its like: the work stops in good order, or else is ended, and leaves no half file.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

#[cfg(not(unix))]
use anyhow::Context;

use super::error::tell;
#[cfg(unix)]
use crate::formats::told;
use crate::formats::whole;
use crate::render::Monitor;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Somebody tells, or has told, what became of the work.
static TOLD: AtomicBool = AtomicBool::new(false);

/// What a shell reports for a process ended by SIGINT.
pub const EXIT_CODE: u8 = 130;

/// How long the work has to stop in good order. Renders look every few milliseconds; files may be
/// in the middle of something that takes longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// Has SIGINT, SIGTERM and SIGHUP stop the work instead of the process: those that are not ignored,
/// as nohup has SIGHUP ignored. A second one, or work that does not stop soon, ends the process.
///
/// # Errors
/// When the system takes no handler.
#[cfg(unix)]
pub fn catch() -> anyhow::Result<()> {
    use nix::sys::signal::Signal;
    use signal_hook::iterator::Signals;
    const STEP: Duration = Duration::from_millis(10);
    let caught = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];
    let caught = caught.into_iter().filter(|&signal| !is_ignored(signal));
    let caught = caught.map(|signal| signal as i32).collect::<Vec<_>>();
    let mut signals = Signals::new(caught).map_err(uncaught)?;
    let wait = move || {
        if signals.forever().next().is_some() {
            INTERRUPTED.store(true, Ordering::Relaxed);
            let mut patience = PATIENCE;
            while !patience.is_zero() && signals.pending().next().is_none() {
                std::thread::sleep(STEP);
                patience = patience.saturating_sub(STEP);
            }
            end();
        }
    };
    let thread = std::thread::Builder::new().name("signals".into());
    let spawned = thread.spawn(wait);
    spawned.map_err(|reason| {
        anyhow::anyhow!(
            "cannot start the thread that waits for Ctrl-C: {reason}; raise the limit on processes \
             (ulimit -u)"
        )
    })?;
    Ok(())
}

/// Has Ctrl-C stop the work instead of the process. A second one ends the process.
///
/// # Errors
/// When the system takes no handler.
#[cfg(not(unix))]
pub fn catch() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            end();
        }
        std::thread::spawn(|| {
            std::thread::sleep(PATIENCE);
            end();
        });
    })
    .context("cannot catch Ctrl-C")
}

/// Why Ctrl-C cannot be caught.
#[cfg(unix)]
fn uncaught(reason: std::io::Error) -> anyhow::Error {
    anyhow::anyhow!("cannot catch Ctrl-C: {}", told(&reason))
}

/// Whether whoever started this process had it ignore `signal`.
#[cfg(unix)]
fn is_ignored(signal: nix::sys::signal::Signal) -> bool {
    use nix::libc::{SIG_IGN, sigaction};
    let mut action = std::mem::MaybeUninit::<sigaction>::uninit();
    // SAFETY: without a new action the system only fills in the present one, unless it fails.
    unsafe {
        nix::libc::sigaction(signal as i32, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == SIG_IGN
    }
}

/// Ends the process: takes half files away, and tells what is left.
fn end() -> ! {
    let placed = whole::abandon();
    if has_the_last_word() {
        tell(&format!("interrupted; {}", left(&placed)));
    } else {
        // The message of who was faster is short.
        std::thread::sleep(PATIENCE / 10);
    }
    // Nothing is taken apart on the way out: drivers may take long, or crash while threads work.
    #[cfg(unix)]
    // SAFETY: it does not return.
    unsafe {
        nix::libc::_exit(EXIT_CODE.into())
    }
    #[cfg(not(unix))]
    std::process::exit(EXIT_CODE.into())
}

/// Whether the caller is the first who tells what became of the work, which then nobody else does.
pub fn has_the_last_word() -> bool {
    !TOLD.swap(true, Ordering::Relaxed)
}

/// What the user is told of the files `placed` by work that did not come to its end.
pub fn left(placed: &[PathBuf]) -> String {
    // A folder of files may have been removed since.
    let there = placed.iter().filter(|path| path.exists());
    let names: Vec<String> = there.map(|path| path.display().to_string()).collect();
    match names.as_slice() {
        [] => "no file was written".into(),
        [one] => format!("{one} is whole and stays, others were not written"),
        [first, .., last] if names.len() > 4 => format!(
            "{} files are whole and stay, {first} to {last}, others were not written",
            names.len()
        ),
        some => format!(
            "{} are whole and stay, others were not written",
            some.join(", ")
        ),
    }
}

/// Stops a render when the user asks for it.
pub struct CtrlC;

impl Monitor for CtrlC {
    fn interrupted(&self) -> bool {
        interrupted()
    }
}

/// Whether the user asked to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
