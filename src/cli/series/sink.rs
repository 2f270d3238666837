//! The files of a series: one with all frames, or one a frame.

use std::collections::HashSet;

use super::plan::Plan;
use crate::cli::config::Records;
use crate::cli::files::{self, LEAST_COUNT, same_file};
use crate::cli::flags::{Output, OutputKind, Request};
use crate::cli::numbered::Numbered;
use crate::cli::{CliError, interrupt};
use crate::formats::encoding::Encoding;
use crate::formats::nxmx::{FrameSetting, NxmxWriter, Setting};
use crate::formats::raster::Raster;
use crate::formats::smv::Counts;
use crate::formats::{PendingFile, check_writable};
use crate::image::{Image, Statistics};
use crate::render::{RenderError, Renderer, panel_heights};
use crate::report::SeriesFile;

/// The files that one flag names.
pub struct Sink {
    output: Output,
    goes_to: GoesTo,
    /// What is told of them.
    pub told: SeriesFile,
}

enum GoesTo {
    /// One file of all frames, begun with the first.
    One(Option<Box<NxmxWriter>>),
    /// A file a frame.
    Each(Numbered),
}

/// Makes sure that every file of `plan` can be written, that no two of them are one, and that none is
/// an input.
///
/// # Errors
/// [`CliError::Usage`] for files that are in each other's way, [`CliError::Failed`] for a target
/// that cannot be written.
pub fn check(request: &Request, plan: &Plan) -> Result<(), CliError> {
    // Folders, and files of all frames.
    files::check(request)?;
    let mut names = HashSet::new();
    for output in &request.outputs {
        let Some(numbered) = Numbered::of(&output.path) else {
            continue;
        };
        for index in 0..plan.frames {
            let path = numbered.path(u64::from(plan.first_number + index));
            let shown = path.display();
            if let Some(input) = request.inputs.iter().find(|input| same_file(input, &path)) {
                return Err(CliError::Usage(format!(
                    "{} {shown}: it would overwrite the input {}",
                    output.flag,
                    input.display()
                )));
            }
            if path.exists() {
                check_writable(&path)?;
            }
            if !names.insert(path.clone()) {
                return Err(CliError::Usage(format!(
                    "{} {}: {shown} is another frame's file, too; give each a name of its own",
                    output.flag,
                    output.path.display()
                )));
            }
        }
    }
    Ok(())
}

impl Sink {
    /// The files of `output`.
    pub fn of(output: &Output) -> Sink {
        Sink {
            goes_to: match Numbered::of(&output.path) {
                Some(numbered) => GoesTo::Each(numbered),
                None => GoesTo::One(None),
            },
            told: SeriesFile {
                flag: output.flag,
                path: output.path.display().to_string(),
                frames: 0,
                overloads: 0,
                clipped_below: 0,
            },
            output: output.clone(),
        }
    }

    /// Whether its files appear as they are done.
    pub fn is_numbered(&self) -> bool {
        matches!(self.goes_to, GoesTo::Each(_))
    }

    /// Writes the image of frame `number` of `count` in all, whose experiment is that of `request`, and
    /// tells what the user should know.
    ///
    /// # Errors
    /// [`CliError::Failed`] with the file to blame.
    pub fn write(
        &mut self,
        request: &Request,
        records: &Records,
        renderer: &Renderer,
        (number, count): (u32, u32),
        image: &Image,
        statistics: &Statistics,
    ) -> Result<Vec<String>, CliError> {
        let mut output = self.output.clone();
        if let OutputKind::Noise { noise, .. } = &mut output.kind {
            noise.image = number;
        }
        let told = &mut self.told;
        let notices = match &mut self.goes_to {
            GoesTo::Each(numbered) => {
                output.path = numbered.path(number.into());
                let made = files::make(request, renderer, image, statistics, records, &output)?;
                made.file.commit()?;
                told.overloads += made.told.overloads;
                told.clipped_below += made.told.clipped_below;
                made.notices
            }
            GoesTo::One(begun) => {
                let experiment = &request.experiment;
                let (raster, [overloads, below], notices) =
                    numbers(request, renderer, image, &output)?;
                let writer = match begun {
                    Some(writer) => writer,
                    None => {
                        let record = records.for_file(&output.kind);
                        let setting = Setting {
                            configuration: record.map(|record| of_series(record, count)),
                            ..Setting::of(experiment, request.up(), saturation(&output))
                        };
                        begun.insert(Box::new(begin(&output, &raster, count, setting)?))
                    }
                };
                writer.push(&raster, FrameSetting::of(experiment, request.up()))?;
                told.overloads += overloads;
                told.clipped_below += below;
                notices
            }
        };
        told.frames += 1;
        Ok(notices)
    }

