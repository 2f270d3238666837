//! How long a dispatch took by the GPU's own clock, where someone records it.

use std::time::{Duration, Instant};

use super::GpuError;
use super::device::GpuDevice;
use crate::profile;

/// A timestamp is a u64.
const BYTES: u64 = 2 * size_of::<u64>() as u64;

/// Two timestamps, around a pass.
#[derive(Debug)]
pub struct Timestamps {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    readback: wgpu::Buffer,
    /// Length of a tick.
    tick_ns: f64,
}

impl Timestamps {
    /// Timestamps on `device`, if anyone records and the adapter has them. Where it lacks them, the
    /// record says so.
    ///
    /// # Errors
    /// [`GpuError`] when the driver refuses the buffers.
    pub fn new(device: &GpuDevice) -> Result<Option<Timestamps>, GpuError> {
        if !profile::recording() {
            return Ok(None);
        }
        if !device.device.features().contains(FEATURE) {
            let name = device.name();
            profile::note(&format!(
                "{name} has no timestamps: what it spent on each dispatch is not known"
            ));
            return Ok(None);
        }
        use wgpu::BufferUsages as Usage;
        let descriptor = wgpu::QuerySetDescriptor {
            label: Some("timestamps"),
            ty: wgpu::QueryType::Timestamp,
            count: 2,
        };
        let queries =
            device.checked("timestamps", || device.device.create_query_set(&descriptor))?;
        let usage = Usage::QUERY_RESOLVE | Usage::COPY_SRC;
        let resolved = device.buffer("timestamps", BYTES, usage)?;
        let usage = Usage::MAP_READ | Usage::COPY_DST;
        let readback = device.buffer("the readback buffer of timestamps", BYTES, usage)?;
        Ok(Some(Timestamps {
            queries,
            resolved,
            readback,
            tick_ns: f64::from(device.queue.get_timestamp_period()),
        }))
    }

    /// Has a pass write its beginning and its end.
    pub fn writes(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// Copies what the pass wrote to the readback buffer, after the commands of `encoder`.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.queries, 0..2, &self.resolved, 0);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.readback, 0, BYTES);
    }

    /// Has the readback buffer mapped once those commands are done.
    pub fn map(&self) {
        self.readback.map_async(wgpu::MapMode::Read, .., |_| ());
    }

    /// Records what the pass wrote as work `name` that ended just now. The two clocks have no
    /// common origin: the work is placed to end when the host saw it end, after it was submitted.
    pub fn record(&self, name: &'static str, submitted: Instant) {
        let ended = Instant::now();
        let Ok(view) = self.readback.get_mapped_range(..) else {
            profile::note("some of the GPU's timestamps could not be read");
            return;
        };
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        self.readback.unmap();
        let elapsed = ticks[1].saturating_sub(ticks[0]) as f64 * self.tick_ns;
        let elapsed = Duration::from_nanos(elapsed as u64).min(ended - submitted);
        profile::device_span(name, ended - elapsed, elapsed);
    }
}

/// What an adapter needs to have for this.
pub const FEATURE: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY;
