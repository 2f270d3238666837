//! Where the detector stands: from distances, beam centres and angles to a panel (PHYSICS §2).

use glam::{DMat3, DVec3};

use super::error::direction;
use super::quantity::Quantity;
use super::{Convention, Detector, ExperimentError, HeaderGeometry, LabAxes, LayerDepth, Panel};
use crate::geometry::{rotation_about, rotation_xyz};

/// How far away the detector is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distance {
    /// Along the beam, m.
    AlongBeam(f64),
    /// From the sample to the nearest point of the detector's plane, m.
    Closest(f64),
}

/// The point that stays where it is when the detector turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pivot {
    /// The sample.
    Sample,
    /// The spot where the beam meets the detector.
    Beam,
}

/// A flat or curved detector of one panel, described the way the field's programs do.
#[derive(Debug, Clone, PartialEq)]
pub struct Placement {
    /// Gives the directions and the meaning and defaults of the beam centre.
    pub convention: Convention,
    /// Directions that replace the convention's. Beam centres then are fast and slow coordinates,
    /// whatever the convention.
    pub custom_axes: Option<LabAxes>,
    /// Pixels along fast and slow.
    pub pixels: [usize; 2],
    /// Edge of a pixel, m.
    pub pixel_size_m: f64,
    /// Distance, m.
    pub distance: Distance,
    /// Beam centre, Xbeam and Ybeam in the convention's terms, m.
    pub beam_centre_m: [Option<f64>; 2],
    /// Fast and slow coordinate of the point nearest to the sample (from ORGX and ORGY), m; the
    /// middle by default.
    pub near_point_m: [Option<f64>; 2],
    /// Xclose and Yclose, m: where XDS, DIALS and custom frames put the beam centre by default.
    /// As in the C program, they do not move the point nearest to the sample itself.
    pub close_point_m: [Option<f64>; 2],
    /// Rotations about the laboratory's x, y and z, radians.
    pub rotations_rad: [f64; 3],
    /// Rotation about the two-theta axis, radians.
    pub two_theta_rad: f64,
    /// What the detector turns about; the convention's choice by default.
    pub turns_about: Option<Pivot>,
    /// The first pixel's outer corner after all rotations, m, instead of all of the above.
    pub origin_m: Option<DVec3>,
    /// Bend the detector onto a sphere about the sample.
    pub curved: bool,
}

impl Default for Placement {
    /// The C program's detector: 1024 × 1024 pixels of 0.1 mm, 100 mm away.
    fn default() -> Placement {
        Placement {
            convention: Convention::default(),
            custom_axes: None,
            pixels: [1024, 1024],
            pixel_size_m: 1e-4,
            distance: Distance::AlongBeam(0.1),
            beam_centre_m: [None; 2],
            near_point_m: [None; 2],
            close_point_m: [None; 2],
            rotations_rad: [0.0; 3],
            two_theta_rad: 0.0,
            turns_about: None,
            origin_m: None,
            curved: false,
        }
    }
}

/// Cosine between the beam and the normal of a plane below which it is along the beam.
const EDGE_ON: f64 = 1e-9;

/// Distance along `beam` to the plane that is `close_m` away along `normal`, and the point where
/// the beam meets it; `ratio` is the cosine between the two unit vectors. A plane along the beam is
/// met nowhere: the point is then the nearest to the sample.
pub(super) fn where_met(close_m: f64, beam: DVec3, normal: DVec3, ratio: f64) -> (f64, DVec3) {
    if ratio.abs() < EDGE_ON {
        return (close_m, close_m * normal);
    }
    let distance_m = close_m / ratio;
    (distance_m, distance_m * beam)
}

/// Points of the unrotated detector that the convention and the user settle between them.
pub(super) struct Centres {
    /// Xbeam and Ybeam as headers repeat them, m.
    pub given_m: [f64; 2],
    /// Where the beam meets the detector, along fast and slow, m.
    pub beam_m: [f64; 2],
    /// The point nearest to the sample, along fast and slow, m.
    pub near_m: [f64; 2],
}

