//! The files of a render: checked before the work, written whole after it.

use std::fs;
use std::path::{Path, PathBuf};

use tracing::info_span;

use super::config::Records;
use super::flags::{Output, OutputKind, Request};
use super::{CliError, interrupt, profile};
use crate::experiment::Experiment;
use crate::formats::encoding::Encoding;
use crate::formats::whole::{self, check_replaceable};
use crate::formats::{PendingFile, Problem, nxmx, png};
use crate::image::noise::{Noise, point_spread};
use crate::image::{Image, ToneMap, overview};
use crate::memory::Bytes;
use crate::profile::FILES;
use crate::render::{RenderError, Shot, Wanted, frame_size};
use crate::report::{Sight, WrittenFile, picture_with_rings};
use crate::series::{self, FrameSink, OutputSink, PlannedFrame, RenderedFrame};

/// Makes sure, before any work is done, that every output can be written, that no two of them are
/// one file, and that none is an input.
///
/// # Errors
/// [`CliError::Usage`] for files that are in each other's way, [`CliError::Failed`] for a target
/// that cannot be written.
pub fn check(request: &Request) -> Result<(), CliError> {
    let targets = targets(request);
    let panels = request.experiment.detector().panels.len();
    let nxmx = |output: &&Output| output.kind.format() == nxmx::FORMAT;
    if let Some(Output { flag, path, .. }) = request.outputs.iter().find(nxmx)
        && panels > nxmx::MOST_PANELS
    {
        return Err(CliError::Usage(format!(
            "{flag} {}: {panels} panels, and NXmx files are written of up to {}; name it .npy or \
             .tif, or render fewer panels",
            path.display(),
            nxmx::MOST_PANELS
        )));
    }
    for (index, (flag, path)) in targets.iter().enumerate() {
        if let Some(input) = input_at(&request.inputs, path) {
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
        let is_written = !request.program.dry_run || *flag == "--write-config";
        match is_written {
            true => whole::reserve(path)?,
            // Any number of dry runs may look at one place, and at what a render is writing.
            false => whole::check_possible(path)?,
        }
    }
    for output in &request.outputs {
        check_beside(output.kind.encoding(), &output.path, 1)?;
    }
    Ok(())
}

/// Makes sure that the files which `encoding` puts beside that at `path`, of so many frames, can be
/// written. That their folder can be written to is known.
///
/// # Errors
/// [`CliError::Failed`] with what stands in the way.
pub fn check_beside(
    encoding: Option<Encoding>,
    path: &Path,
    frames: usize,
) -> Result<(), CliError> {
    let files = encoding.map(|encoding| encoding.files_beside(path, frames));
    let mut files = files.into_iter().flatten();
    Ok(files.try_for_each(|path| check_replaceable(&path))?)
}

/// The flag and the place of every file that `request` will write.
pub fn targets(request: &Request) -> Vec<(&'static str, PathBuf)> {
    let images = request.outputs.iter();
    let images = images.map(|output| (output.flag, output.path.clone()));
    let trace = request.program.profile.clone();
    let table = trace.as_deref().and_then(profile::table);
    let program = &request.program;
    let beside = [
        ("--write-config", &program.write_config),
        ("--write-expt", &program.write_expt),
        ("--write-geom", &program.write_geom),
    ];
    let beside = beside.into_iter();
    images
        .chain(beside.filter_map(|(flag, path)| Some((flag, path.clone()?))))
        .chain(trace.map(|path| ("--profile", path)))
        .chain(table.map(|path| ("the table of --profile", path)))
        .collect()
}

/// What the image takes, with the file that needs most beside it.
pub fn memory(request: &Request) -> Bytes {
    /// Bytes a pixel of the image and of the flags that tell which are rendered.
    const IMAGE: u64 = 5;
    let [width, height] = frame_size(&request.experiment);
    let pixels = (width as u64).saturating_mul(height as u64);
    let beside = request.outputs.iter().map(|Output { kind, .. }| {
        let spread = match kind {
            OutputKind::Noise { noise, .. } => spread_memory(noise, &request.experiment),
            _ => 0,
        };
        kind.memory(pixels).saturating_add(spread)
    });
    let image = pixels.saturating_mul(IMAGE);
    Bytes(image.saturating_add(beside.max().unwrap_or(0)))
}

/// Makes sure that there is memory for the image and for the file that needs most beside it.
///
/// # Errors
/// [`CliError::Failed`] with what is needed and what there is.
pub fn check_memory(request: &Request) -> Result<(), CliError> {
    let [width, height] = frame_size(&request.experiment);
    let needed = memory(request);
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

/// The first of `inputs` that a file at `path` would overwrite.
pub fn input_at<'a>(
    inputs: impl IntoIterator<Item = &'a PathBuf>,
    path: &Path,
) -> Option<&'a PathBuf> {
    inputs.into_iter().find(|input| same_file(input, path))
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

/// What has to be rendered for the files of `request`.
pub fn wanted(request: &Request, number: u32) -> Wanted {
    series::wanted(request.outputs.iter().map(|output| &output.kind), number)
}

/// Writes every file of `request` of its `shot`: all under temporary names first, then each into its
/// place, with those `beside` them.
///
/// # Errors
/// [`CliError::Failed`] with the file to blame; as long as the first part fails, no target is
/// touched.
pub fn write(
    request: &Request,
    shot: &Shot,
    beside: Vec<PendingFile>,
) -> Result<Vec<WrittenFile>, CliError> {
    let mut sinks = make(request, shot)?;
    let _span = info_span!(target: FILES, "put in place").entered();
    commit(sinks.iter_mut().map(OutputSink::files), beside)?;
    let written = request.outputs.iter().zip(&sinks);
    let written = written.map(|(output, sink)| WrittenFile {
        flag: output.flag,
        path: output.path.display().to_string(),
        scale: sink.written.scale,
        overloads: sink.written.overloads,
        clipped_below: sink.written.clipped_below,
    });
    Ok(written.collect())
}

/// Puts the files of `sinks` and those `beside` them in their places, unless the user has asked to
/// stop.
///
/// # Errors
/// [`CliError::Failed`] with the file to blame.
pub fn commit<'a>(
    sinks: impl Iterator<Item = &'a mut FrameSink>,
    beside: Vec<PendingFile>,
) -> Result<(), CliError> {
    if interrupt::interrupted() {
        // The files go with the sinks.
        return Err(RenderError::Interrupted.into());
    }
    Ok(series::commit(sinks, beside)?)
}

