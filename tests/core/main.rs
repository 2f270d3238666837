//! The library without the features `cli`, `gpu` and `hdf5`: it reads an experiment and renders it.
//!
//!     cargo test --release --no-default-features --test core

use std::path::Path;

use nanobragg::document::Document;
use nanobragg::image::Comparison;
use nanobragg::memory::Bytes;
use nanobragg::render::{Device, RenderOptions, Renderer};

/// The scene `cubic` of `golden/cases.json`.
const CUBIC: &str = "
[crystal]
default_F = 100
cell_A_deg = [100, 100, 100, 90, 90, 90]
cells = 5
[beam]
wavelength_A = 6.2
[detector]
distance_mm = 100
pixels = 128
";
/// Its `gate_cpu`.
const GATE: f64 = 1e-6;

#[test]
fn a_document_is_read_and_rendered() {
    let document = Document::from_toml(CUBIC).unwrap();
    let resolved = document.resolve(1, Bytes(1 << 30)).unwrap();
    let rendered = Renderer::cpu()
        .unwrap()
        .render(&resolved.experiment)
        .unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/cubic.bin");
    let bytes = std::fs::read(golden).unwrap();
    let reference: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect();
    let nrmse = Comparison::of(rendered.image.values(), &reference)
        .unwrap()
        .nrmse;
    assert!(nrmse < GATE, "{nrmse}");
}

#[test]
fn auto_renders_without_a_gpu() {
    let options = RenderOptions {
        device: Device::Auto,
        ..RenderOptions::default()
    };
    assert!(Renderer::new(&options).is_ok());
}

#[cfg(not(feature = "gpu"))]
#[test]
fn a_gpu_that_is_asked_for_is_an_error_that_names_the_feature() {
    let options = RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    };
    let error = Renderer::new(&options).unwrap_err().to_string();
    assert!(error.contains("feature gpu"), "{error}");
}
