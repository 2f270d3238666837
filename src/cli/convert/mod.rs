//! `nanobragg convert`: an image from one format to another.

mod notices;
mod one;

use std::ops::Range;
use std::path::PathBuf;

use clap::Parser;
use serde_json::json;

use super::files::input_at;
use super::flags::{StyleFlags, choice};
use super::limit::LinksFlag;
use super::output::{print_summary, say};
use super::sized::{check_size, read_sized};
use super::{CliError, files, interrupt, values};
use crate::formats::encoding::{Compression, Encoding, Number};
use crate::formats::format::{self, Format, FrameReader};
use crate::formats::header::Header;
use crate::formats::raster::Raster;
use crate::formats::whole::{self, check_replaceable};
use crate::formats::{FormatError, image_file, smv};
use crate::memory::Bytes;
use crate::render::RenderError;
use crate::series::{self, FrameSink, Target};
use one::Outcome;

/// Convert an image to another format
#[derive(Parser)]
#[command(
    name = "nanobragg convert",
    bin_name = "nanobragg convert",
    override_usage = "nanobragg convert IN OUT [options]",
    after_help = "IN is told by content: SMV, CBF (byte offset), NXmx (HDF5), TIFF of one number a \
                  pixel, npy, PGM, grey PNG, or bare float32, which takes its size from --size or --header. OUT is \
                  told by its name: .img .smv SMV; .cbf CBF, 32 bits; .tif .tiff TIFF, .npy numpy and \
                  .h5 .nxs NXmx, of --type; .bin .raw bare float32; .png and .pgm pictures.\n\n\
                  Numbers stay what they are, to the last bit where OUT has room for them. Where it \
                  holds whole numbers they become floor(number * scale + adc + 1/2), clipped at the \
                  ends of its range; what is no number becomes 0, or -1 in CBF and i32. What was \
                  clipped and rounded is counted and told. SMV, CBF and NXmx keep the geometry \
                  of a header, the other formats have no room for it; --png-rings draws by it.\n\n\
                  Of an NXmx file with many frames all go to another NXmx file, or each to a file of \
                  its own where OUT has its number's place, as frame_####.cbf has; --frame takes one.\n\n\
                  Examples:\n  \
                  nanobragg convert frame_0001.img frame_0001.cbf\n  \
                  nanobragg convert floatimage.bin photons.npy --size 1024 1024\n  \
                  nanobragg convert photons.npy counts.tif --type u16 -scale 10 -adc 40\n  \
                  nanobragg convert frame_0001.cbf view.png --png-rings",
    term_width = 100
)]
pub struct ConvertCommand {
    /// The image
    #[arg(value_name = "IN")]
    image: PathBuf,
    /// The file to write
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// The frame to take out of an NXmx file with many, counted from 1
    #[arg(long, value_name = "K", value_parser = values::count)]
    frame: Option<u32>,
    /// How an NXmx file is compressed; bslz4, bitshuffle and LZ4, is faster, and readers need
    /// hdf5plugin for it [default: gzip]
    #[arg(long, value_name = "METHOD", value_parser = choice::<Compression>())]
    compression: Option<Compression>,
    /// Numbers of a TIFF, npy or NXmx file [default: those of IN, and f32 for float64]
    #[arg(long = "type", value_name = "TYPE", value_parser = choice::<Number>())]
    number: Option<Number>,
    /// Counts per unit of IN, where OUT holds whole numbers [default: 1]
    #[arg(long, value_name = "FACTOR", value_parser = values::positive)]
    scale: Option<f64>,
    /// Counts of a pixel that is 0 in IN, where OUT holds whole numbers [default: 0]
    #[arg(long, visible_alias = "adcoffset", value_name = "COUNTS", value_parser = values::number)]
    adc: Option<f64>,
    /// Pixels along fast and slow of a bare float32 file [default: those of --header]
    #[arg(long, num_args = 2, value_names = ["FAST", "SLOW"], value_parser = values::pixels)]
    size: Option<Vec<usize>>,
    /// SMV file that geometry is taken from [default: IN, where it has any]
    #[arg(long, value_name = "FILE")]
    header: Option<PathBuf>,
    #[command(flatten)]
    style: StyleFlags,
    #[command(flatten)]
    links: LinksFlag,
    /// Print nothing but warnings and errors
    #[arg(long, help_heading = "Program")]
    quiet: bool,
    /// Print the summary as one JSON document on standard output
    #[arg(long, help_heading = "Program")]
    json: bool,
}

/// Flags of `convert` that the C program has too.
pub const EITHER: [&str; 3] = ["scale", "adc", "adcoffset"];

/// An image, its format and its header.
type Frame = (Raster, &'static Format, Header);

/// Converts.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] for bad files.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let command: ConvertCommand =
        super::arguments::parse_with("nanobragg convert", words, &EITHER)?;
    let target = command.format()?;
    command.style.rings_m()?;
    interrupt::catch()?;
    let file = command.frames()?;
    let chosen = command.chosen(target, file.as_ref().map_or(1, |file| file.frames()))?;
    command.check_outputs(chosen.clone())?;
    let first = match &file {
        Some(file) => frame_of(file.as_ref(), chosen.start)?,
        None => command.input()?,
    };
    let (raster, format, header) = &first;
    let format = *format;
    let encoding = command.encoding(target, Number::with_room_for(&raster.pixels));
    let mut notices = command.notices(encoding, format, header);
    for notice in &notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    check_memory(raster)?;
    let numbers = raster.pixels.kind();
    let pixels = [raster.width, raster.height];
    let frames = chosen.len();
    let outcome = command.convert(encoding, file.as_deref(), chosen, first)?;
    for notice in file.iter().flat_map(|file| file.notices()) {
        say(format_args!("nanobragg: note: {notice}"));
        notices.push(notice);
    }
    let summary = json!({
        "version": crate::version::NUMBER,
        "input": { "path": command.image.display().to_string(), "format": format.name, "numbers": numbers },
        "output": { "path": command.out.display().to_string(), "format": target.name, "numbers": outcome.numbers },
        "frames": frames,
        "pixels": pixels,
        "clipped_above": outcome.clipped.above,
        "clipped_below": outcome.clipped.below,
        "no_number": outcome.clipped.no_number,
        "rounded": outcome.rounded,
        "notices": notices,
    });
    print_summary(&summary, command.json, command.quiet)
}

