//! `nanobragg noise`: a detector's noise on an image that there is, without rendering it again.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use serde_json::json;

use super::cache::gpu_options;
use super::config::record_of_noise;
use super::files::input_at;
use super::flags::{NoiseFlags, seed};
use super::limit::LinksFlag;
use super::output::{print_summary, say};
use super::sized::read_sized;
use super::{CliError, files, interrupt, values};
use crate::formats::encoding::{Encoding, Number};
use crate::formats::format::{self, Format, GeometryRoom};
use crate::formats::header::{Header, NOISE_SEED};
use crate::formats::raster::RasterView;
use crate::formats::{smv, whole};
use crate::image::Image;
use crate::image::noise::panels_of;
use crate::memory::Bytes;
use crate::render::{Device, Readout, RenderOptions, Renderer};
use crate::series::{FrameSink, Target};

/// Put a detector's noise on an image of photons
#[derive(Parser)]
#[command(
    name = "nanobragg noise",
    bin_name = "nanobragg noise",
    override_usage = "nanobragg noise IN OUT [options]",
    after_help = "IN is told by content: bare float32, which takes its size from --size or --header, \
                  TIFF of one number a pixel, SMV, CBF, npy, PGM or grey PNG. Its values are \
                  expected photons. OUT is told by its name: .bin and .raw are bare float32, .tif, \
                  .tiff and .npy hold float32 too, all without an upper end but --saturation; .cbf \
                  is CBF, 32 bits; .h5 and .nxs are NXmx, int32; others are SMV, 16 bits.\n\n\
                  In this order: the beam flickers, photons are counted, pixels are off their \
                  calibration, light spreads, and the readout multiplies by the gain, adds the offset \
                  and its noise, rounds and saturates. The same numbers come out on every device.\n\n\
                  Examples:\n  \
                  nanobragg noise floatimage.bin noisy_0001.img --header intimage.img -seed 7\n  \
                  nanobragg noise photons.tif noisy.tif -adc 0 --readout 3 --psf fiber --psf-fwhm 1.2",
    term_width = 100
)]
pub struct NoiseCommand {
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
    /// Seed of the noise [default: a random one, printed and in the file]
    #[arg(long, value_name = "INT", value_parser = values::seed)]
    seed: Option<i64>,
    /// Counts of a pixel without photons [default: 40; 0 in CBF]
    #[arg(long, visible_alias = "adcoffset", value_name = "COUNTS", value_parser = values::number)]
    adc: Option<f64>,
    #[command(flatten)]
    noise: NoiseFlags,
    /// What works: auto, cpu, gpu, all, or a GPU's index or part of its name [default: auto]
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
    #[command(flatten)]
    links: LinksFlag,
    /// Print nothing but warnings and errors
    #[arg(long, help_heading = "Program")]
    quiet: bool,
    /// Print the summary as one JSON document on standard output
    #[arg(long, help_heading = "Program")]
    json: bool,
}

/// Flags of `noise` that the C program has too.
pub const EITHER: [&str; 3] = ["seed", "adc", "adcoffset"];

/// Adds noise.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] for bad files and when the work fails.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let started = Instant::now();
    let command: NoiseCommand = super::arguments::parse_with("nanobragg noise", words, &EITHER)?;
    interrupt::catch()?;
    let seed = seed(command.seed)?;
    let encoding = command.encoding()?;
    let offset = command.adc.unwrap_or(encoding.usual_offset());
    let noise = command.noise.noise(seed, offset)?;
    command.check_output()?;
    let mut notices = command.noise.idle(&noise);
    let mut input = command.input(encoding.format, &mut notices)?;
    // The noise that is added here is not of the experiment that the record describes.
    let record = record_of_noise(&command.noise.document(&noise));
    input.header.set_record(record);
    input.header.seeds = vec![(NOISE_SEED, seed as i64)];
    notices.extend(pixel_notices(&command.image, &input.image));
    if noise.saturation.is_some() {
        input.header.saturates_at(noise.saturation);
    }
    let panels = command.panel_heights(&input.image)?;
    check_memory(&input.image)?;
    for notice in &notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    let renderer = Renderer::new(&command.render_options())?;
    let readout = Readout {
        noise,
        number: encoding.number,
    };
    let shot = renderer.read_out(&input.image, &panels, vec![readout])?;
    for notice in renderer
        .notice()
        .map(Into::into)
        .into_iter()
        .chain(shot.notices)
    {
        say(format_args!("nanobragg: note: {notice}"));
        notices.push(notice);
    }
    let (width, height) = (input.image.width(), input.image.height());
    let mut sink = FrameSink::new(Target::One(command.out.clone(), 1));
    let (mut overloads, mut clipped_below) = (0, 0);
    for counted in &shot.counted {
        let raster = RasterView {
            width,
            height,
            pixels: counted.pixels.view(),
        };
        renderer.install(|| sink.write(noise.image, encoding, raster, &input.header))?;
        (overloads, clipped_below) = (counted.overloads(), counted.clipped.below);
    }
    files::commit(std::iter::once(&mut sink), Vec::new())?;
    let summary = json!({
        "version": crate::version::NUMBER,
        "input": command.image.display().to_string(),
        "input_format": input.format.name,
        "output": command.out.display().to_string(),
        "output_format": encoding.format.name,
        "pixels": [width, height],
        "panels": command.panels,
        "noise": noise,
        "overloads": overloads,
        "clipped_below": clipped_below,
        "device": shot.device,
        "threads": renderer.threads(),
        "notices": notices,
        "seconds": started.elapsed().as_secs_f64(),
    });
    print_summary(&summary, command.json, command.quiet)
}

