//! The detector at its place: from keys, or from a file that describes it.

use std::path::{Path, PathBuf};

use super::Reading;
use super::adopted::{Adopted, Unsaid};
use super::detector::shortened;
use crate::document::choices::Experiments;
use crate::document::error::DocumentError;
use crate::document::keys::{KEYS, Key, key};
use crate::document::message::{Message, contradiction, message};
use crate::experiment::{Detector, ExperimentError, LabAxes, Placement, Quantity};
use crate::formats::geometry::Geometry;
use crate::formats::{expt, geom};
use key::detector::{crystfel_geometry, dials_experiment};

/// A file that describes a detector, read.
pub struct GeometryFile {
    /// The key that names it.
    key: &'static Key,
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub geometry: Geometry,
}

/// The detector at its place, and what the files that were read say beside.
pub struct Apparatus {
    /// The file that describes the detector, if one does.
    pub file: Option<GeometryFile>,
    /// What stands in for keys that are not given.
    pub adopted: Adopted,
    /// How keys placed the detector, if they did.
    pub placement: Option<Placement>,
    /// The detector, a bare one.
    pub detector: Detector,
    /// The laboratory's axes.
    pub axes: LabAxes,
}

impl Reading<'_> {
    /// What a file describes, or keys.
    pub fn apparatus(&mut self) -> Result<Apparatus, DocumentError> {
        let keys = &self.document.detector;
        let Some(file) = self.geometry_file()? else {
            self.inputs
                .extend(keys.image.iter().chain(&keys.mask).cloned());
            let frame = keys.image_frame.map(|number| number as usize - 1);
            let image = keys.image.as_deref().map(|path| (path, frame));
            let mut adopted = Adopted::read(image, keys.mask.as_deref(), self.access())?;
            let told = std::mem::take(&mut adopted.notices);
            self.notices.extend(told.into_iter().map(Message::from));
            if let Some(path) = &keys.image {
                self.notices.extend(self.unsaid(path, &adopted));
            }
            let (placement, detector) = self.placed(&adopted)?;
            return Ok(Apparatus {
                file: None,
                adopted,
                axes: placement.axes(),
                placement: Some(placement),
                detector,
            });
        };
        let (path, geometry) = (file.path.display(), &file.geometry);
        let said = geometry.notices.iter();
        self.notices
            .extend(said.map(|notice| Message::from(format!("{path}: {notice}"))));
        let axes = geometry.axes();
        self.inputs.extend(keys.mask.clone());
        // The header of a mask then says nothing.
        let Adopted { mask, notices, .. } =
            Adopted::read(None, keys.mask.as_deref(), self.access())?;
        self.notices.extend(notices.into_iter().map(Message::from));
        Ok(Apparatus {
            adopted: Adopted::of_geometry(geometry, mask),
            placement: None,
            detector: file.detector()?,
            axes: self.document.frame.axes(axes).unwrap_or(axes),
            file: Some(file),
        })
    }

    /// What the header of the image at `path` leaves open and no key gives, and which frame of
    /// several was taken.
    fn unsaid(&self, path: &Path, adopted: &Adopted) -> Vec<Message> {
        let frames = adopted.frames.unwrap_or(1);
        let first = (frames > 1 && self.document.detector.image_frame.is_none()).then(|| {
            message!(
                "{}: the first of {} frames is taken; choose one with {}",
                path.display(),
                frames.to_string(),
                &key::detector::image_frame
            )
        });
        let said = |Unsaid(.., keys): &Unsaid| keys.iter().any(|key| key.is_in(self.document));
        let open = adopted.unsaid().into_iter().filter(|unsaid| !said(unsaid));
        let notices = open.map(|Unsaid(what, taken, keys)| {
            message!(
                "{}: its header does not tell {}; {} is taken: give {}",
                path.display(),
                what,
                taken,
                keys[0]
            )
        });
        first.into_iter().chain(notices).collect()
    }

    /// Reads the file that describes the detector, if a key names one.
    fn geometry_file(&mut self) -> Result<Option<GeometryFile>, DocumentError> {
        let keys = &self.document.detector;
        let (key, path): (&'static Key, _) = match (&keys.dials_experiment, &keys.crystfel_geometry)
        {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(contradiction!(
                    "{} and {} both place the detector; leave one of them out",
                    &dials_experiment,
                    &crystfel_geometry
                ));
            }
            (Some(path), None) => (&dials_experiment, path),
            (None, Some(path)) => (&crystfel_geometry, path),
        };
        let shown = path.display();
        let mut placing = KEYS.iter().filter(|key| key.places_detector());
        if let Some(placing) = placing.find(|key| self.document.says(key)) {
            return Err(contradiction!(
                "{} and {} {} both place the detector; leave one of them out",
                *placing,
                key,
                shown
            ));
        }
        self.inputs.push(path.clone());
        let geometry = if *key == dials_experiment {
            let chosen = keys.dials_experiment_index.unwrap_or(Experiments::One(0));
            let index = match chosen {
                Experiments::One(index) => index as usize,
                // The others differ in their crystals alone.
                Experiments::All => 0,
            };
            let geometry = expt::read(path, index, self.most())?;
            if geometry.experiments > 1 && chosen != Experiments::All {
                self.notices.push(message!(
                    "{}: experiment {} of {}, counted from 0, is taken, and the others are not; {} \
                     chooses",
                    path.display(),
                    index.to_string(),
                    geometry.experiments.to_string(),
                    &key::detector::dials_experiment_index
                ));
            }
            geometry
        } else {
            geom::read(path, keys.crystfel_clen.map(|mm| mm * 1e-3), self.most())?
        };
        let beam = &self.document.beam;
        if geometry.wavelength_m.is_none() && beam.wavelength.or(beam.energy).is_none() {
            return Err(contradiction!(
                "{} {}: it holds no number for the photon energy; give {} or {}",
                key,
                shown,
                &key::beam::energy,
                &key::beam::wavelength
            ));
        }
        let path = path.clone();
        Ok(Some(GeometryFile {
            key,
            path,
            geometry,
        }))
    }
}

