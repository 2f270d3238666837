//! Where the sums of an image come about on the device.

use super::GpuError;
use super::device::GpuDevice;
use super::tiles::TileSize;

/// The sums of a band of an image, tile by tile. They stay on the device until the next band or
/// image takes their place.
#[derive(Debug, Default)]
pub struct Target {
    /// The image so far, and the sums that wait to be added to it.
    sums: Option<[wgpu::Buffer; 2]>,
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

    /// Bytes of all buffers.
    #[cfg(test)]
    pub fn size(&self) -> u64 {
        self.sums.iter().flatten().map(wgpu::Buffer::size).sum()
    }
}

/// Bytes of the image of so many tiles.
fn image_bytes(tiles: usize, tile_size: TileSize) -> u64 {
    (tiles * tile_size.pixels() * size_of::<f32>()) as u64
}
