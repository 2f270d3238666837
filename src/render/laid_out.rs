//! An experiment that is laid out and admitted, and the frames rendered from it.
//!
//! The image is the sum of one scene an energy channel. Grids of F of many energies do not fit in
//! memory together, so they are streamed: while one channel is rendered the next one's list is
//! read, and no more than these two and the one on the device are kept.

use std::thread;

use tracing::info_span;

use super::monitor::PartOf;
use super::threads::spawn_scoped;
use super::{Monitor, RenderError, Rendered, Renderer, frame_size, memory};
use crate::experiment::Experiment;
use crate::image::Image;
use crate::profile::SETUP;
use crate::scene::{Layout, Scene};

/// An experiment that is laid out, and for which there is memory: what the frames of a series
/// share. [`Renderer::lay_out`] makes it.
#[derive(Debug, Clone)]
pub struct LaidOut {
    layout: Layout,
    /// Width and height of the image.
    size: [usize; 2],
    /// Which pixels are rendered, where not all are.
    pixels: Option<Vec<bool>>,
}

impl Renderer {
    /// Lays `experiment` out, once it is known that this machine has memory for its image and
    /// arrays. A frame that is then rendered by [`Renderer::render_frame`] does none of this again.
    ///
    /// # Errors
    /// [`RenderError::TooManyTerms`] and [`RenderError::ImageTooLarge`] when there is no memory,
    /// [`RenderError::Scene`] when the experiment cannot be laid out.
    pub fn lay_out(&self, experiment: &Experiment) -> Result<LaidOut, RenderError> {
        let _span = info_span!(target: SETUP, "scene").entered();
        memory::admit(experiment)?;
        let layout = Layout::new(experiment)?;
        memory::admit_image(experiment, layout.channels().len())?;
        Ok(LaidOut {
            layout,
            size: frame_size(experiment),
            pixels: rendered_pixels(experiment),
        })
    }

    /// Renders one frame of the experiment that was `laid_out`: `frame` is that experiment, or one
    /// [moved](Experiment::moved) from it.
    ///
    /// # Errors
    /// [`RenderError::Gpu`] when the GPU fails, [`RenderError::Scene`] when the F of an energy
    /// channel cannot be read, [`RenderError::Interrupted`].
    pub fn render_frame(
        &self,
        laid_out: &LaidOut,
        frame: &Experiment,
        monitor: &dyn Monitor,
    ) -> Result<Rendered, RenderError> {
        let LaidOut {
            layout,
            size: [width, height],
            pixels,
        } = laid_out;
        let setup = info_span!(target: SETUP, "scene").entered();
        let channels = layout.channels();
        let pose = layout.pose(frame);
        let mut grid = layout.read_grid(channels[0])?;
        drop(setup);
        let mut sum = Vec::new();
        let (mut device, mut notices) = (String::new(), Vec::new());
        for (place, &channel) in channels.iter().enumerate() {
            let scene = layout.scene(channel, grid, &pose)?;
            let part = PartOf::new(monitor, place, channels.len());
            let (rendered, next_grid) = thread::scope(|scope| -> Result<_, RenderError> {
                let next = channels.get(place + 1);
                let reading = next.map(|&next| spawn_scoped(scope, move || layout.read_grid(next)));
                let reading = reading.transpose()?;
                let rendered = self.backend.render(&scene, &part);
                Ok((rendered, reading.map(|reading| reading.join())))
            })?;
            let rendered = rendered?;
            device = rendered.device;
            let new = rendered.notices.into_iter();
            let new: Vec<String> = new.filter(|notice| !notices.contains(notice)).collect();
            notices.extend(new);
            let values = rendered.value;
            if channels.len() == 1 {
                let image = Image::new(*width, *height, values, pixels.clone());
                return Ok(Rendered {
                    image,
                    device,
                    notices,
                });
            }
            // In float64, so that a hundred channels keep the digits of one.
            sum.resize(values.len(), 0f64);
            for (sum, value) in sum.iter_mut().zip(&values) {
                *sum += f64::from(*value);
            }
            grid = match next_grid {
                None => None,
                Some(read) => read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
            };
        }
        let values = sum.into_iter().map(|value| value as f32).collect();
        Ok(Rendered {
            image: Image::new(*width, *height, values, pixels.clone()),
            device,
            notices,
        })
    }
}

/// Which pixels of `experiment` are rendered, where not all of them are.
fn rendered_pixels(experiment: &Experiment) -> Option<Vec<bool>> {
    let (panels, region) = (experiment.panels(), experiment.sampling().region);
    if region.is_none() && panels.iter().all(|panel| panel.mask.is_none()) {
        return None;
    }
    let flags = panels.iter().flat_map(|panel| {
        let [width, height] = panel.shape;
        let pixels = (0..height).flat_map(move |slow| (0..width).map(move |fast| (fast, slow)));
        pixels.map(move |(fast, slow)| Scene::rendered(region, panel, fast, slow))
    });
    Some(flags.collect())
}
