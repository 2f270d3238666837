//! Derivatives along a direction of F.

use std::sync::Arc;

use super::DerivativeWatch;
use crate::gpu::{GpuError, GpuRenderer};
use crate::scene::Scene;

impl GpuRenderer {
    /// Adds to `image` how the photons of `scene` change along the `direction` of F, one for each reflection
    /// of its grid. F² is a parabola: half the difference between the images of F + d and F − d is the
    /// slope along d, and exactly that, for d of any size. `watch` is as in [`GpuRenderer::render`].
    ///
    /// # Errors
    /// As [`GpuRenderer::derivative_images`].
    pub fn derivative_along_f(
        &self,
        scene: &Scene,
        direction: &[f64],
        image: &mut [f64],
        watch: &mut DerivativeWatch,
    ) -> Result<(), GpuError> {
        let most = |values: &[f64]| {
            values
                .iter()
                .fold(0.0, |most: f64, own| most.max(own.abs()))
        };
        let Some(grid) = scene.grid.as_ref().filter(|_| most(direction) > 0.0) else {
            return Ok(());
        };
        let largest = most(grid.amplitudes()).max(scene.default_f.abs());
        let step = if largest > 0.0 { largest } else { 1.0 } / most(direction);
        for sign in [1.0, -1.0] {
            let pairs = grid.amplitudes().iter().zip(direction);
            let moved = pairs.map(|(f, own)| f + sign * step * own);
            let scene = Scene {
                grid: Some(Arc::new(grid.with_amplitudes(moved.collect()))),
                background: 0.0,
                amorphous: Arc::new([]),
                ..scene.clone()
            };
            let photons = self.render(&scene, watch.dispatched)?;
            for (sum, own) in image.iter_mut().zip(photons) {
                *sum += sign / (2.0 * step) * f64::from(own);
            }
        }
        Ok(())
    }
}
