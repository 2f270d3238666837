//! `nanobragg validate`: is what this device renders right?
//!
//! Renders a built-in suite on the device and on the CPU path, which is held against the reference
//! images of `golden/` in the project's tests, and adds noise on both, which must be the same.

mod noise;
mod suite;

use std::time::Instant;

use anyhow::Context;
use clap::Parser;
use serde::Serialize;

use super::output::print;
use super::{CliError, interrupt};
use crate::image::Comparison;
use crate::render::{Device, RenderOptions, Renderer};

use noise::noise_checks;
use suite::{CHECKS, Check};

/// Render a built-in suite on a device and on the CPU path, and compare
#[derive(Parser)]
#[command(name = "nanobragg validate", bin_name = "nanobragg validate")]
pub struct ValidateFlags {
    /// Device to validate: gpu, its index, or a part of its name
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

/// What one check found.
#[derive(Debug, Serialize)]
struct Finding {
    name: &'static str,
    nrmse: f64,
    /// The largest difference over the largest value.
    worst: f64,
    correlation: f64,
    gate: f64,
    passed: bool,
    device_seconds: f64,
    cpu_seconds: f64,
}

#[derive(Debug, Serialize)]
struct Validation {
    version: &'static str,
    device: String,
    passed: bool,
    findings: Vec<Finding>,
}

/// A pixel may be off by this many gates of the image's maximum.
const WORST_PIXEL_GATES: f64 = 10.0;

/// Validates.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] when the device fails, or renders
/// anything out of its gate.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let flags: ValidateFlags = super::arguments::parse_own("nanobragg validate", words)?;
    interrupt::catch()?;
    let device = Device::from(flags.device.as_str());
    let device = Renderer::new(&RenderOptions {
        device,
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
    let mut findings = Vec::new();
    let say = |text: String| if flags.json { Ok(()) } else { print(&text) };
    say(format!(
        "{} against the float64 CPU path\n\n{}\n",
        device.device_name(),
        Finding::HEADINGS
    ))?;
    let mut found = |finding: Finding| {
        say(format!("{}\n", finding.row()))?;
        findings.push(finding);
        Ok::<_, CliError>(())
    };
    for check in CHECKS.iter().filter(|check| check.quick || !flags.quick) {
        found(check.run(&device, &cpu)?)?;
    }
    for check in noise_checks()
        .iter()
        .filter(|check| check.quick || !flags.quick)
    {
        found(check.run(&device, &cpu)?)?;
    }
    let failed: Vec<&str> = findings
        .iter()
        .filter(|finding| !finding.passed)
        .map(|finding| finding.name)
        .collect();
    let verdict = match failed.as_slice() {
        [] => Ok(()),
        names => Err(CliError::Failed(anyhow::anyhow!(
            "{} out of {} checks missed their gate: {}; don't trust this device, and please report \
             it with the output of 'nanobragg devices'",
            names.len(),
            findings.len(),
            names.join(", ")
        ))),
    };
    if verdict.is_ok() {
        say(format!(
            "\nall {} checks are within their gates\n",
            findings.len()
        ))?;
    }
    if flags.json {
        let validation = Validation {
            version: crate::version::NUMBER,
            device: device.device_name(),
            passed: verdict.is_ok(),
            findings,
        };
        print(&format!("{}\n", serde_json::to_string_pretty(&validation)?))?;
    }
    verdict
}

impl Check {
    fn run(&self, device: &Renderer, cpu: &Renderer) -> Result<Finding, CliError> {
        let experiment = self.experiment()?;
        let timed = |renderer: &Renderer| -> Result<_, CliError> {
            let started = Instant::now();
            let rendered = renderer.render_watched(&experiment, &interrupt::CtrlC)?;
            let image = rendered.image;
            Ok((image, started.elapsed().as_secs_f64()))
        };
        let (image, device_seconds) = timed(device)?;
        let (reference, cpu_seconds) = timed(cpu)?;
        let compared = Comparison::of(image.values(), reference.values())
            .context("the device's image has another size")?;
        let worst = compared.worst / compared.reference_max;
        // The edges of top-hat spots may fall either way; a few pixels are left aside.
        let within = match self.edge_pixels {
            Some(part) => compared.differing <= part,
            None => compared.nrmse <= self.gate && worst <= WORST_PIXEL_GATES * self.gate,
        };
        Ok(Finding {
            name: self.name,
            nrmse: compared.nrmse,
            worst,
            correlation: compared.correlation,
            gate: self.gate,
            passed: within,
            device_seconds,
            cpu_seconds,
        })
    }
}

impl Finding {
    const HEADINGS: &str =
        "check                     nrmse    worst     gate  1-correlation   device      cpu";

    fn row(&self) -> String {
        let Finding {
            name,
            nrmse,
            worst,
            gate,
            correlation,
            ..
        } = self;
        let (device, cpu) = (self.device_seconds, self.cpu_seconds);
        let missed = if self.passed { "" } else { "  MISSED" };
        format!(
            "{name:22} {nrmse:8.1e} {worst:8.1e} {gate:8.0e}       {:8.1e} {device:7.3}s {cpu:7.3}s{missed}",
            1.0 - correlation
        )
    }
}
