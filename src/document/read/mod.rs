//! From a document to an experiment: the files that it names are read, what it leaves open is
//! filled in, and everything is checked.

mod adopted;
mod analytic;
mod apparatus;
mod atoms;
mod background;
mod beam;
mod crystal;
mod detector;
mod diffuse;
mod factors;
mod file_cells;
mod idle;
mod noise;
mod resolved;

use std::path::PathBuf;

use super::error::{DocumentError, keys_of};
use super::keys::{Key, key};
use super::message::{Message, contradiction, message};
use super::{Document, FactorOrigin};
use crate::derivatives::Origin;
use crate::experiment::{
    Crystal, Description, Experiment, ExperimentError, Placement, Region, Sampling,
};
use crate::formats::encoding::Counts;
use crate::formats::{Access, Links, file_limit};
use crate::image::noise::Noise;
use crate::memory::Bytes;
use adopted::Adopted;
use apparatus::{Apparatus, GeometryFile};
use atoms::Reach;
use factors::Factors;

pub use idle::Idle;

/// A document made sense of.
#[derive(Debug, Clone)]
pub struct Reading<'d> {
    document: &'d Document,
    /// The seed of the noise, and of what else has none of its own.
    seed: u64,
    /// Memory that what is read may take, bytes.
    memory: Bytes,
    /// How far links in the files may lead.
    links: Links,
    inputs: Vec<PathBuf>,
    notices: Vec<Message>,
}

/// What a document came to.
#[derive(Debug)]
pub struct Resolved {
    /// The experiment.
    pub experiment: Experiment,
    /// What its parameters are told from.
    pub origin: Origin,
    /// A detector's noise, around the offset of an SMV file.
    pub noise: Noise,
    /// The seed of the noise, and of what else has none of its own.
    pub seed: u64,
    /// The document with every default, choice and seed: read, it is this experiment with these
    /// notices.
    pub document: Document,
    /// What follows from the document and would be rounded in it, or has nothing to act on.
    pub notes: Document,
    /// What the user should know although nothing is wrong.
    pub notices: Vec<Message>,
    /// The keys that are given and have nothing to act on.
    pub idle: Vec<Idle>,
    /// The files that were read.
    pub inputs: Vec<PathBuf>,
    /// Where the reflections come from, if they come from one file.
    pub reflections: Option<FactorOrigin>,
    /// The file that describes the detector, where keys do not.
    pub geometry: Option<PathBuf>,
}

/// What is known once a document has been read.
struct Facts<'f> {
    document: &'f Document,
    experiment: &'f Experiment,
    /// How keys placed the detector, if they did.
    placement: Option<&'f Placement>,
    /// What stood in for keys.
    adopted: &'f Adopted,
    /// The column of F, where a file has several.
    f_column: Option<&'f str>,
    seed: u64,
    noise: &'f Noise,
}

impl Document {
    /// Reads the files that the document names, and checks everything. `fresh_seed` is the seed of
    /// the noise and of a random misset where the document has none; `access` is the memory that
    /// the files that are read may take, and how far links in them may lead.
    ///
    /// # Errors
    /// [`DocumentError`] for keys that contradict each other or describe an impossible experiment,
    /// and for files that are missing or bad.
    pub fn resolve(
        &self,
        fresh_seed: u64,
        access: impl Into<Access>,
    ) -> Result<Resolved, DocumentError> {
        let Access { most, links } = access.into();
        let mut reading = Reading {
            document: self,
            seed: self.noise.seed.map_or(fresh_seed, |seed| seed as u64),
            memory: most,
            links,
            inputs: Vec::new(),
            notices: Vec::new(),
        };
        reading.resolve()
    }

    /// Whether a key says something: a switch that is as it is by default says nothing.
    pub fn says(&self, own: &Key) -> bool {
        use super::value::Value;
        let off: [&Key; 4] = [
            &key::crystal::solvent,
            &key::beam::polarised,
            &key::output::default_pgm,
            &key::output::default_noise,
        ];
        let both: [&Key; 2] = [&key::crystal::interpolate, &key::run::progress];
        match own.get(self) {
            None => false,
            Some(Value::Truth(truth)) if !both.contains(&own) => truth != off.contains(&own),
            Some(_) => true,
        }
    }
}

