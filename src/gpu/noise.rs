//! Noise on the device: the pixels go there, are worked on in place, and come home.

use std::sync::PoisonError;

use tracing::info_span;

use super::context::{Context, Layout};
use super::layout::ExposureUniform;
use super::shaders::noise_source;
use super::{GpuError, GpuRenderer};
use crate::image::noise::{Exposure, Stage};
use crate::profile::{SETUP, SIMULATION};

/// Threads of a workgroup.
const GROUP: u32 = 64;
/// Pixels of a dispatch: few enough that any device is done with them in no time.
const PER_DISPATCH: u32 = 1 << 21;

/// The shader's two entry points, compiled.
#[derive(Debug)]
pub struct NoiseKernel {
    layout: Layout,
    count: wgpu::ComputePipeline,
    read_out: wgpu::ComputePipeline,
}

impl NoiseKernel {
    fn new(context: &Context) -> Result<NoiseKernel, GpuError> {
        let device = &context.device;
        let source = wgpu::ShaderModuleDescriptor {
            label: Some("noise"),
            source: wgpu::ShaderSource::Wgsl(noise_source().into()),
        };
        let module = context.checked("the noise shader", || device.create_shader_module(source))?;
        let storage = wgpu::BufferBindingType::Storage { read_only: false };
        let layout = context.layout("noise", [wgpu::BufferBindingType::Uniform, storage])?;
        let pipeline = |name| {
            let descriptor = wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&layout.pipeline),
                module: &module,
                entry_point: Some(name),
                compilation_options: Default::default(),
                cache: None,
            };
            context.checked("the pipelines of noise", || {
                device.create_compute_pipeline(&descriptor)
            })
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
    /// Has `stage` of `exposure` act on `values`, the pixels of an image in their order: the bits of
    /// [`Stage::act`].
    ///
    /// # Errors
    /// [`GpuError`]; some of the values may have been worked on.
    pub fn expose(
        &self,
        values: &mut [f32],
        exposure: &Exposure,
        stage: Stage,
    ) -> Result<(), GpuError> {
        let context = &self.context;
        let mut held = self.noise.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            let _span = info_span!(target: SETUP, "compile noise shader").entered();
            *held = Some(NoiseKernel::new(context)?);
        }
        let Some(kernel) = held.as_ref() else {
            return Ok(());
        };
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let uniform = context.buffer(
            "what noise is like",
            size_of::<ExposureUniform>() as u64,
            usage,
        )?;
        let per_band = (self.limit() as usize / size_of::<f32>()).max(1);
        for (index, band) in values.chunks_mut(per_band).enumerate() {
            self.expose_band(kernel, &uniform, exposure, stage, band, index * per_band)?;
        }
        Ok(())
    }

    /// Works on the pixels of `band`, of which `start` are before it in the image.
    fn expose_band(
        &self,
        kernel: &NoiseKernel,
        uniform: &wgpu::Buffer,
        exposure: &Exposure,
        stage: Stage,
        band: &mut [f32],
        start: usize,
    ) -> Result<(), GpuError> {
        let context = &self.context;
        let Context { device, queue, .. } = context;
        let size = size_of_val(band) as u64;
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_DST
            | wgpu::BufferUsages::COPY_SRC;
        let pixels = context.buffer("the pixels", size, usage)?;
        context.upload(&pixels, bytemuck::cast_slice(band))?;
        let group = context.bind("noise", &kernel.layout, &[uniform, &pixels])?;
        let count = band.len() as u32;
        for first in (0..count).step_by(PER_DISPATCH as usize) {
            let _span = info_span!(target: SIMULATION, "noise").entered();
            let end = count.min(first.saturating_add(PER_DISPATCH));
            let entry = ExposureUniform::of(exposure, start as u32, [first, end]);
            queue.write_buffer(uniform, 0, bytemuck::bytes_of(&entry));
            let mut encoder = device.create_command_encoder(&Default::default());
            for pipeline in kernel.pipelines(stage) {
                let mut pass = encoder.begin_compute_pass(&Default::default());
                pass.set_pipeline(pipeline);
                pass.set_bind_group(0, &group, &[]);
                pass.dispatch_workgroups((end - first).div_ceil(GROUP), 1, 1);
            }
            queue.submit([encoder.finish()]);
            context.wait()?;
        }
        self.read(&pixels, size, |pixels| band.copy_from_slice(pixels))?;
        Ok(())
    }
}
