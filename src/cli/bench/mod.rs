//! `nanobragg bench`: how fast this machine renders, and whether its images agree.

mod artefacts;
mod lists;
mod measure;
mod worker;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Parser, ValueEnum};

use super::output::{print, say};
use super::reference::Reference;
use super::scenario::{scenario, seeded};
use super::{CliError, interrupt, values};
use crate::gpu::{Adapter, AdapterKind, adapters};
use crate::memory::Bytes;
use crate::report::{Benchmark, Environment, benchmark_page};

use artefacts::{Artefacts, Images};
use lists::{commands, correlations};

pub use worker::{NAME as WORKER, run as work};

/// The case of the audit that this command grew from.
const AUDIT: &str = "-default_F 100 -cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -distance 100";

/// Correlation that images must reach unless the user says otherwise.
const THRESHOLD: f64 = 0.99;

/// Render at several sizes and on several devices, and write down times and agreement
#[derive(Parser)]
#[command(
    name = "nanobragg bench",
    bin_name = "nanobragg bench",
    override_usage = "nanobragg bench [OPTIONS] [-- FLAGS]",
    allow_negative_numbers = true,
    after_help = "Each size on each device is a process of its own: one cold render, then warm ones. \
                  DIR/<UTC time>/ then holds summary.md (to read), benchmark_results.json, env.json, \
                  commands.txt and correlation.txt.",
    term_width = 100
)]
struct BenchFlags {
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
    /// Seconds that the reference program may take for one render
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = values::positive)]
    timeout: f64,
    /// Correlation that every two images must reach [default: 0.99]
    #[arg(long, value_name = "CORRELATION", value_parser = values::correlation)]
    threshold: Option<f64>,
    /// Where the folder of this run is made
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
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] when a render fails or two images
/// agree less than asked for.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let started = SystemTime::now();
    let flags: BenchFlags = super::arguments::parse_own("nanobragg bench", words)?;
    interrupt::catch()?;
    let devices = flags.devices()?;
    let cases = flags.cases()?;
    let artefacts = Artefacts::create(&flags.out, started)?;
    let images = Images::new(&artefacts, flags.keep_artifacts)?;
    let mut profiles = Vec::new();
    let mut sizes = Vec::new();
    let mut failure = None;
    for case in &cases {
        match flags.measure(case, &devices, &images) {
            Ok((result, recorded)) => {
                sizes.push(result);
                profiles.push((case.size, recorded));
            }
            // What was measured before is worth keeping.
            Err(error) if !sizes.is_empty() && !interrupt::interrupted() => {
                failure = Some(error);
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let benchmark = Benchmark {
        started: humantime::format_rfc3339_seconds(started).to_string(),
        flags: flags.scene_flags(),
        iterations: flags.iterations as usize,
        threshold: flags.threshold.unwrap_or(THRESHOLD),
        failure: failure.as_ref().map(ToString::to_string),
        sizes,
    };
    let command = ["nanobragg".to_string(), "bench".to_string()];
    let command = shell_words::join(command.iter().chain(words));
    let adapters = adapters().iter().map(Adapter::description).collect();
    let environment = Environment::new(adapters, command.clone(), flags.scene_flags());
    artefacts.write("env.json", &serde_json::to_string_pretty(&environment)?)?;
    artefacts.write(
        "commands.txt",
        &commands(&command, &cases, &devices, flags.reference_program()),
    )?;
    artefacts.write("correlation.txt", &correlations(&benchmark))?;
    if flags.profile {
        artefacts.write_profiles(profiles)?;
    }
    let json = serde_json::to_string_pretty(&benchmark.document()?)?;
    artefacts.write("benchmark_results.json", &json)?;
    let page = benchmark_page(&benchmark, &environment, &command);
    let summary = artefacts.write("summary.md", &page)?;
    if flags.json {
        print(&format!("{json}\n"))?;
    } else {
        print(&page)?;
    }
    say(format_args!("nanobragg bench: wrote {}", summary.display()));
    artefacts.finish();
    if let Some(error) = failure {
        return Err(error);
    }
    match benchmark.worst_agreement() {
        Some((size, worst)) if benchmark.passed() != Some(true) => {
            Err(CliError::Failed(anyhow::anyhow!(
                "at {size} x {size}, {}; --threshold asks for {}, and nanobragg trace finds the first \
                 quantity that differs",
                worst.in_words(),
                benchmark.threshold
            )))
        }
        None if flags.threshold.is_some() => {
            say("nanobragg bench: note: --threshold: there was nothing to compare");
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What is rendered at one size.
struct Case {
    /// Edge of the detector, pixels.
    size: usize,
    /// Its flags.
    words: Vec<String>,
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
                    Err(error) => say(format_args!("nanobragg bench: note: {error}")),
                }
            }
            devices.extend(gpus.iter().map(ToString::to_string));
        }
        Ok(devices)
    }

    /// The program to compare with, if there is one.
    fn reference_program(&self) -> Option<Reference> {
        let program = self.reference.clone()?;
        // More seconds than a duration has are for ever.
        let timeout = Duration::try_from_secs_f64(self.timeout).unwrap_or(Duration::MAX);
        Some(Reference { program, timeout })
    }

    /// Flags of what is rendered, without its size.
    fn scene_flags(&self) -> Vec<String> {
        if self.flags.is_empty() {
            AUDIT.split(' ').map(str::to_string).collect()
        } else {
            self.flags.clone()
        }
    }

    /// What is rendered at each size; wrong flags are found here, before any work.
    fn cases(&self) -> Result<Vec<Case>, CliError> {
        let sizes_detector = |word: &&String| {
            let name = word.trim_start_matches('-');
            word.starts_with('-') && (name.starts_with("detpixel") || name.starts_with("detsize"))
        };
        if let Some(flag) = self.flags.iter().find(sizes_detector) {
            return Err(CliError::usage(format!(
                "{flag}: leave the detector's size out of the flags behind --; --sizes sets it"
            )));
        }
        let request = scenario("nanobragg bench", &self.scene_flags())?;
        for notice in &request.notices {
            say(format_args!("nanobragg bench: note: {notice}"));
        }
        let flags = seeded(&self.scene_flags(), request.seed);
        let case = |(place, &size): (usize, &u32)| {
            if self.sizes[..place].contains(&size) {
                return Err(CliError::usage(format!("--sizes {size}: given twice")));
            }
            // Two images are compared, beside the worker's own.
            let pixels = u64::from(size) * u64::from(size);
            Bytes::of::<[f32; 3]>(pixels).check().map_err(|available| {
                let needed = Bytes::of::<[f32; 3]>(pixels);
                CliError::Failed(anyhow::anyhow!(
                    "--sizes {size}: it needs {needed} of memory, and this machine has {available}"
                ))
            })?;
            let sized = ["-detpixels".to_string(), size.to_string()];
            let words: Vec<String> = flags.iter().cloned().chain(sized).collect();
            scenario("nanobragg bench", &words)?;
            let size = size as usize;
            Ok(Case { size, words })
        };
        self.sizes.iter().enumerate().map(case).collect()
    }
}
