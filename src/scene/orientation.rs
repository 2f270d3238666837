//! Orientations of the crystal: every φ of the scan times every mosaic domain.

use glam::{DMat3, DVec3};

use crate::experiment::{Crystal, Scan};
use crate::geometry::rotation_about;
use crate::physics::miller_index::miller_index;

/// The crystal in one orientation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Orientation {
    /// Rows a′, b′, c′ (m): multiplied with a scattering vector (1/m) it gives h, k, l.
    pub index_of: DMat3,
}

impl Orientation {
    /// Fractional Miller indices h, k, l at the scattering vector `q` (1/m).
    #[inline(always)]
    pub fn miller_index(&self, q: DVec3) -> DVec3 {
        miller_index(&self.index_of, q)
    }
}

/// a′ = U_m·rot(u, φ)·a, or rot(u, φ)·U_m·a, for every φ (outermost) and domain m (PHYSICS §8).
pub(super) fn orientations(crystal: &Crystal, scan: &Scan) -> Vec<Orientation> {
    let domains = crystal.mosaicity.rotations(&crystal.cell);
    let turns_with_crystal = crystal.mosaicity.turns_with_crystal();
    let spindle = scan.spindle.normalize();
    // Of its final size from the start: while it grew, it would need up to three times that.
    let mut orientations = Vec::with_capacity(domains.len() * scan.steps as usize);
    for phi in scan.angles_rad() {
        let turn = rotation_about(spindle, phi);
        let turned = turn * *crystal.cell.real();
        orientations.extend(domains.iter().map(|domain| {
            let real = if turns_with_crystal {
                turn * (*domain * *crystal.cell.real())
            } else {
                *domain * turned
            };
            Orientation {
                index_of: real.transpose(),
            }
        }));
    }
    orientations
}
