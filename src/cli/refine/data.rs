//! Frames of image files, and where each one's refinement starts.

use std::path::{Path, PathBuf};

use super::super::CliError;
use super::super::flags::Request;
use super::super::sized::{SizedImage, read_sized};
use super::{COMMAND, RefineFlags, frame_name};
use crate::derivatives::{Parameter, Parametrisation};
use crate::formats::header::Header;
use crate::formats::image_file;
use crate::formats::raster::Pixels;
use crate::refine::{Counting, Frame, Start, Trust};
use crate::render::frame_size;
use crate::scene::Scene;

/// What was read.
pub struct Read {
    /// Each frame, and where its refinement starts.
    pub starts: Vec<Start>,
    /// The file of each, and its place in a file of several.
    pub images: Vec<(PathBuf, Option<usize>)>,
    /// Counts of a pixel without photons in the last of them.
    pub pedestal: f64,
}

/// Reads the frames that `flags` name, for the detector and crystal of `request`, which are those of
/// `first`.
///
/// # Errors
/// [`CliError`] for files that are missing, bad, or of another size.
pub fn read(
    flags: &RefineFlags,
    request: &Request,
    first: &Parametrisation,
    notices: &mut Vec<String>,
) -> Result<Read, CliError> {
    let mut reader = Reader {
        flags,
        request,
        first,
        notices,
        pedestal: 0.0,
    };
    let (mut starts, mut images) = (Vec::new(), Vec::new());
    for path in &flags.data {
        let access = flags.links.access();
        match image_file::frames(path, access)? {
            Some(file) => {
                let chosen = chosen(flags, path, file.frames())?;
                for index in chosen.step_by(flags.every as usize) {
                    let image = SizedImage {
                        raster: file.frame(index)?,
                        format: file.format(),
                        header: file.header(index),
                        tells_size: true,
                    };
                    starts.push(reader.start(frame_name(path, index, file.frames()), &image)?);
                    images.push((path.clone(), Some(index)));
                }
                reader.notices.extend(file.notices());
            }
            None => {
                chosen(flags, path, 1)?;
                let size = frame_size(&request.experiment);
                let image = match read_sized(path, None, None, access) {
                    Err(CliError::Usage(_)) => read_sized(path, Some(size), None, access)?,
                    other => other?,
                };
                reader.notices.extend(image.header.notices.iter().cloned());
                starts.push(reader.start(frame_name(path, 0, 1), &image)?);
                images.push((path.clone(), (flags.data.len() == 1).then_some(0)));
            }
        }
    }
    let pedestal = reader.pedestal;
    notices.dedup();
    Ok(Read {
        starts,
        images,
        pedestal,
    })
}

/// The frames of a file of `count` that are refined, counted from 0.
fn chosen(
    flags: &RefineFlags,
    path: &Path,
    count: usize,
) -> Result<std::ops::Range<usize>, CliError> {
    match flags.frames.as_deref() {
        Some(&[first, last]) if first <= last && last as usize <= count => {
            Ok(first as usize - 1..last as usize)
        }
        Some(given) => Err(CliError::Usage(format!(
            "{COMMAND}: --frames {} {}: {} has {count} frame(s), counted from 1",
            given[0],
            given[1],
            path.display()
        ))),
        None => Ok(0..count),
    }
}

/// What makes frames of images.
struct Reader<'a> {
    flags: &'a RefineFlags,
    request: &'a Request,
    first: &'a Parametrisation,
    notices: &'a mut Vec<String>,
    /// Counts of a pixel without photons in the last frame.
    pedestal: f64,
}

