//! The summary of `nanobragg series`, for people and, through serde, for programs.

use serde::Serialize;

use crate::image::Statistics;
use crate::image::noise::Noise;

/// The summary of a series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesSummary {
    /// Version of this program.
    pub version: &'static str,
    /// How many frames there are.
    pub frames: u32,
    /// Pixels of each along fast and slow, panels stacked.
    pub pixels: [usize; 2],
    /// Name of the device.
    pub device: String,
    /// Threads of the CPU path.
    pub threads: usize,
    /// Seed of the noise, and of random orientations that have none of their own.
    pub seed: u64,
    /// The noise of a file with noise; its image number is that of the first frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// The files written.
    pub files: Vec<SeriesFile>,
    /// Every frame of the series.
    pub images: Vec<SeriesFrame>,
    /// Notices that the user was given.
    pub notices: Vec<String>,
    /// Wall time of the process, s.
    pub seconds: f64,
}

/// A frame of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SeriesFrame {
    /// Number of the frame.
    pub number: u32,
    /// Spindle angle at which it starts, degrees.
    pub phi_deg: f64,
    /// The misorientation that `-misset` would give it, degrees, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misset_deg: Option<[f64; 3]>,
    /// Statistics of its photons without noise.
    #[serde(flatten)]
    pub image: Statistics,
}

/// A file of a series, or numbered files that one flag names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesFile {
    /// The flag.
    pub flag: &'static str,
    /// Name of the file, or of all files with a place for the number.
    pub path: String,
    /// How many frames are there.
    pub frames: usize,
    /// Pixels of all frames at the largest count that there is.
    pub overloads: usize,
    /// Pixels of all frames below the least count that there is.
    pub clipped_below: usize,
}
