//! `nanobragg convert`: an image from one format to another.

use std::path::PathBuf;

use clap::Parser;

use super::files::same_file;
use super::flags::{NumberName, StyleFlags, extension};
use super::output::{print, say};
use super::sized::{check_size, own_size, sized_raster};
use super::{CliError, values};
use crate::formats::encoding::{Clipped, Encoding, Number};
use crate::formats::image_file::{self, Header, ImageFormat};
use crate::formats::raster::Raster;
use crate::formats::smv::{self, Counts};
use crate::formats::{FormatError, PendingFile, Problem, check_writable, pgm, png};
use crate::image::ToneMap;
use crate::memory::Bytes;
use crate::report::{ConversionSummary, StoredImage};

/// Convert an image to another format
#[derive(Parser)]
#[command(
    name = "nanobragg convert",
    bin_name = "nanobragg convert",
    override_usage = "nanobragg convert IN OUT [options]",
    after_help = "IN is told by content: SMV, CBF (byte offset), TIFF of one number a pixel, npy, PGM, \
                  grey PNG, or bare float32, which takes its size from --size or --header. OUT is \
                  told by its name: .img .smv SMV; .cbf CBF, 32 bits; .tif .tiff TIFF and .npy numpy, \
                  of --type; .bin .raw bare float32; .png and .pgm pictures.\n\n\
                  Numbers stay what they are, to the last bit where OUT has room for them. Where it \
                  holds whole numbers they become floor(number * scale + adc + 1/2), clipped at the \
                  ends of its range; what is no number becomes 0, or -1 in CBF and i32. What was \
                  clipped and rounded is counted and told. SMV and CBF keep the geometry of a \
                  header, the other formats have no room for it.\n\n\
                  Examples:\n  \
                  nanobragg convert frame_0001.img frame_0001.cbf\n  \
                  nanobragg convert floatimage.bin photons.npy --size 1024 1024\n  \
                  nanobragg convert photons.npy counts.tif --type u16 -scale 10 -adc 40",
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
    /// Numbers of a TIFF or npy file [default: those of IN, and f32 for float64]
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

/// OUT's bytes, what its numbers are, and what became of IN's.
struct Converted {
    file: Vec<u8>,
    numbers: &'static str,
    clipped: Clipped,
    rounded: usize,
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
    command.check_output()?;
    let (raster, format, header) = command.input()?;
    let own_number = Number::with_room_for(&raster.pixels);
    let target = command.target(command.number.map_or(own_number, Number::from))?;
    let notices = command.notices(target, format, &header);
    for notice in &notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    check_memory(&raster)?;
    let numbers = raster.pixels.kind();
    let pixels = [raster.width, raster.height];
    let converted = command
        .converted(target, raster, header.for_smv(format, pixels[1]))
        .map_err(|problem| FormatError::Content {
            path: command.out.clone(),
            problem,
        })?;
    PendingFile::write(&command.out, &converted.file)?.commit()?;
    let summary = ConversionSummary {
        version: env!("CARGO_PKG_VERSION"),
        input: StoredImage {
            path: command.image.display().to_string(),
            format: format.name(),
            numbers,
        },
        output: StoredImage {
            path: command.out.display().to_string(),
            format: target.format().name(),
            numbers: converted.numbers,
        },
        pixels,
        clipped_above: converted.clipped.above,
        clipped_below: converted.clipped.below,
        no_number: converted.clipped.no_number,
        rounded: converted.rounded,
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
    /// Makes sure that OUT can be written, and is no input.
    fn check_output(&self) -> Result<(), CliError> {
        let inputs = [Some(&self.image), self.header.as_ref()];
        let mut inputs = inputs.into_iter().flatten();
        let shown = self.out.display();
        if let Some(input) = inputs.find(|input| same_file(input, &self.out)) {
            return Err(CliError::Usage(format!(
                "nanobragg convert: {shown} would overwrite the input {}; name another file",
                input.display()
            )));
        }
        Ok(check_writable(&self.out)?)
    }

    /// What is read, with the header of IN or `--header`.
    fn input(&self) -> Result<(Raster, ImageFormat, Header), CliError> {
        let (file, mut header) = image_file::read_with_header(&self.image)?;
        let given = self.size.as_ref().map(|size| [size[0], size[1]]);
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
                .map(Target::Numbers)
                .ok_or_else(|| {
                    CliError::Usage(format!(
                        "nanobragg convert: {}: expected a name that ends on .img .smv .cbf .tif \
                         .tiff .npy .bin .raw .png .pgm",
                        self.out.display()
                    ))
                }),
        }
    }

    /// What the user should know although nothing is wrong.
    fn notices(&self, target: Target, format: ImageFormat, header: &Header) -> Vec<String> {
        let own = |format| matches!(format, ImageFormat::Smv | ImageFormat::Cbf);
        let typed = matches!(
            target,
            Target::Numbers(Encoding::Tiff(_) | Encoding::Npy(_))
        );
        let name = target.format();
        let pictured = self.style.given();
        let lines = [
            (!own(target.format()) && !header.geometry.is_silent()).then(|| {
                format!("{name} has no room for the geometry, which is left behind")
            }),
            (target.format() == ImageFormat::Cbf && format == ImageFormat::Smv).then(|| {
                "CBF keeps the pixel size, distance, wavelength, beam centre, spindle and two-theta \
                 angles of the header, and no other entries"
                    .to_string()
            }),
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

    /// OUT.
    fn converted(
        &self,
        target: Target,
        raster: Raster,
        header: Header,
    ) -> Result<Converted, Problem> {
        let counts = Counts {
            scale: self.scale.unwrap_or(1.0),
            adc_offset: self.adc.unwrap_or(0.0),
        };
        let picture = |file, clipped| Converted {
            file,
            numbers: "shades",
            clipped,
            rounded: 0,
        };
        let encoding = match target {
            Target::Numbers(encoding) => encoding,
            Target::Png => {
                let style = self.style.style();
                let image = raster.into_image();
                let tone = ToneMap::of(&image, style.scale, style.percentile);
                let file = png::encode(&image, &tone, style.colormap, style.depth)?;
                return Ok(picture(file, Clipped::default()));
            }
            Target::Pgm => {
                let scaled = raster.pixels.values().map(|value| value * counts.scale);
                let clipped = Clipped {
                    above: scaled.clone().filter(|&shade| shade >= 256.0).count(),
                    below: scaled.clone().filter(|&shade| shade < 0.0).count(),
                    no_number: scaled.filter(|shade| shade.is_nan()).count(),
                };
                let file = pgm::encode(&raster.into_image(), counts.scale);
                return Ok(picture(file, clipped));
            }
        };
        let (pixels, clipped) = encoding
            .number()
            .pixels(raster.pixels.values(), counts, None);
        let exact = |value: f64| value * counts.scale + counts.adc_offset;
        let changed = raster.pixels.values().zip(pixels.values());
        let changed = changed.filter(|&(old, new)| match target.counts() {
            true => (exact(old) - new).abs() <= 0.5 && exact(old) != new,
            false => old != new && !old.is_nan(),
        });
        let rounded = changed.count();
        let converted = Raster { pixels, ..raster };
        Ok(Converted {
            file: encoding.encode(&converted, &header)?,
            numbers: converted.pixels.kind(),
            clipped,
            rounded,
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
