//! Uniform and normal deviates in float32. `shaders/shared/deviates.wgsl` is their twin.

use super::elementary::{logarithm, reciprocal, square_root};
use crate::random::philox4x32;

/// Whose deviates: the words of the counter behind the block's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// Index of the pixel in its image.
    pub pixel: u32,
    /// Number of the image.
    pub image: u32,
    /// What the deviates are for, so that purposes do not share any.
    pub purpose: u32,
    /// The seed, low word first.
    pub key: [u32; 2],
}

impl Stream {
    /// Four random words; each `block` has its own.
    #[inline(always)]
    pub fn words(&self, block: u32) -> [u32; 4] {
        philox4x32([block, self.pixel, self.image, self.purpose], self.key)
    }
}

/// (`word` + ½)/2³², rounded once: digits count near zero, too.
#[inline(always)]
pub fn uniform(word: u32) -> f32 {
    let high = (word >> 16) as f32;
    let low = (word & 0xffff) as f32 + 0.5;
    high * TO_MINUS_16 + low * TO_MINUS_32
}

/// A deviate like [`uniform`]'s, whose digits go on in the word `low` where `high` is small: the
/// smallest is 2⁻⁴⁹.
#[inline(always)]
pub fn fine_uniform(high: u32, low: u32) -> f32 {
    if high >= 1 << 16 {
        return uniform(high);
    }
    uniform(high << 16 | low >> 16) * TO_MINUS_16
}

/// 2⁻¹⁶.
const TO_MINUS_16: f32 = 1.0 / 65_536.0;
/// 2⁻³².
const TO_MINUS_32: f32 = 1.0 / 4_294_967_296.0;

/// A unit normal deviate.
pub fn normal(stream: &Stream) -> f32 {
    let words = stream.words(0);
    let size = upper_normal(0.5 * fine_uniform(words[0], words[1]));
    if words[2] & 1 == 0 { size } else { -size }
}

/// The z that a unit normal deviate exceeds with probability `tail`, from 2⁻⁵⁰ to ½.
///
/// Source: Wichura, *Algorithm AS 241: the percentage points of the normal distribution*, Applied
/// Statistics 37 (1988) 477, function PPND7; off by less than 8e-7 of it, or of 1 where that is
/// more.
pub fn upper_normal(tail: f32) -> f32 {
    let q = 0.5 - tail;
    if q <= 0.425 {
        let r = 0.180_625 - q * q;
        let above = polynomial(r, [59.109_375, 159.291_13, 50.434_27, 3.387_132_7]);
        let below = polynomial(r, [67.187_56, 78.757_76, 17.895_17, 1.0]);
        return (q * above) * reciprocal(below);
    }
    let r = square_root(-logarithm(tail));
    if r <= 5.0 {
        let r = r - 1.6;
        let above = polynomial(r, [0.170_238_21, 1.306_728_5, 2.756_815_4, 1.423_437_3]);
        let below = polynomial(r, [0.0, 0.120_211_33, 0.737_001_64, 1.0]);
        return above * reciprocal(below);
    }
    let r = r - 5.0;
    let above = polynomial(r, [0.017_337_205, 0.428_682_94, 3.081_226_4, 6.657_905]);
    let below = polynomial(r, [0.0, 0.012_258_203, 0.241_978_94, 1.0]);
    above * reciprocal(below)
}

/// The cubic in `x` with these coefficients, the highest power's first.
pub fn polynomial(x: f32, coefficients: [f32; 4]) -> f32 {
    let [cubic, square, linear, constant] = coefficients;
    ((cubic * x + square) * x + linear) * x + constant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_deviates_keep_their_digits_near_zero() {
        let exact = |word: u32| (f64::from(word) + 0.5) / 4_294_967_296.0;
        for word in [0, 1, 2, 255, 65_535, 65_536, 0x8000_0000, 0xffff_ffff] {
            assert_eq!(f64::from(uniform(word)), f64::from(exact(word) as f32));
        }
        assert_eq!(fine_uniform(0, 0), 2f32.powi(-49));
        assert_eq!(fine_uniform(65_536, 7), uniform(65_536));
        let fine = f64::from(fine_uniform(3, 0xabcd_ef01));
        let expected = (3.0 + f64::from(0xabcd_ef01_u32) / 4_294_967_296.0) / 4_294_967_296.0;
        assert!((fine / expected - 1.0).abs() < 1e-5, "{fine} {expected}");
    }

    #[test]
    fn a_normal_deviate_is_exceeded_as_often_as_it_says() {
        let worst = (2..=500).map(|tenth| {
            let tail = 2f64.powf(-f64::from(tenth) / 10.0).min(0.5) as f32;
            let z = f64::from(upper_normal(tail));
            let exceeded = 0.5 * libm::erfc(z / std::f64::consts::SQRT_2);
            // The density turns an error of the probability into one of z.
            let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
            (exceeded - f64::from(tail)).abs() / density / z.max(1.0)
        });
        let worst = worst.fold(0.0, f64::max);
        println!("upper_normal        worst error {worst:.1e}");
        assert!(worst < 8e-7, "{worst:.1e}");
        assert_eq!(upper_normal(0.5), 0.0);
    }
}
