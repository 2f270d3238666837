//! `nanobragg series`: many frames in one run.
//!
//! The device is opened once and keeps what frames have in common. While a frame is rendered, the
//! one before is compressed and written.

mod flags;

pub use flags::described;

use std::collections::HashSet;
use std::time::Instant;

use clap::ArgMatches;
use serde_json::json;

use super::config::Records;
use super::error::is_interruption;
use super::flags::{OutputKind, Request};
use super::output::{print_summary, say};
use super::progress::Progress;
use super::{CliError, crystals, files, interrupt, render, truth};
use crate::formats::check_writable;
use crate::formats::metadata::FrameMetadata;
use crate::image::Statistics;
use crate::image::noise::Noise;
use crate::render::{Monitor, RenderError, Rendered, Renderer, frame_size};
use crate::report::SeriesFrame;
use crate::series::{self, Motion, Numbered, OutputSink, Plan, RenderedFrame, Watcher};

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
    let prepared = render::prepared_with(&given, |request| check(&given.matches, request));
    let (mut request, renderer, plan) = prepared.map_err(named)?;
    let outputs = request.outputs.iter();
    let mut work = Work {
        sinks: outputs
            .map(|output| OutputSink::of_series(output.plain(), plan.frames))
            .collect(),
        images: Vec::with_capacity(plan.frames as usize),
        truth: Vec::with_capacity(plan.frames as usize),
    };
    let mut follower = Follower {
        progress: Progress::of(&request)?,
        notices: std::mem::take(&mut request.notices),
    };
    follower.tell(render::device_notices(&request, &renderer));
    follower.tell(renderer.notice().map(Into::into).into_iter().collect());
    work.run(&mut request, &plan, &renderer, &mut follower)
        .map_err(|error| work.left_by(error, &plan))?;
    truth::write(&request, &work.truth, plan.first_number)?;
    follower.tell(files::notices(&work.sinks));
    let Follower { progress, notices } = follower;
    drop(progress);
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
    let summary = json!({
        "version": crate::version::NUMBER,
        "frames": plan.frames,
        "pixels": frame_size(&plan.base),
        "device": renderer.device_name(),
        "threads": renderer.threads(),
        "seed": request.seed,
        "noise": noise,
        "files": files.collect::<Vec<_>>(),
        "images": work.images,
        "notices": notices,
        "seconds": started.elapsed().as_secs_f64(),
    });
    print_summary(&summary, request.program.json, request.program.quiet)
}

/// The frames of what `request` asks for, once it is known that they can be written.
fn check(matches: &ArgMatches, request: &mut Request) -> Result<Plan, CliError> {
    crystals::require_one(request)?;
    let plan = flags::plan(matches, request)?;
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
    let mut names = HashSet::new();
    for output in &request.outputs {
        let Some(numbered) = Numbered::of(&output.path) else {
            continue;
        };
        for index in 0..plan.frames {
            let path = numbered.path(u64::from(plan.first_number + index));
            let shown = path.display();
            if let Some(input) = files::input_at(&request.inputs, &path) {
                return Err(CliError::Usage(format!(
                    "{} {shown}: it would overwrite the input {}",
                    output.flag,
                    input.display()
                )));
            }
            if path.exists() {
                check_writable(&path)?;
            }
            if !names.insert(path.clone()) {
                return Err(CliError::Usage(format!(
                    "{} {}: {shown} is another frame's file, too; give each a name of its own",
                    output.flag,
                    output.path.display()
                )));
            }
        }
    }
    Ok(())
}

/// Files and what is known of their frames.
struct Work {
    sinks: Vec<OutputSink>,
    images: Vec<SeriesFrame>,
    /// What is known of each frame for the files of the truth.
    truth: Vec<FrameMetadata>,
}

impl Work {
    /// Renders and writes every frame.
    fn run(
        &mut self,
        request: &mut Request,
        plan: &Plan,
        renderer: &Renderer,
        follower: &mut Follower,
    ) -> Result<(), CliError> {
        let document = request.document.clone();
        let (draw, up, count) = (files::drawing(request), request.up(), plan.frames);
        let misset_seed = match plan.motion {
            Motion::RandomOrientations(seed) => Some(seed as i64),
            Motion::Scan => request.misset_seed(),
        };
        let mut inputs = None;
        series::render(plan, renderer, follower, |frame, image, statistics| {
            request.document = frame.document(&document);
            let records = Records::of_inputs(request, &mut inputs);
            let rendered = RenderedFrame {
                number: frame.number,
                experiment: &frame.experiment,
                up,
                image,
                statistics: &statistics,
                record: &|output| {
                    let record = records.for_file(&output.kind)?;
                    Some(match Numbered::of(&output.path) {
                        Some(_) => record.clone(),
                        None => record_of_series(record, count),
                    })
                },
                misset_seed,
                draw: &draw,
            };
            series::write_frame(&mut self.sinks, &rendered, renderer)?;
            self.truth.push(FrameMetadata::of(&frame.experiment, up));
            self.images.push(SeriesFrame {
                number: frame.number,
                phi_deg: frame.phi_deg,
                misset_deg: frame.misset_deg,
                image: statistics,
            });
            Ok::<(), CliError>(())
        })?;
        if interrupt::interrupted() {
            return Err(RenderError::Interrupted.into());
        }
        Ok(series::commit(
            self.sinks.iter_mut().map(OutputSink::files),
        )?)
    }

    /// What the user is told of `error`, which ended the work.
    fn left_by(&self, error: CliError, plan: &Plan) -> CliError {
        match error {
            CliError::Failed(error) if is_interruption(&error) => {
                let done = self.images.len();
                let left = match self.sinks.iter().any(OutputSink::is_numbered) && done > 0 {
                    true => "numbered files of these are whole and stay, others were not written",
                    false => "no file was written",
                };
                CliError::Interrupted(format!(
                    "nanobragg series: interrupted after {done} of {} frames; {left}",
                    plan.frames
                ))
            }
            other => other,
        }
    }
}

/// Shows how far the series is, and tells what is true of every frame once.
struct Follower {
    progress: Progress,
    notices: Vec<String>,
}

impl Follower {
    fn tell(&mut self, told: Vec<String>) {
        for notice in told {
            if !self.notices.contains(&notice) {
                say(format_args!("nanobragg: note: {notice}"));
                self.notices.push(notice);
            }
        }
    }
}

impl Watcher for Follower {
    fn monitor(&self, index: u32, count: u32) -> impl Monitor {
        self.progress.frame(index as usize, count as usize)
    }

    fn rendered(&mut self, frame: &Rendered, statistics: &Statistics) {
        self.tell(frame.notices.clone());
        self.tell(render::image_notices(&frame.image, statistics));
    }
}

/// `record`, that of the first of `count` frames, as one of all.
fn record_of_series(record: &str, count: u32) -> String {
    let (program, rest) = record.split_once('\n').unwrap_or((record, ""));
    format!(
        "{program}\n\
         # The first of {count} frames: nanobragg series --frames {count} --config FILE\n{rest}"
    )
}
