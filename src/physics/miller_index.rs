//! From a scattering vector to the Miller index (PHYSICS §8).

use glam::{DMat3, DVec3};

/// Fractional Miller index h, k, l at the scattering vector `q` (1/m). The rows of `index_of` are
/// the crystal's real-space vectors a′, b′, c′ (m) in one orientation.
#[inline(always)]
pub fn miller_index(index_of: &DMat3, q: DVec3) -> DVec3 {
    *index_of * q
}

/// The integer nearest to each component, halves rounded down: ceil(x − ½).
#[inline(always)]
pub fn nearest_index(hkl: DVec3) -> DVec3 {
    (hkl - 0.5).ceil()
}
