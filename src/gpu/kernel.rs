//! A kernel on a device: one shader, and a pipeline for each permutation of it that was needed.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::GpuError;
use super::device::{BindingLayout, GpuDevice};
use super::shaders::{
    Permutation, background_source, derivatives_source, diffuse_derivatives_source, diffuse_source,
    render_source, trace_source, weigh_source,
};
use super::slices::Budget;
use super::specialised::Shader;

/// What a kernel does: its entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// Adds the terms of an image.
    Render,
    /// Starts an image from what scatters beside the crystal.
    Background,
    /// Adds diffuse scattering.
    Diffuse,
    /// Writes down how one term comes about.
    Trace,
    /// Adds up the slots that derivatives go through.
    Derivatives,
    /// Adds those of diffuse scattering.
    DiffuseDerivatives,
    /// Multiplies them with directions.
    Follow,
    /// Multiplies them with weights of pixels, and adds them up.
    Weigh,
}

impl Entry {
    /// How many there are.
    pub const ALL: usize = 8;

    /// Name of the entry point in the shader.
    pub fn name(self) -> &'static str {
        match self {
            Entry::Render => "render",
            Entry::Background => "background",
            Entry::Diffuse => "diffuse",
            Entry::Trace => "trace",
            Entry::Derivatives => "derivatives",
            Entry::DiffuseDerivatives => "diffuse_derivatives",
            Entry::Follow => "follow",
            Entry::Weigh => "weigh",
        }
    }

    /// The name of its work in profiles.
    pub fn span(self) -> &'static str {
        match self {
            Entry::Render => "render kernel",
            Entry::Background => "background kernel",
            Entry::Diffuse => "diffuse kernel",
            Entry::Trace => "trace kernel",
            Entry::Derivatives => "derivatives kernel",
            Entry::DiffuseDerivatives => "derivatives kernel of diffuse scattering",
            Entry::Follow => "directions kernel",
            Entry::Weigh => "weights kernel",
        }
    }

    /// The whole source of its shader.
    fn source(self) -> String {
        match self {
            Entry::Render => render_source(),
            Entry::Background => background_source(),
            Entry::Diffuse => diffuse_source(),
            Entry::Trace => trace_source(),
            Entry::Derivatives => derivatives_source(),
            Entry::DiffuseDerivatives => diffuse_derivatives_source(),
            Entry::Follow | Entry::Weigh => weigh_source(),
        }
    }

    /// The parsed shader, which is the same on every device; it is parsed when it is first needed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn shader(self) -> Result<&'static Shader, String> {
        static SHADERS: [OnceLock<Result<Shader, String>>; Entry::ALL] =
            [const { OnceLock::new() }; Entry::ALL];
        let parsed = SHADERS[self as usize].get_or_init(|| Shader::new(&self.source()));
        parsed.as_ref().map_err(String::clone)
    }

    /// The types of the buffers that it binds.
    fn binding_types(self) -> impl Iterator<Item = wgpu::BufferBindingType> {
        use wgpu::BufferBindingType::{Storage, Uniform};
        const READ: wgpu::BufferBindingType = Storage { read_only: true };
        const WRITTEN: wgpu::BufferBindingType = Storage { read_only: false };
        let types: &[wgpu::BufferBindingType] = match self {
            Entry::Render | Entry::Background | Entry::Diffuse => &[
                Uniform, Uniform, READ, READ, READ, READ, READ, WRITTEN, WRITTEN, Uniform,
            ],
            Entry::Trace => &[
                Uniform, Uniform, READ, READ, READ, READ, READ, WRITTEN, Uniform,
            ],
            Entry::Derivatives | Entry::DiffuseDerivatives => &[
                Uniform, Uniform, READ, READ, READ, READ, READ, WRITTEN, WRITTEN, Uniform, READ,
            ],
            Entry::Follow | Entry::Weigh => &[Uniform, READ, READ, READ, READ, WRITTEN],
        };
        types.iter().copied()
    }
}

/// A kernel on a device.
#[derive(Debug)]
pub struct Kernel {
    entry: Entry,
    shader: &'static Shader,
    layout: BindingLayout,
    pipelines: Mutex<HashMap<Permutation, Arc<Pipeline>>>,
}

/// A compiled permutation of a kernel, and what was learnt of its speed.
#[derive(Debug)]
pub struct Pipeline {
    pub compute: wgpu::ComputePipeline,
    /// Number of the pipeline among all of this process.
    pub number: usize,
    /// Terms of its next dispatch. Another pipeline may take a hundred times as long for a term.
    budget: Mutex<Budget>,
}

impl Pipeline {
    fn new(compute: wgpu::ComputePipeline) -> Pipeline {
        static PIPELINES: AtomicUsize = AtomicUsize::new(0);
        Pipeline {
            compute,
            number: PIPELINES.fetch_add(1, Ordering::Relaxed),
            budget: Mutex::new(Budget::new()),
        }
    }

    /// What a dispatch may come to.
    pub fn budget(&self) -> Budget {
        *self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from a dispatch of `terms` terms that took `elapsed`.
    pub fn learn(&self, terms: f64, elapsed: Duration) {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.learn(terms, elapsed);
    }
}

impl Kernel {
    /// Makes the shader of `entry` ready for `device`.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the compiler or the driver said.
    pub fn new(device: &GpuDevice, entry: Entry) -> Result<Kernel, GpuError> {
        let shader = entry.shader();
        let shader = shader.map_err(|reason| refused(device, entry, reason))?;
        let layout = device.binding_layout(entry.name(), entry.binding_types())?;
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
        device: &GpuDevice,
        permutation: Permutation,
    ) -> Result<Arc<Pipeline>, GpuError> {
        let mut pipelines = self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = pipelines.get(&permutation) {
            return Ok(pipeline.clone());
        }
        let name = self.entry.name();
        let shader = self.shader.specialised(permutation);
        let shader = shader.map_err(|reason| refused(device, self.entry, reason))?;
        let source = wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Naga(Cow::Owned(shader)),
        };
        let module = device.checked(&format!("the {name} shader"), || {
            device.device.create_shader_module(source)
        })?;
        let options = wgpu::PipelineCompilationOptions {
            constants: &[],
            // Every place that is read is written first.
            zero_initialize_workgroup_memory: false,
        };
        let what = format!("the {name} pipeline");
        let pipeline = device.compute_pipeline(&what, name, &self.layout, &module, options)?;
        let pipeline = Arc::new(Pipeline::new(pipeline));
        pipelines.insert(permutation, pipeline.clone());
        Ok(pipeline)
    }

    /// Binds `buffers`, in the order of the shader's bindings.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn bind(
        &self,
        device: &GpuDevice,
        buffers: &[&wgpu::Buffer],
    ) -> Result<wgpu::BindGroup, GpuError> {
        device.bind(self.entry.name(), &self.layout, buffers)
    }
}

/// That the compiler refuses the shader of `entry`.
fn refused(device: &GpuDevice, entry: Entry, reason: String) -> GpuError {
    device.refused(&format!("the {} shader", entry.name()), reason)
}
