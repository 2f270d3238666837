//! Small mathematics that knows nothing of diffraction images: rotations and unit cells.

mod cell;
mod rotation;

pub use cell::{CellError, UnitCell};
pub use rotation::{angles_of, rotation_about, rotation_xyz};
