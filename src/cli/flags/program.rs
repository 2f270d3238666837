//! Options of the program itself.

use std::path::PathBuf;

use clap::Args;

use super::super::values;
use crate::gpu::GpuOptions;
use crate::render::{Device, RenderOptions};

/// Options that do not change the image.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Program")]
pub struct ProgramFlags {
    /// What renders: auto, cpu, gpu, or a GPU's index or part of its name as 'nanobragg devices'
    /// lists them [default: auto, a real GPU if there is one, else the CPU]
    #[arg(long, value_name = "DEVICE", env = "NANOBRAGG_DEVICE", hide_env = true)]
    pub device: Option<String>,
    /// Store F as f16 on the GPU: half the memory, three digits
    #[arg(long = "f16-structure-factors")]
    pub half_structure_factors: bool,
    /// Threads of the CPU path [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = values::threads)]
    pub threads: Option<u32>,
    /// Take flags from an experiment file; those of the command line override it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Write the experiment, all defaults and choices resolved, as a file for --config
    #[arg(long = "write-config", value_name = "FILE")]
    pub write_config: Option<PathBuf>,
    /// Write where the time went as a Chrome trace (Perfetto opens it), hot_spots.csv beside it
    #[arg(long, value_name = "FILE")]
    pub profile: Option<PathBuf>,
    /// Check everything as a render does, and tell its terms, memory, files and, from a small part of
    /// it, about how long it will take; nothing is written but the file of --write-config
    #[arg(long = "dry-run")]
    pub dry_run: bool,
    /// Print nothing but warnings and errors
    #[arg(long)]
    pub quiet: bool,
    /// Print the summary as one JSON document on standard output
    #[arg(long)]
    pub json: bool,
    /// Print this help
    #[arg(short = 'h', long)]
    pub help: bool,
    /// Print the version
    #[arg(short = 'V', long, action = clap::ArgAction::Version)]
    pub version: (),
}

impl ProgramFlags {
    /// The renderer that was asked for.
    pub fn render_options(&self) -> RenderOptions {
        RenderOptions {
            device: self.device.as_deref().map_or(Device::Auto, Device::from),
            threads: self.threads.unwrap_or(0) as usize,
            gpu: GpuOptions {
                half_structure_factors: self.half_structure_factors,
                ..GpuOptions::default()
            },
            ..RenderOptions::default()
        }
    }
}
