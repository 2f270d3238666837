//! numpy's arrays.
#![no_main]

use nanobragg_fuzz::{npy, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(npy, bytes);
});
