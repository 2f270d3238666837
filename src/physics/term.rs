//! One term of the sum (PHYSICS §1): one scattering vector, one orientation of the crystal.

use glam::{DMat3, DVec3};

use super::diffuse::Diffuse;
use super::interpolation::tricubic_structure_factor;
use super::lattice_factor::{Lattice, symmetric_lattice_factor};
use super::miller_index::{miller_index, nearest_index};
use super::structure_factor::nearest_structure_factor;
use crate::experiment::ReflectionGrid;

/// The crystal as every term sees it: the shape of the spots, and the structure factors.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    /// Size and shape of the crystal.
    pub lattice: &'a Lattice,
    /// The operators that F_latt² is averaged over; none where the shape is taken as it is.
    pub symmetric_shape: &'a [DMat3],
    /// Diffuse scattering, if there is any.
    pub diffuse: Option<&'a Diffuse>,
    /// Structure factors on their grid; `None` when F is the same everywhere.
    pub grid: Option<&'a ReflectionGrid>,
    /// Structure factor of an index that is in no grid.
    pub default_f: f64,
    /// Whether structure factors are interpolated between reflections.
    pub interpolate: bool,
}

/// The contribution of one orientation, with the quantities behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// Fractional Miller index h, k, l.
    pub hkl: DVec3,
    /// The nearest reflection.
    pub nearest: DVec3,
    /// Structure factor F_cell, electrons.
    pub structure_factor: f64,
    /// Lattice factor F_latt.
    pub lattice_factor: f64,
    /// What the halos of reflections add, electrons²: (β/V)·ΣF²·halo.
    pub halo: f64,
}

impl Term {
    /// F_cell²·F_latt², and the halos.
    pub fn intensity(&self) -> f64 {
        let amplitude = self.structure_factor * self.lattice_factor;
        amplitude * amplitude + self.halo
    }
}

/// The term of the orientation `index_of` ([`miller_index`]) at the scattering vector `q` (1/m).
pub fn term(model: &Model, index_of: &DMat3, q: DVec3) -> Term {
    let hkl = miller_index(index_of, q);
    let nearest = nearest_index(hkl);
    Term {
        hkl,
        nearest,
        structure_factor: structure_factor(model, hkl, nearest),
        lattice_factor: symmetric_lattice_factor(
            model.lattice,
            model.symmetric_shape,
            hkl - nearest,
        ),
        halo: model.diffuse.map_or(0.0, |diffuse| {
            diffuse.intensity(hkl, nearest, |reflection| {
                reflection_factor(model, reflection)
            })
        }),
    }
}

/// F of `reflection`, an index of whole numbers, which is never interpolated.
fn reflection_factor(model: &Model, reflection: DVec3) -> f64 {
    model.grid.map_or(model.default_f, |grid| {
        nearest_structure_factor(grid, model.default_f, reflection)
    })
}

/// Structure factor F_cell at the fractional Miller index `hkl`, whose nearest reflection is
/// `nearest`.
pub fn structure_factor(model: &Model, hkl: DVec3, nearest: DVec3) -> f64 {
    match model.grid {
        None => model.default_f,
        Some(grid) if model.interpolate => tricubic_structure_factor(grid, model.default_f, hkl),
        Some(grid) => nearest_structure_factor(grid, model.default_f, nearest),
    }
}
