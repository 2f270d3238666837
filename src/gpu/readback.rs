//! The way back to the host: copies in buffers that the host can read.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};

use tracing::info_span;

use super::device::GpuDevice;
use super::submission::Pipelined;
use super::{GpuError, GpuRenderer};
use crate::profile::READ_BACK;

const WHAT: &str = "the readback buffer";

/// Buffers that the host can read and that nothing is on its way in. As many are made as there are
/// copies on their way at once.
#[derive(Debug, Default)]
pub struct Readbacks(Mutex<Vec<wgpu::Buffer>>);

impl Readbacks {
    /// A buffer of at least so many bytes: the smallest that is here, or a new one, for which one that
    /// is too small goes.
    fn lend(&self, device: &GpuDevice, size: u64) -> Result<wgpu::Buffer, GpuError> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = idle.iter().enumerate();
        let fitting = fitting.filter(|(_, buffer)| buffer.size() >= size);
        let best = fitting.min_by_key(|(_, buffer)| buffer.size());
        if let Some((place, _)) = best {
            return Ok(idle.swap_remove(place));
        }
        let largest = (0..idle.len()).max_by_key(|&place| idle[place].size());
        drop(largest.map(|place| idle.swap_remove(place)));
        drop(idle);
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        device.buffer(WHAT, size, usage)
    }

    fn give_back(&self, buffer: wgpu::Buffer) {
        let idle = self.0.lock();
        idle.unwrap_or_else(PoisonError::into_inner).push(buffer);
    }

    /// Bytes of all of them.
    #[cfg(test)]
    pub fn size(&self) -> u64 {
        self.0.lock().unwrap().iter().map(wgpu::Buffer::size).sum()
    }
}

/// A copy on its way to the host.
#[derive(Debug)]
pub struct Copy {
    buffer: wgpu::Buffer,
    size: u64,
    mapped: Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl GpuRenderer {
    /// Sends the first bytes of buffers, so many of each, to the host, one after the other.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub(super) fn send(
        &self,
        pipelined: &mut Pipelined,
        sources: &[(&wgpu::Buffer, u64)],
    ) -> Result<Copy, GpuError> {
        let _span = info_span!(target: READ_BACK, "copy").entered();
        let device = &self.device;
        let size = sources.iter().map(|(_, size)| size).sum();
        let buffer = self.readbacks.lend(device, size)?;
        let submission = device.submit(WHAT, "copy", |commands| {
            let mut end = 0;
            for &(source, size) in sources {
                let encoder = &mut commands.encoder;
                encoder.copy_buffer_to_buffer(source, 0, &buffer, end, size);
                end += size;
            }
        })?;
        let (sender, mapped) = channel();
        device.checked(WHAT, || {
            buffer.map_async(wgpu::MapMode::Read, ..size, move |result| {
                // Nobody may listen any more.
                let _ = sender.send(result);
            });
        })?;
        pipelined.push(device, submission)?;
        Ok(Copy {
            buffer,
            size,
            mapped,
        })
    }

    /// What `take` makes of the bytes of `copy`, whose submission is done.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub(super) fn receive<T>(
        &self,
        copy: Copy,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, GpuError> {
        let _span = info_span!(target: READ_BACK, "read back").entered();
        let Copy {
            buffer,
            size,
            mapped,
        } = copy;
        // Another thread may have looked at the queue between the submission and the request to map
        // the buffer: nobody would look again.
        self.device.looked_at(WHAT)?;
        // Or it may be about to tell.
        match mapped.recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(self.device.refused(WHAT, error.to_string())),
            Err(error) => return Err(self.device.refused(WHAT, error.to_string())),
        }
        let view = buffer
            .get_mapped_range(..size)
            .map_err(|error| self.device.refused(WHAT, error.to_string()))?;
        let taken = take(&view);
        drop(view);
        buffer.unmap();
        self.readbacks.give_back(buffer);
        Ok(taken)
    }
}
