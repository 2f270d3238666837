//! The flags of a render, by topic; each file turns its flags into the part of the experiment
//! they describe.

mod background;
mod beam;
mod catalogue;
mod coordinates;
mod crystal;
mod detector;
mod factors;
mod file_cells;
mod geometry;
mod idle;
mod ignored;
mod mosaic;
mod noise;
mod output;
mod output_kind;
mod picture;
mod program;
mod resolved;
mod sampling;
mod vectors;

use std::any::TypeId;
use std::path::PathBuf;

use clap::{ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser};

use glam::DVec3;

use super::CliError;
use super::order::Order;
use crate::experiment::{Crystal, Description, Experiment, ExperimentError};
use crate::report::FactorOrigin;
use coordinates::Reach;
use factors::Factors;
use geometry::{Apparatus, GeometryFile};
use resolved::Facts;

pub use background::slab_settings;
pub use beam::GRID_FLAGS;
pub use catalogue::{Catalogue, ValueKind};
pub use detector::DETECTOR_SIZE_FLAGS;
pub use geometry::placing_flags;
pub use noise::NoiseFlags;
pub use output::{FILE_FLAGS, OUT, seed_from_clock};
pub use output_kind::{Output, OutputKind, extension, geometry_notices, name_notices};
pub use picture::{CompressionName, NumberName, PictureStyle, StyleFlags};
pub use program::ProgramFlags;
pub use resolved::Resolved;
pub use sampling::Printout;

/// X-ray diffraction images of nanocrystals, with nanoBragg's own flags
#[derive(Parser)]
#[command(
    name = "nanobragg",
    version,
    override_usage = "nanobragg -hkl FILE -mat FILE [flags]\n       \
                      nanobragg --pdb FILE [flags]\n       \
                      nanobragg -default_F 100 -cell 70 80 90 [flags]\n       \
                      nanobragg series      many frames: a scan, or random orientations\n       \
                      nanobragg noise       a detector's noise on an image there is\n       \
                      nanobragg convert     an image in another format\n       \
                      nanobragg info        what an image file holds\n       \
                      nanobragg compare     how far apart are two images\n       \
                      nanobragg devices     what can render here\n       \
                      nanobragg validate    is what a GPU renders right?\n       \
                      nanobragg bench       how fast this machine renders, and how alike\n       \
                      nanobragg figure      a benchmark's times as a picture\n       \
                      nanobragg trace       how a pixel's value comes about\n       \
                      nanobragg man         manual pages\n       \
                      nanobragg completions what completes flags in bash, zsh and fish",
    after_help = "A flag that is given twice counts as it was given last. With no output flag, the \
                  files named as defaults are written; with any, only those asked for.",
    allow_negative_numbers = true,
    disable_help_flag = true,
    disable_version_flag = true,
    next_line_help = false,
    term_width = 100
)]
pub struct RenderFlags {
    #[command(flatten)]
    crystal: crystal::CrystalFlags,
    #[command(flatten)]
    beam: beam::BeamFlags,
    #[command(flatten)]
    background: background::BackgroundFlags,
    #[command(flatten)]
    geometry: geometry::GeometryFlags,
    #[command(flatten)]
    detector: detector::DetectorFlags,
    #[command(flatten)]
    vectors: vectors::VectorFlags,
    #[command(flatten)]
    sampling: sampling::SamplingFlags,
    #[command(flatten)]
    output: output::OutputFlags,
    #[command(flatten)]
    noise: NoiseFlags,
    #[command(flatten)]
    picture: picture::PictureFlags,
    #[command(flatten)]
    ignored: ignored::IgnoredFlags,
    /// Options of the program itself.
    #[command(flatten)]
    pub program: ProgramFlags,
}

/// A command line made sense of.
pub struct Request {
    /// The image to render.
    pub experiment: Experiment,
    /// The files to write.
    pub outputs: Vec<Output>,
    /// How a PNG is to look.
    pub style: PictureStyle,
    /// Resolutions of the rings to draw onto a PNG, m; none for some that fit.
    pub rings_m: Option<Vec<f64>>,
    /// Seed of the noise, and of what else has none of its own.
    pub seed: u64,
    /// Pixels whose quantities are to be printed.
    pub printout: Printout,
    /// Whether to show a progress bar, where that was said.
    pub progress: Option<bool>,
    /// What the user should know although nothing is wrong.
    pub notices: Vec<String>,
    /// Where the reflections come from, if they come from one file.
    pub reflections: Option<FactorOrigin>,
    /// The file that describes the detector, where flags do not.
    pub geometry: Option<PathBuf>,
    /// Files that were read, which no output may overwrite.
    pub inputs: Vec<PathBuf>,
    /// Options of the program itself.
    pub program: ProgramFlags,
    /// What every flag came to.
    pub settings: Vec<Resolved>,
}

/// Ids of the flags that count every time they are given.
pub const REPEATABLE: [&str; 3] = [background::REPEATABLE, output::OUT[0], output::OUT[1]];

/// The command that understands the flags, with their help.
pub fn command() -> Command {
    last_one_counts(RenderFlags::command())
}

