//! How far from a reflection its spot can show: what lets a renderer leave terms out that are zero.

use glam::DVec3;

use super::lattice_factor::Lattice;

/// Largest offset from a reflection along each axis at which g is no more than
/// `g` ([`Lattice::offset_squared`]).
pub fn spot_reach(lattice: &Lattice, g: f64) -> DVec3 {
    let inverse = lattice.metric.inverse().transpose();
    let rows = [inverse.x_axis, inverse.y_axis, inverse.z_axis];
    DVec3::from_array(rows.map(|row| g.sqrt() * row.length()))
}

/// Largest distance of the Miller index at the middle of a region from whole numbers for which a
/// spot may show somewhere in the region.
///
/// The region holds the scattering vectors no farther than `radius` (1/Å) from a set whose indices
/// are within `index` of the middle's. A step of `radius` changes an index by no more than the
/// radius times the cell's edge (`edges`, Å), and where the spot shows, the index is no farther
/// than
/// `spot_reach` from whole numbers.
pub fn index_reach(edges: DVec3, spot_reach: DVec3, radius: f64, index: DVec3) -> DVec3 {
    index + radius * edges + spot_reach
}

/// Whether a spot that reaches as far as `reach` along each axis can show at the fractional Miller
/// index `hkl`.
pub fn may_scatter(hkl: DVec3, reach: DVec3) -> bool {
    let offset = (hkl - hkl.round()).abs();
    offset.cmple(reach).all()
}
