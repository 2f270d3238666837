//! What a renderer renders with: one trait, which the CPU and the GPU path implement.

use std::fmt::Debug;

use super::{Monitor, RenderError};
use crate::image::Image;
use crate::image::noise::{Noise, PointSpread};
use crate::memory::Bytes;
use crate::scene::{Scene, TermPlace};
use crate::trace::Trace;

/// Something that evaluates scenes. Threads may share it; no call sees anything of another.
pub trait Backend: Debug + Send + Sync {
    /// Name of the device that works now.
    fn device(&self) -> &str;

    /// Whether that device is a GPU.
    fn is_gpu(&self) -> bool;

    /// The photons of every pixel of `scene`: panels stacked, fast axis innermost; 0 where a pixel
    /// is outside the region or masked.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when a GPU fails, [`RenderError::Interrupted`].
    fn render(
        &self,
        scene: &Scene,
        monitor: &dyn Monitor,
    ) -> Result<Outcome<Vec<f32>>, RenderError>;

    /// `image` with `noise`, as [`noise::expose`](crate::image::noise::expose) has it.
    ///
    /// # Errors
    /// [`RenderError::Noise`]; [`RenderError::Gpu`] when a GPU fails.
    fn expose(
        &self,
        image: &Image,
        noise: &Noise,
        panels: &[usize],
    ) -> Result<Outcome<Image>, RenderError>;

    /// How the term at `place` of `scene` comes about. No other device stands in for one that
    /// fails.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when a GPU fails.
    fn trace(&self, scene: &Scene, place: &TermPlace) -> Result<Trace, RenderError>;

    /// What rendering `scene` takes of the memory of a GPU; `None` where there is none.
    fn device_memory(&self, scene: &Scene) -> Option<Bytes>;

    /// What spreading light over a panel of `size` pixels takes of the host's memory.
    fn spread_memory(&self, spread: &PointSpread, size: [usize; 2]) -> Bytes;
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome<T> {
    /// The result.
    pub value: T,
    /// Name of the device that worked.
    pub device: String,
    /// What the user should know of this result.
    pub notices: Vec<String>,
}

impl<T> Outcome<T> {
    /// `value`, made on `device`, of which there is nothing to know.
    pub(super) fn of(value: T, device: &str) -> Outcome<T> {
        Outcome {
            value,
            device: device.to_string(),
            notices: Vec::new(),
        }
    }
}
