//! Where panels stand, as NXdetector_module says it.
//!
//! A module's origin is a translation from the laboratory's origin, in two steps: along the beam by
//! the detector's distance, then by the module's offset. Its fast and slow pixel directions depend
//! on that offset and are given in the laboratory's frame, so that panels that lean need no
//! rotations.

use glam::DVec3;

use crate::experiment::Panel;

/// A panel's place in McStas' laboratory.
#[derive(Debug, Clone, PartialEq)]
pub struct PanelPlace {
    /// The panel's name; may be empty.
    pub name: String,
    /// The outer corner of the first pixel, m from the sample.
    pub origin_m: DVec3,
    /// Direction of the fast axis, a unit vector.
    pub fast: DVec3,
    /// Direction of the slow axis, a unit vector.
    pub slow: DVec3,
    /// Edges of a pixel along fast and slow, m.
    pub pixel_size_m: [f64; 2],
    /// Pixels along fast and slow.
    pub shape: [usize; 2],
    /// The row of the frame that is the panel's first: panels are stacked.
    pub first_row: usize,
}

impl PanelPlace {
    /// The point this many pixels from the first corner along fast and slow, m.
    pub fn point_m(&self, [fast, slow]: [f64; 2]) -> DVec3 {
        let [wide, high] = self.pixel_size_m;
        self.origin_m + fast * wide * self.fast + slow * high * self.slow
    }

    /// The panel's corners, in order around it, m.
    pub fn corners_m(&self) -> [DVec3; 4] {
        let [fast, slow] = self.shape.map(|count| count as f64);
        [[0.0, 0.0], [fast, 0.0], [fast, slow], [0.0, slow]].map(|corner| self.point_m(corner))
    }

    /// The places of `panels`, stacked, as `turn` has them.
    pub fn of(panels: &[Panel], turn: &glam::DMat3) -> Vec<PanelPlace> {
        let mut first_row = 0;
        // Unit vectors stay as they are, to the last digit.
        let direction = |step: DVec3| match step.is_normalized() {
            true => step,
            false => step.normalize(),
        };
        let place = |panel: &Panel| {
            let place = PanelPlace {
                name: panel.name.clone(),
                origin_m: *turn * panel.origin_m,
                fast: *turn * direction(panel.fast),
                slow: *turn * direction(panel.slow),
                pixel_size_m: panel.pixel_edges_m(),
                shape: panel.shape,
                first_row,
            };
            first_row += panel.shape[1];
            place
        };
        panels.iter().map(place).collect()
    }

    /// An upright panel that the beam meets this many pixels from the first corner, at this
    /// distance: its fast axis to the right of one who looks along the beam, its slow axis down.
    pub(in super::super) fn upright(
        [centre_fast, centre_slow]: [f64; 2],
        distance_m: f64,
        pixel_size_m: [f64; 2],
        shape: [usize; 2],
    ) -> PanelPlace {
        PanelPlace {
            name: String::new(),
            origin_m: DVec3::new(
                centre_fast * pixel_size_m[0],
                centre_slow * pixel_size_m[1],
                distance_m,
            ),
            fast: -DVec3::X,
            slow: -DVec3::Y,
            pixel_size_m,
            shape,
            first_row: 0,
        }
    }

    /// Distance along the beam, and where the beam meets the panel, pixels along fast and slow;
    /// `None` where it stands along the beam.
    pub(in super::super) fn beam_spot(&self) -> Option<(f64, [f64; 2])> {
        /// Sine of the least angle between panel and beam.
        const LEAST: f64 = 1e-9;
        let normal = self.fast.cross(self.slow);
        if normal.z.abs() < LEAST {
            return None;
        }
        let distance_m = self.origin_m.dot(normal) / normal.z;
        let spot = distance_m * DVec3::Z - self.origin_m;
        // The axes need not be at right angles: by Cramer's rule within the panel.
        let fast = spot.cross(self.slow).dot(normal) / normal.length_squared();
        let slow = self.fast.cross(spot).dot(normal) / normal.length_squared();
        let [wide, high] = self.pixel_size_m;
        Some((distance_m, [fast / wide, slow / high]))
    }

    /// Whether the panel's pixels are square, to the digits of a header.
    pub(super) fn is_square(&self) -> bool {
        const SQUARE: f64 = 1e-6;
        let [wide, high] = self.pixel_size_m;
        (wide - high).abs() <= SQUARE * wide
    }

    /// Whether the panel stands at right angles to the beam, to the digits of a header.
    pub(super) fn is_upright(&self) -> bool {
        const UPRIGHT: f64 = 1e-6;
        self.fast.z.abs() < UPRIGHT && self.slow.z.abs() < UPRIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beam_meets_an_upright_panel_where_it_was_put() {
        let panel = PanelPlace::upright([12.5, 40.25], 0.2, [1e-4; 2], [100, 80]);
        let (distance_m, [fast, slow]) = panel.beam_spot().unwrap();
        assert!((distance_m - 0.2).abs() < 1e-15);
        assert!((fast - 12.5).abs() < 1e-10 && (slow - 40.25).abs() < 1e-10);
        let met = panel.point_m([fast, slow]);
        assert!(met.abs_diff_eq(DVec3::new(0.0, 0.0, 0.2), 1e-15), "{met}");
        assert!(panel.is_upright());
    }

    #[test]
    fn a_panel_along_the_beam_is_met_nowhere() {
        let panel = PanelPlace {
            fast: DVec3::Z,
            ..PanelPlace::upright([0.0; 2], 0.1, [1e-4; 2], [9, 9])
        };
        assert_eq!(panel.beam_spot(), None);
    }
}
