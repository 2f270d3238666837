//! Structure factors of a crystal whose atoms are known.
//!
//! F(h) = Σ f(s) q exp(−B s²/4) exp(2πi h·x) over the atoms of the cell, q the occupancy and
//! s = |h a* + k b* + l c*|, plus what the solvent between the molecules scatters. The sum is not
//! taken atom by atom: the electrons are put on a grid, which is transformed at once (Ten Eyck,
//! *Acta Cryst.* A33 (1977) 486), and symmetry acts on the transform of the asymmetric unit.
//! `docs/coordinates.md` has the formulas.
//!
//! Atoms know nothing of files, and F nothing of images.

mod anisotropy;
mod density;
mod element;
mod factors;
mod form_factor;
mod form_factor_table;
mod grid;
mod solvent;
mod special_position;
mod transform;

use glam::DVec3;

use crate::geometry::{SpaceGroup, SymmetryError, UnitCell};
use crate::memory::Bytes;

pub use anisotropy::AnisotropicB;
pub use element::Element;
pub use factors::{StructureFactor, structure_factors};
pub use form_factor::{FINEST_SPACING_M, FormFactor};
pub use solvent::Solvent;
pub use special_position::share_special_positions;

/// An atom of the asymmetric unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Atom {
    /// How it scatters at rest.
    pub form_factor: &'static FormFactor,
    /// Where it is, in fractions of the cell's edges.
    pub position: DVec3,
    /// The part of the cells, or of its sites, that it is found in; 0 to 1.
    pub occupancy: f64,
    /// Isotropic displacement B = 8π²⟨u²⟩, m².
    pub b_m2: f64,
    /// The displacement that counts instead, where it differs with the direction.
    pub anisotropic: Option<AnisotropicB>,
}

/// A crystal: its cell, its symmetry, the atoms of its asymmetric unit.
#[derive(Debug, Clone, PartialEq)]
pub struct CrystalStructure {
    /// The cell, whatever its orientation.
    pub cell: UnitCell,
    /// The operators that make the cell's content of the atoms.
    pub space_group: SpaceGroup,
    /// The atoms.
    pub atoms: Vec<Atom>,
}

impl Atom {
    /// Smallest and largest B of any direction, m².
    fn extreme_b_m2(&self) -> [f64; 2] {
        self.anisotropic
            .map_or([self.b_m2; 2], |anisotropic| anisotropic.extremes_m2)
    }
}

/// Why there are no structure factors.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StructureError {
    /// A spacing that scattering factors are not known for.
    #[error(
        "structure factors to {:.3} Å; scattering factors are known from {:.2} Å on",
        d_min_m * 1e10,
        FINEST_SPACING_M * 1e10
    )]
    Resolution {
        /// The spacing asked for, m.
        d_min_m: f64,
    },
    /// A cell coarser resolved than its own edges.
    #[error("no reflection of this cell has a spacing of {:.3} Å or more", d_min_m * 1e10)]
    NoReflections {
        /// The spacing asked for, m.
        d_min_m: f64,
    },
    /// A group that the cell has not.
    #[error(transparent)]
    Symmetry(#[from] SymmetryError),
    /// A grid that does not fit in memory.
    #[error(
        "structure factors of this cell to {:.3} Å take {needed}, and {available} are free",
        d_min_m * 1e10
    )]
    Memory {
        /// The spacing asked for, m.
        d_min_m: f64,
        /// What it takes.
        needed: Bytes,
        /// What there is.
        available: Bytes,
    },
}
