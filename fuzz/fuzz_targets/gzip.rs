//! Files packed by gzip: nothing may be unpacked beyond the bound.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanobragg::formats::gzip;
use nanobragg::memory::Bytes;

/// What a file may be unpacked to.
const MOST: Bytes = Bytes(1 << 20);

fuzz_target!(|bytes: &[u8]| {
    if let Ok(unpacked) = gzip::unpack(bytes, MOST) {
        assert!(unpacked.len() as u64 <= MOST.0);
    }
});
