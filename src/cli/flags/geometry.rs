//! Flags of the files that describe a detector, and what they stand in for.

use std::path::PathBuf;

use clap::{Arg, Args, Command};

use super::super::order::Order;
use super::super::{CliError, values};
use super::RenderFlags;
use super::detector::{Adopted, DetectorFlags};
use super::vectors::VectorFlags;
use crate::experiment::{Detector, ExperimentError, Frame, Placement};
use crate::formats::geometry::Geometry;
use crate::formats::{expt, geom};

#[derive(Args)]
#[command(next_help_heading = "Detector")]
pub struct GeometryFlags {
    /// DIALS experiment list: panels, beam, scan and crystal, instead of the flags that place a
    /// detector
    #[arg(long, value_name = "FILE")]
    expt: Option<PathBuf>,
    /// Experiment of --expt, from 0 [default: 0]
    #[arg(long = "expt-index", value_name = "INDEX", value_parser = values::index)]
    expt_index: Option<u32>,
    /// CrystFEL geometry file: panels and photon energy, instead of the flags that place a detector
    #[arg(long, value_name = "FILE")]
    geom: Option<PathBuf>,
    /// Place along the beam of --geom's panels, mm [default: the file's clen]
    #[arg(long, value_name = "MM", value_parser = values::number)]
    clen: Option<f64>,
}

/// Flags of the detector and of vectors that go with a file: they do not place the detector.
const BESIDE_A_FILE: [&str; 7] = [
    "point_pixel",
    "detector_abs",
    "detector_thick",
    "detector_thicksteps",
    "mask",
    "polar_vector",
    "spindle_axis",
];

/// A file that describes a detector, read.
pub struct GeometryFile {
    /// The flag that names it.
    flag: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub geometry: Geometry,
}

impl GeometryFile {
    /// The file as it is called in messages, if it says nothing of a crystal.
    pub fn without_crystal(&self) -> Option<String> {
        let named = || format!("{} {}", self.flag, self.path.display());
        self.geometry.cell.is_none().then(named)
    }
}

impl GeometryFlags {
    /// Reads the file that is named, if one is.
    ///
    /// # Errors
    /// [`CliError::Usage`] for flags beside it that place the detector too, and where it leaves open
    /// what no flag gives; [`CliError::Failed`] for a file that is missing or bad.
    pub fn read(
        &self,
        order: Order,
        inputs: &mut Vec<PathBuf>,
    ) -> Result<Option<GeometryFile>, CliError> {
        let (flag, path) = match (&self.expt, &self.geom) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                let what = "--expt and --geom both place the detector; leave one of them out";
                return Err(CliError::usage(what));
            }
            (Some(path), None) => ("--expt", path),
            (None, Some(path)) => ("--geom", path),
        };
        let shown = path.display();
        if let Some(placing) = placing_flag(order) {
            return Err(CliError::usage(format!(
                "{placing} and {flag} {shown} both place the detector; leave one of them out"
            )));
        }
        inputs.push(path.clone());
        let geometry = if flag == "--expt" {
            expt::read(
                path,
                self.expt_index.unwrap_or(0) as usize,
                crate::cli::limit::file_limit(),
            )?
        } else {
            geom::read(
                path,
                self.clen.map(|mm| mm * 1e-3),
                crate::cli::limit::file_limit(),
            )?
        };
        if geometry.wavelength_m.is_none() && !order.any(&["lambda", "energy"]) {
            return Err(CliError::usage(format!(
                "{flag} {shown}: it holds no number for the photon energy; give -energy or -lambda"
            )));
        }
        Ok(Some(GeometryFile {
            flag,
            path: path.clone(),
            geometry,
        }))
    }
}

/// The detector at its place, and what the files that were read say beside.
pub struct Apparatus {
    /// The file that describes the detector, if one does.
    pub file: Option<GeometryFile>,
    /// What stands in for flags that are not given.
    pub adopted: Adopted,
    /// How flags placed the detector, if they did.
    pub placement: Option<Placement>,
    /// The detector, a bare one.
    pub detector: Detector,
    /// The laboratory frame.
    pub frame: Frame,
}

