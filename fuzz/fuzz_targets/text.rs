//! Structure factors as text, and the grid they make.
#![no_main]

use nanobragg_fuzz::{text, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(text, bytes);
});
