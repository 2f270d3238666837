//! Experiment lists of DIALS: two experiments, and the detectors that they describe.
#![no_main]

use nanobragg_fuzz::{expt, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(expt, bytes);
});
