//! `nanobragg render`, the default command: flags in, files and a summary out.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{ArgMatches, FromArgMatches};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tracing::info_span;

use super::arguments::{Spellings, parse};
use super::flags::{self, OutputKind, Printout, ProgramFlags, Request};
use super::output::{print, say};
use super::{CliError, dry_run, files, interrupt, profile};
use crate::cpu;
use crate::image::{Image, Statistics};
use crate::profile::{FILES, INPUT, RUN, SETUP};
use crate::render::{Monitor, Renderer};
use crate::report::{Run, Summary, trace_lines};
use crate::scene::{Scene, TermPlace};

/// A progress bar appears when a render takes longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Renders what `words` describe.
///
/// # Errors
/// [`CliError`] with the one line to print.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let started = Instant::now();
    profile::start_if_asked(words);
    let run = info_span!(target: RUN, "nanobragg").entered();
    interrupt::catch()?;
    let (request, renderer) = prepared(words)?;
    if request.program.dry_run {
        return dry_run::run(request, &renderer, started);
    }
    let image = rendered(&renderer, &request)?;
    let mut notices = request.notices.clone();
    let mut tell = |told: Vec<String>| {
        for notice in told {
            say(format_args!("nanobragg: note: {notice}"));
            notices.push(notice);
        }
    };
    tell(renderer.take_notices());
    if request.program.half_structure_factors && !renderer.on_gpu() {
        tell(vec![
            "--f16-structure-factors has no effect on the CPU path".into(),
        ]);
    }
    let statistics = info_span!(target: FILES, "statistics")
        .in_scope(|| renderer.install(|| Statistics::of(&image)));
    if statistics.pixels == 0 {
        tell(vec![
            "no pixel is rendered: masks and the region of interest leave none".into(),
        ]);
    }
    let mut written = info_span!(target: FILES, "files")
        .in_scope(|| renderer.install(|| files::write(&request, &renderer, &image, &statistics)))?;
    tell(renderer.take_notices());
    drop(run);
    let seconds = started.elapsed().as_secs_f64();
    let hot_spots = match &request.program.profile {
        Some(trace) => Some(profile::write(
            trace,
            &renderer.device_name(),
            &mut written,
        )?),
        None => None,
    };

    let summary = Summary::new(
        &request.experiment,
        statistics,
        Run {
            device: renderer.device_name(),
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
            floor: renderer.floor(),
            files: written,
            notices,
            seconds,
        },
    );
    if request.program.json {
        print(&format!("{}\n", summary.to_json()?))?;
    } else if !request.program.quiet {
        say(format_args!("{summary}"));
    }
    if let Some(hot_spots) = hot_spots.filter(|_| !request.program.quiet) {
        say(format_args!("\n{hot_spots}"));
    }
    print_pixels(&request)
}

/// What `words` ask for, checked, and the device that is to do it.
fn prepared(words: &[String]) -> Result<(Request, Renderer), CliError> {
    let matches = info_span!(target: INPUT, "flags").in_scope(|| matches(words))?;
    let program = ProgramFlags::from_arg_matches(&matches).map_err(CliError::usage)?;
    // A device takes its time to open; files are read meanwhile. Where they are bad it is waited
    // for all the same: drivers do not like to be left in the middle.
    std::thread::scope(|scope| {
        let opening = scope.spawn(|| Renderer::new(&program.render_options()));
        let mut request = info_span!(target: INPUT, "files").in_scope(|| Request::new(&matches))?;
        // Only here are these files written.
        let headers = flags::geometry_notices(&request.experiment, &request.outputs);
        request.notices.extend(headers);
        for notice in &request.notices {
            say(format_args!("nanobragg: note: {notice}"));
        }
        let checks = info_span!(target: INPUT, "check outputs").entered();
        files::check(&request)?;
        files::check_memory(&request)?;
        drop(checks);
        let opened = info_span!(target: SETUP, "wait for device").in_scope(|| opening.join());
        let renderer = opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok((request, renderer))
    })
}

/// What `words` ask for.
///
/// # Errors
/// [`CliError`] for wrong flags and bad files, and with the help if that was asked for.
pub fn request(words: &[String]) -> Result<Request, CliError> {
    Request::new(&matches(words)?)
}

/// `words` as parsed flags.
///
/// # Errors
/// [`CliError`] for wrong flags, and with the help if that was asked for.
pub fn matches(words: &[String]) -> Result<ArgMatches, CliError> {
    let command = flags::command();
    let spellings = Spellings::of(&command, flags::double_dash_only());
    if words.is_empty()
        || words
            .iter()
            .any(|word| ["-h", "-help", "--help"].contains(&word.as_str()))
    {
        return Err(CliError::Text(help(command, &spellings)));
    }
    parse(command, &spellings, words)
}

/// The flags by topic.
fn help(mut command: clap::Command, spellings: &Spellings) -> String {
    spellings.single_dashed(&command.render_help().ansi().to_string())
}

/// Renders, with a progress bar where one is wanted.
fn rendered(renderer: &Renderer, request: &Request) -> Result<Image, CliError> {
    let quiet = request.program.quiet;
    let wanted = request
        .progress
        .unwrap_or(!quiet && std::io::stderr().is_terminal());
    let patience = match request.progress {
        _ if !wanted => Duration::MAX,
        Some(true) => Duration::ZERO,
        _ => PATIENCE,
    };
    let bar = ProgressBar::with_draw_target(Some(PARTS), ProgressDrawTarget::hidden());
    let template = "{bar:40} {percent}%, {eta} to go";
    bar.set_style(ProgressStyle::with_template(template).context("the progress bar's template")?);
    let watch = Watch {
        bar,
        patience,
        started: Instant::now(),
    };
    let image = renderer.render_watched(&request.experiment, &watch);
    watch.bar.finish_and_clear();
    Ok(image?)
}

/// Parts that a progress bar counts.
const PARTS: u64 = 1000;

/// Shows the bar once a render takes longer than the user's patience, and minds Ctrl-C.
struct Watch {
    bar: ProgressBar,
    patience: Duration,
    started: Instant,
}

impl Monitor for Watch {
    fn advanced(&self, part: f64) {
        if self.started.elapsed() < self.patience {
            return;
        }
        if self.bar.is_hidden() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position((part * PARTS as f64) as u64);
    }

    fn interrupted(&self) -> bool {
        interrupt::interrupted()
    }
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
            for panel in &scene.panels {
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