impl Reading<'_> {
    /// The most bytes that a file may have.
    fn most(&self) -> Bytes {
        file_limit(self.memory)
    }

    /// What the reader of an image may take.
    fn access(&self) -> Access {
        Access {
            most: self.most(),
            links: self.links,
        }
    }

    fn resolve(&mut self) -> Result<Resolved, DocumentError> {
        let Apparatus {
            file,
            adopted,
            placement,
            mut detector,
            axes,
        } = self.apparatus()?;
        self.finish(&mut detector);
        let beam = self.beam(&axes, &adopted)?;
        let reach = Reach {
            beam: &beam,
            detector: &detector,
            memory: self.memory,
        };
        let Factors {
            structure_factors,
            mut cells,
            origin,
            space_group,
        } = self.factors(&reach)?;
        let bare = file.as_ref().and_then(GeometryFile::without_crystal);
        bare.into_iter().for_each(|file| cells.note_without(file));
        let beam_size_m = self.beam_size_m();
        let background = self.background(beam_size_m, &reach)?;
        let crystal_scatters =
            structure_factors.is_listed() || structure_factors.default_f() != 0.0;
        let scan = self.scan(&axes, &adopted)?;
        let keys = &self.document.crystal;
        let names_cell = keys.matrix.is_some() || keys.cell.is_some();
        // A background needs no crystal.
        let crystal = if !crystal_scatters && !names_cell && background.scatters() {
            Crystal::absent()
        } else {
            let cell = self.unit_cell(&cells, beam.wavelength_m, &adopted)?;
            let crystal = self.crystal(&cell, beam_size_m)?;
            self.with_symmetry(crystal, space_group.as_ref(), &reach)?
        };
        if !crystal_scatters && !background.scatters() {
            return Err(contradiction!(
                "nothing scatters: give structure factors with {} FILE, {} FILE, {}, or {}",
                &key::crystal::structure_factors,
                &key::crystal::atoms,
                &key::crystal::default_f,
                &key::background::slabs
            ));
        }
        let sampling = self.sampling()?;
        let scan = match sampling.analytic {
            None => scan,
            Some(_) => self.segmented(scan, &crystal, &reach)?,
        };
        self.apply_mask(&mut detector, &adopted)?;
        self.notices.extend(detector::masked_panels(&detector));
        if let Some(file) = &file {
            self.notices.extend(file.notices(&detector));
        }
        let description = Description {
            beam,
            crystal,
            detector,
            scan,
            sampling,
            structure_factors,
            background,
        };
        let experiment = Experiment::new(description).map_err(|error| match &file {
            Some(file) if !self.gave_sensor(&error) && GeometryFile::is_to_blame(&error) => {
                file.blame(&error)
            }
            _ => self.impossible(error),
        })?;
        let offset = self
            .document
            .counts
            .offset
            .unwrap_or(Counts::DEFAULT_OFFSET);
        let noise = self.document.noise.noise(self.seed, offset)?;
        let facts = Facts {
            document: self.document,
            experiment: &experiment,
            placement: placement.as_ref(),
            adopted: &adopted,
            f_column: origin.as_ref().and_then(FactorOrigin::column),
            seed: self.seed,
            noise: &noise,
        };
        let mut idle = facts.idle();
        let (document, notes) = facts.resolved(&idle);
        idle.retain(|idle| self.document.says(idle.key));
        self.notices.extend(idle.iter().map(Idle::notice));
        self.notices
            .extend(factors::channel_notice(&experiment, self.memory));
        Ok(Resolved {
            noise,
            seed: self.seed,
            document,
            notes,
            notices: std::mem::take(&mut self.notices),
            idle,
            inputs: std::mem::take(&mut self.inputs),
            reflections: origin,
            geometry: file.map(|file| file.path),
            origin: Origin {
                misset_rad: self.misset_rad(),
                placement,
            },
            experiment,
        })
    }

    /// The longest scattering vector by which the crystal scatters to a corner of a panel, 1/m.
    fn longest(&self, reach: &Reach) -> f64 {
        let dmin_m = self.document.sampling.dmin.unwrap_or(0.0) * 1e-10;
        reach.s_max().min(1.0 / dmin_m)
    }

    /// How the image is sampled.
    fn sampling(&mut self) -> Result<Sampling, DocumentError> {
        let keys = &self.document.sampling;
        if keys.absorption_per_subpixel == Some(true) {
            self.notices.push(message!(
                "{} changes nothing: absorption is always each sub-pixel's own",
                &key::sampling::absorption_per_subpixel
            ));
        }
        Ok(Sampling {
            oversample: keys.oversample,
            solid_angle_per_subpixel: keys.solid_angle_per_subpixel == Some(true),
            polarisation_per_subpixel: keys.polarisation_per_subpixel == Some(true),
            region: keys.region.map(|[first, last, top, bottom]| Region {
                fast: [first, last],
                slow: [top, bottom],
            }),
            resolution_limit_m: keys.dmin.unwrap_or(0.0) * 1e-10,
            analytic: self.analytic()?,
        })
    }

    /// `error` of the whole experiment, behind the keys that it comes from.
    fn impossible(&self, error: ExperimentError) -> DocumentError {
        match error {
            ExperimentError::SourceAlongPolarisation(_)
            | ExperimentError::SourceWavelength { .. }
            | ExperimentError::TotalWeight(_) => {
                // Sources come from a file.
                DocumentError::File(Message::about(&[&key::beam::sources], error))
            }
            error => self.blame(&keys_of(&error), error),
        }
    }
}
