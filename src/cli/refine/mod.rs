//! `nanobragg refine`: measured frames in, the crystal's parameters out.

mod data;
mod document;
mod report;
mod variables;
mod wish;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;

use super::cache::gpu_options;
use super::flags::Request;
use super::limit::LinksFlag;
use super::output::{print_json, say, say_lines};
use super::progress::Progress;
use super::scenario::scenario;
use super::{CliError, files, interrupt, values};
use crate::derivatives::Parametrisation;
use crate::experiment::Experiment;
use crate::formats::expt::{self, FrameImage};
use crate::formats::metadata::{FrameMetadata, Metadata};
use crate::formats::{PendingFile, whole};
use crate::refine::{LEAST_SPOTS, RefineError, refine, simulate_check};
use crate::render::{Device, RenderOptions, Renderer};
use crate::report::residual_picture;

const COMMAND: &str = "nanobragg refine";

/// Refine a crystal's parameters against measured frames
#[derive(Parser)]
#[command(
    name = COMMAND,
    bin_name = COMMAND,
    override_usage = "nanobragg refine DATA... --refine LIST [options] -- FLAGS",
    after_help = "DATA are frames: CBF, SMV, NXmx, npy, TIFF. FLAGS tell where the refinement starts, as for a \
                  render: geometry, structure factors, cell, orientation, shape of the spots, \
                  mosaicity; --expt takes geometry and crystal from DIALS.\n\n\
                  Files written, with PREFIX from --out: PREFIX.toml, an experiment file, and \
                  PREFIX.expt; PREFIX.json, values with uncertainties and correlations; \
                  PREFIX_spots.txt; PREFIX_residuals.png. Of several frames the first, third and \
                  last name have the frame's number. There is no file where there is no result.\n\n\
                  Example:\n  \
                  nanobragg refine still_0001.cbf --refine misset,cell,N,mosaic,scale -- \
                  -hkl P1.hkl -mat A.mat -lambda 1 -distance 200 -N 20 -gauss_xtal --analytic \
                  --mosaic-model normal -mosaic 0.2",
    term_width = 100
)]
pub struct RefineFlags {
    /// The frames
    #[arg(value_name = "DATA", required = true)]
    data: Vec<PathBuf>,
    /// What is refined, names with commas between them: misset, cell, N and F (one of each reflection
    /// that is fitted) stand for all of theirs; others are those of 'nanobragg gradient'
    #[arg(long, value_name = "LIST")]
    refine: String,
    /// First and last frame of a file of several, counted from 1 [default: all]
    #[arg(long, num_args = 2, value_names = ["FIRST", "LAST"], value_parser = values::count)]
    frames: Option<Vec<u32>>,
    /// Take every COUNT-th of those frames, from the first on
    #[arg(long, value_name = "COUNT", default_value = "1", value_parser = values::count)]
    every: u32,
    /// Parameters that several frames share beside cell, beam and detector, names as for --refine
    #[arg(long, value_name = "LIST")]
    share: Option<String>,
    /// What the names of the files that are written start with
    #[arg(long, value_name = "PREFIX", default_value = "refined")]
    out: PathBuf,
    /// Crystal system, whose edges and angles of the cell are refined: triclinic, monoclinic,
    /// orthorhombic, tetragonal, hexagonal, rhombohedral, cubic [default: the highest that the start
    /// has]
    #[arg(long, value_name = "NAME")]
    system: Option<String>,
    /// Angle within which the orientation is searched first, degrees; 0 for no search
    #[arg(long, value_name = "DEG", default_value = "0.4", value_parser = values::number)]
    search: f64,
    /// How far the orientation of the start may be off, degrees
    #[arg(long, value_name = "DEG", default_value = "0.2", value_parser = values::positive)]
    uncertainty: f64,
    /// Smooth background: planes, one under each spot, or radial, one for the frame
    #[arg(long, value_name = "KIND", default_value = "planes")]
    background: String,
    /// What is minimised: poisson, counts with readout noise, or least-squares
    #[arg(long, value_name = "KIND", default_value = "poisson")]
    likelihood: String,
    /// Counts of a pixel without photons [default: 40 of SMV, 0 of others]
    #[arg(long, visible_alias = "adcoffset", value_name = "COUNTS", value_parser = values::number)]
    adc: Option<f64>,
    /// Counts per photon
    #[arg(long, value_name = "COUNTS", default_value = "1", value_parser = values::positive)]
    gain: f64,
    /// Rms noise of the readout, counts
    #[arg(long, value_name = "COUNTS", default_value = "0", value_parser = values::not_negative)]
    readout: f64,
    /// The least and the largest count that can be trusted [default: what the files say]
    #[arg(long, num_args = 2, value_names = ["LEAST", "MOST"], value_parser = values::number)]
    trusted: Option<Vec<f64>>,
    /// The most spots of a frame that are fitted, the strongest
    #[arg(long, value_name = "COUNT", default_value = "120", value_parser = values::count)]
    max_spots: u32,
    /// The most evaluations of each frame
    #[arg(long, value_name = "COUNT", default_value = "60", value_parser = values::count)]
    max_evaluations: u32,
    /// Chi-squared of the spots' pixels beyond which there is no result
    #[arg(long, value_name = "CHI2", default_value = "2", value_parser = values::positive)]
    max_chi2: f64,
    /// Part of the strong spots that the refined crystal has to explain
    #[arg(long, value_name = "PART", default_value = "0.5", value_parser = values::number)]
    min_explained: f64,
    /// Simulate counts at the solution, refine them again, and tell how far each value is off
    #[arg(long)]
    simulate_check: bool,
    /// Seed of that simulation
    #[arg(long, value_name = "INT", default_value = "1", value_parser = values::seed)]
    seed: i64,
    /// What computes: auto, cpu, gpu, or a GPU's index or part of its name
    #[arg(
        long,
        value_name = "DEVICE",
        env = "NANOBRAGG_DEVICE",
        hide_env = true,
        default_value = "cpu"
    )]
    device: String,
    /// Threads of the CPU path [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = values::threads)]
    threads: Option<u32>,
    #[command(flatten)]
    links: LinksFlag,
    /// Print nothing but warnings and errors
    #[arg(long)]
    quiet: bool,
    /// Print PREFIX.json on standard output, too
    #[arg(long)]
    json: bool,
    /// Where the refinement starts: flags of a render
    #[arg(last = true, value_name = "FLAGS")]
    flags: Vec<String>,
}

