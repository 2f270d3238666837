//! The scattering vector, and the resolution that belongs to it (PHYSICS §7).

use glam::DVec3;

/// Scattering vector q = (d − i)/λ in 1/m, for the directions `diffracted` and `incident` (unit
/// vectors) of X-rays of `wavelength_m`.
#[inline(always)]
pub fn scattering_vector(diffracted: DVec3, incident: DVec3, wavelength_m: f64) -> DVec3 {
    (diffracted - incident) * (1.0 / wavelength_m)
}

/// sin θ/λ = |q|/2 in 1/Å, for the scattering vector `q` (1/m).
#[inline(always)]
pub fn stol(q: DVec3) -> f64 {
    q.length() * 0.5e-10
}
