//! A scene before its detector is placed, and the experiment that it makes.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use glam::DVec3;

use super::ValidationError;
use crate::experiment::{
    Background, Beam, Crystal, Description, Detector, EnergyChannel, Experiment, ExperimentError,
    Interpolation, Panel, Placement, ProfileEntry, Reflection, ReflectionList, Reflections,
    Sampling, Scan, ScatteringProfile, Sensor, Slab, StructureFactors,
};
use crate::geometry::{UnitCell, rotation_xyz};
use crate::memory::Bytes;

/// F of reflections that no list has.
const DEFAULT_F: f64 = 3.0;

/// More memory than the few reflections of a scene need.
const MEMORY: Bytes = Bytes(1 << 26);

/// A scene before its detector is placed. The placement gives the directions of the beam, the
/// polarisation and the spindle.
pub struct Plan {
    pub edges_angstrom: [f64; 3],
    pub angles_deg: [f64; 3],
    pub misset_deg: [f64; 3],
    /// The crystal; its cell is replaced.
    pub crystal: Crystal,
    pub beam: Beam,
    pub placement: Placement,
    /// Cut the detector into panels of different places.
    pub panels: bool,
    pub sensor: Option<Sensor>,
    pub layers: u32,
    pub point_pixels: bool,
    pub scan: Scan,
    pub sampling: Sampling,
    pub structure_factors: ReflectionSource,
    pub interpolation: Interpolation,
    pub background: Background,
    /// Add slabs to the background.
    pub slabs: bool,
}

/// Where the structure factors of a scene come from.
pub enum ReflectionSource {
    /// One F for all reflections.
    Constant,
    /// A list.
    Listed,
    /// Lists of two photon energies.
    Channels,
}

/// Changes what a scene starts from.
pub type Prepare = fn(&mut Plan);

/// What every scene starts from, changed by `prepare`.
pub fn experiment(prepare: Prepare) -> Result<Experiment, ValidationError> {
    let mut plan = Plan {
        edges_angstrom: [70.0, 80.0, 90.0],
        angles_deg: [90.0; 3],
        misset_deg: [1.0, 2.0, 3.0],
        crystal: Crystal {
            cells: [5.0; 3],
            ..Crystal::absent()
        },
        beam: Beam::default(),
        placement: Placement {
            pixels: [96; 2],
            ..Placement::default()
        },
        panels: false,
        sensor: None,
        layers: 1,
        point_pixels: false,
        scan: Scan::default(),
        sampling: Sampling::default(),
        structure_factors: ReflectionSource::Constant,
        interpolation: Interpolation::Automatic,
        background: Background::default(),
        slabs: false,
    };
    prepare(&mut plan);
    let lengths_m = plan.edges_angstrom.map(|angstrom| angstrom * 1e-10);
    let angles_rad = plan.angles_deg.map(f64::to_radians);
    let cell = UnitCell::from_parameters(lengths_m, angles_rad)?;
    let axes = plan.placement.axes();
    let mut detector = plan.placement.place()?;
    for panel in &mut detector.panels {
        panel.sensor = plan.sensor;
    }
    detector.layers = plan.layers;
    detector.point_pixels = plan.point_pixels;
    if plan.panels {
        detector = several_panels(&detector, axes.beam)?;
    }
    let mut structure_factors = match plan.structure_factors {
        ReflectionSource::Constant => StructureFactors::constant(100.0),
        ReflectionSource::Listed => {
            StructureFactors::from_reflections(&made_reflections(), DEFAULT_F, MEMORY)?
        }
        ReflectionSource::Channels => energy_channels()?,
    };
    structure_factors.interpolation = plan.interpolation;
    let slabs = if plan.slabs { slabs()? } else { Vec::new() };
    Ok(Experiment::new(Description {
        beam: Beam {
            direction: axes.beam,
            polarisation_axis: axes.polarisation,
            ..plan.beam
        },
        crystal: Crystal {
            cell: cell.rotated(&rotation_xyz(plan.misset_deg.map(f64::to_radians))),
            ..plan.crystal
        },
        detector,
        scan: Scan {
            spindle: axes.spindle,
            ..plan.scan
        },
        sampling: plan.sampling,
        structure_factors,
        background: Background {
            slabs,
            ..plan.background
        },
    })?)
}

