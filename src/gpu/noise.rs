//! Noise on the device: pixels are uploaded, worked on in place, and read back.

use tracing::info_span;

use super::device::{BindingLayout, GpuDevice};
use super::layout::ExposureUniform;
use super::shaders::noise_source;
use super::{GpuError, GpuRenderer};
use crate::image::noise::{Exposure, Stage};
use crate::profile::SIMULATION;

/// Threads of a workgroup.
const GROUP: u32 = 64;
/// Pixels of a dispatch: few enough that any device is done with them in no time.
const PER_DISPATCH: u32 = 1 << 21;

/// The shader's two entry points, compiled.
#[derive(Debug)]
pub struct NoiseKernel {
    layout: BindingLayout,
    count: wgpu::ComputePipeline,
    read_out: wgpu::ComputePipeline,
}

impl NoiseKernel {
    /// Compiles the shader for `device`.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn new(device: &GpuDevice) -> Result<NoiseKernel, GpuError> {
        let source = wgpu::ShaderModuleDescriptor {
            label: Some("noise"),
            source: wgpu::ShaderSource::Wgsl(noise_source().into()),
        };
        let module = device.checked("the noise shader", || {
            device.device.create_shader_module(source)
        })?;
        let storage = wgpu::BufferBindingType::Storage { read_only: false };
        let types = [wgpu::BufferBindingType::Uniform, storage];
        let layout = device.binding_layout("noise", types)?;
        let pipeline = |name| {
            let options = Default::default();
            device.compute_pipeline("the pipelines of noise", name, &layout, &module, options)
        };
        Ok(NoiseKernel {
            count: pipeline("count")?,
            read_out: pipeline("read")?,
            layout,
        })
    }

    /// The pipelines of `stage`, in their order.
    fn pipelines(&self, stage: Stage) -> Vec<&wgpu::ComputePipeline> {
        match stage {
            Stage::Count => vec![&self.count],
            Stage::ReadOut => vec![&self.read_out],
            Stage::Both => vec![&self.count, &self.read_out],
        }
    }
}

impl GpuRenderer {
    /// Has `stage` of `exposure` act on `values`, the pixels of an image in their order: the bits
    /// of [`Stage::act`].
    ///
    /// # Errors
    /// [`GpuError`]; some of the values may have been worked on.
    pub fn expose(
        &self,
        values: &mut [f32],
        exposure: &Exposure,
        stage: Stage,
    ) -> Result<(), GpuError> {
        let device = &self.device;
        let kernel = self.kernels.noise(device)?;
        let size = size_of::<ExposureUniform>() as u64;
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let uniform = device.buffer("the parameters of noise", size, usage)?;
        let mut workspace = self.workspaces.lend(None);
        let readback = &mut workspace.target.readback;
        let per_band = (self.limit() as usize / size_of::<f32>()).max(1);
        for (index, band) in values.chunks_mut(per_band).enumerate() {
            let size = size_of_val(band) as u64;
            let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
            let pixels = device.uploaded("the pixels", band, usage)?;
            let bindings = device.bind("noise", &kernel.layout, &[&uniform, &pixels])?;
            let count = band.len() as u32;
            for first in (0..count).step_by(PER_DISPATCH as usize) {
                let end = count.min(first.saturating_add(PER_DISPATCH));
                let start = (index * per_band) as u32;
                let entry = ExposureUniform::of(exposure, start, [first, end]);
                let _span = info_span!(target: SIMULATION, "noise").entered();
                let _turn = device.turn();
                device.submitted("noise", || {
                    device
                        .queue
                        .write_buffer(&uniform, 0, bytemuck::bytes_of(&entry));
                    let mut encoder = device.device.create_command_encoder(&Default::default());
                    for pipeline in kernel.pipelines(stage) {
                        let mut pass = encoder.begin_compute_pass(&Default::default());
                        pass.set_pipeline(pipeline);
                        pass.set_bind_group(0, &bindings, &[]);
                        pass.dispatch_workgroups((end - first).div_ceil(GROUP), 1, 1);
                    }
                    device.queue.submit([encoder.finish()]);
                })?;
            }
            readback.read(device, &pixels, size, |pixels| band.copy_from_slice(pixels))?;
        }
        Ok(())
    }
}
