//! The summary of `nanobragg noise`, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::lines::Lines;
use super::six_digits;
use crate::image::noise::{Noise, PointSpread, SpreadShape};

/// The summary of noise that was added to an image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoiseSummary {
    /// Version of this program.
    pub version: &'static str,
    /// The image of photons.
    pub input: String,
    /// Its format.
    pub input_format: &'static str,
    /// The file written.
    pub output: String,
    /// Its format.
    pub output_format: &'static str,
    /// Pixels along fast and slow.
    pub pixels: [usize; 2],
    /// Panels stacked in the image.
    pub panels: u32,
    /// Noise that was asked for.
    pub noise: Noise,
    /// Pixels at the largest count that there is.
    pub overloads: usize,
    /// Pixels below 0, the least count that there is, which became 0.
    pub clipped_below: usize,
    /// Name of the device.
    pub device: String,
    /// Threads of the CPU path.
    pub threads: usize,
    /// Notices that the user was given.
    pub notices: Vec<String>,
    /// Wall time of the process, s.
    pub seconds: f64,
}

/// How many pixels of a file are at the largest count or were below the least, to go behind its name.
pub(super) fn at_the_ends(overloads: usize, clipped_below: usize) -> String {
    let told = |count: usize, what: &str| match count {
        0 => String::new(),
        count => format!(", {count} pixel(s) {what}"),
    };
    told(overloads, "at the largest count") + &told(clipped_below, "clipped at 0")
}

/// The kinds of noise that there are, in words.
pub(super) fn noise_in_words(noise: &Noise) -> String {
    let percent = |part: f64| six_digits(100.0 * part);
    let mut words = vec!["photons".to_string()];
    if noise.flicker != 0.0 {
        words.push(format!("flicker {} %", percent(noise.flicker)));
    }
    if noise.calibration != 0.0 {
        words.push(format!(
            "calibration {} % (seed {})",
            percent(noise.calibration),
            noise.calibration_seed
        ));
    }
    if let Some(PointSpread { shape, fwhm_pixels }) = noise.spread() {
        let shape = match shape {
            SpreadShape::Gauss => "gauss",
            SpreadShape::Fiber => "fiber",
        };
        words.push(format!("{shape} spread of {fwhm_pixels} pixels"));
    }
    words.push(format!("gain {}", noise.gain));
    words.push(format!("offset {}", noise.offset));
    if noise.readout != 0.0 {
        words.push(format!("readout {}", noise.readout));
    }
    words.extend(noise.saturation.map(|most| format!("at most {most}")));
    if noise.image != 0 {
        words.push(format!("image number {}", noise.image));
    }
    words.join(", ")
}

impl fmt::Display for NoiseSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Lines::default();
        let ([fast, slow], input, format) = (self.pixels, &self.input, self.input_format);
        lines.add("read", format!("{input}, {format}, {fast} x {slow} pixels"));
        let ends = at_the_ends(self.overloads, self.clipped_below);
        lines.add(
            "wrote",
            format!("{}, {}{ends}", self.output, self.output_format),
        );
        lines.add("noise", noise_in_words(&self.noise));
        lines.add("seed", self.noise.seed.to_string());
        let (seconds, device, threads) = (self.seconds, &self.device, self.threads);
        lines.add(
            "took",
            format!("{seconds:.3} s on {device}, {threads} threads"),
        );
        lines.fmt(f)
    }
}
