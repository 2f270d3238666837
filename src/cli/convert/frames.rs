//! Files of many frames: which go where.

use std::path::PathBuf;

use super::one::{Converted, Outcome};
use super::{ConvertCommand, Target};
use crate::cli::files::same_file;
use crate::cli::numbered::Numbered;
use crate::cli::{CliError, interrupt};
use crate::formats::FormatError;
use crate::formats::check_writable;
use crate::formats::encoding::Encoding;
use crate::formats::image_file::{self, Header, ImageFormat};
use crate::formats::nxmx::{NxmxReader, NxmxWriter};
use crate::formats::raster::Raster;
use crate::render::RenderError;

/// An image, its format and its header.
pub type Frame = (Raster, ImageFormat, Header);

/// Frame `index` of `file`, counted from 0.
pub fn frame_of(file: &NxmxReader, index: usize) -> Result<Frame, FormatError> {
    let raster = file.frame(index)?;
    Ok((raster, ImageFormat::Nxmx, Header::of_nexus(file, index)))
}

impl ConvertCommand {
    /// IN, where it may hold several frames.
    pub fn frames(&self) -> Result<Option<NxmxReader>, CliError> {
        let file = image_file::frames(&self.image)?;
        if let Some(file) = &file {
            super::check_size(&self.image, Some(file.size()), self.given_size())?;
            if let Some(header) = &self.header {
                return Err(CliError::Usage(format!(
                    "nanobragg convert: --header {}: {} has a geometry of its own; leave --header out",
                    header.display(),
                    self.image.display()
                )));
            }
        }
        Ok(file)
    }

    /// The frames of IN's `count` to convert, counted from 0.
    pub fn chosen(&self, count: usize) -> Result<std::ops::Range<usize>, CliError> {
        let in_one = matches!(
            Encoding::of_name(&self.out, Default::default()),
            Some(Encoding::Nxmx(..))
        );
        let shown = self.image.display();
        match self.frame {
            Some(frame) if frame as usize <= count => Ok(frame as usize - 1..frame as usize),
            Some(frame) => Err(CliError::Usage(format!(
                "nanobragg convert: --frame {frame}: {shown} has {count} frame(s), counted from 1"
            ))),
            None if count == 1 || in_one || Numbered::of(&self.out).is_some() => Ok(0..count),
            None => Err(CliError::Usage(format!(
                "nanobragg convert: {shown} has {count} frames, and {} has room for one; choose one \
                 with --frame 1 to {count}, or put #### where OUT has the frame's number",
                self.out.display()
            ))),
        }
    }

    /// The file that frame `index` goes to.
    fn out_of(&self, index: usize) -> PathBuf {
        match Numbered::of(&self.out) {
            Some(numbered) => numbered.path(index as u64 + 1),
            None => self.out.clone(),
        }
    }

    /// Makes sure that every file of the `chosen` frames can be written, and is no input.
    pub fn check_outputs(&self, chosen: std::ops::Range<usize>) -> Result<(), CliError> {
        let first = self.out_of(chosen.start);
        let inputs = [Some(&self.image), self.header.as_ref()];
        for out in chosen.map(|index| self.out_of(index)) {
            let mut inputs = inputs.into_iter().flatten();
            if let Some(input) = inputs.find(|input| same_file(input, &out)) {
                return Err(CliError::Usage(format!(
                    "nanobragg convert: {} would overwrite the input {}; name another file",
                    out.display(),
                    input.display()
                )));
            }
        }
        // The others are beside it.
        Ok(check_writable(&first)?)
    }

    /// Converts `first`, and the rest of the `chosen` frames of `file`. Files of one frame are put in
    /// their places as they are made.
    pub(super) fn convert(
        &self,
        target: Target,
        file: Option<&NxmxReader>,
        chosen: std::ops::Range<usize>,
        first: Frame,
    ) -> Result<Outcome, CliError> {
        let mut outcome = Outcome::default();
        let size = [first.0.width, first.0.height];
        let numbered = Numbered::of(&self.out).is_some();
        let mut writer = match target {
            Target::Numbers(Encoding::Nxmx(number, compression)) if !numbered => {
                let (setting, _) = first.2.for_nexus(size);
                let count = chosen.len();
                let out = &self.out;
                Some(NxmxWriter::create(
                    out,
                    size,
                    count,
                    number,
                    compression,
                    setting,
                )?)
            }
            _ => None,
        };
        let rest = chosen.clone().skip(1);
        let rest = rest.filter_map(|index| Some(frame_of(file?, index)));
        for (index, frame) in chosen.zip(std::iter::once(Ok(first)).chain(rest)) {
            if interrupt::interrupted() {
                return Err(RenderError::Interrupted.into());
            }
            let (raster, format, header) = frame?;
            let header = header.for_smv(format, raster.height);
            match (&mut writer, target) {
                (Some(writer), Target::Numbers(encoding)) => {
                    let (raster, one) = self.numbers(encoding, raster);
                    writer.push(&raster, header.for_nexus(size).1)?;
                    outcome.add(one);
                }
                _ => {
                    let out = self.out_of(index);
                    let Converted { file, outcome: one } =
                        self.converted(&out, target, raster, &header)?;
                    file.commit()?;
                    outcome.add(one);
                }
            }
        }
        if let Some(writer) = writer {
            writer.finish()?.commit()?;
        }
        Ok(outcome)
    }
}

/// What the user should know of a header of `from` that goes to a file of `to`.
pub fn geometry_notice(header: &Header, from: ImageFormat, to: ImageFormat) -> Option<String> {
    let one_upright = matches!(to, ImageFormat::Smv | ImageFormat::Cbf);
    let fits = header
        .nexus
        .as_ref()
        .is_none_or(|(setting, _)| setting.fits_header());
    let on_arm = header
        .geometry
        .two_theta_rad
        .is_some_and(|angle| angle != 0.0);
    if one_upright && !fits {
        Some(format!(
            "{to} has room for one upright panel; its header is that of IN's first, as if it did not \
             lean"
        ))
    } else if to == ImageFormat::Nxmx && from != ImageFormat::Nxmx && on_arm {
        Some(format!(
            "a panel on a two-theta arm is placed in no one way by {from}; its place is left behind"
        ))
    } else {
        None
    }
}
