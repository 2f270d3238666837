//! How a detector stands, as far as parameters move it.

use glam::{DMat3, DVec3};

use super::{Parameter, ParameterError};
use crate::experiment::{
    Detector, Distance, ExperimentError, HeaderGeometry, Panel, Placement, PlacementRate,
    RigidMotion,
};
use crate::geometry::{rotation_xyz, rotation_xyz_rates};

/// A detector, what it stands by, and where its panels are beside that.
#[derive(Debug, Clone)]
pub struct Mount {
    /// The detector as it was first: its sensors, masks and layers stay.
    first: Detector,
    stand: Stand,
    /// Shift, m, and turn about the middle, radians, of each panel.
    panels: Vec<([f64; 3], [f64; 3])>,
    /// Direction of the beam, a unit vector.
    beam: DVec3,
}

/// What a detector stands by.
#[derive(Debug, Clone)]
enum Stand {
    /// Distance, beam centre and angles placed it.
    Placed(Box<Placement>),
    /// A file describes its panels, which have moved as a whole since.
    Described {
        /// What headers say of it.
        header: HeaderGeometry,
        /// How far it has moved along the beam, m.
        along_m: f64,
        /// How much further along the first panel's axes the beam meets it, m.
        beam_spot_m: [f64; 2],
        /// Rotations about x, y and z through the beam's spot, radians.
        rotations_rad: [f64; 3],
    },
}

/// Turned about a point, then shifted.
#[derive(Clone, Copy)]
struct Rigid {
    centre_m: DVec3,
    turn: DMat3,
    shift_m: DVec3,
}

impl Rigid {
    fn moved(&self, point_m: DVec3) -> DVec3 {
        self.centre_m + self.shift_m + self.turn * (point_m - self.centre_m)
    }

    fn panel(&self, panel: &Panel) -> Panel {
        Panel {
            origin_m: self.moved(panel.origin_m),
            fast: self.turn * panel.fast,
            slow: self.turn * panel.slow,
            normal: self.turn * panel.normal,
            ..panel.clone()
        }
    }
}

fn middle_m(panel: &Panel) -> DVec3 {
    let [fast, slow] = panel.shape.map(|count| count as f64 / 2.0);
    panel.point_m([fast, slow])
}

impl Mount {
    /// The `detector` that `placement` placed, or that a file describes, in this beam.
    ///
    /// # Errors
    /// [`ExperimentError`] for a placement or a panel that is impossible.
    pub fn new(
        detector: &Detector,
        placement: Option<Placement>,
        beam: DVec3,
    ) -> Result<Mount, ExperimentError> {
        let beam = beam.normalize();
        Ok(Mount {
            stand: match placement {
                Some(placement) => Stand::Placed(Box::new(placement)),
                None => Stand::Described {
                    header: Detector::of_panels(detector.panels.clone(), beam)?.header,
                    along_m: 0.0,
                    beam_spot_m: [0.0; 2],
                    rotations_rad: [0.0; 3],
                },
            },
            first: detector.clone(),
            panels: vec![Default::default(); detector.panels.len()],
            beam,
        })
    }

    /// The detector in its place.
    ///
    /// # Errors
    /// [`ExperimentError`] for an impossible place.
    pub fn detector(&self) -> Result<Detector, ExperimentError> {
        let mut detector = self.first.clone();
        let stood = self.standing()?;
        detector.header = stood.header;
        let is_moved =
            |(shift, turn): &([f64; 3], [f64; 3])| *shift != [0.0; 3] || *turn != [0.0; 3];
        for ((panel, stood), own) in detector
            .panels
            .iter_mut()
            .zip(&stood.panels)
            .zip(&self.panels)
        {
            *panel = Panel {
                origin_m: stood.origin_m,
                fast: stood.fast,
                slow: stood.slow,
                normal: stood.normal,
                curved_m: stood.curved_m,
                ..panel.clone()
            };
            if is_moved(own) {
                *panel = own_motion(panel, own).panel(panel);
            }
        }
        if self.panels.iter().any(is_moved) {
            detector.header = Detector::of_panels(detector.panels.clone(), self.beam)?.header;
        }
        Ok(detector)
    }

    /// The detector before its panels moved by themselves.
    fn standing(&self) -> Result<Detector, ExperimentError> {
        match &self.stand {
            Stand::Placed(placement) => placement.place(),
            Stand::Described {
                header,
                along_m,
                beam_spot_m,
                rotations_rad,
            } => {
                let turn = rotation_xyz(*rotations_rad);
                let shift_m = *along_m * self.beam - turn * self.along_first(*beam_spot_m);
                let rigid = Rigid {
                    centre_m: self.spot_m(header),
                    turn,
                    shift_m,
                };
                let mut detector = self.first.clone();
                // What has not moved keeps every bit.
                if shift_m != DVec3::ZERO || turn != DMat3::IDENTITY {
                    let panels = self.first.panels.iter();
                    let panels = panels.map(|panel| rigid.panel(panel)).collect();
                    let moved = Detector::of_panels(panels, self.beam)?;
                    (detector.panels, detector.header) = (moved.panels, moved.header);
                }
                Ok(detector)
            }
        }
    }

