//! Where structure factors come from, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::six_digits;
use crate::formats::reflection_file::Origin;
use crate::structure::Solvent;

/// The origin of the structure factors of an experiment. Members that both kinds have bear one name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum FactorOrigin {
    /// A list of reflections.
    Listed(Origin),
    /// Atoms, from which F was computed.
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
    electrons_per_angstrom3: f64,
    b_angstrom2: f64,
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

impl fmt::Display for FactorOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FactorOrigin::Listed(origin) => origin.fmt(f),
            FactorOrigin::Calculated(origin) => origin.fmt(f),
        }
    }
}

impl fmt::Display for AtomOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let AtomOrigin {
            format,
            atoms,
            space_group,
            operators,
            d_min_angstrom,
            solvent,
            in_p1,
        } = self;
        write!(
            f,
            "{format}, {atoms} atoms in {space_group} ({operators} operators), "
        )?;
        match solvent {
            Some(solvent) => write!(
                f,
                "solvent of {} e/Å³ and B {} Å²",
                six_digits(solvent.electrons_per_angstrom3),
                six_digits(solvent.b_angstrom2)
            )?,
            None => write!(f, "no solvent")?,
        }
        write!(f, ", {in_p1} reflections to {d_min_angstrom:.2} Å")
    }
}
