//! The timeline of a run: spans of work of all threads and of the GPU, against one clock.

mod chrome;
mod hot_spots;
mod recorder;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::profile::{PREFIX, RUN};

pub use chrome::chrome_json;
pub use hot_spots::HotSpots;
pub use recorder::Recorder;

/// A piece of work that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// What was done.
    pub name: String,
    /// The part of a run that the work belongs to: a target of [`crate::profile`] without its
    /// prefix.
    pub category: String,
    /// Number of the span, unique in its process.
    pub id: u64,
    /// Number of the span around this one.
    pub parent: Option<u64>,
    /// Index into the lanes of the timeline.
    pub lane: usize,
    /// Begin, ns since recording started.
    pub start_ns: u64,
    /// Duration, ns.
    pub duration_ns: u64,
}

impl Span {
    /// End, ns since recording started.
    pub fn end_ns(&self) -> u64 {
        self.start_ns + self.duration_ns
    }
}

/// What a [`Recorder`] recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// The spans, in the order in which they ended.
    pub spans: Vec<Span>,
    /// Names of the lanes: threads, and the GPU.
    pub lanes: Vec<String>,
    /// What could not be recorded, and why.
    pub notes: Vec<String>,
}

/// The category that a target names; none for targets of other libraries.
fn category(target: &str) -> Option<&str> {
    target.strip_prefix(PREFIX)
}

impl Timeline {
    /// Adds what was recorded later in the same process.
    pub fn append(&mut self, later: Timeline) {
        self.spans.extend(later.spans);
        // A recorder only ever adds lanes.
        self.lanes = later.lanes;
        for note in later.notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// The spans of target [`RUN`].
    pub fn runs(&self) -> impl Iterator<Item = &Span> {
        self.spans
            .iter()
            .filter(|span| Some(span.category.as_str()) == category(RUN))
    }

    /// Each span's time without that of the spans inside it, ns, in the order of the spans.
    pub fn self_ns(&self) -> Vec<u64> {
        let mut inside = HashMap::<u64, u64>::new();
        for span in &self.spans {
            if let Some(parent) = span.parent {
                *inside.entry(parent).or_default() += span.duration_ns;
            }
        }
        let left = |span: &Span| {
            let inside = inside.get(&span.id).copied().unwrap_or(0);
            span.duration_ns.saturating_sub(inside)
        };
        self.spans.iter().map(left).collect()
    }

    /// Seconds that a run spent on work of target `target`. Spans inside of another category are
    /// left out, so all categories add up to the run. Work of other threads, for which the run
    /// waits, is not counted again.
    pub fn seconds_of(&self, target: &str) -> f64 {
        let counted = self.spans.iter().zip(self.self_ns()).filter(|(span, _)| {
            let in_run = span.parent.is_some() || target == RUN;
            in_run && Some(span.category.as_str()) == category(target)
        });
        counted.map(|(_, ns)| ns).sum::<u64>() as f64 * 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{FILES, INPUT, READ_BACK, SETUP, SIMULATION};

    /// A span of `category` from `start` to `end`.
    pub fn span(id: u64, parent: Option<u64>, category: &str, start: u64, end: u64) -> Span {
        Span {
            name: category.to_string(),
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
        let timeline = Timeline {
            spans: vec![
                span(3, Some(2), "setup", 20, 30),
                span(2, Some(1), "simulation", 10, 60),
                span(5, None, "simulation", 15, 55),
                span(4, Some(1), "files", 60, 95),
                span(1, None, "run", 0, 100),
            ],
            ..Timeline::default()
        };
        let ns = |target| (timeline.seconds_of(target) * 1e9).round();
        assert_eq!([ns(SETUP), ns(SIMULATION), ns(FILES)], [10.0, 40.0, 35.0]);
        assert_eq!(ns(RUN), 15.0, "what no child accounts for");
        let all = [RUN, INPUT, SETUP, SIMULATION, READ_BACK, FILES];
        assert_eq!(all.map(ns).iter().sum::<f64>(), 100.0);
        assert_eq!(timeline.runs().next().unwrap().id, 1);
    }
}
