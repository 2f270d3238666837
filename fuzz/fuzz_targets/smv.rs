//! SMV images: pixels, and what the header says.
#![no_main]

use nanobragg_fuzz::{smv, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(smv, bytes);
});
