//! The crystal: cell and orientation, size, spot shape, mosaicity (PHYSICS §8, §11, §14).

use glam::{DMat3, DVec3};

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
    /// N_d, N_e, N_f: with `cells` on its diagonal, the symmetric matrix N of a Gaussian crystal
    /// whose outline is not along the axes ([`Crystal::cells_matrix`]). Zero for other shapes, and
    /// in the metric [`SpotMetric::Reciprocal`].
    pub coupled_cells: [f64; 3],
    /// The transform of the crystal's outer shape.
    pub shape: Shape,
    /// Factor on the width of the spots (of all shapes but [`Shape::Square`]).
    pub fudge: f64,
    /// What the width of Gaussian and top-hat spots is measured in.
    pub metric: SpotMetric,
    /// The group that F_latt² is averaged over; none where the shape is taken as it is.
    pub symmetric_shape: Option<LaueGroup>,
    /// B of the whole crystal, m²: its terms are damped by exp(−2·B·(sin θ/λ)²). Below zero they
    /// grow.
    pub b_factor_m2: f64,
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
    /// |N·δ|² with the [matrix of cells](Crystal::cells_matrix) N, as in simtbx: spots are as wide
    /// along an axis as its cells make them.
    Index,
}

impl Crystal {
    /// A single cell of `cell`, perfect and with the shape of its lattice.
    pub fn new(cell: UnitCell) -> Crystal {
        Crystal {
            cell,
            cells: [1.0; 3],
            coupled_cells: [0.0; 3],
            shape: Shape::default(),
            fudge: 1.0,
            metric: SpotMetric::default(),
            symmetric_shape: None,
            b_factor_m2: 0.0,
            mosaicity: Mosaicity::default(),
            diffuse: None,
        }
    }

    /// No crystal: a cell for where nothing scatters but the background, too small to call for
    /// sub-pixels.
    pub fn absent() -> Crystal {
        Crystal::new(UnitCell::cubic(1e-10))
    }

    /// The symmetric matrix N with the cells along a, b and c on its diagonal, and N_d, N_e and N_f
    /// between a and b, b and c, and a and c. Its rows, as sums of cell edges, span the crystal.
    pub fn cells_matrix(&self) -> DMat3 {
        let ([a, b, c], [d, e, f]) = (self.cells, self.coupled_cells);
        DMat3::from_cols_array(&[a, d, f, d, b, e, f, e, c])
    }

    /// Edges of the whole crystal, m: along a, b and c, or along the rows of N
    /// ([`Crystal::cells_matrix`]).
    pub fn edges_m(&self) -> [f64; 3] {
        if self.coupled_cells != [0.0; 3] {
            let edges = *self.cell.real() * self.cells_matrix();
            return [edges.x_axis, edges.y_axis, edges.z_axis].map(DVec3::length);
        }
        let lengths = self.cell.lengths_m();
        std::array::from_fn(|axis| lengths[axis] * self.cells[axis])
    }

    /// The longest edge of the whole crystal, m.
    pub fn longest_edge_m(&self) -> f64 {
        self.edges_m().into_iter().fold(0.0, f64::max)
    }

    /// Refuses a square crystal with a part of a cell.
    pub(super) fn check_whole(&self) -> Result<(), ExperimentError> {
        let mut parts = self.cells.into_iter().filter(|cells| cells.fract() != 0.0);
        match (self.shape, parts.next()) {
            (Shape::Square, Some(cells)) => Err(ExperimentError::PartOfCell(cells)),
            _ => Ok(()),
        }
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        for cells in self.cells {
            Quantity::Cells.require(cells)?;
        }
        self.check_coupled_cells()?;
        Quantity::Fudge.require(self.fudge)?;
        if let Some(group) = &self.symmetric_shape {
            check_group(group, &self.cell)?;
        }
        if let Some(diffuse) = &self.diffuse {
            diffuse.check(&self.cell)?;
        }
        Quantity::BFactor.require(self.b_factor_m2)?;
        self.mosaicity.check()
    }

    /// Whether `coupled_cells` may be other than zero.
    pub fn takes_coupled_cells(&self) -> bool {
        self.shape == Shape::Gauss && self.metric == SpotMetric::Index
    }

    fn check_coupled_cells(&self) -> Result<(), ExperimentError> {
        if self.coupled_cells == [0.0; 3] {
            return Ok(());
        }
        if !self.takes_coupled_cells() {
            return Err(ExperimentError::CoupledCells(self.coupled_cells));
        }
        // Sylvester's criterion. Numbers that are not finite pass no comparison.
        let n = self.cells_matrix();
        let minors = [
            n.x_axis.x,
            n.x_axis.x * n.y_axis.y - n.x_axis.y * n.y_axis.x,
            n.determinant(),
        ];
        match minors
            .into_iter()
            .all(|minor| minor > 0.0 && minor < f64::INFINITY)
        {
            true => Ok(()),
            false => Err(ExperimentError::CellsNotPositive {
                matrix: n.to_cols_array_2d(),
                minors,
            }),
        }
    }
}
