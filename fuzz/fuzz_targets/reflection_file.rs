//! Files of any format, told by content, unpacked and expanded to P1.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanobragg::formats::reflection_file;
use nanobragg::memory::Bytes;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = reflection_file::parse(bytes, None, Bytes(1 << 20)) {
        assert!(file.origin.listed > 0);
        assert_eq!(file.origin.in_p1, file.reflections.list.len());
    }
});
