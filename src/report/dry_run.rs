//! What a render would be, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::lines::Lines;
use super::sampling::SamplingSummary;
use crate::memory::Bytes;

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
    /// Time.
    pub estimate: TimeNeeds,
    /// Notices that the user was given.
    pub notices: Vec<String>,
}

/// What a render takes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MemoryNeeds {
    /// Memory on this machine: at most, for the image with the file that needs most, sources, orientations and F, beside
    /// what the program itself takes.
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

/// How long a render would take, s: all but `sampled_seconds` is an estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeNeeds {
    /// The sum of the three that follow.
    pub seconds: f64,
    /// To start, read files and get the device ready.
    pub set_up_seconds: f64,
    /// The terms.
    pub render_seconds: f64,
    /// Statistics and files, on a disk that keeps up.
    pub file_seconds: f64,
    /// Terms that were rendered to tell.
    pub sampled_terms: f64,
    /// Wall time of the sampled terms.
    pub sampled_seconds: f64,
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Lines::default();
        lines.add("dry run", "nothing is rendered or written");
        let experiment_file = self.experiment_file.as_ref();
        lines.add_some(
            "",
            experiment_file.map(|path| format!("but {path}, the experiment")),
        );
        lines.add(
            "device",
            format!("{}, {} threads", self.device, self.threads),
        );
        let panels = match self.panels {
            1 => String::new(),
            count => format!("{count} panels, stacked "),
        };
        let ([fast, slow], rendered) = (self.pixels, self.rendered_pixels);
        let pixels = format!("{panels}{fast} x {slow} pixels, {rendered} of them rendered");
        lines.add("image", pixels);
        lines.add("steps", self.sampling.to_string());
        let (terms, per_pixel) = (self.sampling.terms, self.terms_per_pixel);
        let layers = self.layers;
        let terms = format!("{terms:.4e}: {per_pixel:.0} a pixel, in {layers} layer(s)");
        lines.add("terms", terms);
        let [host, available] = [self.memory.host_bytes, self.memory.available_bytes].map(Bytes);
        let device = self.memory.device_bytes;
        let device = device.map_or_else(String::new, |bytes| {
            format!(", {} on the GPU", Bytes(bytes))
        });
        lines.add(
            "memory",
            format!("at most {host} of the {available} there are{device}"),
        );
        for file in &self.files {
            let instead = match file.replaces {
                true => ", in place of the one there",
                false => "",
            };
            let (path, flag) = (&file.path, file.flag);
            lines.add("would write", format!("{path} ({flag}){instead}"));
        }
        let time = &self.estimate;
        lines.add("estimate", format!(
            "about {:.2} s: {:.2} s to get ready, {:.2} s for the terms, {:.2} s for statistics and \
             files",
            time.seconds, time.set_up_seconds, time.render_seconds, time.file_seconds
        ));
        let (terms, seconds) = (time.sampled_terms, time.sampled_seconds);
        lines.add(
            "",
            format!("from {terms:.2e} terms, rendered in {seconds:.3} s"),
        );
        lines.fmt(f)
    }
}