impl Reader<'_> {
    /// The frame of `image`, and where its refinement starts.
    fn start(&mut self, name: String, image: &SizedImage) -> Result<Start, CliError> {
        let (experiment, format) = (&self.request.experiment, image.format);
        let expected = frame_size(experiment);
        if [image.raster.width, image.raster.height] != expected {
            return Err(CliError::Failed(anyhow::anyhow!(
                "{name}: it has {} x {} pixels and the detector behind -- {} x {}; they must be the same",
                image.raster.width,
                image.raster.height,
                expected[0],
                expected[1]
            )));
        }
        let offset = match self.flags.adc {
            Some(offset) => offset,
            None if format.scaled_to_brightest => {
                self.notices.push(format!(
                    "a pixel without photons is taken to have 40 counts in {}; --adc gives another number",
                    format.name
                ));
                40.0
            }
            None => 0.0,
        };
        self.pedestal = offset;
        let told = image
            .header
            .metadata
            .as_ref()
            .and_then(|(all, _)| all.saturation);
        let told = told.or(image.header.geometry.count_cutoff);
        let (least, saturation) = match self.flags.trusted.as_deref() {
            // Counts are whole: the first that is not trusted is above the last that is.
            Some(&[least, most]) => (Some(least), Some(most.next_up())),
            _ => {
                let ceiling = image.raster.pixels.ceiling();
                let ceiling = ceiling
                    .filter(|_| matches!(image.raster.pixels, Pixels::U16(_) | Pixels::U8(_)));
                // What is below 0 in whole numbers with a sign marks a pixel without counts.
                let least = matches!(image.raster.pixels, Pixels::I32(_)).then_some(0.0);
                (least, told.or(ceiling))
            }
        };
        let counting = Counting {
            gain: self.flags.gain,
            offset,
            readout: self.flags.readout,
            least,
            saturation,
        };
        let rendered = Scene::flags(experiment.sampling().region, experiment.panels());
        let mask = image
            .header
            .metadata
            .as_ref()
            .and_then(|(all, _)| all.mask.as_ref());
        let masked = |pixel: usize| {
            rendered.as_ref().is_some_and(|flags| !flags[pixel])
                || mask.is_some_and(|mask| mask.get(pixel).is_some_and(|&flag| flag != 0))
        };
        let panels = experiment
            .panels()
            .iter()
            .map(|panel| panel.shape)
            .collect();
        let frame = Frame::new(name, panels, image.raster.pixels.values(), counting, masked);
        let frame = frame.ok_or_else(|| anyhow::anyhow!("not one count a pixel"))?;
        self.check_offset(&frame, counting)?;
        let parametrisation = self.at_phi(&image.header)?;
        Ok(Start {
            frame,
            parametrisation,
        })
    }

    /// Refuses an offset that is higher than the counts of most pixels by more than the readout's
    /// noise and half a photon.
    fn check_offset(&self, frame: &Frame, counting: Counting) -> Result<(), CliError> {
        let trusted = frame.trust.iter().zip(&frame.photons);
        let mut photons: Vec<f64> = trusted
            .filter(|(trust, _)| **trust == Trust::Good)
            .map(|(_, photons)| *photons)
            .collect();
        if photons.is_empty() {
            return Ok(());
        }
        let middle = photons.len() / 2;
        let (_, median, _) = photons.select_nth_unstable_by(middle, f64::total_cmp);
        let count = *median * counting.gain + counting.offset;
        match count < counting.offset - counting.readout - 0.5 * counting.gain {
            false => Ok(()),
            true => Err(CliError::Failed(anyhow::anyhow!(
                "{}: half of the pixels have {count} counts or fewer, and a pixel without photons is \
                 taken to have {}; --adc gives that number",
                frame.name,
                counting.offset
            ))),
        }
    }

    /// The start with the spindle where the header of the frame has it, if it tells and a scan is
    /// rendered.
    fn at_phi(&mut self, header: &Header) -> Result<Parametrisation, CliError> {
        let own = header.metadata.as_ref();
        let own = own.and_then(|(_, frame)| frame.start_rad);
        let own = own.or(header.geometry.start_rad);
        let turns = self.request.experiment.scan().range_rad != 0.0;
        let Some(angle) = own.filter(|_| turns || self.flags.data.len() > 1) else {
            return Ok(self.first.clone());
        };
        self.notices
            .push("the spindle angle of each frame is that of its header".into());
        let moved = self.first.with(&[(Parameter::Phi, angle.to_degrees())]);
        moved.map_err(|error| CliError::Failed(error.into()))
    }
}
