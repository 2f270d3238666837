//! MTZ files, with the usual column and with one of intensities by name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanobragg::formats::mtz;

fuzz_target!(|bytes: &[u8]| {
    for f_column in [None, Some("I"), Some("F(+)")] {
        if let Ok(list) = mtz::parse(bytes, f_column) {
            // Four columns at least, and two reflections a row at most.
            assert!(list.amplitudes.reflections.len() <= bytes.len() / 8);
        }
    }
});
