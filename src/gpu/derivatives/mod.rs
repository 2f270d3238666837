//! Derivatives of images (PHYSICS §17): along directions, or of a weighted sum of pixels.
//!
//! `shaders/derivatives.wgsl` adds up the slots of every pixel of a band of tiles, through which all
//! derivatives go (`job.rs`); their number does not grow with that of the parameters. `shaders/weigh.wgsl`
//! then multiplies them (`sink.rs`) with directions, four at a time (`along.rs`), or with the weights of
//! pixels (`weighted.rs`). What it leaves of a gradient, a few numbers a tile, is added up here in float64.

mod along;
mod along_f;
mod coordinates;
mod job;
mod plan;
mod sink;
mod weighted;

use super::job::Dispatch;
use super::{AdapterKind, GpuError, GpuRenderer};
use crate::scene::{Rates, Scene, SceneVector, slot};
pub use coordinates::{MOST_ROWS, Rows};
pub use job::DerivativeBuffers;
use job::DerivativeJob;
use weighted::Weights;

/// Whether the work is to stop.
pub type Interrupted<'w> = &'w (dyn Fn() -> bool + Sync);

/// Who watches derivatives, and may stop them.
pub struct DerivativeWatch<'w> {
    /// Is told of each dispatch; they stop where the answer is false.
    pub dispatched: &'w mut dyn FnMut(&Dispatch) -> bool,
    /// Whether they are to stop, while the host is at work.
    pub interrupted: Interrupted<'w>,
}

/// What is asked for.
pub enum Asked<'a> {
    /// Derivatives along directions.
    Along(&'a [&'a SceneVector]),
    /// All derivatives, those with respect to so many F among them.
    All(usize),
}

/// The direction along which the derivative of the image of `scene` is the image itself.
fn with_photons(scene: &Scene) -> SceneVector {
    let mut photons = SceneVector::zero(scene.panels.len(), 0);
    photons.slots[slot::SCALE] = 1.0;
    photons
}

impl GpuRenderer {
    /// Adds the photons of `scene` to `image`, and their derivatives along each of the `directions` to
    /// `derivatives`, but for those with respect to F of a grid: numbers of all pixels, panels stacked,
    /// fast axis innermost; 0 where a pixel is outside the region or masked. `watch` is as in
    /// [`GpuRenderer::render`].
    ///
    /// # Errors
    /// [`GpuError`]; the renderer can be used again unless the device was lost.
    pub fn derivative_images(
        &self,
        scene: &Scene,
        rates: &Rates,
        directions: &[SceneVector],
        image: &mut [f64],
        derivatives: &mut [Vec<f64>],
        watch: &mut DerivativeWatch,
    ) -> Result<(), GpuError> {
        let photons = with_photons(scene);
        let all: Vec<&SceneVector> = std::iter::once(&photons).chain(directions).collect();
        let mut images: Vec<&mut [f64]> = vec![image];
        images.extend(derivatives.iter_mut().map(Vec::as_mut_slice));
        let mut job = DerivativeJob::new(self, scene, rates, &Asked::Along(&all))?;
        job.make_weighted()?;
        for band in job.bands() {
            job.fill(&band, watch)?;
            job.follow(&band, &all, &mut images, watch.interrupted)?;
        }
        Ok(())
    }

    /// Adds the gradient of Σ weight·photons over the pixels of `scene`, one of the `weights` each in the
    /// order of the image, to `gradient`: with respect to the F of energy channel number `channel`, too,
    /// where it has room for them. `watch` is as in [`GpuRenderer::render`].
    ///
    /// # Errors
    /// As [`GpuRenderer::derivative_images`].
    pub fn gradient(
        &self,
        scene: &Scene,
        rates: &Rates,
        weights: &[f64],
        (gradient, channel): (&mut SceneVector, usize),
        watch: &mut DerivativeWatch,
    ) -> Result<(), GpuError> {
        let reflections = gradient.amplitudes.get(channel).map_or(0, Vec::len);
        let mut job = DerivativeJob::new(self, scene, rates, &Asked::All(reflections))?;
        let weights = Weights::new(&job, weights);
        job.make_weighted()?;
        for band in job.bands() {
            let own = weights.of_tiles(&job, &band);
            job.put_weights(&own)?;
            job.fill(&band, watch)?;
            job.weigh(&band, (&own, weights.unit), gradient)?;
        }
        if let Some(amplitudes) = gradient
            .amplitudes
            .get_mut(channel)
            .filter(|_| reflections > 0)
        {
            let unit = weights.unit * job.plan.scaling.amplitude / 2f64.powi(32);
            let sums: Vec<u64> = job.read(|buffers| &buffers.weighted, 2 * reflections)?;
            let (sums, _) = sums.as_chunks::<2>();
            for (own, [positive, negative]) in amplitudes.iter_mut().zip(sums) {
                *own += unit * (*positive as f64 - *negative as f64);
            }
        }
        Ok(())
    }

    /// Whether the host multiplies slots with directions and weights: a software device has no processor
    /// of its own, and takes ten times as long.
    fn leaves_derivatives_to_host(&self) -> bool {
        let software = self.device.kind() == AdapterKind::Software;
        self.options
            .derivatives_on_device
            .map_or(software, |own| !own)
    }
}
