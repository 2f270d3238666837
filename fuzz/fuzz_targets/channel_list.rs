//! Lists of structure factors by photon energy.
#![no_main]

use nanobragg_fuzz::{channel_list, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(channel_list, bytes);
});
