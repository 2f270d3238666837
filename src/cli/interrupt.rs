//! Ctrl-C and its like: the work stops in good order and leaves no file.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;

use crate::render::Monitor;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Has SIGINT, SIGTERM and SIGHUP stop the work instead of the process. A second one ends it.
///
/// # Errors
/// When the system takes no handler.
pub fn catch() -> anyhow::Result<()> {
    /// What a shell reports for a process ended by SIGINT.
    const ENDED: i32 = 130;
    ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(ENDED);
        }
    })
    .context("cannot catch Ctrl-C")
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
