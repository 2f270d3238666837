//! What becomes of the slots of a band: the shader that multiplies them, or the way to the host.

use std::ops::Range;

use super::job::{DerivativeBuffers, DerivativeJob, held};
use crate::gpu::GpuError;
use crate::gpu::frame::room;
use crate::gpu::kernel::Entry;
use crate::gpu::layout::{BATCH, MotionEntry, WeighingUniform};
use crate::gpu::scene_buffers::stored;
use crate::gpu::submission::Pipelined;

impl DerivativeJob<'_> {
    /// Has `entry` make so many numbers, the `outcome`, of the slots of a band.
    pub fn weigh_with(
        &mut self,
        entry: Entry,
        band: &Range<usize>,
        mut weighing: WeighingUniform,
        motions: &[MotionEntry],
        outcome: usize,
    ) -> Result<Vec<f32>, GpuError> {
        let (gpu, device) = (self.gpu, &self.gpu.device);
        let most = device.limits.max_compute_workgroups_per_dimension;
        weighing.tiles = band.len() as u32;
        weighing.tiles_per_row = weighing.tiles.min(most);
        let panel_of = self.places[band.clone()].iter().map(|own| own.panel as u32);
        let panel_of = stored(device, "the panels of tiles", &panel_of.collect::<Vec<_>>())?;
        let motions = stored(device, "the motions of panels", motions)?;
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let buffers = &mut self.workspace.derivatives;
        let uniform = match buffers.uniform.take() {
            Some(uniform) => uniform,
            None => device.buffer("the directions", size_of::<WeighingUniform>() as u64, usage)?,
        };
        buffers.uniform = Some(uniform.clone());
        device.upload(&uniform, bytemuck::bytes_of(&weighing))?;
        let what = "the derivatives of a band";
        let made = room(&mut buffers.outcome, device, what, 4 * outcome as u64)?;
        let slots = held(device, &buffers.slots)?;
        let weighted = held(device, &buffers.weighted)?;
        let kernel = gpu.kernels.kernel(device, entry)?;
        let pipeline = kernel.pipeline(device, self.permutation.of_weighing())?;
        let bindings = kernel.bind(
            device,
            &[&uniform, slots, &motions, &panel_of, weighted, &made],
        )?;
        let submission = device.submit(entry.name(), entry.span(), |commands| {
            let mut compute = commands.pass();
            compute.set_pipeline(&pipeline.compute);
            compute.set_bind_group(0, &bindings, &[]);
            let rows = weighing.tiles.div_ceil(weighing.tiles_per_row);
            compute.dispatch_workgroups(weighing.tiles_per_row, rows, 1);
        })?;
        device.wait(submission)?;
        self.read(|buffers| &buffers.outcome, outcome)
    }

    /// The first numbers of a buffer.
    pub fn read<T: bytemuck::AnyBitPattern + bytemuck::NoUninit>(
        &self,
        of: impl FnOnce(&DerivativeBuffers) -> &Option<wgpu::Buffer>,
        count: usize,
    ) -> Result<Vec<T>, GpuError> {
        let buffer = held(&self.gpu.device, of(&self.workspace.derivatives))?;
        let mut pipelined = Pipelined::default();
        let bytes = (size_of::<T>() * count) as u64;
        let copy = self.gpu.send(&mut pipelined, &[(buffer, bytes)])?;
        pipelined.finish(&self.gpu.device)?;
        self.gpu
            .receive(copy, |bytes| bytemuck::pod_collect_to_vec(bytes))
    }

    /// Gives the slots of a band to `take`, as they are on the device.
    pub fn with_slots<T>(
        &self,
        band: &Range<usize>,
        take: impl FnOnce(&[[f32; 4]]) -> T,
    ) -> Result<T, GpuError> {
        let bytes = self.plan.slot_bytes(band.len());
        let slots = held(&self.gpu.device, &self.workspace.derivatives.slots)?;
        let mut pipelined = Pipelined::default();
        let copy = self.gpu.send(&mut pipelined, &[(slots, bytes as u64)])?;
        pipelined.finish(&self.gpu.device)?;
        (self.gpu).receive(copy, |bytes| take(bytemuck::cast_slice(bytes)))
    }
}

/// Threads of a workgroup of `weigh.wgsl`.
const _: () = assert!(BATCH == 64);
