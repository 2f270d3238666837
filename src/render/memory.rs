//! Whether there is memory for a render. This is the one place of the library that asks the system:
//! readers and constructors only work out what they take.

use super::{Backend, RenderError, Renderer, Wanted, frame_size};
use crate::cpu::derivatives;
use crate::experiment::Experiment;
use crate::image::noise::{Noise, PointSpread, point_spread};
use crate::memory::Bytes;
use crate::scene::{self, Layout, Scene};

/// Makes sure that there is memory for the sources and orientations of `experiment`.
///
/// # Errors
/// [`RenderError::TooManyTerms`].
pub fn admit(experiment: &Experiment) -> Result<(), RenderError> {
    let needed = scene::memory(experiment);
    needed
        .check()
        .map_err(|available| RenderError::TooManyTerms {
            sources: experiment.beam().source_count_bound(),
            orientations: scene::orientation_count(experiment),
            needed,
            available,
        })
}

/// Whether grids of so many values, one for each of so many energy channels, may be kept from frame
/// to frame: if they take no more than half of what there is.
pub(super) fn has_room_to_keep(values: usize, channels: usize) -> bool {
    let one = Bytes::of::<f64>(values as u64);
    let all = one.0.saturating_mul(channels as u64);
    all.saturating_mul(2) <= Bytes::available().0
}

/// Makes sure that there is memory for so many images of `experiment` at once, of so many energy
/// channels.
///
/// # Errors
/// [`RenderError::ImageTooLarge`].
pub(super) fn admit_images(
    images: usize,
    experiment: &Experiment,
    channels: usize,
) -> Result<(), RenderError> {
    let [width, height] = frame_size(experiment);
    // One flag a pixel may come on top of its value, and a sum over the energy channels.
    let per_pixel = if channels > 1 { 13 } else { 5 };
    let pixels = (width as u64).saturating_mul(height as u64);
    let needed = pixels.saturating_mul(per_pixel);
    let needed = Bytes(needed.saturating_mul(images as u64));
    needed
        .check()
        .map_err(|available| RenderError::ImageTooLarge {
            width,
            height,
            needed,
            available,
        })
}

/// Makes sure that there is memory for so many derivative images of this size in float64, beside the image
/// itself, and for so many sets of them `at_once`; what they take.
///
/// # Errors
/// [`RenderError::TooManyDerivatives`].
pub(super) fn admit_derivatives(
    count: usize,
    [width, height]: [usize; 2],
    at_once: usize,
) -> Result<Bytes, RenderError> {
    let pixels = (width as u64).saturating_mul(height as u64);
    let images = (count as u64 + 1).saturating_mul(at_once as u64);
    let needed = Bytes::of::<f64>(pixels.saturating_mul(images));
    needed
        .check()
        .map(|()| needed)
        .map_err(|available| RenderError::TooManyDerivatives {
            count,
            width,
            height,
            needed,
            available,
        })
}

/// Zeros for the gradient with respect to the F of the grid of `scene`, once there is memory for them and
/// for the sums of the CPU path's bands.
///
/// # Errors
/// [`RenderError::TooManyAmplitudes`].
pub(super) fn amplitude_gradient(scene: &Scene) -> Result<Vec<f64>, RenderError> {
    let grid = scene.grid.iter().flat_map(|grid| grid.amplitudes());
    let reflections = grid.count();
    let needed = derivatives::amplitude_memory(scene, reflections);
    needed
        .check()
        .map_err(|available| RenderError::TooManyAmplitudes {
            reflections,
            needed,
            available,
        })?;
    Ok(vec![0.0; reflections])
}

/// Makes sure that there is memory for `backend` to spread light with `noise` on each of the
/// `panels`, of these heights, that are stacked in an image of `width`.
///
/// # Errors
/// [`RenderError::Noise`], for impossible noise, too.
pub(super) fn admit_spread(
    backend: &dyn Backend,
    noise: &Noise,
    width: usize,
    panels: &[usize],
) -> Result<(), RenderError> {
    noise.check()?;
    if let Some(spread) = noise.spread() {
        let memory = |size| backend.spread_memory(&spread, size);
        point_spread::check(width, panels, Bytes::available(), memory)?;
    }
    Ok(())
}

/// As [`admit_spread`], for a spread in float64 on the processor.
pub(super) fn admit_spread_on_cpu(
    spread: &PointSpread,
    width: usize,
    panels: &[usize],
) -> Result<(), RenderError> {
    let noise = Noise {
        point_spread: Some(*spread),
        ..Noise::default()
    };
    noise.check()?;
    let memory = |size| Bytes(2 * point_spread::memory(spread, size).0);
    Ok(point_spread::check(
        width,
        panels,
        Bytes::available(),
        memory,
    )?)
}

impl Renderer {
    /// What rendering `experiment` for what is `wanted` of it takes of the GPU's memory; `None` on the
    /// CPU path.
    ///
    /// # Errors
    /// [`RenderError::Scene`] when the experiment cannot be laid out.
    pub fn device_memory(
        &self,
        experiment: &Experiment,
        wanted: &Wanted,
    ) -> Result<Option<Bytes>, RenderError> {
        if !self.on_gpu() {
            return Ok(None);
        }
        let layout = Layout::new(experiment)?;
        let channels = layout.channels();
        let scene = layout.own_scene(channels[0])?;
        Ok(self.backend.device_memory(&scene, channels.len(), wanted))
    }
}
