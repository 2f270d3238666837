//! The checks of `nanobragg validate`: flags, and what flags cannot say without files.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use glam::DVec3;

use super::super::CliError;
use crate::experiment::{
    Description, Detector, EnergyChannel, Experiment, ExperimentError, Panel, ProfileEntry,
    Reflection, ReflectionList, Reflections, ScatteringProfile, Sensor, Slab, Source, Sources,
    StructureFactors,
};
use crate::geometry::rotation_xyz;
use crate::memory::Bytes;

/// Says what flags cannot without files.
type Prepare = fn(&mut Description) -> Result<(), ExperimentError>;

/// An experiment, and how near the device must come to the CPU path.
pub struct Check {
    /// Its name.
    pub name: &'static str,
    flags: &'static str,
    prepare: Prepare,
    /// Largest nrmse.
    pub gate: f64,
    /// Instead of the gate, the part of pixels that may differ.
    pub edge_pixels: Option<f64>,
    /// Whether it is one of the few of `--quick`.
    pub quick: bool,
}

/// What float32 comes to, everywhere but with the largest crystals and indices.
const GATE: f64 = 1e-5;
/// The largest crystals and indices: their spots' phases lose digits in float32.
const LARGE_GATE: f64 = 2e-4;
/// What every check starts from; its own flags come after, and the last of a flag counts.
const BASE: &str = "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 -detpixels 96";

impl Check {
    const fn new(name: &'static str, flags: &'static str) -> Check {
        Check {
            name,
            flags,
            prepare: as_flags_say,
            gate: GATE,
            edge_pixels: None,
            quick: false,
        }
    }

    const fn quick(self) -> Check {
        Check {
            quick: true,
            ..self
        }
    }

    const fn large(self) -> Check {
        Check {
            gate: LARGE_GATE,
            ..self
        }
    }

    /// A sharp edge may fall on either side of a pixel: a thousandth of them may differ.
    const fn edges(self) -> Check {
        Check {
            edge_pixels: Some(1e-3),
            ..self
        }
    }

    const fn with(self, prepare: Prepare) -> Check {
        Check { prepare, ..self }
    }

    /// The experiment to render.
    pub fn experiment(&self) -> Result<Experiment, CliError> {
        let words = BASE.split(' ').chain(self.flags.split_whitespace());
        let words: Vec<String> = words.map(str::to_string).collect();
        let mut parts = super::super::experiment(&words)?.into_description();
        (self.prepare)(&mut parts)?;
        Ok(Experiment::new(parts)?)
    }
}

/// Every check.
pub const CHECKS: [Check; 27] = [
    Check::new("square", "-cell 70 80 90 75 85 95 -detpixels 128").quick(),
    Check::new("round", "-N 6 -round_xtal"),
    Check::new("gauss", "-N 6 -gauss_xtal -fudge 0.4"),
    Check::new("tophat", "-tophat_spots").edges(),
    Check::new("unequal cells", "-misset 3 4 5 -Na 1 -Nb 7 -Nc 40"),
    Check::new(
        "xds, tilted",
        "-detpixels_f 70 -detpixels_s 91 -xds -ORGX 40 -ORGY 60 -detector_rotx 5 -detector_roty 3 -twotheta 10",
    ),
    Check::new("adxv", "-adxv -Xbeam 4 -Ybeam 5"),
    Check::new("denzo", "-denzo -Xbeam 4 -Ybeam 5"),
    Check::new("dials, two-theta", "-dials -twotheta 20"),
    Check::new("curved, polarised", "-distance 60 -pixel 0.8 -curved_det -oversample 1 -polar 0.95"),
    Check::new("point pixels, dmin", "-distance 60 -pixel 0.8 -point_pixel -oversample 2 -dmin 2 -nopolar"),
    Check::new(
        "own factors",
        "-distance 40 -detpixels 64 -pixel 1.5 -oversample 3 -oversample_omega -oversample_polar -polar 0.9",
    ),
    Check::new(
        "thick sensor",
        "-distance 60 -detpixels 64 -pixel 0.8 -oversample 1 -detector_abs 500 -detector_thick 450 \
         -detector_thicksteps 4",
    )
    .quick(),
    Check::new("mosaic and phi", "-N 10 -mosaic 1 -mosaic_domains 30 -phi 10 -osc 2 -phisteps 7").quick(),
    Check::new(
        "divergence, dispersion",
        "-hdivrange 5 -vdivrange 4 -hdivsteps 4 -vdivsteps 3 -dispersion 2 -dispsteps 3",
    ),
    Check::new("weighted sources", "-oversample 1").with(weighted_sources),
    Check::new(
        "listed F",
        "-cell 40 50 60 -misset 10 20 30 -N 8 -distance 60 -pixel 0.8 -oversample 2 -nointerpolate",
    )
    .with(listed_reflections)
    .quick(),
    Check::new(
        "interpolated F",
        "-cell 40 50 60 -misset 10 20 30 -N 2 -distance 60 -pixel 0.8 -oversample 1 -interpolate",
    )
    .with(listed_reflections),
    Check::new("water", "-water 0.1 -polar 0.5"),
    Check::new(
        "amorphous slabs",
        "-distance 60 -detpixels 64 -pixel 0.8 -oversample 2 -polar 0.9 -flux 1e12 -detector_abs 500 \
         -detector_thick 450 -mosaic 1 -dispersion 2 -dispsteps 3",
    )
    .with(amorphous_slabs)
    .quick(),
    Check::new(
        "Gaussian domains",
        "-N 10 --mosaic-sigmas 0.2 0.5 1 -mosaic_domains 30 -osc 2 -phisteps 3",
    ),
    Check::new(
        "gauss, index metric",
        "-Na 4 -Nb 6 -Nc 20 -gauss_xtal --gauss-metric hkl -mosaic 0.3",
    ),
    Check::new("energy channels", "-nointerpolate -dispersion 3 -dispsteps 4").with(energy_channels),
    Check::new("region", "-roi 13 61 7 50"),
    Check::new("several panels", "-detpixels 48 -pixel 0.4 -distance 60 -oversample 2 -polar 0.9")
        .with(several_panels)
        .quick(),
    Check::new(
        "large crystal",
        "-cell 120 130 140 -lambda 0.9 -N 1000 -distance 250 -detpixels 64 -pixel 0.05 -oversample 2 \
         -Xbeam 60 -Ybeam 60",
    )
    .large()
    .quick(),
    Check::new(
        "high resolution",
        "-cell 300 310 320 -lambda 0.5 -N 100 -detpixels 64 -pixel 0.05 -oversample 2 -Xbeam 100 -Ybeam 100",
    )
    .large(),
];

