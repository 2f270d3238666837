//! The sum of PHYSICS §1 written out as flat arrays that every device reads.
//!
//! An [`Experiment`] says what the user wants; a [`Scene`] is what a device needs to know to
//! evaluate one term: sources with their constants, orientations, the lattice, the grid of F and
//! the factors in front of the sum. Both are in float64; a device with less makes its own copy.
//!
//! A scene has two parts with two lifetimes. Its [`Layout`] is made once for all frames of a
//! series: panels, sources, mosaic domains, amorphous materials. Its [`Pose`] is where the crystal
//! stands in one frame. A scene shares the arrays of both, so a clone of it is cheap, and a device
//! can tell by an array's identity that it has the array already.
//!
//! Where F depends on the energy, the image is the sum of one scene an energy channel: each has the
//! sources that take their F from that channel, and devices need to know of one grid only.

mod amorphous;
mod layout;
mod orientation;
mod pixel_trace;
mod rates;
mod sensitivity;
mod source;
mod term_place;

use std::sync::Arc;

use glam::DMat3;

use crate::experiment::{Experiment, LayerDepth, Panel, ReflectionGrid, Region, Sensor};
use crate::memory::Bytes;
use crate::physics::amorphous::Amorphous;
use crate::physics::closed_form::ClosedForm;
use crate::physics::diffuse::Diffuse;
use crate::physics::lattice_factor::Lattice;
use crate::physics::term::Model;

pub use layout::{Layout, Pose};
pub use orientation::Orientation;
pub(crate) use pixel_trace::{put_photons, solid_angle_unit_name};
pub use rates::Rates;
pub use sensitivity::{PANEL_COUNT, PANEL_SHIFT, PANEL_TURN, SceneVector, slot};
pub use source::SceneSource;
pub use term_place::{TermIndex, TermIndexError, TermPlace};

/// Square of the classical electron radius, m².
pub const ELECTRON_RADIUS_SQUARED: f64 = 7.94079248018965e-30;

