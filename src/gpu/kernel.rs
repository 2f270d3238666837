//! The compiled kernel: one shader module, a pipeline for each permutation that was needed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::GpuError;
use super::context::Context;
use super::shaders::{Permutation, render_source};

/// Buffers that the kernel binds.
pub const BINDINGS: usize = 9;

/// The render kernel on a device.
#[derive(Debug)]
pub struct Kernel {
    module: wgpu::ShaderModule,
    bindings: wgpu::BindGroupLayout,
    layout: wgpu::PipelineLayout,
    pipelines: Mutex<HashMap<Permutation, wgpu::ComputePipeline>>,
}

impl Kernel {
    /// Compiles the shader on the device of `context`.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn new(context: &Context) -> Result<Kernel, GpuError> {
        let device = &context.device;
        let source = wgpu::ShaderModuleDescriptor {
            label: Some("render"),
            source: wgpu::ShaderSource::Wgsl(render_source().into()),
        };
        let module =
            context.checked("the render shader", || device.create_shader_module(source))?;
        let entries: Vec<wgpu::BindGroupLayoutEntry> = (0..BINDINGS as u32).map(entry).collect();
        let descriptor = wgpu::BindGroupLayoutDescriptor {
            label: Some("render"),
            entries: &entries,
        };
        let bindings = context.checked("the kernel's bindings", || {
            device.create_bind_group_layout(&descriptor)
        })?;
        let descriptor = wgpu::PipelineLayoutDescriptor {
            label: Some("render"),
            bind_group_layouts: &[Some(&bindings)],
            immediate_size: 0,
        };
        let layout = context.checked("the pipeline's layout", || {
            device.create_pipeline_layout(&descriptor)
        })?;
        Ok(Kernel {
            module,
            bindings,
            layout,
            pipelines: Mutex::default(),
        })
    }

    /// The pipeline of `permutation`, built when it is first asked for.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn pipeline(
        &self,
        context: &Context,
        permutation: Permutation,
    ) -> Result<wgpu::ComputePipeline, GpuError> {
        let mut pipelines = self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = pipelines.get(&permutation) {
            return Ok(pipeline.clone());
        }
        let descriptor = wgpu::ComputePipelineDescriptor {
            label: Some("render"),
            layout: Some(&self.layout),
            module: &self.module,
            entry_point: Some("render"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &permutation.constants(),
                // Every lane that is read is written first.
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        };
        let pipeline = context.checked("the render pipeline", || {
            context.device.create_compute_pipeline(&descriptor)
        })?;
        pipelines.insert(permutation, pipeline.clone());
        Ok(pipeline)
    }

    /// Binds `buffers`, in the order of the shader's bindings.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn bind(
        &self,
        context: &Context,
        buffers: [&wgpu::Buffer; BINDINGS],
    ) -> Result<wgpu::BindGroup, GpuError> {
        let numbered = (0..).zip(buffers);
        let entries: Vec<wgpu::BindGroupEntry> = numbered
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor {
            label: Some("render"),
            layout: &self.bindings,
            entries: &entries,
        };
        context.checked("the kernel's buffers", || {
            context.device.create_bind_group(&descriptor)
        })
    }
}

/// The layout of a binding of the kernel: two uniforms, storage to read, storage to write.
fn entry(binding: u32) -> wgpu::BindGroupLayoutEntry {
    let ty = match binding {
        0 | 1 => wgpu::BufferBindingType::Uniform,
        _ => wgpu::BufferBindingType::Storage {
            read_only: binding < 7,
        },
    };
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    }
}
