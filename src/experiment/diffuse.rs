//! Diffuse scattering: atoms that move together over a distance (PHYSICS §15).

use super::ExperimentError;
use super::quantity::Quantity;
use crate::geometry::{LaueGroup, UnitCell};

/// Liquid-like motions, to first order in the mean square displacement.
///
/// Lengths are along the crystal's own axes: x along a, y in the plane of a and b, z along c*.
#[derive(Debug, Clone, PartialEq)]
pub struct Diffuse {
    /// Rms displacement of atoms along x, y and z, m.
    pub sigma_m: [f64; 3],
    /// Distance along x, y and z over which displacements are alike, m.
    pub gamma_m: [f64; 3],
    /// The group that halos are averaged over.
    pub laue: LaueGroup,
    /// How many reflections further from the nearest one, along h, k and l, halos reach.
    pub stencil: u32,
}

impl Diffuse {
    /// Whether atoms move at all.
    pub fn scatters(&self) -> bool {
        self.sigma_m.iter().any(|&sigma| sigma > 0.0)
    }

    pub(super) fn check(&self, cell: &UnitCell) -> Result<(), ExperimentError> {
        for sigma in self.sigma_m {
            Quantity::DiffuseSigma.require(sigma)?;
        }
        for gamma in self.gamma_m {
            Quantity::DiffuseGamma.require(gamma)?;
        }
        Quantity::DiffuseStencil.require(self.stencil.into())?;
        check_group(&self.laue, cell)
    }
}

/// Checks that `cell` has the symmetry of `group`.
pub(super) fn check_group(group: &LaueGroup, cell: &UnitCell) -> Result<(), ExperimentError> {
    group
        .check_cell(cell)
        .map_err(|_| ExperimentError::LaueGroup {
            group: group.name(),
            lengths_angstrom: cell.lengths_m().map(|metres| metres * 1e10),
            angles_deg: cell.angles_rad().map(f64::to_degrees),
        })
}
