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
    piece_amplitude(&pieces[piece_at(pieces, stol)], stol)
}

/// F of a molecule at sin θ/λ = `stol` (1/Å), which lies in `piece`.
#[inline(always)]
pub(super) fn piece_amplitude(piece: &ProfilePiece, stol: f64) -> f64 {
    cubic(piece.coefficients, stol - piece.start)
}

/// The last piece that begins at or before `stol` (1/Å); the first begins at zero.
#[inline(always)]
pub(super) fn piece_at(pieces: &[ProfilePiece], stol: f64) -> usize {
    let after = pieces.partition_point(|piece| piece.start <= stol);
    after.saturating_sub(1)
}

/// [`piece_at`], which is probably `guess`.
#[inline(always)]
pub(super) fn piece_near(pieces: &[ProfilePiece], guess: usize, stol: f64) -> usize {
    let begins = pieces[guess].start <= stol;
    let ends = pieces.get(guess + 1).is_some_and(|next| next.start <= stol);
    if begins && !ends {
        guess
    } else {
        piece_at(pieces, stol)
    }
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
