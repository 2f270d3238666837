//! Flags of a series: those of a render, and its own.

use clap::Command;

use crate::cli::CliError;
use crate::cli::arguments::Spellings;
use crate::cli::commands::Described;
use crate::cli::config::Line;
use crate::cli::flags::{self, Request};
use crate::cli::profile;
use crate::cli::render::{self, Parsed};
use crate::document::{FILES, Key, RecordPaths, key, message};
use crate::experiment::{LayerDepth, PhiSampling};
use crate::geometry::degrees;
use crate::series::{Motion, Numbered, Plan};

/// The command that understands the flags.
fn command() -> Command {
    let series = flags::augmented(Command::new("nanobragg series"), &[flags::SERIES]);
    let all = series
        .about("Render many frames in one run, into one file or numbered ones")
        .override_usage(
            "nanobragg series --frames COUNT -osc DEG --out scan.h5 [flags of a render]\n       \
             nanobragg series --frames COUNT --random-orientations --out frame_####.cbf [flags]",
        )
        .after_help(
            "--out and --out-noise name one file with all frames, .h5 or .nxs (NXmx), or files of any \
             other format with a place for the frame's number: frame_####.img. Numbers start with \
             --image-number, 1 by default; a frame's noise is that of 'nanobragg --image-number' with \
             its number. Numbered files appear as they are done; a file with all frames at the \
             end, and until then NAME_partial.h5 with those that are done. --continue goes on \
             where a series has ended early. Each frame is, bit for bit, what nanobragg renders alone with its -phi or -misset, \
             --phi-sampling middle and --layer-depth mean, which are the defaults here.",
        );
    flags::of_a_render(all)
}

/// The command, and how its flags are spelled.
pub fn described() -> Described {
    let command = command();
    let mut spellings = Spellings::of(&command, flags::double_dash_only());
    spellings.name = "nanobragg series".into();
    Described { command, spellings }
}

/// What `words` ask for: the frames, and everything else.
///
/// # Errors
/// [`CliError`], as a render's, and for flags that a series can't have.
pub fn parsed(words: &[String]) -> Result<Parsed, CliError> {
    render::help_if_asked(words, described)?;
    let line = Line::of(words)?;
    // Before the words are made sense of, which is a part of what takes time.
    if line.asks_for_profile() {
        profile::start();
    }
    let mut parsed = render::parsed_by(described(), line)?;
    check(&parsed)?;
    // The C program renders no series: there is nothing to agree with, and images are unbiased.
    let document = &mut parsed.given.document;
    document
        .scan
        .phi_sampling
        .get_or_insert(PhiSampling::Middle);
    document
        .detector
        .sensor_layer_depth
        .get_or_insert(LayerDepth::Mean);
    Ok(parsed)
}

/// Refuses flags that a series can't have.
fn check(parsed: &Parsed) -> Result<(), CliError> {
    use key::{output, run};
    let document = &parsed.given.document;
    let of_one_image: [&Key; 2] = [&run::printout, &run::printout_pixel];
    let of_series: [&Key; 2] = [&output::files, &output::noise_files];
    let files = FILES.iter().filter(|key| !of_series.contains(key));
    let refused = files.chain(&of_one_image).find(|key| document.says(key));
    let given = |name: &str| parsed.given.flags.iter().any(|flag| flag.name == name);
    let refused = match refused {
        Some(key) => Some(parsed.given.spelling.of(&message!("{}", *key))),
        None => given("write-config").then(|| "--write-config".into()),
    };
    if let Some(flag) = refused {
        return Err(CliError::Usage(format!(
            "{flag}: it is for one image; of a series, --out and --out-noise name the files"
        )));
    }
    if given("continue") && document.output.record == Some(RecordPaths::None) {
        return Err(CliError::usage(parsed.given.spelling.of(&message!(
            "--continue: frames that are there are known by the experiment in their files, which {} \
             none leaves out; give full or relative",
            &output::record
        ))));
    }
    if given("dry-run") {
        return Err(CliError::usage(
            "--dry-run: it is for one image; nanobragg --dry-run with the flags of a frame tells what \
             one takes",
        ));
    }
    if !of_series.iter().any(|key| key.is_in(document)) {
        return Err(CliError::usage(
            "no file is named; expected --out scan.h5, or --out frame_####.cbf, or --out-noise",
        ));
    }
    Ok(())
}

/// The frames of what `request` asks for.
///
/// # Errors
/// [`CliError::Usage`] for flags that contradict each other.
pub fn plan(request: &Request) -> Result<Plan, CliError> {
    let frames = request.said.series.frames.ok_or_else(|| {
        CliError::usage("--frames: missing; give the number of frames, or a --config with it")
    })?;
    let (said, scan) = (&request.said, request.experiment.scan());
    let range_deg = said.scan.range.unwrap_or(degrees(scan.range_rad));
    let motion = if said.series.random_orientations == Some(true) {
        if said.crystal.misset.is_some() {
            return Err(CliError::usage(
                "--random-orientations and -misset both turn the crystal; leave one of them out",
            ));
        }
        let seed = said.crystal.misset_seed;
        Motion::RandomOrientations(seed.map_or(request.seed, |seed| seed as u64))
    } else if range_deg == 0.0 && frames > 1 {
        return Err(CliError::usage(
            "every frame would be the same; expected -osc, the rotation during each, or \
             --random-orientations",
        ));
    } else {
        Motion::Scan
    };
    let first_number = said.noise.image_number.unwrap_or(1);
    if first_number.checked_add(frames).is_none() {
        return Err(CliError::Usage(format!(
            "--image-number {first_number}: with {frames} frames, numbers would exceed {}",
            u32::MAX
        )));
    }
    for output in &request.outputs {
        if output.kind.format().frames.is_none() && Numbered::of(&output.path).is_none() {
            return Err(CliError::Usage(format!(
                "{} {}: it has room for one frame; expected a name with a place for the frame's number, \
                 as frame_####.{}, or one that ends on .h5 or .nxs",
                output.flag,
                output.path.display(),
                flags::extension(&output.path)
            )));
        }
    }
    Ok(Plan {
        base: request.experiment.clone(),
        frames,
        first_number,
        start_deg: said.scan.start.unwrap_or(degrees(scan.start_rad)),
        range_deg,
        motion,
    })
}

/// Whether a series has a use for a key that a render has none for.
pub fn has_a_use(key: &Key, plan: &Plan) -> bool {
    let seeded = matches!(plan.motion, Motion::RandomOrientations(_));
    let of_series: [&Key; 4] = [
        // A file of all frames is made of data files.
        &key::counts::frames_per_file,
        &key::noise::image_number,
        &key::scan::phi_sampling,
        &key::detector::sensor_layer_depth,
    ];
    of_series.contains(&key)
        || (seeded && [&key::noise::seed, &key::crystal::misset_seed].contains(&key))
}
