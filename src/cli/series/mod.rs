//! `nanobragg series`: many frames in one run.
//!
//! The device is opened once and keeps what frames have in common. While a frame is rendered, the
//! one before is compressed and written.

mod flags;

pub use flags::described;

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Context;
use glam::DVec3;
use serde_json::json;
use tracing::info_span;

use super::config::Records;
use super::error::is_interruption;
use super::flags::{OutputKind, Request};
use super::output::{print_summary, say, say_lines};
use super::progress::Progress;
use super::{CliError, crystals, files, interrupt, limit, profile, render, truth};
use crate::experiment::ExperimentError;
use crate::formats::PendingFile;
use crate::formats::metadata::FrameMetadata;
use crate::formats::whole::{self, check_replaceable};
use crate::image::noise::Noise;
use crate::profile::RUN;
use crate::render::{Monitor, RenderError, Renderer, frame_size};
use crate::report::SeriesFrame;
use crate::series::{
    self, Frame, FrameSink, Motion, Numbered, Output, OutputSink, Plan, PlannedFrame,
    RenderedFrame, Watcher,
};

/// Renders the frames that `words` describe.
///
/// # Errors
/// [`CliError`] with the one line to print.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let named = |error| match error {
        CliError::Usage(line) => CliError::Usage(format!("nanobragg series: {line}")),
        other => other,
    };
    let started = Instant::now();
    interrupt::catch()?;
    let given = flags::parsed(words).map_err(named)?;
    let whole = info_span!(target: RUN, "nanobragg series").entered();
    let prepared = render::prepared_with(&given, check);
    let (mut request, renderer, plan) = prepared.map_err(named)?;
    let outputs = request.outputs.iter();
    let mut work = Work {
        sinks: outputs
            .map(|output| OutputSink::of_series(output.plain(), plan.frames))
            .collect(),
        there: 0,
        images: Vec::new(),
        notices: Vec::new(),
    };
    let progress = Progress::of(&request)?;
    work.notices = std::mem::take(&mut request.notices);
    work.tell(render::device_notices(&request, &renderer));
    work.tell(renderer.notice().map(Into::into).into_iter().collect());
    let goes_on = given.matches.get_flag("continue");
    work.run(&mut request, &plan, &renderer, &progress, goes_on)
        .map_err(|error| work.left_by(error, &plan))?;
    drop(progress);
    drop(whole);
    let mut profiled = Vec::new();
    let hot_spots = match &request.program.profile {
        Some(trace) => Some(profile::write(
            trace,
            &renderer.device_name(),
            &mut profiled,
        )?),
        None => None,
    };
    let noise = request.outputs.iter().find_map(|output| match output.kind {
        // The first frame's number is the image number of its noise.
        OutputKind::Noise { noise, .. } => Some(Noise {
            image: plan.first_number,
            ..noise
        }),
        _ => None,
    });
    let files = request.outputs.iter().zip(&work.sinks);
    let files = files.map(|(output, sink)| {
        json!({
            "flag": output.flag,
            "path": output.path.display().to_string(),
            "frames": sink.written.frames,
            "overloads": sink.written.overloads,
            "clipped_below": sink.written.clipped_below,
        })
    });
    let profiled = profiled.iter();
    let profiled = profiled.map(|file| json!({ "flag": file.flag, "path": file.path }));
    let summary = json!({
        "version": crate::version::NUMBER,
        "frames": plan.frames,
        "frames_of_an_earlier_run": work.there,
        "pixels": frame_size(&plan.base),
        "device": renderer.device_name(),
        "threads": renderer.threads(),
        "seed": request.seed,
        "noise": noise,
        "files": files.chain(profiled).collect::<Vec<_>>(),
        "images": work.images,
        "notices": work.notices,
        "seconds": started.elapsed().as_secs_f64(),
    });
    // As after an image, the system takes back at once what a driver takes apart bit by bit.
    std::mem::forget(renderer);
    print_summary(&summary, request.program.json, request.program.quiet)?;
    if let Some(hot_spots) = hot_spots.filter(|_| !request.program.quiet) {
        say_lines(format_args!("\n{hot_spots}"));
    }
    Ok(())
}

