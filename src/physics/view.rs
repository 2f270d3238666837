//! A position seen from the sample (PHYSICS §3).

use glam::DVec3;

/// A position, seen from the sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// Position, m.
    pub position: DVec3,
    /// Distance from the sample, m.
    pub distance: f64,
    /// Direction from the sample, a unit vector: that of the diffracted X-rays.
    pub diffracted: DVec3,
}

/// The view of `position` (m).
#[inline(always)]
pub fn view(position: DVec3) -> View {
    let distance = position.length();
    View {
        position,
        distance,
        // One division for three components.
        diffracted: position * (1.0 / distance),
    }
}
