//! `nanobragg bench-worker`: the process in which one size is rendered on one device.
//!
//! In a process of its own the first render is a cold one, and the peak memory is that of this size
//! and device alone. The [`Report`] goes to standard output as one JSON document.

use std::path::{Path, PathBuf};

use clap::Parser;
use tracing::info_span;

use super::super::output::print_json;
use super::super::scenario::scenario;
use super::super::{CliError, interrupt, profile};
use crate::experiment::Experiment;
use crate::formats::{raw, write_whole};
use crate::memory::peak;
use crate::profile::{FILES, INPUT, RUN};
use crate::render::{Device, RenderOptions, Rendered, Renderer};
use crate::report::{Measurement, Timeline, Times};
use crate::scene::Scene;

/// Name of the command.
pub const NAME: &str = "bench-worker";

/// Measure one size on one device, for nanobragg bench
#[derive(Parser)]
#[command(name = "nanobragg bench-worker", bin_name = "nanobragg bench-worker")]
struct WorkerFlags {
    /// What renders
    #[arg(long)]
    device: String,
    /// Threads of the CPU path; 0 for one per core
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Warm renders
    #[arg(long)]
    iterations: usize,
    /// Tell of every span
    #[arg(long)]
    profile: bool,
    /// File of the image
    #[arg(long)]
    image: PathBuf,
    /// What to render
    #[arg(last = true)]
    flags: Vec<String>,
}

/// What a worker prints: the measurement, and the spans of every render, the cold one's first, if
/// they were asked for.
pub type Report = (Measurement, Option<Timeline>);

/// Measures.
///
/// # Errors
/// [`CliError`] as for a render.
pub fn run(words: &[String]) -> Result<(), CliError> {
    profile::start();
    let cold = info_span!(target: RUN, "cold render").entered();
    let flags: WorkerFlags = super::super::arguments::parse_own("nanobragg bench-worker", words)?;
    interrupt::catch()?;
    let request = info_span!(target: INPUT, "flags and files")
        .in_scope(|| scenario("nanobragg bench", &flags.flags))?;
    let renderer = Renderer::new(&RenderOptions {
        device: Device::from(flags.device.as_str()),
        threads: flags.threads,
        ..RenderOptions::default()
    })?;
    let rendered = render(&renderer, &request.experiment, &flags.image)?;
    drop(cold);
    let pixels = rendered.image.rendered().count();
    let own_notices = renderer.notice().map(Into::into).into_iter();
    let own_notices: Vec<String> = own_notices.chain(rendered.notices).collect();
    drop(rendered.image);
    let mut all = profile::take();
    let cold = Times::of(&all);
    let mut warm = Vec::new();
    for _ in 0..flags.iterations {
        let warm_render = info_span!(target: RUN, "warm render").entered();
        render(&renderer, &request.experiment, &flags.image)?;
        drop(warm_render);
        let timeline = profile::take();
        warm.push(Times::of(&timeline));
        all.append(timeline);
    }
    let measurement = Measurement {
        device: renderer.device_name(),
        threads: renderer.threads(),
        pixels,
        terms: Scene::new(&request.experiment)?.terms_per_pixel() * pixels as f64,
        cold,
        warm,
        peak_memory_bytes: peak().map(|bytes| bytes.0),
        notices: request.notices.into_iter().chain(own_notices).collect(),
    };
    let report: Report = (measurement, flags.profile.then_some(all));
    print_json(&report)
}

/// Renders into `file`.
fn render(renderer: &Renderer, experiment: &Experiment, file: &Path) -> Result<Rendered, CliError> {
    let rendered = renderer.render_watched(experiment, &interrupt::CtrlC)?;
    let _span = info_span!(target: FILES, "float").entered();
    write_whole(file, &raw::encode(&rendered.image))?;
    Ok(rendered)
}
