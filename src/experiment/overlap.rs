//! Whether panels overlap: whether one covers another, seen from the sample.
//!
//! Theory: the directions in which a flat panel is seen are a convex cone with four edges. Two such
//! cones have no inside in common exactly if a plane through the sample lies between them. The
//! normals of all such planes are a cone as well, and its edges are normals of a side of one of the
//! two cones, or at right angles to an edge of each: if none of these few planes lies between
//! them, none does, and the panels overlap.
//!
//! Practice: each panel is taken in by half a pixel along its edges first, so panels that abut, or
//! whose refined places share less than a pixel, are let pass. Cones are held against each other
//! only where the circles around them meet; these are gone through in the order of their angle to a
//! fixed axis. Panels that are bent onto a sphere are left out: they come one to a detector.

use glam::DVec3;

use super::Panel;

/// Pixels that a panel is taken in by along each edge.
const INSET: f64 = 0.5;

/// Rounding of the products of unit vectors.
const ROUNDING: f64 = 1e-12;

/// The directions in which a panel is seen.
struct Cone {
    /// Index of the panel.
    panel: usize,
    /// Unit vectors along its edges, in order around it.
    edges: [DVec3; 4],
    /// Unit vector through its middle.
    middle: DVec3,
    /// Largest angle between the middle and an edge, radians.
    radius: f64,
    /// Angles to the axis of the sweep between which it lies.
    range: [f64; 2],
}

impl Cone {
    fn of(panel: usize, corners_m: [DVec3; 4]) -> Cone {
        let edges = corners_m.map(|corner| corner.normalize_or_zero());
        let middle = edges.iter().sum::<DVec3>().normalize_or_zero();
        let angle = |one: DVec3, other: DVec3| one.dot(other).clamp(-1.0, 1.0).acos();
        let radius = edges
            .iter()
            .map(|&edge| angle(edge, middle))
            .fold(0.0, f64::max)
            // The arc cosine of nearly 1 has few digits.
            + 1e-7;
        // Any axis will do; detectors seldom have panels in a ring about this one.
        let axis = DVec3::new(1.0, 2.0, 3.0).normalize();
        let place = angle(middle, axis);
        Cone {
            panel,
            edges,
            middle,
            radius,
            range: [place - radius, place + radius],
        }
    }

    /// Normals of its sides.
    fn sides(&self) -> impl Iterator<Item = DVec3> {
        let edges = self.edges;
        (0..4).map(move |edge| edges[edge].cross(edges[(edge + 1) % 4]))
    }

    fn overlaps(&self, other: &Cone) -> bool {
        let reach = self.radius + other.radius;
        if reach < std::f64::consts::PI && self.middle.dot(other.middle) < reach.cos() {
            return false;
        }
        let across = self.edges.iter().flat_map(|&one| {
            let edges = other.edges.iter();
            edges.map(move |&two| one.cross(two))
        });
        let mut normals = self.sides().chain(other.sides()).chain(across);
        !normals.any(|normal| self.is_parted_from(other, normal))
    }

    /// Whether the plane with this normal lies between the two.
    fn is_parted_from(&self, other: &Cone, normal: DVec3) -> bool {
        let Some(normal) = normal.try_normalize() else {
            return false;
        };
        let span = |cone: &Cone| {
            let heights = cone.edges.map(|edge| edge.dot(normal));
            let lowest = heights.into_iter().fold(f64::MAX, f64::min);
            (lowest, heights.into_iter().fold(f64::MIN, f64::max))
        };
        let ((low, high), (other_low, other_high)) = (span(self), span(other));
        (high <= ROUNDING && other_low >= -ROUNDING) || (low >= -ROUNDING && other_high <= ROUNDING)
    }
}

