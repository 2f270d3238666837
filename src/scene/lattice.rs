//! The crystal's outer size and shape, as the lattice factor needs them.

use glam::{DMat3, DVec3};

use crate::experiment::{Crystal, Shape};

/// Constants of the lattice factor (PHYSICS §8).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lattice {
    /// The shape.
    pub shape: Shape,
    /// Cells along a, b and c.
    pub cells: [f64; 3],
    /// Cells in all, N.
    pub total: f64,
    /// Factor on the width of the spots.
    pub fudge: f64,
    /// Columns a*, b*, c* in 1/Å, unrotated: the length of δ in reciprocal space does not depend
    /// on the orientation.
    pub reciprocal: DMat3,
}

impl Lattice {
    pub(crate) fn new(crystal: &Crystal) -> Lattice {
        let cells = crystal.cells.map(f64::from);
        Lattice {
            shape: crystal.shape,
            cells,
            total: cells.iter().product(),
            fudge: crystal.fudge,
            reciprocal: *crystal.cell.reciprocal() * 1e-10,
        }
    }

    /// Length squared, in 1/Å², of an offset `delta` from a reflection.
    #[inline(always)]
    pub fn offset_squared(&self, delta: DVec3) -> f64 {
        (self.reciprocal * delta).length_squared()
    }
}
