//! The summary of `nanobragg noise`, for people and, through serde, for programs.

use serde::Serialize;

use crate::image::noise::Noise;

/// The summary of noise that was added to an image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoiseSummary {
    /// Version of this program.
    pub version: &'static str,
    /// The image of photons.
    pub input: String,
    /// Format of the image of photons.
    pub input_format: &'static str,
    /// The file written.
    pub output: String,
    /// Format of the file written.
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