impl Placement {
    /// The directions in force.
    pub fn axes(&self) -> LabAxes {
        self.custom_axes.unwrap_or_else(|| self.convention.axes())
    }

    /// The detector at its place, and stops every photon at its surface.
    ///
    /// # Errors
    /// [`ExperimentError`] when a direction or a size is impossible, or the detector's plane
    /// passes through the sample.
    pub fn place(&self) -> Result<Detector, ExperimentError> {
        let frame = self.axes();
        let beam = direction("the beam vector", frame.beam)?;
        let fast = direction("the detector's fast vector", frame.fast)?;
        let slow = direction("the detector's slow vector", frame.slow)?;
        let normal = direction("the detector's normal vector", frame.normal)?;
        let two_theta_axis = direction("the two-theta axis", frame.two_theta_axis)?;
        let pixel = self.pixel_size_m;
        Quantity::PixelSize.require(pixel)?;

        let tilt = rotation_xyz(self.rotations_rad);
        let arm = rotation_about(two_theta_axis, self.two_theta_rad);
        // Cosine between the beam and the detector's normal, the two-theta arm left aside.
        let ratio = beam.dot(tilt * normal);
        let (close, distance) = self.distances(ratio)?;

        let centres = self.centres();
        let turn = arm * tilt;
        let [turned_fast, turned_slow, turned_normal] =
            [fast, slow, normal].map(|axis| turn * axis);
        let origin_m = self.origin_m.unwrap_or_else(|| match self.pivot() {
            Pivot::Sample => {
                let [near_fast, near_slow] = centres.near_m;
                turn * (close * normal - near_fast * fast - near_slow * slow)
            }
            Pivot::Beam => {
                let [beam_fast, beam_slow] = centres.beam_m;
                distance * beam - beam_fast * turned_fast - beam_slow * turned_slow
            }
        });

        // What headers say is told from where the panel ended up.
        let close_distance_m = origin_m.dot(turned_normal);
        let (distance_m, met) = where_met(close_distance_m, beam, turned_normal, ratio);
        let spot = met - origin_m;
        let header = HeaderGeometry {
            distance_m,
            close_distance_m,
            two_theta_rad: self.two_theta_rad,
            beam_centre_m: centres.given_m,
            beam_spot_m: [spot.dot(turned_fast), spot.dot(turned_slow)],
            near_point_m: [-origin_m.dot(turned_fast), -origin_m.dot(turned_slow)],
        };
        let panel = Panel {
            name: String::new(),
            origin_m,
            fast: turned_fast,
            slow: turned_slow,
            normal: turned_normal,
            pixel_size_m: pixel,
            shape: self.pixels,
            curved_m: self.curved.then_some(distance * beam),
            sensor: None,
            mask: None,
        };
        let distance_m = distance;
        Ok(Detector {
            panels: vec![panel],
            layers: 1,
            layer_depth: LayerDepth::Front,
            distance_m,
            point_pixels: false,
            header,
        })
    }

    /// Distances to the plane and along the beam, m.
    fn distances(&self, ratio: f64) -> Result<(f64, f64), ExperimentError> {
        let (quantity, given) = match self.distance {
            Distance::AlongBeam(distance) => (Quantity::DetectorDistance, distance),
            Distance::Closest(distance) => (Quantity::CloseDistance, distance),
        };
        quantity.require(given)?;
        if ratio.abs() < EDGE_ON {
            if self.origin_m.is_some() {
                // It is placed without them, and may be beside the sample.
                return Ok((given, given));
            }
            return Err(ExperimentError::PlaneThroughSample {
                close_mm: ratio * given * 1e3,
            });
        }
        let close = match self.distance {
            Distance::AlongBeam(distance) => (ratio * distance).abs(),
            Distance::Closest(distance) => distance,
        };
        Ok((close, close / ratio))
    }

    /// What the detector turns about.
    pub fn pivot(&self) -> Pivot {
        self.turns_about.unwrap_or(match self.convention {
            _ if self.custom_axes.is_some() => Pivot::Beam,
            Convention::Mosflm | Convention::Denzo | Convention::Adxv => Pivot::Beam,
            Convention::Xds | Convention::Dials => Pivot::Sample,
        })
    }

