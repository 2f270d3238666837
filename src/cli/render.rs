//! `nanobragg render`, the default command: flags in, files and a summary out.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::{Spellings, parse};
use super::flags::{self, DeviceChoice, Printout, Request};
use super::{CliError, files};
use crate::cpu;
use crate::image::{Image, Statistics};
use crate::render::{Device, Renderer, frame_size};
use crate::report::{Summary, pixel_quantities};
use crate::scene::Scene;

/// A progress bar appears when a render takes longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Renders what `words` describe.
///
/// # Errors
/// [`CliError`] with the one line to print.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let started = Instant::now();
    let request = request(words)?;
    for notice in &request.notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    files::check(
        &request.outputs,
        &request.inputs,
        frame_size(&request.experiment),
    )?;

    let device = match request.program.device().map_err(CliError::Usage)? {
        DeviceChoice::Auto | DeviceChoice::Cpu => Device::Cpu {
            threads: request.program.threads.unwrap_or(0) as usize,
        },
    };
    let renderer = Renderer::new(device)?;
    let image = rendered(&renderer, &request)?;
    let statistics = Statistics::of(&image);
    let written = files::write(&request, &image, &statistics)?;

    let experiment = &request.experiment;
    let sources = experiment.beam().sources().len();
    let (device, threads) = (renderer.device().to_string(), renderer.threads());
    let seconds = started.elapsed().as_secs_f64();
    let summary = Summary::new(experiment, sources, statistics, device, threads).finished(
        written,
        request.notices.clone(),
        request.seed,
        seconds,
    );
    if !request.program.quiet && !request.program.json {
        say(format_args!("{summary}"));
    }
    let mut output = std::io::stdout().lock();
    if request.program.json {
        writeln!(output, "{}", summary.to_json()?).context("cannot write to standard output")?;
    }
    print_pixels(&request, &mut output)
}

/// What `words` ask for.
///
/// # Errors
/// [`CliError`] for wrong flags and bad files, and with the help if that was asked for.
pub fn request(words: &[String]) -> Result<Request, CliError> {
    let words = match words.split_first() {
        Some((first, rest)) if first == "render" => rest,
        _ => words,
    };
    let command = flags::command();
    let spellings = Spellings::of(&command, flags::double_dash_only());
    if words.is_empty()
        || words
            .iter()
            .any(|word| ["-h", "-help", "--help"].contains(&word.as_str()))
    {
        return Err(CliError::Text(help(command, &spellings)));
    }
    Request::new(&parse(command, &spellings, words)?)
}

/// Puts `text` on standard error, or nowhere if that is closed: an image is not worth less for it.
fn say(text: std::fmt::Arguments) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The flags by topic.
fn help(mut command: clap::Command, spellings: &Spellings) -> String {
    let help = command.render_help();
    let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let text = if colours {
        help.ansi().to_string()
    } else {
        help.to_string()
    };
    spellings.single_dashed(&text)
}

/// Renders, with a progress bar where one is wanted.
fn rendered(renderer: &Renderer, request: &Request) -> Result<Image, CliError> {
    let wanted = request
        .progress
        .unwrap_or(!request.program.quiet && std::io::stderr().is_terminal());
    if !wanted {
        return Ok(renderer.render(&request.experiment)?);
    }
    let [_, rows] = frame_size(&request.experiment);
    let bar = ProgressBar::with_draw_target(Some(rows as u64), ProgressDrawTarget::hidden());
    let template = "{bar:40} {percent}% of {len} rows, {eta} to go";
    bar.set_style(ProgressStyle::with_template(template).context("the progress bar's template")?);
    let started = Instant::now();
    let row_done = || {
        if bar.is_hidden() && (request.progress == Some(true) || started.elapsed() > PATIENCE) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.inc(1);
    };
    let image = renderer.render_with_progress(&request.experiment, &row_done);
    bar.finish_and_clear();
    Ok(image?)
}

/// Prints the quantities behind the pixels asked for.
fn print_pixels(request: &Request, output: &mut impl Write) -> Result<(), CliError> {
    if request.printout == Printout::Nothing {
        return Ok(());
    }
    let scene = Scene::new(&request.experiment)?;
    let panel = &scene.panels[0];
    let [width, height] = panel.shape;
    let pixels: Vec<[usize; 2]> = match request.printout {
        Printout::Nothing => Vec::new(),
        Printout::Pixel(pixel) => vec![pixel],
        Printout::All => {
            let all = (0..height).flat_map(|slow| (0..width).map(move |fast| [fast, slow]));
            all.filter(|&[fast, slow]| scene.renders(panel, fast, slow))
                .collect()
        }
    };
    for [fast, slow] in pixels {
        let trace = cpu::trace_pixel(&scene, panel, fast, slow);
        write!(output, "{}", pixel_quantities(&trace))
            .context("cannot write to standard output")?;
    }
    Ok(())
}
