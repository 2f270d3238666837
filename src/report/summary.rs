//! The summary of a render, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::noise::{at_the_ends, noise_in_words};
use super::sampling::SamplingSummary;
use super::{FactorOrigin, six_digits};
use crate::experiment::{Experiment, Shape, Sources};
use crate::image::Statistics;
use crate::image::noise::Noise;
use crate::render::{Floor, frame_size};

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

/// What a summary tells of the run beside the experiment and the image.
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
    /// What the noise of an image with noise is like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// The files written.
    pub files: Vec<WrittenFile>,
    /// Where the reflections come from, if they come from one file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reflections: Option<FactorOrigin>,
    /// From where on pixels are within the tolerance, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<Floor>,
    /// What the user was told.
    pub notices: Vec<String>,
    /// Wall time of the whole run, s.
    pub seconds: f64,
}

/// A file that the run wrote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WrittenFile {
    /// The flag that asks for such a file.
    pub flag: &'static str,
    /// Where it is.
    pub path: String,
    /// What photons were multiplied by, where the file does not hold photons.
    pub scale: Option<f64>,
    /// Pixels at the largest count that there is.
    pub overloads: usize,
    /// Pixels below 0, the least count that there is, which they have become.
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
    cells: [u32; 3],
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
    /// Of the image: panels stacked.
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
        let factors = experiment.structure_factors();
        Summary {
            version: crate::version::NUMBER,
            crystal: CrystalSummary {
                scatters: factors.is_listed() || factors.default_f() != 0.0,
                energy_channels: factors.channels().len(),
                cell_angstrom: crystal.cell.lengths_m().map(|metres| metres * 1e10),
                cell_deg: crystal.cell.angles_rad().map(f64::to_degrees),
                volume_angstrom3: crystal.cell.volume_m3() * 1e30,
                cells: crystal.cells,
                edges_um: crystal.edges_m().map(|metres| metres * 1e6),
                shape: shape_name(crystal.shape),
                mosaic_spread_deg: crystal.mosaicity.spread_rad().to_degrees(),
                interpolated: experiment.interpolates(),
                listed_indices: factors.grid().map_or(0, |grid| grid.amplitudes().len()),
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

    /// The summary as one JSON document.
    ///
    /// # Errors
    /// As `serde_json` has them; none is known that this document can cause.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self)
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

impl fmt::Display for CrystalSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.scatters {
            return writeln!(f, "crystal    none that scatters");
        }
        let [a, b, c] = self.cell_angstrom;
        let [alpha, beta, gamma] = self.cell_deg;
        let volume = self.volume_angstrom3;
        writeln!(
            f,
            "cell       {a:.3} {b:.3} {c:.3} Å, {alpha:.3} {beta:.3} {gamma:.3}°"
        )?;
        writeln!(f, "volume     {volume:.1} Å³")?;
        let [na, nb, nc] = self.cells;
        let [x, y, z] = self.edges_um;
        let shape = self.shape;
        writeln!(
            f,
            "crystal    {na} x {nb} x {nc} cells, {x:.4} x {y:.4} x {z:.4} µm, {shape}"
        )?;
        let factors = match (self.listed_indices, self.energy_channels) {
            (0, 0) => "the same F for every reflection".to_string(),
            (0, channels) => format!("by photon energy, {channels} channel(s)"),
            (count, _) => format!("a grid of {count} indices"),
        };
        let listed = self.listed_indices > 0 || self.energy_channels > 0;
        let interpolated = if self.interpolated && listed {
            ", interpolated"
        } else {
            ""
        };
        writeln!(f, "F          {factors}{interpolated}")
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary {
            crystal,
            beam,
            water_um,
            background,
            detector,
            sampling,
            image,
            run,
            ..
        } = self;
        crystal.fmt(f)?;
        if let Some(origin) = &run.reflections {
            writeln!(f, "           of {origin}")?;
        }
        let wavelength = beam.wavelength_angstrom;
        writeln!(
            f,
            "beam       {wavelength:.6} Å, {:.6e} photons/m²",
            beam.fluence_per_m2
        )?;
        if *water_um > 0.0 {
            writeln!(f, "background the C program's, of {water_um} µm of water")?;
        }
        for slab in background {
            writeln!(
                f,
                "background {} mm of {}, {:.4e} molecules in the beam",
                slab.thickness_mm, slab.name, slab.molecules
            )?;
        }
        let [fast, slow] = detector.pixels;
        let panels = match detector.panels {
            1 => String::new(),
            count => format!("{count} panels, stacked "),
        };
        write!(
            f,
            "detector   {panels}{fast} x {slow} pixels of {} mm, {} layer(s)",
            six_digits(detector.pixel_mm),
            detector.layers
        )?;
        match &run.geometry {
            Some(file) => writeln!(f, ", from {file}")?,
            None => writeln!(f)?,
        }
        let [spot_fast, spot_slow] = detector.beam_spot_mm;
        let distance = detector.distance_mm;
        match detector.panels {
            1 => writeln!(
                f,
                "           {distance:.3} mm away, beam at {spot_fast:.3} {spot_slow:.3} mm"
            )?,
            _ => writeln!(f, "           the nearest point {distance:.3} mm away")?,
        }
        writeln!(f, "steps      {sampling}")?;
        let [max_fast, max_slow] = image.max_at;
        writeln!(f, "max        {:.6e} at {max_fast} {max_slow}", image.max)?;
        let Statistics {
            mean,
            rms,
            rms_deviation,
            ..
        } = image;
        writeln!(
            f,
            "mean       {mean:.6e}, rms {rms:.6e}, rms deviation {rms_deviation:.6e}"
        )?;
        if let Some(floor) = run.floor {
            let Floor {
                tolerance,
                mean,
                max,
            } = floor;
            writeln!(
                f,
                "tolerance  {tolerance} of the total, and of pixels above their floor: {mean:.6e} \
                 on average, at most {max:.6e}"
            )?;
        }
        for file in &run.files {
            write!(f, "wrote      {}", file.path)?;
            if let Some(scale) = file.scale {
                write!(f, ", photons x {scale:.6}")?;
            }
            writeln!(f, "{}", at_the_ends(file.overloads, file.clipped_below))?;
        }
        if let Some(noise) = &run.noise {
            writeln!(f, "noise      {}", noise_in_words(noise))?;
        }
        writeln!(f, "seed       {}", run.seed)?;
        let Run {
            device,
            threads,
            seconds,
            ..
        } = run;
        let terms = sampling.terms;
        write!(
            f,
            "took       {seconds:.3} s on {device}, {threads} threads, {terms:.4e} terms"
        )
    }
}
