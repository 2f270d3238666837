//! TIFF images, packed or not.
#![no_main]

use nanobragg_fuzz::{tiff, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(tiff, bytes);
});
