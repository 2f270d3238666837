//! One case, measured on every device and with the reference program.

use std::path::Path;
use std::process::{Command, Stdio};

use super::super::output::say;
use super::super::{CliError, interrupt};
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
                measurement,
                profile,
            } = self.ask_worker(device, &path, case)?;
            let name = measurement.device.clone();
            say(format_args!(
                "{:5} {name}: {:.1} ms warm",
                setting.name(),
                measurement.spread(|times| times.wall_s).median * 1e3
            ));
            rendered.push((name.clone(), path));
            profiles.push((name, profile));
            measured.push(measurement);
        }
        let mut agreements = Vec::new();
        let image = |path: &Path| raw::read(path, [size; 2]);
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
        let threads = case.setting.threads.or(self.threads_of_all());
        let threads = threads.unwrap_or(0).to_string();
        let done = Command::new(std::env::current_exe()?)
            .args([WORKER, "--device", device, "--threads", &threads])
            .args(["--iterations", &self.iterations.to_string(), "--image"])
            .arg(image)
            .arg("--")
            .args(&case.words)
            .stderr(Stdio::inherit())
            .output()?;
        if interrupt::interrupted() {
            return Err(RenderError::Interrupted.into());
        }
        if !done.status.success() {
            return Err(CliError::Failed(anyhow::anyhow!(
                "the render on {device} failed, as said above ({})",
                done.status
            )));
        }
        Ok(serde_json::from_slice(&done.stdout)?)
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
