//! `nanobragg validate`: is what this device renders right?

use clap::Parser;
use serde::Serialize;

use super::cache::gpu_options;
use super::output::{print, print_json};
use super::{CliError, interrupt};
use crate::render::{Device, RenderOptions, Renderer};
use crate::validation::{self, Finding, ValidationError};

/// Render a built-in suite on a device and on the CPU path, and compare
#[derive(Parser)]
#[command(name = "nanobragg validate", bin_name = "nanobragg validate")]
pub struct ValidateFlags {
    /// Device to validate: gpu, its index, a part of its name, or several as all or with commas
    #[arg(
        long,
        value_name = "DEVICE",
        env = "NANOBRAGG_DEVICE",
        default_value = "gpu"
    )]
    device: String,
    /// A few small checks only
    #[arg(long)]
    quick: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Validation {
    version: &'static str,
    device: String,
    passed: bool,
    findings: Vec<Finding>,
}

const HEADINGS: &str =
    "check                     nrmse    worst     gate  1-correlation   device      cpu";

/// Validates.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] when the device fails, or renders
/// anything out of its gate.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let flags: ValidateFlags = super::arguments::parse_own("nanobragg validate", words)?;
    interrupt::catch()?;
    let device = Renderer::new(&RenderOptions {
        device: Device::from(flags.device.as_str()),
        gpu: gpu_options(),
        ..RenderOptions::default()
    })?;
    if !device.on_gpu() {
        return Err(CliError::usage(format!(
            "--device {}: that is the CPU path, which others are validated against; name a GPU that \
             'nanobragg devices' lists",
            flags.device
        )));
    }
    let cpu = Renderer::cpu()?;
    let say = |text: String| if flags.json { Ok(()) } else { print(&text) };
    let name = device.device_name();
    say(format!(
        "{name} against the float64 CPU path\n\n{HEADINGS}\n"
    ))?;
    let mut findings = Vec::new();
    for check in validation::checks(flags.quick) {
        let finding = check.run(&device, &cpu, &interrupt::CtrlC);
        let finding = finding.map_err(|error| match error {
            ValidationError::Render(error) => CliError::from(error),
            other => other.into(),
        })?;
        say(row(&finding))?;
        findings.push(finding);
    }
    let checks = findings.len();
    let failed = findings.iter().filter(|finding| !finding.passed);
    let failed: Vec<&str> = failed.map(|finding| finding.name).collect();
    if flags.json {
        let validation = Validation {
            version: crate::version::NUMBER,
            device: name,
            passed: failed.is_empty(),
            findings,
        };
        print_json(&validation)?;
    }
    if failed.is_empty() {
        return say(format!("\nall {checks} checks are within their gates\n"));
    }
    Err(CliError::Failed(anyhow::anyhow!(
        "{} out of {checks} checks missed their gate: {}; don't trust this device, and please report \
         it with the output of 'nanobragg devices'",
        failed.len(),
        failed.join(", ")
    )))
}

fn row(finding: &Finding) -> String {
    let Finding {
        name,
        nrmse,
        worst,
        gate,
        correlation,
        passed: _,
        shortcoming,
        device_seconds,
        cpu_seconds,
    } = finding;
    let missed = shortcoming.map(|what| format!("  MISSED: {what}"));
    let missed = missed.unwrap_or_default();
    format!(
        "{name:22} {nrmse:8.1e} {worst:8.1e} {gate:8.0e}       {:8.1e} {device_seconds:7.3}s \
         {cpu_seconds:7.3}s{missed}\n",
        1.0 - correlation
    )
}
