//! What comes of a frame on its way to the host.

use bytemuck::pod_collect_to_vec;

use super::layout::RunSums;
use super::readback::Copy;
use super::submission::Pipelined;
use super::{GpuError, GpuRenderer};
use crate::formats::encoding::Number;
use crate::formats::raster::{Clipped, Pixels};
use crate::image::PartialStatistics;

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Photons of the next piece of the image.
    Photons,
    /// Sums of runs of the piece whose first pixel this is.
    Runs { first: usize },
    /// The numbers of a readout of the next piece, which has so many pixels, and four counters; the
    /// `first` piece begins a readout.
    Counts {
        number: Number,
        pixels: usize,
        first: bool,
    },
}

/// A frame of which everything was sent to the host.
#[derive(Debug)]
pub struct Landing<'a> {
    pub(super) gpu: &'a GpuRenderer,
    pub(super) pipelined: Pipelined,
    pub(super) copies: Vec<(Product, Copy)>,
}

/// What came of a frame.
#[derive(Debug, Default)]
pub struct Landed {
    /// The photons of all pixels, if they were sent.
    pub photons: Vec<f32>,
    /// Statistics of the photons, run by run, if they were sent.
    pub statistics: Vec<PartialStatistics>,
    /// What each readout gave.
    pub counts: Vec<Counts>,
}

/// The numbers of a readout.
#[derive(Debug)]
pub struct Counts {
    /// The number of every pixel.
    pub pixels: Pixels,
    /// Pixels that the kind of number has no room for.
    pub clipped: Clipped,
    /// Pixels at the saturation.
    pub saturated: usize,
}

impl Counts {
    /// Adds those of the next piece of the image.
    fn append(&mut self, next: Counts) {
        match (&mut self.pixels, next.pixels) {
            (Pixels::F32(all), Pixels::F32(next)) => all.extend(next),
            (Pixels::U16(all), Pixels::U16(next)) => all.extend(next),
            (Pixels::U32(all), Pixels::U32(next)) => all.extend(next),
            (Pixels::I32(all), Pixels::I32(next)) => all.extend(next),
            // The pieces of a readout are of one kind.
            _ => {}
        }
        self.clipped = self.clipped.and(next.clipped);
        self.saturated += next.saturated;
    }
}

impl Landing<'_> {
    /// Waits for all of it.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub fn take(mut self) -> Result<Landed, GpuError> {
        self.pipelined.finish(&self.gpu.device)?;
        let mut landed = Landed::default();
        for (product, copy) in self.copies {
            self.gpu.receive(copy, |bytes| match product {
                Product::Photons => landed
                    .photons
                    .extend_from_slice(bytemuck::cast_slice(bytes)),
                Product::Runs { first } => {
                    let runs = pod_collect_to_vec::<u8, RunSums>(bytes);
                    let runs = runs.iter().filter(|run| run.pixels > 0);
                    landed
                        .statistics
                        .extend(runs.map(|run| partial(first, run)));
                }
                Product::Counts {
                    number,
                    pixels,
                    first,
                } => {
                    let counts = counts(bytes, number, pixels);
                    match landed.counts.last_mut().filter(|_| !first) {
                        Some(before) => before.append(counts),
                        None => landed.counts.push(counts),
                    }
                }
            })?;
        }
        Ok(landed)
    }
}

fn counts(bytes: &[u8], number: Number, count: usize) -> Counts {
    let (numbers, _) = bytes.split_at(count * number.bytes());
    let pixels = match number {
        Number::F32 => Pixels::F32(pod_collect_to_vec(numbers)),
        Number::U16 => Pixels::U16(pod_collect_to_vec(numbers)),
        Number::U32 => Pixels::U32(pod_collect_to_vec(numbers)),
        Number::I32 => Pixels::I32(pod_collect_to_vec(numbers)),
    };
    let counters = bytes.len() - 4 * size_of::<u32>();
    let counters: Vec<u32> = pod_collect_to_vec(&bytes[counters..]);
    let [above, below, no_number, saturated] = [0, 1, 2, 3].map(|place| counters[place] as usize);
    Counts {
        pixels,
        clipped: Clipped {
            above,
            below,
            no_number,
        },
        saturated,
    }
}

/// The statistics of `run`, of a piece whose first pixel this is.
fn partial(first: usize, run: &RunSums) -> PartialStatistics {
    let scale = 2f64.powi(run.exponent);
    let pair = |high: f32, low: f32| f64::from(high) + f64::from(low);
    let finite = f64::from(run.pixels - run.not_finite);
    let sum = pair(run.sum, run.sum_low);
    // The device took them from near the mean.
    let apart = sum / finite.max(1.0) - f64::from(run.middle);
    let deviations = pair(run.deviations, run.deviations_low) - finite * apart * apart;
    let endless = |sum: f64| match run.not_finite {
        0 => sum,
        _ => f64::INFINITY,
    };
    PartialStatistics {
        pixels: run.pixels as usize,
        not_finite: run.not_finite as usize,
        sum: endless(sum * scale),
        squares: endless(pair(run.squares, run.squares_low) * scale * scale),
        deviations: endless(deviations.max(0.0) * scale * scale),
        max: run.largest,
        max_at: first + run.largest_at as usize,
    }
}
