//! `nanobragg noise`: a detector's noise on an image that there is, without rendering it again.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;

use super::files::same_file;
use super::flags::{DEFAULT_OFFSET, NoiseFlags, seed_from_clock};
use super::output::{print, say};
use super::sized::{check_size, own_size, sized};
use super::{CliError, interrupt, values};
use crate::formats::image_file::{self, ImageFormat};
use crate::formats::smv::{self, Clipped, Counts};
use crate::formats::{FormatError, PendingFile, check_writable, raw, tiff};
use crate::image::Image;
use crate::image::noise::panels_of;
use crate::memory::Bytes;
use crate::render::{Device, RenderError, RenderOptions, Renderer};
use crate::report::NoiseSummary;

/// Put a detector's noise on an image of photons
#[derive(Parser)]
#[command(
    name = "nanobragg noise",
    bin_name = "nanobragg noise",
    override_usage = "nanobragg noise IN OUT [options]",
    after_help = "IN is told by content: bare float32, which takes its size from --size or --header, \
                  TIFF of one number a pixel, SMV, PGM or grey PNG. Its values are expected photons. \
                  OUT is told by its name: .bin and .raw are bare float32, .tif and .tiff TIFF of \
                  float32, both without an upper end but --saturation; others are SMV, 16 bits.\n\n\
                  In this order: the beam flickers, photons are counted, pixels are off their \
                  calibration, light spreads, and the readout multiplies by the gain, adds the offset \
                  and its noise, rounds and saturates. The same numbers come out on every device.\n\n\
                  Examples:\n  \
                  nanobragg noise floatimage.bin noisy_0001.img --header intimage.img -seed 7\n  \
                  nanobragg noise photons.tif noisy.tif -adc 0 --readout 3 --psf fiber --psf-fwhm 1.2",
    allow_negative_numbers = true,
    term_width = 100
)]
struct NoiseCommand {
    /// The image of photons
    #[arg(value_name = "IN")]
    image: PathBuf,
    /// The file to write
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// Pixels along fast and slow of a bare float32 file [default: those of --header]
    #[arg(long, num_args = 2, value_names = ["FAST", "SLOW"], value_parser = values::pixels)]
    size: Option<Vec<usize>>,
    /// SMV file whose header an SMV file's geometry is taken from [default: IN, where it is SMV]
    #[arg(long, value_name = "FILE")]
    header: Option<PathBuf>,
    /// Panels of the same size that are stacked in IN; light does not spread from one to another
    #[arg(long, value_name = "COUNT", default_value = "1", value_parser = values::count)]
    panels: u32,
    /// Seed of the noise [default: from the clock, and printed]
    #[arg(long, value_name = "INT", value_parser = values::seed, allow_negative_numbers = true)]
    seed: Option<i64>,
    /// Counts of a pixel without photons [default: 40]
    #[arg(long, visible_alias = "adcoffset", value_name = "COUNTS", value_parser = values::number,
          allow_negative_numbers = true)]
    adc: Option<f64>,
    #[command(flatten)]
    noise: NoiseFlags,
    /// What works: auto, cpu, gpu, or a GPU's index or part of its name [default: auto]
    #[arg(
        long,
        value_name = "DEVICE",
        env = "NANOBRAGG_DEVICE",
        hide_env = true,
        help_heading = "Program"
    )]
    device: Option<String>,
    /// Threads of the CPU path [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = values::threads, help_heading = "Program")]
    threads: Option<u32>,
    /// Print nothing but warnings and errors
    #[arg(long, help_heading = "Program")]
    quiet: bool,
    /// Print the summary as one JSON document on standard output
    #[arg(long, help_heading = "Program")]
    json: bool,
}

/// Adds noise.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] for bad files and when the work fails.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let started = Instant::now();
    let command: NoiseCommand =
        super::arguments::parse_with("nanobragg noise", words, &["seed", "adc", "adcoffset"])?;
    interrupt::catch()?;
    let seed = command
        .seed
        .map_or_else(seed_from_clock, |seed| seed as u64);
    let offset = command.adc.unwrap_or(DEFAULT_OFFSET);
    let noise = command.noise.noise(seed, offset)?;
    let format = command.checked_output()?;
    let mut notices = command.noise.idle(&noise);
    let input = command.input(format, &mut notices)?;
    notices.extend(no_photons(&command.image, &input.image));
    let panels = command.panel_heights(&input.image)?;
    check_memory(&input.image)?;
    for notice in &notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    let renderer = Renderer::new(&command.render_options())?;
    let counts = renderer.expose(&input.image, &noise, &panels)?;
    for notice in renderer.take_notices() {
        say(format_args!("nanobragg: note: {notice}"));
        notices.push(notice);
    }
    let (file, clipped) = renderer.install(|| command.encoded(format, &counts, &input.header))?;
    if interrupt::interrupted() {
        return Err(RenderError::Interrupted.into());
    }
    PendingFile::write(&command.out, &file)?.commit()?;
    let summary = NoiseSummary {
        version: NoiseSummary::VERSION,
        input: command.image.display().to_string(),
        input_format: input.format.name(),
        output: command.out.display().to_string(),
        output_format: format.name(),
        pixels: [counts.width(), counts.height()],
        panels: command.panels,
        noise,
        overloads: clipped.above.max(noise.saturated(&counts)),
        underloads: clipped.below,
        device: renderer.device_name(),
        threads: renderer.threads(),
        notices,
        seconds: started.elapsed().as_secs_f64(),
    };
    if command.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&summary)?))?;
    } else if !command.quiet {
        say(&summary);
    }
    Ok(())
}

/// What is read.
struct Input {
    image: Image,
    format: ImageFormat,
    /// Entries of an SMV header, of the image or of `--header`.
    header: Vec<(String, String)>,
}

