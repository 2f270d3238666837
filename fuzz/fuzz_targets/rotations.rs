//! Lists of rotations.
#![no_main]

use nanobragg_fuzz::{rotations, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(rotations, bytes);
});
