//! Terms that may be left out, and what that is measured by.
//!
//! Theory: over all offsets δ from a reflection, F_latt² of a square crystal is N on average, so
//! a term is F²·N on average. A term that is bounded by τ times that can be left out of a pixel
//! whose terms average to as much: the pixel changes by less than τ. What a pixel would hold if
//! each of its terms were a fixed typical one is the pixel's floor, and at or above it a pixel keeps
//! that promise; over the whole image, the floors' sum is to the total what a floor is to a pixel.
//!
//! Practice: a term is left out where `F²·N² < t·dimness(δ)`, with
//! [`dimness`](crate::cpu::lattice_factor::dimness) never above N²/F_latt², and t just below τ times the typical
//! term. Nothing else enters, so a pixel does not depend on its neighbours. That the image as a
//! whole is bright enough can only be told once it is rendered: see
//! [`Renderer`](crate::render::Renderer).

use super::{Lattice, Scene};
use crate::experiment::{ReflectionGrid, Shape};

/// Part of the mean term over all δ and the listed reflections that counts as typical: images
/// whose reflections are mostly weak, or hit by few orientations, are mostly above even so.
const TYPICAL: f64 = 0.25;

/// What interpolation may make of the largest F²: the four weights along an axis sum, without their
/// signs, to at most 5/4; three axes, squared, and rounding.
const OVERSHOOT: f64 = 1.25 * 1.25 * 1.25 * 1.25 * 1.25 * 1.25 * 1.001;

/// For the rounding of terms, of sums and of float32 pixels.
const ROUNDING: f64 = 1e-3;

/// When a term is too small to count.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// The part by which nothing that counts may change, τ.
    pub relative: f64,
    /// The F_cell²·F_latt² that every term of a pixel at its floor has.
    pub typical_term: f64,
    /// No F_cell² is above this, interpolated ones included.
    pub largest_square: f64,
}

impl Tolerance {
    /// F_cell²·F_latt² below which a term is left out.
    pub fn negligible_term(&self) -> f64 {
        self.relative * self.typical_term * (1.0 - ROUNDING)
    }

    /// The tolerance with which an image of this `total` keeps its promise, where the floors of
    /// this one sum to `floors`; `None` where only leaving out nothing does.
    pub fn lowered(&self, total: f64, floors: f64) -> Option<Tolerance> {
        let typical_term = self.typical_term * (total / floors) * (1.0 - ROUNDING);
        let lowered = Tolerance {
            typical_term,
            ..*self
        };
        (lowered.negligible_term() > 0.0 && typical_term < self.typical_term).then_some(lowered)
    }
}

impl Scene {
    /// The scene whose image is the floor of this one's pixels, photons; `None` without a
    /// tolerance. One orientation of one cell stands for all.
    pub fn floor(&self) -> Option<Scene> {
        let tolerance = self.tolerance?;
        let cells = [1.0; 3];
        Some(Scene {
            tolerance: None,
            lattice: Lattice {
                shape: Shape::Square,
                cells,
                total: 1.0,
                ..self.lattice
            },
            grid: None,
            default_f: tolerance.typical_term.sqrt(),
            interpolate: false,
            background: 0.0,
            amorphous: Vec::new(),
            orientations: self.orientations[..1].to_vec(),
            phi_steps: 1,
            scale: self.scale * self.orientations.len() as f64,
            ..self.clone()
        })
    }
}

/// The tolerance of a scene that is to be right to `relative`.
pub(super) fn tolerance(
    relative: Option<f64>,
    lattice: &Lattice,
    grid: Option<&ReflectionGrid>,
    default_f: f64,
    interpolates: bool,
) -> Option<Tolerance> {
    let relative = relative?;
    if matches!(lattice.shape, Shape::Gauss | Shape::TopHat) {
        return None;
    }
    // Of the reflections that there are; the grid's corners hold none.
    let listed = grid.into_iter().flat_map(|grid| grid.amplitudes());
    let (mut count, mut sum) = (0u64, 0.0);
    let mut largest_square = default_f.powi(2);
    for square in listed.map(|f| f * f).filter(|&square| square > 0.0) {
        (count, sum) = (count + 1, sum + square);
        largest_square = square.max(largest_square);
    }
    if interpolates {
        largest_square *= OVERSHOOT;
    }
    let mean_square = if count > 0 {
        sum / count as f64
    } else {
        default_f.powi(2)
    };
    let tolerance = Tolerance {
        relative,
        typical_term: TYPICAL * mean_square * lattice.total,
        largest_square,
    };
    let cut = tolerance.negligible_term();
    (cut > 0.0 && cut.is_finite()).then_some(tolerance)
}
