//! The summary of `nanobragg convert`, for people and, through serde, for programs.

use serde::Serialize;

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
