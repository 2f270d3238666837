//! `nanobragg bench`: how fast this machine renders, and whether its images agree.

mod artefacts;
mod measure;
mod plan;
mod worker;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::{Parser, ValueEnum};

use super::flags::DETECTOR_SIZE;
use super::output::{print, print_json, say};
use super::reference::Reference;
use super::scenario::plain;
use super::{CliError, interrupt, values};
use crate::gpu::{Adapter, AdapterKind, adapters};
use crate::report::{Benchmark, Environment, benchmark_page, scaling_figure, visible_lines};

use artefacts::{Artefacts, commands, correlations};

pub use worker::{NAME as WORKER, run as work};

/// Name of the command.
const COMMAND: &str = "nanobragg bench";

/// The case of the audit that this command grew from.
const AUDIT: &str = "-default_F 100 -cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -distance 100";

/// Likeness that images must reach, by default.
const THRESHOLD: f64 = 0.99;

/// Render at several sizes and on several devices, and write down times and agreement
#[derive(Parser)]
#[command(
    name = COMMAND,
    bin_name = COMMAND,
    override_usage = "nanobragg bench [OPTIONS] [-- FLAGS]",
    after_help = "Each size on each device is a process of its own: one cold render, then warm ones.\n\n\
                  DIR/<UTC time>/ then holds summary.md (to read), benchmark_results.json, env.json, \
                  commands.txt, correlation.txt and, of several sizes, scaling.svg: times against \
                  pixels.",
    term_width = 100
)]
pub struct BenchFlags {
    /// Edges of the square detector, pixels
    #[arg(long, value_name = "PIXELS", value_delimiter = ',', value_parser = values::count,
          default_value = "256,512,1024,2048,4096")]
    sizes: Vec<u32>,
    /// What renders; all is the CPU path and every real GPU, or the software one where there is no
    /// other
    #[arg(long, value_name = "DEVICE", default_value = "all")]
    device: BenchDevice,
    /// Threads of the CPU path [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = values::threads)]
    threads: Option<u32>,
    /// Warm renders of each
    #[arg(long, value_name = "COUNT", default_value = "5", value_parser = values::count)]
    iterations: u32,
    /// Write where the time went: profile/trace_SIZE.json (Perfetto opens it) and hot_spots.csv
    #[arg(long)]
    profile: bool,
    /// Keep the images, and the reference program's logs
    #[arg(long)]
    keep_artifacts: bool,
    /// A program that takes nanoBragg's flags, to compare with: the C nanoBragg, say
    #[arg(long, value_name = "PROGRAM")]
    reference: Option<PathBuf>,
    /// Seconds that the reference program may take for one render [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = values::positive)]
    timeout: Option<f64>,
    /// Likeness that every two images must reach, as of nanobragg compare --threshold: by their
    /// correlation, their sums and their nrmse [default: 0.99]
    #[arg(long, value_name = "CORRELATION", value_parser = values::correlation)]
    threshold: Option<f64>,
    /// Folder to put the benchmark's folder in
    #[arg(long, value_name = "DIR", default_value = "benchmarks")]
    out: PathBuf,
    /// Print benchmark_results.json on standard output
    #[arg(long)]
    json: bool,
    /// Flags of what to render [default: the audit's case, a cubic crystal of 5 x 5 x 5 cells]
    #[arg(last = true)]
    flags: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BenchDevice {
    Cpu,
    Gpu,
    All,
}

