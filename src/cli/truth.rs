//! The truth beside the images: `--write-expt`, an experiment list of DIALS with the crystal of
//! every frame, and `--write-geom`, a geometry file of CrystFEL.

use std::path::{Path, PathBuf};

use super::CliError;
use super::flags::{Output, Request};
use crate::formats::encoding::Counts;
use crate::formats::expt::{self, FrameImage};
use crate::formats::format::GeometryRoom;
use crate::formats::metadata::{FrameMetadata, Metadata};
use crate::formats::{PendingFile, geom};
use crate::series::{OutputKind, Target};

/// The files that `request` asks for of `frames`, numbered from `first_number`, to be put in their
/// places with the images.
///
/// # Errors
/// [`CliError::Failed`] for files that cannot be written.
pub fn files(
    request: &Request,
    frames: &[FrameMetadata],
    first_number: u32,
) -> Result<Vec<PendingFile>, CliError> {
    let mut written = Vec::new();
    if request.program.write_expt.is_none() && request.program.write_geom.is_none() {
        return Ok(written);
    }
    let pictured = |output: &&Output| output.kind.format().geometry != GeometryRoom::Nothing;
    let output = request.outputs.iter().find(pictured);
    let saturation = output.and_then(|output| match output.kind {
        OutputKind::Noise { noise, .. } => noise.saturation,
        _ => None,
    });
    let metadata = Metadata::of(&request.experiment, request.up(), saturation);
    if let Some(path) = &request.program.write_geom {
        written.push(PendingFile::write(path, geom::text(&metadata).as_bytes())?);
    }
    if let Some(path) = &request.program.write_expt {
        let files: Vec<(PathBuf, Option<usize>)> = output.map_or(Vec::new(), |output| {
            let target = Target::of_series(&output.path, frames.len());
            // One file is a file of several, though it hold but one.
            let in_one = frames.len() == 1 || matches!(target, Target::One(..));
            let numbers = (first_number..).zip(0..frames.len());
            numbers
                .map(|(number, place)| {
                    let file = seen_from(path, &target.path(number));
                    (file, in_one.then_some(place))
                })
                .collect()
        });
        let images: Vec<FrameImage> = files
            .iter()
            .map(|(file, place)| FrameImage {
                file,
                place: *place,
            })
            .collect();
        let text = expt::text(&metadata, frames, &images, output.map_or(0.0, pedestal));
        written.push(PendingFile::write(path, text.as_bytes())?);
    }
    Ok(written)
}

/// A line for each of the files that says less than its name promises.
pub fn notices(request: &Request) -> Vec<String> {
    let bent = |panel: &crate::experiment::Panel| panel.curved_m.is_some();
    let bent = request.experiment.detector().panels.iter().any(bent);
    let program = &request.program;
    let files = [
        ("--write-expt", &program.write_expt),
        ("--write-geom", &program.write_geom),
    ];
    let mut notices = Vec::new();
    for (flag, _) in files.iter().filter(|(_, path)| path.is_some() && bent) {
        notices.push(format!(
            "{flag}: the file has no room for a detector that is bent onto a sphere; its panels are \
             described as flat"
        ));
    }
    let pictured = |output: &Output| output.kind.format().geometry != GeometryRoom::Nothing;
    if program.write_expt.is_some() && !request.outputs.iter().any(pictured) {
        notices.push(
            "--write-expt: no SMV, CBF or NXmx file is written; the experiment list names no images"
                .into(),
        );
    }
    notices
}

/// Counts of a pixel without photons in the files of `output`.
fn pedestal(output: &Output) -> f64 {
    match output.kind {
        OutputKind::Noise { noise, .. } => noise.offset,
        OutputKind::Plain { adc, encoding, .. } if encoding.counts() => {
            let usual = match encoding.format.scaled_to_brightest {
                true => Counts::DEFAULT_OFFSET,
                false => 0.0,
            };
            adc.unwrap_or(usual)
        }
        _ => 0.0,
    }
}

/// The name of `image` in a list at `list`: without its folder where that is the list's, so that
/// both can be moved together; from the root where it is not.
pub fn seen_from(list: &Path, image: &Path) -> PathBuf {
    let whole = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let image = whole(image);
    match (image.parent() == whole(list).parent(), image.file_name()) {
        (true, Some(name)) => name.into(),
        _ => image,
    }
}
