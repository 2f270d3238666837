//! The summary of `nanobragg noise`, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use crate::image::noise::Noise;

/// What `nanobragg noise` made of an image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoiseSummary {
    /// This program's, [`NoiseSummary::VERSION`].
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
    /// Panels stacked in it.
    pub panels: u32,
    /// What was asked for.
    pub noise: Noise,
    /// Pixels at the largest count that there is.
    pub overloads: usize,
    /// What worked.
    pub device: String,
    /// Threads of the CPU path.
    pub threads: usize,
    /// What the user was told.
    pub notices: Vec<String>,
    /// Wall time of the whole run, s.
    pub seconds: f64,
}

impl NoiseSummary {
    /// The version of this program.
    pub const VERSION: &str = env!("CARGO_PKG_VERSION");
}

impl fmt::Display for NoiseSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [fast, slow] = self.pixels;
        let (input, output) = (&self.input, &self.output);
        writeln!(
            f,
            "read       {input}, {}, {fast} x {slow} pixels",
            self.input_format
        )?;
        write!(f, "wrote      {output}, {}", self.output_format)?;
        if self.overloads > 0 {
            write!(f, ", {} pixel(s) at the largest count", self.overloads)?;
        }
        writeln!(f)?;
        writeln!(f, "seed       {}", self.noise.seed)?;
        let (seconds, device, threads) = (self.seconds, &self.device, self.threads);
        write!(
            f,
            "took       {seconds:.3} s on {device}, {threads} threads"
        )
    }
}