/// The indices of two panels that overlap, the first that are found; all must be possible.
pub(super) fn overlapping(panels: &[Panel]) -> Option<[usize; 2]> {
    let flat = panels
        .iter()
        .enumerate()
        .filter(|(_, panel)| panel.curved_m.is_none());
    let mut cones: Vec<Cone> = flat
        .map(|(index, panel)| Cone::of(index, panel.rendered_corners_m(INSET)))
        .collect();
    cones.sort_by(|one, other| one.range[0].total_cmp(&other.range[0]));
    let mut open: Vec<&Cone> = Vec::new();
    for cone in &cones {
        open.retain(|other| other.range[1] >= cone.range[0]);
        if let Some(other) = open.iter().find(|other| cone.overlaps(other)) {
            let (one, two) = (cone.panel, other.panel);
            return Some([one.min(two), one.max(two)]);
        }
        open.push(cone);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Detector;
    use crate::geometry::rotation_xyz;
    use proptest::prelude::*;

    /// A panel of 20 × 30 pixels of 1 mm whose first corner is at these pixels, at z = `z` mm.
    fn panel(fast: f64, slow: f64, z: f64) -> Panel {
        Panel {
            name: String::new(),
            origin_m: DVec3::new(fast, slow, z) * 1e-3,
            fast: DVec3::X,
            slow: DVec3::Y,
            normal: DVec3::Z,
            pixel_size_m: 1e-3,
            shape: [20, 30],
            curved_m: None,
            sensor: None,
            mask: None,
        }
    }

    #[test]
    fn panels_that_touch_do_not_overlap_and_panels_that_share_two_pixels_do() {
        let first = panel(0.0, 0.0, 100.0);
        for (fast, slow, expected) in [
            (20.0, 0.0, false),
            (19.5, 0.0, false),
            (18.0, 0.0, true),
            (0.0, -30.0, false),
            (-20.0, -30.0, false),
            (-18.0, -28.0, true),
            (0.0, 0.0, true),
            (200.0, 0.0, false),
        ] {
            let pair = [first.clone(), panel(fast, slow, 100.0)];
            assert_eq!(overlapping(&pair).is_some(), expected, "{fast} {slow}");
        }
    }

    #[test]
    fn a_panel_in_the_shadow_of_another_overlaps_it() {
        // Half as far away and half as far off the beam: the same directions.
        let (near, far) = (panel(20.0, 0.0, 50.0), panel(40.0, 0.0, 100.0));
        assert_eq!(overlapping(&[near.clone(), far]), Some([0, 1]));
        assert_eq!(overlapping(&[near, panel(10.0, 0.0, 100.0)]), None);
    }

    #[test]
    fn panels_all_around_the_sample_do_not_overlap() {
        // The six faces of a cube.
        let turns = [
            [0.0, 0.0],
            [0.5, 0.0],
            [1.0, 0.0],
            [1.5, 0.0],
            [0.0, 0.5],
            [0.0, -0.5],
        ];
        let faces: Vec<Panel> = turns
            .iter()
            .map(|[x, y]| {
                let turn = rotation_xyz([x, y, &0.0].map(|part| part * std::f64::consts::PI));
                let square = Panel {
                    shape: [30, 30],
                    ..panel(-15.0, -15.0, 15.0)
                };
                Panel {
                    origin_m: turn * square.origin_m,
                    fast: turn * square.fast,
                    slow: turn * square.slow,
                    normal: turn * square.normal,
                    ..square
                }
            })
            .collect();
        assert_eq!(overlapping(&faces), None);
        let twice = [faces.as_slice(), &faces[3..4]].concat();
        assert_eq!(overlapping(&twice), Some([3, 6]));
    }

    #[test]
    fn thousands_of_panels_take_no_time() {
        let row = |slow: i32| (0..64).map(move |fast| (f64::from(fast), f64::from(slow)));
        let places = (0..64).flat_map(row);
        let mut panels: Vec<Panel> = places
            .map(|(fast, slow)| panel(20.0 * fast - 640.0, 30.0 * slow - 960.0, 500.0))
            .collect();
        let started = std::time::Instant::now();
        assert_eq!(overlapping(&panels), None);
        panels[4000] = panels[77].clone();
        assert_eq!(overlapping(&panels), Some([77, 4000]));
        assert!(started.elapsed().as_secs_f64() < 1.0);
    }

    proptest! {
        /// Against what overlapping means: a direction that both panels are seen in, looked for
        /// point by point.
        #[test]
        fn panels_overlap_where_a_point_of_one_is_seen_on_the_other(
            fast in -30.0..30.0f64,
            slow in -40.0..40.0f64,
            z in 60.0..140.0f64,
            tilt in prop::array::uniform3(-0.6..0.6f64),
        ) {
            let first = panel(-10.0, -15.0, 100.0);
            let turn = rotation_xyz(tilt);
            let other = Panel {
                fast: turn * DVec3::X,
                slow: turn * DVec3::Y,
                ..panel(fast, slow, z)
            };
            let detector = Detector::of_panels(vec![first, other], DVec3::Z);
            prop_assume!(detector.is_ok());
            let panels = detector.unwrap().panels;
            // Fast and slow coordinate on the first panel of where the direction of a point of the
            // second meets its plane.
            let seen = |fast: f64, slow: f64| {
                let point = panels[1].point_m([fast, slow]);
                let met = point * (panels[0].close_distance_m() / point.dot(panels[0].normal));
                let along = (met - panels[0].origin_m) / 1e-3;
                [along.dot(panels[0].fast), along.dot(panels[0].slow)]
            };
            let within = |margin: f64| {
                let steps = |count: f64| (0..=80).map(move |step| {
                    margin + (count - 2.0 * margin) * f64::from(step) / 80.0
                });
                steps(20.0).any(|fast| steps(30.0).any(|slow| {
                    let [f, s] = seen(fast, slow);
                    (margin..=20.0 - margin).contains(&f) && (margin..=30.0 - margin).contains(&s)
                }))
            };
            // Points of a grid miss slivers: between the two margins either is right.
            match overlapping(&panels) {
                Some(_) => prop_assert!(within(0.0)),
                None => prop_assert!(!within(INSET + 1e-6)),
            }
        }
    }
}