/// `command`, whose flags count as they were given last.
pub fn last_one_counts(command: Command) -> Command {
    // Of a flag with several values, clap would gather those of every time it is given.
    command
        .args_override_self(true)
        .mut_args(|flag| match flag.get_action() {
            ArgAction::Append if !REPEATABLE.contains(&flag.get_id().as_str()) => {
                flag.action(ArgAction::Set)
            }
            _ => flag,
        })
}

/// Every spelling of the flags that are new in this program and take two dashes.
pub fn double_dash_only() -> Vec<String> {
    let new = program::ProgramFlags::augment_args(Command::new("new"));
    let new = geometry::GeometryFlags::augment_args(new);
    let new = NoiseFlags::augment_args(new);
    let new = coordinates::CoordinateFlags::augment_args(new);
    let mut doubled = spellings(&picture::PictureFlags::augment_args(new));
    doubled.push(background::REPEATABLE.to_string());
    doubled.extend(crystal::DOUBLE_DASH_ONLY.map(str::to_string));
    doubled.extend(factors::DOUBLE_DASH_ONLY.map(str::to_string));
    doubled.extend(mosaic::DOUBLE_DASH_ONLY.map(str::to_string));
    doubled
}

/// The flags of a render that do not change the image: its files, its printouts, the program.
/// Each as id and as it is shown to users.
pub fn flags_of_the_run() -> Vec<(String, String)> {
    /// `-misset random` takes its seed from here.
    const OF_THE_EXPERIMENT: &str = "seed";
    let doubled = double_dash_only();
    let run = output::OutputFlags::augment_args(Command::new("run"));
    let run = program::ProgramFlags::augment_args(picture::PictureFlags::augment_args(run));
    let run = NoiseFlags::augment_args(run);
    let named = run.get_arguments().filter_map(|flag| {
        let long = flag.get_long()?;
        Some((flag.get_id().to_string(), long.to_string()))
    });
    let printouts = sampling::PRINTOUTS.map(|name| (name.to_string(), name.to_string()));
    named
        .chain(printouts)
        .filter(|(id, _)| id != OF_THE_EXPERIMENT)
        .map(|(id, long)| {
            let dashes = if doubled.contains(&long) { "--" } else { "-" };
            (id, format!("{dashes}{long}"))
        })
        .collect()
}

/// Every spelling of the flags that name a file to read.
pub fn input_file_flags() -> Vec<String> {
    let command = command();
    let written = flags_of_the_run();
    let inputs = command.get_arguments().filter(|flag| {
        flag.get_value_parser().type_id() == TypeId::of::<PathBuf>()
            && !written.iter().any(|(id, _)| id == flag.get_id().as_str())
    });
    inputs
        .filter_map(clap::Arg::get_long_and_visible_aliases)
        .flatten()
        .map(str::to_string)
        .collect()
}

/// Every spelling of every flag of `command`.
pub fn spellings(command: &Command) -> Vec<String> {
    let long = command
        .get_arguments()
        .filter_map(clap::Arg::get_long_and_visible_aliases);
    long.flatten().map(str::to_string).collect()
}

impl Request {
    /// Makes sense of parsed flags: reads the input files they name, and checks everything.
    ///
    /// # Errors
    /// [`CliError::Usage`] for flags that contradict each other or describe an impossible
    /// experiment, [`CliError::Failed`] for a file that is missing or bad.
    pub fn new(matches: &ArgMatches) -> Result<Request, CliError> {
        let flags = RenderFlags::from_arg_matches(matches).map_err(CliError::usage)?;
        let order = Order(matches);
        let mut notices = flags.ignored.notices()?;
        let mut inputs = Vec::new();

        let Apparatus {
            file,
            adopted,
            placement,
            mut detector,
            frame,
        } = Apparatus::of(&flags, order, &mut inputs, &mut notices)?;
        flags.detector.finish(&mut detector, &mut notices);
        let beam = flags.beam.beam(order, &frame, &adopted, &mut inputs)?;
        let seed = flags.output.seed();
        let reach = Reach {
            beam: &beam,
            detector: &detector,
        };
        let Factors {
            structure_factors,
            mut cells,
            origin,
        } = flags
            .crystal
            .structure_factors(order, &reach, &mut inputs, &mut notices)?;
        let bare = file.as_ref().and_then(GeometryFile::without_crystal);
        bare.into_iter().for_each(|file| cells.note_without(file));
        let beam_size_m = flags.beam.beam_size_m();
        let background = flags
            .background
            .background(beam_size_m, &mut inputs, &mut notices)?;
        let crystal_scatters =
            structure_factors.is_listed() || structure_factors.default_f() != 0.0;
        let scan = flags.crystal.scan(&frame, &adopted)?;
        // A background needs no crystal.
        let crystal = if !crystal_scatters && !flags.crystal.names_cell() && background.scatters() {
            Crystal::absent()
        } else {
            let flags = &flags.crystal;
            let cell = flags.unit_cell(order, &cells, beam.wavelength_m, &adopted, &mut inputs)?;
            flags.crystal(order, &cell, beam_size_m, seed, &mut inputs, &mut notices)?
        };
        if !crystal_scatters && !background.scatters() {
            return Err(CliError::usage(
                "nothing scatters: give structure factors with -hkl FILE, --pdb FILE, -default_F, or --background",
            ));
        }
        flags.detector.apply_mask(&mut detector, &adopted)?;
        notices.extend(detector::masked_panels(&detector));
        let sampling = flags.sampling.sampling(&mut notices);
        let parts = Description {
            beam,
            crystal,
            detector,
            scan,
            sampling,
            structure_factors,
            background,
        };
        let experiment = Experiment::new(parts).map_err(|error| match &file {
            Some(file) if !flags.detector.gave(&error) && GeometryFile::is_to_blame(&error) => {
                file.blame(&error)
            }
            _ => flags.blame(error),
        })?;
        let noise = flags.noise.noise(seed, flags.output.adc())?;
        let idle = idle::idle(order, &experiment, placement.as_ref(), &noise);
        notices.extend(idle::notices(order, &idle));
        notices.extend(factors::channel_notice(&experiment));
        let printout = flags.sampling.printout(order, &experiment)?;
        if printout != Printout::Nothing && flags.program.json {
            return Err(CliError::usage(
                "-printout and --json both print on standard output; leave one of them out",
            ));
        }
        let outputs = flags.output.outputs(&flags.picture, noise, order)?;
        let idle: Vec<&str> = idle.iter().map(|(id, _)| *id).collect();
        let settings = resolved::resolved(&Facts {
            order,
            experiment: &experiment,
            placement: placement.as_ref(),
            adopted: &adopted,
            f_column: origin.as_ref().and_then(FactorOrigin::column),
            seed,
            outputs: &outputs,
            idle: &idle,
        });
        Ok(Request {
            experiment,
            outputs,
            style: flags.picture.style(),
            rings_m: flags.picture.rings_m()?,
            seed,
            printout,
            progress: flags.output.progress(order),
            notices,
            reflections: origin,
            geometry: file.map(|file| file.path),
            inputs,
            program: flags.program,
            settings,
        })
    }
}

