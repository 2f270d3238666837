//! The GPU path: the scene in float32 and fixed point, rendered by WGSL compute shaders.
//!
//! `docs/kernel.md` explains how, and how far the result can be trusted. The formulas are those of
//! [`crate::physics`]; `shaders/shared/` mirrors its files.
//!
//! # The parts and their lifetimes
//!
//! A [`GpuRenderer`] lives as long as the user renders on one GPU. It has four kinds of parts, and
//! each owns its state:
//!
//! * The **device** (`device.rs`) is the opened adapter with its queue. Errors are values: what the
//!   driver refuses comes back to the job that asked for it, and a lost device is lost for all.
//! * The **kernels** (`kernels.rs`) live as long as the device. A pipeline is compiled when a scene
//!   first needs its permutation, and learns how many terms its dispatches may have.
//! * The **scene buffers** (`scene_buffers.rs`) are what the device holds of a scene. They are kept
//!   from one render to the next; a buffer is uploaded again when the array that it was made from
//!   is another one.
//! * The **target** (`target.rs`) is where the image comes about: sums, the image, and one readback
//!   buffer. The image stays there until the next one takes its place, so work on it need
//!   not wait until it was read back.
//!
//! Scene buffers and target make a *workspace*. A job borrows one for the time of a render, and
//! when several threads render at once each job has its own; what jobs share are the device and the
//! kernels.
//!
//! # A render
//!
//! A render is a [`RenderJob`]. `passes.rs` says as data which kernel passes over which part of the
//! scene; `slices.rs` cuts a pass into dispatches, none so long that the system stalls. Each
//! [`RenderJob::step`] submits one dispatch and waits for it. [`GpuRenderer::render`] drives a job
//! to its end on the calling thread; a driver that does something else between the steps, or that
//! drives jobs on several devices, needs nothing more than `step`.

mod accuracy;
mod adapter;
mod device;
mod digits;
mod entries;
mod error;
mod frame;
mod guarded;
mod job;
mod kept;
mod kernel;
mod kernels;
mod landing;
mod layout;
mod memory;
mod passes;
mod pipeline_cache;
mod pixel_kernels;
mod readback;
mod renderer;
mod scaling;
mod scene_buffers;
mod shaders;
mod slices;
mod specialised;
mod spread;
mod submission;
mod target;
#[cfg(test)]
mod tests;
mod tiles;
mod timestamps;
mod trace;
mod untile;
mod workspace;

pub use accuracy::{GOOD, largest_error, misses_edges};
pub use adapter::{Adapter, AdapterDescription, AdapterKind, adapters, interfaces};
pub use digits::{factor_digits, wide_digits};
pub use error::GpuError;
pub use frame::Frame;
pub use guarded::panics_are_errors;
pub use job::{Dispatch, RenderJob, Step};
pub use landing::{Counts, Landed, Landing};
pub use renderer::{GpuOptions, GpuRenderer};
pub use shaders::{
    background_source, noise_source, pack_source, permutations, place_source, render_source,
    spread_source, statistics_source, trace_source,
};