/// Measures.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] when a render fails, and
/// [`CliError::Told`] when two images agree less than asked for.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let started = utc(SystemTime::now())?;
    let mut flags: BenchFlags = super::arguments::parse_own(COMMAND, words)?;
    // --sizes replaces the size that an experiment file gives.
    flags.flags = plain(&flags.flags, &DETECTOR_SIZE)?;
    interrupt::catch()?;
    if flags.reference.is_some() {
        Reference::check(&flags.scene_flags())?;
    }
    let devices = flags.devices()?;
    let plan = flags.plan()?;
    let artefacts = Artefacts::create(&flags.out, &started, flags.keep_artifacts)?;
    let mut benchmark = Benchmark {
        schema: Benchmark::SCHEMA,
        started,
        flags: flags.scene_flags(),
        iterations: flags.iterations as usize,
        threshold: flags.least(),
        failure: None,
        sizes: Vec::new(),
    };
    let (mut timelines, mut failure) = (Vec::new(), None);
    for (size, words) in &plan {
        match flags.measure(*size, words, &devices, &artefacts) {
            Ok((result, recorded)) => {
                timelines.push((*size, recorded));
                benchmark.sizes.push(result);
            }
            // What was measured before is worth keeping.
            Err(error) if !benchmark.sizes.is_empty() && !interrupt::interrupted() => {
                benchmark.failure = Some(error.to_string());
                failure = Some(error);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let command = ["nanobragg".to_string(), "bench".to_string()];
    let command = shell_words::join(command.iter().chain(words));
    let adapters = adapters().iter().map(Adapter::description).collect();
    let environment = Environment::new(adapters, command.clone(), flags.scene_flags());
    let reference = flags.reference_program();
    let list = commands(&command, &plan, &devices, reference.as_ref());
    artefacts.write("env.json", serde_json::to_string_pretty(&environment)?)?;
    artefacts.write("commands.txt", list)?;
    artefacts.write("correlation.txt", correlations(&benchmark))?;
    if flags.profile {
        artefacts.write_profiles(&timelines)?;
    }
    let json = serde_json::to_string_pretty(&benchmark.document()?)?;
    artefacts.write("benchmark_results.json", json)?;
    if let Some(figure) = scaling_figure(&benchmark).context("cannot draw scaling.svg")? {
        artefacts.write("scaling.svg", figure)?;
    }
    let page = visible_lines(&benchmark_page(&benchmark, &environment, &command));
    let summary = artefacts.write("summary.md", &page)?;
    if flags.json {
        print_json(&benchmark.document()?)?;
    } else {
        print(&page)?;
    }
    say(format_args!("{COMMAND}: wrote {}", summary.display()));
    artefacts.keep();
    if let Some(error) = failure {
        return Err(error);
    }
    match benchmark.worst_agreement() {
        Some((size, worst)) if benchmark.passed() != Some(true) => Err(CliError::Told(format!(
            "at {size} × {size}, {worst}; --threshold asks for {}, and nanobragg trace finds the first \
                 quantity that differs",
            benchmark.threshold
        ))),
        None if flags.threshold.is_some() => {
            say(format_args!(
                "{COMMAND}: note: --threshold: there was nothing to compare"
            ));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// `time` as text.
///
/// # Errors
/// [`CliError::Failed`] for a time that has no such text: the clock is wrong.
fn utc(time: SystemTime) -> Result<String, CliError> {
    /// Seconds from 1970 to the year 10000.
    const END: u64 = 253_402_300_800;
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) if since.as_secs() < END => {
            Ok(humantime::format_rfc3339_seconds(time).to_string())
        }
        _ => Err(CliError::Failed(anyhow::anyhow!(
            "{COMMAND}: this machine's clock is not within the years 1970 to 9999; a benchmark is \
             named after the time, so set the clock"
        ))),
    }
}

impl BenchFlags {
    /// The devices, by the names that --device of a render takes.
    fn devices(&self) -> Result<Vec<String>, CliError> {
        let mut devices = Vec::new();
        if self.device != BenchDevice::Gpu {
            devices.push("cpu".to_string());
        }
        if self.device != BenchDevice::Cpu {
            let adapters = adapters();
            let real = adapters
                .iter()
                .filter(|adapter| adapter.kind() != AdapterKind::Software);
            let mut gpus: Vec<usize> = real.map(Adapter::index).collect();
            if self.device == BenchDevice::Gpu || gpus.is_empty() {
                match Adapter::choose(&adapters, "gpu") {
                    Ok(best) => gpus = vec![best.index()],
                    Err(error) if self.device == BenchDevice::Gpu => return Err(error.into()),
                    Err(error) => say(format_args!("{COMMAND}: note: {error}")),
                }
            }
            devices.extend(gpus.iter().map(ToString::to_string));
        }
        Ok(devices)
    }

    /// The likeness that images must reach.
    fn least(&self) -> f64 {
        self.threshold.unwrap_or(THRESHOLD)
    }

    /// The program to compare with, if there is one.
    fn reference_program(&self) -> Option<Reference> {
        let program = self.reference.clone()?;
        Some(Reference::new(program, self.timeout))
    }

    /// The flags of what is rendered, without its size.
    fn scene_flags(&self) -> Vec<String> {
        if self.flags.is_empty() {
            AUDIT.split(' ').map(str::to_string).collect()
        } else {
            self.flags.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_clock_outside_of_the_years_that_have_a_name_is_an_error() {
        let after = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(utc(after(0)).unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(utc(after(253_402_300_799)).unwrap(), "9999-12-31T23:59:59Z");
        for time in [after(253_402_300_800), UNIX_EPOCH - Duration::from_nanos(1)] {
            assert!(utc(time).unwrap_err().to_string().contains("clock"));
        }
    }
}
