//! Experiment lists of DIALS (`.expt`, JSON), and older JSON files of one imageset or sweep.
//!
//! Theory: DIALS has lengths in mm and Å, angles in degrees. The beam's direction points from the
//! sample to the source. A crystal with the cell A is turned by S·R(φ)·F·A, where R is the rotation
//! about the spindle u, F the fixed and S the setting rotation of the goniometer; that is a
//! rotation about S·u of the cell S·F·A, which is how it is rendered. A panel absorbs over 1/µ. The
//! facts are those of dxtbx's `to_dict` and `from_dict` (github.com/cctbx/dxtbx, src/dxtbx/model).
//!
//! Practice: an experiment names its models by their places in the file's lists; of these only its
//! own are looked at. Images, profiles and scaling models are nothing to us.

mod detector;
mod models;
mod node;
mod write;

use std::path::Path;

use glam::{DMat3, DVec3};

use super::error::read_with;
use super::geometry::Geometry;
use super::text::as_text;
use super::{FormatError, Problem};
use crate::memory::Bytes;
use node::{Node, Object};
pub use write::{FrameImage, runs, text};

/// The files that are accepted, in words for messages.
const EXPECTED: &str = "an experiment list or an imageset of DIALS, JSON";

/// The lists of models.
const MODELS: [&str; 6] = [
    "experiment",
    "beam",
    "detector",
    "goniometer",
    "scan",
    "crystal",
];

/// Reads experiment `index`, from 0, of the file at `path`.
///
/// # Errors
/// [`FormatError`], naming the line, the model and the key.
pub fn read(path: &Path, index: usize, most: Bytes) -> Result<Geometry, FormatError> {
    read_with(path, most, |bytes| parse(bytes, index, most))
}

/// Experiment `index`, from 0, of those that `bytes` hold.
///
/// # Errors
/// A [`Problem`] when they are no JSON or another document, when there is no such experiment, or a
/// key of its models is missing or holds something else than it should.
pub fn parse(bytes: &[u8], index: usize, most: Bytes) -> Result<Geometry, Problem> {
    let text =
        as_text(bytes).map_err(|_| Problem::with_file(format!("not text; expected {EXPECTED}")))?;
    let root = Node::root(&text, "the file", EXPECTED)?;
    if root.is_list() {
        return Err(root.wrong(format!(
            "a list, such as an old datablock; expected {EXPECTED}"
        )));
    }
    let file = root.object(MODELS)?;
    let models = Models::of(&file, index)?;
    let count = models.count;
    Ok(Geometry {
        experiments: count,
        ..models.geometry(most)?
    })
}

/// The models of one experiment.
struct Models<'a> {
    beam: Option<Node<'a>>,
    detector: Option<Node<'a>>,
    goniometer: Option<Node<'a>>,
    scan: Option<Node<'a>>,
    crystal: Option<Node<'a>>,
    /// The experiment, as messages name it.
    name: String,
    /// Experiments of the file.
    count: usize,
}

impl<'a> Models<'a> {
    fn of(file: &Object<'a, 6>, index: usize) -> Result<Models<'a>, Problem> {
        let Some(experiments) = file.optional("experiment") else {
            return Models::of_imageset(file, index);
        };
        let experiments = experiments.list(usize::MAX)?;
        let count = experiments.len();
        let name = format!("experiment {index}");
        let Some(experiment) = experiments.into_iter().nth(index) else {
            let what = format!("there is no {name}; the file has {count}, counted from 0");
            return Err(Problem::with_file(what));
        };
        let experiment = experiment.named(name.as_str()).object(MODELS)?;
        let model = |key: &'static str| -> Result<Option<Node<'a>>, Problem> {
            let Some(number) = experiment.optional(key) else {
                return Ok(None);
            };
            let place = number.index(&format!("a place in the file's list of {key} models"))?;
            let list = file.required(key, "a list of models")?.list(usize::MAX)?;
            let count = list.len();
            match list.into_iter().nth(place) {
                Some(model) => Ok(Some(model.named(format!("{key} {place}")))),
                None => Err(number.wrong(format!("{place}; the file has {count}, counted from 0"))),
            }
        };
        Ok(Models {
            beam: model("beam")?,
            detector: model("detector")?,
            goniometer: model("goniometer")?,
            scan: model("scan")?,
            crystal: model("crystal")?,
            name,
            count,
        })
    }

    /// The models that stand in the file itself.
    fn of_imageset(file: &Object<'a, 6>, index: usize) -> Result<Models<'a>, Problem> {
        if index > 0 {
            let what = format!("there is no experiment {index}; the file is of a single imageset");
            return Err(Problem::with_file(what));
        }
        let model = |key: &'static str| Some(file.optional(key)?.named(key));
        Ok(Models {
            beam: model("beam"),
            detector: model("detector"),
            goniometer: model("goniometer"),
            scan: model("scan"),
            crystal: model("crystal"),
            name: "the imageset".into(),
            count: 1,
        })
    }

    fn geometry(self, most: Bytes) -> Result<Geometry, Problem> {
        let needed = |model: Option<Node<'a>>, key: &str| {
            model.ok_or_else(|| {
                let what = format!("{}: key {key} is missing; expected {EXPECTED}", self.name);
                Problem::with_file(what)
            })
        };
        let beam = models::beam(needed(self.beam, "beam")?)?;
        let (panels, transparent) = detector::panels(needed(self.detector, "detector")?, most)?;
        let goniometer = self.goniometer.map(models::goniometer).transpose()?;
        let oscillation_rad = match self.scan {
            Some(scan) => models::oscillation(scan)?,
            None => None,
        };
        let crystal = self.crystal.map(models::crystal).transpose()?;

        let mut notices = Vec::new();
        if transparent {
            notices.push(
                "panels with a thickness but no mu stop every photon at their surface".to_string(),
            );
        }
        let varies = [
            ("the beam", beam.varies),
            (
                "the goniometer",
                goniometer.as_ref().is_some_and(|model| model.varies),
            ),
            ("the crystal", crystal.is_some_and(|(_, varies)| varies)),
        ];
        for (what, _) in varies.into_iter().filter(|(_, varies)| *varies) {
            notices.push(format!(
                "{what} is taken as it stands, without its changes during the scan"
            ));
        }
        // The format's axis where there is no goniometer.
        let (spindle, turn) = goniometer.map_or((DVec3::X, DMat3::IDENTITY), |model| {
            (model.setting * model.axis, model.setting * model.fixed)
        });
        Ok(Geometry {
            experiments: 1,
            panels,
            beam: beam.direction,
            polarisation: beam.polarisation,
            kahn_factor: Some(beam.kahn_factor),
            wavelength_m: Some(beam.wavelength_m),
            spindle,
            oscillation_rad,
            cell: crystal.map(|(cell, _)| cell.rotated(&turn)),
            notices,
        })
    }
}

#[cfg(test)]
mod tests;
