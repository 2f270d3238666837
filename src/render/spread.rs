//! Light that spreads on the detector, in float64, for images whose digits count.

use super::{RenderError, Renderer, frame_size, memory, panel_heights};
use crate::experiment::Experiment;
use crate::image::noise::{PointSpread, point_spread};
use crate::scene::Scene;

impl Renderer {
    /// Spreads the light in an image of `experiment`, one number a pixel in the order of the image, by
    /// this `spread`, on this renderer's threads: from rendered pixels of a panel onto such. The spread is
    /// its own adjoint.
    ///
    /// # Errors
    /// [`RenderError::Weights`] unless there is one number a pixel, [`RenderError::Noise`] for an
    /// impossible spread and too little memory.
    pub fn spread(
        &self,
        experiment: &Experiment,
        image: &mut [f64],
        spread: &PointSpread,
    ) -> Result<(), RenderError> {
        let [width, height] = frame_size(experiment);
        let panels = panel_heights(experiment);
        if image.len() != width * height {
            return Err(RenderError::Weights {
                found: image.len(),
                pixels: width * height,
            });
        }
        memory::admit_spread_on_cpu(spread, width, &panels)?;
        let flags = Scene::flags(experiment.sampling().region, experiment.panels());
        let mask = |image: &mut [f64]| {
            for (pixel, _) in image
                .iter_mut()
                .zip(flags.iter().flatten())
                .filter(|own| !own.1)
            {
                *pixel = 0.0;
            }
        };
        mask(image);
        if spread.fwhm_pixels > 0.0 {
            self.install(|| point_spread::spread(image, width, &panels, spread));
        }
        mask(image);
        Ok(())
    }
}