/// The frames of what `request` asks for, once it is known that they can be written.
fn check(request: &mut Request) -> Result<Plan, CliError> {
    crystals::require_one(request)?;
    let plan = flags::plan(request)?;
    request.forget_idle(|key| flags::has_a_use(key, &plan));
    for output in &request.outputs {
        if output.kind.scales_to_brightest() && plan.frames > 1 {
            request.notices.push(format!(
                "{} {}: photons are scaled to each frame's own maximum; -scale makes them alike",
                output.flag,
                output.path.display()
            ));
        }
    }
    render::tell(request);
    check_files(request, &plan)?;
    files::check_memory(request)?;
    Ok(plan)
}

/// Makes sure that every file of `plan` can be written, that no two of them are one, and that none
/// is an input.
fn check_files(request: &Request, plan: &Plan) -> Result<(), CliError> {
    // Folders, and files of all frames.
    files::check(request)?;
    for output in &request.outputs {
        if Numbered::of(&output.path).is_none() {
            files::check_beside(output.kind.encoding(), &output.path, plan.frames as usize)?;
        }
    }
    let numbers =
        u64::from(plan.first_number)..u64::from(plan.first_number) + u64::from(plan.frames);
    let outputs = request.outputs.iter();
    let numbered: Vec<_> = outputs
        .filter_map(|output| Some((output, Numbered::of(&output.path)?)))
        .collect();
    for (place, (output, frames)) in numbered.iter().enumerate() {
        let is_one = |name: &str, frames: &Numbered| {
            let number = frames.number(name);
            number.filter(|number| numbers.contains(number))
        };
        // The longest name.
        check_replaceable(&frames.path(numbers.end.saturating_sub(1)))?;
        // There may be any number of frames: what counts is what lies in the folder.
        let folder = frames.folder();
        let entries = fs::read_dir(folder)
            .with_context(|| format!("cannot look into the folder {}", folder.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(number) = name.to_str().and_then(|name| is_one(name, frames)) else {
                continue;
            };
            let path = frames.path(number);
            if let Some(input) = files::input_at(&request.inputs, &path) {
                return Err(CliError::Usage(format!(
                    "{} {}: it would overwrite the input {}",
                    output.flag,
                    path.display(),
                    input.display()
                )));
            }
            check_replaceable(&path)?;
        }
        let before = numbered[..place].iter().map(|(_, other)| other);
        for other in before.filter(|other| frames.may_meet(other)) {
            for number in numbers.clone() {
                if interrupt::interrupted() {
                    return Err(RenderError::Interrupted.into());
                }
                let path = frames.path(number);
                let name = path.file_name().and_then(|name| name.to_str());
                if name.and_then(|name| is_one(name, other)).is_some() {
                    return Err(CliError::Usage(format!(
                        "{} {}: {} is another frame's file, too; give each a name of its own",
                        output.flag,
                        output.path.display(),
                        path.display()
                    )));
                }
            }
        }
    }
    Ok(())
}

/// Frames are put on the disk at least so often: no more are lost when the machine stops.
const KEPT_EVERY: Duration = Duration::from_secs(60);

/// Files and what is known of their frames.
struct Work {
    sinks: Vec<OutputSink>,
    /// How many frames an earlier run has written.
    there: u32,
    images: Vec<SeriesFrame>,
    /// What the user was told.
    notices: Vec<String>,
}

impl Work {
    /// Renders and writes every frame that no earlier run has written, if the series goes on with
    /// one. What is rendered can be used, and gone on with, however the work ends.
    fn run(
        &mut self,
        request: &mut Request,
        plan: &Plan,
        renderer: &Renderer,
        progress: &Progress,
        goes_on: bool,
    ) -> Result<(), CliError> {
        let document = request.document.clone();
        let (draw, up, count) = (files::drawing(request), request.up(), plan.frames);
        let misset_seed = match plan.motion {
            Motion::RandomOrientations(seed) => Some(seed as i64),
            Motion::Scan => request.misset_seed(),
        };
        let mut inputs = None;
        request.document = plan.document(&document);
        let of_all = Records::of_inputs(request, &mut inputs);
        let of_all = &of_all;
        let mut records = |request: &mut Request, frame: &Frame| {
            request.document = frame.document(&document);
            let of_frame = Records::of_inputs(request, &mut inputs);
            move |output: &Output| {
                let records = match Numbered::of(&output.path) {
                    Some(_) => &of_frame,
                    None => of_all,
                };
                records.for_file(&output.kind).cloned()
            }
        };
        let mut planned = Vec::new();
        for index in (0..count).take_while(|_| goes_on) {
            let frame = plan.frame(index)?;
            let record = records(request, &frame);
            planned.push((frame, record));
        }
        let known = planned.iter().map(|(frame, record)| PlannedFrame {
            number: frame.number,
            experiment: &frame.experiment,
            up,
            record,
            misset_seed,
        });
        let known: Vec<PlannedFrame> = known.collect();
        let access = limit::access(request.program.links);
        for sink in &mut self.sinks {
            sink.resume(&known, access)?;
        }
        drop(known);
        drop(planned);
        let first = plan.first_number;
        let missing = |index: &u32| !self.sinks.iter().all(|sink| sink.has(first + index));
        let missing: Vec<u32> = (0..count).filter(missing).collect();
        self.there = count - missing.len() as u32;
        let mut kept = Instant::now();
        let kinds: Vec<_> = request.outputs.iter().map(|output| output.kind).collect();
        let rendered = series::render(
            plan,
            &missing,
            renderer,
            progress,
            |number| series::wanted(kinds.iter(), number),
            |frame, mut shot| {
                self.tell(std::mem::take(&mut shot.notices));
                self.tell(render::image_notices(&shot.statistics));
                let record = records(request, &frame);
                let rendered = RenderedFrame {
                    planned: PlannedFrame {
                        number: frame.number,
                        experiment: &frame.experiment,
                        up,
                        record: &record,
                        misset_seed,
                    },
                    shot: &shot,
                    draw: &draw,
                };
                series::write_frame(&mut self.sinks, &rendered)?;
                self.images.push(SeriesFrame {
                    number: frame.number,
                    phi_deg: frame.phi_deg,
                    misset_deg: frame.misset_deg,
                    image: shot.statistics,
                });
                if kept.elapsed() > KEPT_EVERY {
                    self.keep()?;
                    kept = Instant::now();
                }
                Ok::<(), CliError>(())
            },
        );
        let committed = rendered.and_then(|()| {
            let truth = truth_files(request, plan, up)?;
            files::commit(self.sinks.iter_mut().map(OutputSink::files), truth)
        });
        committed.inspect_err(|_| {
            // The disk may be full: what was kept before stays, and is told.
            let _ = self.keep();
        })
    }

    /// Tells what is true of every frame once.
    fn tell(&mut self, told: Vec<String>) {
        for notice in told {
            if !self.notices.contains(&notice) {
                say(format_args!("nanobragg: note: {notice}"));
                self.notices.push(notice);
            }
        }
    }

    /// Puts the frames that have come on the disk.
    fn keep(&mut self) -> Result<(), CliError> {
        let mut files = self.sinks.iter_mut().map(OutputSink::files);
        Ok(files.try_for_each(FrameSink::keep)?)
    }

    /// What the user is told of `error`, which ended the work.
    fn left_by(&mut self, error: CliError, plan: &Plan) -> CliError {
        let CliError::Failed(error) = error else {
            return error;
        };
        let done = self.images.len() + self.there as usize;
        let mut left = Vec::new();
        let mut placed = whole::in_place();
        for sink in self.sinks.iter_mut().map(OutputSink::files) {
            if let Some((path, frames)) = sink.kept() {
                left.push(format!("{} has the first {frames}", path.display()));
            }
            placed.retain(|path| !sink.keeps(path));
        }
        if (left.is_empty() || done == 0) && !is_interruption(&error) {
            // Who reports it tells what this run has put on disk.
            return CliError::Failed(error);
        }
        if left.is_empty() || !placed.is_empty() {
            left.push(interrupt::left(&placed));
        }
        if done > 0 {
            left.push("--continue goes on with what is there".into());
        }
        let left = left.join("; ");
        let of_all = format!("after {done} of {} frames; {left}", plan.frames);
        match is_interruption(&error) {
            true => CliError::Interrupted(format!("nanobragg series: interrupted {of_all}")),
            false => {
                let error = error.context(format!("the series ended {of_all}"));
                CliError::Told(CliError::Failed(error).to_string())
            }
        }
    }
}

/// The files of the truth that `request` asks for, not yet in their places.
fn truth_files(request: &Request, plan: &Plan, up: DVec3) -> Result<Vec<PendingFile>, CliError> {
    let frames = (0..plan.frames).take_while(|_| request.program.write_expt.is_some());
    let frames = frames.map(|index| Ok(FrameMetadata::of(&plan.frame(index)?.experiment, up)));
    let frames: Result<Vec<_>, ExperimentError> = frames.collect();
    truth::files(request, &frames?, plan.first_number)
}

impl Watcher for Progress {
    fn monitor(&self, index: u32, count: u32) -> impl Monitor {
        self.frame(index as usize, count as usize)
    }
}
