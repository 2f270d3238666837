//! Detectors of several panels: every path, and the files that describe them.

mod cases;
mod command;
mod files;
mod layouts;
mod paths;

use crate::support;
use nanobragg::experiment::{Description, Experiment};
use nanobragg::gpu::GpuOptions;
use nanobragg::image::{Comparison, Image};
use nanobragg::render::{Device, RenderOptions, Renderer};

/// What float32 comes to.
const GATE: f64 = 1e-5;

fn gpu() -> Renderer {
    let device = Device::Gpu("gpu".into());
    let gpu = GpuOptions::default();
    Renderer::new(&RenderOptions {
        device,
        gpu,
        ..RenderOptions::default()
    })
    .unwrap()
}

fn cpu() -> Renderer {
    Renderer::cpu().unwrap()
}

fn rendered(renderer: &Renderer, parts: &Description) -> Image {
    renderer
        .render(&Experiment::new(parts.clone()).unwrap())
        .unwrap()
        .image
}

fn nrmse(image: &[f32], reference: &[f32]) -> f64 {
    Comparison::of(image, reference).unwrap().nrmse
}
