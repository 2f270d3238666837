//! `nanobragg render`, the default command: flags in, files and a summary out.

use std::time::Instant;

use clap::{ArgMatches, Command};
use tracing::info_span;

use super::arguments::{Spellings, parse};
use super::commands::Described;
use super::config::{self, Line};
use super::flags::{self, Given, OutputKind, Printout, ProgramFlags, Request};
use super::output::{print, print_summary, say, say_lines};
use super::progress::Progress;
use super::{CliError, crystals, dry_run, files, interrupt, profile, truth};
use crate::cpu;
use crate::document::{KEYS, message};
use crate::formats::PendingFile;
use crate::formats::metadata::FrameMetadata;
use crate::image::Statistics;
use crate::profile::{FILES, INPUT, RUN, SETUP};
use crate::render::{Renderer, Shot, spawn_scoped};
use crate::report::{Run, Summary, trace_lines};
use crate::scene::{Scene, TermPlace};

/// Renders what `words` describe.
///
/// # Errors
/// [`CliError`] with the one line to print.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let started = Instant::now();
    let line = line(words)?;
    // Before the words are made sense of, which is a part of what takes time.
    if line.asks_for_profile() {
        super::profile::start();
    }
    let run = info_span!(target: RUN, "nanobragg").entered();
    interrupt::catch()?;
    let (mut request, renderer, config) = prepared(line)?;
    if request.program.dry_run {
        crystals::require_one(&request)?;
        config.map_or(Ok(()), PendingFile::commit)?;
        return dry_run::run(&request, &renderer);
    }
    let number = files::number(&request);
    let wanted = files::wanted(&request, number);
    let progress = Progress::of(&request)?;
    let mut shot = crystals::shot(&mut request, &renderer, wanted, &progress)?;
    drop(progress);
    let mut notices = request.notices.clone();
    let mut tell = |told: Vec<String>| {
        for notice in told {
            say(format_args!("nanobragg: note: {notice}"));
            notices.push(notice);
        }
    };
    tell(renderer.notice().map(Into::into).into_iter().collect());
    tell(std::mem::take(&mut shot.notices));
    tell(device_notices(&request, &renderer));
    tell(image_notices(&shot.statistics));
    let frame = FrameMetadata::of(&request.experiment, request.up());
    let mut beside = truth::files(&request, &[frame], 1)?;
    beside.extend(config);
    let mut written = info_span!(target: FILES, "files")
        .in_scope(|| renderer.install(|| files::write(&request, &shot, beside)))?;
    let Shot {
        device, statistics, ..
    } = shot;
    drop(run);
    let seconds = started.elapsed().as_secs_f64();
    let hot_spots = match &request.program.profile {
        Some(trace) => Some(profile::write(trace, &device, &mut written)?),
        None => None,
    };

    let summary = Summary::new(
        &request.experiment,
        statistics,
        Run {
            device,
            threads: renderer.threads(),
            seed: request.seed,
            reflections: request.reflections.clone(),
            geometry: request
                .geometry
                .as_ref()
                .map(|path| path.display().to_string()),
            noise: request.outputs.iter().find_map(|output| match output.kind {
                OutputKind::Noise { noise, .. } => Some(noise),
                _ => None,
            }),
            files: written,
            notices,
            seconds,
        },
    );
    print_summary(&summary, request.program.json, request.program.quiet)?;
    if let Some(hot_spots) = hot_spots.filter(|_| !request.program.quiet) {
        say_lines(format_args!("\n{hot_spots}"));
    }
    print_pixels(&request)?;
    // The process ends here: the system takes back at once what a driver takes apart bit by bit.
    std::mem::forget(renderer);
    Ok(())
}

/// Notices about flags that `renderer` has no use for.
pub fn device_notices(request: &Request, renderer: &Renderer) -> Vec<String> {
    if request.program.half_structure_factors && !renderer.on_gpu() {
        return vec!["--f16-structure-factors has no effect on the CPU path".into()];
    }
    Vec::new()
}

/// Notices about the pixels of an image whose photons have these statistics.
pub fn image_notices(statistics: &Statistics) -> Vec<String> {
    if statistics.pixels == 0 {
        return vec!["no pixel is rendered: masks and the region of interest leave none".into()];
    }
    let beyond = statistics.not_finite;
    let notice = (beyond > 0).then(|| {
        format!(
            "{beyond} pixel(s) have more photons than float32 has room for ({:e}), and are no finite \
             number; a smaller -fluence or -flux leaves them room",
            f32::MAX
        )
    });
    notice.into_iter().collect()
}

/// The checked request of `line`, the renderer for it, and its experiment file.
fn prepared(line: Line) -> Result<(Request, Renderer, Option<PendingFile>), CliError> {
    let given = info_span!(target: INPUT, "flags").in_scope(|| parsed(line))?;
    prepared_with(&given, |request| {
        tell(request);
        let checks = info_span!(target: INPUT, "check outputs").entered();
        files::check(request)?;
        files::check_memory(request)?;
        drop(checks);
        config::file_if_asked(request)
    })
}

