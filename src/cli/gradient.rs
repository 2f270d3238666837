//! `nanobragg gradient`: derivatives of an image with respect to what describes its experiment.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::{Value, json};

use super::cache::gpu_options;
use super::files::input_at;
use super::flags::Request;
use super::limit::LinksFlag;
use super::output::{print, print_json, print_report, print_summary, say};
use super::progress::Progress;
use super::scenario::scenario;
use super::{CliError, interrupt, values};
use crate::derivatives::{
    DerivativeError, Differentiator, Parameter, ParameterError, Parametrisation,
};
use crate::document::Choice;
use crate::formats::raster::PixelsView;
use crate::formats::whole::{self, commit_all};
use crate::formats::{PendingFile, image_file, npy};
use crate::image::noise::{PointSpread, SpreadShape};
use crate::memory::Bytes;
use crate::render::{Derivatives, Device, RenderOptions, Renderer, frame_size};
use crate::version;

const COMMAND: &str = "nanobragg gradient";

/// Derivatives of an image: images of chosen parameters, or the gradient of a weighted sum
#[derive(Parser)]
#[command(
    name = COMMAND,
    bin_name = COMMAND,
    override_usage = "nanobragg gradient --of NAMES --out FILE.npy [options] -- FLAGS\n       \
                      nanobragg gradient --vjp WEIGHTS [--of NAMES] [options] -- FLAGS",
    after_help = "Names are those of flags, and values are in their units: misset_x, cell_a, \
                  cell_alpha, lambda, distance, Xbeam, detector_rotx, Na, fudge, mosaic, phi, scale, \
                  default_F, panel_3_roty, F(1,-2,3); docs/derivatives.md has all. FILE.npy is of \
                  float64 from the CPU and of float32 from a GPU, in the shape (parameters, slow, \
                  fast); FILE.json beside it has names, units and values. Exit codes: 0 done, 1 the \
                  work failed or a file is bad, 2 wrong usage."
)]
pub struct GradientFlags {
    /// The parameters, with commas between them; all that the experiment has, but no F by itself
    #[arg(long, value_name = "NAMES")]
    of: Option<String>,
    /// The file of derivative images to write, and FILE.json beside it
    #[arg(long, value_name = "FILE.npy")]
    out: Option<PathBuf>,
    /// Print the gradient of the sum over pixels of these weights times photons; an image of one
    /// weight a pixel
    #[arg(long, value_name = "WEIGHTS")]
    vjp: Option<PathBuf>,
    /// Form of the detector's point spread [default: gauss]
    #[arg(long, value_name = "SHAPE", value_parser = shape)]
    psf: Option<SpreadShape>,
    /// Full width at half maximum of the point spread, pixels [default: 0, no spread]
    #[arg(long, value_name = "PIXELS", value_parser = values::positive)]
    psf_fwhm: Option<f64>,
    /// What works: auto, cpu, gpu, all, or a GPU's index or part of its name
    #[arg(
        long,
        value_name = "DEVICE",
        env = "NANOBRAGG_DEVICE",
        hide_env = true,
        default_value = "auto",
        help_heading = "Program"
    )]
    device: String,
    /// Threads of the CPU path [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = values::threads, help_heading = "Program")]
    threads: Option<u32>,
    #[command(flatten)]
    links: LinksFlag,
    /// Differentiate nothing, and print what it would take of the memory of host and GPU
    #[arg(long, help_heading = "Program")]
    dry_run: bool,
    /// Print nothing but warnings, errors and what --vjp asks for
    #[arg(long, help_heading = "Program")]
    quiet: bool,
    /// Print one JSON document on standard output
    #[arg(long, help_heading = "Program")]
    json: bool,
    /// The experiment: nanoBragg's flags
    #[arg(last = true, value_name = "FLAGS")]
    flags: Vec<String>,
}

/// The word for every parameter that there is.
const ALL: &str = "all";

fn shape(word: &str) -> Result<SpreadShape, String> {
    SpreadShape::of_word(word)
        .ok_or_else(|| format!("expected {}", SpreadShape::WORDS.join(" or ")))
}

