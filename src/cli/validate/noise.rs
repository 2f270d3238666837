//! The checks of `nanobragg validate` that noise on the device has the CPU's bits.

use std::time::Instant;

use anyhow::Context;

use super::super::CliError;
use super::Finding;
use crate::image::noise::{Noise, PointSpread, SpreadShape};
use crate::image::{Comparison, Image};
use crate::render::Renderer;

/// Noise that must come out the same.
pub struct NoiseCheck {
    /// Its name.
    pub name: &'static str,
    noise: Noise,
    /// Whether it is one of the few of `--quick`.
    pub quick: bool,
}

/// Every check of noise.
pub fn noise_checks() -> [NoiseCheck; 2] {
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
        saturation: Some(65_535.0),
        ..photons
    };
    [
        NoiseCheck {
            name: "photon noise",
            noise: photons,
            quick: true,
        },
        NoiseCheck {
            name: "detector noise",
            noise: detector,
            quick: false,
        },
    ]
}

/// Pixels along each side.
const SIDE: usize = 512;

/// From a millionth of a photon to 10¹¹ of them, every power of ten alike.
fn gradient() -> Image {
    let pixels = SIDE * SIDE;
    let values = (0..pixels).map(|index| {
        let part = index as f32 / pixels as f32;
        10f32.powf(17.0 * part - 6.0)
    });
    Image::new(SIDE, SIDE, values.collect(), None)
}

impl NoiseCheck {
    /// Exposes an image on `device` and on `cpu`.
    pub fn run(&self, device: &Renderer, cpu: &Renderer) -> Result<Finding, CliError> {
        let image = gradient();
        let timed = |renderer: &Renderer| -> Result<_, CliError> {
            let started = Instant::now();
            let counts = renderer.expose(&image, &self.noise, &[SIDE])?.image;
            Ok((counts, started.elapsed().as_secs_f64()))
        };
        let (counts, device_seconds) = timed(device)?;
        let (reference, cpu_seconds) = timed(cpu)?;
        let compared = Comparison::of(counts.values(), reference.values())
            .context("the device's image has another size")?;
        let mut pairs = counts.values().iter().zip(reference.values());
        Ok(Finding {
            name: self.name,
            nrmse: compared.nrmse,
            worst: compared.worst / compared.reference_max,
            correlation: compared.correlation,
            gate: 0.0,
            passed: pairs.all(|(one, two)| one.to_bits() == two.to_bits()),
            device_seconds,
            cpu_seconds,
        })
    }
}
