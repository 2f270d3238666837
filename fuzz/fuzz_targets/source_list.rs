//! Lists of X-ray sources.
#![no_main]

use nanobragg_fuzz::{source_list, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(source_list, bytes);
});
