//! Orientation matrices.
#![no_main]

use nanobragg_fuzz::{matrix, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(matrix, bytes);
});
