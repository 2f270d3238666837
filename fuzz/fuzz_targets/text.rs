//! Structure factors as text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanobragg::formats::hkl;

fuzz_target!(|bytes: &[u8]| {
    let _ = hkl::parse(bytes);
});