    /// Xbeam and Ybeam, in the convention's terms, of a beam that meets the unrotated detector at
    /// `spot_m` along fast and slow, m.
    pub fn beam_centre_at(&self, spot_m: [f64; 2]) -> [f64; 2] {
        let [fast, slow] = spot_m;
        let pixel = self.pixel_size_m;
        let size_slow = self.pixels[1] as f64 * pixel;
        match self.convention {
            _ if self.custom_axes.is_some() => spot_m,
            Convention::Adxv => [fast, size_slow - slow],
            Convention::Mosflm => [slow - pixel / 2.0, fast - pixel / 2.0],
            Convention::Denzo => [slow, fast],
            Convention::Xds | Convention::Dials => spot_m,
        }
    }

    /// Fast and slow coordinate of the point nearest to the sample: as given, or the middle, m.
    pub fn near_coordinates_m(&self) -> [f64; 2] {
        let middle = self
            .pixels
            .map(|count| count as f64 * self.pixel_size_m / 2.0);
        [0, 1].map(|axis| self.near_point_m[axis].unwrap_or(middle[axis]))
    }

    /// Xbeam and Ybeam in the convention's terms, as given or by default, m.
    pub fn beam_centre_coordinates_m(&self) -> [f64; 2] {
        self.centres().given_m
    }

    pub(super) fn centres(&self) -> Centres {
        let pixel = self.pixel_size_m;
        let [size_fast, size_slow] = self.pixels.map(|count| count as f64 * pixel);
        let [near_fast, near_slow] = self.near_coordinates_m();
        let close_fast = self.close_point_m[0].unwrap_or(near_fast);
        let close_slow = self.close_point_m[1].unwrap_or(near_slow);
        let [default_x, default_y] = match self.convention {
            _ if self.custom_axes.is_some() => [close_fast, close_slow],
            Convention::Adxv => [(size_fast + pixel) / 2.0, (size_slow - pixel) / 2.0],
            Convention::Mosflm | Convention::Denzo => {
                [(size_slow + pixel) / 2.0, (size_fast + pixel) / 2.0]
            }
            Convention::Xds | Convention::Dials => [close_fast, close_slow],
        };
        let x = self.beam_centre_m[0].unwrap_or(default_x);
        let y = self.beam_centre_m[1].unwrap_or(default_y);
        let given_m = [x, y];
        if self.custom_axes.is_some() {
            return Centres {
                given_m,
                beam_m: given_m,
                near_m: given_m,
            };
        }
        let beam_m = match self.convention {
            Convention::Adxv => [x, size_slow - y],
            Convention::Mosflm => [y + pixel / 2.0, x + pixel / 2.0],
            Convention::Denzo => [y, x],
            Convention::Xds | Convention::Dials => given_m,
        };
        Centres {
            given_m,
            beam_m,
            near_m: [near_fast, near_slow],
        }
    }
}

