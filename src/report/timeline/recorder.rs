//! A layer for `tracing` that records spans.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::{Span, Timeline, category};

/// Name of the lane of work that a GPU timed.
const GPU_LANE: &str = "GPU";

/// Records the spans of [`crate::profile`]. As a layer of a `tracing` subscriber it records; a
/// clone of it gives what was recorded.
///
/// A span lies in the lane of the span around it, and in the lane of its thread where there is
/// none. Work that a GPU timed has a lane of its own.
#[derive(Debug, Clone)]
pub struct Recorder {
    epoch: Instant,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    timeline: Timeline,
    /// The lane of every thread that has begun a span.
    threads: Vec<(ThreadId, usize)>,
    spans: u64,
}

/// A span that has begun.
#[derive(Debug, Clone, Copy)]
struct Begun {
    id: u64,
    parent: Option<u64>,
    lane: usize,
    at: Instant,
    /// When it was last left. The span may be dropped later.
    left: Instant,
}

impl Default for Recorder {
    fn default() -> Recorder {
        Recorder {
            epoch: Instant::now(),
            state: Arc::default(),
        }
    }
}

impl Recorder {
    /// What has ended since the recorder was made, or since this was last called.
    pub fn take(&self) -> Timeline {
        self.with(|state| {
            let lanes = state.timeline.lanes.clone();
            let taken = std::mem::take(&mut state.timeline);
            state.timeline.lanes = lanes;
            taken
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn ns(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.epoch).as_nanos() as u64
    }
}

impl State {
    fn new_id(&mut self) -> u64 {
        self.spans += 1;
        self.spans
    }

    fn add_lane(&mut self, name: String) -> usize {
        self.timeline.lanes.push(name);
        self.timeline.lanes.len() - 1
    }

    /// The lane of this thread.
    fn thread_lane(&mut self) -> usize {
        let thread = thread::current();
        let known = self.threads.iter().find(|(id, _)| *id == thread.id());
        if let Some((_, lane)) = known {
            return *lane;
        }
        let name = thread.name().map(str::to_string);
        let name = name.unwrap_or_else(|| format!("thread {}", self.threads.len()));
        let lane = self.add_lane(name);
        self.threads.push((thread.id(), lane));
        lane
    }

    fn gpu_lane(&mut self) -> usize {
        let known = self.timeline.lanes.iter().position(|lane| lane == GPU_LANE);
        known.unwrap_or_else(|| self.add_lane(GPU_LANE.to_string()))
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        category(metadata.target()).is_some()
    }

    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let around = span
            .parent()
            .and_then(|parent| parent.extensions().get::<Begun>().copied());
        let at = Instant::now();
        let begun = self.with(|state| Begun {
            id: state.new_id(),
            parent: around.map(|around| around.id),
            lane: around.map_or_else(|| state.thread_lane(), |around| around.lane),
            at,
            left: at,
        });
        span.extensions_mut().insert(begun);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let left = Instant::now();
        if let Some(span) = context.span(id)
            && let Some(begun) = span.extensions_mut().get_mut::<Begun>()
        {
            begun.left = left;
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else {
            return;
        };
        let Some(begun) = span.extensions().get::<Begun>().copied() else {
            return;
        };
        let metadata = span.metadata();
        let start_ns = self.ns(begun.at);
        let span = Span {
            name: metadata.name().to_string(),
            category: category(metadata.target()).unwrap_or_default().to_string(),
            id: begun.id,
            parent: begun.parent,
            lane: begun.lane,
            start_ns,
            duration_ns: self.ns(begun.left).saturating_sub(start_ns),
        };
        self.with(|state| state.timeline.spans.push(span));
    }

    /// Events are work that a GPU timed, and notes.
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let now = Instant::now();
        let began = now.checked_sub(Duration::from_nanos(fields.age_ns));
        let target = event.metadata().target();
        self.with(|state| match fields.note {
            Some(note) if state.timeline.notes.contains(&note) => {}
            Some(note) => state.timeline.notes.push(note),
            None => {
                let span = Span {
                    name: fields.name,
                    category: category(target).unwrap_or_default().to_string(),
                    id: state.new_id(),
                    parent: None,
                    lane: state.gpu_lane(),
                    start_ns: self.ns(began.unwrap_or(now)),
                    duration_ns: fields.duration_ns,
                };
                state.timeline.spans.push(span);
            }
        });
    }
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    name: String,
    note: Option<String>,
    age_ns: u64,
    duration_ns: u64,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "age_ns" => self.age_ns = value,
            "duration_ns" => self.duration_ns = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => self.name = value.to_string(),
            "note" => self.note = Some(value.to_string()),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use tracing::info_span;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry::Registry;

    use super::*;
    use crate::profile::{RUN, SETUP, device_span, note};

    #[test]
    fn spans_lie_in_the_lane_of_the_span_around_them_and_the_gpu_has_its_own() {
        let recorder = Recorder::default();
        let subscriber = Registry::default().with(recorder.clone());
        tracing::subscriber::with_default(subscriber, || {
            info_span!(target: RUN, "run")
                .in_scope(|| info_span!(target: SETUP, "scene").in_scope(|| ()));
            info_span!(target: "another library", "work").in_scope(|| ());
            device_span("kernel", Instant::now(), Duration::from_nanos(5));
            note("no timestamps");
            note("no timestamps");
        });
        let timeline = recorder.take();
        let [scene, run, kernel] = timeline.spans.as_slice() else {
            panic!("{timeline:?}")
        };
        assert_eq!(
            (scene.name.as_str(), scene.category.as_str()),
            ("scene", "setup")
        );
        assert_eq!((scene.parent, scene.lane), (Some(run.id), run.lane));
        assert!(run.start_ns <= scene.start_ns && scene.end_ns() <= run.end_ns());
        assert_eq!(timeline.lanes[kernel.lane], GPU_LANE);
        assert_eq!((kernel.category.as_str(), kernel.duration_ns), ("gpu", 5));
        assert_eq!(timeline.notes, ["no timestamps"]);
        assert_eq!(recorder.take().spans, [], "taken once");
    }
}
