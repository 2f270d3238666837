//! The files of a render: checked before the work, written whole after it.

use std::fs;
use std::path::{Path, PathBuf};

use tracing::{Span, info_span};

use super::flags::{Output, OutputKind, Request};
use super::{CliError, interrupt, profile};
use crate::experiment::Experiment;
use crate::formats::smv::{self, Clipped, Counts};
use crate::formats::{FormatError, PendingFile, check_writable, pgm, png, raw, tiff};
use crate::image::noise::{Noise, point_spread};
use crate::image::{Image, LARGEST_OVERVIEW, Statistics, ToneMap, overview};
use crate::memory::Bytes;
use crate::profile::FILES;
use crate::render::{RenderError, Renderer, frame_size, panel_heights};
use crate::report::WrittenFile;

/// Makes sure, before any work is done, that every output can be written, that no two of them are
/// one file, and that none is an input.
///
/// # Errors
/// [`CliError::Usage`] for files that are in each other's way, [`CliError::Failed`] for a target
/// that cannot be written.
pub fn check(request: &Request) -> Result<(), CliError> {
    let targets = targets(request);
    for (index, (flag, path)) in targets.iter().enumerate() {
        if let Some(input) = request.inputs.iter().find(|input| same_file(input, path)) {
            let what = format!("{flag} {}: it would overwrite the input", path.display());
            return Err(CliError::Usage(format!("{what} {}", input.display())));
        }
        let before = targets[..index].iter();
        if let Some((other, _)) = before.clone().find(|(_, other)| same_file(other, path)) {
            return Err(CliError::Usage(format!(
                "{other} and {flag} both name {}; give each a file of its own",
                path.display()
            )));
        }
        if path.as_path() == Path::new("-") {
            return Err(CliError::Usage(format!(
                "{flag} -: expected the name of a file"
            )));
        }
        check_writable(path)?;
    }
    Ok(())
}

/// The flag and the place of every file that `request` will write.
fn targets(request: &Request) -> Vec<(&'static str, PathBuf)> {
    let images = request.outputs.iter();
    let images = images.map(|output| (output.flag, output.path.clone()));
    let trace = request.program.profile.clone();
    let table = trace.as_deref().and_then(profile::table);
    images
        .chain(trace.map(|path| ("--profile", path)))
        .chain(table.map(|path| ("the table of --profile", path)))
        .collect()
}

/// Makes sure that there is memory for the image and for the file that needs most beside it.
///
/// # Errors
/// [`CliError::Failed`] with what is needed and what there is.
pub fn check_memory(request: &Request) -> Result<(), CliError> {
    /// Bytes a pixel of the image and of the flags that tell which are rendered.
    const IMAGE: u64 = 5;
    let beside = |kind: &OutputKind| match kind {
        OutputKind::Float => 0,
        OutputKind::Pgm { .. } => 1,
        // Counts, and the file; a copy with noise comes on top, and on a GPU its way there and back.
        OutputKind::Counts { .. } => 4,
        OutputKind::Noise(_) => 4 + 8,
        // A copy to find the percentile in; then up to three channels, and the file.
        OutputKind::Png | OutputKind::Overview => 12,
        OutputKind::Tiff => 4,
    };
    let [width, height] = frame_size(&request.experiment);
    let pixels = (width as u64).saturating_mul(height as u64);
    let of_outputs = request.outputs.iter().map(|Output { kind, .. }| {
        let on_top = match kind {
            OutputKind::Noise(noise) => spread_memory(noise, &request.experiment),
            // Of its own size.
            OutputKind::Overview => LARGEST_OVERVIEW * 12,
            _ => 0,
        };
        pixels
            .saturating_mul(IMAGE + beside(kind))
            .saturating_add(on_top)
    });
    let needed = Bytes(of_outputs.max().unwrap_or(pixels.saturating_mul(IMAGE)));
    needed.check().map_err(|available| {
        anyhow::anyhow!(
            "an image of {width} x {height} pixels and its files need {needed} of memory, and this \
             machine has {available}; take fewer pixels, or write only -floatfile"
        )
        .into()
    })
}

/// Bytes that the point spread of `noise` takes for the largest panel.
fn spread_memory(noise: &Noise, experiment: &Experiment) -> u64 {
    let panels = &experiment.detector().panels;
    let memory = noise.spread().map(|spread| {
        let memory = panels.iter();
        memory.map(move |panel| point_spread::memory(&spread, panel.shape).0)
    });
    memory.into_iter().flatten().max().unwrap_or(0)
}

/// Whether two paths lead to one regular file, there already or not.
pub fn same_file(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| -> Option<PathBuf> {
        if let Ok(found) = fs::canonicalize(path) {
            // Any number of outputs may go to /dev/null.
            return found.is_file().then_some(found);
        }
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let directory = fs::canonicalize(directory.unwrap_or(Path::new("."))).ok()?;
        Some(directory.join(path.file_name()?))
    };
    matches!((real(one), real(other)), (Some(one), Some(other)) if one == other)
}