impl NoiseCommand {
    /// The format that the output's name stands for, once it is known that it can be written.
    fn checked_output(&self) -> Result<ImageFormat, CliError> {
        /// Formats that a name may promise and that are not written here.
        const OTHERS: [&str; 10] = [
            "png", "pgm", "jpg", "jpeg", "gif", "cbf", "h5", "hdf5", "nxs", "mccd",
        ];
        let shown = self.out.display();
        let inputs = [Some(&self.image), self.header.as_ref()];
        if let Some(input) = inputs
            .into_iter()
            .flatten()
            .find(|input| same_file(input, &self.out))
        {
            return Err(CliError::Usage(format!(
                "nanobragg noise: {shown} would overwrite the input {}; name another file",
                input.display()
            )));
        }
        if self.out == Path::new("-") {
            return Err(CliError::usage(
                "nanobragg noise -: expected the name of a file to write",
            ));
        }
        let extension = self.out.extension().unwrap_or_default();
        let extension = extension.to_string_lossy().to_lowercase();
        let format = match extension.as_str() {
            "bin" | "raw" => ImageFormat::Raw,
            "tif" | "tiff" => ImageFormat::Tiff,
            other if OTHERS.contains(&other) => {
                return Err(CliError::Usage(format!(
                    "nanobragg noise: {shown}: .{other} is not written; name it .img for SMV, .tif \
                     for TIFF or .bin for bare float32"
                )));
            }
            _ => ImageFormat::Smv,
        };
        check_writable(&self.out)?;
        Ok(format)
    }

    /// Reads the image, and the header for an output of this format.
    fn input(&self, output: ImageFormat, notices: &mut Vec<String>) -> Result<Input, CliError> {
        let (file, own_header) = image_file::read_with_header(&self.image)?;
        let given = self.size.as_ref().map(|size| [size[0], size[1]]);
        let own = own_size(&file);
        check_size(&self.image, own, given)?;
        if let Some([fast, slow]) = given.filter(|_| own.is_some()) {
            notices.push(format!(
                "--size {fast} {slow} has no effect: {} tells its own size",
                self.image.display()
            ));
        }
        let other = self.header.as_deref().map(smv::read).transpose()?;
        let of_header = other
            .as_ref()
            .map(|smv| ("the size in --header", [smv.width, smv.height]));
        let (image, format) = sized(&self.image, file, given, of_header)?;
        let size = [image.width(), image.height()];
        if let (Some(path), Some((_, [fast, slow]))) = (&self.header, of_header) {
            if [fast, slow] != size {
                return Err(CliError::Failed(anyhow::anyhow!(
                    "--header {}: it is of {fast} x {slow} pixels and the image has {} x {}; they \
                     must be the same",
                    path.display(),
                    size[0],
                    size[1]
                )));
            }
            if output != ImageFormat::Smv && (own.is_some() || given.is_some()) {
                notices.push("--header has no effect: OUT is not SMV".into());
            }
        }
        if !matches!(format, ImageFormat::Raw | ImageFormat::Tiff) {
            notices.push(format!(
                "{}: its whole numbers are taken as photons, and so is what -adc added and -scale \
                 made of them; -floatfile and --tiff keep photons as they are",
                self.image.display()
            ));
        }
        let header = other.map_or(own_header, |smv| smv.entries().to_vec());
        Ok(Input {
            image,
            format,
            header,
        })
    }

    fn panel_heights(&self, image: &Image) -> Result<Vec<usize>, CliError> {
        let height = image.height();
        panels_of(height, self.panels as usize).ok_or_else(|| {
            CliError::Usage(format!(
                "--panels {}: {} has {height} rows, which are not so many panels of the same size",
                self.panels,
                self.image.display()
            ))
        })
    }

    fn render_options(&self) -> RenderOptions {
        RenderOptions {
            device: self.device.as_deref().map_or(Device::Auto, Device::from),
            threads: self.threads.unwrap_or(0) as usize,
            ..RenderOptions::default()
        }
    }

    /// The output's bytes, and the pixels that its format clipped.
    fn encoded(
        &self,
        format: ImageFormat,
        counts: &Image,
        header: &[(String, String)],
    ) -> Result<(Vec<u8>, Clipped), CliError> {
        Ok(match format {
            ImageFormat::Raw => (raw::encode(counts).into_owned(), Clipped::default()),
            ImageFormat::Tiff => {
                let unfit = |problem| FormatError::Content {
                    path: self.out.clone(),
                    problem,
                };
                (tiff::encode(counts).map_err(unfit)?, Clipped::default())
            }
            _ => {
                let header = smv::carry_over(header, [counts.width(), counts.height()]);
                smv::encode(counts, Counts::AS_THEY_ARE, &header)
            }
        })
    }
}

/// What the user should know of pixels of `image` that hold no number of photons.
fn no_photons(path: &Path, image: &Image) -> Option<String> {
    let wrong = image
        .rendered()
        .filter(|(_, value)| value.is_nan() || *value < 0.0);
    let count = wrong.count();
    (count > 0).then(|| {
        format!(
            "{}: {count} pixel(s) are negative or no number; they are taken as no photons",
            path.display()
        )
    })
}

/// Makes sure that there is memory beside the image; a point spread looks after its own.
fn check_memory(image: &Image) -> Result<(), CliError> {
    // A copy with noise, on a GPU its way there and back, the file.
    const BESIDE: u64 = 12;
    let (width, height) = (image.width(), image.height());
    let needed = Bytes((image.values().len() as u64).saturating_mul(BESIDE));
    needed.check().map_err(|available| {
        anyhow::anyhow!(
            "noise on an image of {width} x {height} pixels needs {needed} of memory, and this \
             machine has {available}; take fewer pixels"
        )
        .into()
    })
}
