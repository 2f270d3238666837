//! `nanobragg trace`: every quantity behind one term of one pixel, and the first that two devices,
//! or this program and a log, disagree on.

use std::path::PathBuf;

use clap::Parser;

use super::cache::gpu_options;
use super::output::{print, print_json, say};
use super::scenario::scenario;
use super::{CliError, values};
use crate::formats::trace_log;
use crate::render::{Device, RenderOptions, Renderer, admit};
use crate::report::{TraceDocument, trace_lines};
use crate::scene::{Layout, Scene, TermIndex, TermIndexError, TermPlace};
use crate::trace::Trace;
use crate::validation::{DEFAULT_TOLERANCE, TraceComparison, compare_traces};

const COMMAND: &str = "nanobragg trace";

/// Print every quantity behind a pixel, and find where two computations part
#[derive(Parser)]
#[command(
    name = COMMAND,
    bin_name = COMMAND,
    override_usage = "nanobragg trace --pixel FAST SLOW [options] -- FLAGS",
    after_help = "All indices count from 0. Exit codes: 0 done, 1 a quantity diverges or the work \
                  failed, 2 wrong usage."
)]
pub struct TraceFlags {
    /// The pixel; of several panels, in their stacked image
    #[arg(long, num_args = 2, value_names = ["FAST", "SLOW"], value_parser = values::coordinate)]
    pixel: Option<Vec<usize>>,
    /// Its sub-pixel along fast and slow [default: 0 0]
    #[arg(long, num_args = 2, value_names = ["I", "J"], value_parser = values::index)]
    subpixel: Option<Vec<u32>>,
    /// Layer of the sensor
    #[arg(long, value_name = "INDEX", value_parser = values::index, default_value_t = 0)]
    layer: u32,
    /// Source
    #[arg(long, value_name = "INDEX", value_parser = values::index, default_value_t = 0)]
    source: u32,
    /// Step of the scan
    #[arg(long, value_name = "INDEX", value_parser = values::index, default_value_t = 0)]
    phi: u32,
    /// Mosaic domain
    #[arg(long, value_name = "INDEX", value_parser = values::index, default_value_t = 0)]
    domain: u32,
    /// What computes: cpu, gpu, a GPU's index or part of its name, or both: the CPU beside the
    /// best GPU
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    device: String,
    /// With --device both or --against: the difference that is let pass [default: 2e-5]
    #[arg(long, value_name = "T", value_parser = values::positive)]
    tolerance: Option<f64>,
    /// Compare with a log of lines TRACE_C: name value…
    #[arg(long, value_name = "LOG")]
    against: Option<PathBuf>,
    /// Print lines TRACE_C: name value…, to be compared --against
    #[arg(long)]
    log: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// What to render: nanoBragg's flags
    #[arg(last = true, value_name = "FLAGS")]
    flags: Vec<String>,
}

/// Which columns there are.
enum Columns {
    /// One device's.
    One(Device),
    /// The CPU's and the best GPU's.
    Both,
}

/// Traces.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags and indices that do not exist, [`CliError::Failed`] when a
/// device fails, the log is bad, or a quantity diverges.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let flags: TraceFlags = super::arguments::parse_own(COMMAND, words)?;
    let (columns, index) = (flags.columns()?, flags.index()?);
    let request = scenario(COMMAND, &flags.flags)?;
    for notice in &request.notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    admit(&request.experiment)?;
    let layout = Layout::new(&request.experiment)?;
    let (channel, source) = layout
        .channel_of_source(index.source)
        .map_err(|error| CliError::usage(format!("{COMMAND}: --{error}")))?;
    let scene = layout.own_scene(channel)?;
    if scene.sources.len() < request.experiment.beam().sources().len() {
        say(format_args!(
            "nanobragg: note: the photons are those of the source's energy channel; the image sums \
             over all of --hkl-channels"
        ));
    }
    let index = TermIndex { source, ..index };
    let place = TermPlace::new(&scene, index).map_err(|error| {
        let flags = match error {
            TermIndexError::NotRendered(_) => " (-roi, -mask)",
            _ => "",
        };
        CliError::usage(format!("{COMMAND}: --{error}{flags}"))
    })?;
    let compared = |ours: (String, &Trace), theirs: (String, &Trace)| {
        let tolerance = flags.tolerance.unwrap_or(DEFAULT_TOLERANCE);
        flags.compared(
            &place,
            compare_traces(&scene, &place, ours, theirs, tolerance),
        )
    };
    match (columns, &flags.against) {
        (Columns::Both, _) => {
            let (cpu, ours) = traced(Device::Cpu, &scene, &place)?;
            let (gpu, theirs) = traced(Device::Gpu("gpu".into()), &scene, &place)?;
            compared((cpu, &ours), (gpu, &theirs))
        }
        (Columns::One(device), Some(path)) => {
            let log = trace_log::read(path, crate::cli::limit::file_limit())?;
            let path = path.display().to_string();
            note(&path, "not compared, as not known here", &log.unknown);
            note(
                &path,
                "printed with several values, the first compared",
                &log.repeated,
            );
            let (column, ours) = traced(device, &scene, &place)?;
            compared((column, &ours), (path, &log.trace))
        }
        (Columns::One(device), None) => {
            let (column, trace) = traced(device, &scene, &place)?;
            flags.printed(index, column, &trace)
        }
    }
}

