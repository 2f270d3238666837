//! Profiles in Chrome's trace format, which Perfetto and chrome://tracing open.
//!
//! The format: "Trace Event Format", The Chromium Project. Every span is one complete event (`X`)
//! with times in µs; events of phase `M` name processes and lanes.

use serde_json::{Value, json};

use crate::profile::{Profile, Span};

/// The trace of several profiles on one time line, each a process of its own under its name.
pub fn chrome_trace(profiles: &[(String, Profile)]) -> String {
    let events = (1usize..)
        .zip(profiles)
        .flat_map(|(process, (name, profile))| {
            let mut events = vec![metadata("process_name", process, 0, name)];
            let lanes = (0..).zip(&profile.lanes);
            events.extend(lanes.map(|(lane, name)| metadata("thread_name", process, lane, name)));
            // Of spans that begin together the longest first: readers take the others to lie inside.
            let mut spans: Vec<&Span> = profile.spans.iter().collect();
            spans.sort_by_key(|span| (span.start_ns, std::cmp::Reverse(span.duration_ns)));
            events.extend(spans.into_iter().map(|span| event(process, span)));
            events
        });
    let notes: Vec<&String> = profiles
        .iter()
        .flat_map(|(_, profile)| &profile.notes)
        .collect();
    json!({
        "traceEvents": events.collect::<Vec<_>>(),
        "displayTimeUnit": "ms",
        "otherData": { "version": crate::version::NUMBER, "notes": notes },
    })
    .to_string()
}

fn event(process: usize, span: &Span) -> Value {
    json!({
        "name": span.name,
        "cat": span.category,
        "ph": "X",
        "ts": span.start_ns as f64 / 1e3,
        "dur": span.duration_ns as f64 / 1e3,
        "pid": process,
        "tid": span.lane,
    })
}

/// The event that names a process or a lane. It has the members of others, so that no reader
/// stumbles.
fn metadata(what: &str, process: usize, lane: usize, name: &str) -> Value {
    json!({
        "name": what,
        "cat": "__metadata",
        "ph": "M",
        "ts": 0,
        "dur": 0,
        "pid": process,
        "tid": lane,
        "args": { "name": name },
    })
}