    /// Steps along the axes of the first panel as it was first, m.
    fn along_first(&self, [fast, slow]: [f64; 2]) -> DVec3 {
        let first = &self.first.panels[0];
        fast * first.fast + slow * first.slow
    }

    /// Where the beam met the first panel at first.
    fn spot_m(&self, header: &HeaderGeometry) -> DVec3 {
        self.first.panels[0].origin_m + self.along_first(header.beam_spot_m)
    }

    /// The value of a parameter that moves the detector, in SI units, or pixels.
    pub fn value(&self, parameter: Parameter) -> Result<f64, ParameterError> {
        let absent = |reason: &str| ParameterError::absent(parameter, reason);
        if self
            .first
            .panels
            .iter()
            .any(|panel| panel.curved_m.is_some())
        {
            return Err(absent(
                "a curved panel has no derivative as it moves; take a flat one",
            ));
        }
        if let Parameter::PanelShift(panel, _) | Parameter::PanelTurn(panel, _) = parameter {
            let count = self.panels.len();
            let (shift, turn) = self
                .panels
                .get(panel)
                .ok_or_else(|| absent(&format!("there are {count} panels, counted from 0")))?;
            return Ok(match parameter {
                Parameter::PanelTurn(_, axis) => turn[axis as usize],
                Parameter::PanelShift(_, axis) => shift[axis as usize],
                _ => 0.0,
            });
        }
        match &self.stand {
            Stand::Placed(placement) => {
                let value = placed_value(placement, parameter).map_err(&absent)?;
                let motion = placement.motion(&placement_rate(placement, parameter))?;
                if motion == RigidMotion::default() {
                    return Err(absent(
                        "it does not move the detector: a detector that turns about the sample stands \
                         by ORGX and ORGY, one that turns about the beam by Xbeam and Ybeam, and one \
                         whose first pixel is given by that",
                    ));
                }
                Ok(value)
            }
            Stand::Described {
                header,
                along_m,
                beam_spot_m,
                rotations_rad,
            } => match parameter {
                Parameter::Distance => Ok(header.distance_m + along_m),
                Parameter::BeamX => Ok(header.beam_spot_m[0] + beam_spot_m[0]),
                Parameter::BeamY => Ok(header.beam_spot_m[1] + beam_spot_m[1]),
                Parameter::DetectorTurn(axis) => Ok(rotations_rad[axis as usize]),
                _ => Err(absent(
                    "a file describes the detector; distance, Xbeam, Ybeam, detector_rotx, \
                     detector_roty and detector_rotz move it as a whole, and panel_N_x and the like \
                     each panel",
                )),
            },
        }
    }

    /// Gives a parameter that moves the detector, and has a [value](Mount::value), another.
    pub fn set(&mut self, parameter: Parameter, value: f64) {
        match (parameter, &mut self.stand) {
            (Parameter::PanelShift(panel, axis), _) => self.panels[panel].0[axis as usize] = value,
            (Parameter::PanelTurn(panel, axis), _) => self.panels[panel].1[axis as usize] = value,
            (_, Stand::Placed(placement)) => set_placed(placement, parameter, value),
            (
                _,
                Stand::Described {
                    header,
                    along_m,
                    beam_spot_m,
                    rotations_rad,
                },
            ) => match parameter {
                Parameter::Distance => *along_m = value - header.distance_m,
                Parameter::BeamX => beam_spot_m[0] = value - header.beam_spot_m[0],
                Parameter::BeamY => beam_spot_m[1] = value - header.beam_spot_m[1],
                Parameter::DetectorTurn(axis) => rotations_rad[axis as usize] = value,
                _ => {}
            },
        }
    }

