//! Timelines as JSON in Chrome's trace format, which Perfetto and chrome://tracing open.
//!
//! The format: "Trace Event Format", The Chromium Project. Every span is one complete event (`X`)
//! with times in µs; events of phase `M` name processes and lanes.

use serde_json::{Value, json};

use super::{Span, Timeline};

/// Several timelines side by side, each a process under its name.
pub fn chrome_json(timelines: &[(String, Timeline)]) -> String {
    let mut events = Vec::new();
    for (process, (name, timeline)) in (1usize..).zip(timelines) {
        // The member names that every event has: readers expect them in events that name, too.
        let naming = |what: &str, lane: usize, name: &str| {
            json!({
                "name": what, "cat": "__metadata", "ph": "M", "ts": 0, "dur": 0,
                "pid": process, "tid": lane, "args": { "name": name },
            })
        };
        events.push(naming("process_name", 0, name));
        let lanes = timeline.lanes.iter().enumerate();
        events.extend(lanes.map(|(lane, name)| naming("thread_name", lane, name)));
        // Readers take the later of two spans that begin together for the inner one.
        let mut spans: Vec<&Span> = timeline.spans.iter().collect();
        spans.sort_by_key(|span| (span.start_ns, std::cmp::Reverse(span.duration_ns)));
        let event = |span: &Span| -> Value {
            json!({
                "name": span.name, "cat": span.category, "ph": "X",
                "ts": span.start_ns as f64 / 1e3, "dur": span.duration_ns as f64 / 1e3,
                "pid": process, "tid": span.lane,
            })
        };
        events.extend(spans.into_iter().map(event));
    }
    let notes = timelines.iter().flat_map(|(_, timeline)| &timeline.notes);
    json!({
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": { "version": crate::version::NUMBER, "notes": notes.collect::<Vec<_>>() },
    })
    .to_string()
}