/// Flags of `refine` that the C program has too.
pub const EITHER: [&str; 3] = ["adc", "adcoffset", "seed"];

/// Refines.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] for bad files and where there is no
/// result.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let started = Instant::now();
    let flags: RefineFlags = super::arguments::parse_with(COMMAND, words, &EITHER)?;
    flags.check()?;
    interrupt::catch()?;
    let request = scenario(COMMAND, &flags.flags)?;
    for notice in &request.notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    let first = Parametrisation::new(&request.experiment, request.origin.clone());
    let first = first.map_err(CliError::usage)?;
    let (variables, mut notices) = flags.variables(&first)?;
    let wish = flags.wish(variables)?;
    let data::Read {
        starts,
        images,
        pedestal,
    } = data::read(&flags, &request, &first, &mut notices)?;
    let names = flags.names(starts.len());
    names.check(&flags, &request)?;
    for notice in &notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    let renderer = Renderer::new(&RenderOptions {
        device: Device::from(flags.device.as_str()),
        threads: flags.threads.unwrap_or(0) as usize,
        gpu: gpu_options(),
        ..RenderOptions::default()
    })?;
    let progress = Progress::shown(flags.quiet, None)?;
    let refined = refine(&renderer, &starts, &wish, &progress).map_err(failed)?;
    let pulls = match flags.simulate_check {
        true => {
            let seed = flags.seed as u64;
            let pulls = simulate_check(&renderer, &starts, &refined, &wish, seed, &progress);
            Some(pulls.map_err(failed)?)
        }
        false => None,
    };
    drop(progress);
    let up = request.up();
    let spots = report::spots(&starts, &refined);
    let mut written = vec![PendingFile::write(&names.spots, spots.as_bytes())?];
    let experiments: Vec<Experiment> = refined
        .frames
        .iter()
        .map(|own| own.parametrisation.experiment().clone())
        .collect();
    let metadata = Metadata::of(&experiments[0], up, None);
    let crystals: Vec<FrameMetadata> = experiments
        .iter()
        .map(|own| FrameMetadata::of(own, up))
        .collect();
    let images: Vec<(PathBuf, Option<usize>)> = images
        .iter()
        .map(|(file, place)| (super::truth::seen_from(&names.expt, file), *place))
        .collect();
    let images: Vec<FrameImage> = images
        .iter()
        .map(|(file, place)| FrameImage {
            file,
            place: *place,
        })
        .collect();
    let list = expt::text(&metadata, &crystals, &images, pedestal);
    written.push(PendingFile::write(&names.expt, list.as_bytes())?);
    let mut told = refined.notices.clone();
    let runs = expt::runs(&crystals, &images);
    for (number, own) in refined.frames.iter().enumerate() {
        let of = runs
            .iter()
            .position(|run| run.contains(&number))
            .unwrap_or(0);
        let (text, said) = document::refined(&request, &first, own, of, &names)?;
        told.extend(said);
        written.push(PendingFile::write(&names.config[number], text.as_bytes())?);
        let picture = residual_picture(own)
            .map_err(|problem| anyhow::anyhow!("{}{problem}", names.picture[number].display()))?;
        written.push(PendingFile::write(&names.picture[number], &picture)?);
    }
    told.dedup();
    for notice in &told {
        say(format_args!("nanobragg: note: {notice}"));
    }
    notices.extend(told);
    let taken = started.elapsed();
    let summary = report::Summary::of(&starts, &refined, pulls.as_deref(), notices, taken);
    let json = serde_json::to_string_pretty(&summary)? + "\n";
    written.push(PendingFile::write(&names.json, json.as_bytes())?);
    files::commit(std::iter::empty(), written)?;
    if flags.json {
        print_json(&summary)?;
    } else if !flags.quiet {
        say_lines(summary.lines());
    }
    Ok(())
}

