//! Several crystals in one image: `--expt-index all`.

use super::CliError;
use super::flags::Request;
use super::output::say;
use crate::document::Experiments;
use crate::formats::{Access, expt};
use crate::memory::Bytes;
use crate::render::{Monitor, Rendered, Renderer, Shot, Wanted, panel_heights};

/// What is `wanted` of the experiment of `request`, with the photons of the other experiments' crystals
/// in the list, if all are asked for. Crystals scatter by themselves: their intensities add up. A
/// background is there once.
///
/// # Errors
/// [`CliError`] for experiments that differ in more than their crystals, and as a render.
pub fn shot(
    request: &mut Request,
    renderer: &Renderer,
    wanted: Wanted,
    monitor: &dyn Monitor,
) -> Result<Shot, CliError> {
    let detector = &request.document.detector;
    let (Some(Experiments::All), Some(path)) = (
        detector.dials_experiment_index,
        detector.dials_experiment.clone(),
    ) else {
        let experiment = &request.experiment;
        let laid_out = renderer.lay_out(experiment)?;
        let shot = renderer.shoot(&laid_out, experiment, wanted, monitor)?;
        return Ok(shot.take(monitor)?);
    };
    let Rendered {
        image,
        device,
        notices,
    } = renderer.render_watched(&request.experiment, monitor)?;
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
    let of_all = format!(
        "{}: the image is of the crystals of all {count} experiments",
        path.display()
    );
    request.notices.push(of_all.clone());
    say(format_args!("nanobragg: note: {of_all}"));
    let image = image.with_rendered(sums.into_iter().map(|sum| sum as f32).collect());
    let panels = panel_heights(&request.experiment);
    let mut shot = renderer.read_out(&image, &panels, wanted.readouts)?;
    shot.notices.splice(0..0, notices);
    Ok(Shot {
        photons: wanted.photons.then_some(image),
        device,
        ..shot
    })
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
