//! How the variables are refined, as the flags say.

use super::super::CliError;
use super::{COMMAND, RefineFlags};
use crate::refine::{Background, Likelihood, Variable, Wish};

/// Values along the distance from the beam centre that tell a radial background.
const RADIAL_VALUES: usize = 8;

impl RefineFlags {
    /// What is refined, and how.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a value out of its range.
    pub(super) fn wish(&self, variables: Vec<Variable>) -> Result<Wish, CliError> {
        let choose = |flag: &str, value: &str, known: [&str; 2]| {
            let place = known.iter().position(|known| *known == value);
            place.ok_or_else(|| {
                CliError::Usage(format!(
                    "{COMMAND}: --{flag} {value}: expected one of {}, {}",
                    known[0], known[1]
                ))
            })
        };
        let within = |flag: &str, value: f64, most: f64| match (0.0..=most).contains(&value) {
            true => Ok(value),
            false => Err(CliError::Usage(format!(
                "{COMMAND}: --{flag} {value}: expected 0 to {most}"
            ))),
        };
        let background = choose("background", &self.background, ["planes", "radial"])?;
        let likelihood = choose("likelihood", &self.likelihood, ["poisson", "least-squares"])?;
        Ok(Wish {
            variables,
            amplitudes: self.refines_amplitudes(),
            uncertainty_rad: within("uncertainty", self.uncertainty, 2.0)?.to_radians(),
            search_rad: within("search", self.search, 10.0)?.to_radians(),
            background: [Background::Planes, Background::Radial(RADIAL_VALUES)][background],
            likelihood: [Likelihood::Poisson, Likelihood::LeastSquares][likelihood],
            most_evaluations: self.max_evaluations as usize,
            most_spots: self.max_spots as usize,
            most_chi_squared: self.max_chi2,
            least_explained: within("min-explained", self.min_explained, 1.0)?,
        })
    }
}
