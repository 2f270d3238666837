//! mmCIF files, with the usual column and with one of intensities by name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanobragg::formats::mmcif;

fuzz_target!(|bytes: &[u8]| {
    for f_column in [None, Some("intensity_meas"), Some("pdbx_F_plus")] {
        if let Ok(list) = mmcif::parse(bytes, f_column) {
            // Four values of two bytes at least, and two reflections a row at most.
            assert!(list.amplitudes.reflections.len() <= bytes.len() / 4);
        }
    }
});
