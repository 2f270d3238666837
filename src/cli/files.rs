//! The files of a render: checked before the work, written whole after it.

use std::fs;
use std::path::{Path, PathBuf};

use tracing::{Span, info_span};

use super::config::{self, Records};
use super::flags::{DEFAULT_OFFSET, Output, OutputKind, Request};
use super::{CliError, interrupt, profile};
use crate::experiment::Experiment;
use crate::formats::encoding::{Encoding, Number};
use crate::formats::image_file::Header;
use crate::formats::image_header::ImageHeader;
use crate::formats::nxmx::{FrameSetting, Setting};
use crate::formats::smv::{self, Counts};
use crate::formats::{FormatError, PendingFile, check_writable, pgm, png, record};
use crate::image::noise::{Noise, point_spread};
use crate::image::{Image, LARGEST_OVERVIEW, Statistics, ToneMap, overview};
use crate::memory::Bytes;
use crate::profile::FILES;
use crate::render::{RenderError, Renderer, frame_size, panel_heights};
use crate::report::{Sight, WrittenFile, picture_with_rings};

/// The least count that is written: readers of CBF take lower ones for gaps between modules.
pub const LEAST_COUNT: Option<i32> = Some(0);

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
pub fn targets(request: &Request) -> Vec<(&'static str, PathBuf)> {
    let images = request.outputs.iter();
    let images = images.map(|output| (output.flag, output.path.clone()));
    let trace = request.program.profile.clone();
    let table = trace.as_deref().and_then(profile::table);
    let experiment = request.program.write_config.clone();
    images
        .chain(experiment.map(|path| ("--write-config", path)))
        .chain(trace.map(|path| ("--profile", path)))
        .chain(table.map(|path| ("the table of --profile", path)))
        .collect()
}

