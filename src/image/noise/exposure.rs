//! Noise pixel by pixel, on the CPU. The entry points of `shaders/noise.wgsl` do the same.

use multiversion::multiversion;
use rayon::prelude::*;

use super::deviates::{Stream, normal};
use super::{Noise, NoiseError, point_spread, poisson};
use crate::image::Image;

/// What deviates are for.
const PHOTONS: u32 = 0;
const FLICKER: u32 = 1;
const CALIBRATION: u32 = 2;
const READOUT: u32 = 3;

/// Pixels that are worked on in one go.
const RUN: usize = 1 << 14;
/// From here on, 2²³, a float32 is a whole number.
const WHOLE: f32 = 8_388_608.0;

/// Noise as it acts on the pixels of one image: in float32, with the image's one deviate drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exposure {
    /// Seed, low word first.
    pub key: [u32; 2],
    /// Seed of the calibration, low word first.
    pub calibration_key: [u32; 2],
    /// Number of the image.
    pub image: u32,
    /// What the beam is, of what it should be.
    pub brightness: f32,
    /// Rms error of the calibration, a part of 1.
    pub calibration: f32,
    /// Counts per photon.
    pub gain: f32,
    /// Counts of a pixel without photons.
    pub offset: f32,
    /// Rms noise of the readout, counts.
    pub readout: f32,
    /// The largest count, or infinity.
    pub saturation: f32,
}

/// The two words of a seed, low word first.
fn words(seed: u64) -> [u32; 2] {
    [seed as u32, (seed >> 32) as u32]
}

impl Exposure {
    /// The exposure whose noise is `noise`.
    pub fn of(noise: &Noise) -> Exposure {
        let key = words(noise.seed);
        let flickers = normal(&Stream {
            pixel: 0,
            image: noise.image,
            purpose: FLICKER,
            key,
        });
        Exposure {
            key,
            calibration_key: words(noise.calibration_seed),
            image: noise.image,
            brightness: (1.0 + noise.flicker as f32 * flickers).max(0.0),
            calibration: noise.calibration as f32,
            gain: noise.gain as f32,
            offset: noise.offset as f32,
            readout: noise.readout as f32,
            saturation: noise.saturation.map_or(f32::INFINITY, |most| most as f32),
        }
    }

    /// Replaces expected photons by those that pixels number `first` and on show: counted, and off
    /// by each pixel's calibration.
    pub fn count(&self, means: &mut [f32], first: u32) {
        for mean in &mut *means {
            *mean *= self.brightness;
        }
        let stream = Stream {
            pixel: first,
            image: self.image,
            purpose: PHOTONS,
            key: self.key,
        };
        poisson::replace_by_deviates(means, &stream);
        if self.calibration == 0.0 {
            return;
        }
        for (photons, pixel) in means.iter_mut().zip(first..) {
            let of_the_detector = Stream {
                pixel,
                image: 0,
                purpose: CALIBRATION,
                key: self.calibration_key,
            };
            *photons *= 1.0 + self.calibration * normal(&of_the_detector);
        }
    }

    /// Replaces photons by the counts that are read from pixels number `first` and on.
    pub fn read_out(&self, photons: &mut [f32], first: u32) {
        for value in &mut *photons {
            *value = *value * self.gain + self.offset;
        }
        if self.readout != 0.0 {
            for (count, pixel) in photons.iter_mut().zip(first..) {
                let stream = Stream {
                    pixel,
                    image: self.image,
                    purpose: READOUT,
                    key: self.key,
                };
                *count += self.readout * normal(&stream);
            }
        }
        round(photons, self.saturation);
    }
}

/// Replaces counts by the whole numbers nearest to them, the higher of two, up to `most`.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
fn round(counts: &mut [f32], most: f32) {
    for count in counts {
        *count = rounded(*count).min(most);
    }
}

/// The whole number nearest to `count`, the higher of two.
#[inline(always)]
fn rounded(count: f32) -> f32 {
    let below = count.floor();
    let nearest = if count - below >= 0.5 {
        below + 1.0
    } else {
        below
    };
    if count.abs() >= WHOLE { count } else { nearest }
}

/// Heights of `count` panels of the same size that are stacked in an image of `height` rows, unless
/// it does not divide into so many.
pub fn panels_of(height: usize, count: usize) -> Option<Vec<usize>> {
    let divides = count > 0 && height.is_multiple_of(count);
    divides.then(|| vec![height / count; count])
}

/// What acts on pixels alone, between point spreads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// [`Exposure::count`].
    Count,
    /// [`Exposure::read_out`].
    ReadOut,
    /// One after the other.
    Both,
}

impl Stage {
    /// Acts on `values`, the pixels of an image in their order.
    pub fn act(self, exposure: &Exposure, values: &mut [f32]) {
        let runs = values.par_chunks_mut(RUN).enumerate();
        runs.for_each(|(run, values)| {
            let first = (run * RUN) as u32;
            if self != Stage::ReadOut {
                exposure.count(values, first);
            }
            if self != Stage::Count {
                exposure.read_out(values, first);
            }
        });
    }
}

/// `image` as a detector with this `noise` reads it: whole numbers of counts, where they are below
/// 2²³; 0 where the image was not rendered. `panels` are the heights of the panels that are stacked
/// in it; light does not spread from one to another.
///
/// # Errors
/// [`NoiseError`] for impossible noise, and panels of another height.
pub fn expose(image: &Image, noise: &Noise, panels: &[usize]) -> Result<Image, NoiseError> {
    check(noise, [image.width(), image.height()], panels)?;
    let exposure = Exposure::of(noise);
    let mut values = image.values().to_vec();
    match noise.spread() {
        None => Stage::Both.act(&exposure, &mut values),
        Some(spread) => {
            Stage::Count.act(&exposure, &mut values);
            point_spread::spread(&mut values, image.width(), panels, &spread);
            Stage::ReadOut.act(&exposure, &mut values);
        }
    }
    Ok(image.with_rendered(values))
}

/// Whether `noise` and `panels` make sense for an image of `width` × `height` pixels.
///
/// # Errors
/// [`NoiseError`] for impossible noise, panels of another height, and too many pixels.
pub fn check(
    noise: &Noise,
    [width, height]: [usize; 2],
    panels: &[usize],
) -> Result<(), NoiseError> {
    noise.check()?;
    let rows = panels.iter().sum();
    if rows != height {
        return Err(NoiseError::Panels { rows, height });
    }
    let pixels = width * height;
    if u32::try_from(pixels).is_err() {
        return Err(NoiseError::TooManyPixels(pixels));
    }
    Ok(())
}