impl Apparatus {
    /// What a file describes, or flags.
    ///
    /// # Errors
    /// As [`GeometryFlags::read`], and for a detector that is impossible.
    pub fn of(
        flags: &RenderFlags,
        order: Order,
        inputs: &mut Vec<PathBuf>,
        notices: &mut Vec<String>,
    ) -> Result<Apparatus, CliError> {
        let Some(file) = flags.geometry.read(order, inputs)? else {
            let adopted = flags.detector.adopted(inputs)?;
            let (placement, detector) =
                flags
                    .detector
                    .placed(order, &flags.vectors, &adopted, notices)?;
            return Ok(Apparatus {
                file: None,
                adopted,
                frame: placement.frame(),
                placement: Some(placement),
                detector,
            });
        };
        let (path, geometry) = (file.path.display(), &file.geometry);
        let said = geometry.notices.iter();
        notices.extend(said.map(|notice| format!("{path}: {notice}")));
        let frame = geometry.frame();
        Ok(Apparatus {
            adopted: flags.detector.adopted_with(geometry, inputs)?,
            placement: None,
            detector: file.detector()?,
            frame: flags.vectors.frame(frame).unwrap_or(frame),
            file: Some(file),
        })
    }
}

/// The flags that place a detector.
fn placing() -> Vec<Arg> {
    let placing = VectorFlags::augment_args(DetectorFlags::augment_args(Command::new("placing")));
    let flags = placing.get_arguments();
    let flags = flags.filter(|flag| !BESIDE_A_FILE.contains(&flag.get_id().as_str()));
    flags.cloned().collect()
}

/// Ids of the flags that place a detector.
pub fn placing_flags() -> Vec<String> {
    let flags = placing().into_iter();
    flags.map(|flag| flag.get_id().to_string()).collect()
}

/// The first flag on the command line that places a detector.
fn placing_flag(order: Order) -> Option<String> {
    let flags = placing().into_iter();
    flags
        .filter_map(|flag| {
            let position = order.position(flag.get_id().as_str())?;
            Some((position, flag.get_long()?.to_string()))
        })
        .min()
        .map(|(_, long)| format!("-{long}"))
}

impl GeometryFile {
    /// The detector that it describes.
    ///
    /// # Errors
    /// [`CliError::Failed`], naming the file, the panel and the keys to look at.
    pub fn detector(&self) -> Result<Detector, CliError> {
        self.geometry.detector().map_err(|error| self.blame(&error))
    }

    /// Puts the file before what is wrong with its panels, and the keys to look at behind.
    pub fn blame(&self, error: &ExperimentError) -> CliError {
        let keys = self.keys(error);
        let path = self.path.display();
        let advice = if keys.is_empty() {
            String::new()
        } else {
            format!("; look at the keys {keys}")
        };
        CliError::Failed(anyhow::anyhow!("{path}: {error}{advice}"))
    }

    /// The keys that an error comes from.
    fn keys(&self, error: &ExperimentError) -> &'static str {
        let expt = self.flag == "--expt";
        let either = |of_expt, of_geom| if expt { of_expt } else { of_geom };
        match error {
            ExperimentError::OnPanel { error, .. } => self.keys(error),
            ExperimentError::BehindSample { .. } => {
                either("origin and, of the beam, direction", "clen and coffset")
            }
            ExperimentError::PlaneThroughSample { .. }
            | ExperimentError::FacesAway { .. }
            | ExperimentError::Overlap { .. } => either(
                "origin, fast_axis and slow_axis",
                "corner_x, corner_y, fs, ss, clen and coffset",
            ),
            ExperimentError::Parallel(..) => either("fast_axis and slow_axis", "fs and ss"),
            ExperimentError::PixelCount { .. } | ExperimentError::PanelWidths { .. } => {
                either("image_size", "min_fs and max_fs")
            }
            ExperimentError::OutOfRange { quantity, .. } => {
                let keys = [
                    ("pixel size", either("pixel_size", "res")),
                    ("origin", either("origin", "corner_x, corner_y and clen")),
                    ("attenuation depth", either("mu", "")),
                    ("thickness", either("thickness", "")),
                ];
                let found = keys.iter().find(|(part, _)| quantity.contains(part));
                found.map_or("", |(_, keys)| keys)
            }
            _ => "",
        }
    }

    /// Whether an error is one of the panels that it describes.
    pub fn is_to_blame(error: &ExperimentError) -> bool {
        match error {
            ExperimentError::OnPanel { error, .. } => {
                !matches!(**error, ExperimentError::Region { .. })
            }
            ExperimentError::Overlap { .. } | ExperimentError::PanelWidths { .. } => true,
            _ => false,
        }
    }
}
