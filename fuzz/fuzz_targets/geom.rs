//! Geometry files of CrystFEL, with panels where the file has them, and where a flag has them.
#![no_main]

use nanobragg_fuzz::{geom, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(geom, bytes);
});
