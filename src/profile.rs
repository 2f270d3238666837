//! Marks in the code that say what is being done, for whoever records them.
//!
//! Modules wrap their work in `tracing` spans. The target of a span is one of the categories here:
//!
//! ```
//! let span = tracing::info_span!(target: nanobragg::profile::SETUP, "scene");
//! let scene = span.in_scope(|| "laid out");
//! # assert_eq!(scene, "laid out");
//! ```
//!
//! A span costs next to nothing unless the program around this library has a `tracing` subscriber.
//! The library sets none.

use std::time::{Duration, Instant};

use tracing::Level;

/// Prefix of the target of every span of this library.
pub const PREFIX: &str = "nanobragg::";
/// A whole run.
pub const RUN: &str = "nanobragg::run";
/// Flags and input files.
pub const INPUT: &str = "nanobragg::input";
/// Getting ready: threads, device, pipelines, the scene and its buffers.
pub const SETUP: &str = "nanobragg::setup";
/// Evaluating terms.
pub const SIMULATION: &str = "nanobragg::simulation";
/// Copying an image from a device to the host.
pub const READ_BACK: &str = "nanobragg::read-back";
/// Making and writing files.
pub const FILES: &str = "nanobragg::files";
/// Work as a GPU timed it.
pub const GPU: &str = "nanobragg::gpu";

/// Whether a subscriber listens. Only then does a GPU need to time its work.
pub fn recording() -> bool {
    tracing::enabled!(target: GPU, Level::INFO)
}

/// Reports work `name` that a GPU timed: it began at `started` and took `duration`.
pub fn device_span(name: &'static str, started: Instant, duration: Duration) {
    let age_ns = started.elapsed().as_nanos() as u64;
    let duration_ns = duration.as_nanos() as u64;
    tracing::info!(target: GPU, name, age_ns, duration_ns);
}

/// Reports that something could not be timed, and why.
pub fn note(what: &str) {
    tracing::info!(target: GPU, note = what);
}