/// The request of `given`, checked by `check`, and the renderer for it.
///
/// # Errors
/// [`CliError`] for flags that make no sense, bad files and a device that does not work.
pub fn prepared_with<T>(
    given: &Parsed,
    check: impl FnOnce(&mut Request) -> Result<T, CliError>,
) -> Result<(Request, Renderer, T), CliError> {
    let program = ProgramFlags::of(&given.given.document, &given.matches);
    // Opening a device takes time; files are read meanwhile. Also where a file is bad, the thread
    // that opens the device is waited for: drivers may crash when the process ends during it.
    std::thread::scope(|scope| {
        let opening = spawn_scoped(scope, || Renderer::new(&program.render_options()))?;
        let mut request = info_span!(target: INPUT, "files").in_scope(|| given.request())?;
        // Only where files are written.
        let headers = flags::geometry_notices(&request.experiment, &request.outputs);
        let names = flags::name_notices(&request.outputs);
        let beside = truth::notices(&request);
        request
            .notices
            .extend(headers.into_iter().chain(names).chain(beside));
        let checked = check(&mut request)?;
        let opened = info_span!(target: SETUP, "wait for device").in_scope(|| opening.join());
        let renderer = opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((request, renderer, checked))
    })
}

/// Prints the notices of `request`.
pub fn tell(request: &Request) {
    for notice in &request.notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
}

/// The request of `words`.
///
/// # Errors
/// [`CliError`] for wrong flags and bad files, and with the help if that was asked for.
pub fn request(words: &[String]) -> Result<Request, CliError> {
    let request = parsed(line(words)?)?.request()?;
    crystals::require_one(&request)?;
    Ok(request)
}

/// Parsed flags, and the command line that they come from.
pub struct Parsed {
    /// The flags.
    pub matches: ArgMatches,
    /// What they and an experiment file say.
    pub given: Given,
    line: Line,
}

impl Parsed {
    /// The request of the flags.
    ///
    /// # Errors
    /// Errors of [`Request::new`]; flags are named with the keys of the experiment file behind
    /// them.
    pub fn request(&self) -> Result<Request, CliError> {
        let mut request = Request::new(&self.given, &self.matches)?;
        self.line.complete(&self.given, &mut request)?;
        Ok(request)
    }
}

/// `words` with the values of their experiment file.
///
/// # Errors
/// [`CliError`] for a bad file, and with the help if that was asked for.
pub fn line(words: &[String]) -> Result<Line, CliError> {
    help_if_asked(words, Described::render)?;
    Line::of(words)
}

/// Stops with the help of `command` where `words` ask for it, or for nothing.
///
/// # Errors
/// [`CliError::Text`], the help.
pub fn help_if_asked(
    words: &[String],
    described: impl FnOnce() -> Described,
) -> Result<(), CliError> {
    if words.is_empty()
        || words
            .iter()
            .any(|word| ["-h", "-help", "--help"].contains(&word.as_str()))
    {
        let Described { command, spellings } = described();
        return Err(CliError::Text(help(command, &spellings)));
    }
    Ok(())
}

/// The flags of `line`.
///
/// # Errors
/// [`CliError`] for wrong flags.
pub fn parsed(line: Line) -> Result<Parsed, CliError> {
    parsed_by(Described::render(), line)
}

/// The flags of `line`, as this command has them.
///
/// # Errors
/// [`CliError`] for wrong flags.
pub fn parsed_by(
    Described { command, spellings }: Described,
    line: Line,
) -> Result<Parsed, CliError> {
    let renders_series = command
        .get_arguments()
        .any(|flag| flag.get_id() == "frames");
    let matches = parse(command, &spellings, &line.words)?;
    let given = line.given(&matches)?;
    let of_series = KEYS
        .iter()
        .find(|key| key.section == "series" && given.document.says(key));
    if let Some(key) = of_series.filter(|_| !renders_series) {
        return Err(CliError::usage(given.spelling.of(&message!(
            "{}: the experiment is that of a series, and this command renders one image; \
             'nanobragg series --config FILE' renders all frames; for one of them, take its section \
             [series] out and give the -phi or -misset that 'nanobragg series --json' tells",
            *key
        ))));
    }
    Ok(Parsed {
        matches,
        given,
        line,
    })
}

/// The flags by topic.
fn help(mut command: Command, spellings: &Spellings) -> String {
    spellings.single_dashed(&command.render_help().ansi().to_string())
}

/// Prints the quantities behind the pixels asked for.
fn print_pixels(request: &Request) -> Result<(), CliError> {
    if request.printout == Printout::Nothing {
        return Ok(());
    }
    let scene = Scene::new(&request.experiment)?;
    let mut pixels = Vec::new();
    match request.printout {
        Printout::Nothing => {}
        Printout::Pixel(pixel) => pixels.push(pixel),
        Printout::All => {
            let mut first_row = 0;
            for panel in scene.panels.iter() {
                let [width, height] = panel.shape;
                let all = (0..height).flat_map(|slow| (0..width).map(move |fast| [fast, slow]));
                let rendered = all.filter(|&[fast, slow]| scene.renders(panel, fast, slow));
                pixels.extend(rendered.map(|[fast, slow]| [fast, first_row + slow]));
                first_row += height;
            }
        }
    }
    for [fast, slow] in pixels {
        let trace = cpu::trace(&scene, &TermPlace::last(&scene, [fast, slow])?);
        print(&format!(
            "pixel {fast} {slow}\n{}",
            trace_lines(&trace, false)
        ))?;
    }
    Ok(())
}
