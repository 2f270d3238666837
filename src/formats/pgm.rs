//! PGM, one byte a pixel, with the scale as a comment (PHYSICS §13).

use crate::image::{Image, Statistics};

/// Photons are multiplied by this when no scale is given: five rms deviations are nearly white.
pub fn automatic_scale(statistics: &Statistics) -> f64 {
    let spread = 5.0 * statistics.rms_deviation;
    if spread > 0.0 { 250.0 / spread } else { 1.0 }
}

/// `image` as a PGM file; a byte is floor(value·scale), at most 255.
///
/// The comment stands directly after `P5`: common readers stumble over one elsewhere.
pub fn encode(image: &Image, scale: f64) -> Vec<u8> {
    let (width, height) = (image.width(), image.height());
    let mut file =
        format!("P5\n# pixel values multiplied by {scale}\n{width} {height}\n255\n").into_bytes();
    // A float that is cast saturates at 0 and 255, and NaN becomes 0.
    file.extend(
        image
            .values()
            .iter()
            .map(|&value| (f64::from(value) * scale).floor() as u8),
    );
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_saturate() {
        let image = Image::new(2, 2, vec![0.0, 1.99, 1000.0, -4.0], None);
        let file = encode(&image, 2.0);
        assert_eq!(
            file,
            b"P5\n# pixel values multiplied by 2\n2 2\n255\n\x00\x03\xff\x00"
        );
    }
}
