//! The crystal's outer size and shape, as the lattice factor needs them.

use glam::{DMat3, DVec3};

use crate::experiment::{Crystal, Shape, SpotMetric};

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
    /// g of Gaussian and top-hat spots is |metric·δ|²: columns a*, b*, c* in 1/Å times N, unrotated,
    /// for the length of δ does not depend on the orientation; or the cells along each axis.
    pub metric: DMat3,
}

impl Lattice {
    pub(crate) fn new(crystal: &Crystal) -> Lattice {
        let cells = crystal.cells.map(f64::from);
        let total = cells.iter().product();
        Lattice {
            shape: crystal.shape,
            cells,
            total,
            fudge: crystal.fudge,
            metric: match crystal.metric {
                SpotMetric::Reciprocal => *crystal.cell.reciprocal() * (1e-10 * total),
                SpotMetric::Index => DMat3::from_diagonal(cells.into()),
            },
        }
    }

    /// g of an offset `delta` from a reflection.
    #[inline(always)]
    pub fn offset_squared(&self, delta: DVec3) -> f64 {
        (self.metric * delta).length_squared()
    }

    /// How far along each axis an offset whose g is `g` may be, at most.
    pub fn reach(&self, g: f64) -> [f64; 3] {
        let inverse = self.metric.inverse().transpose();
        [inverse.x_axis, inverse.y_axis, inverse.z_axis].map(|row| g.sqrt() * row.length())
    }
}
