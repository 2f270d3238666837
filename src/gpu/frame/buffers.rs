//! The buffers of an image on the device.

use std::ops::Range;

use crate::experiment::Panel;
use crate::gpu::GpuError;
use crate::gpu::device::GpuDevice;
use crate::gpu::kept::{Identity, Kept};
use crate::gpu::pixel_kernels::PixelShader;
use crate::gpu::scaling::Scaling;
use crate::gpu::scene_buffers::TilesKey;
use crate::gpu::spread::Spreading;

/// Which pixels are rendered, where not all are, and the rows of the pieces.
type RenderedKey = (Option<Identity<[bool]>>, Vec<Range<usize>>);

/// The buffers of a frame, kept for the next one.
#[derive(Debug, Default)]
pub struct FrameBuffers {
    pub(super) pieces: Vec<PieceBuffers>,
    /// What the sums of each panel are multiplied by.
    pub(super) factors: Kept<(Identity<[Panel]>, Scaling, f64), wgpu::Buffer>,
    /// One bit for each pixel of each piece; one that stands for none where all are rendered.
    pub(super) rendered: Kept<RenderedKey, Vec<wgpu::Buffer>>,
    /// The parameters of each [`PixelShader`].
    pub(super) uniforms: [Option<wgpu::Buffer>; PixelShader::ALL],
    pub(super) spreading: Spreading,
}

/// The buffers of a piece of a frame.
#[derive(Debug, Default)]
pub(super) struct PieceBuffers {
    /// Expected photons.
    pub(super) photons: Option<wgpu::Buffer>,
    /// What these have no digits for, where several energy channels are added.
    pub(super) photons_low: Option<wgpu::Buffer>,
    /// What becomes of photons on the way to counts.
    pub(super) values: Option<wgpu::Buffer>,
    /// The numbers of a file.
    pub(super) packed: Option<wgpu::Buffer>,
    pub(super) counters: Option<wgpu::Buffer>,
    /// Statistics of runs of pixels.
    pub(super) runs: Option<wgpu::Buffer>,
    pub(super) tiles: Kept<(TilesKey, Range<usize>), wgpu::Buffer>,
}

/// The buffer in `held`, made anew where it is too small for `size` bytes.
pub fn room(
    held: &mut Option<wgpu::Buffer>,
    device: &GpuDevice,
    what: &'static str,
    size: u64,
) -> Result<wgpu::Buffer, GpuError> {
    use wgpu::BufferUsages as Usage;
    let buffer = match held.take().filter(|buffer| buffer.size() >= size) {
        Some(buffer) => buffer,
        None => device.buffer(
            what,
            size.max(4),
            Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST,
        )?,
    };
    *held = Some(buffer.clone());
    Ok(buffer)
}

impl FrameBuffers {
    /// The buffer for the parameters of `shader`, of so many bytes.
    pub(super) fn uniform(
        &mut self,
        device: &GpuDevice,
        shader: PixelShader,
        size: usize,
    ) -> Result<wgpu::Buffer, GpuError> {
        let held = &mut self.uniforms[shader as usize];
        if let Some(buffer) = held {
            return Ok(buffer.clone());
        }
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let made = device.buffer("the parameters of a pass", size as u64, usage)?;
        Ok(held.insert(made).clone())
    }

    /// Bytes of all buffers.
    #[cfg(test)]
    pub fn size(&self) -> u64 {
        let pieces = self.pieces.iter().flat_map(|piece| {
            let own = [
                &piece.photons,
                &piece.photons_low,
                &piece.values,
                &piece.packed,
            ];
            let small = [&piece.counters, &piece.runs].into_iter();
            own.into_iter()
                .chain(small)
                .flatten()
                .chain(piece.tiles.held())
        });
        let rendered = self.rendered.held().into_iter().flatten();
        let uniforms = self.uniforms.iter().flatten();
        let all = pieces.chain(rendered).chain(uniforms);
        all.chain(self.factors.held()).map(wgpu::Buffer::size).sum()
    }
}
