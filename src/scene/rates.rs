//! How the orientations of a frame move with its angles, which a scene itself does not say
//! (PHYSICS §17).

use std::sync::Arc;

use glam::{DMat3, DVec3};

use crate::experiment::{Crystal, Scan};
use crate::geometry::rotation_about;

/// What derivatives need of a frame's orientations beside its scenes.
#[derive(Debug, Clone)]
pub struct Rates {
    /// rot(u, φ) of each φ of the scan.
    pub turns: Arc<[DMat3]>,
    /// How each orientation turns in the laboratory as a spread of the mosaicity grows, radians per
    /// radian: for each axis that has a spread of its own, or the one spread there is, as many as there
    /// are orientations, in their order. Spreads that a closed form integrates turn none.
    pub mosaic: Vec<Arc<[DVec3]>>,
}

impl Rates {
    /// The rates of `crystal` during `scan`, whose domains turn by `domains`, radians in the laboratory
    /// at φ = 0 per radian of each spread.
    pub(super) fn new(crystal: &Crystal, domains: &[Vec<DVec3>], scan: &Scan) -> Rates {
        let spindle = scan.spindle.normalize();
        let angles = scan.angles_rad();
        let turns: Arc<[DMat3]> = angles.map(|phi| rotation_about(spindle, phi)).collect();
        let turns_with_crystal = crystal.mosaicity.turns_with_crystal();
        let of_spread = |domains: &Vec<DVec3>| -> Arc<[DVec3]> {
            let all = turns.iter().flat_map(|turn| {
                let turned = move |own: &DVec3| match turns_with_crystal {
                    true => *turn * *own,
                    false => *own,
                };
                domains.iter().map(turned)
            });
            all.collect()
        };
        Rates {
            mosaic: domains.iter().map(of_spread).collect(),
            turns,
        }
    }
}
