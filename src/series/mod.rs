//! Series of many frames: what each of them is of, and the files that they go to.
//!
//! A [`Plan`] makes the experiment of each frame. [`render`] renders them one after the other on
//! one renderer, which keeps what frames have in common, and hands each over to be written
//! meanwhile. An [`Output`] is what the user wants of a frame, an [`OutputSink`] its files, and a
//! [`FrameSink`] the files of any frames, wherever these come from: `nanobragg`, its `series`,
//! `noise` and `convert` all write through it.

mod numbered;
mod output;
mod plan;
mod sink;

use std::path::PathBuf;
use std::sync::mpsc::sync_channel;

pub use numbered::Numbered;
pub use output::{
    Draw, Output, OutputKind, OutputSink, PlannedFrame, RenderedFrame, Written, wanted, write_frame,
};
pub use plan::{Frame, Motion, Plan};
pub use sink::{FrameSink, Target, commit};

use crate::experiment::ExperimentError;
use crate::formats::FormatError;
use crate::render::{InFlight, Monitor, RenderError, Renderer, Shot, Wanted, spawn_scoped};

/// Why a series stopped.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// A frame is of no possible experiment.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// A frame was not rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A file was not written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A frame came without what a file holds of it.
    #[error("{}: the frame was rendered without what it holds; please report it", .0.display())]
    NotWanted(PathBuf),
}

/// Who follows the frames of a series.
pub trait Watcher: Sync {
    /// The monitor of frame `index` of `count`, counted from 0.
    fn monitor(&self, index: u32, count: u32) -> impl Monitor;
}

/// Renders the frames `indices` of `plan`, counted from 0, and has `write` deal with each, in their
/// order, while the next one is rendered. `wanted` says what of the frame of a number.
///
/// # Errors
/// What `write` failed with, or else why a frame was not rendered; frames before it are written.
pub fn render<E: Send + From<SeriesError>>(
    plan: &Plan,
    indices: &[u32],
    renderer: &Renderer,
    watcher: &impl Watcher,
    wanted: impl Fn(u32) -> Wanted,
    mut write: impl FnMut(Frame, Shot) -> Result<(), E> + Send,
) -> Result<(), E> {
    std::thread::scope(|scope| {
        // A frame is handed over once the one before is written, or as many before as devices make
        // at once. It may be in flight still: waiting for it belongs to the writing thread, so that
        // the device has the next one meanwhile.
        let ahead = renderer.shots_at_once().saturating_sub(1);
        let (sender, receiver) = sync_channel::<(u32, Frame, InFlight)>(ahead);
        let write_all = move || -> Result<(), E> {
            for (index, frame, shot) in receiver {
                let monitor = watcher.monitor(index, plan.frames);
                let shot = shot.take(&monitor).map_err(SeriesError::from)?;
                write(frame, shot)?;
            }
            Ok(())
        };
        let writing = spawn_scoped(scope, write_all).map_err(SeriesError::from)?;
        let render_all = || -> Result<(), SeriesError> {
            let laid_out = renderer.lay_out(&plan.base)?.keeping_grids();
            for &index in indices {
                let frame = plan.frame(index)?;
                let monitor = watcher.monitor(index, plan.frames);
                let wanted = Wanted {
                    one_of_many: indices.len() > 1,
                    ..wanted(frame.number)
                };
                let shot = renderer.shoot(&laid_out, &frame.experiment, wanted, &monitor)?;
                if sender.send((index, frame, shot)).is_err() {
                    // The writing thread has failed, and says why.
                    break;
                }
            }
            Ok(())
        };
        let rendered = render_all();
        drop(sender);
        let written = writing.join();
        written.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(rendered?)
    })
}
