//! How a placed detector moves as what it was placed by changes: derivatives of
//! [`Placement::place`].

use glam::DVec3;

use super::{Distance, ExperimentError, Pivot, Placement};
use crate::geometry::{rotation_about, rotation_xyz, rotation_xyz_rates};

/// A velocity of a rigid body: its points p move by shift + turn × p.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RigidMotion {
    /// Of the point at the sample, m.
    pub shift_m: DVec3,
    /// About x, y and z, radians.
    pub turn_rad: DVec3,
}

/// A direction in what a detector is placed by.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PlacementRate {
    /// Of the distance, whichever placed the detector.
    pub distance_m: f64,
    /// Of Xbeam and Ybeam.
    pub beam_centre_m: [f64; 2],
    /// Of the point nearest to the sample.
    pub near_point_m: [f64; 2],
    /// Of the rotations about x, y and z.
    pub rotations_rad: [f64; 3],
    /// Of the two-theta arm.
    pub two_theta_rad: f64,
}

impl RigidMotion {
    /// A turn about the point `centre_m`.
    pub fn about(centre_m: DVec3, turn_rad: DVec3) -> RigidMotion {
        RigidMotion {
            shift_m: -turn_rad.cross(centre_m),
            turn_rad,
        }
    }

    /// The velocity of the body's point at `point_m`.
    pub fn at(&self, point_m: DVec3) -> DVec3 {
        self.shift_m + self.turn_rad.cross(point_m)
    }

    /// This and another motion at once.
    pub fn and(self, other: RigidMotion) -> RigidMotion {
        RigidMotion {
            shift_m: self.shift_m + other.shift_m,
            turn_rad: self.turn_rad + other.turn_rad,
        }
    }
}

impl Placement {
    /// How the panel moves as this placement changes along `rate`: a flat one; a curved panel is bent
    /// anew.
    ///
    /// # Errors
    /// As [`Placement::place`].
    pub fn motion(&self, rate: &PlacementRate) -> Result<RigidMotion, ExperimentError> {
        let panel = self.place()?.panels.remove(0);
        let frame = self.axes();
        let (beam, normal) = (frame.beam.normalize(), frame.normal.normalize());
        let axis = frame.two_theta_axis.normalize();
        let arm = rotation_about(axis, self.two_theta_rad);
        let tilt = rotation_xyz(self.rotations_rad);
        let tilting: DVec3 = (rotation_xyz_rates(self.rotations_rad).into_iter())
            .zip(rate.rotations_rad)
            .map(|(about, rate)| about * rate)
            .sum();
        let turn_rad = arm * tilting + axis * rate.two_theta_rad;
        if let Some(origin_m) = self.origin_m {
            return Ok(RigidMotion::about(origin_m, turn_rad));
        }
        // Of the cosine between beam and normal, the arm left aside, and of both distances.
        let ratio = beam.dot(tilt * normal);
        let ratio_rate = beam.dot(tilting.cross(tilt * normal));
        let (along, close_rate, distance_rate) = match self.distance {
            Distance::AlongBeam(distance) => {
                let sign = ratio.signum();
                let close = sign * (ratio_rate * distance + ratio * rate.distance_m);
                (sign * distance, close, sign * rate.distance_m)
            }
            Distance::Closest(close) => {
                let along = close / ratio;
                let rise = (rate.distance_m - along * ratio_rate) / ratio;
                (along, rate.distance_m, rise)
            }
        };
        let (beam_rate, near_rate) = self.centre_rates(rate);
        let in_panel = |[fast, slow]: [f64; 2]| fast * panel.fast + slow * panel.slow;
        let (pivot, shift) = match self.pivot() {
            Pivot::Sample => (DVec3::ZERO, close_rate * panel.normal - in_panel(near_rate)),
            Pivot::Beam => (along * beam, distance_rate * beam - in_panel(beam_rate)),
        };
        let turned = RigidMotion::about(pivot, turn_rad);
        Ok(turned.and(RigidMotion {
            shift_m: shift,
            turn_rad: DVec3::ZERO,
        }))
    }

    /// How the beam's spot and the point nearest to the sample move on the unrotated detector: they
    /// are linear in what they are given by, so that their difference is their derivative.
    fn centre_rates(&self, rate: &PlacementRate) -> ([f64; 2], [f64; 2]) {
        let here = self.centres();
        let mut moved = self.clone();
        for axis in 0..2 {
            if rate.beam_centre_m[axis] != 0.0 {
                moved.beam_centre_m[axis] = Some(here.given_m[axis] + rate.beam_centre_m[axis]);
            }
            if rate.near_point_m[axis] != 0.0 {
                let own = self.near_coordinates_m()[axis];
                moved.near_point_m[axis] = Some(own + rate.near_point_m[axis]);
            }
        }
        let there = moved.centres();
        let difference =
            |there: [f64; 2], here: [f64; 2]| [0, 1].map(|axis| there[axis] - here[axis]);
        (
            difference(there.beam_m, here.beam_m),
            difference(there.near_m, here.near_m),
        )
    }
}
