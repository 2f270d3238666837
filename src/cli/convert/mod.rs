//! `nanobragg convert`: an image from one format to another.

mod frames;
mod one;

use std::path::PathBuf;

use clap::Parser;

use super::flags::{CompressionName, NumberName, StyleFlags, extension};
use super::output::{print, say};
use super::sized::{check_size, own_size, sized_raster};
use super::{CliError, interrupt, values};
use crate::formats::encoding::{Encoding, Number};
use crate::formats::image_file::{self, Header, ImageFormat};
use crate::formats::nxmx::{Compression, NxmxReader};
use crate::formats::raster::Raster;
use crate::formats::{FormatError, smv};
use crate::memory::Bytes;
use crate::report::{ConversionSummary, Sight, StoredImage};

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
    allow_negative_numbers = true,
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
    #[arg(long, value_name = "METHOD")]
    compression: Option<CompressionName>,
    /// Numbers of a TIFF, npy or NXmx file [default: those of IN, and f32 for float64]
    #[arg(long = "type", value_name = "TYPE")]
    number: Option<NumberName>,
    /// Counts per unit of IN, where OUT holds whole numbers [default: 1]
    #[arg(long, value_name = "FACTOR", value_parser = values::positive)]
    scale: Option<f64>,
    /// Counts of a pixel that is 0 in IN, where OUT holds whole numbers [default: 0]
    #[arg(long, visible_alias = "adcoffset", value_name = "COUNTS", value_parser = values::number,
          allow_negative_numbers = true)]
    adc: Option<f64>,
    /// Pixels along fast and slow of a bare float32 file [default: those of --header]
    #[arg(long, num_args = 2, value_names = ["FAST", "SLOW"], value_parser = values::pixels)]
    size: Option<Vec<usize>>,
    /// SMV file that geometry is taken from [default: IN, where it has any]
    #[arg(long, value_name = "FILE")]
    header: Option<PathBuf>,
    #[command(flatten)]
    style: StyleFlags,
    /// Print nothing but warnings and errors
    #[arg(long, help_heading = "Program")]
    quiet: bool,
    /// Print the summary as one JSON document on standard output
    #[arg(long, help_heading = "Program")]
    json: bool,
}

/// What OUT is to be.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Numbers(Encoding),
    Png,
    Pgm,
}

/// Its flags that the C program has too.
pub const EITHER: [&str; 3] = ["scale", "adc", "adcoffset"];

/// Converts.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] for bad files.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let command: ConvertCommand =
        super::arguments::parse_with("nanobragg convert", words, &EITHER)?;
    command.target(Number::F32)?;
    command.style.rings_m()?;
    interrupt::catch()?;
    let file = command.frames()?;
    let chosen = command.chosen(file.as_ref().map_or(1, NxmxReader::frames))?;
    let count = chosen.len();
    command.check_outputs(chosen.clone())?;
    let first = match &file {
        Some(file) => frames::frame_of(file, chosen.start)?,
        None => command.input()?,
    };
    let (raster, format, header) = &first;
    let format = *format;
    let own_number = Number::with_room_for(&raster.pixels);
    let target = command.target(command.number.map_or(own_number, Number::from))?;
    let notices = command.notices(target, format, header);
    for notice in &notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    check_memory(raster)?;
    let numbers = raster.pixels.kind();
    let pixels = [raster.width, raster.height];
    let outcome = command.convert(target, file.as_ref(), chosen, first)?;
    let summary = ConversionSummary {
        version: crate::version::NUMBER,
        input: StoredImage {
            path: command.image.display().to_string(),
            format: format.name(),
            numbers,
        },
        output: StoredImage {
            path: command.out.display().to_string(),
            format: target.format().name(),
            numbers: outcome.numbers,
        },
        frames: count,
        pixels,
        clipped_above: outcome.clipped.above,
        clipped_below: outcome.clipped.below,
        no_number: outcome.clipped.no_number,
        rounded: outcome.rounded,
        notices,
    };
    if command.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&summary)?))?;
    } else if !command.quiet {
        say(&summary);
    }
    Ok(())
}

impl Target {
    fn format(self) -> ImageFormat {
        match self {
            Target::Numbers(encoding) => encoding.format(),
            Target::Png => ImageFormat::Png,
            Target::Pgm => ImageFormat::Pgm,
        }
    }

    /// Whether a number may have to be rounded to a whole one.
    fn counts(self) -> bool {
        match self {
            Target::Numbers(encoding) => encoding.number() != Number::F32,
            Target::Png => false,
            Target::Pgm => true,
        }
    }
}