/// Differentiates.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags and for parameters that the experiment has not,
/// [`CliError::Failed`] for bad files and when the device fails.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let flags: GradientFlags = super::arguments::parse_own(COMMAND, words)?;
    flags.check()?;
    interrupt::catch()?;
    let named = flags.named()?;
    let mut request = scenario(COMMAND, &flags.flags)?;
    request.program.quiet = flags.quiet;
    flags.check_files(&request)?;
    let point = Parametrisation::new(&request.experiment, request.origin.clone())?;
    let parameters = match named {
        Some(named) => named,
        None => point.parameters(),
    };
    // Before any work, and before any file.
    for parameter in &parameters {
        point.value(*parameter).map_err(refused)?;
    }
    let weights = flags.weights(&request)?;
    let mut notices = std::mem::take(&mut request.notices);
    notices.extend(
        flags
            .psf
            .filter(|_| flags.psf_fwhm.is_none())
            .map(|_| "--psf has no effect: --psf-fwhm gives its width, and is 0".to_string()),
    );
    let renderer = Renderer::new(&flags.render_options())?;
    notices.extend(renderer.notice().map(Into::into));
    for notice in &notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    let progress = Progress::of(&request)?;
    let differentiator = Differentiator {
        renderer: &renderer,
        point_spread: flags.point_spread(),
        monitor: &progress,
    };
    let tell = |told: Vec<String>| {
        told.iter()
            .for_each(|notice| say(format_args!("nanobragg: note: {notice}")));
        told
    };
    if flags.dry_run {
        let memory = differentiator
            .memory(&point, &parameters, weights.is_some())
            .map_err(failed)?;
        drop(progress);
        let mut report = report(
            &point,
            &parameters,
            &renderer.device_name(),
            &flags,
            &notices,
        )?;
        report["dry_run"] = json!(true);
        report["memory"] = json!({
            "host_bytes": memory.host.0,
            "available_bytes": Bytes::available().0,
            "device_bytes": memory.device.map(|bytes| bytes.0),
        });
        return print_report(&report, flags.json);
    }
    if let Some(weights) = weights {
        let found = differentiator
            .vjp(&point, &weights, &parameters)
            .map_err(failed)?;
        drop(progress);
        notices.extend(tell(found.notices));
        let mut report = report(&point, &parameters, &found.device, &flags, &notices)?;
        for (entry, gradient) in entries(&mut report).zip(&found.values) {
            entry["gradient"] = json!(gradient);
        }
        return match flags.json {
            true => print_json(&report),
            false => print(&lines(&report)),
        };
    }
    let found = differentiator.images(&point, &parameters).map_err(failed)?;
    drop(progress);
    let Derivatives {
        derivatives,
        device,
        notices: told,
        ..
    } = found;
    notices.extend(tell(told));
    let Some(out) = &flags.out else {
        return Ok(());
    };
    let [width, height] = frame_size(point.experiment());
    let mut report = report(&point, &parameters, &device, &flags, &notices)?;
    report["file"] = json!(out.display().to_string());
    report["shape"] = json!([parameters.len(), height, width]);
    report["number"] = json!(if is_exact(&device) {
        "float64"
    } else {
        "float32"
    });
    let size = [width, height];
    let images = PendingFile::write_with(out, |file| {
        write_array(file, &derivatives, size, is_exact(&device))
    })?;
    let beside = serde_json::to_string_pretty(&report)?;
    let beside = PendingFile::write(&beside_path(out), format!("{beside}\n").as_bytes())?;
    commit_all(&[images, beside])?;
    print_summary(&report, flags.json, flags.quiet)
}

/// Whether a device of this name works in float64.
fn is_exact(device: &str) -> bool {
    device == "cpu"
}

/// Writes images of a width and a height into `file`, as `.npy`.
fn write_array(
    file: &mut dyn Write,
    images: &[Vec<f64>],
    [width, height]: [usize; 2],
    exact: bool,
) -> io::Result<()> {
    let kind = match exact {
        true => PixelsView::F64(&[]),
        false => PixelsView::F32(&[]),
    };
    file.write_all(&npy::header_of(&[images.len(), height, width], kind))?;
    images.iter().try_for_each(|image| match exact {
        true => file.write_all(&PixelsView::F64(image).le_bytes()),
        false => {
            let rounded: Vec<f32> = image.iter().map(|value| *value as f32).collect();
            file.write_all(&PixelsView::F32(&rounded).le_bytes())
        }
    })
}

/// The place of the file that says what is in the one at `out`.
fn beside_path(out: &Path) -> PathBuf {
    out.with_extension("json")
}

/// A parameter that the experiment has not is wrong usage.
fn refused(error: ParameterError) -> CliError {
    CliError::usage(format!("{COMMAND}: --of: {error}"))
}

fn failed(error: DerivativeError) -> CliError {
    match error {
        DerivativeError::Parameter(error) => refused(error),
        DerivativeError::Render(error) => error.into(),
    }
}

/// What was differentiated, by what, and what came with it.
fn report(
    point: &Parametrisation,
    parameters: &[Parameter],
    device: &str,
    flags: &GradientFlags,
    notices: &[String],
) -> Result<Value, CliError> {
    let entry = |parameter: &Parameter| {
        let value = point.value(*parameter).map_err(refused)?;
        Ok(json!({
            "name": parameter.to_string(),
            "unit": parameter.unit(),
            "value": value,
        }))
    };
    let entries: Vec<Value> = parameters
        .iter()
        .map(entry)
        .collect::<Result<_, CliError>>()?;
    Ok(json!({
        "version": version::NUMBER,
        "device": device,
        "point_spread": flags.point_spread(),
        "parameters": entries,
        "notices": notices,
    }))
}

