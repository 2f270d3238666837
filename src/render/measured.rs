//! The error of an image, measured on a few of its pixels.

use rayon::prelude::*;

use crate::cpu::pixel;
use crate::scene::Scene;

/// The nrmse of `photons`, an image of `scene`, against the CPU path, about; `None` where that would
/// take long, and for an image without photons.
///
/// The nrmse squared is the mean of (B/A − 1)² over pixels drawn in proportion to A². They are drawn
/// at even steps of the sum of A², so that the same image gives the same figure.
pub fn measured_error(scene: &Scene, photons: &[f32]) -> Option<f64> {
    /// Pixels that are drawn.
    const PIXELS: u32 = 64;
    /// Terms that they may have together: a second or so.
    const TERMS: f64 = 1e7;
    let squares = || photons.iter().map(|&a| f64::from(a).powi(2));
    let total: f64 = squares().sum();
    let pixels = (TERMS / scene.terms_per_pixel())
        .min(f64::from(PIXELS))
        .floor();
    // Few say little.
    if !(total > 0.0 && total.is_finite()) || pixels < 8.0 {
        return None;
    }
    let step = total / pixels;
    let (mut sum, mut drawn) = (0.0, Vec::new());
    for (place, square) in squares().enumerate() {
        let times = ((sum + square) / step + 0.5).floor() - (sum / step + 0.5).floor();
        sum += square;
        if times > 0.0 {
            drawn.push((place, times));
        }
    }
    let squared = |&(place, times): &(usize, f64)| {
        let (panel, pixel) = scene.pixel_at(place)?;
        let a = f64::from(photons[place]);
        Some(times * (pixel::photons(scene, panel, pixel) / a - 1.0).powi(2))
    };
    let errors: Option<Vec<f64>> = drawn.par_iter().map(squared).collect();
    let drawn: f64 = drawn.iter().map(|(_, times)| times).sum();
    Some((errors?.iter().sum::<f64>() / drawn).sqrt())
}
