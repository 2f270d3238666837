//! Orientations of the crystal: every φ of the scan times every mosaic domain.

use std::sync::Arc;

use glam::{DMat3, DVec3};

use crate::experiment::{Crystal, MosaicDraw, Scan};
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

/// a′ = U_m·rot(u, φ)·a, or rot(u, φ)·U_m·a, for every φ (outermost) and mosaic domain m of
/// `crystal`, which were drawn as `domains` (PHYSICS §8).
pub(super) fn orientations(
    crystal: &Crystal,
    domains: &MosaicDraw,
    scan: &Scan,
) -> Arc<[Orientation]> {
    let rotations = domains.rotations(&crystal.cell);
    let turns_with_crystal = crystal.mosaicity.turns_with_crystal();
    let spindle = scan.spindle.normalize();
    let turns = scan.angles_rad().map(|phi| {
        let turn = rotation_about(spindle, phi);
        (turn, turn * *crystal.cell.real())
    });
    let turns: Vec<(DMat3, DMat3)> = turns.collect();
    // The iterator knows its length, so that the orientations are never there twice.
    let count = turns.len() * rotations.len();
    let orientations = (0..count).map(|index| {
        let (turn, turned) = turns[index / rotations.len()];
        let domain = rotations[index % rotations.len()];
        let real = if turns_with_crystal {
            turn * (domain * *crystal.cell.real())
        } else {
            domain * turned
        };
        Orientation {
            index_of: real.transpose(),
        }
    });
    orientations.collect()
}