    /// The file of all frames, not yet in its place.
    ///
    /// # Errors
    /// [`CliError::Failed`] when it cannot be written, or the user wants to stop.
    pub fn finish(&mut self) -> Result<Option<PendingFile>, CliError> {
        if interrupt::interrupted() {
            return Err(RenderError::Interrupted.into());
        }
        match &mut self.goes_to {
            GoesTo::One(begun) => Ok(begun.take().map(|writer| writer.finish()).transpose()?),
            GoesTo::Each(_) => Ok(None),
        }
    }
}

/// `record`, that of the first of `count` frames, as one of all.
fn of_series(record: &str, count: u32) -> String {
    let (program, rest) = record.split_once('\n').unwrap_or((record, ""));
    format!(
        "{program}\n\
         # The first of {count} frames: nanobragg series --frames {count} --config FILE\n{rest}"
    )
}

fn begin(
    output: &Output,
    first: &Raster,
    count: u32,
    setting: Setting,
) -> Result<NxmxWriter, CliError> {
    let Some(Encoding::Nxmx(number, compression)) = output.kind.encoding() else {
        return Err(CliError::Failed(anyhow::anyhow!(
            "{}: no file of many frames",
            output.path.display()
        )));
    };
    let size = [first.width, first.height];
    let path = &output.path;
    Ok(NxmxWriter::create(
        path,
        size,
        count as usize,
        number,
        compression,
        setting,
    )?)
}

fn saturation(output: &Output) -> Option<f64> {
    match output.kind {
        OutputKind::Noise { noise, .. } => noise.saturation,
        _ => None,
    }
}

/// The numbers of `image` in the file of `output`, how many of them are at the largest one and how
/// many at the least, and what the user should know.
fn numbers(
    request: &Request,
    renderer: &Renderer,
    image: &Image,
    output: &Output,
) -> Result<(Raster, [usize; 2], Vec<String>), CliError> {
    let values = |encoding: Encoding, image: &Image, counts: Counts| {
        let (raster, clipped) = renderer.install(|| encoding.raster(image, counts, LEAST_COUNT));
        (raster, [clipped.above, clipped.below])
    };
    match output.kind {
        OutputKind::Plain {
            encoding,
            scale,
            adc,
        } => {
            let counts = Counts {
                scale: scale.unwrap_or(Counts::AS_THEY_ARE.scale),
                adc_offset: adc.unwrap_or(Counts::AS_THEY_ARE.adc_offset),
            };
            let (raster, clipped) = values(encoding, image, counts);
            Ok((raster, clipped, Vec::new()))
        }
        OutputKind::Noise { encoding, noise } => {
            let exposed = renderer.expose(image, &noise, &panel_heights(&request.experiment))?;
            let noisy = exposed.image;
            let (raster, [above, below]) = values(encoding, &noisy, Counts::AS_THEY_ARE);
            let above = above.max(noise.saturated(&noisy));
            Ok((raster, [above, below], exposed.notices))
        }
        OutputKind::Pgm { .. } | OutputKind::Png | OutputKind::Overview => Err(CliError::Failed(
            anyhow::anyhow!("{}: a picture has one frame", output.path.display()),
        )),
    }
}
