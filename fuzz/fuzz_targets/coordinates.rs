//! Files of atoms, PDB or mmCIF, told by content and unpacked.
#![no_main]

use libfuzzer_sys::fuzz_target;
use nanobragg::formats::{coordinates, packed};
use nanobragg::memory::Bytes;

/// What a file may be unpacked to.
const MOST: Bytes = Bytes(1 << 20);

fuzz_target!(|bytes: &[u8]| {
    let Ok(bytes) = packed::unpacked(bytes, MOST) else {
        return;
    };
    if let Ok(file) = coordinates::parse(&bytes, MOST) {
        let atoms = &file.structure.atoms;
        // An atom has a line, or at least a value of two bytes in a table; copies take memory.
        assert!((1..=MOST.0 as usize).contains(&atoms.len()));
        for atom in atoms {
            assert!(atom.position.is_finite() && atom.b_m2 >= 0.0);
            assert!((0.0..=2.0).contains(&atom.occupancy));
        }
    }
});