/// The trace of `device`, with its name.
fn traced(device: Device, scene: &Scene, place: &TermPlace) -> Result<(String, Trace), CliError> {
    let renderer = Renderer::new(&RenderOptions {
        device,
        gpu: gpu_options(),
        ..RenderOptions::default()
    })?;
    if renderer.shots_at_once() > 1 {
        return Err(CliError::usage(format!(
            "{COMMAND}: --device names {}; a trace is of one device: name one",
            renderer.device_name()
        )));
    }
    Ok((renderer.device_name(), renderer.trace(scene, place)?))
}

/// Tells which names of a log are treated how, if there are any.
fn note<'a>(path: &str, how: &str, names: impl IntoIterator<Item = &'a String>) {
    let names = trace_log::shortened(names);
    if !names.is_empty() {
        say(format_args!("nanobragg: note: {path}: {how}: {names}"));
    }
}

impl TraceFlags {
    /// The columns asked for.
    fn columns(&self) -> Result<Columns, CliError> {
        let refused = |what: &str| Err(CliError::usage(format!("{COMMAND}: {what}")));
        let both = self.device.eq_ignore_ascii_case("both");
        let device = Device::from(self.device.as_str());
        if device == Device::Auto {
            return refused(
                "--device auto: name one: cpu, gpu, both, a GPU's index or part of its name",
            );
        }
        if both && self.against.is_some() {
            return refused("--against compares one device with a log; take --device cpu or gpu");
        }
        if self.log && (both || self.against.is_some()) {
            return refused(
                "--log prints one trace, and --device both and --against compare two; leave one out",
            );
        }
        if self.log && self.json {
            return refused(
                "--log and --json both print on standard output; leave one of them out",
            );
        }
        if self.tolerance.is_some() && !both && self.against.is_none() {
            return refused("--tolerance: nothing is compared; add --device both or --against LOG");
        }
        Ok(if both {
            Columns::Both
        } else {
            Columns::One(device)
        })
    }

    /// The term asked for.
    fn index(&self) -> Result<TermIndex, CliError> {
        let Some(&[fast, slow]) = self.pixel.as_deref() else {
            return Err(CliError::usage(format!(
                "{COMMAND}: say which pixel, with --pixel FAST SLOW"
            )));
        };
        let sub_pixel = match self.subpixel.as_deref() {
            Some(&[along_fast, along_slow]) => [along_fast, along_slow],
            _ => [0, 0],
        };
        Ok(TermIndex {
            pixel: [fast, slow],
            sub_pixel,
            layer: self.layer,
            source: self.source as usize,
            phi: self.phi as usize,
            domain: self.domain as usize,
        })
    }

    /// Prints one trace.
    fn printed(&self, index: TermIndex, column: String, trace: &Trace) -> Result<(), CliError> {
        if self.json {
            return print_json(&TraceDocument::of_trace(index, column, trace));
        }
        if self.log {
            return print(&trace_log::encode(trace));
        }
        print(&format!("{}{}", heading(&index), trace_lines(trace, true)))
    }

    /// Prints a comparison, and fails if it found a divergence.
    fn compared(&self, place: &TermPlace, comparison: TraceComparison) -> Result<(), CliError> {
        let [ours, theirs] = &comparison.columns;
        if comparison.compared() == 0 {
            return Err(CliError::Failed(anyhow::anyhow!(
                "{ours} and {theirs} have no quantity in common; nothing was compared"
            )));
        }
        let index = place.index();
        if self.json {
            print_json(&TraceDocument::of_comparison(index, &comparison))?;
        } else {
            print(&format!("{}{comparison}\n", heading(&index)))?;
        }
        match comparison.first_disagreement() {
            None => Ok(()),
            Some(first) => Err(CliError::Failed(anyhow::anyhow!(
                "{ours} and {theirs} part at {first}"
            ))),
        }
    }
}

/// The line above the quantities.
fn heading(index: &TermIndex) -> String {
    let TermIndex {
        pixel: [fast, slow],
        sub_pixel: [along_fast, along_slow],
        layer,
        source,
        phi,
        domain,
    } = index;
    format!(
        "pixel {fast} {slow}, sub-pixel {along_fast} {along_slow}, layer {layer}, source {source}, \
         phi {phi}, domain {domain}\n"
    )
}
