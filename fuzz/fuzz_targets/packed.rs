//! Files packed by gzip or bzip2.
#![no_main]

use nanobragg_fuzz::{packed, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(packed, bytes);
});