/// Frame `index` of `file`, counted from 0.
fn frame_of(file: &dyn FrameReader, index: usize) -> Result<Frame, FormatError> {
    Ok((file.frame(index)?, file.format(), file.header(index)))
}

impl ConvertCommand {
    /// The size that was given.
    fn given_size(&self) -> Option<[usize; 2]> {
        self.size.as_ref().map(|size| [size[0], size[1]])
    }

    /// IN, where it may hold several frames.
    fn frames(&self) -> Result<Option<Box<dyn FrameReader>>, CliError> {
        let file = image_file::frames(&self.image, self.links.access())?;
        if let Some(file) = &file {
            check_size(&self.image, Some(file.size()), self.given_size())?;
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
    fn chosen(&self, target: &Format, count: usize) -> Result<Range<usize>, CliError> {
        let holds_all = target.frames.is_some() || series::Numbered::of(&self.out).is_some();
        let shown = self.image.display();
        match self.frame {
            Some(frame) if frame as usize <= count => Ok(frame as usize - 1..frame as usize),
            Some(frame) => Err(CliError::Usage(format!(
                "nanobragg convert: --frame {frame}: {shown} has {count} frame(s), counted from 1"
            ))),
            None if count == 1 || holds_all => Ok(0..count),
            None => Err(CliError::Usage(format!(
                "nanobragg convert: {shown} has {count} frames, and {} has room for one; choose one \
                 with --frame 1 to {count}, or put #### where OUT has the frame's number",
                self.out.display()
            ))),
        }
    }

    /// Makes sure that every file of the `chosen` frames can be written, and is no input.
    fn check_outputs(&self, chosen: Range<usize>) -> Result<(), CliError> {
        let frames = chosen.len();
        let target = Target::of_series(&self.out, frames);
        for out in chosen.map(|index| target.path(index as u32 + 1)) {
            let inputs = std::iter::once(&self.image).chain(&self.header);
            if let Some(input) = input_at(inputs, &out) {
                return Err(CliError::Usage(format!(
                    "nanobragg convert: {} would overwrite the input {}; name another file",
                    out.display(),
                    input.display()
                )));
            }
            if target.is_numbered() {
                check_replaceable(&out)?;
            }
        }
        whole::reserve(&self.out)?;
        let encoding = Encoding::of_name(&self.out, Number::default());
        files::check_beside(encoding, &self.out, frames)
    }

    /// What is read, with the header of IN or `--header`.
    fn input(&self) -> Result<Frame, CliError> {
        let header = self.header.as_deref();
        let access = self.links.access();
        let input = read_sized(&self.image, self.given_size(), header, access)?;
        let format = header.map_or(input.format, |_| smv::FORMAT);
        Ok((input.raster, format, input.header))
    }

    /// The format that OUT's name stands for.
    fn format(&self) -> Result<&'static Format, CliError> {
        format::of_name(&self.out).ok_or_else(|| {
            CliError::Usage(format!(
                "nanobragg convert: {}: expected a name that ends on {}",
                self.out.display(),
                format::endings(|_| true)
            ))
        })
    }

    /// How OUT is written, with numbers like those of IN where its format has several.
    fn encoding(&self, format: &'static Format, own: Number) -> Encoding {
        Encoding {
            compression: self.compression.unwrap_or_default(),
            ..Encoding::new(format, self.number.unwrap_or(own))
        }
    }

    /// Converts `first`, and the rest of the `chosen` frames of `file`. Files of one frame are put
    /// in their places as they are made.
    fn convert(
        &self,
        encoding: Encoding,
        file: Option<&dyn FrameReader>,
        chosen: Range<usize>,
        first: Frame,
    ) -> Result<Outcome, CliError> {
        let mut outcome = Outcome::default();
        let mut sink = FrameSink::new(Target::of_series(&self.out, chosen.len()));
        let rest = chosen.clone().skip(1);
        let rest = rest.filter_map(|index| Some(frame_of(file?, index)));
        for (index, frame) in chosen.zip(std::iter::once(Ok(first)).chain(rest)) {
            if interrupt::interrupted() {
                return Err(RenderError::Interrupted.into());
            }
            let (raster, _, header) = frame?;
            let number = index as u32 + 1;
            outcome.add(self.write(&mut sink, number, encoding, raster, &header)?);
        }
        files::commit(std::iter::once(&mut sink), Vec::new())?;
        Ok(outcome)
    }
}

/// Makes sure that there is memory beside the image.
fn check_memory(raster: &Raster) -> Result<(), CliError> {
    // Other numbers, and the file: CBF takes most.
    const BESIDE: u64 = 4 + 15;
    let needed = Bytes((raster.pixels.len() as u64).saturating_mul(BESIDE));
    needed.check().map_err(|available| {
        anyhow::anyhow!(
            "converting an image of {} x {} pixels needs {needed} of memory, and this machine has \
             {available}",
            raster.width,
            raster.height
        )
        .into()
    })
}
