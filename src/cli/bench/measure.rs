//! One size, measured on every device and with the reference program.

use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;

use super::super::CliError;
use super::super::limit::file_limit;
use super::super::output::say;
use super::super::process::{Outcome, Running};
use super::artefacts::Artefacts;
use super::{BenchFlags, WORKER, worker};
use crate::formats::raw;
use crate::image::{Difference, Gate, Image};
use crate::render::RenderError;
use crate::report::{Agreement, ReferenceTimes, SizeResult, Timeline};

impl BenchFlags {
    /// Renders what `words` describe, of `size`, on every device and with the reference program.
    ///
    /// # Errors
    /// [`CliError::Failed`] when a render fails.
    pub fn measure(
        &self,
        size: u32,
        words: &[String],
        devices: &[String],
        artefacts: &Artefacts,
    ) -> Result<(SizeResult, Vec<(String, Timeline)>), CliError> {
        // The reference comes first, as it may not be there at all.
        let reference = self.reference_times(size, words, artefacts)?;
        let (mut measured, mut timelines, mut rendered) = (Vec::new(), Vec::new(), Vec::new());
        for device in devices {
            let path = artefacts.image(size, device);
            let (mut measurement, timeline) = self.ask_worker(device, &path, size, words)?;
            if device != "cpu" {
                // Two cards may have one name.
                measurement.device = format!("{device} {}", measurement.device);
            }
            let name = measurement.device.clone();
            say(format_args!(
                "{size:5} {name}: {:.1} ms warm",
                measurement.range(|times| times.wall_s).median * 1e3
            ));
            rendered.push((name.clone(), path));
            timelines.extend(timeline.map(|timeline| (name, timeline)));
            measured.push(measurement);
        }
        let mut agreements = Vec::new();
        let image = |path: &Path| raw::read(path, [size as usize; 2], file_limit());
        // Images are compared with the reference program's, and with the first device's.
        if let Some((_, expected)) = &reference {
            for (name, path) in &rendered {
                agreements.push(self.agreement(name, &image(path)?, "the reference", expected)?);
            }
        }
        if let [(first, path), others @ ..] = rendered.as_slice() {
            let expected = image(path)?;
            for (name, path) in others {
                agreements.push(self.agreement(name, &image(path)?, first, &expected)?);
            }
        }
        let result = SizeResult {
            size,
            devices: measured,
            reference: reference.map(|(times, _)| times),
            agreements,
        };
        Ok((result, timelines))
    }

    /// Has a process of its own measure a size on `device`.
    fn ask_worker(
        &self,
        device: &str,
        image: &Path,
        size: u32,
        words: &[String],
    ) -> Result<worker::Report, CliError> {
        let what = format!("the render of {size} × {size} pixels on {device}");
        let own = std::env::current_exe().context("cannot find this program's own file")?;
        let mut answer = tempfile::tempfile().context("cannot make a temporary file")?;
        let mut command = Command::new(&own);
        command
            .args([WORKER, "--device", device])
            .args(["--threads", &self.threads.unwrap_or(0).to_string()])
            .args(["--iterations", &self.iterations.to_string(), "--image"])
            .arg(image)
            .args(self.profile.then_some("--profile"))
            .arg("--")
            .args(words)
            .stdin(Stdio::null())
            .stdout(
                answer
                    .try_clone()
                    .context("cannot share a temporary file")?,
            );
        let mut running = Running::start(&mut command)
            .with_context(|| format!("cannot start {} for {what}", own.display()))?;
        let Outcome::Ended(status) = running.wait(Duration::MAX).with_context(|| what.clone())?
        else {
            return Err(RenderError::Interrupted.into());
        };
        match status.code() {
            Some(0) => {}
            Some(_) => {
                let failed = anyhow::anyhow!("{what} failed, as said above");
                return Err(CliError::Failed(failed));
            }
            None => {
                return Err(CliError::Failed(anyhow::anyhow!(
                    "{what} was ended by {status}; if for want of memory, take smaller --sizes"
                )));
            }
        }
        answer
            .seek(SeekFrom::Start(0))
            .with_context(|| what.clone())?;
        let report = serde_json::from_reader(BufReader::new(answer));
        Ok(report.with_context(|| format!("{what} printed something unexpected"))?)
    }

    /// Times of the reference program, and its image.
    fn reference_times(
        &self,
        size: u32,
        words: &[String],
        artefacts: &Artefacts,
    ) -> Result<Option<(ReferenceTimes, Image)>, CliError> {
        let Some(reference) = self.reference_program() else {
            return Ok(None);
        };
        let (mut wall_s, mut last) = (Vec::new(), None);
        for number in 1..=self.iterations {
            // A folder for each: the C program reads what it finds lying around.
            let folder = artefacts.reference_folder(size, number)?;
            let rendered = reference.render(words, [size as usize; 2], &folder)?;
            wall_s.push(rendered.seconds);
            last = Some(rendered.image);
        }
        let program = reference.program.display().to_string();
        Ok(last.map(|image| (ReferenceTimes { program, wall_s }, image)))
    }

    /// How far the image `found` of the device `image` agrees with the one `expected`.
    fn agreement(
        &self,
        image: &str,
        found: &Image,
        reference: &str,
        expected: &Image,
    ) -> Result<Agreement, CliError> {
        let compared = Difference::of(found, expected).ok_or_else(|| {
            anyhow::anyhow!(
                "{image} and {reference}: nothing to compare; the images differ in size, or no \
                 pixel is finite in both"
            )
        })?;
        Ok(Agreement {
            image: image.to_string(),
            reference: reference.to_string(),
            correlation: compared.comparison.correlation,
            nrmse: compared.comparison.nrmse,
            sum_ratio: compared.sum_ratio(),
            shortcoming: Gate::Likeness(self.least()).check(&compared).err(),
        })
    }
}
