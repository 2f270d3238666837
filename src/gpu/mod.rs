//! The GPU path: the scene in float32 and fixed point, rendered by WGSL compute shaders.
//!
//! `docs/kernel.md` explains how, and how far the result can be trusted. The formulas are those of
//! [`crate::physics`]; `shaders/shared/` mirrors its files.
//!
//! # The parts and their lifetimes
//!
//! A [`GpuRenderer`] lives as long as the user renders on one GPU. It has five kinds of parts, and
//! each owns its state:
//!
//! * The **device** (`device.rs`) is the opened adapter with its queue (`submission.rs`). Errors are
//!   values: what the driver refuses comes back to the job that asked for it, and a lost device is
//!   lost for all.
//! * The **kernels** (`kernels.rs`) live as long as the device. A pipeline is compiled when a scene
//!   first needs its permutation, and learns how many terms its dispatches may have.
//! * The **scene buffers** (`scene_buffers.rs`) are what the device holds of a scene. They are kept
//!   from one render to the next; a buffer is uploaded again when the array that it was made from
//!   is another one.
//! * The **target** (`target.rs`) is where the sums of a band of tiles come about. Scene buffers and
//!   target make a *workspace*.
//! * A **frame** (`frame.rs`) is an image on the device: photons in the order of the image, what a
//!   detector makes of them, and the numbers of a file. Only what is sent to the host leaves it, in
//!   buffers of its own (`readback.rs`), and may be on its way ([`Landing`]) while the next frame is
//!   rendered.
//!
//! A job borrows a workspace and the buffers of a frame, and gives them back when all of its work is
//! submitted: a queue does one thing after the other. When several threads render at once each has
//! its own; what they share are the device and the kernels.
//!
//! # A render
//!
//! The render of a scene is a [`RenderJob`]. `passes.rs` says as data which kernel passes over which
//! part of the scene; `slices.rs` cuts a pass into dispatches, none so long that the system stalls.
//! Each [`RenderJob::step`] submits one dispatch and waits for the one before, so that the device is
//! never idle. [`Frame::add`] drives a job to its end on the calling thread; a driver that does
//! something else between the steps, or that drives jobs on several devices, needs nothing more
//! than `step`.
//!
//! From there, `shaders/place.wgsl` puts the sums in their places in the frame, as photons, and adds
//! those of other energy channels; `noise.wgsl` counts photons and reads the detector out, with
//! `spread.wgsl` between; `pack.wgsl` makes the numbers of a file; `statistics.wgsl` adds up photons
//! that do not go to the host.
//!
//! Derivatives (`derivatives/`) have passes of their own over the same tiles: `derivatives.wgsl` adds
//! up the slots of each pixel, and `weigh.wgsl` multiplies them with directions or weights.

mod accuracy;
mod adapter;
mod culling;
mod derivatives;
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
pub use derivatives::DerivativeWatch;
pub use digits::{factor_digits, wide_digits};
pub use error::GpuError;
pub use frame::Frame;
pub use guarded::panics_are_errors;
pub use job::{Dispatch, RenderJob, Step};
pub use landing::{Counts, Landed, Landing};
pub use memory::FrameUse;
pub use renderer::{GpuOptions, GpuRenderer};
pub use shaders::{
    background_source, derivatives_source, diffuse_derivatives_source, diffuse_source,
    noise_source, pack_source, permutations, place_source, render_source, spread_source,
    statistics_source, trace_source, weigh_source,
};
