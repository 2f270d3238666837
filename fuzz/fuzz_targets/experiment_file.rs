//! Experiment files, in TOML and in JSON.
#![no_main]

use nanobragg_fuzz::{experiment_file, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(experiment_file, bytes);
});
