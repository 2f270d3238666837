//! What the traces of both backends say of a pixel in the same way.

use super::Scene;
use crate::trace::{Name, Trace};

/// Puts the pixel's value into `trace`, and the sum that the value is a multiple of.
pub(crate) fn put_photons(scene: &Scene, photons: f64, trace: &mut Trace) {
    // Without a beam the factor is zero, and the sum does not follow from the pixel.
    if scene.scale > 0.0 {
        trace.put_one(Name::Sum, photons / scene.scale);
    }
    trace.put_one(Name::Photons, photons);
}

/// The unit of the scene's solid angles.
pub(crate) fn solid_angle_unit_name(scene: &Scene) -> &'static str {
    if scene.point_pixels {
        "1/m^2"
    } else {
        Name::SolidAngle.unit()
    }
}
