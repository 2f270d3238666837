//! What scatters beside the crystal (PHYSICS §10).

use std::sync::Arc;

use super::ExperimentError;
use super::quantity::Quantity;

/// Scatterers beside the crystal.
#[derive(Debug, Clone, PartialEq)]
pub struct Background {
    /// Thickness of water, in m, for the C program's flat background; 0 for none.
    pub water_m: f64,
    /// Amorphous materials in the beam: liquid, air, plastic.
    pub slabs: Vec<Slab>,
    /// Edge of the square beam that lights the slabs up, m.
    pub beam_size_m: f64,
}

impl Default for Background {
    fn default() -> Background {
        Background {
            water_m: 0.0,
            slabs: Vec::new(),
            beam_size_m: 1e-4,
        }
    }
}

/// A slab of amorphous material that the beam passes.
#[derive(Debug, Clone, PartialEq)]
pub struct Slab {
    /// What it is called in summaries: the file of its profile, say.
    pub name: String,
    /// How its molecules scatter.
    pub profile: Arc<ScatteringProfile>,
    /// Thickness along the beam, m; 0 for none.
    pub thickness_m: f64,
    /// Density, kg/m³.
    pub density_kg_per_m3: f64,
    /// Mass of a mole of its molecules, kg/mol.
    pub molar_mass_kg: f64,
}

/// F of a molecule against the scattering angle, as a table.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatteringProfile {
    entries: Vec<ProfileEntry>,
}

/// An entry of a scattering profile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileEntry {
    /// sin θ/λ, 1/m.
    pub stol_per_m: f64,
    /// F, electrons; negative where the material scatters less than what it displaces.
    pub amplitude: f64,
}

/// How far apart entries of a table lie, at least: 1e-6 1/Å. Cubics through closer ones would have
/// no digits.
pub const CLOSEST_PER_M: f64 = 1e4;

/// The largest F of a table, electrons, without its sign.
pub const LARGEST_F: f64 = 1e9;

/// Molecules of a mole, as the C program counts them.
const AVOGADRO: f64 = 6.02214179e23;

impl ScatteringProfile {
    /// The profile of a table.
    ///
    /// # Errors
    /// [`ExperimentError`] for a table without entries, one whose sin θ/λ do not rise from zero or
    /// above by at least [`CLOSEST_PER_M`], or one with numbers out of range.
    pub fn new(entries: Vec<ProfileEntry>) -> Result<ScatteringProfile, ExperimentError> {
        if entries.is_empty() {
            return Err(ExperimentError::NoProfile);
        }
        for entry in &entries {
            Quantity::ProfileAbscissa.require(entry.stol_per_m)?;
            Quantity::ProfileF.require(entry.amplitude)?;
        }
        let falls = |pair: &[ProfileEntry]| pair[1].stol_per_m < pair[0].stol_per_m + CLOSEST_PER_M;
        match entries.windows(2).position(falls) {
            None => Ok(ScatteringProfile { entries }),
            Some(place) => Err(ExperimentError::ProfileOrder { number: place + 2 }),
        }
    }

    /// The table, in rising sin θ/λ.
    pub fn entries(&self) -> &[ProfileEntry] {
        &self.entries
    }
}

impl Slab {
    /// Molecules in a square beam of edge `beam_size_m`.
    pub fn molecules(&self, beam_size_m: f64) -> f64 {
        let volume = self.thickness_m * beam_size_m * beam_size_m;
        volume * self.density_kg_per_m3 / self.molar_mass_kg * AVOGADRO
    }

    fn check(&self) -> Result<(), ExperimentError> {
        Quantity::SlabThickness.require(self.thickness_m)?;
        Quantity::SlabDensity.require(self.density_kg_per_m3)?;
        Quantity::SlabMolarMass.require(self.molar_mass_kg)
    }
}

impl Background {
    /// Whether anything scatters.
    pub fn scatters(&self) -> bool {
        self.water_m > 0.0 || !self.slabs.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        Quantity::WaterThickness.require(self.water_m)?;
        self.slabs.iter().try_for_each(Slab::check)?;
        if self.slabs.is_empty() {
            return Ok(());
        }
        Quantity::BeamSize.require(self.beam_size_m)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_litre_of_water_is_55_moles() {
        let entries = vec![ProfileEntry {
            stol_per_m: 0.0,
            amplitude: 2.57,
        }];
        let slab = Slab {
            name: "water".into(),
            profile: Arc::new(ScatteringProfile::new(entries).unwrap()),
            thickness_m: 0.1,
            density_kg_per_m3: 1000.0,
            molar_mass_kg: 0.018015,
        };
        let moles = slab.molecules(0.1) / AVOGADRO;
        assert!((moles - 55.51).abs() < 0.01, "{moles}");
    }

    #[test]
    fn tables_that_are_no_profile_are_refused() {
        let table = |stols: &[f64]| {
            let entry = |&stol_per_m: &f64| ProfileEntry {
                stol_per_m,
                amplitude: 1.0,
            };
            ScatteringProfile::new(stols.iter().map(entry).collect())
        };
        assert!(table(&[0.0, 1e9, 2e9]).is_ok());
        assert_eq!(table(&[]), Err(ExperimentError::NoProfile));
        let twice = Err(ExperimentError::ProfileOrder { number: 3 });
        assert_eq!(table(&[0.0, 1e9, 1e9]), twice);
        assert!(table(&[-1.0]).is_err() && table(&[f64::NAN]).is_err());
    }
}
