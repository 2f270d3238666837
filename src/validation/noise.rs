//! Noise on the device, which must have the CPU path's bits.

use super::{Check, Gate, Subject};
use crate::image::Image;
use crate::image::noise::{Noise, PointSpread, SpreadShape};

/// Every check of noise.
pub(super) fn checks() -> [Check; 2] {
    let photons = Noise {
        seed: 0x0123_4567_89ab_cdef,
        ..Noise::default()
    };
    let detector = Noise {
        image: 7,
        flicker: 0.02,
        calibration: 0.03,
        point_spread: Some(PointSpread {
            shape: SpreadShape::Fiber,
            fwhm_pixels: 1.5,
        }),
        gain: 1.7,
        offset: 40.0,
        readout: 3.0,
        // The spread of the brightest pixels reaches all others: at a detector's usual saturation
        // the whole image would be flat.
        saturation: Some(1e9),
        ..photons
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
    ]
}

/// Pixels along each side of the image that the noise is added to.
const SIDE: usize = 512;

/// From a millionth of a photon to 10¹¹ of them, every power of ten alike.
pub(super) fn photons() -> Image {
    let pixels = SIDE * SIDE;
    let values = (0..pixels).map(|index| {
        let part = index as f32 / pixels as f32;
        10f32.powf(17.0 * part - 6.0)
    });
    Image::new(SIDE, SIDE, values.collect(), None)
}
