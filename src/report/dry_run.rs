//! What a render would be, for people and, through serde, for programs.

use std::fmt;

use serde::Serialize;

use super::sampling::SamplingSummary;
use crate::experiment::Experiment;
use crate::memory::Bytes;
use crate::render::{Estimate, Renderer, frame_size};
use crate::version;

/// What `--dry-run` tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DryRun {
    version: &'static str,
    /// Always: this is the document of no render.
    dry_run: bool,
    device: String,
    threads: usize,
    panels: usize,
    /// Of the image: panels stacked.
    pixels: [usize; 2],
    rendered_pixels: usize,
    layers: u32,
    sampling: SamplingSummary,
    terms_per_pixel: f64,
    memory: MemoryNeeds,
    files: Vec<PlannedFile>,
    /// The file of --write-config, which is written all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    experiment_file: Option<String>,
    estimate: TimeNeeds,
    notices: Vec<String>,
}

/// What a render takes of memory.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MemoryNeeds {
    /// At most, for the image with the file that needs most, sources, orientations and F, beside
    /// what the program itself takes.
    pub host_bytes: u64,
    /// What there is.
    pub available_bytes: u64,
    /// For the buffers on the GPU; none on the CPU path.
    pub device_bytes: Option<u64>,
}

/// A file that the render would write.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedFile {
    /// The flag that asks for it.
    pub flag: &'static str,
    /// Where it would be.
    pub path: String,
    /// Whether there is one that would go.
    pub replaces: bool,
}

/// How long a render would take, s: all but `sampled_seconds` is an estimate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TimeNeeds {
    /// The whole run.
    pub seconds: f64,
    /// To start, read files and get the device ready.
    pub set_up_seconds: f64,
    /// The terms.
    pub render_seconds: f64,
    /// Statistics and files, on a disk that takes what it is given.
    pub file_seconds: f64,
    /// Terms that were rendered to tell.
    pub sampled_terms: f64,
    /// What those took.
    pub sampled_seconds: f64,
}

impl TimeNeeds {
    /// Of a render that an `estimate` was made of.
    pub fn new(set_up_seconds: f64, file_seconds: f64, estimate: &Estimate) -> TimeNeeds {
        TimeNeeds {
            seconds: set_up_seconds + estimate.seconds + file_seconds,
            set_up_seconds,
            render_seconds: estimate.seconds,
            file_seconds,
            sampled_terms: estimate.sampled_terms,
            sampled_seconds: estimate.sampled_seconds,
        }
    }
}

impl DryRun {
    /// Of the image of `experiment`, so many pixels of which `renderer` would render; with the files
    /// that a render would write comes that of the experiment, if it is written.
    pub fn new(
        experiment: &Experiment,
        rendered_pixels: usize,
        renderer: &Renderer,
        (memory, estimate): (MemoryNeeds, TimeNeeds),
        (files, experiment_file): (Vec<PlannedFile>, Option<String>),
        notices: Vec<String>,
    ) -> DryRun {
        let sampling = SamplingSummary::new(experiment, rendered_pixels);
        DryRun {
            version: version::NUMBER,
            dry_run: true,
            device: renderer.device_name(),
            threads: renderer.threads(),
            panels: experiment.detector().panels.len(),
            pixels: frame_size(experiment),
            rendered_pixels,
            layers: experiment.detector().layers,
            terms_per_pixel: sampling.steps * f64::from(experiment.detector().layers),
            sampling,
            memory,
            files,
            experiment_file,
            estimate,
            notices,
        }
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let DryRun {
            device,
            threads,
            rendered_pixels,
            layers,
            sampling,
            terms_per_pixel,
            memory,
            estimate,
            ..
        } = self;
        let [fast, slow] = self.pixels;
        let panels = match self.panels {
            1 => String::new(),
            count => format!("{count} panels, stacked "),
        };
        writeln!(f, "dry run    nothing is rendered or written")?;
        if let Some(path) = &self.experiment_file {
            writeln!(f, "           but {path}, the experiment")?;
        }
        writeln!(f, "device     {device}, {threads} threads")?;
        let pixels = format!("{panels}{fast} x {slow} pixels");
        writeln!(f, "image      {pixels}, {rendered_pixels} of them rendered")?;
        writeln!(f, "steps      {sampling}")?;
        writeln!(
            f,
            "terms      {:.4e}: {terms_per_pixel:.0} a pixel, in {layers} layer(s)",
            sampling.terms
        )?;
        let host = Bytes(memory.host_bytes);
        write!(
            f,
            "memory     at most {host} of the {} there are",
            Bytes(memory.available_bytes)
        )?;
        match memory.device_bytes {
            Some(bytes) => writeln!(f, ", {} on the GPU", Bytes(bytes))?,
            None => writeln!(f)?,
        }
        for PlannedFile {
            flag,
            path,
            replaces,
        } in &self.files
        {
            let instead = if *replaces {
                ", in place of the one there"
            } else {
                ""
            };
            writeln!(f, "would write {path} ({flag}){instead}")?;
        }
        writeln!(
            f,
            "estimate   about {:.2} s: {:.2} s to get ready, {:.2} s for the terms, {:.2} s for \
             statistics and files",
            estimate.seconds,
            estimate.set_up_seconds,
            estimate.render_seconds,
            estimate.file_seconds
        )?;
        write!(
            f,
            "           from {:.2e} terms, rendered in {:.3} s",
            estimate.sampled_terms, estimate.sampled_seconds
        )
    }
}
