//! The GPU path: the scene in float32 and fixed point, rendered by WGSL compute shaders.
//!
//! `docs/kernel.md` explains how, and how far the result can be trusted. The formulas are those of
//! [`crate::physics`]; `shaders/shared/` mirrors its files.

mod adapter;
mod background;
mod band;
mod buffers;
mod context;
mod digits;
mod dispatch;
mod error;
mod frame;
mod kernel;
mod layout;
mod memory;
mod noise;
mod renderer;
mod scatter;
mod shaders;
mod slices;
mod specialised;
mod tiles;
mod timestamps;
mod trace;

pub use adapter::{Adapter, AdapterDescription, AdapterKind, adapters, interfaces};
pub use digits::{factor_digits, wide_digits};
pub use error::GpuError;
pub use renderer::{GpuOptions, GpuRenderer};
pub use shaders::{background_source, noise_source, permutations, render_source, trace_source};
