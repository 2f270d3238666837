//! How what a pixel sees follows a rigid motion of its panel (PHYSICS §17).
//!
//! A shift by t moves a view's position, on a sensor whose layers stop photons at their mean depths also
//! within the sensor. A turn about the sample leaves every distance and every angle to the panel's normal
//! as it is, so that Ω and A stay: it acts through the direction alone.

use glam::DVec3;

use crate::cpu::pixel::layer_front;
use crate::experiment::{Panel, Sensor};
use crate::physics::absorption::{absorbed_fraction_slope, mean_depth_slope};
use crate::physics::polarisation::polarisation_slope;
use crate::physics::position::flat_position;
use crate::physics::solid_angle::solid_angle_slope;
use crate::physics::view::{View, view};
use crate::scene::{Scene, SceneSource};

/// The derivative of a number with respect to a shift, 1/m, and a turn, 1/rad, of a panel.
#[derive(Debug, Clone, Copy, Default)]
pub struct Motion {
    /// Along x, y and z.
    pub shift: DVec3,
    /// About x, y and z through the sample.
    pub turn: DVec3,
}

impl Motion {
    /// Adds what goes through the position of a view alone, whose derivative is `by_position`; `depth` is
    /// its [`depth_slope`].
    #[inline(always)]
    pub fn add_position(&mut self, by_position: DVec3, panel: &Panel, depth: DVec3) {
        self.shift += by_position + depth * by_position.dot(panel.normal);
    }

    /// Adds what goes through the direction of the view `seen`, whose derivative is `by_direction`.
    #[inline(always)]
    pub fn add_direction(&mut self, by_direction: DVec3, panel: &Panel, seen: &View, depth: DVec3) {
        let d = seen.diffracted;
        let by_position = (by_direction - d * d.dot(by_direction)) * (1.0 / seen.distance);
        self.add_position(by_position, panel, depth);
        self.turn += d.cross(by_direction);
    }
}

/// The derivative of the depth of a view with respect to a shift of `panel`: of the mean depth of `layer`
/// in its `sensor`, where the sub-pixel's place on the front face of the layer is seen as `front`.
#[inline(always)]
pub fn depth_slope(scene: &Scene, panel: &Panel, sensor: &Sensor, front: &View) -> DVec3 {
    let cos_normal = front.diffracted.dot(panel.normal);
    let slope = mean_depth_slope(sensor.optical_depth(scene.layers), cos_normal);
    let by_cosine = slope * sensor.layer_thickness_m(scene.layers) / front.distance;
    (panel.normal - front.diffracted * cos_normal) * by_cosine
}

/// [`depth_slope`] of a sub-pixel; zero where photons are stopped at the front of a layer.
pub fn sub_pixel_depth_slope(
    scene: &Scene,
    panel: &Panel,
    pixel: [usize; 2],
    sub_pixel: [u32; 2],
    layer: u32,
) -> DVec3 {
    let Some(sensor) = scene.mean_depth_sensor(panel) else {
        return DVec3::ZERO;
    };
    let depth = layer_front(scene, panel, layer);
    let place = flat_position(panel, scene.oversample, pixel, sub_pixel, depth);
    depth_slope(scene, panel, sensor, &view(place))
}

/// The derivative of a pixel's own Ω with respect to the position of the view.
#[inline(always)]
pub fn own_solid_angle_slope(scene: &Scene, panel: &Panel, seen: &View) -> DVec3 {
    let close = match scene.mean_depth_sensor(panel) {
        None => panel.close_distance_m(),
        Some(_) => seen.position.dot(panel.normal),
    };
    solid_angle_slope(
        panel.pixel_size_m,
        close,
        seen.distance,
        scene.point_pixels,
        panel.normal,
        seen.diffracted,
    )
}

/// The derivative of P with respect to the direction of the view; 0 where polarisation is switched off.
#[inline(always)]
pub fn own_polarisation_slope(scene: &Scene, source: &SceneSource, seen: &View) -> DVec3 {
    scene.kahn_factor.map_or(DVec3::ZERO, |kahn| {
        let SceneSource {
            incident,
            electric,
            magnetic,
            ..
        } = *source;
        polarisation_slope(incident, electric, magnetic, seen.diffracted, kahn)
    })
}

/// The derivative of A with respect to the position of the view.
#[inline(always)]
pub fn absorbed_slope(scene: &Scene, panel: &Panel, seen: &View, layer: u32) -> DVec3 {
    panel.sensor.map_or(DVec3::ZERO, |sensor| {
        let cos_normal = seen.diffracted.dot(panel.normal);
        let slope = absorbed_fraction_slope(sensor.optical_depth(scene.layers), layer, cos_normal);
        (panel.normal - seen.diffracted * cos_normal) * (slope / seen.distance)
    })
}
