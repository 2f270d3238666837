//! Flags that replace the convention's directions.

use clap::{ArgAction, Args};
use glam::DVec3;

use super::super::values;
use crate::experiment::Frame;

#[derive(Args)]
#[command(next_help_heading = "Custom frame: directions that replace the convention's")]
pub struct VectorFlags {
    /// Direction in which the photons travel
    #[arg(long = "beam_vector", action = ArgAction::Set, num_args = 3, value_names = ["x", "y", "z"],
          value_parser = values::number)]
    beam_vector: Option<Vec<f64>>,
    /// Detector fast axis
    #[arg(long = "fdet_vector", action = ArgAction::Set, num_args = 3, value_names = ["x", "y", "z"],
          value_parser = values::number)]
    fdet_vector: Option<Vec<f64>>,
    /// Detector slow axis
    #[arg(long = "sdet_vector", action = ArgAction::Set, num_args = 3, value_names = ["x", "y", "z"],
          value_parser = values::number)]
    sdet_vector: Option<Vec<f64>>,
    /// Detector normal [default: fast × slow, if one of them is given]
    #[arg(long = "odet_vector", action = ArgAction::Set, num_args = 3, value_names = ["x", "y", "z"],
          value_parser = values::number)]
    odet_vector: Option<Vec<f64>>,
    /// Direction of the electric field
    #[arg(long = "polar_vector", action = ArgAction::Set, num_args = 3, value_names = ["x", "y", "z"],
          value_parser = values::number)]
    polar_vector: Option<Vec<f64>>,
    /// Axis of phi
    #[arg(long = "spindle_axis", action = ArgAction::Set, num_args = 3, value_names = ["x", "y", "z"],
          value_parser = values::number)]
    spindle_axis: Option<Vec<f64>>,
    /// Axis of two-theta
    #[arg(long = "twotheta_axis", action = ArgAction::Set, num_args = 3, value_names = ["x", "y", "z"],
          value_parser = values::number)]
    twotheta_axis: Option<Vec<f64>>,
    /// Corner of the first pixel after all rotations, m, instead of distance and beam centre
    #[arg(long = "pix0_vector", action = ArgAction::Set, num_args = 3, value_names = ["x", "y", "z"],
          value_parser = values::number)]
    pix0_vector: Option<Vec<f64>>,
}

/// The vector that a flag's three values make.
fn vector(values: Option<&Vec<f64>>) -> Option<DVec3> {
    match values.map(Vec::as_slice) {
        Some(&[x, y, z]) => Some(DVec3::new(x, y, z)),
        _ => None,
    }
}

impl VectorFlags {
    /// `conventional` with the given directions in place; none if no direction was given.
    pub fn frame(&self, conventional: Frame) -> Option<Frame> {
        let given = [
            &self.beam_vector,
            &self.fdet_vector,
            &self.sdet_vector,
            &self.odet_vector,
            &self.polar_vector,
            &self.spindle_axis,
            &self.twotheta_axis,
        ];
        let [
            beam,
            fast,
            slow,
            normal,
            polarisation,
            spindle,
            two_theta_axis,
        ] = given.map(|values| vector(values.as_ref()));
        given.iter().any(|values| values.is_some()).then(|| {
            let turned = fast.or(slow).is_some();
            let (fast, slow) = (
                fast.unwrap_or(conventional.fast),
                slow.unwrap_or(conventional.slow),
            );
            let across = if turned {
                fast.cross(slow)
            } else {
                conventional.normal
            };
            Frame {
                beam: beam.unwrap_or(conventional.beam),
                fast,
                slow,
                normal: normal.unwrap_or(across),
                two_theta_axis: two_theta_axis.unwrap_or(conventional.two_theta_axis),
                polarisation: polarisation.unwrap_or(conventional.polarisation),
                spindle: spindle.unwrap_or(conventional.spindle),
            }
        })
    }

    /// Corner of the first pixel, m.
    pub fn origin_m(&self) -> Option<DVec3> {
        vector(self.pix0_vector.as_ref())
    }
}