impl GeometryFile {
    /// The file as it is called in messages, if it says nothing of a crystal.
    pub fn without_crystal(&self) -> Option<Message> {
        let named = || message!("{} {}", self.key, self.path.display());
        self.geometry.cell.is_none().then(named)
    }

    /// The detector that it describes.
    fn detector(&self) -> Result<Detector, DocumentError> {
        self.geometry.detector().map_err(|error| self.blame(&error))
    }

    /// What the user should know of how its panels stand.
    pub fn notices(&self, detector: &Detector) -> impl Iterator<Item = Message> + use<> {
        let path = self.path.display();
        let overlap = detector.overlapping().map(|[one, other]| {
            format!(
                "{path}: {one} and {other} overlap: seen from the sample, one covers the other by \
                 more than a pixel, and both are rendered"
            )
        });
        let upstream = detector.upstream(self.geometry.beam);
        let upstream = (!upstream.is_empty()).then(|| {
            let named = shortened(&upstream);
            format!("{path}: {named} beyond 90°, upstream of the sample")
        });
        overlap.into_iter().chain(upstream).map(Message::from)
    }

    /// Puts the file before what is wrong with its panels, and the entries to look at behind.
    pub fn blame(&self, error: &ExperimentError) -> DocumentError {
        let entries = self.entries(error);
        let advice = if entries.is_empty() {
            String::new()
        } else {
            format!("; look at the keys {entries}")
        };
        DocumentError::of_file(self.path.display(), format!("{error}{advice}"))
    }

    /// The file's own entries that an error comes from.
    fn entries(&self, error: &ExperimentError) -> &'static str {
        let expt = *self.key == dials_experiment;
        let either = |of_expt, of_geom| if expt { of_expt } else { of_geom };
        match error {
            ExperimentError::OnPanel { error, .. } => self.entries(error),
            ExperimentError::BehindSample { .. } => {
                either("origin and, of the beam, direction", "clen and coffset")
            }
            ExperimentError::PlaneThroughSample { .. } | ExperimentError::FacesAway { .. } => {
                either(
                    "origin, fast_axis and slow_axis",
                    "corner_x, corner_y, fs, ss, clen and coffset",
                )
            }
            ExperimentError::Parallel(..) => either("fast_axis and slow_axis", "fs and ss"),
            ExperimentError::PixelCount { .. } | ExperimentError::PanelWidths { .. } => {
                either("image_size", "min_fs and max_fs")
            }
            ExperimentError::OutOfRange { quantity, .. } => match quantity {
                Quantity::PixelSize => either("pixel_size", "res"),
                Quantity::FirstPixel => either("origin", "corner_x, corner_y and clen"),
                Quantity::AttenuationDepth => either("mu", ""),
                Quantity::SensorThickness => either("thickness", ""),
                _ => "",
            },
            _ => "",
        }
    }

    /// Whether an error is one of the panels that it describes.
    pub fn is_to_blame(error: &ExperimentError) -> bool {
        match error {
            ExperimentError::OnPanel { error, .. } => {
                !matches!(**error, ExperimentError::Region { .. })
            }
            ExperimentError::PanelWidths { .. } => true,
            _ => false,
        }
    }
}
