//! Where structure factors come from, for people.

use std::fmt;

use super::six_digits;
use crate::document::{AtomOrigin, FactorOrigin};

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
