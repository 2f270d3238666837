//! What an experiment is laid out to once, whatever its frames do.

use std::collections::BTreeMap;
use std::sync::Arc;

use glam::DMat3;

use super::amorphous::amorphous;
use super::orientation::orientations;
use super::source::sources;
use super::{
    ELECTRON_RADIUS_SQUARED, Orientation, Rates, Scene, SceneError, SceneSource, orientation_count,
};
use crate::experiment::{Experiment, MosaicDraw, ReflectionGrid};
use crate::geometry::LaueGroup;
use crate::physics::amorphous::Amorphous;
use crate::physics::closed_form::ClosedForm;
use crate::physics::diffuse::Diffuse;
use crate::physics::lattice_factor::Lattice;
use crate::units::ANGSTROM_PER_METRE;

/// What all frames of a series share: panels, sources by energy channel, mosaic domains as they
/// were drawn, amorphous materials. A clone shares all of it.
#[derive(Debug, Clone)]
pub struct Layout {
    experiment: Experiment,
    /// The sources of each energy channel in use, by the channel's number; at least one channel.
    channels: BTreeMap<usize, Arc<[SceneSource]>>,
    /// Sources of all channels.
    source_count: usize,
    first_source: SceneSource,
    domains: MosaicDraw,
    amorphous: Arc<[Amorphous]>,
    symmetric_shape: Arc<[DMat3]>,
    diffuse: Option<Arc<Diffuse>>,
}

/// Where the crystal stands in one frame.
#[derive(Debug, Clone)]
pub struct Pose {
    orientations: Arc<[Orientation]>,
    lattice: Lattice,
    closed_form: Option<Arc<ClosedForm>>,
    /// Sub-pixels per pixel edge, which resolve this crystal's spots.
    oversample: u32,
}

impl Layout {
    /// What was laid out.
    pub(crate) fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// How many amorphous materials every scene has: those of the background's slabs in which there are
    /// molecules.
    pub fn materials(&self) -> usize {
        self.amorphous.len()
    }

    /// Lays `experiment` out. Nobody asks here whether there is memory for it:
    /// [`memory`](super::memory) tells what it takes.
    ///
    /// # Errors
    /// [`SceneError::NoSource`], [`SceneError::SourceAlongPolarisation`].
    pub fn new(experiment: &Experiment) -> Result<Layout, SceneError> {
        let sources = sources(experiment.beam())?;
        let first_source = *sources.first().ok_or(SceneError::NoSource)?;
        let source_count = sources.len();
        let factors = experiment.structure_factors();
        let mut channels = BTreeMap::<usize, Vec<SceneSource>>::new();
        if factors.channels().is_empty() {
            channels.insert(0, sources);
        } else {
            for source in sources {
                let channel = factors.channel_at(source.wavelength_m);
                channels.entry(channel).or_default().push(source);
            }
        }
        let channels = channels.into_iter();
        let orientations = orientation_count(experiment) as usize;
        let crystal = experiment.crystal();
        let symmetric_shape = crystal
            .symmetric_shape
            .iter()
            .flat_map(LaueGroup::on_indices);
        Ok(Layout {
            channels: channels
                .map(|(channel, sources)| (channel, sources.into()))
                .collect(),
            source_count,
            first_source,
            domains: crystal.mosaicity.draw(),
            amorphous: amorphous(experiment.background(), orientations).into(),
            symmetric_shape: symmetric_shape.collect(),
            // A crystal scatters as diffusely however it is turned.
            diffuse: Diffuse::new(crystal).map(Arc::new),
            experiment: experiment.clone(),
        })
    }

    /// The energy channels that sources take their F from, at least one; channel 0 where F is the
    /// same at every energy.
    pub fn channels(&self) -> Vec<usize> {
        self.channels.keys().copied().collect()
    }

    /// The energy channel of source number `source`, counted over all channels, and the source's
    /// number in that channel's scene.
    ///
    /// # Errors
    /// [`SceneError::Source`] when there is no such source.
    pub fn channel_of_source(&self, source: usize) -> Result<(usize, usize), SceneError> {
        let no_source = SceneError::Source {
            source_number: source,
            count: self.source_count,
        };
        let factors = self.experiment.structure_factors();
        let described = self.experiment.beam().sources();
        let channel_at = |number: usize| factors.channel_at(described[number].wavelength_m);
        if source >= self.source_count {
            return Err(no_source);
        }
        let channel = channel_at(source);
        let before = (0..source).filter(|&other| channel_at(other) == channel);
        Ok((channel, before.count()))
    }

