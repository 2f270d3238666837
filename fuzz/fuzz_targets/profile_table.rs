//! Scattering profiles of amorphous materials, in all three abscissae.
#![no_main]

use nanobragg_fuzz::{profile_table, take};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    take(profile_table, bytes);
});
