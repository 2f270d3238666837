//! The sum of PHYSICS §1 written out as flat arrays that every device reads.
//!
//! An [`Experiment`] says what the user wants; a [`Scene`] is what a device needs to know to
//! evaluate one term: sources with their constants, orientations, the lattice, the grid of F and
//! the factors in front of the sum. Both are in float64; a device with less makes its own copy.
//!
//! Where F depends on the energy, the image is the sum of one scene an energy channel: each has the
//! sources that take their F from there, and devices need to know of one grid only.

mod amorphous;
mod channel;
mod lattice;
mod orientation;
mod sample;
mod source;
mod term_place;

use std::sync::Arc;

use glam::DMat3;

use crate::experiment::{Experiment, Panel, ReflectionGrid, Region, Source};
use crate::memory::Bytes;

pub use amorphous::{Amorphous, ProfilePiece, overshoot};
pub use channel::{channels, read_grid};
pub use lattice::Lattice;
pub use orientation::Orientation;
pub use sample::Sample;
pub use source::SceneSource;
pub use term_place::{TermIndex, TermIndexError, TermPlace};

/// Square of the classical electron radius, m².
pub const ELECTRON_RADIUS_SQUARED: f64 = 7.94079248018965e-30;

/// Everything a device needs to render one image.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The panels, stacked in this order in the image.
    pub panels: Vec<Panel>,
    /// Layers of every sensor, at least one.
    pub layers: u32,
    /// Leave the pixels' size and tilt out of the solid angle.
    pub point_pixels: bool,
    /// The part of every panel that is rendered.
    pub region: Option<Region>,
    /// Sub-pixels per pixel edge.
    pub oversample: u32,
    /// Take each sub-pixel's own solid angle.
    pub solid_angle_per_subpixel: bool,
    /// Take each sub-pixel's and source's own polarisation.
    pub polarisation_per_subpixel: bool,
    /// Kahn's factor K; `None` where polarisation is switched off.
    pub kahn_factor: Option<f64>,
    /// Terms with |q| above this (1/m) are dropped; infinite for no limit.
    pub scattering_vector_limit: f64,
    /// Directions and wavelengths, at least one: those of one energy channel.
    pub sources: Vec<SceneSource>,
    /// The first source of all channels, whose polarisation a pixel takes.
    pub first_source: SceneSource,
    /// Crystal orientations, φ outermost, mosaic domains within; at least one.
    pub orientations: Vec<Orientation>,
    /// Steps of φ, at least one; each has as many orientations.
    pub phi_steps: u32,
    /// Size and shape of the crystal.
    pub lattice: Lattice,
    /// F on its grid; `None` when F is the same everywhere.
    pub grid: Option<Arc<ReflectionGrid>>,
    /// F of an index that is in no grid.
    pub default_f: f64,
    /// Whether F is interpolated between reflections.
    pub interpolate: bool,
    /// I_bg, the flat background of the water.
    pub background: f64,
    /// Amorphous materials in the beam.
    pub amorphous: Vec<Amorphous>,
    /// Photons per m² of beam.
    pub fluence: f64,
    /// Sources of all channels times orientations times sub-pixels, which the sum is the mean of.
    pub steps: f64,
    /// r_e²·fluence/steps, the factor in front of the sum.
    pub scale: f64,
}

/// Why a scene cannot be laid out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SceneError {
    /// Sources and orientations do not fit in memory.
    #[error(
        "{sources} sources and {orientations} orientations (phi steps times mosaic domains) need \
         {needed}, and this machine has {available}; take fewer steps (-hdivsteps, -vdivsteps, \
         -dispsteps, -phisteps) or domains (-mosaic_domains)"
    )]
    TooManyTerms {
        /// Number of sources.
        sources: u64,
        /// Number of orientations.
        orientations: u64,
        /// Memory they need.
        needed: Bytes,
        /// Memory there is.
        available: Bytes,
    },
    /// The ellipse of a round divergence leaves no direction over.
    #[error(
        "no point of the divergence grid lies inside its ellipse; take more steps, or keep the corners"
    )]
    NoSource,
    /// There are fewer sources.
    #[error("source {source_number}: there are {count}, counted from 0")]
    Source {
        /// The number asked for.
        source_number: usize,
        /// How many there are.
        count: usize,
    },
    /// The structure factors of an energy channel cannot be read.
    #[error("energy channel {number}, {angstrom:.6} Å: {reason}")]
    Channel {
        /// Its number, from 1.
        number: usize,
        /// Its wavelength, Å.
        angstrom: f64,
        /// What is wrong, with the name of the list.
        reason: String,
    },
    /// A direction of the divergence coincides with the polarisation vector.
    #[error(
        "a direction of the divergence lies along the polarisation vector, where no electric field \
         can point; take a smaller range of directions"
    )]
    SourceAlongPolarisation,
}

