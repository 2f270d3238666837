//! The summary of `nanobragg series`, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::noise::{at_the_ends, noise_in_words};
use super::six_digits;
use crate::image::Statistics;
use crate::image::noise::Noise;

/// What a series came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesSummary {
    /// This program's, [`SeriesSummary::VERSION`].
    pub version: &'static str,
    /// How many frames there are.
    pub frames: u32,
    /// Pixels of each along fast and slow, panels stacked.
    pub pixels: [usize; 2],
    /// What worked.
    pub device: String,
    /// Threads of the CPU path.
    pub threads: usize,
    /// Seed of the noise, and of random orientations that have none of their own.
    pub seed: u64,
    /// What the noise of a file with noise is like; the image number is that of the first frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// The files written.
    pub files: Vec<SeriesFile>,
    /// Every frame.
    pub images: Vec<SeriesFrame>,
    /// What the user was told.
    pub notices: Vec<String>,
    /// Wall time of the whole run, s.
    pub seconds: f64,
}

/// A frame of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SeriesFrame {
    /// Its number.
    pub number: u32,
    /// Spindle angle at which it starts, degrees.
    pub phi_deg: f64,
    /// The misorientation that `-misset` would give it, degrees, where it has one of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub misset_deg: Option<[f64; 3]>,
    /// Of its photons without noise.
    #[serde(flatten)]
    pub image: Statistics,
}

/// A file of a series, or numbered files that one flag names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesFile {
    /// The flag.
    pub flag: &'static str,
    /// Its name, or that of all with a place for the number.
    pub path: String,
    /// How many frames are there.
    pub frames: usize,
    /// Pixels of all frames at the largest count that there is.
    pub overloads: usize,
    /// Pixels of all frames below the least count that there is.
    pub clipped_below: usize,
}

impl SeriesSummary {
    /// The version of this program.
    pub const VERSION: &str = crate::version::NUMBER;
}

impl fmt::Display for SeriesSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [fast, slow] = self.pixels;
        let (first, last) = (self.images.first(), self.images.last());
        write!(
            f,
            "series     {} frames of {fast} x {slow} pixels",
            self.frames
        )?;
        if let (Some(first), Some(last)) = (first, last) {
            match first.misset_deg {
                Some(_) => writeln!(f, ", each with an orientation of its own")?,
                None => writeln!(
                    f,
                    ", which start at {} to {} degrees",
                    first.phi_deg, last.phi_deg
                )?,
            }
        }
        let brightest = self
            .images
            .iter()
            .max_by(|one, other| one.image.max.total_cmp(&other.image.max));
        if let Some(SeriesFrame { number, image, .. }) = brightest {
            let [x, y] = image.max_at;
            writeln!(
                f,
                "brightest  {} photons, at ({x}, {y}) of frame {number}",
                six_digits(image.max)
            )?;
        }
        if let Some(noise) = &self.noise {
            writeln!(
                f,
                "noise      {}, seed {}",
                noise_in_words(noise),
                noise.seed
            )?;
        }
        for file in &self.files {
            let ends = at_the_ends(file.overloads, file.clipped_below);
            writeln!(f, "wrote      {}{ends}", file.path)?;
        }
        let each = self.seconds / f64::from(self.frames.max(1));
        write!(
            f,
            "took       {:.3} s on {}, {each:.3} s a frame",
            self.seconds, self.device
        )
    }
}
