//! Reflections of any format, told by content, unpacked and expanded to P1.
#![no_main]

use nanobragg_fuzz::{reflection_file, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(reflection_file, bytes);
});
