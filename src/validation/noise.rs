//! Noise on the device, which must have the CPU path's bits.

use super::{Check, Gate, Subject};
use crate::image::Image;
use crate::image::noise::{Noise, PointSpread, SpreadShape};

/// Every check of noise.
pub(super) fn checks() -> [Check; 3] {
    let photons = Noise {
        seed: 0x0123_4567_89ab_cdef,
        ..Noise::default()
    };
    let detector = Noise {
        image: 7,
        flicker: 0.02,
        calibration: 0.03,
        gain: 1.7,
        offset: 40.0,
        readout: 3.0,
        saturation: Some(1e9),
        ..photons
    };
    let spread = Noise {
        point_spread: Some(PointSpread {
            shape: SpreadShape::Fiber,
            fwhm_pixels: 1.5,
        }),
        ..detector
    };
    let check = |name, noise, quick| Check {
        name,
        quick,
        gate: Gate::Bits,
        subject: Subject::Noise(noise),
    };
    [
        check("photon noise", photons, true),
        check("detector noise", detector, false),
        check("point spread", spread, false),
    ]
}

/// Pixels along each side of the image that the noise is added to.
const SIDE: usize = 512;

/// The image that `noise` is added to: from a millionth of a photon up, every power of ten alike; to
/// 10¹¹ photons, or 10⁶ where light spreads. Beyond, a count would show the last digits of the two
/// ways in which it is spread.
pub(super) fn photons(noise: &Noise) -> Image {
    let powers = if noise.spread().is_some() { 12.0 } else { 17.0 };
    let pixels = SIDE * SIDE;
    let values = (0..pixels).map(|index| {
        let part = index as f32 / pixels as f32;
        10f32.powf(powers * part - 6.0)
    });
    Image::new(SIDE, SIDE, values.collect(), None)
}