/// Why there is no result, as the program tells it, with the flags that may help.
fn failed(error: RefineError) -> CliError {
    let flags = match &error {
        RefineError::Untrusted { .. } | RefineError::TooFewSpots { .. } => {
            "--trusted gives that range"
        }
        RefineError::NoSignal { .. } => "--search and --uncertainty set that angle",
        RefineError::Unexplained { .. } => "--search sets that angle; --min-explained lets it pass",
        RefineError::NotConverged(_) => "--max-evaluations allows more",
        RefineError::PoorFit { .. } => "--max-chi2 lets it pass",
        RefineError::Variable { .. } | RefineError::Parameter(_) => {
            return CliError::Usage(format!("{COMMAND}: --refine: {error}"));
        }
        _ => "",
    };
    match (error, flags) {
        (RefineError::Render(error), _) => error.into(),
        (other, "") => CliError::Failed(other.into()),
        (other, flags) => CliError::Failed(anyhow::anyhow!("{other} ({flags})")),
    }
}

/// The files that are written.
struct Names {
    json: PathBuf,
    spots: PathBuf,
    expt: PathBuf,
    config: Vec<PathBuf>,
    picture: Vec<PathBuf>,
}

impl Names {
    /// Makes sure that all can be written, and that none is an input.
    fn check(&self, flags: &RefineFlags, request: &Request) -> Result<(), CliError> {
        let one = [&self.json, &self.spots, &self.expt];
        for path in one.into_iter().chain(&self.config).chain(&self.picture) {
            let inputs = flags.data.iter().chain(&request.inputs);
            if let Some(input) = files::input_at(inputs, path) {
                return Err(CliError::Usage(format!(
                    "{COMMAND}: {} would overwrite the input {}; give another --out",
                    path.display(),
                    input.display()
                )));
            }
            whole::check_writable(path)?;
        }
        Ok(())
    }
}

impl RefineFlags {
    /// Refuses flags that are wrong by themselves.
    fn check(&self) -> Result<(), CliError> {
        let refused = |what: String| Err(CliError::Usage(format!("{COMMAND}: {what}")));
        for (place, path) in self.data.iter().enumerate() {
            if self.data[..place]
                .iter()
                .any(|other| files::same_file(other, path))
            {
                return refused(format!(
                    "{} is named twice; its counts would weigh twice, leave one out",
                    path.display()
                ));
            }
        }
        if let Some([least, most]) = self.trusted.as_deref()
            && least > most
        {
            return refused(format!(
                "--trusted {least} {most}: expected the least count, then the largest"
            ));
        }
        if (self.max_spots as usize) < LEAST_SPOTS {
            return refused(format!(
                "--max-spots {}: expected {LEAST_SPOTS} or more",
                self.max_spots
            ));
        }
        let out = self.out.as_os_str().to_string_lossy();
        if out.ends_with(['/', '.']) {
            return refused(format!(
                "--out {out}: expected what the names of files start with, as in refined or folder/refined"
            ));
        }
        Ok(())
    }

    fn names(&self, frames: usize) -> Names {
        let with = |behind: &str| {
            let mut name = self.out.clone().into_os_string();
            name.push(behind);
            PathBuf::from(name)
        };
        let each = |behind: &str| {
            let number = |frame: usize| match frames {
                1 => with(behind),
                _ => with(&format!("_{:04}{behind}", frame + 1)),
            };
            (0..frames).map(number).collect()
        };
        Names {
            json: with(".json"),
            spots: with("_spots.txt"),
            expt: with(".expt"),
            config: each(".toml"),
            picture: each("_residuals.png"),
        }
    }
}

/// The name of a frame of `path`.
fn frame_name(path: &Path, frame: usize, frames: usize) -> String {
    match frames {
        1 => path.display().to_string(),
        _ => format!("{} frame {}", path.display(), frame + 1),
    }
}
