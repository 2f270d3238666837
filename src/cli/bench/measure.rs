//! One case, measured on every device and with the reference program.

use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use super::super::CliError;
use super::super::output::say;
use super::super::process::{Outcome, Running};
use super::artefacts::Images;
use super::{BenchFlags, Case, WORKER, worker};
use crate::formats::raw;
use crate::image::{Comparison, Image};
use crate::profile::Profile;
use crate::render::RenderError;
use crate::report::{Agreement, CaseResult, Measurement, ReferenceTimes};

impl BenchFlags {
    /// Renders `case` on every device and with the reference program.
    pub fn measure(
        &self,
        case: &Case,
        devices: &[String],
        images: &Images,
    ) -> Result<(CaseResult, Vec<(String, Profile)>), CliError> {
        let setting = &case.setting;
        let size = setting.size;
        // First what may fail for want of a program.
        let reference = self.run_reference(case, images)?;
        let mut measured: Vec<Measurement> = Vec::new();
        let mut profiles = Vec::new();
        let mut rendered = Vec::new();
        for device in case.devices(devices) {
            let path = images.path(*setting, device);
            let worker::Report {
                mut measurement,
                profile,
            } = self.ask_worker(device, &path, case)?;
            if device != "cpu" {
                // Two cards may have one name.
                measurement.device = format!("{device} {}", measurement.device);
            }
            let name = measurement.device.clone();
            say(format_args!(
                "{:5} {name}: {:.1} ms warm",
                setting.name(),
                measurement.spread(|times| times.wall_s).median * 1e3
            ));
            rendered.push((name.clone(), path));
            profiles.extend(profile.map(|profile| (name, profile)));
            measured.push(measurement);
        }
        let mut agreements = Vec::new();
        let image = |path: &Path| raw::read(path, [size; 2], crate::cli::limit::file_limit());
        // Images are compared with the reference program's, and with the first device's.
        if let Some((_, expected)) = &reference {
            for (name, path) in &rendered {
                agreements.push(agreement(name, &image(path)?, "the reference", expected)?);
            }
        }
        if let [(first, path), others @ ..] = rendered.as_slice() {
            let expected = image(path)?;
            for (name, path) in others {
                agreements.push(agreement(name, &image(path)?, first, &expected)?);
            }
        }
        let result = CaseResult {
            setting: *setting,
            devices: measured,
            reference: reference.map(|(times, _)| times),
            agreements,
        };
        Ok((result, profiles))
    }

    /// Has a process of its own measure `case` on `device`.
    fn ask_worker(
        &self,
        device: &str,
        image: &Path,
        case: &Case,
    ) -> Result<worker::Report, CliError> {
        let what = || format!("the render of {} pixels on {device}", case.setting);
        let threads = case.setting.threads.or(self.threads_of_all());
        let threads = threads.unwrap_or(0).to_string();
        let own = std::env::current_exe().context("cannot find this program's own file")?;
        let mut told = tempfile::tempfile().context("cannot make a temporary file")?;
        let mut command = Command::new(&own);
        command
            .args([WORKER, "--device", device, "--threads", &threads])
            .args(["--iterations", &self.iterations.to_string(), "--image"])
            .arg(image)
            .args(self.profile.then_some("--profile"))
            .arg("--")
            .args(&case.words)
            // It stops when this ends.
            .stdin(Stdio::piped())
            .stdout(told.try_clone().context("cannot share a temporary file")?);
        let mut running = Running::start(&mut command)
            .with_context(|| format!("cannot start {} for {}", own.display(), what()))?;
        let status = match running.wait(Duration::MAX).with_context(what)? {
            Outcome::Ended(status) => status,
            _ => return Err(RenderError::Interrupted.into()),
        };
        match status.code() {
            Some(0) => {}
            Some(_) => {
                let what = what();
                return Err(CliError::Failed(anyhow::anyhow!(
                    "{what} failed, as said above"
                )));
            }
            None => {
                return Err(CliError::Failed(anyhow::anyhow!(
                    "{} was ended by {status}; if for want of memory, take smaller --sizes",
                    what()
                )));
            }
        }
        told.seek(SeekFrom::Start(0)).with_context(what)?;
        let report = serde_json::from_reader(BufReader::new(told));
        Ok(report.with_context(|| format!("{} told something unexpected", what()))?)
    }

    /// Times of the reference program, and its image.
    fn run_reference(
        &self,
        case: &Case,
        images: &Images,
    ) -> Result<Option<(ReferenceTimes, Image)>, CliError> {
        let Some(reference) = self.reference_program().filter(|_| case.others_take_part()) else {
            return Ok(None);
        };
        let (mut wall_s, mut last) = (Vec::new(), None);
        for number in 1..=self.iterations {
            // A folder for each: the C program reads what it finds lying around.
            let folder = images.reference_folder(case.setting, number)?;
            let run = reference.render(&case.words, [case.setting.size; 2], &folder)?;
            wall_s.push(run.seconds);
            last = Some(run.image);
        }
        let program = reference.program.display().to_string();
        Ok(last.map(|image| (ReferenceTimes { program, wall_s }, image)))
    }
}

fn agreement(
    image: &str,
    found: &Image,
    reference: &str,
    expected: &Image,
) -> Result<Agreement, CliError> {
    let compared = Comparison::of(found.values(), expected.values()).ok_or_else(|| {
        anyhow::anyhow!("{image} and {reference} rendered images of different sizes")
    })?;
    Ok(Agreement {
        image: image.to_string(),
        reference: reference.to_string(),
        correlation: compared.correlation,
        nrmse: compared.nrmse,
    })
}
