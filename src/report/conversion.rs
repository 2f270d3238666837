//! The summary of `nanobragg convert`, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

/// What `nanobragg convert` made of an image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversionSummary {
    /// This program's.
    pub version: &'static str,
    /// The file read.
    pub input: StoredImage,
    /// The file written.
    pub output: StoredImage,
    /// How many images were converted.
    pub frames: usize,
    /// Pixels along fast and slow.
    pub pixels: [usize; 2],
    /// Pixels above the largest number of the output.
    pub clipped_above: usize,
    /// Pixels below the least number of the output.
    pub clipped_below: usize,
    /// Pixels that were no number and became 0, or −1 in CBF and int32.
    pub no_number: usize,
    /// Pixels whose number the output has no digits for.
    pub rounded: usize,
    /// What the user was told.
    pub notices: Vec<String>,
}

/// A file, its format and its kind of numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredImage {
    /// Where it is.
    pub path: String,
    /// Its format.
    pub format: &'static str,
    /// Its numbers.
    pub numbers: &'static str,
}

impl fmt::Display for StoredImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.format == self.numbers {
            true => write!(f, "{}, bare {}", self.path, self.numbers),
            false => write!(f, "{}, {} of {}", self.path, self.format, self.numbers),
        }
    }
}

impl fmt::Display for ConversionSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [fast, slow] = self.pixels;
        write!(f, "read       {}, {fast} x {slow} pixels", self.input)?;
        match self.frames {
            1 => writeln!(f)?,
            several => writeln!(f, ", {several} frames")?,
        }
        write!(f, "wrote      {}", self.output)?;
        for (count, what) in [
            (self.clipped_above, "clipped at the largest number"),
            (self.clipped_below, "clipped at the least number"),
            (self.no_number, "were no number"),
            (self.rounded, "rounded"),
        ] {
            if count > 0 {
                write!(f, "; {count} pixel(s) {what}")?;
            }
        }
        Ok(())
    }
}
