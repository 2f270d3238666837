//! What a render would be, for people and, through serde, for programs.

use serde::Serialize;

use super::sampling::SamplingSummary;

/// What `--dry-run` tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryRun {
    /// Version of this program.
    pub version: &'static str,
    /// True: this is the document of no render.
    pub dry_run: bool,
    /// Name of the device.
    pub device: String,
    /// Threads of the CPU path.
    pub threads: usize,
    /// Panels of the detector.
    pub panels: usize,
    /// Pixels of the image along fast and slow, panels stacked.
    pub pixels: [usize; 2],
    /// Pixels that would be rendered.
    pub rendered_pixels: usize,
    /// Layers of the sensor.
    pub layers: u32,
    /// The numbers that multiply to the terms.
    pub sampling: SamplingSummary,
    /// Terms of a pixel.
    pub terms_per_pixel: f64,
    /// Memory.
    pub memory: MemoryNeeds,
    /// Files that would be written.
    pub files: Vec<PlannedFile>,
    /// The file of --write-config, which is written all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub experiment_file: Option<String>,
    /// Notices that the user was given.
    pub notices: Vec<String>,
}

/// What a render takes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MemoryNeeds {
    /// The most memory that the render takes on this machine, beside the program itself: the image
    /// with the file that needs most, sources, orientations and F.
    pub host_bytes: u64,
    /// Memory that is free on this machine.
    pub available_bytes: u64,
    /// Memory of the buffers on the GPU; none on the CPU path.
    pub device_bytes: Option<u64>,
}

/// A file that the render would write.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedFile {
    /// The flag that asks for it.
    pub flag: &'static str,
    /// Path of the file.
    pub path: String,
    /// Whether it would replace a file.
    pub replaces: bool,
}