    /// How each panel moves per unit of a parameter that has a [value](Mount::value), in SI units or
    /// pixels.
    pub fn motions(&self, parameter: Parameter) -> Result<Vec<RigidMotion>, ParameterError> {
        let stood = self.standing()?;
        if let Parameter::PanelShift(index, _) | Parameter::PanelTurn(index, _) = parameter {
            let mut motions = vec![RigidMotion::default(); self.panels.len()];
            let (shift, turn) = self.panels[index];
            motions[index] = match parameter {
                Parameter::PanelTurn(_, axis) => RigidMotion::about(
                    middle_m(&stood.panels[index]) + DVec3::from_array(shift),
                    rotation_xyz_rates(turn)[axis as usize],
                ),
                Parameter::PanelShift(_, axis) => RigidMotion {
                    shift_m: DVec3::AXES[axis as usize],
                    turn_rad: DVec3::ZERO,
                },
                _ => RigidMotion::default(),
            };
            return Ok(motions);
        }
        let whole = match &self.stand {
            Stand::Placed(placement) => placement.motion(&placement_rate(placement, parameter))?,
            Stand::Described {
                header,
                along_m,
                rotations_rad,
                ..
            } => {
                let shift = |shift_m: DVec3| RigidMotion {
                    shift_m,
                    turn_rad: DVec3::ZERO,
                };
                let turned = |along| -(rotation_xyz(*rotations_rad) * self.along_first(along));
                match parameter {
                    Parameter::Distance => shift(self.beam),
                    Parameter::BeamX => shift(turned([1.0, 0.0])),
                    Parameter::BeamY => shift(turned([0.0, 1.0])),
                    Parameter::DetectorTurn(axis) => RigidMotion::about(
                        self.spot_m(header) + *along_m * self.beam,
                        rotation_xyz_rates(*rotations_rad)[axis as usize],
                    ),
                    _ => RigidMotion::default(),
                }
            }
        };
        // Each panel has been turned about its middle and shifted since.
        let panels = stood.panels.iter().zip(&self.panels);
        Ok(panels
            .map(|(panel, own)| {
                let own = own_motion(panel, own);
                let turn = RigidMotion::about(own.moved(own.centre_m), own.turn * whole.turn_rad);
                turn.and(RigidMotion {
                    shift_m: whole.at(own.centre_m),
                    turn_rad: DVec3::ZERO,
                })
            })
            .collect())
    }
}

/// How a panel has moved by itself.
fn own_motion(panel: &Panel, (shift, turn): &([f64; 3], [f64; 3])) -> Rigid {
    Rigid {
        centre_m: middle_m(panel),
        turn: rotation_xyz(*turn),
        shift_m: DVec3::from_array(*shift),
    }
}

/// The value of a parameter of a placement, or why there is none.
fn placed_value(placement: &Placement, parameter: Parameter) -> Result<f64, &'static str> {
    let centre = |axis: usize| placement.beam_centre_coordinates_m()[axis];
    // ORGX counts pixels from the middle of the first.
    let near = |axis: usize| placement.near_coordinates_m()[axis] / placement.pixel_size_m + 0.5;
    Ok(match (parameter, placement.distance) {
        (Parameter::Distance, Distance::AlongBeam(distance)) => distance,
        (Parameter::CloseDistance, Distance::Closest(distance)) => distance,
        (Parameter::Distance, _) => {
            return Err("the detector stands by its close distance; take close_distance");
        }
        (Parameter::CloseDistance, _) => {
            return Err("the detector stands by its distance along the beam; take distance");
        }
        (Parameter::BeamX, _) => centre(0),
        (Parameter::BeamY, _) => centre(1),
        (Parameter::OriginX, _) => near(0),
        (Parameter::OriginY, _) => near(1),
        (Parameter::DetectorTurn(axis), _) => placement.rotations_rad[axis as usize],
        (Parameter::TwoTheta, _) => placement.two_theta_rad,
        _ => return Err("it does not place the detector"),
    })
}

fn set_placed(placement: &mut Placement, parameter: Parameter, value: f64) {
    let near = (value - 0.5) * placement.pixel_size_m;
    match parameter {
        Parameter::Distance => placement.distance = Distance::AlongBeam(value),
        Parameter::CloseDistance => placement.distance = Distance::Closest(value),
        Parameter::BeamX => placement.beam_centre_m[0] = Some(value),
        Parameter::BeamY => placement.beam_centre_m[1] = Some(value),
        Parameter::OriginX => placement.near_point_m[0] = Some(near),
        Parameter::OriginY => placement.near_point_m[1] = Some(near),
        Parameter::DetectorTurn(axis) => placement.rotations_rad[axis as usize] = value,
        Parameter::TwoTheta => placement.two_theta_rad = value,
        _ => {}
    }
}

/// The direction of a parameter among what places a detector.
fn placement_rate(placement: &Placement, parameter: Parameter) -> PlacementRate {
    let mut rate = PlacementRate::default();
    match parameter {
        Parameter::Distance | Parameter::CloseDistance => rate.distance_m = 1.0,
        Parameter::BeamX => rate.beam_centre_m[0] = 1.0,
        Parameter::BeamY => rate.beam_centre_m[1] = 1.0,
        Parameter::OriginX => rate.near_point_m[0] = placement.pixel_size_m,
        Parameter::OriginY => rate.near_point_m[1] = placement.pixel_size_m,
        Parameter::DetectorTurn(axis) => rate.rotations_rad[axis as usize] = 1.0,
        Parameter::TwoTheta => rate.two_theta_rad = 1.0,
        _ => {}
    }
    rate
}

impl Parameter {
    /// Whether it moves the detector or a panel of it.
    pub(super) fn moves_detector(self) -> bool {
        matches!(
            self,
            Parameter::Distance
                | Parameter::CloseDistance
                | Parameter::BeamX
                | Parameter::BeamY
                | Parameter::OriginX
                | Parameter::OriginY
                | Parameter::DetectorTurn(_)
                | Parameter::TwoTheta
                | Parameter::PanelShift(..)
                | Parameter::PanelTurn(..)
        )
    }
}
