//! A kernel at work, in dispatches short enough for the system to stay responsive.

use std::time::Instant;

use tracing::info_span;

use super::context::Context;
use super::kernel::{BINDINGS, Kernel};
use super::renderer::{State, Watch};
use super::slices::{Budget, Cursor, Work};
use super::timestamps::Timestamps;
use super::{GpuError, GpuRenderer};
use crate::profile::SIMULATION;

/// A kernel with what it works on.
pub(super) struct Pass<'a> {
    /// Its name in profiles.
    pub name: &'static str,
    pub kernel: &'a Kernel,
    pub pipeline: &'a wgpu::ComputePipeline,
    /// In the order of the shader's bindings; the second holds the slice of a dispatch.
    pub buffers: [&'a wgpu::Buffer; BINDINGS],
}

impl GpuRenderer {
    /// Adds `work` to the band's sums, which start afresh if `fresh`.
    pub(super) fn dispatch(
        &self,
        state: &mut State,
        pass: &Pass,
        work: &Work,
        fresh: bool,
        watch: Watch,
    ) -> Result<(), GpuError> {
        let Context { device, queue, .. } = &self.context;
        let group = pass.kernel.bind(&self.context, &pass.buffers)?;
        let mut budget = state.budget.unwrap_or_else(Budget::new);
        let (mut cursor, mut done) = (Cursor::default(), 0.0);
        while let Some((mut slice, terms)) = work.next(&mut cursor, &budget) {
            slice.first &= u32::from(fresh);
            let _span = info_span!(target: SIMULATION, "dispatch").entered();
            let started = Instant::now();
            queue.write_buffer(pass.buffers[1], 0, bytemuck::bytes_of(&slice));
            let mut encoder = device.create_command_encoder(&Default::default());
            let mut commands = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: self.timestamps.as_ref().map(Timestamps::writes),
            });
            commands.set_pipeline(pass.pipeline);
            commands.set_bind_group(0, &group, &[]);
            let rows = slice.tile_count.div_ceil(slice.tiles_per_row);
            commands.dispatch_workgroups(slice.tiles_per_row, rows, 1);
            drop(commands);
            if let Some(timestamps) = &self.timestamps {
                timestamps.send(&mut encoder);
            }
            let submitted = Instant::now();
            queue.submit([encoder.finish()]);
            if let Some(timestamps) = &self.timestamps {
                timestamps.ask();
            }
            self.context.wait()?;
            if let Some(timestamps) = &self.timestamps {
                timestamps.record(pass.name, submitted);
            }
            budget.learn(terms, started.elapsed());
            done += terms;
            if !watch(done / work.terms()) {
                return Err(GpuError::Interrupted);
            }
        }
        state.budget = Some(budget);
        Ok(())
    }
}
