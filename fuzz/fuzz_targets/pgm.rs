//! PGM pictures.
#![no_main]

use nanobragg_fuzz::{pgm, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(pgm, bytes);
});
