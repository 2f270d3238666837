//! What the CPU path works out once for all blocks of a scene.

use std::f64::consts::PI;

use super::closed_form::Smearing;
use crate::experiment::Shape;
use crate::scene::{Orientation, Scene};

/// Orientations of a [`Group`], for which a block is tested at a time.
pub const GROUP: usize = 8;

/// The matrices of [`GROUP`] orientations number by number, as vector instructions need them; zeros
/// where there are fewer.
pub type Group = [[f64; GROUP]; 9];

/// A scene, and what all of its blocks have in common.
pub struct Prepared<'a> {
    /// The scene.
    pub scene: &'a Scene,
    /// The orientations in their order; none where spots have no end.
    pub groups: Vec<Group>,
    /// The exponent from which on a Gaussian spot counts as nothing.
    pub vanishing: f64,
    /// What smears the spots of each source and orientation ([`Smearing::all`]).
    pub smearings: Vec<Smearing>,
}

impl<'a> Prepared<'a> {
    /// Prepares `scene`.
    pub fn new(scene: &'a Scene) -> Prepared<'a> {
        let ends = matches!(scene.lattice.shape, Shape::Gauss | Shape::TopHat);
        let groups = scene.orientations.chunks(GROUP).filter(|_| ends);
        Prepared {
            scene,
            groups: groups.map(group).collect(),
            vanishing: vanishing_exponent(scene),
            smearings: Smearing::all(scene),
        }
    }
}

fn group(orientations: &[Orientation]) -> Group {
    let mut numbers = Group::default();
    for (place, orientation) in orientations.iter().enumerate() {
        let own = orientation.index_of.to_cols_array();
        for (numbers, own) in numbers.iter_mut().zip(own) {
            numbers[place] = own;
        }
    }
    numbers
}

/// Where all terms of a pixel together are too faint for a float32 to show, if each is below
/// exp(−x) of the brightest that the scene can have: this x.
fn vanishing_exponent(scene: &Scene) -> f64 {
    /// Photons far below the least number of a float32, 1.4e-45.
    const FAINTEST: f64 = 1e-55;
    if scene.point_pixels {
        // 1/R² has no bound.
        return f64::INFINITY;
    }
    let grid = scene.grid.iter().flat_map(|grid| grid.amplitudes());
    let largest_f = grid.fold(scene.default_f.abs(), |largest, f| largest.max(f.abs()));
    let weights = scene.sources.iter().map(|source| source.weight);
    let weight = weights.fold(0.0, f64::max);
    let solid_angle = 4.0 * PI;
    let brightest = (largest_f * scene.lattice.total).powi(2) * weight * solid_angle * scene.scale;
    (brightest * scene.terms_per_pixel() / FAINTEST).ln()
}
