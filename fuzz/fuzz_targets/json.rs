//! Results of `nanobragg bench`, and the figure that is drawn from them.
#![no_main]

use nanobragg_fuzz::{json, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(json, bytes);
});
