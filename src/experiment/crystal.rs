//! The crystal: cell and orientation, size, spot shape, mosaicity (PHYSICS §8, §11).

use super::diffuse::check_group;
use super::quantity::Quantity;
use super::{Diffuse, ExperimentError, Mosaicity};
use crate::geometry::{LaueGroup, UnitCell};

/// The crystal.
#[derive(Debug, Clone, PartialEq)]
pub struct Crystal {
    /// The unit cell in its orientation at φ = 0.
    pub cell: UnitCell,
    /// Cells along a, b and c, at least one each; of [`Shape::Square`] whole numbers.
    pub cells: [f64; 3],
    /// The transform of the crystal's outer shape.
    pub shape: Shape,
    /// Factor on the width of the spots (of all shapes but [`Shape::Square`]).
    pub fudge: f64,
    /// What the width of Gaussian and top-hat spots is measured in.
    pub metric: SpotMetric,
    /// The group that F_latt² is averaged over; none where the shape is taken as it is.
    pub symmetric_shape: Option<LaueGroup>,
    /// How the mosaic domains are turned.
    pub mosaicity: Mosaicity,
    /// Diffuse scattering, if there is any.
    pub diffuse: Option<Diffuse>,
}

/// The lattice factor: how a crystal of finite size spreads its reflections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// A parallelepiped: sin(πNδ)/sin(πδ) along each axis.
    #[default]
    Square,
    /// A sphere of the same volume.
    Round,
    /// Gaussian spots.
    Gauss,
    /// Spots of constant density with a sharp edge.
    TopHat,
}

/// The g that the exponent of Gaussian spots and the edge of top-hat spots are told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SpotMetric {
    /// |δ_h a* + δ_k b* + δ_l c*|²·N², in 1/Å² and with all cells counted, as in the C program
    /// (PHYSICS §8): spots are round in reciprocal space, whatever the crystal's shape.
    #[default]
    Reciprocal,
    /// Σ(N_i δ_i)², as in simtbx: spots are as wide along an axis as its cells make them.
    Index,
}

impl Crystal {
    /// A single cell of `cell`, perfect and with the shape of its lattice.
    pub fn new(cell: UnitCell) -> Crystal {
        Crystal {
            cell,
            cells: [1.0; 3],
            shape: Shape::default(),
            fudge: 1.0,
            metric: SpotMetric::default(),
            symmetric_shape: None,
            mosaicity: Mosaicity::default(),
            diffuse: None,
        }
    }

    /// No crystal: a cell for where nothing scatters but the background, too small to call for
    /// sub-pixels.
    pub fn absent() -> Crystal {
        Crystal::new(UnitCell::cubic(1e-10))
    }

    /// Edges of the whole crystal along a, b and c, m.
    pub fn edges_m(&self) -> [f64; 3] {
        let lengths = self.cell.lengths_m();
        std::array::from_fn(|axis| lengths[axis] * self.cells[axis])
    }

    /// The longest edge of the whole crystal, m.
    pub fn longest_edge_m(&self) -> f64 {
        self.edges_m().into_iter().fold(0.0, f64::max)
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        for cells in self.cells {
            Quantity::Cells.require(cells)?;
            if self.shape == Shape::Square && cells.fract() != 0.0 {
                return Err(ExperimentError::PartOfCell(cells));
            }
        }
        Quantity::Fudge.require(self.fudge)?;
        if let Some(group) = &self.symmetric_shape {
            check_group(group, &self.cell)?;
        }
        if let Some(diffuse) = &self.diffuse {
            diffuse.check(&self.cell)?;
        }
        self.mosaicity.check()
    }
}
