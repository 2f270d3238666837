//! Where a sub-pixel is (PHYSICS §3).

use glam::{DMat3, DVec3};

use crate::experiment::Panel;

/// Position in m of the centre of sub-pixel (`sub_fast`, `sub_slow`) of pixel (`fast`, `slow`),
/// at `depth_m` inside the sensor.
pub fn position(
    panel: &Panel,
    oversample: u32,
    pixel: [usize; 2],
    sub_pixel: [u32; 2],
    depth_m: f64,
) -> DVec3 {
    let flat = flat_position(panel, oversample, pixel, sub_pixel, depth_m);
    match panel.curved_m {
        None => flat,
        Some(centre) => curved_position(panel, centre, flat),
    }
}

/// [`position`] on a panel that is not curved.
#[inline(always)]
pub fn flat_position(
    panel: &Panel,
    oversample: u32,
    [fast, slow]: [usize; 2],
    [sub_fast, sub_slow]: [u32; 2],
    depth_m: f64,
) -> DVec3 {
    let sub = panel.pixel_size_m / f64::from(oversample);
    let along = |pixel: usize, sub_pixel: u32| {
        sub * (pixel as f64 * f64::from(oversample) + f64::from(sub_pixel)) + sub / 2.0
    };
    panel.origin_m
        + along(fast, sub_fast) * panel.fast
        + along(slow, sub_slow) * panel.slow
        + depth_m * panel.normal
}

/// Position of the point `flat` (m) of a panel when the panel is bent onto the sphere around the
/// sample that `centre` lies on: the flat position's y and z become angles.
pub fn curved_position(panel: &Panel, centre: DVec3, flat: DVec3) -> DVec3 {
    let radius = centre.length();
    DMat3::from_axis_angle(panel.fast, flat.z / radius)
        * (DMat3::from_axis_angle(panel.slow, flat.y / radius) * centre)
}