/// Water and a material that scatters less than what it displaces.
fn slabs() -> Result<Vec<Slab>, ExperimentError> {
    let slab = |sign: f64, thickness_m| -> Result<Slab, ExperimentError> {
        let entry = |step: u32| ProfileEntry {
            stol_per_m: 2e8 * f64::from(step),
            amplitude: sign * (2.6 + (0.4 * f64::from(step)).sin()),
        };
        Ok(Slab {
            name: "the material of the check".into(),
            profile: Arc::new(ScatteringProfile::new((0..40).map(entry).collect())?),
            thickness_m,
            density_kg_per_m3: 1000.0,
            molar_mass_kg: 0.018,
        })
    };
    Ok(vec![slab(1.0, 1e-5)?, slab(-1.0, 1e-6)?])
}

/// Lists of two energies, each F of the second three times that of the first.
fn energy_channels() -> Result<StructureFactors, ExperimentError> {
    let channel = |angstrom: f64, factor| EnergyChannel {
        wavelength_m: angstrom * 1e-10,
        reflections: Arc::new(Made { factor }),
    };
    let channels = vec![channel(0.99, 1.0), channel(1.01, 3.0)];
    StructureFactors::from_channels(channels, DEFAULT_F, MEMORY)
}

/// [`made_reflections`], each F times a factor.
#[derive(Debug)]
struct Made {
    factor: f64,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list of the check")
    }
}

impl ReflectionList for Made {
    fn read(&self) -> Result<Reflections, Box<dyn Error + Send + Sync>> {
        let scaled = |reflection: Reflection| Reflection {
            amplitude: self.factor * reflection.amplitude,
            ..reflection
        };
        let list: Vec<Reflection> = made_reflections().into_iter().map(scaled).collect();
        Ok(list.into())
    }
}

/// Panels of different tilts, pixels and sensors, one of them without a sensor.
fn several_panels(detector: &Detector, beam: DVec3) -> Result<Detector, ExperimentError> {
    // How far from the beam, pixels, how turned, radians, and how deep photons go, µm.
    let places = [
        ([-60.0, -50.0], [0.0, 0.3, 0.0], Some(300.0)),
        ([8.0, -60.0], [0.2, 0.0, -0.4], None),
        ([-65.0, 12.0], [0.5, -0.3, 0.1], Some(80.0)),
        ([10.0, 10.0], [0.0, 0.0, 0.6], Some(1200.0)),
    ];
    let panels = detector.panels.iter().cycle().zip(places).enumerate();
    let panels = panels.map(|(number, (whole, ([fast, slow], angles, depth_um)))| {
        let pixel_size_m = whole.pixel_size_m * (1.0 - 0.1 * number as f64);
        let turn = rotation_xyz(angles);
        let along_beam = whole.close_distance_m() * whole.normal;
        Panel {
            origin_m: along_beam + pixel_size_m * (fast * whole.fast + slow * whole.slow),
            fast: turn * whole.fast,
            slow: turn * whole.slow,
            pixel_size_m,
            sensor: depth_um.map(|um| Sensor {
                attenuation_depth_m: um * 1e-6,
                thickness_m: 4.5e-4,
            }),
            ..whole.clone()
        }
    });
    Ok(Detector {
        layers: 3,
        ..Detector::of_panels(panels.collect(), beam)?
    })
}

/// A list with a different F for each index.
fn made_reflections() -> Vec<Reflection> {
    let range = -14..=14;
    let mut list = Vec::new();
    for h in range.clone() {
        for k in range.clone() {
            for l in range.clone() {
                let amplitude =
                    f64::from((h * 7919 + k * 104_729 + l * 1_299_709_i32).rem_euclid(97));
                list.push(Reflection {
                    index: [h, k, l],
                    amplitude,
                });
            }
        }
    }
    list
}
