//! Files packed by gzip.
#![no_main]

use nanobragg_fuzz::{gzip, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(gzip, bytes);
});
