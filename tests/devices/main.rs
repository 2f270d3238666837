//! The GPU path against the CPU path, and every function of the shaders against its twin in Rust.

#[path = "../support/mod.rs"]
mod support;

mod accuracy;
mod frames;
mod gpu_path;
mod jobs;
mod point_spread;
mod shader_functions;
