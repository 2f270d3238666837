//! The GPU path against the CPU path, and every function of the shaders against its twin in Rust.

#[path = "../support/mod.rs"]
mod support;

mod accuracy;
mod closed_form;
#[cfg(target_os = "linux")]
mod derivative_faults;
mod derivative_features;
mod derivatives;
#[cfg(target_os = "linux")]
mod faults;
mod frames;
mod gpu_path;
mod jobs;
mod point_spread;
mod several;
mod shader_functions;
