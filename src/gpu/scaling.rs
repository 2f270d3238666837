//! Factors taken out of the numbers on the device, so that float32 has room for them.

use super::tiles::solid_angle_unit;
use crate::experiment::{Panel, ReflectionGrid};
use crate::physics::amorphous::Amorphous;
use crate::scene::Scene;
use crate::units::ANGSTROM_PER_METRE;

/// Factors taken out of the numbers on the device, so that these stay near 1 in float32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// A term's F²·F_latt² over this is what the device sums.
    pub intensity: f64,
    /// F is multiplied by this.
    pub amplitude: f64,
    /// Real-space vectors are over this many Å: a power of two, no less than the longest edge.
    pub index: f64,
}

impl Scaling {
    /// The factors for `scene`, in whose grid the [largest structure factor](largest_listed) is
    /// `listed`.
    pub fn new(scene: &Scene, listed: f64) -> Scaling {
        let strongest = scene.default_f.abs().max(listed);
        let strongest = if strongest > 0.0 { strongest } else { 1.0 };
        let total = scene.lattice.total;
        let amorphous = strongest_background(&scene.amorphous);
        let intensity = (strongest * total)
            .powi(2)
            .max(scene.background)
            .max(amorphous);
        // Rotated edges may come out longer in the last digit.
        let longest = cell_edges(scene).into_iter().fold(0.0, f64::max) * (1.0 + 1e-12);
        Scaling {
            intensity,
            amplitude: total / intensity.sqrt(),
            index: longest.log2().ceil().exp2(),
        }
    }

    /// What a value of `panel` on the device is multiplied by to become photons.
    pub fn photons(&self, scene: &Scene, panel: &Panel) -> f64 {
        scene.scale * self.intensity * solid_angle_unit(panel, scene.point_pixels)
    }
}

/// The largest structure factor in `grid`; zero without a grid.
pub fn largest_listed(grid: Option<&ReflectionGrid>) -> f64 {
    let listed = grid.into_iter().flat_map(|grid| grid.amplitudes());
    listed.fold(0.0, |max, f| max.max(f.abs()))
}

/// What the materials scatter at most, about: at an entry of their tables.
fn strongest_background(materials: &[Amorphous]) -> f64 {
    let strongest = materials.iter().map(|material| {
        let pieces = material.pieces.iter();
        let f = pieces.map(|piece| piece.coefficients[0].abs());
        material.weight * f.fold(0.0, f64::max).powi(2)
    });
    strongest.fold(0.0, f64::max)
}

/// Lengths of the cell's edges, Å: the same in every orientation.
pub fn cell_edges(scene: &Scene) -> [f64; 3] {
    let first = scene.orientations.first();
    let rows = first.map_or(glam::DMat3::IDENTITY, |first| first.index_of);
    let rows = rows.transpose();
    [rows.x_axis, rows.y_axis, rows.z_axis].map(|edge| edge.length() * ANGSTROM_PER_METRE)
}
