//! The laboratory frames of the programs of the field (PHYSICS §2).

use glam::DVec3;

/// A named convention: directions, defaults and meaning of the beam centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Convention {
    /// MOSFLM, the C program's default.
    #[default]
    Mosflm,
    /// DENZO: MOSFLM's frame, with the beam centre at a pixel's corner.
    Denzo,
    /// ADXV.
    Adxv,
    /// XDS.
    Xds,
    /// DIALS.
    Dials,
}

/// The directions that a convention fixes, unit vectors in the laboratory frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabAxes {
    /// Direction in which the photons travel.
    pub beam: DVec3,
    /// Detector fast axis before any rotation.
    pub fast: DVec3,
    /// Detector slow axis before any rotation.
    pub slow: DVec3,
    /// Detector normal before any rotation, pointing away from the sample.
    pub normal: DVec3,
    /// Axis of the two-theta arm.
    pub two_theta_axis: DVec3,
    /// Direction of the electric field of polarised X-rays.
    pub polarisation: DVec3,
    /// Spindle axis.
    pub spindle: DVec3,
}

impl LabAxes {
    /// The axes, in the order of the struct.
    pub fn of(directions: [DVec3; 7]) -> LabAxes {
        let [
            beam,
            fast,
            slow,
            normal,
            two_theta_axis,
            polarisation,
            spindle,
        ] = directions;
        LabAxes {
            beam,
            fast,
            slow,
            normal,
            two_theta_axis,
            polarisation,
            spindle,
        }
    }
}

impl Convention {
    /// The directions of this convention.
    pub fn axes(self) -> LabAxes {
        let (x, y, z) = (DVec3::X, DVec3::Y, DVec3::Z);
        LabAxes::of(match self {
            Convention::Mosflm | Convention::Denzo => [x, z, -y, x, -z, z, z],
            Convention::Adxv => [z, x, -y, z, -x, x, x],
            Convention::Xds => [z, x, y, z, x, x, x],
            Convention::Dials => [z, x, y, z, y, y, y],
        })
    }
}

impl Default for LabAxes {
    fn default() -> LabAxes {
        Convention::default().axes()
    }
}
