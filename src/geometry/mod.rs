//! Small mathematics that knows nothing of diffraction images: rotations, unit cells and
//! their symmetry.

mod cell;
mod laue;
mod operator;
mod rotation;
mod space_groups;
mod symmetry;

pub use cell::{CellError, UnitCell};
pub use laue::LaueGroup;
pub use operator::Operator;
pub use rotation::{
    angles_of, decimal, degrees, is_rotation, rate_of_rotation, rotation_about, rotation_xyz,
    rotation_xyz_rates,
};
pub use space_groups::{NamedGroup, named, named_or_numbered};
pub use symmetry::{MOST_OPERATORS, SpaceGroup, SymmetryError};

/// `vector` scaled to length one; none if it is zero or not finite, or so long or short that the
/// square of its length is.
pub fn unit(vector: glam::DVec3) -> Option<glam::DVec3> {
    vector
        .length_squared()
        .is_normal()
        .then(|| vector.normalize())
}