fn as_flags_say(_: &mut Description) -> Result<(), ExperimentError> {
    Ok(())
}

/// Three sources of different directions, wavelengths and weights.
fn weighted_sources(parts: &mut Description) -> Result<(), ExperimentError> {
    let source = |offset: [f64; 3], angstrom: f64, weight| Source {
        incident: (DVec3::X + DVec3::from_array(offset)).normalize(),
        wavelength_m: angstrom * 1e-10,
        weight,
    };
    parts.beam.sources = Sources::List(vec![
        source([0.0; 3], 1.0, 1.0),
        source([0.0, 1e-3, 0.0], 1.02, 3.0),
        source([0.0, 0.0, -2e-3], 0.98, 0.5),
    ]);
    Ok(())
}

/// Water and a material that scatters less than what it displaces.
fn amorphous_slabs(parts: &mut Description) -> Result<(), ExperimentError> {
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
    parts.background.slabs = vec![slab(1.0, 1e-5)?, slab(-1.0, 1e-6)?];
    Ok(())
}

/// Lists of two energies, each F of the second three times that of the first.
fn energy_channels(parts: &mut Description) -> Result<(), ExperimentError> {
    let channel = |angstrom: f64, factor| EnergyChannel {
        wavelength_m: angstrom * 1e-10,
        reflections: Arc::new(Made { factor }),
    };
    let channels = vec![channel(0.99, 1.0), channel(1.01, 3.0)];
    let interpolation = parts.structure_factors.interpolation;
    parts.structure_factors = StructureFactors::from_channels(channels, 3.0, Bytes::available())?;
    parts.structure_factors.interpolation = interpolation;
    Ok(())
}

/// The list that is not read but made, times a factor.
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
fn several_panels(parts: &mut Description) -> Result<(), ExperimentError> {
    // How far from the beam, pixels, how turned, radians, and how deep photons go, µm.
    let places = [
        ([-60.0, -50.0], [0.0, 0.3, 0.0], Some(300.0)),
        ([8.0, -60.0], [0.2, 0.0, -0.4], None),
        ([-65.0, 12.0], [0.5, -0.3, 0.1], Some(80.0)),
        ([10.0, 10.0], [0.0, 0.0, 0.6], Some(1200.0)),
    ];
    let Detector { panels, .. } = &parts.detector;
    let panels = panels.iter().cycle().zip(places).enumerate();
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
    parts.detector = Detector::of_panels(panels.collect(), parts.beam.direction)?;
    parts.detector.layers = 3;
    Ok(())
}

/// A list with a different F for each index, that the detector's corners reach beyond.
fn listed_reflections(parts: &mut Description) -> Result<(), ExperimentError> {
    let interpolation = parts.structure_factors.interpolation;
    /// F of the indices beyond the list.
    const DEFAULT_F: f64 = 3.0;
    parts.structure_factors =
        StructureFactors::from_reflections(&made_reflections(), DEFAULT_F, Bytes::available())?;
    parts.structure_factors.interpolation = interpolation;
    Ok(())
}

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
