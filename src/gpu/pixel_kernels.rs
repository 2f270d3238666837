//! Kernels that pass over the pixels of an image, one or a few to a thread.

use wgpu::BufferBindingType::{self as Binding, Storage, Uniform};

use super::GpuError;
use super::device::{BindingLayout, GpuDevice};
use super::shaders::{noise_source, pack_source, place_source, statistics_source};

/// A shader that passes over pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelShader {
    /// Puts sums in their places in the image.
    Place,
    /// Adds noise: counts photons, and reads the detector out.
    Noise,
    /// Makes the numbers of a file.
    Pack,
    /// Adds up photons.
    Statistics,
}

/// The entry points of the noise shader, by their places in it.
pub const COUNT: usize = 0;
/// The second one.
pub const READ_OUT: usize = 1;

const READ: Binding = Storage { read_only: true };
const WRITTEN: Binding = Storage { read_only: false };

impl PixelShader {
    /// How many there are.
    pub const ALL: usize = 4;

    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            PixelShader::Place => "place",
            PixelShader::Noise => "noise",
            PixelShader::Pack => "pack",
            PixelShader::Statistics => "statistics",
        }
    }

    fn source(self) -> String {
        match self {
            PixelShader::Place => place_source(),
            PixelShader::Noise => noise_source(),
            PixelShader::Pack => pack_source(),
            PixelShader::Statistics => statistics_source(),
        }
    }

    fn entries(self) -> &'static [&'static str] {
        match self {
            PixelShader::Place => &["place"],
            PixelShader::Noise => &["count", "read"],
            PixelShader::Pack => &["pack"],
            PixelShader::Statistics => &["statistics"],
        }
    }

    fn bindings(self) -> &'static [Binding] {
        match self {
            PixelShader::Place => &[Uniform, READ, READ, READ, READ, WRITTEN, WRITTEN],
            PixelShader::Noise => &[Uniform, WRITTEN],
            PixelShader::Pack => &[Uniform, READ, READ, WRITTEN, WRITTEN],
            PixelShader::Statistics => &[Uniform, READ, READ, WRITTEN],
        }
    }
}

/// A shader that passes over pixels, compiled.
#[derive(Debug)]
pub struct PixelKernel {
    shader: PixelShader,
    layout: BindingLayout,
    /// By entry point.
    pub pipelines: Vec<wgpu::ComputePipeline>,
}

impl PixelKernel {
    /// Compiles `shader` for `device`.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn new(device: &GpuDevice, shader: PixelShader) -> Result<PixelKernel, GpuError> {
        let name = shader.name();
        let source = wgpu::ShaderModuleDescriptor {
            label: Some(name),
            source: wgpu::ShaderSource::Wgsl(shader.source().into()),
        };
        let module = device.checked(&format!("the {name} shader"), || {
            device.device.create_shader_module(source)
        })?;
        let layout = device.binding_layout(name, shader.bindings().iter().copied())?;
        let pipeline = |entry: &&'static str| {
            let options = Default::default();
            device.compute_pipeline(
                &format!("the {entry} pipeline"),
                entry,
                &layout,
                &module,
                options,
            )
        };
        let pipelines: Result<_, GpuError> = shader.entries().iter().map(pipeline).collect();
        Ok(PixelKernel {
            shader,
            pipelines: pipelines?,
            layout,
        })
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
        device.bind(self.shader.name(), &self.layout, buffers)
    }
}
