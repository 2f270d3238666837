//! Atoms on symmetry elements, which some files count once and others once an operator.

use glam::DVec3;

use super::{Atom, CrystalStructure};

/// Images of an atom this near to it are the atom itself, m.
const SAME_SITE_M: f64 = 0.5e-10;

/// What occupancies may add up to, rounding included.
const FULL: f64 = 1.02;

/// Divides the occupancy of atoms that symmetry puts on one site several times, so that they add
/// up to more than one atom, by the number of times. Atoms whose occupancy was divided already are
/// left alone. The atoms that were changed are handed back by number.
pub fn share_special_positions(structure: &mut CrystalStructure) -> Vec<usize> {
    let operators: Vec<_> = structure.space_group.operators().collect();
    let real = *structure.cell.real();
    let times = |atom: &Atom| {
        let images = operators.iter().filter(|operator| {
            let apart = operator.on_position(atom.position) - atom.position;
            let nearest: DVec3 = apart - apart.round();
            (real * nearest).length() < SAME_SITE_M
        });
        images.count() as f64
    };
    let mut changed = Vec::new();
    for (number, atom) in structure.atoms.iter_mut().enumerate() {
        let times = times(atom);
        if times > 1.0 && atom.occupancy * times > FULL {
            atom.occupancy /= times;
            changed.push(number);
        }
    }
    changed
}
