//! NXmx files: HDF5, and what it says of the experiment.
#![no_main]

use nanobragg_fuzz::{nxmx, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(nxmx, bytes);
});
