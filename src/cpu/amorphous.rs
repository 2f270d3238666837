//! Scattering by amorphous materials (PHYSICS §10).

use crate::scene::{Amorphous, ProfilePiece};

/// Photons per steradian that the materials scatter at sin θ/λ = `stol` (1/Å), over those of one
/// electron: Σ molecules·sign(F)·F².
#[inline(always)]
pub fn amorphous(materials: &[Amorphous], stol: f64) -> f64 {
    let mut sum = 0.0;
    for material in materials {
        sum += material.weight * signed_square(profile_amplitude(&material.pieces, stol));
    }
    sum
}

/// F of a molecule at sin θ/λ = `stol` (1/Å).
#[inline(always)]
pub fn profile_amplitude(pieces: &[ProfilePiece], stol: f64) -> f64 {
    let place = pieces.partition_point(|piece| piece.start <= stol);
    let piece = &pieces[place.saturating_sub(1)];
    cubic(piece.coefficients, stol - piece.start)
}

/// The polynomial of `coefficients`, constant first, at `t`.
#[inline(always)]
pub fn cubic(coefficients: [f64; 4], t: f64) -> f64 {
    let [constant, linear, quadratic, cubic] = coefficients;
    constant + t * (linear + t * (quadratic + t * cubic))
}

/// sign(F)·F².
#[inline(always)]
pub fn signed_square(f: f64) -> f64 {
    f * f.abs()
}
