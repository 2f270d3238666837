//! `--dry-run`: what a render would be, and about how long it would take.
//!
//! All checks are those of the render, which comes this far itself. Then a small part of the image's
//! own terms is rendered, and files are made of as many pixels and taken away again.

use std::time::Instant;

use super::flags::{Printout, Request};
use super::output::{print, say};
use super::{CliError, files, interrupt};
use crate::experiment::{Detector, Experiment, ExperimentError, Panel, Sampling};
use crate::image::{Image, Statistics};
use crate::memory::Bytes;
use crate::render::{Monitor, Renderer, frame_size};
use crate::report::{DryRun, MemoryNeeds, PlannedFile, TimeNeeds};
use crate::scene::{self, Layout, Scene};

/// Pixels of the files that are made to tell how long files take.
const FILE_PIXELS: usize = 1 << 20;

/// Minds Ctrl-C.
struct Interruptible;

impl Monitor for Interruptible {
    fn interrupted(&self) -> bool {
        interrupt::interrupted()
    }
}

/// Tells what the render that `request` asks for would come to; this process `started` then.
///
/// # Errors
/// [`CliError::Failed`] as a render has it, where the sample fails.
pub fn run(mut request: Request, renderer: &Renderer, started: Instant) -> Result<(), CliError> {
    let start_seconds = started.elapsed().as_secs_f64();
    let experiment = request.experiment.clone();
    let estimate = renderer.estimate(&experiment, &Interruptible)?;
    let written = request.program.write_config.clone();
    let planned = files::targets(&request).into_iter();
    let planned = planned.filter(|(_, path)| Some(path) != written.as_ref());
    let planned = planned.map(|(flag, path)| PlannedFile {
        flag,
        replaces: path.is_file(),
        path: path.display().to_string(),
    });
    let planned: Vec<PlannedFile> = planned.collect();
    let memory = MemoryNeeds {
        host_bytes: host_memory(&request)?.0,
        available_bytes: Bytes::available().0,
        device_bytes: renderer.device_memory(&experiment)?.map(|bytes| bytes.0),
    };
    let (file_set_up, file_seconds, file_notices) =
        file_times(&mut request, renderer, &estimate.values)?;
    let idle = [
        ("-printout", request.printout != Printout::Nothing),
        ("-progress", request.progress == Some(true)),
    ];
    let idle = idle.into_iter().filter(|(_, given)| *given);
    let mut told: Vec<String> = renderer.notice().map(Into::into).into_iter().collect();
    told.extend(estimate.notices.iter().chain(&file_notices).cloned());
    told.extend(idle.map(|(flag, _)| format!("{flag} has no effect: --dry-run renders no image")));
    // Every sample may have caused the same one.
    told.dedup();
    for notice in &told {
        say(format_args!("nanobragg: note: {notice}"));
    }
    let set_up = estimate.set_up_seconds + file_set_up;
    let time = TimeNeeds::new(start_seconds + set_up, file_seconds, &estimate);
    let mut notices = request.notices;
    notices.extend(told);
    let report = DryRun::new(
        &experiment,
        Scene::new(&experiment)?.rendered_pixels(),
        renderer,
        (memory, time),
        (planned, written.map(|path| path.display().to_string())),
        notices,
    );
    match (request.program.json, request.program.quiet) {
        (true, _) => print(&format!("{}\n", serde_json::to_string_pretty(&report)?)),
        (false, true) => Ok(()),
        (false, false) => print(&format!("{report}\n")),
    }
}

/// What the render takes of this machine's memory, beside what the program itself does: the image
/// with the file that needs most, sources and orientations, and F.
fn host_memory(request: &Request) -> Result<Bytes, CliError> {
    let experiment = &request.experiment;
    let layout = Layout::new(experiment)?;
    let grid = layout.read_grid(layout.channels()[0])?;
    let indices = grid.map_or(0, |grid| grid.amplitudes().len() as u64);
    let parts = [
        files::memory(request),
        scene::memory(experiment),
        Bytes::of::<f64>(indices),
    ];
    let parts = parts.into_iter();
    Ok(Bytes(
        parts.fold(0, |sum, bytes| sum.saturating_add(bytes.0)),
    ))
}

/// What the files of `request` take the first time more than later, and what they take for all of
/// the image's pixels, s, from a strip of pixels that hold `values`. After this the request is that
/// of the strip.
fn file_times(
    request: &mut Request,
    renderer: &Renderer,
    values: &[f32],
) -> Result<(f64, f64, Vec<String>), CliError> {
    let [width, height] = frame_size(&request.experiment);
    request.experiment = strip(&request.experiment)?;
    let [_, rows] = frame_size(&request.experiment);
    let values = values.iter().copied().chain([0.0]).cycle();
    let image = Image::new(width, rows, values.take(width * rows).collect(), None);
    let (mut seconds, mut notices) = ([0.0; 2], Vec::new());
    for seconds in &mut seconds {
        let started = Instant::now();
        notices = renderer.install(|| {
            let statistics = Statistics::of(&image);
            files::rehearse(request, renderer, &image, &statistics)
        })?;
        *seconds = started.elapsed().as_secs_f64();
    }
    let [first, again] = seconds;
    let set_up = (first - again).max(0.0);
    Ok((set_up, again * height as f64 / rows as f64, notices))
}

/// `experiment` on the first rows of its first panel.
fn strip(experiment: &Experiment) -> Result<Experiment, ExperimentError> {
    let mut parts = experiment.clone().into_description();
    let first = &parts.detector.panels[0];
    let [width, height] = first.shape;
    let strip = Panel {
        shape: [width, (FILE_PIXELS / width).clamp(1, height)],
        mask: None,
        ..first.clone()
    };
    parts.detector = Detector {
        panels: vec![strip],
        ..parts.detector
    };
    parts.sampling = Sampling {
        region: None,
        ..parts.sampling
    };
    Experiment::new(parts)
}
