//! Gathers spans from `tracing`.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::{Profile, Span, category};

/// Name of the lane of work that a GPU timed.
const GPU_LANE: &str = "GPU";

static RECORDING: OnceLock<Recording> = OnceLock::new();

/// What is recorded in this process.
#[derive(Debug)]
struct Recording {
    epoch: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    profile: Profile,
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
    /// When it was last left: it may be dropped later.
    left: Instant,
}

/// Starts recording in this process; once it has started this does nothing. Where the host program
/// has a `tracing` subscriber of its own, that one gets the spans instead.
pub fn start() {
    RECORDING.get_or_init(|| {
        // Refused only where there is a subscriber already.
        let _ = tracing::subscriber::set_global_default(Registry::default().with(Recorder));
        Recording {
            epoch: Instant::now(),
            state: Mutex::default(),
        }
    });
}

/// What has ended since recording started, or since this was last called.
pub fn take() -> Profile {
    let Some(recording) = RECORDING.get() else {
        return Profile::default();
    };
    recording.with(|state| {
        let lanes = state.profile.lanes.clone();
        let taken = std::mem::take(&mut state.profile);
        state.profile.lanes = lanes;
        taken
    })
}

impl Recording {
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
        self.profile.lanes.push(name);
        self.profile.lanes.len() - 1
    }

    /// The lane of this thread.
    fn thread_lane(&mut self) -> usize {
        let thread = thread::current();
        let known = self.threads.iter().find(|(id, _)| *id == thread.id());
        if let Some((_, lane)) = known {
            return *lane;
        }
        let number = self.threads.len();
        let name = thread.name().map(str::to_string);
        let lane = self.add_lane(name.unwrap_or_else(|| format!("thread {number}")));
        self.threads.push((thread.id(), lane));
        lane
    }

    fn gpu_lane(&mut self) -> usize {
        let known = self.profile.lanes.iter().position(|lane| lane == GPU_LANE);
        known.unwrap_or_else(|| self.add_lane(GPU_LANE.to_string()))
    }
}

/// The subscriber's layer.
struct Recorder;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        category(metadata.target()).is_some()
    }

    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let (Some(recording), Some(span)) = (RECORDING.get(), context.span(id)) else {
            return;
        };
        let around = span
            .parent()
            .and_then(|parent| parent.extensions().get::<Begun>().copied());
        let at = Instant::now();
        let begun = recording.with(|state| Begun {
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
        let (Some(recording), Some(span)) = (RECORDING.get(), context.span(&id)) else {
            return;
        };
        let Some(begun) = span.extensions().get::<Begun>().copied() else {
            return;
        };
        let metadata = span.metadata();
        let start_ns = recording.ns(begun.at);
        let span = Span {
            name: metadata.name().to_string(),
            category: category(metadata.target()).unwrap_or_default().to_string(),
            id: begun.id,
            parent: begun.parent,
            lane: begun.lane,
            start_ns,
            duration_ns: recording.ns(begun.left).saturating_sub(start_ns),
        };
        recording.with(|state| state.profile.spans.push(span));
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let Some(recording) = RECORDING.get() else {
            return;
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let now = Instant::now();
        let began = now.checked_sub(Duration::from_nanos(fields.age_ns));
        recording.with(|state| {
            if let Some(note) = fields.note {
                if !state.profile.notes.contains(&note) {
                    state.profile.notes.push(note);
                }
            } else {
                let span = Span {
                    name: fields.name,
                    category: category(event.metadata().target())
                        .unwrap_or_default()
                        .to_string(),
                    id: state.new_id(),
                    parent: None,
                    lane: state.gpu_lane(),
                    start_ns: recording.ns(began.unwrap_or(now)),
                    duration_ns: fields.duration_ns,
                };
                state.profile.spans.push(span);
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
