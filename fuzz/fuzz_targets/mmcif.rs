//! mmCIF files, with the usual column and with one of intensities by name.
#![no_main]

use nanobragg_fuzz::{mmcif, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(mmcif, bytes);
});