/// Writes every file of `request`: all under temporary names first, then each into its place.
///
/// # Errors
/// [`CliError::Failed`] with the file to blame; as long as the first part fails, no target is
/// touched.
pub fn write(
    request: &Request,
    renderer: &Renderer,
    image: &Image,
    statistics: &Statistics,
) -> Result<Vec<WrittenFile>, CliError> {
    let make = |output: &Output| make(request, renderer, image, statistics, output);
    // A float file needs no memory beside the image's, and mostly waits for the disk: it is made
    // beside the others, which come one after the other.
    let all = |floats: bool| {
        let outputs = request.outputs.iter();
        let wanted = outputs.filter(move |output| (output.kind == OutputKind::Float) == floats);
        wanted.map(make).collect::<Vec<_>>()
    };
    let (floats, others) = rayon::join(|| all(true), || all(false));
    let made: Result<Vec<_>, CliError> = floats.into_iter().chain(others).collect();
    let (pending, written): (Vec<_>, Vec<_>) = made?.into_iter().unzip();
    if interrupt::interrupted() {
        // The pending files go with the list.
        return Err(RenderError::Interrupted.into());
    }
    let _span = info_span!(target: FILES, "put in place").entered();
    pending.into_iter().try_for_each(PendingFile::commit)?;
    Ok(written)
}

/// The file of `output`, under a temporary name.
fn make(
    request: &Request,
    renderer: &Renderer,
    image: &Image,
    statistics: &Statistics,
    output: &Output,
) -> Result<(PendingFile, WrittenFile), CliError> {
    let Output { kind, flag, path } = output;
    let unfit = |problem| FormatError::Content {
        path: path.clone(),
        problem,
    };
    let _span = span_of(kind).entered();
    let (mut scaled, mut ends) = (None, Clipped::default());
    let file = match *kind {
        OutputKind::Float => PendingFile::write(path, &raw::encode(image))?,
        OutputKind::Tiff => PendingFile::write(path, &tiff::encode(image).map_err(unfit)?)?,
        OutputKind::Png => {
            let style = request.style;
            let tone = ToneMap::of(image, style.scale, style.percentile);
            let file = png::encode(image, &tone, style.colormap, style.depth).map_err(unfit)?;
            PendingFile::write(path, &file)?
        }
        OutputKind::Overview => {
            let style = request.style;
            let tone = ToneMap::of(image, style.scale, style.percentile);
            let picture = overview(image, &request.experiment, request.up());
            let file = png::encode(&picture, &tone, style.colormap, style.depth).map_err(unfit)?;
            PendingFile::write(path, &file)?
        }
        OutputKind::Pgm { scale } => {
            let scale = scale.unwrap_or_else(|| pgm::automatic_scale(statistics));
            scaled = Some(scale);
            PendingFile::write(path, &pgm::encode(image, scale))?
        }
        OutputKind::Counts { scale, adc } => {
            let automatic = Counts::automatic(statistics, adc);
            let chosen = Counts {
                scale: scale.unwrap_or(automatic.scale),
                ..automatic
            };
            scaled = Some(chosen.scale);
            let (file, clipped) = smv_file(request, image, chosen);
            ends = clipped;
            PendingFile::write(path, &file)?
        }
        OutputKind::Noise(noise) => {
            scaled = Some(noise.gain).filter(|&gain| gain != 1.0);
            let noisy = renderer.expose(image, &noise, &panel_heights(&request.experiment))?;
            let (file, clipped) = smv_file(request, &noisy, Counts::AS_THEY_ARE);
            ends = Clipped {
                above: clipped.above.max(noise.saturated(&noisy)),
                ..clipped
            };
            PendingFile::write(path, &file)?
        }
    };
    let written = WrittenFile {
        flag,
        path: path.display().to_string(),
        scale: scaled,
        overloads: ends.above,
        underloads: ends.below,
    };
    Ok((file, written))
}

/// The span in which a file of `kind` is made and written.
fn span_of(kind: &OutputKind) -> Span {
    match kind {
        OutputKind::Float => info_span!(target: FILES, "float"),
        OutputKind::Counts { .. } => info_span!(target: FILES, "SMV"),
        OutputKind::Noise(_) => info_span!(target: FILES, "SMV with noise"),
        OutputKind::Pgm { .. } => info_span!(target: FILES, "PGM"),
        OutputKind::Png => info_span!(target: FILES, "PNG"),
        OutputKind::Overview => info_span!(target: FILES, "overview"),
        OutputKind::Tiff => info_span!(target: FILES, "TIFF"),
    }
}

fn smv_file(request: &Request, image: &Image, counts: Counts) -> (Vec<u8>, Clipped) {
    let size = frame_size(&request.experiment);
    smv::encode(image, counts, &smv::describe(&request.experiment, size))
}