/// Makes every file of `request`, none of them in its place yet. Files whose sinks are dropped are
/// taken away again.
///
/// # Errors
/// As [`write`].
pub fn make(request: &Request, shot: &Shot) -> Result<Vec<OutputSink>, CliError> {
    let records = Records::of(request);
    let outputs = request.outputs.iter();
    let mut sinks: Vec<_> = outputs
        .map(|output| OutputSink::of_frame(output.plain()))
        .collect();
    let frame = RenderedFrame {
        planned: PlannedFrame {
            number: number(request),
            experiment: &request.experiment,
            up: request.up(),
            record: &|output| records.for_file(&output.kind).cloned(),
            misset_seed: request.misset_seed(),
        },
        shot,
        draw: &drawing(request),
    };
    series::write_frame(&mut sinks, &frame)?;
    Ok(sinks)
}

/// The number of the image of `request`.
pub fn number(request: &Request) -> u32 {
    let number = request.outputs.iter().find_map(|output| match output.kind {
        OutputKind::Noise { noise, .. } => Some(noise.image),
        _ => None,
    });
    number.unwrap_or(0)
}

/// Draws PNGs in the style that `request` asks for.
pub fn drawing(
    request: &Request,
) -> impl Fn(&OutputKind, &PlannedFrame, &Image) -> Result<Vec<u8>, Problem> + Sync + use<> {
    let (style, rings_m) = (request.style, request.rings_m.clone());
    move |kind, planned, photons| {
        let tone = ToneMap::of(photons, style.scale, style.percentile);
        match (kind, &rings_m) {
            (OutputKind::Overview, _) => {
                let picture = overview(photons, planned.experiment, planned.up);
                png::encode(&picture, &tone, style.colormap, style.depth)
            }
            (_, None) => png::encode(photons, &tone, style.colormap, style.depth),
            (_, Some(rings_m)) => {
                let sight = Sight::of(planned.experiment);
                picture_with_rings(photons, &tone, style.colormap, &sight, rings_m)
            }
        }
    }
}
