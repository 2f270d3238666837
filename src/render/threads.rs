//! The threads of the CPU path, which also do what a GPU leaves to the host.

use std::sync::Arc;

use tracing::{Span, info_span};

use super::RenderError;
use crate::profile::SETUP;

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
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| RenderError::Threads {
                threads,
                reason: error.to_string(),
            })?;
        Ok(Threads(Arc::new(pool)))
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
