//! `compare --reference PROGRAM -- FLAGS`: one image from another program, one from this.

use std::fs;
use std::path::Path;
use std::time::Instant;

use super::super::CliError;
use super::super::flags::Request;
use super::super::interrupt::CtrlC;
use super::super::output::say;
use super::super::reference::{self, IMAGE, LOGS, Reference, ReferenceError};
use super::super::scenario::seeded;
use super::super::scratch;

use super::Pair;
use super::folder::Folder;
use crate::formats::raw;
use crate::render::{RenderOptions, Renderer, frame_size};
use crate::report::{ComparedImage, ProgramTimes};

/// Renders the experiment of `words` and `request` with `reference` and with this program.
///
/// With a folder, the logs of a reference that failed are kept there too.
///
/// # Errors
/// [`CliError`] when either gives no image.
pub fn render(
    reference: &Reference,
    request: &Request,
    words: &[String],
    options: &RenderOptions,
    folder: Option<&Folder>,
) -> Result<Pair, CliError> {
    Reference::check(words)?;
    let started = Instant::now();
    let renderer = Renderer::new(options)?;
    let set_up_seconds = started.elapsed().as_secs_f64();

    let scratch = scratch::folder()?;
    let size = frame_size(&request.experiment);
    let words = seeded(words, request.seed);
    let run = reference.render(&words, size, scratch.path());
    let mut files = logs(scratch.path());
    let run = match (run, folder) {
        (Ok(run), _) => run,
        // Nobody who breaks off expects files.
        (Err(ReferenceError::Interrupted), _) => return Err(ReferenceError::Interrupted.into()),
        (Err(error), folder) => {
            if let Some(folder) = folder.filter(|_| !files.is_empty()) {
                folder.write(&files)?;
            }
            return Err(error.into());
        }
    };

    let started = Instant::now();
    let rendered = renderer.render_watched(&request.experiment, &CtrlC)?;
    let render_seconds = started.elapsed().as_secs_f64();
    for notice in renderer
        .notice()
        .into_iter()
        .chain(rendered.notices.iter().map(String::as_str))
    {
        say(format_args!("nanobragg: note: {notice}"));
    }
    if folder.is_some() {
        let own = std::iter::once("nanobragg".to_string()).chain(words);
        let own = reference::command_line(&own.collect::<Vec<_>>());
        files.push((
            format!("reference/{IMAGE}"),
            raw::encode(&run.image).into_owned(),
        ));
        files.push((
            format!("nanobragg/{IMAGE}"),
            raw::encode(&rendered.image).into_owned(),
        ));
        files.push(("nanobragg/command.txt".into(), own.into_bytes()));
    }
    let source = |name: String| ComparedImage {
        name,
        format: "rendered",
    };
    Ok(Pair {
        image: rendered.image,
        reference: run.image,
        sources: [
            source(format!("nanobragg {}", crate::version::NUMBER)),
            source(reference.program.display().to_string()),
        ],
        times: Some(ProgramTimes {
            reference_seconds: run.seconds,
            set_up_seconds,
            render_seconds,
            device: rendered.device,
        }),
        files,
    })
}

/// Output and command of the reference, as files of the folder `reference`.
fn logs(scratch: &Path) -> Vec<(String, Vec<u8>)> {
    let read = |name| {
        Some((
            format!("reference/{name}"),
            fs::read(scratch.join(name)).ok()?,
        ))
    };
    LOGS.into_iter().filter_map(read).collect()
}
