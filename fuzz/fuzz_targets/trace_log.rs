//! Logs of traces: what is read can be written, and is read again.
#![no_main]

use nanobragg_fuzz::{trace_log, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(trace_log, bytes);
});