/// The entries of the parameters in a report.
fn entries(report: &mut Value) -> impl Iterator<Item = &mut Value> {
    report["parameters"].as_array_mut().into_iter().flatten()
}

/// The gradient for people: a line a parameter.
fn lines(report: &Value) -> String {
    let entries = report["parameters"].as_array().into_iter().flatten();
    let line = |entry: &Value| {
        let unit = entry["unit"].as_str().filter(|unit| !unit.is_empty());
        let per = unit.map_or(String::new(), |unit| format!(" per {unit}"));
        let name = entry["name"].as_str().unwrap_or_default();
        format!("{name:<16} {}{per}\n", entry["gradient"])
    };
    entries.map(line).collect()
}

impl GradientFlags {
    fn check(&self) -> Result<(), CliError> {
        let refused = |what: &str| Err(CliError::usage(format!("{COMMAND}: {what}")));
        match (&self.out, &self.vjp) {
            (Some(_), Some(_)) => refused(
                "--out and --vjp: derivative images and the gradient of a sum are two runs; leave one \
                 out",
            ),
            (None, None) => refused(
                "say what is wanted: derivative images with --of NAMES --out FILE.npy, or the gradient \
                 of a weighted sum with --vjp WEIGHTS",
            ),
            (Some(_), None) if self.of.is_none() => {
                refused("--out: say with respect to what, as in --of misset_x,cell_a, or --of all")
            }
            (Some(out), None) if out.extension().is_none_or(|kind| kind != "npy") => refused(
                &format!("--out {}: expected a name that ends in .npy", out.display()),
            ),
            _ => Ok(()),
        }
    }

    /// The parameters that are named; none for all.
    fn named(&self) -> Result<Option<Vec<Parameter>>, CliError> {
        let Some(names) = self.of.as_deref().filter(|names| *names != ALL) else {
            return Ok(None);
        };
        let parameters = Parameter::list(names).map_err(refused)?;
        let mut seen = std::collections::HashSet::new();
        match parameters.iter().find(|own| !seen.insert(**own)) {
            Some(twice) => Err(CliError::usage(format!(
                "{COMMAND}: --of {names}: {twice} stands there twice; leave one out"
            ))),
            None => Ok(Some(parameters)),
        }
    }

    /// Makes sure that the files can be written and read, and are not each other.
    fn check_files(&self, request: &Request) -> Result<(), CliError> {
        let Some(out) = &self.out else {
            return Ok(());
        };
        let beside = beside_path(out);
        for path in [out, &beside] {
            if let Some(input) = input_at(&request.inputs, path) {
                return Err(CliError::usage(format!(
                    "{COMMAND}: --out {}: {} would overwrite the input {}; name another file",
                    out.display(),
                    path.display(),
                    input.display()
                )));
            }
            whole::reserve(path)?;
        }
        Ok(())
    }

    /// The weights, one a pixel, where the gradient of their sum is asked for.
    fn weights(&self, request: &Request) -> Result<Option<Vec<f64>>, CliError> {
        let Some(path) = &self.vjp else {
            return Ok(None);
        };
        let bad =
            |what: String| CliError::Failed(anyhow::anyhow!("--vjp {}: {what}", path.display()));
        let [width, height] = frame_size(&request.experiment);
        let (file, _) = image_file::read_with_header(path, self.links.access())?;
        let (raster, _) = super::sized::sized_raster(
            path,
            file,
            None,
            Some(("the size of the experiment's image", [width, height])),
        )?;
        if [raster.width, raster.height] != [width, height] {
            return Err(bad(format!(
                "{} x {} weights, and the image has {width} x {height} pixels; expected one a pixel",
                raster.width, raster.height
            )));
        }
        let weights: Vec<f64> = raster.pixels.values().collect();
        match weights.iter().position(|weight| !weight.is_finite()) {
            Some(place) => Err(bad(format!(
                "the weight of pixel ({}, {}) is {}; expected finite numbers, 0 where a pixel does not \
                 count",
                place % width,
                place / width,
                weights[place]
            ))),
            None => Ok(Some(weights)),
        }
    }

    fn point_spread(&self) -> Option<PointSpread> {
        self.psf_fwhm.map(|fwhm_pixels| PointSpread {
            shape: self.psf.unwrap_or(SpreadShape::Gauss),
            fwhm_pixels,
        })
    }

    fn render_options(&self) -> RenderOptions {
        RenderOptions {
            device: Device::from(self.device.as_str()),
            threads: self.threads.unwrap_or(0) as usize,
            gpu: gpu_options(),
            ..RenderOptions::default()
        }
    }
}
