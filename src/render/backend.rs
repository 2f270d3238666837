//! What a renderer renders with: one trait, which the CPU and the GPU path implement.

use std::fmt::Debug;

use super::derivatives::{Derivatives, Differentiated, Gradient};
use super::laid_out::FrameScenes;
use super::shot::{InFlight, Subject, Wanted};
use super::{Monitor, RenderError};
use crate::image::noise::PointSpread;
use crate::memory::Bytes;
use crate::scene::{Rates, Scene, SceneVector, TermPlace};
use crate::trace::Trace;

/// Something that evaluates scenes. Threads may share it; no call sees anything of another.
pub trait Backend: Debug + Send + Sync {
    /// Name of the device that works now.
    fn device(&self) -> &str;

    /// Whether that device is a GPU.
    fn is_gpu(&self) -> bool;

    /// Shots that it makes at once, at least one.
    fn shots_at_once(&self) -> usize {
        1
    }

    /// Sets of a frame's derivative images that are on the host at once.
    fn derivatives_at_once(&self) -> usize {
        1
    }

    /// Makes what is `wanted` of `subject`, or has a device make it: the shot may still be in
    /// flight when this returns, and the next one can be made meanwhile. `monitor` watches the
    /// evaluation of terms, which is done then but for the last of them.
    ///
    /// Photons are in the order of the image: panels stacked, fast axis innermost; 0 where a pixel
    /// is outside the region or masked. Noise is that of
    /// [`noise::expose`](crate::image::noise::expose).
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when a GPU fails, [`RenderError::Scene`] when the F of an energy channel
    /// cannot be read, [`RenderError::Noise`], [`RenderError::Interrupted`].
    fn shoot<'a>(
        &'a self,
        subject: Subject<'a>,
        wanted: Wanted,
        monitor: &dyn Monitor,
    ) -> Result<InFlight<'a>, RenderError>;

    /// How the term at `place` of `scene` comes about. No other device stands in for one that
    /// fails.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when a GPU fails.
    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError>;

    /// The image of `frame` and its derivatives along `directions`; `rates` are those of the frame. The
    /// directions fit its scenes.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when a GPU fails, [`RenderError::Scene`] when the F of an energy channel
    /// cannot be read, [`RenderError::Interrupted`].
    fn derivative_images(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        directions: &[SceneVector],
        monitor: &dyn Monitor,
    ) -> Result<Derivatives, RenderError>;

    /// The gradient of Σ weight·photons of `frame`, with one of the `weights` a pixel; with respect to
    /// every F of its grids, too, if `amplitudes`.
    ///
    /// # Errors
    /// As [`Backend::derivative_images`].
    fn gradient(
        &self,
        frame: &FrameScenes,
        rates: &Rates,
        weights: &[f64],
        amplitudes: bool,
        monitor: &dyn Monitor,
    ) -> Result<Gradient, RenderError>;

    /// What frames of so many scenes like `scene`, an energy channel each, take of the memory of a GPU
    /// for what is `wanted` of them; `None` where there is none.
    fn device_memory(&self, scene: &Scene, channels: usize, wanted: &Wanted) -> Option<Bytes>;

    /// What the derivatives of `scene` take of the memory of a GPU: images along directions, or the gradient of
    /// a weighted sum; `None` where there is none.
    fn derivative_memory(
        &self,
        scene: &Scene,
        rates: &Rates,
        wanted: Differentiated,
    ) -> Option<Bytes>;

    /// What spreading light over a panel of `size` pixels takes of the host's memory.
    fn spread_memory(&self, spread: &PointSpread, size: [usize; 2]) -> Bytes;
}
