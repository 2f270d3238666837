//! How long a pass took by the GPU's own clock, where someone records it.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::GpuError;
use super::device::GpuDevice;
use crate::profile;

/// A timestamp is a u64.
const BYTES: u64 = 2 * size_of::<u64>() as u64;

/// Passes are this far apart in a record, which is told of their age and is that late at most.
const APART: Duration = Duration::from_micros(100);

/// Timestamps around passes: slots that no pass writes to now.
#[derive(Debug)]
pub struct Timestamps {
    idle: Mutex<Vec<Slot>>,
    /// When the last pass ended that was recorded.
    recorded: Mutex<Option<Instant>>,
    /// Length of a tick.
    tick_ns: f64,
}

/// Two timestamps, around a pass.
#[derive(Debug)]
pub struct Slot {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    readback: wgpu::Buffer,
    tick_ns: f64,
}

impl Timestamps {
    /// Timestamps on the device called `name`, if anyone records and it has them. Where it lacks them,
    /// the record says so.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, name: &str) -> Option<Timestamps> {
        if !profile::recording() {
            return None;
        }
        if !device.features().contains(FEATURE) {
            profile::note(&format!(
                "{name} has no timestamps: what it spent on each dispatch is not known"
            ));
            return None;
        }
        Some(Timestamps {
            idle: Mutex::default(),
            recorded: Mutex::default(),
            tick_ns: f64::from(queue.get_timestamp_period()),
        })
    }

    /// A slot for a pass.
    ///
    /// # Errors
    /// [`GpuError`] when the driver refuses the buffers.
    pub fn slot(&self, device: &GpuDevice) -> Result<Slot, GpuError> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = idle.pop() {
            return Ok(slot);
        }
        drop(idle);
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
        Ok(Slot {
            queries,
            resolved,
            readback,
            tick_ns: self.tick_ns,
        })
    }

    /// Records what a pass wrote to `slot` as work `name` that `ended` then. The two clocks have no
    /// common origin: the work is placed to end when the host saw it end, and begins no earlier than
    /// the work before ended.
    pub fn record(&self, name: &'static str, slot: &Slot, ended: Instant) {
        let Some(elapsed) = slot.elapsed() else {
            profile::note("some of the GPU's timestamps could not be read");
            return;
        };
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let before = recorded.map(|before| before + APART);
        let free = before.map_or(elapsed, |before| ended.saturating_duration_since(before));
        let elapsed = elapsed.min(free);
        *recorded = (*recorded).max(Some(ended));
        profile::device_span(name, ended - elapsed, elapsed);
    }

    /// Takes back a slot whose timestamps were recorded.
    pub fn give_back(&self, slot: Slot) {
        let idle = self.idle.lock();
        idle.unwrap_or_else(PoisonError::into_inner).push(slot);
    }
}

impl Slot {
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

    /// How long the pass took.
    fn elapsed(&self) -> Option<Duration> {
        let view = self.readback.get_mapped_range(..).ok()?;
        let ticks: Vec<u64> = bytemuck::pod_collect_to_vec(&view);
        drop(view);
        self.readback.unmap();
        let elapsed = ticks[1].saturating_sub(ticks[0]) as f64 * self.tick_ns;
        Some(Duration::from_nanos(elapsed as u64))
    }
}

/// What an adapter needs to have for this.
pub const FEATURE: wgpu::Features = wgpu::Features::TIMESTAMP_QUERY;