impl ConvertCommand {
    /// The size that was given.
    fn given_size(&self) -> Option<[usize; 2]> {
        self.size.as_ref().map(|size| [size[0], size[1]])
    }

    /// What is read, with the header of IN or `--header`.
    fn input(&self) -> Result<(Raster, ImageFormat, Header), CliError> {
        let (file, mut header) = image_file::read_with_header(&self.image)?;
        let given = self.given_size();
        check_size(&self.image, own_size(&file), given)?;
        let other = self.header.as_deref().map(smv::read).transpose()?;
        let of_header = other
            .as_ref()
            .map(|smv| ("the size in --header", [smv.width, smv.height]));
        let (raster, mut format) = sized_raster(&self.image, file, given, of_header)?;
        if let (Some(path), Some(smv)) = (&self.header, other) {
            if [smv.width, smv.height] != [raster.width, raster.height] {
                return Err(CliError::Failed(anyhow::anyhow!(
                    "--header {}: it is of {} x {} pixels and the image has {} x {}; they must be \
                     the same",
                    path.display(),
                    smv.width,
                    smv.height,
                    raster.width,
                    raster.height
                )));
            }
            header = Header::of_smv(&smv).map_err(|problem| FormatError::Content {
                path: path.clone(),
                problem,
            })?;
            format = ImageFormat::Smv;
        }
        Ok((raster, format, header))
    }

    /// What OUT's name stands for, with numbers of this kind where the format has several.
    fn target(&self, number: Number) -> Result<Target, CliError> {
        match extension(&self.out).as_str() {
            "png" => Ok(Target::Png),
            "pgm" => Ok(Target::Pgm),
            _ => Encoding::of_name(&self.out, number)
                .map(|encoding| match encoding {
                    Encoding::Nxmx(number, chosen) => {
                        let compression = self.compression.map(Compression::from);
                        Encoding::Nxmx(number, compression.unwrap_or(chosen))
                    }
                    other => other,
                })
                .map(Target::Numbers)
                .ok_or_else(|| {
                    CliError::Usage(format!(
                        "nanobragg convert: {}: expected a name that ends on .img .smv .cbf .tif \
                         .tiff .npy .h5 .nxs .bin .raw .png .pgm",
                        self.out.display()
                    ))
                }),
        }
    }

    /// What the user should know although nothing is wrong.
    fn notices(&self, target: Target, format: ImageFormat, header: &Header) -> Vec<String> {
        let own = |format| {
            matches!(
                format,
                ImageFormat::Smv | ImageFormat::Cbf | ImageFormat::Nxmx
            )
        };
        let typed = matches!(
            target,
            Target::Numbers(Encoding::Tiff(_) | Encoding::Npy(_) | Encoding::Nxmx(..))
        );
        let name = target.format();
        let pictured = self.style.given();
        // Rings are what a picture has of the geometry.
        let ringed = target == Target::Png && self.style.asks_for_rings();
        let lines = [
            (!own(target.format()) && !header.geometry.is_silent() && !ringed).then(|| {
                format!("{name} has no room for the geometry, which is left behind")
            }),
            frames::geometry_notice(header, format, target.format()),
            (format != target.format() && own(target.format()) && format == ImageFormat::Smv).then(|| {
                format!(
                    "{name} keeps the pixel size, distance, wavelength, beam centre, spindle and \
                     two-theta angles of the header, and no other entries"
                )
            }),
            (self.compression.is_some() && target.format() != ImageFormat::Nxmx)
                .then(|| "--compression has no effect: OUT is not NXmx".to_string()),
            (self.number.is_some() && !typed)
                .then(|| format!("--type has no effect: {name} has one kind of numbers")),
            (self.scale.is_some() && !target.counts())
                .then(|| "-scale has no effect: OUT does not hold counts".to_string()),
            (self.adc.is_some() && (!target.counts() || target == Target::Pgm))
                .then(|| "-adc has no effect: OUT does not hold counts".to_string()),
            (pictured && target != Target::Png)
                .then(|| "flags of PNGs have no effect: OUT is none".to_string()),
        ];
        lines.into_iter().flatten().collect()
    }

    /// How the sample sees an image of `shape`, as the header tells it.
    ///
    /// # Errors
    /// [`FormatError::Content`], naming the file to blame.
    fn sight(&self, header: &Header, shape: [usize; 2]) -> Result<Sight<'static>, FormatError> {
        Sight::of_header(header, shape).map_err(|problem| FormatError::Content {
            path: self.header.as_ref().unwrap_or(&self.image).clone(),
            problem,
        })
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
