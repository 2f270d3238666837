//! The summary of a render, for people and, through serde, for programs.

use serde::Serialize;

use super::integrated::Integrated;
use super::sampling::SamplingSummary;
use crate::document::{Cells, FactorOrigin};
use crate::experiment::{Experiment, Shape, Sources};
use crate::geometry::LaueGroup;
use crate::image::Statistics;
use crate::image::noise::Noise;
use crate::render::frame_size;

/// What was rendered, how, and what came out. Lengths are in the units the fields are named for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    version: &'static str,
    crystal: CrystalSummary,
    #[serde(skip_serializing_if = "Option::is_none")]
    diffuse: Option<DiffuseSummary>,
    beam: BeamSummary,
    water_um: f64,
    background: Vec<SlabSummary>,
    detector: DetectorSummary,
    sampling: SamplingSummary,
    /// What is integrated in closed form.
    #[serde(skip_serializing_if = "Option::is_none")]
    integrated: Option<Integrated>,
    image: Statistics,
    #[serde(flatten)]
    run: Run,
}

/// The part of a summary that is about the run: device, files, notices, time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    /// Name of the device.
    pub device: String,
    /// Threads of the CPU path.
    pub threads: usize,
    /// Seed of the noise, and of a random misset that has none of its own.
    pub seed: u64,
    /// The file that describes the detector, where flags do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geometry: Option<String>,
    /// Noise of the image with noise, if one is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// The files written.
    pub files: Vec<WrittenFile>,
    /// Origin of the reflections, if they come from one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reflections: Option<FactorOrigin>,
    /// Notices that the user was given.
    pub notices: Vec<String>,
    /// Wall time of the process, s.
    pub seconds: f64,
}

/// A file that the run wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrittenFile {
    /// The flag that asks for such a file.
    pub flag: &'static str,
    /// Path of the file.
    pub path: String,
    /// Factor on photons, where the file does not hold photons.
    pub scale: Option<f64>,
    /// Pixels at the largest count that there is.
    pub overloads: usize,
    /// Pixels below 0, the least count that there is, which became 0.
    pub clipped_below: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct CrystalSummary {
    /// Whether the crystal scatters at all.
    scatters: bool,
    energy_channels: usize,
    cell_angstrom: [f64; 3],
    cell_deg: [f64; 3],
    volume_angstrom3: f64,
    cells: [Cells; 3],
    /// What couples a and b, b and c, a and c in the matrix of cells, where anything does.
    #[serde(skip_serializing_if = "Option::is_none")]
    cells_matrix: Option<[f64; 3]>,
    edges_um: [f64; 3],
    shape: &'static str,
    /// The Laue group that the shape is averaged over.
    #[serde(skip_serializing_if = "Option::is_none")]
    symmetric_shape: Option<&'static str>,
    /// B of the whole crystal, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    b_factor_angstrom2: Option<f64>,
    mosaic_spread_deg: f64,
    interpolated: bool,
    listed_indices: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct DiffuseSummary {
    sigma_angstrom: [f64; 3],
    gamma_angstrom: [f64; 3],
    laue: &'static str,
    stencil: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct BeamSummary {
    wavelength_angstrom: f64,
    fluence_per_m2: f64,
    kahn_factor: Option<f64>,
    from_list: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct SlabSummary {
    name: String,
    thickness_mm: f64,
    molecules: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct DetectorSummary {
    panels: usize,
    /// Pixels of the image along fast and slow, panels stacked.
    pixels: [usize; 2],
    pixel_mm: f64,
    distance_mm: f64,
    close_distance_mm: f64,
    beam_spot_mm: [f64; 2],
    layers: u32,
}

impl Summary {
    /// The summary of `experiment`, whose image has these statistics.
    pub fn new(experiment: &Experiment, image: Statistics, run: Run) -> Summary {
        let crystal = experiment.crystal();
        let beam = experiment.beam();
        let detector = experiment.detector();
        let panel = &detector.panels[0];
        let header = detector.header;
        let structure_factors = experiment.structure_factors();
        Summary {
            version: crate::version::NUMBER,
            crystal: CrystalSummary {
                scatters: structure_factors.is_listed() || structure_factors.default_f() != 0.0,
                energy_channels: structure_factors.channels().len(),
                cell_angstrom: crystal.cell.lengths_m().map(|metres| metres * 1e10),
                cell_deg: crystal.cell.angles_rad().map(f64::to_degrees),
                volume_angstrom3: crystal.cell.volume_m3() * 1e30,
                cells: crystal.cells.map(Cells),
                cells_matrix: (crystal.coupled_cells != [0.0; 3]).then_some(crystal.coupled_cells),
                edges_um: crystal.edges_m().map(|metres| metres * 1e6),
                shape: shape_name(crystal.shape),
                symmetric_shape: crystal.symmetric_shape.as_ref().map(LaueGroup::name),
                b_factor_angstrom2: (crystal.b_factor_m2 != 0.0)
                    .then_some(crystal.b_factor_m2 * 1e20),
                mosaic_spread_deg: crystal.mosaicity.spread_rad().to_degrees(),
                interpolated: experiment.interpolates(),
                listed_indices: structure_factors
                    .grid()
                    .map_or(0, |grid| grid.amplitudes().len()),
            },
            diffuse: crystal.diffuse.as_ref().map(|diffuse| DiffuseSummary {
                sigma_angstrom: diffuse.sigma_m.map(|metres| metres * 1e10),
                gamma_angstrom: diffuse.gamma_m.map(|metres| metres * 1e10),
                laue: diffuse.laue.name(),
                stencil: diffuse.stencil,
            }),
            beam: BeamSummary {
                wavelength_angstrom: beam.wavelength_m * 1e10,
                fluence_per_m2: beam.fluence,
                kahn_factor: beam.kahn_factor,
                from_list: matches!(beam.sources, Sources::List(_)),
            },
            water_um: experiment.background().water_m * 1e6,
            background: experiment
                .background()
                .slabs
                .iter()
                .map(|slab| SlabSummary {
                    name: slab.name.clone(),
                    thickness_mm: slab.thickness_m * 1e3,
                    molecules: slab.molecules(experiment.background().beam_size_m),
                })
                .collect(),
            detector: DetectorSummary {
                panels: detector.panels.len(),
                pixels: frame_size(experiment),
                pixel_mm: panel.pixel_size_m * 1e3,
                // Headers speak of the first panel; what counts of several is how near they come.
                distance_mm: match detector.panels.as_slice() {
                    [_] => header.distance_m * 1e3,
                    _ => detector.distance_m * 1e3,
                },
                close_distance_mm: header.close_distance_m * 1e3,
                beam_spot_mm: header.beam_spot_m.map(|metres| metres * 1e3),
                layers: detector.layers,
            },
            sampling: SamplingSummary::new(experiment, image.pixels),
            integrated: Integrated::new(experiment),
            image,
            run,
        }
    }
}

fn shape_name(shape: Shape) -> &'static str {
    match shape {
        Shape::Square => "square",
        Shape::Round => "round",
        Shape::Gauss => "gauss",
        Shape::TopHat => "tophat",
    }
}
