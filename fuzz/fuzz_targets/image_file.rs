//! Images of any format, told by content, with what their headers say.
#![no_main]

use nanobragg_fuzz::{image_file, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(image_file, bytes);
});
