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

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

pub use numbered::Numbered;
pub use output::{
    Draw, Output, OutputKind, OutputSink, PlannedFrame, RenderedFrame, Written, write_frame,
};
pub use plan::{Frame, Motion, Plan};
pub use sink::{FrameSink, Target, commit};

use crate::experiment::ExperimentError;
use crate::formats::FormatError;
use crate::image::{Image, Statistics};
use crate::render::{Monitor, RenderError, Rendered, Renderer, spawn_scoped};

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
}

/// Who follows the frames of a series on the thread that renders.
pub trait Watcher {
    /// The monitor of frame `index` of `count`, counted from 0.
    fn monitor(&self, index: u32, count: u32) -> impl Monitor;

    /// A frame was rendered.
    fn rendered(&mut self, frame: &Rendered, statistics: &Statistics);
}

/// Renders the frames `indices` of `plan`, counted from 0, and has `write` deal with each, in their
/// order, while the next one is rendered.
///
/// # Errors
/// What `write` failed with, or else why a frame was not rendered; frames before it are written.
pub fn render<E: Send + From<SeriesError>>(
    plan: &Plan,
    indices: &[u32],
    renderer: &Renderer,
    watcher: &mut impl Watcher,
    write: impl FnMut(Frame, &Image, Statistics) -> Result<(), E> + Send,
) -> Result<(), E> {
    std::thread::scope(|scope| {
        // A frame is handed over once the one before is written.
        let (sender, receiver) = sync_channel(0);
        let writing = spawn_scoped(scope, || write_all(receiver, write));
        let writing = writing.map_err(SeriesError::from)?;
        let rendered = render_all(sender, plan, indices, renderer, watcher);
        let written = writing.join();
        written.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        Ok(rendered?)
    })
}

/// A frame that was rendered.
type Shot = (Frame, Image, Statistics);

fn render_all(
    sender: SyncSender<Shot>,
    plan: &Plan,
    indices: &[u32],
    renderer: &Renderer,
    watcher: &mut impl Watcher,
) -> Result<(), SeriesError> {
    let laid_out = renderer.lay_out(&plan.base)?;
    for &index in indices {
        let frame = plan.frame(index)?;
        let monitor = watcher.monitor(index, plan.frames);
        let rendered = renderer.render_frame(&laid_out, &frame.experiment, &monitor)?;
        drop(monitor);
        let statistics = renderer.install(|| Statistics::of(&rendered.image));
        watcher.rendered(&rendered, &statistics);
        if sender.send((frame, rendered.image, statistics)).is_err() {
            // The writing thread has failed, and says why.
            break;
        }
    }
    Ok(())
}

fn write_all<E>(
    receiver: Receiver<Shot>,
    mut write: impl FnMut(Frame, &Image, Statistics) -> Result<(), E>,
) -> Result<(), E> {
    for (frame, image, statistics) in receiver {
        write(frame, &image, statistics)?;
    }
    Ok(())
}
