//! What float32 and fixed point come to against float64 (docs/kernel.md).

use super::tiles::TileSize;
use crate::experiment::Shape;
use crate::physics::lattice_factor::Lattice;
use crate::scene::Scene;

/// Images with a smaller nrmse are good.
pub const GOOD: f64 = 1e-4;

/// Whether sub-pixels may be on the wrong side of a top-hat spot's edge.
pub fn misses_edges(scene: &Scene) -> bool {
    scene.lattice.shape == Shape::TopHat && !is_fine(scene)
}

/// The nrmse of an image of `scene` where it is not certain to be [`GOOD`]: about as large as it can
/// be. An image of few pixels may have a thousandth of it, if these are near a spot's middle.
pub fn largest_error(scene: &Scene) -> Option<f64> {
    let error = index_error(scene, is_fine(scene)) + smearing_error(scene);
    (error > GOOD).then_some(error)
}

/// The largest error of the place in a smeared spot, in units of the width of one that is not: the
/// direction in which the spot is smeared is rounded, and pixels may be half an index from its
/// middle.
fn smearing_error(scene: &Scene) -> f64 {
    /// For each unit of sharpness, as measured on the far flanks of spots.
    const PER_SHARPNESS: f64 = 5e-7;
    let largest = sharpness(&scene.lattice).into_iter().fold(0.0, f64::max);
    scene.closed_form.map_or(0.0, |_| PER_SHARPNESS * largest)
}

/// Whether the Miller indices of `scene` have to be formed in fixed point at every sub-pixel, and
/// not only in the middle of a tile: for Gaussian spots that are sharp, and all top-hat spots, whose
/// edges are. Other spots have no end, and so too many terms. Bent panels are not made for that.
pub fn is_fine(scene: &Scene) -> bool {
    let sharp = match scene.lattice.shape {
        Shape::Square | Shape::Round => false,
        Shape::Gauss => index_error(scene, false) > GOOD,
        Shape::TopHat => true,
    };
    sharp && !is_curved(scene)
}

fn is_curved(scene: &Scene) -> bool {
    scene.panels.iter().any(|panel| panel.curved_m.is_some())
}

/// The largest error of the Miller index, in turns of a spot's phase or in units of its width.
fn index_error(scene: &Scene, fine: bool) -> f64 {
    /// For each turn between a tile's centre and its corner, as measured: docs/kernel.md.
    const PER_TURN: f64 = 4e-7;
    /// Error of a turn on bent panels.
    const PER_BENT_TURN: f64 = 2e-6;
    /// Error of an index in fixed point.
    const FIXED: f64 = 4e-11;
    let sharpness = sharpness(&scene.lattice);
    if fine {
        return FIXED * sharpness.into_iter().fold(0.0, f64::max);
    }
    let per_turn = match is_curved(scene) {
        true => PER_BENT_TURN,
        false => PER_TURN,
    };
    per_turn * TileSize::in_float32(scene).turns(scene, sharpness)
}

/// By how much the phase of a spot (in turns), or the root of its exponent, changes with each of
/// the Miller indices.
fn sharpness(lattice: &Lattice) -> [f64; 3] {
    let metric = lattice.metric;
    match lattice.shape {
        Shape::Square => lattice.cells,
        Shape::Round => lattice.cells.map(|cells| cells * lattice.fudge.sqrt()),
        Shape::Gauss | Shape::TopHat => [metric.x_axis, metric.y_axis, metric.z_axis]
            .map(|column| column.length() * lattice.fudge.sqrt()),
    }
}
