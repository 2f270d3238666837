//! What an image file says beside its numbers, whatever its format.

use std::path::Path;

use glam::DVec3;

use super::format::{Format, GeometryRoom};
use super::image_header::ImageHeader;
use super::metadata::{FrameMetadata, Metadata};
use super::{FormatError, smv};
use crate::experiment::Experiment;
use crate::memory::Bytes;

/// The entry of an SMV header with the seed of the noise.
pub const NOISE_SEED: &str = "NOISE_SEED";
/// The entry of an SMV header with the seed of a random misorientation.
pub const MISSET_SEED: &str = "MISSET_SEED";

/// The content of an image file beside its numbers, as far as its format has room.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Header {
    /// Keys and values of an SMV header, or of the lines of a miniCBF header.
    pub entries: Vec<(String, String)>,
    /// The format whose header the entries are of.
    pub entries_of: Option<&'static Format>,
    /// The geometry that the entries describe.
    pub geometry: ImageHeader,
    /// Metadata that one upright panel has no room for: of all frames, and of this one.
    pub metadata: Option<(Metadata, FrameMetadata)>,
    /// The experiment that the image was rendered from; see [`super::record`].
    pub record: Option<String>,
    /// Seeds for an SMV header, and the names of their entries.
    pub seeds: Vec<(&'static str, i64)>,
    /// What the user should know of how the image was read.
    pub notices: Vec<String>,
}

impl Header {
    /// What `format` has room for of an image of `experiment`, in whose laboratory `up` is up:
    /// counts of up to `saturation`, and the `record` of how it was rendered.
    pub fn of(
        experiment: &Experiment,
        up: DVec3,
        format: &Format,
        saturation: Option<f64>,
        record: Option<String>,
    ) -> Header {
        let panels = format.geometry == GeometryRoom::Panels;
        let known = match panels {
            true => Metadata::of(experiment, up, saturation),
            false => Metadata::without_mask(experiment, up, saturation),
        };
        let metadata = Metadata {
            configuration: record.clone(),
            ..known
        };
        let frame = FrameMetadata::of(experiment, up);
        let mut entries = smv::entries(experiment);
        entries.push(("NANOBRAGG_VERSION".into(), crate::version::NUMBER.into()));
        entries.extend(smv::dtrek_entries(&metadata, &frame));
        let metadata = panels.then_some((metadata, frame));
        Header {
            entries,
            entries_of: Some(smv::FORMAT),
            geometry: ImageHeader {
                count_cutoff: saturation,
                ..ImageHeader::of(experiment)
            },
            metadata,
            record,
            seeds: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// The header of a later frame of a file: the metadata of that frame, which `experiment`
    /// describes.
    pub fn of_later_frame(experiment: &Experiment, up: DVec3) -> Header {
        let frame = FrameMetadata::of(experiment, up);
        Header {
            metadata: Some((Metadata::default(), frame)),
            ..Header::default()
        }
    }

    /// Reads the header of the SMV file at `path`, with the size of its image.
    ///
    /// # Errors
    /// [`FormatError`] when the file cannot be read, is no SMV file, or has a geometry that is no
    /// numbers.
    pub fn of_smv(path: &Path, most: Bytes) -> Result<(Header, [usize; 2]), FormatError> {
        let file = smv::read(path, most)?;
        let geometry = smv::geometry(file.entries(), file.height)
            .map_err(|problem| FormatError::content(path, problem))?;
        let header = Header {
            entries: file.entries().to_vec(),
            entries_of: Some(smv::FORMAT),
            geometry,
            ..Header::default()
        };
        Ok((header, [file.width, file.height]))
    }

    /// The metadata of an image of `size`: what is known, or what the geometry of one upright panel
    /// says.
    pub fn metadata(&self, size: [usize; 2]) -> (Metadata, FrameMetadata) {
        self.metadata.clone().unwrap_or_else(|| {
            let metadata = Metadata {
                configuration: self.record.clone(),
                ..Metadata::of_header(&self.geometry, size)
            };
            (metadata, self.frame_metadata())
        })
    }

    /// The metadata that the frame has of its own.
    pub fn frame_metadata(&self) -> FrameMetadata {
        match &self.metadata {
            Some((_, frame)) => *frame,
            None => FrameMetadata::of_header(&self.geometry),
        }
    }

    /// Puts `record` in the place of what the image had.
    pub fn set_record(&mut self, record: String) {
        if let Some((metadata, _)) = &mut self.metadata {
            metadata.configuration = Some(record.clone());
        }
        self.record = Some(record);
    }

    /// Says that `count` is the largest that can be trusted.
    pub fn saturates_at(&mut self, count: Option<f64>) {
        self.geometry.count_cutoff = count;
        if let Some((metadata, _)) = &mut self.metadata {
            metadata.saturation = count;
        }
    }
}
