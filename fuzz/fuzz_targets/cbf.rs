//! CBF images: a miniCBF header, and numbers packed by byte offset.
#![no_main]

use nanobragg_fuzz::{cbf, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(cbf, bytes);
});
