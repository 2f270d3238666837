//! `--dry-run`: the terms, memory and files of a render. The checks before it are those of a
//! render.

use serde_json::json;

use super::flags::{Printout, Request};
use super::output::{print_report, say};
use super::{CliError, files};
use crate::experiment::{Experiment, Shape, Sources};
use crate::memory::Bytes;
use crate::render::{Renderer, frame_size};
use crate::report::{Integrated, SamplingSummary};
use crate::scene::{self, Layout, Scene};
use crate::version;

/// Prints what the render that `request` asks for would come to.
///
/// # Errors
/// [`CliError::Failed`] where the render would not fit into the memory.
pub fn run(request: &Request, renderer: &Renderer) -> Result<(), CliError> {
    let experiment = &request.experiment;
    renderer.lay_out(experiment)?;
    let written = request.program.write_config.as_ref();
    let files = files::targets(request).into_iter();
    let files = files.filter(|(_, path)| Some(path) != written);
    let idle = [
        ("-printout", request.printout != Printout::Nothing),
        ("-progress", request.progress == Some(true)),
    ];
    let idle = idle.into_iter().filter(|(_, given)| *given);
    let mut told: Vec<String> = renderer.notice().map(Into::into).into_iter().collect();
    told.extend(idle.map(|(flag, _)| format!("{flag} has no effect: --dry-run renders no image")));
    let rendered_pixels = Scene::new(experiment)?.rendered_pixels();
    let sampling = SamplingSummary::new(experiment, rendered_pixels);
    told.extend(closed_form(experiment, &sampling));
    for notice in &told {
        say(format_args!("nanobragg: note: {notice}"));
    }
    let detector = experiment.detector();
    let files: Vec<_> = files
        .map(|(flag, path)| json!({ "flag": flag, "path": path.display().to_string(), "replaces": path.is_file() }))
        .collect();
    let wanted = files::wanted(request, files::number(request));
    let device = renderer.device_memory(experiment, &wanted)?;
    let report = json!({
        "version": version::NUMBER,
        "dry_run": true,
        "device": renderer.device_name(),
        "threads": renderer.threads(),
        "panels": detector.panels.len(),
        "pixels": frame_size(experiment),
        "rendered_pixels": rendered_pixels,
        "layers": detector.layers,
        "sampling": sampling,
        "integrated": Integrated::new(experiment),
        "terms_per_pixel": sampling.steps * f64::from(detector.layers),
        "memory": {
            "host_bytes": host_memory(request)?.0,
            "available_bytes": Bytes::available().0,
            "device_bytes": device.map(|bytes| bytes.0),
        },
        "files": files,
        "experiment_file": written.map(|path| path.display().to_string()),
        "notices": request.notices.iter().chain(&told).collect::<Vec<_>>(),
    });
    match request.program.quiet && !request.program.json {
        true => Ok(()),
        false => print_report(&report, request.program.json),
    }
}

/// A line where the closed form would take the place of samples: how many there are, and how many
/// terms it takes.
fn closed_form(experiment: &Experiment, sampling: &SamplingSummary) -> Option<String> {
    let (domains, steps) = (sampling.mosaic_domains, sampling.phi_steps);
    // The sources of a list stay: they are no samples of a spread.
    let sources = match experiment.beam().sources {
        Sources::List(_) => 1,
        Sources::Grid { .. } => sampling.sources,
    };
    let samples = f64::from(domains) * f64::from(steps) * sources as f64;
    let gaussian = experiment.crystal().shape == Shape::Gauss;
    let sampled = gaussian && experiment.sampling().analytic.is_none() && samples > 1.0;
    sampled.then(|| {
        format!(
            "{} terms are summed, for {domains} mosaic domain(s), {steps} step(s) of -osc and {} \
             source(s); --analytic takes {} for each segment of -osc: it integrates normal \
             mosaicity and -osc in closed form, and with --bandwidth and --divergence-sigma \
             wavelengths and directions",
            sampling.terms,
            sampling.sources,
            sampling.terms / samples
        )
    })
}

/// What the render takes of this machine's memory, beside what the program itself does: the image
/// with the file that needs most, sources and orientations, and F.
fn host_memory(request: &Request) -> Result<Bytes, CliError> {
    let experiment = &request.experiment;
    let layout = Layout::new(experiment)?;
    let grid = layout.read_grid(layout.channels()[0])?;
    let indices = grid.map_or(0, |grid| grid.amplitudes().len() as u64);
    let parts = [
        files::memory(request),
        scene::memory(experiment),
        Bytes::of::<f64>(indices),
    ];
    let parts = parts.into_iter();
    Ok(Bytes(
        parts.fold(0, |sum, bytes| sum.saturating_add(bytes.0)),
    ))
}
