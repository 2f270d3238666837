//! Flags of a series: those of a render, and its own.

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::cli::arguments::Spellings;
use crate::cli::commands::Described;
use crate::cli::config::Line;
use crate::cli::flags::{self, Catalogue, FILE_FLAGS, OUT, RenderFlags, Request};
use crate::cli::order::Order;
use crate::cli::render::{self, Given};
use crate::cli::{CliError, values};
use crate::geometry::degrees;
use crate::series::{Motion, Numbered, Plan};

#[derive(Args)]
#[command(next_help_heading = "Series")]
struct SeriesFlags {
    /// How many frames there are; frame k starts at -phi + k times -osc, k from 0
    #[arg(long, value_name = "COUNT", value_parser = values::count)]
    frames: u32,
    /// Give each frame an orientation of its own, as likely as any other, from -misset_seed (or
    /// -seed) and its number
    #[arg(long = "random-orientations")]
    random_orientations: bool,
}

/// Flags that make sense for one image only.
const OF_ONE_IMAGE: [&str; 5] = [
    "printout",
    "printout_pixel",
    "trace_pixel",
    "profile",
    "write_config",
];

/// The command that understands the flags.
fn command() -> Command {
    let series = SeriesFlags::augment_args(Command::new("nanobragg series"));
    let all = RenderFlags::augment_args(series)
        .about("Render many frames in one run, into one file or numbered ones")
        .override_usage(
            "nanobragg series --frames COUNT -osc DEG --out scan.h5 [flags of a render]\n       \
             nanobragg series --frames COUNT --random-orientations --out frame_####.cbf [flags]",
        )
        .after_help(
            "--out and --out-noise name one file with all frames, .h5 or .nxs (NXmx), or files of any \
             other format with a place for the frame's number: frame_####.img. Numbers start with \
             --image-number, 1 by default; a frame's noise is that of 'nanobragg --image-number' with \
             its number. Numbered files appear as they are done, a file with all frames at the \
             end. Each frame is, bit for bit, what nanobragg renders alone with its -phi or -misset.",
        )
        .allow_negative_numbers(true)
        .disable_help_flag(true)
        .disable_version_flag(true)
        .term_width(100);
    flags::last_one_counts(all)
}

/// The command, and how its flags are spelled.
pub fn described() -> Described {
    let command = command();
    let mut double = flags::double_dash_only();
    double.extend(["frames", "random-orientations"].map(str::to_string));
    let mut spellings = Spellings::of(&command, double);
    spellings.name = "nanobragg series".into();
    Described { command, spellings }
}

/// What `words` ask for: the frames, and everything else.
///
/// # Errors
/// [`CliError`], as a render's, and for flags that a series can't have.
pub fn parsed(words: &[String]) -> Result<Given, CliError> {
    render::help_if_asked(words, described)?;
    let given = render::parsed_by(described(), Line::of(words)?)?;
    check(Order(&given.matches))?;
    Ok(given)
}

/// Refuses flags that a series can't have.
fn check(order: Order) -> Result<(), CliError> {
    let one_image = FILE_FLAGS.iter().filter(|id| !OUT.contains(id));
    let given = |id: &&&str| order.position(id).is_some();
    if let Some(id) = one_image.chain(&OF_ONE_IMAGE).find(given) {
        return Err(CliError::Usage(format!(
            "{}: it is for one image; of a series, --out and --out-noise name the files",
            Catalogue::new().shown(id)
        )));
    }
    if order.any(&["dry_run"]) {
        return Err(CliError::usage(
            "--dry-run: it is for one image; nanobragg --dry-run with the flags of a frame tells what \
             one takes",
        ));
    }
    if !order.any(&OUT) {
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
pub fn plan(matches: &ArgMatches, request: &Request) -> Result<Plan, CliError> {
    let own = SeriesFlags::from_arg_matches(matches).map_err(CliError::usage)?;
    let order = Order(matches);
    let scan = request.experiment.scan();
    let given = |id| matches.get_one::<f64>(id).copied();
    let range_deg = given("osc").unwrap_or(degrees(scan.range_rad));
    let motion = if own.random_orientations {
        if order.position("misset").is_some() {
            return Err(CliError::usage(
                "--random-orientations and -misset both turn the crystal; leave one of them out",
            ));
        }
        let seed = matches.get_one::<i64>("misset_seed");
        Motion::RandomOrientations(seed.map_or(request.seed, |&seed| seed as u64))
    } else if range_deg == 0.0 && own.frames > 1 {
        return Err(CliError::usage(
            "every frame would be the same; expected -osc, the rotation during each, or \
             --random-orientations",
        ));
    } else {
        Motion::Scan
    };
    let first_number = match order.position("image_number") {
        Some(_) => matches.get_one::<u32>("image_number").copied(),
        None => None,
    };
    let first_number = first_number.unwrap_or(1);
    if first_number.checked_add(own.frames).is_none() {
        return Err(CliError::Usage(format!(
            "--image-number {first_number}: with {} frames, numbers would exceed {}",
            own.frames,
            u32::MAX
        )));
    }
    for output in &request.outputs {
        if !output.kind.format().frames.is_some() && Numbered::of(&output.path).is_none() {
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
        frames: own.frames,
        first_number,
        start_deg: given("phi").unwrap_or(degrees(scan.start_rad)),
        range_deg,
        motion,
    })
}

/// Whether a render's notice is none of a series, which has a use for the flag that it is about.
pub fn is_moot(notice: &str, plan: &Plan) -> bool {
    let seeded = matches!(plan.motion, Motion::RandomOrientations(_));
    let about = |flags: &[&str]| flags.iter().any(|flag| notice.starts_with(flag));
    about(&["--image-number has no effect"])
        || (seeded && about(&["-seed has no effect", "-misset_seed has no effect"]))
}
