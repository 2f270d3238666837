//! PNG pictures.
#![no_main]

use nanobragg_fuzz::{png, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(png, bytes);
});
