//! Random rotations, drawn as the C program draws them (PHYSICS §11).

use std::f64::consts::PI;

use glam::{DMat3, DVec3};

use super::ParkMiller;
use crate::geometry::rotation_about;

/// A random rotation about an axis uniform on the sphere, by an angle of at most `spread_rad`
/// whose density grows as its square: three deviates of `generator`.
///
/// The angle's power and product are float32, as in the C program, so that a seed gives the
/// same orientation there and here.
pub fn random_rotation(generator: &mut ParkMiller, spread_rad: f64) -> DMat3 {
    let mut deviate = || 2.0 * f64::from(generator.uniform()) - 1.0;
    let (azimuth, height, depth) = (deviate(), deviate(), deviate());
    let radius = (1.0 - height * height).sqrt();
    let axis = DVec3::new(
        radius * (PI * azimuth).sin(),
        radius * (PI * azimuth).cos(),
        height,
    );
    let angle = spread_rad as f32 * ((1.0 - depth * depth) as f32).powf(1.0 / 3.0);
    rotation_about(axis, f64::from(angle))
}
