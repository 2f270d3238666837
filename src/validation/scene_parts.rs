//! Parts of scenes that a document would need files for: lists of F, sources, slabs, panels.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use glam::DVec3;

use crate::experiment::{
    Description, Detector, EnergyChannel, ExperimentError, Panel, ProfileEntry, Reflection,
    ReflectionList, Reflections, ScatteringProfile, Sensor, Slab, Source, Sources,
    StructureFactors,
};
use crate::geometry::rotation_xyz;
use crate::memory::Bytes;

/// F of reflections that no list has.
const DEFAULT_F: f64 = 3.0;

/// More memory than the few reflections of a scene need.
pub const MEMORY: Bytes = Bytes(1 << 26);

/// A list of reflections.
pub fn listed(scene: &mut Description) -> Result<(), ExperimentError> {
    let factors = StructureFactors::from_reflections(&made_reflections(), DEFAULT_F, MEMORY)?;
    replace(&mut scene.structure_factors, factors);
    Ok(())
}

/// Puts `factors` in the place of others, whose interpolation stays.
fn replace(others: &mut StructureFactors, factors: StructureFactors) {
    let interpolation = others.interpolation;
    *others = factors;
    others.interpolation = interpolation;
}

/// Three sources of different directions, wavelengths and weights.
pub fn weighted_sources(scene: &mut Description) -> Result<(), ExperimentError> {
    let source = |offset: [f64; 3], angstrom: f64, weight| Source {
        incident: (DVec3::X + DVec3::from_array(offset)).normalize(),
        wavelength_m: angstrom * 1e-10,
        weight,
    };
    scene.beam.sources = Sources::List(vec![
        source([0.0; 3], 1.0, 1.0),
        source([0.0, 1e-3, 0.0], 1.02, 3.0),
        source([0.0, 0.0, -2e-3], 0.98, 0.5),
    ]);
    Ok(())
}

/// Water and a material that scatters less than what it displaces.
pub fn slabs(scene: &mut Description) -> Result<(), ExperimentError> {
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
    scene.background.slabs = vec![slab(1.0, 1e-5)?, slab(-1.0, 1e-6)?];
    Ok(())
}

/// Lists of two energies, each F of the second three times that of the first.
pub fn energy_channels(scene: &mut Description) -> Result<(), ExperimentError> {
    let channel = |angstrom: f64, factor| EnergyChannel {
        wavelength_m: angstrom * 1e-10,
        reflections: Arc::new(Made { factor }),
    };
    let channels = vec![channel(0.99, 1.0), channel(1.01, 3.0)];
    let factors = StructureFactors::from_channels(channels, DEFAULT_F, MEMORY)?;
    replace(&mut scene.structure_factors, factors);
    Ok(())
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
pub fn several_panels(scene: &mut Description) -> Result<(), ExperimentError> {
    let detector = &scene.detector;
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
    scene.detector = Detector {
        layers: 3,
        ..Detector::of_panels(panels.collect(), scene.beam.direction)?
    };
    Ok(())
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
