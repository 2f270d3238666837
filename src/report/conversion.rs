//! The summary of `nanobragg convert`, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::lines::Lines;

/// The summary of a conversion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConversionSummary {
    /// Version of this program.
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
    /// Notices that the user was given.
    pub notices: Vec<String>,
}

/// A file, its format and its kind of numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredImage {
    /// Path of the file.
    pub path: String,
    /// Name of its format.
    pub format: &'static str,
    /// Kind of its numbers.
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
        let mut lines = Lines::default();
        let [fast, slow] = self.pixels;
        let frames = match self.frames {
            1 => String::new(),
            several => format!(", {several} frames"),
        };
        lines.add(
            "read",
            format!("{}, {fast} x {slow} pixels{frames}", self.input),
        );
        let changed = [
            (self.clipped_above, "clipped at the largest number"),
            (self.clipped_below, "clipped at the least number"),
            (self.no_number, "were no number"),
            (self.rounded, "rounded"),
        ];
        let changed = changed.iter().filter(|(count, _)| *count > 0);
        let changed: String = changed
            .map(|(count, what)| format!("; {count} pixel(s) {what}"))
            .collect();
        lines.add("wrote", format!("{}{changed}", self.output));
        lines.fmt(f)
    }
}