impl Scene {
    /// Lays the experiment out; of several energy channels, the first in use.
    ///
    /// # Errors
    /// As [`Scene::of_channel`].
    pub fn new(experiment: &Experiment) -> Result<Scene, SceneError> {
        let channels = channels(experiment)?;
        Scene::of_channel(experiment, channels[0])
    }

    /// [`Scene::of_channel`], whose grid is read already.
    ///
    /// # Errors
    /// As there.
    pub fn with_grid(
        experiment: &Experiment,
        channel: usize,
        grid: Option<Arc<ReflectionGrid>>,
    ) -> Result<Scene, SceneError> {
        let beam = experiment.beam();
        let crystal = experiment.crystal();
        let detector = experiment.detector();
        let sampling = experiment.sampling();

        let factors = experiment.structure_factors();
        let mut sources = laid_out_sources(experiment)?;
        let all_sources = sources.len();
        let first_source = *sources.first().ok_or(SceneError::NoSource)?;
        let first_channel = factors.channel_at(first_source.wavelength_m);
        sources.retain(|source| factors.channel_at(source.wavelength_m) == channel);
        let orientations = orientation::orientations(crystal, experiment.scan());
        let intensity = ELECTRON_RADIUS_SQUARED * beam.fluence;
        let oversample = f64::from(experiment.oversample());
        let steps = all_sources as f64 * orientations.len() as f64 * oversample * oversample;
        Ok(Scene {
            panels: detector.panels.clone(),
            layers: detector.layers,
            point_pixels: detector.point_pixels,
            region: sampling.region,
            oversample: experiment.oversample(),
            solid_angle_per_subpixel: sampling.solid_angle_per_subpixel,
            polarisation_per_subpixel: sampling.polarisation_per_subpixel,
            kahn_factor: beam.kahn_factor,
            scattering_vector_limit: 1.0 / sampling.resolution_limit_m,
            grid,
            first_source,
            default_f: factors.default_f(),
            interpolate: experiment.interpolates(),
            // Not a source's, and once in the image.
            background: if channel == first_channel {
                water_background(experiment.background().water_m, intensity)
            } else {
                0.0
            },
            amorphous: amorphous::amorphous(experiment.background(), orientations.len()),
            fluence: beam.fluence,
            steps,
            scale: intensity / steps,
            phi_steps: experiment.scan().steps,
            lattice: Lattice::new(crystal),
            sources,
            orientations,
        })
    }

    /// Whether the crystal scatters: some F is not zero.
    pub fn crystal_scatters(&self) -> bool {
        self.grid.is_some() || self.default_f != 0.0
    }

    /// Terms summed for one pixel: layers, sub-pixels, sources and orientations.
    pub fn terms_per_pixel(&self) -> f64 {
        let oversample = f64::from(self.oversample);
        f64::from(self.layers)
            * oversample
            * oversample
            * self.sources.len() as f64
            * self.orientations.len() as f64
    }

    /// Whether a pixel of `panel` is rendered: inside the region and not masked.
    pub fn renders(&self, panel: &Panel, fast: usize, slow: usize) -> bool {
        self.region.is_none_or(|region| region.contains(fast, slow)) && panel.renders(fast, slow)
    }
}

/// The sources of `experiment`, of all energy channels, once it is known that there is memory for
/// them and for the orientations.
///
/// # Errors
/// [`SceneError`], as [`Scene::of_channel`].
fn laid_out_sources(experiment: &Experiment) -> Result<Vec<SceneSource>, SceneError> {
    let needed = memory(experiment);
    needed
        .check()
        .map_err(|available| SceneError::TooManyTerms {
            sources: experiment.beam().source_count_bound(),
            orientations: orientation_count(experiment),
            needed,
            available,
        })?;
    source::sources(experiment.beam())
}

/// What the sources and orientations of `experiment` take, with what they are made from, which is
/// there at the same time.
pub fn memory(experiment: &Experiment) -> Bytes {
    let needed = [
        Bytes::of::<(Source, SceneSource)>(experiment.beam().source_count_bound()),
        Bytes::of::<Orientation>(orientation_count(experiment)),
        Bytes::of::<DMat3>(experiment.crystal().mosaicity.domain_count().into()),
    ];
    let all = needed.iter();
    Bytes(all.fold(0, |sum, bytes| sum.saturating_add(bytes.0)))
}

fn orientation_count(experiment: &Experiment) -> u64 {
    let domains = experiment.crystal().mosaicity.domain_count();
    u64::from(experiment.scan().steps) * u64::from(domains)
}

/// I_bg of `water_m` of water (PHYSICS §10), kept as the C program has it although its units do
/// not describe a volume.
fn water_background(water_m: f64, intensity: f64) -> f64 {
    /// Forward-scattering F of a water molecule, electrons.
    const WATER_F: f64 = 2.57;
    const AVOGADRO: f64 = 6.02214179e23;
    const WATER_G_PER_MOL: f64 = 18.0;
    const WATER_G_PER_M3: f64 = 1e6;
    WATER_F * WATER_F * intensity * water_m.powi(3) * WATER_G_PER_M3 * AVOGADRO / WATER_G_PER_MOL
}
