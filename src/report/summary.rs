//! The summary of a render, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::lines::Lines;
use super::noise::{at_the_ends, noise_in_words};
use super::sampling::SamplingSummary;
use super::six_digits;
use crate::document::{Cells, FactorOrigin};
use crate::experiment::{Experiment, Shape, Sources};
use crate::image::Statistics;
use crate::image::noise::Noise;
use crate::render::frame_size;

/// What was rendered, how, and what came out. Lengths are in the units the fields are named for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    version: &'static str,
    crystal: CrystalSummary,
    beam: BeamSummary,
    water_um: f64,
    background: Vec<SlabSummary>,
    detector: DetectorSummary,
    sampling: SamplingSummary,
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
    /// Whether it scatters at all.
    scatters: bool,
    energy_channels: usize,
    cell_angstrom: [f64; 3],
    cell_deg: [f64; 3],
    volume_angstrom3: f64,
    cells: [Cells; 3],
    edges_um: [f64; 3],
    shape: &'static str,
    mosaic_spread_deg: f64,
    interpolated: bool,
    listed_indices: usize,
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
                edges_um: crystal.edges_m().map(|metres| metres * 1e6),
                shape: shape_name(crystal.shape),
                mosaic_spread_deg: crystal.mosaicity.spread_rad().to_degrees(),
                interpolated: experiment.interpolates(),
                listed_indices: structure_factors
                    .grid()
                    .map_or(0, |grid| grid.amplitudes().len()),
            },
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

impl CrystalSummary {
    fn describe(&self, lines: &mut Lines) {
        if !self.scatters {
            return lines.add("crystal", "none that scatters");
        }
        let [a, b, c] = self.cell_angstrom;
        let [alpha, beta, gamma] = self.cell_deg;
        let angles = format!("{alpha:.3} {beta:.3} {gamma:.3}°");
        lines.add("cell", format!("{a:.3} {b:.3} {c:.3} Å, {angles}"));
        lines.add("volume", format!("{:.1} Å³", self.volume_angstrom3));
        let [Cells(na), Cells(nb), Cells(nc)] = self.cells;
        let [x, y, z] = self.edges_um;
        let size = format!("{na} x {nb} x {nc} cells, {x:.4} x {y:.4} x {z:.4} µm");
        lines.add("crystal", format!("{size}, {}", self.shape));
        let structure_factors = match (self.listed_indices, self.energy_channels) {
            (0, 0) => "the same F for every reflection".to_string(),
            (0, channels) => format!("by photon energy, {channels} channel(s)"),
            (count, _) => format!("a grid of {count} indices"),
        };
        let listed = self.listed_indices > 0 || self.energy_channels > 0;
        let interpolated = match self.interpolated && listed {
            true => ", interpolated",
            false => "",
        };
        lines.add("F", structure_factors + interpolated);
    }
}

impl BeamSummary {
    fn describe(&self, lines: &mut Lines) {
        let (wavelength, fluence) = (self.wavelength_angstrom, self.fluence_per_m2);
        lines.add(
            "beam",
            format!("{wavelength:.6} Å, {fluence:.6e} photons/m²"),
        );
    }
}

impl DetectorSummary {
    fn describe(&self, lines: &mut Lines, geometry: Option<&str>) {
        let panels = match self.panels {
            1 => String::new(),
            count => format!("{count} panels, stacked "),
        };
        let ([fast, slow], layers) = (self.pixels, self.layers);
        let pixel_mm = six_digits(self.pixel_mm);
        let from = geometry.map_or_else(String::new, |file| format!(", from {file}"));
        lines.add(
            "detector",
            format!("{panels}{fast} x {slow} pixels of {pixel_mm} mm, {layers} layer(s){from}"),
        );
        let (distance, [spot_fast, spot_slow]) = (self.distance_mm, self.beam_spot_mm);
        let place = match self.panels {
            1 => format!("{distance:.3} mm away, beam at {spot_fast:.3} {spot_slow:.3} mm"),
            _ => format!("the nearest point {distance:.3} mm away"),
        };
        lines.add("", place);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { image, run, .. } = self;
        let mut lines = Lines::default();
        self.crystal.describe(&mut lines);
        let origin = run.reflections.as_ref();
        lines.add_some("", origin.map(|origin| format!("of {origin}")));
        self.beam.describe(&mut lines);
        let water = (self.water_um > 0.0).then_some(self.water_um);
        let water = water.map(|um| format!("the C program's, of {um} µm of water"));
        lines.add_some("background", water);
        for slab in &self.background {
            let (name, mm, molecules) = (&slab.name, slab.thickness_mm, slab.molecules);
            let text = format!("{mm} mm of {name}, {molecules:.4e} molecules in the beam");
            lines.add("background", text);
        }
        self.detector.describe(&mut lines, run.geometry.as_deref());
        lines.add("steps", self.sampling.to_string());
        let [max_fast, max_slow] = image.max_at;
        lines.add("max", format!("{:.6e} at {max_fast} {max_slow}", image.max));
        let (mean, rms, deviation) = (image.mean, image.rms, image.rms_deviation);
        lines.add(
            "mean",
            format!("{mean:.6e}, rms {rms:.6e}, rms deviation {deviation:.6e}"),
        );
        for file in &run.files {
            let scale = file.scale.map(|scale| format!(", photons x {scale:.6}"));
            let ends = at_the_ends(file.overloads, file.clipped_below);
            lines.add(
                "wrote",
                format!("{}{}{ends}", file.path, scale.unwrap_or_default()),
            );
        }
        lines.add_some("noise", run.noise.as_ref().map(noise_in_words));
        lines.add("seed", run.seed.to_string());
        let (terms, device) = (self.sampling.terms, &run.device);
        let (seconds, threads) = (run.seconds, run.threads);
        lines.add(
            "took",
            format!("{seconds:.3} s on {device}, {threads} threads, {terms:.4e} terms"),
        );
        lines.fmt(f)
    }
}
