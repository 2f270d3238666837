//! What each frame of a series is of.
//!
//! Angles are sums in degrees, and decimals stay decimals: frame 3 of a series of 0.1° each starts
//! at 0.3°, not at 0.30000000000000004°, so that a render of this start alone gives the same bits.

use crate::document::{Document, Misset};
use crate::experiment::{Experiment, ExperimentError};
use crate::geometry::{angles_of, decimal, rotation_xyz};
use crate::random::uniform_rotation;

/// How the frames differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Motion {
    /// Each frame goes on where the one before ended.
    Scan,
    /// Each frame has an orientation of its own, drawn with this seed.
    RandomOrientations(u64),
}

/// What a series is of.
pub struct Plan {
    /// The first frame's experiment, or with random orientations the one that is turned.
    pub base: Experiment,
    /// How many frames there are.
    pub frames: u32,
    /// The number of the first frame.
    pub first_number: u32,
    /// Spindle angle at which the first frame starts, degrees.
    pub start_deg: f64,
    /// Rotation during each frame, degrees.
    pub range_deg: f64,
    /// How the frames differ.
    pub motion: Motion,
}

/// One image of a series, before it is rendered.
pub struct Frame {
    /// The frame's number, which its files and its noise have.
    pub number: u32,
    /// Spindle angle at which it starts, degrees.
    pub phi_deg: f64,
    /// Rotations about x, y and z that turned the crystal into its random orientation, degrees.
    pub misset_deg: Option<[f64; 3]>,
    /// What is rendered.
    pub experiment: Experiment,
}

impl Frame {
    /// The document of the frame alone, where the whole series has `of_all`.
    pub fn document(&self, of_all: &Document) -> Document {
        let mut own = of_all.clone();
        own.series = Default::default();
        // A start that a header gave, and no decimal, is that header's.
        if self.phi_deg.to_radians() == self.experiment.scan().start_rad {
            own.scan.start = Some(self.phi_deg);
        }
        // The base may have another oversampling, where the axes of the turned cell are rounded.
        own.sampling.oversample = Some(self.experiment.oversample());
        // What has no effect on the frame is not said, for a render of the document would tell so.
        let analytic = self.experiment.sampling().analytic.is_some();
        if self.experiment.scan().step_rad == 0.0 || analytic {
            own.scan.phi_sampling = None;
        }
        if !self.experiment.detector().has_layers() {
            own.detector.sensor_layer_depth = None;
        }
        own.noise.image_number = Some(self.number);
        if let Some(angles) = self.misset_deg {
            own.crystal.misset = Some(Misset::Angles(angles));
            own.crystal.misset_seed = None;
        }
        own
    }
}

impl Plan {
    /// The document of the series, of whose base `of_base` is that.
    pub fn document(&self, of_base: &Document) -> Document {
        let mut own = of_base.clone();
        own.series.frames = Some(self.frames);
        own.noise.image_number = Some(self.first_number);
        if let Motion::RandomOrientations(seed) = self.motion {
            own.series.random_orientations = Some(true);
            own.crystal.misset = None;
            own.crystal.misset_seed = Some(seed as i64);
        }
        own
    }

    /// Frame `index`, from 0.
    ///
    /// # Errors
    /// [`ExperimentError`] for angles beyond what an experiment takes.
    pub fn frame(&self, index: u32) -> Result<Frame, ExperimentError> {
        let number = self.first_number + index;
        let (mut cell, mut start_rad) = (self.base.crystal().cell, self.base.scan().start_rad);
        let (mut phi_deg, mut misset_deg) = (self.start_deg, None);
        match self.motion {
            // The first is what the flags say, to the last bit.
            Motion::Scan if index == 0 => {}
            Motion::Scan => {
                let turned = f64::from(index) * self.range_deg;
                phi_deg = decimal(phi_deg + turned, phi_deg.abs() + turned.abs());
                start_rad = phi_deg.to_radians();
            }
            Motion::RandomOrientations(seed) => {
                let angles = angles_of(&uniform_rotation(seed, number)).map(f64::to_degrees);
                let turn = rotation_xyz(angles.map(f64::to_radians));
                cell = cell.rotated(&turn);
                misset_deg = Some(angles);
            }
        }
        Ok(Frame {
            number,
            phi_deg,
            misset_deg,
            experiment: self.base.moved(cell, start_rad)?,
        })
    }
}
