//! Where an image comes about on the device, and the way back to the host.

use super::GpuError;
use super::device::GpuDevice;
use super::tiles::TileSize;
use tracing::info_span;

use crate::profile::READ_BACK;

/// The sums of a band of an image, tile by tile. They stay on the device until the next band or
/// image takes their place.
#[derive(Debug, Default)]
pub struct Target {
    /// The image so far, and the sums that wait to be added to it.
    sums: Option<[wgpu::Buffer; 2]>,
    /// How the image comes to the host.
    pub readback: Readback,
}

impl Target {
    /// Room for the sums of so many tiles: the image, and what waits to be added to it. It is
    /// made anew only where what is here is too small; the device then fills it with zeros.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory for it.
    pub fn sums(
        &mut self,
        device: &GpuDevice,
        tiles: usize,
        tile_size: TileSize,
    ) -> Result<[wgpu::Buffer; 2], GpuError> {
        let size = image_bytes(tiles, tile_size);
        // Sums that are too small go before new ones come.
        let kept = self.sums.take().filter(|[image, _]| image.size() >= size);
        let sums = match kept {
            Some(sums) => sums,
            None => {
                let usage = wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_SRC
                    | wgpu::BufferUsages::COPY_DST;
                let sums = [
                    device.buffer("the image", size, usage)?,
                    device.buffer("the image's pending sums", 2 * size, usage)?,
                ];
                // wgpu would at the first dispatch, which would wait for it.
                device.checked("filling the image with zeros", || {
                    let mut encoder = device.device.create_command_encoder(&Default::default());
                    for buffer in &sums {
                        encoder.clear_buffer(buffer, 0, None);
                    }
                    device.queue.submit([encoder.finish()]);
                })?;
                sums
            }
        };
        self.sums = Some(sums.clone());
        Ok(sums)
    }

    /// What `take` makes of the image of so many tiles, tile by tile.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub fn read<T>(
        &mut self,
        device: &GpuDevice,
        tiles: usize,
        tile_size: TileSize,
        take: impl FnOnce(&[f32]) -> T,
    ) -> Result<T, GpuError> {
        let [image, _] = self.sums(device, tiles, tile_size)?;
        self.readback
            .read(device, &image, image_bytes(tiles, tile_size), take)
    }

    /// Bytes of all buffers.
    #[cfg(test)]
    pub fn size(&self) -> u64 {
        let sums = self.sums.iter().flatten();
        let readback = self.readback.buffer.iter();
        sums.chain(readback).map(wgpu::Buffer::size).sum()
    }
}

/// Bytes of the image of so many tiles.
fn image_bytes(tiles: usize, tile_size: TileSize) -> u64 {
    (tiles * tile_size.pixels() * size_of::<f32>()) as u64
}

/// A buffer that the host can read, used again for every image that fits.
#[derive(Debug, Default)]
pub struct Readback {
    buffer: Option<wgpu::Buffer>,
}

impl Readback {
    /// What `take` makes of the first `size` bytes of `source`, as floats.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub fn read<T>(
        &mut self,
        device: &GpuDevice,
        source: &wgpu::Buffer,
        size: u64,
        take: impl FnOnce(&[f32]) -> T,
    ) -> Result<T, GpuError> {
        const WHAT: &str = "the readback buffer";
        let _span = info_span!(target: READ_BACK, "read back").entered();
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        // A buffer that is too small goes before a new one comes.
        let buffer = match self.buffer.take().filter(|buffer| buffer.size() >= size) {
            Some(buffer) => buffer,
            None => device.buffer(WHAT, size, usage)?,
        };
        let turn = device.turn();
        device.submitted(WHAT, || {
            let mut encoder = device.device.create_command_encoder(&Default::default());
            encoder.copy_buffer_to_buffer(source, 0, &buffer, 0, size);
            device.queue.submit([encoder.finish()]);
            buffer.map_async(wgpu::MapMode::Read, ..size, |_| ());
        })?;
        drop(turn);
        let view = buffer
            .get_mapped_range(..size)
            .map_err(|error| device.refused(WHAT, error.to_string()))?;
        let taken = take(bytemuck::cast_slice(&view));
        drop(view);
        buffer.unmap();
        self.buffer = Some(buffer);
        Ok(taken)
    }
}
