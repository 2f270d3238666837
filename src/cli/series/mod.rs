//! `nanobragg series`: many frames in one run.
//!
//! The device is opened once and keeps what frames have in common. While a frame is rendered, the
//! one before is compressed and written.

mod flags;
mod plan;
mod sink;

pub use flags::described;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use clap::ArgMatches;

use super::config::Records;
use super::error::is_interruption;
use super::flags::{OutputKind, Request};
use super::output::{print, say};
use super::progress::Progress;
use super::{CliError, files, interrupt, render};
use crate::formats::PendingFile;
use crate::formats::encoding::Encoding;
use crate::image::noise::Noise;
use crate::image::{Image, Statistics};
use crate::render::{Renderer, frame_size};
use crate::report::{SeriesFrame, SeriesSummary};
use plan::{Frame, Plan};
use sink::Sink;

/// A frame that was rendered.
type Shot = (Frame, Image, Statistics);

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
    let progress = Progress::of(&request)?;
    let mut work = Work {
        sinks: request.outputs.iter().map(Sink::of).collect(),
        images: Vec::with_capacity(plan.frames as usize),
        notices: std::mem::take(&mut request.notices),
    };
    tell(
        &mut work.notices,
        render::device_notices(&request, &renderer),
    );
    work.run(&mut request, &plan, &renderer, &progress)
        .map_err(|error| work.left_by(error, &plan))?;
    drop(progress);
    let noise = request.outputs.iter().find_map(|output| match output.kind {
        // Its images are numbered from here.
        OutputKind::Noise { noise, .. } => Some(Noise {
            image: plan.first_number,
            ..noise
        }),
        _ => None,
    });
    let summary = SeriesSummary {
        version: SeriesSummary::VERSION,
        frames: plan.frames,
        pixels: frame_size(&plan.base),
        device: renderer.device_name(),
        threads: renderer.threads(),
        seed: request.seed,
        noise,
        files: work.sinks.into_iter().map(|sink| sink.told).collect(),
        images: work.images,
        notices: work.notices,
        seconds: started.elapsed().as_secs_f64(),
    };
    if request.program.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&summary)?))
    } else {
        if !request.program.quiet {
            say(&summary);
        }
        Ok(())
    }
}

/// The frames of what `request` asks for, once it is known that they can be written.
fn check(matches: &ArgMatches, request: &mut Request) -> Result<Plan, CliError> {
    let plan = flags::plan(matches, request)?;
    request.forget_idle(|key| flags::has_a_use(key, &plan));
    for output in &request.outputs {
        let scaled = matches!(
            output.kind,
            OutputKind::Plain {
                encoding: Encoding::Smv,
                scale: None,
                ..
            }
        );
        if scaled && plan.frames > 1 {
            request.notices.push(format!(
                "{} {}: photons are scaled to each frame's own maximum; -scale makes them alike",
                output.flag,
                output.path.display()
            ));
        }
    }
    render::tell(request);
    sink::check(request, &plan)?;
    files::check_memory(request)?;
    Ok(plan)
}

/// What is done, and what is told of it.
struct Work {
    sinks: Vec<Sink>,
    images: Vec<SeriesFrame>,
    notices: Vec<String>,
}

impl Work {
    /// Renders and writes every frame.
    fn run(
        &mut self,
        request: &mut Request,
        plan: &Plan,
        renderer: &Renderer,
        progress: &Progress,
    ) -> Result<(), CliError> {
        let Work {
            sinks,
            images,
            notices,
        } = self;
        std::thread::scope(|scope| {
            // A frame is handed over once the one before is written.
            let (sender, receiver) = sync_channel(0);
            let writing =
                scope.spawn(|| write_all(receiver, plan, request, renderer, sinks, images));
            let rendered = render_all(sender, plan, renderer, progress, notices);
            let written = writing.join();
            let written = written.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            tell(notices, written);
            rendered
        })
    }

    /// What the user is told of `error`, which ended the work.
    fn left_by(&self, error: CliError, plan: &Plan) -> CliError {
        match error {
            CliError::Failed(error) if is_interruption(&error) => {
                let done = self.images.len();
                let left = match self.sinks.iter().any(Sink::is_numbered) && done > 0 {
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

/// Tells what is `told` and not among `notices` yet, and adds it to these: what is true of every frame
/// is told once.
fn tell(notices: &mut Vec<String>, told: Vec<String>) {
    for notice in told {
        if !notices.contains(&notice) {
            say(format_args!("nanobragg: note: {notice}"));
            notices.push(notice);
        }
    }
}

/// Renders every frame of `plan` and hands it over.
fn render_all(
    sender: SyncSender<Shot>,
    plan: &Plan,
    renderer: &Renderer,
    progress: &Progress,
    notices: &mut Vec<String>,
) -> Result<(), CliError> {
    tell(
        notices,
        renderer.notice().map(Into::into).into_iter().collect(),
    );
    let laid_out = renderer.lay_out(&plan.base)?;
    for index in 0..plan.frames {
        let frame = plan.frame(index)?;
        let share = progress.frame(index as usize, plan.frames as usize);
        let rendered = renderer.render_frame(&laid_out, &frame.experiment, &share)?;
        let image = rendered.image;
        tell(notices, rendered.notices);
        let statistics = renderer.install(|| Statistics::of(&image));
        tell(notices, render::image_notices(&image, &statistics));
        if sender.send((frame, image, statistics)).is_err() {
            // Who writes has failed, and says why.
            break;
        }
    }
    Ok(())
}

/// Writes the frames that come until there are no more, and then, if all of them came, the files that
/// hold all. What the user should know is returned.
fn write_all(
    receiver: Receiver<Shot>,
    plan: &Plan,
    request: &mut Request,
    renderer: &Renderer,
    sinks: &mut [Sink],
    images: &mut Vec<SeriesFrame>,
) -> Result<Vec<String>, CliError> {
    let mut notices = Vec::new();
    let document = request.document.clone();
    let mut inputs = None;
    for (frame, image, statistics) in receiver {
        request.document = frame.document(&document);
        request.experiment = frame.experiment;
        let records = Records::of_inputs(request, &mut inputs);
        let place = (frame.number, plan.frames);
        for sink in sinks.iter_mut() {
            let told = sink.write(request, &records, renderer, place, &image, &statistics)?;
            notices.extend(told);
        }
        images.push(SeriesFrame {
            number: frame.number,
            phi_deg: frame.phi_deg,
            misset_deg: frame.misset_deg,
            image: statistics,
        });
    }
    if images.len() < plan.frames as usize {
        return Ok(notices);
    }
    let complete: Result<Vec<_>, CliError> = sinks.iter_mut().map(Sink::finish).collect();
    let complete = complete?.into_iter().flatten();
    complete.into_iter().try_for_each(PendingFile::commit)?;
    Ok(notices)
}