impl Request {
    /// What is up in an overview: y of a file's laboratory; else where the slow axis comes from, so
    /// that the picture is that of the bare image.
    pub fn up(&self) -> DVec3 {
        match (&self.geometry, self.experiment.detector().panels.first()) {
            (None, Some(panel)) => -panel.slow,
            _ => DVec3::Y,
        }
    }
}

impl RenderFlags {
    /// Puts the flags that an impossible experiment came from before what is wrong with it.
    fn blame(&self, error: ExperimentError) -> CliError {
        let flags = match &error {
            ExperimentError::OutOfRange { quantity, .. } => flag_of(quantity),
            ExperimentError::Region { .. } => "-roi: ",
            ExperimentError::OnPanel { error, .. } => match **error {
                ExperimentError::OutOfRange { quantity, .. } => flag_of(quantity),
                // Panels are the file's; flags put a region on them.
                _ => "-roi: ",
            },
            ExperimentError::AutomaticOversample { .. } => "-oversample: ",
            ExperimentError::PixelCount { .. } => "-detpixels, -detsize: ",
            ExperimentError::PlaneThroughSample { .. } | ExperimentError::FacesAway { .. } => {
                return self.detector.blame(&error);
            }
            ExperimentError::SourceAlongPolarisation(_)
            | ExperimentError::SourceWavelength { .. }
            | ExperimentError::TotalWeight(_) => {
                // The sources come from a file.
                return CliError::Failed(anyhow::anyhow!("-sourcefile: {error}"));
            }
            _ => "",
        };
        CliError::usage(format!("{flags}{error}"))
    }
}

/// The flag that a quantity of the experiment comes from, with what goes between it and a message.
fn flag_of(quantity: &str) -> &'static str {
    let flags = [
        ("the dispersion", "-dispersion (as a fraction): "),
        ("the wavelength", "-lambda, -energy: "),
        ("sub-pixels", "-oversample: "),
        ("water", "-water: "),
        ("slab", "--background: "),
        ("beam's size", "-beamsize: "),
        ("fluence", "-fluence, -flux: "),
        ("structure factor", "-default_F, -hkl: "),
        ("attenuation depth", "-detector_abs: "),
        ("sensor's thickness", "-detector_thick: "),
        ("pixel size", "-pixel: "),
        ("its origin", "-pix0_vector, -distance, -Xbeam, -Ybeam: "),
        ("distance", "-distance, -close_distance: "),
        ("resolution limit", "-dmin: "),
        ("phi", "-phi, -osc, -phistep: "),
        ("fudge", "-fudge: "),
    ];
    flags
        .iter()
        .find(|(part, _)| quantity.contains(part))
        .map_or("", |(_, flag)| flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flag_of_an_input_file_is_known() {
        let mut flags = input_file_flags();
        flags.sort();
        let expected = [
            "expt",
            "geom",
            "hkl",
            "hkl-channels",
            "img",
            "mask",
            "mat",
            "matrix",
            "mosaic-file",
            "pdb",
            "sourcefile",
        ];
        assert_eq!(flags, expected);
    }
}
