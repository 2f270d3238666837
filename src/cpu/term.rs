//! The term loop: one scattering vector, all orientations.
//!
//! Nearly all of a render's time is spent here; it is kept apart so that it can be made fast,
//! and its derivatives be put beside it, without touching the geometry around it.

use glam::DVec3;

use super::lattice_factor::lattice_factor;
use super::structure_factor::{nearest, nearest_index, tricubic};
use crate::experiment::ReflectionGrid;
use crate::scene::{Orientation, Scene};

/// What one orientation contributes, and how it came about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// Fractional Miller index h, k, l.
    pub hkl: DVec3,
    /// The nearest reflection.
    pub nearest: DVec3,
    /// Structure factor F_cell.
    pub cell_factor: f64,
    /// Lattice factor F_latt.
    pub lattice_factor: f64,
}

impl Term {
    /// F_cell²·F_latt².
    pub fn intensity(&self) -> f64 {
        let amplitude = self.cell_factor * self.lattice_factor;
        amplitude * amplitude
    }
}

/// Σ F_cell²·F_latt² over the scene's orientations at the scattering vector `q` (1/m).
pub fn sum_over_orientations(scene: &Scene, q: DVec3) -> f64 {
    let grid = scene.grid.as_deref();
    scene
        .orientations
        .iter()
        .map(|orientation| term(scene, grid, orientation, q).intensity())
        .sum()
}

/// The term of one orientation.
pub fn term(
    scene: &Scene,
    grid: Option<&ReflectionGrid>,
    orientation: &Orientation,
    q: DVec3,
) -> Term {
    let hkl = orientation.miller_index(q);
    let nearest_hkl = nearest_index(hkl);
    let cell_factor = match grid {
        None => scene.default_f,
        Some(grid) if scene.interpolate => tricubic(grid, scene.default_f, hkl),
        Some(grid) => nearest(grid, scene.default_f, nearest_hkl),
    };
    let delta = hkl - nearest_hkl;
    let lattice_factor = lattice_factor(&scene.lattice, delta);
    Term {
        hkl,
        nearest: nearest_hkl,
        cell_factor,
        lattice_factor,
    }
}
