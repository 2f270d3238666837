//! Where the time goes: spans of work on one time line, recorded when someone asks.
//!
//! Modules mark what they do with `tracing` spans whose target is one of the categories here:
//!
//! ```
//! let span = tracing::info_span!(target: nanobragg::profile::SETUP, "scene");
//! let scene = span.in_scope(|| "laid out");
//! # assert_eq!(scene, "laid out");
//! ```
//!
//! They cost next to nothing until [`start`] is called; what has ended since is then [`take`]n.
//! A span lies in the lane of the span around it, and in its thread's where there is none. Work
//! that is timed on a GPU comes as [`device_span`], in a lane of its own.

mod recorder;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tracing::Level;

pub use recorder::{start, take};

/// What every target of a span that is recorded starts with.
const PREFIX: &str = "nanobragg::";
/// A whole run.
pub const RUN: &str = "nanobragg::run";
/// Flags and input files.
pub const INPUT: &str = "nanobragg::input";
/// Getting ready: threads, device, pipelines, the scene and its buffers.
pub const SETUP: &str = "nanobragg::setup";
/// Evaluating terms.
pub const SIMULATION: &str = "nanobragg::simulation";
/// Bringing an image home from a device.
pub const READ_BACK: &str = "nanobragg::read-back";
/// Making and writing files.
pub const FILES: &str = "nanobragg::files";
/// Work as a GPU timed it.
pub const GPU: &str = "nanobragg::gpu";

/// A piece of work that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// What was done.
    pub name: String,
    /// Which part of a run it belongs to: a target of this module without its prefix.
    pub category: String,
    /// Number of the span, unique in its process.
    pub id: u64,
    /// Number of the span around it.
    pub parent: Option<u64>,
    /// Index into the profile's lanes.
    pub lane: usize,
    /// When it began, since recording started, ns.
    pub start_ns: u64,
    /// How long it took, ns.
    pub duration_ns: u64,
}

impl Span {
    /// When it ended, since recording started, ns.
    pub fn end_ns(&self) -> u64 {
        self.start_ns + self.duration_ns
    }
}

/// What was recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The spans, in the order in which they ended.
    pub spans: Vec<Span>,
    /// Names of the lanes: threads, and the GPU.
    pub lanes: Vec<String>,
    /// What could not be recorded, and why.
    pub notes: Vec<String>,
}

/// The part of a target that names its category; none for targets of others.
fn category(target: &str) -> Option<&str> {
    target.strip_prefix(PREFIX)
}

impl Profile {
    /// Takes in what was recorded later in the same process.
    pub fn append(&mut self, later: Profile) {
        let Profile {
            spans,
            lanes,
            notes,
        } = later;
        self.spans.extend(spans);
        // Lanes are only ever added.
        self.lanes = lanes;
        let new = notes.into_iter().filter(|note| !self.notes.contains(note));
        self.notes.extend(new.collect::<Vec<_>>());
    }

    /// The longest of [`RUN`], if one has ended: of a profile of one run, the span around all.
    pub fn root(&self) -> Option<&Span> {
        let runs = self.of(RUN);
        runs.max_by_key(|span| span.duration_ns)
    }

    /// The spans whose target is `target`.
    pub fn of<'a>(&'a self, target: &'a str) -> impl Iterator<Item = &'a Span> {
        let wanted = category(target);
        self.spans
            .iter()
            .filter(move |span| Some(span.category.as_str()) == wanted)
    }

    /// What is left of each span's time without its children's, ns, in the order of the spans.
    pub fn self_ns(&self) -> Vec<u64> {
        let mut inside = std::collections::HashMap::<u64, u64>::new();
        for span in &self.spans {
            if let Some(parent) = span.parent {
                *inside.entry(parent).or_default() += span.duration_ns;
            }
        }
        let left = |span: &Span| {
            let children = inside.get(&span.id).copied().unwrap_or(0);
            span.duration_ns.saturating_sub(children)
        };
        self.spans.iter().map(left).collect()
    }

    /// Seconds that a run spent on work of category `target`, its children's of other categories
    /// left out: over all categories these add up to the run. Work of other threads, for which
    /// the run waits, is not counted again.
    pub fn seconds_of(&self, target: &str) -> f64 {
        let wanted = category(target);
        let own = self.spans.iter().zip(self.self_ns());
        let counted = own.filter(|(span, _)| {
            let in_run = span.parent.is_some() || target == RUN;
            in_run && Some(span.category.as_str()) == wanted
        });
        // An empty sum of floats is -0.
        counted.map(|(_, ns)| ns).sum::<u64>() as f64 * 1e-9
    }
}

/// Whether anyone listens, so that a GPU need time its work.
pub fn recording() -> bool {
    tracing::enabled!(target: GPU, Level::INFO)
}

/// Records work that a GPU timed.
pub fn device_span(name: &'static str, started: Instant, duration: Duration) {
    let age_ns = started.elapsed().as_nanos() as u64;
    let duration_ns = duration.as_nanos() as u64;
    tracing::info!(target: GPU, name, age_ns, duration_ns);
}

/// Records that something could not be recorded.
pub fn note(what: &str) {
    tracing::info!(target: GPU, note = what);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A span of category `category` from `start` to `end`.
    fn span(id: u64, parent: Option<u64>, category: &str, start: u64, end: u64) -> Span {
        Span {
            name: format!("{category} {id}"),
            category: category.to_string(),
            id,
            parent,
            lane: 0,
            start_ns: start,
            duration_ns: end - start,
        }
    }

    #[test]
    fn categories_add_up_to_the_run() {
        let profile = Profile {
            spans: vec![
                span(3, Some(2), "setup", 20, 30),
                span(2, Some(1), "simulation", 10, 60),
                span(5, None, "simulation", 15, 55),
                span(4, Some(1), "files", 60, 95),
                span(1, None, "run", 0, 100),
            ],
            ..Profile::default()
        };
        let ns = |target| (profile.seconds_of(target) * 1e9).round();
        assert_eq!([ns(SETUP), ns(SIMULATION), ns(FILES)], [10.0, 40.0, 35.0]);
        assert_eq!(ns(RUN), 15.0, "what no child accounts for");
        let all = [RUN, INPUT, SETUP, SIMULATION, READ_BACK, FILES];
        assert_eq!(all.map(ns).iter().sum::<f64>(), 100.0);
        assert_eq!(profile.root().unwrap().id, 1);
    }
}
