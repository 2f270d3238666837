//! Where structure factors come from.

use serde::Serialize;

use crate::formats::reflection_file::Origin;
use crate::structure::Solvent;

/// Where the structure factors of a run come from. What both kinds have has one name in both.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FactorOrigin {
    /// From a list.
    Listed(Origin),
    /// From atoms.
    Calculated(AtomOrigin),
}

/// The atoms that structure factors are computed from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AtomOrigin {
    /// `PDB` or `mmCIF`.
    pub format: &'static str,
    /// Atoms of the asymmetric unit.
    pub atoms: usize,
    /// Name of the space group.
    pub space_group: String,
    /// Number of its operators.
    pub operators: usize,
    /// Finest spacing, Å.
    pub d_min_angstrom: f64,
    /// The solvent between the molecules; none if they are bare.
    pub solvent: Option<SolventSummary>,
    /// Reflections in P1.
    pub in_p1: usize,
}

/// A flat solvent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SolventSummary {
    /// Density, electrons/Å³.
    pub electrons_per_angstrom3: f64,
    /// B of its edges, Å².
    pub b_angstrom2: f64,
}

impl From<&Solvent> for SolventSummary {
    fn from(solvent: &Solvent) -> SolventSummary {
        SolventSummary {
            electrons_per_angstrom3: solvent.density_per_m3 * 1e-30,
            b_angstrom2: solvent.b_m2 * 1e20,
        }
    }
}

impl FactorOrigin {
    /// The column that F was taken from, where a file has several.
    pub fn column(&self) -> Option<&str> {
        match self {
            FactorOrigin::Listed(origin) => origin.column.as_deref(),
            FactorOrigin::Calculated(_) => None,
        }
    }
}