    /// The grid of F of energy channel `channel`, read if it is one of several.
    ///
    /// # Errors
    /// [`SceneError::Channel`].
    pub fn read_grid(&self, channel: usize) -> Result<Option<Arc<ReflectionGrid>>, SceneError> {
        let factors = self.experiment.structure_factors();
        factors
            .grid_of(channel)
            .map_err(|error| SceneError::Channel {
                number: channel + 1,
                angstrom: factors.channels()[channel].wavelength_m * ANGSTROM_PER_METRE,
                reason: error.to_string(),
            })
    }

    /// Where the crystal of `frame` stands: the experiment that was laid out, or that with its
    /// crystal turned and its spindle at another angle
    /// ([`Experiment::moved`](crate::experiment::Experiment::moved)).
    pub fn pose(&self, frame: &Experiment) -> Pose {
        let crystal = frame.crystal();
        Pose {
            orientations: orientations(crystal, &self.domains, frame.scan()),
            lattice: Lattice::new(crystal),
            closed_form: ClosedForm::new(frame).map(Arc::new),
            oversample: frame.oversample(),
        }
    }

    /// How the orientations of `frame` move with its angles.
    pub fn rates(&self, frame: &Experiment) -> Rates {
        let crystal = frame.crystal();
        let domains = crystal.mosaicity.rates(&crystal.cell);
        Rates::new(crystal, &domains, frame.scan())
    }

    /// What the sources of energy channel `channel`, whose F is `grid`, contribute to the image of
    /// the frame with this `pose`. It shares its arrays with this layout and the pose.
    ///
    /// # Errors
    /// [`SceneError::NoSource`] for a channel that is not in use.
    pub fn scene(
        &self,
        channel: usize,
        grid: Option<Arc<ReflectionGrid>>,
        pose: &Pose,
    ) -> Result<Scene, SceneError> {
        let experiment = &self.experiment;
        let (beam, detector) = (experiment.beam(), experiment.detector());
        let (factors, sampling) = (experiment.structure_factors(), experiment.sampling());
        let sources = self.channels.get(&channel).ok_or(SceneError::NoSource)?;
        let first_channel = factors.channel_at(self.first_source.wavelength_m);
        let intensity = ELECTRON_RADIUS_SQUARED * beam.fluence;
        let oversample = f64::from(pose.oversample);
        let steps =
            self.source_count as f64 * pose.orientations.len() as f64 * oversample * oversample;
        Ok(Scene {
            panels: experiment.panels().clone(),
            layers: detector.layers,
            layer_depth: detector.layer_depth,
            point_pixels: detector.point_pixels,
            region: sampling.region,
            oversample: pose.oversample,
            solid_angle_per_subpixel: sampling.solid_angle_per_subpixel,
            polarisation_per_subpixel: sampling.polarisation_per_subpixel,
            kahn_factor: beam.kahn_factor,
            scattering_vector_limit: 1.0 / sampling.resolution_limit_m,
            sources: sources.clone(),
            first_source: self.first_source,
            orientations: pose.orientations.clone(),
            phi_steps: experiment.scan().steps,
            lattice: pose.lattice,
            symmetric_shape: self.symmetric_shape.clone(),
            diffuse: self.diffuse.clone(),
            b_factor: experiment.crystal().b_factor_m2,
            closed_form: pose.closed_form.as_deref().copied(),
            grid,
            default_f: factors.default_f(),
            interpolate: experiment.interpolates(),
            // Water scatters once, whatever the number of channels.
            background: if channel == first_channel {
                water_background(experiment.background().water_m, intensity)
            } else {
                0.0
            },
            amorphous: self.amorphous.clone(),
            fluence: beam.fluence,
            steps,
            scale: intensity / steps,
        })
    }

    /// The scene of energy channel `channel` of the experiment that was laid out.
    ///
    /// # Errors
    /// As [`Layout::read_grid`] and [`Layout::scene`].
    pub fn own_scene(&self, channel: usize) -> Result<Scene, SceneError> {
        self.scene(
            channel,
            self.read_grid(channel)?,
            &self.pose(&self.experiment),
        )
    }
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
