//! What scatters beside the crystal (PHYSICS §10).

use super::ExperimentError;
use super::error::require;

/// Scatterers beside the crystal.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Background {
    /// Thickness of water, in m, for the C program's flat background; 0 for none.
    pub water_m: f64,
}

impl Background {
    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        require(
            "the water's thickness in m",
            self.water_m,
            "from 0 to 1000",
            (0.0..=1e3).contains(&self.water_m),
        )
    }
}