impl Detector {
    /// The detector turned as a whole about the sample. Headers, which describe the detector in
    /// the frame it was placed in, stay.
    pub fn rotated(mut self, rotation: &DMat3) -> Detector {
        for panel in &mut self.panels {
            for vector in [
                &mut panel.origin_m,
                &mut panel.fast,
                &mut panel.slow,
                &mut panel.normal,
            ] {
                *vector = *rotation * *vector;
            }
            panel.curved_m = panel.curved_m.map(|vector| *rotation * vector);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_beam_centre_is_the_middle_of_the_detector_for_every_convention() {
        use Convention::*;
        for (convention, offset) in [
            (Mosflm, 1e-4),
            (Denzo, 5e-5),
            (Adxv, 5e-5),
            (Xds, 0.0),
            (Dials, 0.0),
        ] {
            let placement = Placement {
                convention,
                pixels: [100, 60],
                ..Placement::default()
            };
            let header = placement.place().unwrap().header;
            // MOSFLM's half pixels make its default a pixel off the middle, as in the C program.
            assert!(
                (header.beam_spot_m[0] - 0.005 - offset).abs() < 1e-15,
                "{convention:?}"
            );
            assert!(
                (header.beam_spot_m[1] - 0.003 - offset).abs() < 1e-15,
                "{convention:?}"
            );
        }
    }

    #[test]
    fn a_beam_centre_is_where_the_beam_was_said_to_meet_the_detector() {
        use Convention::*;
        for convention in [Mosflm, Denzo, Adxv, Xds, Dials] {
            for custom_axes in [None, Some(convention.axes())] {
                let mut placement = Placement {
                    convention,
                    custom_axes,
                    pixels: [30, 50],
                    turns_about: Some(Pivot::Beam),
                    ..Placement::default()
                };
                let spot_m = [1.3e-3, 2.1e-3];
                placement.beam_centre_m = placement.beam_centre_at(spot_m).map(Some);
                let found = placement.place().unwrap().header.beam_spot_m;
                for (found, spot) in found.into_iter().zip(spot_m) {
                    assert!((found - spot).abs() < 1e-12, "{convention:?}");
                }
            }
        }
    }

    #[test]
    fn a_detector_edge_on_to_the_beam_is_refused() {
        let quarter = std::f64::consts::FRAC_PI_2;
        let placement = Placement {
            rotations_rad: [0.0, quarter, 0.0],
            ..Placement::default()
        };
        assert!(matches!(
            placement.place(),
            Err(ExperimentError::PlaneThroughSample { .. })
        ));
    }

    #[test]
    fn a_plane_through_the_sample_is_refused_however_it_gets_there() {
        use Convention::*;
        let quarters = [-3.0, -1.0, 1.0, 3.0].map(|count| count * std::f64::consts::FRAC_PI_2);
        let mut refused = 0;
        for convention in [Mosflm, Denzo, Adxv, Xds, Dials] {
            for (axis, quarter) in (0..12).map(|case| (case % 3, quarters[case / 3])) {
                let mut placement = Placement {
                    convention,
                    ..Placement::default()
                };
                placement.rotations_rad[axis] = quarter;
                // About the beam the detector turns within its plane.
                let within = placement.axes().beam[axis] != 0.0;
                let placed = placement.place();
                match &placed {
                    Err(ExperimentError::PlaneThroughSample { .. }) => refused += 1,
                    placed => assert!(within && placed.is_ok(), "{placement:?}"),
                }
                assert_eq!(placed.is_ok(), within, "{placement:?}");
            }
        }
        assert_eq!(refused, 40);
        // A first pixel in the plane, within rounding of which the sample is.
        for case in 0..500 {
            let angle = |factor: f64| (f64::from(case) * factor).sin() * 3.0;
            let mut placement = Placement {
                rotations_rad: [angle(1.1), angle(2.3), angle(3.7)],
                two_theta_rad: angle(5.1),
                ..Placement::default()
            };
            let panel = |placement: &Placement| placement.place().unwrap().panels.remove(0);
            placement.origin_m = Some(DVec3::X);
            let own = panel(&placement);
            let [along, across, off] = [angle(7.3) * 1e3, angle(0.3), angle(9.1) * 1e-12];
            placement.origin_m = Some(along * own.fast + across * own.slow + off * own.normal);
            let checked = placement.place().unwrap().check();
            assert!(
                matches!(checked, Err(ExperimentError::PlaneThroughSample { .. })),
                "{placement:?}: {checked:?}"
            );
        }
    }

    #[test]
    fn a_plane_along_the_beam_may_be_beside_the_sample() {
        let placement = Placement {
            rotations_rad: [0.0, std::f64::consts::FRAC_PI_2, 0.0],
            origin_m: Some(DVec3::new(-0.05, 0.05, -0.08)),
            ..Placement::default()
        };
        let detector = placement.place().unwrap();
        detector.check().unwrap();
        let header = detector.header;
        assert!((header.close_distance_m - 0.08).abs() < 1e-15, "{header:?}");
        assert_eq!(header.distance_m, header.close_distance_m);
        assert!(header.beam_spot_m.iter().all(|along| along.is_finite()));
    }
}
