//! Several crystals in one image: `--expt-index all`.

use super::CliError;
use super::flags::Request;
use crate::document::Experiments;
use crate::formats::{Access, expt};
use crate::image::Image;
use crate::memory::Bytes;
use crate::render::Renderer;

/// `image`, that of the first experiment of the list of `request`, with the photons of the other
/// experiments' crystals, if all are asked for. Crystals scatter by themselves: their intensities add
/// up. A background is there once.
///
/// # Errors
/// [`CliError`] for experiments that differ in more than their crystals, and as a render.
pub fn with_others(
    request: &mut Request,
    renderer: &Renderer,
    image: Image,
) -> Result<Image, CliError> {
    let detector = &request.document.detector;
    let (Some(Experiments::All), Some(path)) = (
        detector.dials_experiment_index,
        detector.dials_experiment.clone(),
    ) else {
        return Ok(image);
    };
    let access = Access {
        most: Bytes::available(),
        links: request.program.links,
    };
    let count = expt::read(&path, 0, access.most)?.experiments;
    let mut sums: Vec<f64> = image.values().iter().copied().map(f64::from).collect();
    for index in 1..count {
        let mut document = request.document.clone();
        document.detector.dials_experiment_index = Some(Experiments::One(index as u32));
        document.background = Default::default();
        let experiment = document.resolve(request.seed, access)?.experiment;
        let first = &request.experiment;
        if experiment.detector() != first.detector() || experiment.beam() != first.beam() {
            return Err(CliError::Usage(format!(
                "--expt {}: experiment {index} has another detector or beam than experiment 0; \
                 expected experiments that differ in their crystals, or --expt-index with one of them",
                path.display()
            )));
        }
        let photons = renderer.render(&experiment)?.image;
        for (sum, photons) in sums.iter_mut().zip(photons.values()) {
            *sum += f64::from(*photons);
        }
    }
    request.notices.push(format!(
        "{}: the image is of the crystals of all {count} experiments",
        path.display()
    ));
    Ok(image.with_rendered(sums.into_iter().map(|sum| sum as f32).collect()))
}

/// Makes sure that `request` is of one crystal, for a command that renders no other.
///
/// # Errors
/// [`CliError::Usage`].
pub fn require_one(request: &Request) -> Result<(), CliError> {
    match request.document.detector.dials_experiment_index {
        Some(Experiments::All) => Err(CliError::Usage(
            "--expt-index all: only a render takes several crystals; expected an index from 0"
                .into(),
        )),
        _ => Ok(()),
    }
}
