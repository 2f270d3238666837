//! Options of the program itself.

use std::path::PathBuf;

use clap::ArgMatches;

use crate::cli::cache::gpu_options;
use crate::cli::limit::links;
use crate::document::Document;
use crate::formats::Links;
use crate::gpu::GpuOptions;
use crate::render::{Device, RenderOptions};

/// The variable that tells the device where no flag and no file does.
const DEVICE: &str = "NANOBRAGG_DEVICE";

/// Options that do not change the image.
#[derive(Debug, Clone)]
pub struct ProgramFlags {
    /// What renders, where that was said.
    pub device: Option<String>,
    /// Whether F is stored as f16 on the GPU.
    pub half_structure_factors: bool,
    /// Threads of the CPU path, where that was said.
    pub threads: Option<u32>,
    /// The experiment file.
    pub config: Option<PathBuf>,
    /// The experiment file to write.
    pub write_config: Option<PathBuf>,
    /// The experiment list of DIALS to write.
    pub write_expt: Option<PathBuf>,
    /// The geometry file of CrystFEL to write.
    pub write_geom: Option<PathBuf>,
    /// The file of a profile.
    pub profile: Option<PathBuf>,
    /// How far links in the files that are read may lead.
    pub links: Links,
    /// Whether nothing is rendered but a small part.
    pub dry_run: bool,
    /// Whether nothing but warnings and errors is printed.
    pub quiet: bool,
    /// Whether the summary is printed as JSON.
    pub json: bool,
}

impl ProgramFlags {
    /// The options that `document` and the flags without a key say.
    pub fn of(document: &Document, matches: &ArgMatches) -> ProgramFlags {
        let run = &document.run;
        let file = |id: &str| matches.get_one::<PathBuf>(id).cloned();
        ProgramFlags {
            device: run.device.clone().or_else(|| std::env::var(DEVICE).ok()),
            half_structure_factors: document.sampling.f16_structure_factors == Some(true),
            threads: run.threads,
            config: file("config"),
            write_config: file("write-config"),
            write_expt: file("write-expt"),
            write_geom: file("write-geom"),
            profile: run.profile.clone(),
            links: links(matches.get_flag("links-anywhere")),
            dry_run: matches.get_flag("dry-run"),
            quiet: run.quiet == Some(true),
            json: run.json == Some(true),
        }
    }

    /// The renderer that was asked for.
    pub fn render_options(&self) -> RenderOptions {
        RenderOptions {
            device: self.device.as_deref().map_or(Device::Auto, Device::from),
            threads: self.threads.unwrap_or(0) as usize,
            gpu: GpuOptions {
                half_structure_factors: self.half_structure_factors,
                ..gpu_options()
            },
            ..RenderOptions::default()
        }
    }
}
