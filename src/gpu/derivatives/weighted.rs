//! Gradients of weighted sums of pixels: the slots of each pixel times its weight.

use std::ops::Range;

use rayon::prelude::*;

use super::along::first_pixels;
use super::coordinates::SLOTS;
use super::job::{DerivativeJob, held};
use super::plan::f_bytes;
use crate::gpu::GpuError;
use crate::gpu::frame::room;
use crate::gpu::kernel::Entry;
use crate::gpu::layout::WeighingUniform;
use crate::gpu::scene_buffers::check_size;
use crate::scene::SceneVector;

/// How fast a term may change with F at most, on the device: more than twice its largest value there, with
/// room for an interpolation that overshoots.
const MOST_SLOPE: f64 = 16.0;

/// The weights of an image, so scaled that float32 has room for all sums.
pub struct Weights {
    /// One a pixel, in the order of the image, over `unit`, with the factors of its panel.
    values: Vec<f32>,
    pub unit: f64,
}

impl Weights {
    pub fn new(job: &DerivativeJob, weights: &[f64]) -> Weights {
        let factors = job.scene.panels.iter().flat_map(|panel| {
            std::iter::repeat_n(job.plan.scaling.photons(job.scene, panel), panel.pixels())
        });
        let scaled: Vec<f64> = factors
            .zip(weights)
            .map(|(own, weight)| own * weight)
            .collect();
        let sizes = || scaled.iter().map(|own| own.abs());
        let (largest, all) = (sizes().fold(0.0, f64::max), sizes().sum::<f64>());
        // Sums of as many terms as there are fit a whole number of 31 bits.
        let sums = MOST_SLOPE * job.scene.terms_per_pixel() * all / 2f64.powi(31);
        let unit = if largest > 0.0 {
            largest.max(sums)
        } else {
            1.0
        };
        Weights {
            values: scaled.into_iter().map(|own| (own / unit) as f32).collect(),
            unit,
        }
    }

    /// Those of a band's pixels, tile by tile; 0 where a pixel is not rendered.
    pub fn of_tiles(&self, job: &DerivativeJob, band: &Range<usize>) -> Vec<f32> {
        let (scene, size) = (job.scene, job.plan.size);
        let mut values = vec![0.0; band.len() * size.pixels()];
        let firsts = first_pixels(scene);
        let tiles = values.par_chunks_mut(size.pixels());
        tiles
            .zip(&job.places[band.clone()])
            .for_each(|(own, place)| {
                let panel = &scene.panels[place.panel];
                for (number, [fast, slow]) in place.pixels(panel, size) {
                    if scene.renders(panel, fast, slow) {
                        own[number] =
                            self.values[firsts[place.panel] + slow * panel.shape[0] + fast];
                    }
                }
            });
        values
    }
}

impl DerivativeJob<'_> {
    /// Makes room for the weighted sums of F, of four words each, and for the weights of a band's pixels behind
    /// them; the sums start from zero. Something has to be bound even where there is none.
    ///
    /// # Errors
    /// [`GpuError::TooLarge`] where there are more F than a shader can add to at once.
    pub fn make_weighted(&mut self) -> Result<(), GpuError> {
        let (gpu, plan, device) = (self.gpu, &self.plan, &self.gpu.device);
        let bytes = plan.weighted_bytes(self.places.len().min(plan.band_tiles));
        let what = "the slopes to structure factors";
        let advice = "list fewer indices, or have the CPU compute them";
        check_size(device, gpu.largest_grid(), what, bytes, advice)?;
        let weighted = &mut self.workspace.derivatives.weighted;
        let buffer = room(weighted, device, what, bytes)?;
        let zero = vec![0u8; f_bytes(plan.reflections) as usize];
        device.upload(&buffer, &zero)
    }

    /// Puts the weights of a band's pixels behind the sums of F.
    pub fn put_weights(&self, weights: &[f32]) -> Result<(), GpuError> {
        let device = &self.gpu.device;
        let buffer = held(device, &self.workspace.derivatives.weighted)?;
        let (behind, bytes) = (
            f_bytes(self.plan.reflections),
            bytemuck::cast_slice(weights),
        );
        device.checked("an upload", || {
            device.queue.write_buffer(buffer, behind, bytes);
        })
    }

    /// Adds the gradient that the pixels of a band have a part in, for these `weights`, which are over `unit`.
    pub fn weigh(
        &mut self,
        band: &Range<usize>,
        (weights, unit): (&[f32], f64),
        gradient: &mut SceneVector,
    ) -> Result<(), GpuError> {
        let rows: Vec<usize> = self.plan.part.rows.places().collect();
        let slots = 4 * rows.len();
        // The sums of each tile.
        let mut tiles = vec![0.0; slots * band.len()];
        if self.gpu.leaves_derivatives_to_host() {
            let pixels = self.plan.size.pixels();
            self.with_slots(band, |values| {
                let of_rows = tiles.par_chunks_mut(4).zip(values.par_chunks(pixels));
                of_rows.enumerate().for_each(|(number, (sums, values))| {
                    let weights = &weights[number / rows.len() * pixels..];
                    for (slots, weight) in values.iter().zip(weights) {
                        for (sum, value) in sums.iter_mut().zip(slots) {
                            *sum += f64::from(*weight) * f64::from(*value);
                        }
                    }
                });
            })?;
        } else {
            let weighing = WeighingUniform {
                first_weight: (f_bytes(self.plan.reflections) / 4) as u32,
                ..bytemuck::Zeroable::zeroed()
            };
            let motions = [bytemuck::Zeroable::zeroed()];
            let count = tiles.len();
            let values = self.weigh_with(Entry::Weigh, band, weighing, &motions, count)?;
            tiles = values.into_iter().map(f64::from).collect();
        }
        let mut sums = vec![[0.0; SLOTS]; self.scene.panels.len()];
        for (place, own) in self.places[band.clone()].iter().zip(tiles.chunks(slots)) {
            for (row, four) in rows.iter().zip(own.chunks(4)) {
                for (sum, value) in sums[place.panel][4 * row..].iter_mut().zip(four) {
                    *sum += unit * value;
                }
            }
        }
        for (panel, sums) in sums.iter().enumerate() {
            self.plan.coordinates.add_gradient(sums, panel, gradient);
        }
        Ok(())
    }
}
