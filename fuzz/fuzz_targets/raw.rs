//! Bare float32 of a size that a user gives: here the first two bytes.
#![no_main]

use nanobragg_fuzz::{raw, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(raw, bytes);
});