/// What the image takes, with the file that needs most beside it.
pub fn memory(request: &Request) -> Bytes {
    /// Bytes a pixel of the image and of the flags that tell which are rendered.
    const IMAGE: u64 = 5;
    // Counts, and the file.
    let of_file = |encoding: Encoding| match encoding {
        Encoding::Raw | Encoding::Smv => 0,
        Encoding::Tiff(Number::F32) => 4,
        // Photons without a value where nothing was rendered, and a file of up to 15 bytes a pixel.
        Encoding::Cbf => 8 + 4 + 15,
        // A frame as numbers, as bytes, sorted, and compressed.
        Encoding::Nxmx(..) => 8 + 4 + 4 + 4 + 5,
        Encoding::Tiff(_) | Encoding::Npy(_) => 8 + 4 + 4,
    };
    let beside = |kind: &OutputKind| match *kind {
        OutputKind::Plain { encoding, .. } => of_file(encoding),
        OutputKind::Pgm { .. } => 1,
        // A copy with noise comes on top, and on a GPU its way there and back.
        OutputKind::Noise { encoding, .. } => of_file(encoding) + 8,
        // A copy to find the percentile in; then up to three channels, and the file.
        OutputKind::Png | OutputKind::Overview => 12,
    };
    let [width, height] = frame_size(&request.experiment);
    let pixels = (width as u64).saturating_mul(height as u64);
    let of_outputs = request.outputs.iter().map(|Output { kind, .. }| {
        let on_top = match kind {
            OutputKind::Noise { noise, .. } => spread_memory(noise, &request.experiment),
            // Of its own size.
            OutputKind::Overview => LARGEST_OVERVIEW * 12,
            _ => 0,
        };
        pixels
            .saturating_mul(IMAGE + beside(kind))
            .saturating_add(on_top)
    });
    Bytes(of_outputs.max().unwrap_or(pixels.saturating_mul(IMAGE)))
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

/// A file under a temporary name.
pub struct Made {
    /// The file.
    pub file: PendingFile,
    /// What is told of it.
    pub told: WrittenFile,
    /// What the user should know of how it was made.
    pub notices: Vec<String>,
}

/// What the user should know of `made`, each notice once.
fn notices(made: &[Made]) -> Vec<String> {
    let mut notices: Vec<String> = Vec::new();
    for notice in made.iter().flat_map(|made| &made.notices) {
        if !notices.contains(notice) {
            notices.push(notice.clone());
        }
    }
    notices
}

/// Writes every file of `request`: all under temporary names first, then each into its place. With
/// what is told of the files comes what the user should know.
///
/// # Errors
/// [`CliError::Failed`] with the file to blame; as long as the first part fails, no target is
/// touched.
pub fn write(
    request: &Request,
    renderer: &Renderer,
    image: &Image,
    statistics: &Statistics,
) -> Result<(Vec<WrittenFile>, Vec<String>), CliError> {
    let made = make_all(request, renderer, image, statistics)?;
    let notices = notices(&made);
    let made = made.into_iter();
    let (pending, written): (Vec<_>, Vec<_>) = made.map(|made| (made.file, made.told)).unzip();
    if interrupt::interrupted() {
        // The pending files go with the list.
        return Err(RenderError::Interrupted.into());
    }
    let _span = info_span!(target: FILES, "put in place").entered();
    pending.into_iter().try_for_each(PendingFile::commit)?;
    Ok((written, notices))
}

/// Makes every file of `request` and takes all of them away again: no target is touched. What the user
/// should know of them is returned.
///
/// # Errors
/// As [`write`].
pub fn rehearse(
    request: &Request,
    renderer: &Renderer,
    image: &Image,
    statistics: &Statistics,
) -> Result<Vec<String>, CliError> {
    let made = make_all(request, renderer, image, statistics)?;
    Ok(notices(&made))
}

/// Every file of `request`, under temporary names.
fn make_all(
    request: &Request,
    renderer: &Renderer,
    image: &Image,
    statistics: &Statistics,
) -> Result<Vec<Made>, CliError> {
    let records = Records::of(request);
    let make = |output: &Output| make(request, renderer, image, statistics, &records, output);
    // A bare file needs least memory beside the image's, and mostly waits for the disk: it is made
    // beside the others, which come one after the other.
    let all = |floats: bool| {
        let outputs = request.outputs.iter();
        let wanted =
            outputs.filter(move |output| (output.kind.encoding() == Some(Encoding::Raw)) == floats);
        wanted.map(make).collect::<Vec<_>>()
    };
    let (floats, others) = rayon::join(|| all(true), || all(false));
    floats.into_iter().chain(others).collect()
}

/// The file of `output`, under a temporary name.
///
/// # Errors
/// [`CliError::Failed`] with the file to blame.
pub fn make(
    request: &Request,
    renderer: &Renderer,
    image: &Image,
    statistics: &Statistics,
    records: &Records,
    output: &Output,
) -> Result<Made, CliError> {
    let Output { kind, flag, path } = output;
    let unfit = |problem| FormatError::Content {
        path: path.clone(),
        problem,
    };
    let _span = span_of(kind).entered();
    let (mut scaled, mut overloads, mut clipped_below) = (None, 0, 0);
    let mut notices = Vec::new();
    let record = records.for_file(kind);
    let pictured = |file| match record {
        Some(text) => record::with_record(file, text),
        None => file,
    };
    let file = match *kind {
        OutputKind::Png => {
            let style = request.style;
            let tone = ToneMap::of(image, style.scale, style.percentile);
            let file = match &request.rings_m {
                None => png::encode(image, &tone, style.colormap, style.depth),
                Some(rings_m) => {
                    let sight = Sight::of(&request.experiment);
                    picture_with_rings(image, &tone, style.colormap, &sight, rings_m)
                }
            };
            PendingFile::write(path, &pictured(file.map_err(unfit)?))?
        }
        OutputKind::Overview => {
            let style = request.style;
            let tone = ToneMap::of(image, style.scale, style.percentile);
            let picture = overview(image, &request.experiment, request.up());
            let file = png::encode(&picture, &tone, style.colormap, style.depth).map_err(unfit)?;
            PendingFile::write(path, &pictured(file))?
        }
        OutputKind::Pgm { scale } => {
            let scale = scale.unwrap_or_else(|| pgm::automatic_scale(statistics));
            scaled = Some(scale);
            PendingFile::write(path, &pgm::encode(image, scale))?
        }
        OutputKind::Plain {
            encoding,
            scale,
            adc,
        } => {
            let automatic = match encoding {
                Encoding::Smv => Counts::automatic(statistics, DEFAULT_OFFSET),
                _ => Counts::AS_THEY_ARE,
            };
            let counts = Counts {
                scale: scale.unwrap_or(automatic.scale),
                adc_offset: adc.unwrap_or(automatic.adc_offset),
            };
            scaled = Some(counts.scale).filter(|_| encoding.number() != Number::F32);
            let header = header(request, encoding, None, record);
            let (file, clipped) =
                encoding.write_image(path, image, counts, LEAST_COUNT, &header)?;
            (overloads, clipped_below) = (clipped.above, clipped.below);
            file
        }
        OutputKind::Noise { encoding, noise } => {
            scaled = Some(noise.gain).filter(|&gain| gain != 1.0);
            let exposed = renderer.expose(image, &noise, &panel_heights(&request.experiment))?;
            let noisy = exposed.image;
            notices = exposed.notices;
            let header = header(request, encoding, noise.saturation, record);
            let counts = Counts::AS_THEY_ARE;
            let (file, clipped) =
                encoding.write_image(path, &noisy, counts, LEAST_COUNT, &header)?;
            overloads = clipped.above.max(noise.saturated(&noisy));
            clipped_below = clipped.below;
            file
        }
    };
    let told = WrittenFile {
        flag,
        path: path.display().to_string(),
        scale: scaled,
        overloads,
        clipped_below,
    };
    Ok(Made {
        file,
        told,
        notices,
    })
}

/// The span in which a file of `kind` is made and written.
fn span_of(kind: &OutputKind) -> Span {
    match kind {
        OutputKind::Plain { encoding, .. } => match encoding {
            Encoding::Raw => info_span!(target: FILES, "float"),
            Encoding::Smv => info_span!(target: FILES, "SMV"),
            Encoding::Cbf => info_span!(target: FILES, "CBF"),
            Encoding::Tiff(_) => info_span!(target: FILES, "TIFF"),
            Encoding::Npy(_) => info_span!(target: FILES, "npy"),
            Encoding::Nxmx(..) => info_span!(target: FILES, "NXmx"),
        },
        OutputKind::Noise { encoding, .. } => match encoding {
            Encoding::Smv => info_span!(target: FILES, "SMV with noise"),
            _ => info_span!(target: FILES, "file with noise"),
        },
        OutputKind::Pgm { .. } => info_span!(target: FILES, "PGM"),
        OutputKind::Png => info_span!(target: FILES, "PNG"),
        OutputKind::Overview => info_span!(target: FILES, "overview"),
    }
}

/// What the headers of files say of the experiment, of the largest count and of what made them.
fn header(
    request: &Request,
    encoding: Encoding,
    saturation: Option<f64>,
    record: Option<&String>,
) -> Header {
    let experiment = &request.experiment;
    let nexus = matches!(encoding, Encoding::Nxmx(..)).then(|| {
        let setting = Setting {
            configuration: record.cloned(),
            ..Setting::of(experiment, request.up(), saturation)
        };
        (setting, FrameSetting::of(experiment, request.up()))
    });
    let mut entries = smv::entries(experiment);
    let version = (
        "NANOBRAGG_VERSION".to_string(),
        config::version().to_string(),
    );
    entries.extend(smv::fits_beside(&entries, &version, frame_size(experiment)).then_some(version));
    Header {
        entries,
        geometry: ImageHeader {
            count_cutoff: saturation,
            ..ImageHeader::of(experiment)
        },
        nexus,
        record: record.cloned(),
    }
}
