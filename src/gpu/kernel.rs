//! A kernel on a device: one shader, a pipeline for each permutation that was needed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::GpuError;
use super::context::{Context, Layout};
use super::shaders::{Permutation, background_source, render_source, trace_source};
use super::specialised::Shader;

/// Buffers that the render kernel binds.
pub const BINDINGS: usize = 9;

/// What a kernel does: its entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Adds the terms of an image.
    Render,
    /// Starts an image from what scatters beside the crystal.
    Background,
    /// Writes down how one term comes about.
    Trace,
}

impl Entry {
    /// Its name in the shader.
    fn name(self) -> &'static str {
        match self {
            Entry::Render => "render",
            Entry::Background => "background",
            Entry::Trace => "trace",
        }
    }

    /// The whole source of its shader.
    fn source(self) -> String {
        match self {
            Entry::Render => render_source(),
            Entry::Background => background_source(),
            Entry::Trace => trace_source(),
        }
    }

    /// Its shader, parsed when it is first asked for: it is the same on every device.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn shader(self) -> Result<&'static Shader, String> {
        static SHADERS: [OnceLock<Result<Shader, String>>; 3] = [const { OnceLock::new() }; 3];
        let parsed = SHADERS[self as usize].get_or_init(|| Shader::new(&self.source()));
        parsed.as_ref().map_err(String::clone)
    }

    /// Number of buffers that it binds.
    fn bindings(self) -> usize {
        match self {
            Entry::Render | Entry::Background => BINDINGS,
            Entry::Trace => 8,
        }
    }
}

/// A kernel on a device.
#[derive(Debug)]
pub struct Kernel {
    entry: Entry,
    shader: &'static Shader,
    layout: Layout,
    pipelines: Mutex<HashMap<Permutation, wgpu::ComputePipeline>>,
}

impl Kernel {
    /// Makes the shader of `entry` ready for the device of `context`.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the compiler or the driver said.
    pub fn new(context: &Context, entry: Entry) -> Result<Kernel, GpuError> {
        let shader = entry.shader();
        let shader = shader.map_err(|reason| refused(context, entry, reason))?;
        let layout = context.layout(entry.name(), (0..entry.bindings()).map(binding_type))?;
        Ok(Kernel {
            entry,
            shader,
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
        let name = self.entry.name();
        let shader = self.shader.specialised(permutation);
        let shader = shader.map_err(|reason| refused(context, self.entry, reason))?;
        let source = wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Naga(Cow::Owned(shader)),
        };
        let module = context.checked(&format!("the {name} shader"), || {
            context.device.create_shader_module(source)
        })?;
        let descriptor = wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: Some(&self.layout.pipeline),
            module: &module,
            entry_point: Some(name),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &[],
                // Every lane that is read is written first.
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        };
        let pipeline = context.checked(&format!("the {name} pipeline"), || {
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
        buffers: &[&wgpu::Buffer],
    ) -> Result<wgpu::BindGroup, GpuError> {
        context.bind(self.entry.name(), &self.layout, buffers)
    }
}

/// That the compiler refuses the shader of `entry`.
fn refused(context: &Context, entry: Entry, reason: String) -> GpuError {
    GpuError::Refused {
        what: format!("the {} shader", entry.name()),
        adapter: context.name().to_string(),
        reason,
    }
}

/// The type of a binding of a kernel: two uniforms, storage to read, storage to write.
fn binding_type(binding: usize) -> wgpu::BufferBindingType {
    match binding {
        0 | 1 => wgpu::BufferBindingType::Uniform,
        _ => wgpu::BufferBindingType::Storage {
            read_only: binding < 7,
        },
    }
}
