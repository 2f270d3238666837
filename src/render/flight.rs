//! Shots that another thread makes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::shot::Shot;
use super::{Monitor, RenderError};

/// How often a shot that is waited for is looked after.
pub const LOOK: Duration = Duration::from_millis(50);

/// A shot that a thread of its own waits for.
pub struct Flight {
    pub watch: Arc<Relay>,
    pub landed: Receiver<Result<Shot, RenderError>>,
    pub thread: Option<JoinHandle<()>>,
}

/// What a thread tells a monitor that comes later, and is told by it.
#[derive(Debug, Default)]
pub struct Relay {
    /// The bits of the part that is done.
    done: AtomicU64,
    interrupted: AtomicBool,
}

impl Monitor for Relay {
    fn advanced(&self, part: f64) {
        self.done.store(part.to_bits(), Ordering::Relaxed);
    }

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

impl Flight {
    /// Waits for the shot.
    pub fn land(mut self, monitor: &dyn Monitor) -> Result<Shot, RenderError> {
        loop {
            match self.landed.recv_timeout(LOOK) {
                Ok(shot) => return shot,
                Err(RecvTimeoutError::Timeout) => {
                    let interrupted = monitor.interrupted();
                    self.watch
                        .interrupted
                        .fetch_or(interrupted, Ordering::Relaxed);
                    let done = f64::from_bits(self.watch.done.load(Ordering::Relaxed));
                    monitor.advanced(done);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    match self.thread.take().map(JoinHandle::join) {
                        Some(Err(panic)) => std::panic::resume_unwind(panic),
                        _ => return Err(RenderError::Interrupted),
                    }
                }
            }
        }
    }
}

impl Drop for Flight {
    /// Nobody waits for the shot any more: it is not made, and the device is left in peace before
    /// the process may end.
    fn drop(&mut self) {
        self.watch.interrupted.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