/// What is read.
struct Input {
    image: Image,
    format: &'static Format,
    /// The header of the image or of `--header`.
    header: Header,
}

impl NoiseCommand {
    /// How the file is written that the output's name stands for.
    fn encoding(&self) -> Result<Encoding, CliError> {
        /// Endings of formats that a name may promise and that no image is written in.
        const OTHERS: [&str; 4] = ["jpg", "jpeg", "gif", "mccd"];
        let format = format::of_name(&self.out);
        let other = format::extension(&self.out);
        if format.is_some_and(|format| format.is_picture()) || OTHERS.contains(&other.as_str()) {
            return Err(CliError::Usage(format!(
                "nanobragg noise: {}: .{other} is not written; name it .img for SMV, .cbf for CBF, \
                 .tif for TIFF, .npy for numpy, .h5 for NXmx or .bin for bare float32",
                self.out.display()
            )));
        }
        Ok(Encoding::new(format.unwrap_or(smv::FORMAT), Number::F32).with_noise())
    }

    /// Makes sure that the output can be written, and is no input.
    fn check_output(&self) -> Result<(), CliError> {
        let shown = self.out.display();
        if let Some(input) = input_at(std::iter::once(&self.image).chain(&self.header), &self.out) {
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
        let encoding = self.encoding()?;
        whole::reserve(&self.out)?;
        files::check_beside(Some(encoding), &self.out, 1)
    }

    /// Reads the image, and the header for an output of this format.
    fn input(&self, output: &Format, notices: &mut Vec<String>) -> Result<Input, CliError> {
        let given = self.size.as_ref().map(|size| [size[0], size[1]]);
        let header = self.header.as_deref();
        let input = read_sized(&self.image, given, header, self.links.access())?;
        notices.extend(input.header.notices.iter().cloned());
        if let Some([fast, slow]) = given.filter(|_| input.tells_size) {
            notices.push(format!(
                "--size {fast} {slow} has no effect: {} tells its own size",
                self.image.display()
            ));
        }
        let sized = input.tells_size || given.is_some();
        if self.header.is_some() && sized && output.geometry == GeometryRoom::Nothing {
            notices.push("--header has no effect: OUT is neither SMV, CBF nor NXmx".into());
        }
        if input.raster.pixels.ceiling().is_some() {
            notices.push(format!(
                "{}: its whole numbers are taken as photons, and so is what -adc added and -scale \
                 made of them; -floatfile and --tiff keep photons as they are",
                self.image.display()
            ));
        }
        Ok(Input {
            image: input.raster.into_image(),
            format: input.format,
            header: input.header,
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
            gpu: gpu_options(),
            ..RenderOptions::default()
        }
    }
}

/// What the user should know of pixels of `image` that hold no number of photons.
fn pixel_notices(path: &Path, image: &Image) -> Vec<String> {
    let told = |wrong: fn(f32) -> bool, what: &str| {
        let count = image.rendered().filter(|&(_, value)| wrong(value)).count();
        (count > 0).then(|| format!("{}: {count} pixel(s) are {what}", path.display()))
    };
    let notices = [
        told(
            |value| value.is_nan() || value < 0.0,
            "negative or no number; they are taken as no photons",
        ),
        told(
            |value| value == f32::INFINITY,
            "infinite; they get the largest count, and light does not spread from them",
        ),
    ];
    notices.into_iter().flatten().collect()
}

/// Makes sure that there is memory beside the image; a point spread looks after its own.
fn check_memory(image: &Image) -> Result<(), CliError> {
    // A copy with noise, on a GPU its way there and back, the file: CBF takes most.
    const BESIDE: u64 = 8 + 8 + 4 + 15;
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
