//! The threads of the CPU path, which also do what a GPU leaves to the host.

use std::error::Error;
use std::sync::Arc;
#[cfg(feature = "gpu")]
use std::thread::JoinHandle;
use std::thread::{Builder, Scope, ScopedJoinHandle, available_parallelism};

use tracing::{Span, info_span};

use super::RenderError;
use crate::profile::SETUP;

/// The error that so many threads, 0 for one per core, are not there.
fn not_started(threads: usize, reason: &impl ToString) -> RenderError {
    let cores = || available_parallelism().map_or(1, usize::from);
    RenderError::Threads {
        threads: if threads == 0 { cores() } else { threads },
        reason: reason.to_string(),
    }
}

/// Has a thread of its own do `work`.
///
/// # Errors
/// [`RenderError::Threads`] when the system gives none.
pub fn spawn_scoped<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, RenderError> {
    let spawned = Builder::new().spawn_scoped(scope, work);
    spawned.map_err(|error| not_started(1, &error))
}

/// Has a thread of its own do `work`, however long whoever asks lives.
///
/// # Errors
/// [`RenderError::Threads`] when the system gives none.
#[cfg(feature = "gpu")]
pub fn spawn(work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, RenderError> {
    let spawned = Builder::new().spawn(work);
    spawned.map_err(|error| not_started(1, &error))
}

/// A pool of threads. A clone is the same pool.
#[derive(Debug, Clone)]
pub struct Threads(Arc<rayon::ThreadPool>);

impl Threads {
    /// So many threads; 0 for one per core.
    ///
    /// # Errors
    /// [`RenderError::Threads`] when they cannot be started.
    pub fn start(threads: usize) -> Result<Threads, RenderError> {
        let _span = info_span!(target: SETUP, "start threads").entered();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let pool = pool.build().map_err(|error| not_started(threads, &error))?;
        Ok(Threads(Arc::new(pool)))
    }

    /// Starts the threads, one per core, that work outside of any pool is shared among. Without
    /// them rayon would panic.
    ///
    /// # Errors
    /// [`RenderError::Threads`] when they cannot be started.
    pub fn start_shared() -> Result<(), RenderError> {
        match rayon::ThreadPoolBuilder::new().build_global() {
            // An error without a cause says that they run already.
            Err(error) if error.source().is_some() => Err(not_started(0, &error)),
            _ => Ok(()),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    /// Runs `work` on them and waits for it. In a profile it lies in the caller's lane.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let span = Span::current();
        self.0.install(|| span.in_scope(work))
    }

    /// Has one of them do `work` some time.
    #[cfg(feature = "gpu")]
    pub fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        self.0.spawn(work);
    }
}
