//! Light that spreads on the detector: every pixel's photons over all pixels of its panel.
//!
//! A convolution, of any reach: light that leaves the frame is lost.

use super::convolution::{self, Convolution};
use super::kernel::PixelKernel;
use super::{NoiseError, PointSpread, separable};
use crate::memory::Bytes;

/// The part of a photon's light that falls on the pixel `fast` and `slow` pixels away from that
/// whose middle it hit.
pub fn part(spread: &PointSpread, fast: usize, slow: usize) -> f64 {
    PixelKernel::of(spread).part(fast, slow)
}

/// The [parts](part) on pixels up to `width` and `height` away, row by row, each as `keep` has it.
#[cfg(feature = "gpu")]
pub(crate) fn parts<T: Send>(
    spread: &PointSpread,
    size: [usize; 2],
    keep: impl Fn(f64) -> T + Sync,
) -> Vec<T> {
    PixelKernel::of(spread).parts(size, keep)
}

/// Spreads `values`, rows of `width` pixels of panels with these heights, one after the other. An
/// infinite value stays where it is. The transforms of a panel take [`memory`].
pub fn spread<V: Value>(values: &mut [V], width: usize, panels: &[usize], spread: &PointSpread) {
    let kernel = PixelKernel::of(spread);
    let mut rest = values;
    for &height in panels {
        let (panel, behind) = rest.split_at_mut(width * height);
        rest = behind;
        if panel.iter().all(|&value| value.wide() == 0.0) {
            continue;
        }
        let endless: Vec<usize> = (0..panel.len())
            .filter(|&index| !panel[index].wide().is_finite())
            .collect();
        endless.iter().for_each(|&index| panel[index] = V::of(0.0));
        match narrow(kernel) {
            Some(parts) => separable::convolve(panel, width, &parts),
            None => Convolution::new(kernel, width, height).apply(panel),
        }
        endless
            .iter()
            .for_each(|&index| panel[index] = V::of(f64::INFINITY));
    }
}

/// A number that light is counted in: float32 of an image, or float64 of its derivatives. It is
/// spread in float64.
pub trait Value: Copy + Default + Send + Sync {
    /// The number in float64.
    fn wide(self) -> f64;
    /// The nearest to a number in float64.
    fn of(wide: f64) -> Self;
}

impl Value for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self.into()
    }

    #[inline(always)]
    fn of(wide: f64) -> f32 {
        wide as f32
    }
}

impl Value for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn of(wide: f64) -> f64 {
        wide
    }
}

/// What `separable` takes of `kernel`; `None` if that is a kernel for transforms.
fn narrow(kernel: PixelKernel) -> Option<Vec<f64>> {
    match kernel {
        PixelKernel::Gauss(sigma) => separable::parts(sigma),
        PixelKernel::Fiber(_) => None,
    }
}

/// Refuses a point spread that takes more than `available` for one of the panels, of this width and
/// these heights, that are stacked in an image, where a panel takes `memory`.
///
/// # Errors
/// [`NoiseError::PointSpreadTooLarge`] with what is needed.
pub fn check(
    width: usize,
    panels: &[usize],
    available: Bytes,
    memory: impl Fn([usize; 2]) -> Bytes,
) -> Result<(), NoiseError> {
    for &height in panels {
        let needed = memory([width, height]);
        if needed > available {
            return Err(NoiseError::PointSpreadTooLarge {
                width,
                height,
                needed,
                available,
            });
        }
    }
    Ok(())
}

/// Memory that [`spread`] takes for a panel of `width` × `height` pixels.
pub fn memory(spread: &PointSpread, size: [usize; 2]) -> Bytes {
    let kernel = PixelKernel::of(spread);
    match narrow(kernel) {
        // No more than the borders of its bands.
        Some(_) => Bytes::of::<f32>(2 * (size[0] as u64).saturating_mul(size[1] as u64)),
        None => convolution::memory(kernel, size),
    }
}

#[cfg(test)]
mod tests {
    use super::super::SpreadShape;
    use super::*;

    fn fiber(fwhm_pixels: f64) -> PointSpread {
        PointSpread {
            shape: SpreadShape::Fiber,
            fwhm_pixels,
        }
    }

    #[test]
    fn infinite_values_stay_where_they_are() {
        let mut values = [f32::INFINITY, 0.0, 100.0, 0.0];
        spread(&mut values, 4, &[1], &fiber(0.5));
        assert_eq!(values[0], f32::INFINITY);
        assert!(values[1..].iter().all(|value| value.is_finite()));
        assert!(values[1] > 0.0);
    }
}