/// Everything a device needs to render one image.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The panels, stacked in this order in the image.
    pub panels: Arc<[Panel]>,
    /// Layers of every sensor, at least one.
    pub layers: u32,
    /// Where in a layer its photons are stopped.
    pub layer_depth: LayerDepth,
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
    pub sources: Arc<[SceneSource]>,
    /// The first source of all channels, whose polarisation a pixel takes.
    pub first_source: SceneSource,
    /// Crystal orientations, φ outermost, mosaic domains within; at least one.
    pub orientations: Arc<[Orientation]>,
    /// Steps of φ, at least one; each has as many orientations.
    pub phi_steps: u32,
    /// Size and shape of the crystal.
    pub lattice: Lattice,
    /// The operators that F_latt² is averaged over, on columns of indices; none where the shape is taken
    /// as it is.
    pub symmetric_shape: Arc<[DMat3]>,
    /// Diffuse scattering, if there is any.
    pub diffuse: Option<Arc<Diffuse>>,
    /// B of the whole crystal, m².
    pub b_factor: f64,
    /// What smears the spots, integrated in closed form: each orientation is then the middle of a
    /// segment of φ. `None` where samples are summed.
    pub closed_form: Option<ClosedForm>,
    /// F on its grid; `None` when F is the same everywhere.
    pub grid: Option<Arc<ReflectionGrid>>,
    /// F of an index that is in no grid.
    pub default_f: f64,
    /// Whether F is interpolated between reflections.
    pub interpolate: bool,
    /// I_bg, the flat background of the water.
    pub background: f64,
    /// Amorphous materials in the beam.
    pub amorphous: Arc<[Amorphous]>,
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
        /// Number of the channel, from 1.
        number: usize,
        /// Wavelength of the channel, Å.
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
    /// [`SceneError`] when no source is left, when one's electric field has no direction, and when
    /// the channel's reflections cannot be read.
    pub fn new(experiment: &Experiment) -> Result<Scene, SceneError> {
        let layout = Layout::new(experiment)?;
        layout.own_scene(layout.channels()[0])
    }

    /// What all terms have in common.
    pub fn model(&self) -> Model<'_> {
        Model {
            lattice: &self.lattice,
            symmetric_shape: &self.symmetric_shape,
            diffuse: self.diffuse.as_deref(),
            grid: self.grid.as_deref(),
            default_f: self.default_f,
            interpolate: self.interpolate,
        }
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

    /// Pixels that are rendered.
    pub fn rendered_pixels(&self) -> usize {
        let all = || self.panels.iter().map(Panel::pixels).sum();
        let rendered = |flags: Vec<bool>| flags.into_iter().filter(|&flag| flag).count();
        self.pixel_flags().map_or_else(all, rendered)
    }

    /// Which pixels of the image are rendered, where not all are.
    pub(crate) fn pixel_flags(&self) -> Option<Vec<bool>> {
        Scene::flags(self.region, &self.panels)
    }

    /// Which pixels of these panels, stacked, are rendered, where only this `region` is; `None` where
    /// all are.
    pub(crate) fn flags(region: Option<Region>, panels: &[Panel]) -> Option<Vec<bool>> {
        if region.is_none() && panels.iter().all(|panel| panel.mask.is_none()) {
            return None;
        }
        let flags = panels.iter().flat_map(|panel| {
            let [width, height] = panel.shape;
            let pixels = (0..height).flat_map(move |slow| (0..width).map(move |fast| (fast, slow)));
            pixels.map(move |(fast, slow)| Scene::rendered(region, panel, fast, slow))
        });
        Some(flags.collect())
    }

    /// The sensor of `panel`, if its layers stop photons at their mean depths and not at their
    /// front faces. A curved panel's layers all lie on its sphere.
    #[inline(always)]
    pub fn mean_depth_sensor<'p>(&self, panel: &'p Panel) -> Option<&'p Sensor> {
        let mean = self.layer_depth == LayerDepth::Mean && panel.curved_m.is_none();
        panel.sensor.as_ref().filter(|_| mean)
    }

    /// The panel and the coordinates on it of the pixel at `place` of the image.
    pub fn pixel_at(&self, place: usize) -> Option<(&Panel, [usize; 2])> {
        let mut place = place;
        for panel in self.panels.iter() {
            if place < panel.pixels() {
                let width = panel.shape[0];
                return Some((panel, [place % width, place / width]));
            }
            place -= panel.pixels();
        }
        None
    }

    /// Whether all pixels of `panel` are rendered.
    pub fn renders_all(&self, panel: &Panel) -> bool {
        self.region.is_none() && panel.mask.is_none()
    }

    /// Whether a pixel of `panel` is rendered: inside the region and not masked.
    #[inline]
    pub fn renders(&self, panel: &Panel, fast: usize, slow: usize) -> bool {
        Scene::rendered(self.region, panel, fast, slow)
    }

    /// Whether a pixel of `panel` is rendered where only this `region` is.
    #[inline]
    fn rendered(region: Option<Region>, panel: &Panel, fast: usize, slow: usize) -> bool {
        region.is_none_or(|region| region.contains(fast, slow)) && panel.renders(fast, slow)
    }
}

/// The memory that the sources and orientations of `experiment` take, with what they are made from,
/// which is there at the same time.
pub fn memory(experiment: &Experiment) -> Bytes {
    let needed = [
        // As they are shared between channels, they are there twice for a moment.
        Bytes::of::<(SceneSource, SceneSource)>(experiment.beam().source_count_bound()),
        Bytes::of::<Orientation>(orientation_count(experiment)),
        Bytes::of::<DMat3>(experiment.crystal().mosaicity.domain_count().into()),
    ];
    let all = needed.iter();
    Bytes(all.fold(0, |sum, bytes| sum.saturating_add(bytes.0)))
}

/// Orientations of the crystal in `experiment`: steps of the scan times mosaic domains.
pub fn orientation_count(experiment: &Experiment) -> u64 {
    let domains = experiment.crystal().mosaicity.domain_count();
    u64::from(experiment.scan().steps) * u64::from(domains)
}
