//! What a render takes of memory.

use super::{RenderError, Renderer, frame_size};
use crate::experiment::Experiment;
use crate::memory::Bytes;
use crate::scene::Scene;

/// Makes sure that there is memory for the image of `experiment`, of so many energy channels.
pub(super) fn check(experiment: &Experiment, channels: usize) -> Result<(), RenderError> {
    let [width, height] = frame_size(experiment);
    // One flag a pixel may come on top of its value, and a sum over the energy channels.
    let per_pixel = if channels > 1 { 13 } else { 5 };
    let pixels = (width as u64).saturating_mul(height as u64);
    let needed = Bytes(pixels.saturating_mul(per_pixel));
    needed
        .check()
        .map_err(|available| RenderError::ImageTooLarge {
            width,
            height,
            needed,
            available,
        })
}

impl Renderer {
    /// What rendering `experiment` takes of the GPU's memory; `None` on the CPU path.
    ///
    /// # Errors
    /// [`RenderError::Scene`] when the experiment cannot be laid out.
    pub fn device_memory(&self, experiment: &Experiment) -> Result<Option<Bytes>, RenderError> {
        let Some(gpu) = self.gpu_in_use() else {
            return Ok(None);
        };
        Ok(Some(gpu.memory(&Scene::new(experiment)?)))
    }
}
