//! Photon noise (PHYSICS §11).

use rand_distr::{Distribution, Poisson};
use rayon::prelude::*;

use super::Image;
use crate::random::PhiloxStream;

/// What a stream of deviates is for; part of its key, so that purposes do not share deviates.
const PHOTON_COUNT: u32 = 0;

/// A measurement of `image`: Poisson deviates whose means are its rendered values. The deviate
/// of a pixel depends on `seed`, the image's number and the pixel's index, and nothing else.
pub fn poisson_noise(image: &Image, seed: u64, image_number: u32) -> Image {
    let counts: Vec<f32> = image
        .values()
        .par_iter()
        .enumerate()
        .map(|(pixel, &mean)| {
            let mut stream = PhiloxStream::new(seed, image_number, pixel as u32, PHOTON_COUNT);
            match Poisson::new(f64::from(mean)) {
                Ok(poisson) => poisson.sample(&mut stream) as f32,
                // Nothing was expected, so nothing is counted; or more than the distribution
                // takes (1.8e19), where the noise is below the last digit of a float32.
                Err(_) => mean.max(0.0),
            }
        })
        .collect();
    image.map_rendered(|index, _| counts[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_the_mean_and_variance_of_photons() {
        for mean in [0.01f32, 0.5, 11.9, 200.0, 1e5, 1e9] {
            let n = 100_000;
            let image = Image::new(n, 1, vec![mean; n], None);
            let counts = poisson_noise(&image, 7, 0);
            let m: f64 = counts.values().iter().map(|&c| f64::from(c)).sum::<f64>() / n as f64;
            let squares = counts.values().iter().map(|&c| (f64::from(c) - m).powi(2));
            let variance: f64 = squares.sum::<f64>() / (n - 1) as f64;
            let mean = f64::from(mean);
            // Five standard errors of the sample mean and variance of Poisson deviates.
            let mean_error = (mean / n as f64).sqrt();
            let variance_error = ((mean + 2.0 * mean * mean) / n as f64).sqrt();
            assert!((m - mean).abs() < 5.0 * mean_error, "mean {m} for {mean}");
            assert!(
                (variance - mean).abs() < 5.0 * variance_error,
                "variance {variance} for {mean}"
            );
        }
    }

    #[test]
    fn a_pixel_keeps_its_count_whatever_surrounds_it() {
        let wide = poisson_noise(&Image::new(4, 1, vec![50.0; 4], None), 3, 0);
        let part = Some(vec![false, true, false, true]);
        let masked = poisson_noise(&Image::new(4, 1, vec![0.0, 50.0, 0.0, 50.0], part), 3, 0);
        assert_eq!(
            masked.values(),
            [0.0, wide.values()[1], 0.0, wide.values()[3]]
        );
        let reseeded = poisson_noise(&Image::new(4, 1, vec![50.0; 4], None), 4, 0);
        assert_ne!(wide.values(), reseeded.values());
    }

    #[test]
    fn extremes_are_counted() {
        let image = Image::new(4, 1, vec![0.0, -1.0, 1e30, f32::INFINITY], None);
        assert_eq!(
            poisson_noise(&image, 1, 0).values(),
            [0.0, 0.0, 1e30, f32::INFINITY]
        );
    }
}
