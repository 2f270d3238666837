//! What the user describes: beam, crystal, detector, scan, sampling, structure factors.
//!
//! Plain data in SI units, in the laboratory frame. The parts are open structs to fill in; an
//! [`Experiment`] is made of them by [`Experiment::new`], which checks them once and for all:
//! nothing that holds an `Experiment` checks again. Formulas and section numbers are those of
//! PHYSICS (`docs/PHYSICS.md`).

mod analytic;
mod background;
mod beam;
mod convention;
mod crystal;
mod detector;
mod diffuse;
mod error;
mod expansion;
mod mosaicity;
mod overlap;
mod panel;
mod placement;
mod quantity;
mod reflection_grid;
mod rigid_motion;
mod sampling;
mod scan;
mod steps;
mod structure_factors;

use std::sync::Arc;

use crate::geometry::UnitCell;

pub use analytic::Analytic;
pub use background::{Background, CLOSEST_PER_M, LARGEST_F, ProfileEntry, ScatteringProfile, Slab};
pub use beam::{
    Beam, DEFAULT_FLUENCE, Divergence, Source, Sources, photon_energy_ev,
    photon_energy_to_wavelength,
};
pub use convention::{Convention, LabAxes};
pub use crystal::{Crystal, Shape, SpotMetric};
pub use detector::{Detector, HeaderGeometry, LayerDepth};
pub use diffuse::Diffuse;
pub use error::ExperimentError;
pub use expansion::{Expansion, LARGEST_INDEX, Reflections, expand};
pub(crate) use mosaicity::crystal_frame;
pub use mosaicity::{DEFAULT_MOSAIC_SEED, MosaicDraw, MosaicModel, Mosaicity};
pub use panel::{Mask, Panel, Sensor, panel_of_pixel};
pub use placement::{Distance, Pivot, Placement};
pub use quantity::Quantity;
pub use reflection_grid::{Reflection, ReflectionGrid};
pub use rigid_motion::{PlacementRate, RigidMotion};
pub use sampling::{Region, Sampling};
pub use scan::{PhiSampling, Scan};
pub use steps::{CentredSteps, StepRequest};
pub use structure_factors::{EnergyChannel, Interpolation, ReflectionList, StructureFactors};

/// The parts of an [`Experiment`], not yet checked against each other.
#[derive(Debug, Clone)]
pub struct Description {
    /// The X-rays.
    pub beam: Beam,
    /// The crystal.
    pub crystal: Crystal,
    /// The panels.
    pub detector: Detector,
    /// The spindle's movement during the exposure.
    pub scan: Scan,
    /// How finely pixels are divided, and which are rendered.
    pub sampling: Sampling,
    /// F of every reflection.
    pub structure_factors: StructureFactors,
    /// What else scatters.
    pub background: Background,
}

/// A complete, consistent description of one image.
#[derive(Debug, Clone)]
pub struct Experiment {
    parts: Description,
    panels: Arc<[Panel]>,
    oversample: u32,
    interpolate: bool,
}

impl Experiment {
    /// Checks the parts, each for itself and against the others, and resolves what was left to
    /// the program: the number of sub-pixels and whether to interpolate.
    ///
    /// # Errors
    /// [`ExperimentError`], naming the quantity, its value and what is accepted.
    pub fn new(parts: Description) -> Result<Experiment, ExperimentError> {
        parts.crystal.check_whole()?;
        Experiment::varied(parts)
    }

    /// As [`Experiment::new`], for a point on the way from one experiment to another, where
    /// derivatives are taken: a square crystal may have any number of cells there.
    ///
    /// # Errors
    /// As [`Experiment::new`].
    pub fn varied(parts: Description) -> Result<Experiment, ExperimentError> {
        parts.beam.check()?;
        parts.crystal.check()?;
        parts.detector.check()?;
        parts.scan.check()?;
        parts.background.check()?;
        parts.structure_factors.check()?;
        parts.sampling.check(&parts.detector)?;
        parts.check_analytic()?;
        let panels = parts.detector.panels.as_slice().into();
        Experiment::resolved(parts, panels)
    }

    /// This experiment with the crystal turned to where `cell` is its cell, and a scan that starts
    /// at
    /// `start_rad`: another frame of a series. What did not move is not checked again.
    ///
    /// # Errors
    /// [`ExperimentError`] for an angle or a cell edge beyond what an experiment takes.
    pub fn moved(&self, cell: UnitCell, start_rad: f64) -> Result<Experiment, ExperimentError> {
        let mut parts = self.parts.clone();
        parts.crystal.cell = cell;
        parts.scan.start_rad = start_rad;
        parts.scan.check()?;
        Experiment::resolved(parts, self.panels.clone())
    }

    /// Resolves what `parts`, which are checked, leave to the program.
    fn resolved(
        mut parts: Description,
        panels: Arc<[Panel]>,
    ) -> Result<Experiment, ExperimentError> {
        parts.resolve_analytic();
        let longest = parts
            .crystal
            .cell
            .lengths_m()
            .into_iter()
            .fold(0.0, f64::max);
        let wavelengths = longest / parts.beam.wavelength_m;
        // Beyond this a Miller index would lose the digits of its fraction.
        Quantity::CellEdge.require(wavelengths)?;
        let oversample =
            parts
                .sampling
                .resolve_oversample(&parts.beam, &parts.crystal, &parts.detector)?;
        let interpolate = parts
            .structure_factors
            .resolve_interpolation(&parts.crystal)
            && parts.sampling.analytic.is_none();
        Ok(Experiment {
            parts,
            panels,
            oversample,
            interpolate,
        })
    }

    /// The X-rays.
    pub fn beam(&self) -> &Beam {
        &self.parts.beam
    }

    /// The crystal.
    pub fn crystal(&self) -> &Crystal {
        &self.parts.crystal
    }

    /// The panels.
    pub fn detector(&self) -> &Detector {
        &self.parts.detector
    }

    /// The detector's panels, which clones and [moved](Experiment::moved) experiments share: a
    /// device can tell by their identity that it has them already.
    pub fn panels(&self) -> &Arc<[Panel]> {
        &self.panels
    }

    /// The spindle's movement.
    pub fn scan(&self) -> &Scan {
        &self.parts.scan
    }

    /// Sub-pixels and region.
    pub fn sampling(&self) -> &Sampling {
        &self.parts.sampling
    }

    /// F of every reflection.
    pub fn structure_factors(&self) -> &StructureFactors {
        &self.parts.structure_factors
    }

    /// What else scatters.
    pub fn background(&self) -> &Background {
        &self.parts.background
    }

    /// Sub-pixels per pixel edge, at least one.
    pub fn oversample(&self) -> u32 {
        self.oversample
    }

    /// Whether F is interpolated between reflections (PHYSICS §9).
    pub fn interpolates(&self) -> bool {
        self.interpolate
    }

    /// The parts again, to change some and build another experiment.
    pub fn into_description(self) -> Description {
        self.parts
    }
}
