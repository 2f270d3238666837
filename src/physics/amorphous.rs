//! Scattering by amorphous materials (PHYSICS §10).

/// A material in the beam.
#[derive(Debug, Clone, PartialEq)]
pub struct Amorphous {
    /// Number of molecules in the beam, times the number of orientations, by which the image is
    /// divided.
    pub weight: f64,
    /// Form factor of a molecule between the entries of its table, in rising order from zero or
    /// below; at least one piece.
    pub pieces: Vec<ProfilePiece>,
}

/// Form factor of a molecule from one entry of its table to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfilePiece {
    /// sin θ/λ where it begins, 1/Å.
    pub start: f64,
    /// Coefficients of the powers of the distance from `start`, constant first; lengths in Å.
    pub coefficients: [f64; 4],
}

/// Photons per steradian that the materials scatter at sin θ/λ = `stol` (1/Å), over those of one
/// electron: Σ molecules·sign(F)·F².
#[inline(always)]
pub fn amorphous(materials: &[Amorphous], stol: f64) -> f64 {
    let mut sum = 0.0;
    for material in materials {
        sum += material.weight * signed_square(molecular_form_factor(&material.pieces, stol));
    }
    sum
}

/// The derivative of sign(F)·F² of a `piece` with respect to sin θ/λ, at `stol` (1/Å), Å.
#[inline(always)]
pub fn piece_slope(piece: &ProfilePiece, stol: f64) -> f64 {
    let [_, linear, quadratic, cubic] = piece.coefficients;
    let t = stol - piece.start;
    let slope = linear + t * (2.0 * quadratic + t * 3.0 * cubic);
    2.0 * piece_form_factor(piece, stol).abs() * slope
}

/// Form factor F of a molecule, in electrons, at sin θ/λ = `stol` (1/Å).
#[inline(always)]
pub fn molecular_form_factor(pieces: &[ProfilePiece], stol: f64) -> f64 {
    piece_form_factor(&pieces[piece_at(pieces, stol)], stol)
}

/// Form factor F of a molecule, in electrons, at sin θ/λ = `stol` (1/Å), which lies in `piece`.
#[inline(always)]
pub fn piece_form_factor(piece: &ProfilePiece, stol: f64) -> f64 {
    cubic(piece.coefficients, stol - piece.start)
}

/// Number of the last piece that begins at or before `stol` (1/Å); the first begins at zero.
#[inline(always)]
pub fn piece_at(pieces: &[ProfilePiece], stol: f64) -> usize {
    let after = pieces.partition_point(|piece| piece.start <= stol);
    after.saturating_sub(1)
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
