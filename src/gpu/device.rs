//! The device: an opened adapter with its queue, whose errors belong to the job that made them.
//!
//! A job issues every command inside [`GpuDevice::checked`], in wgpu error scopes of its own
//! thread: what the driver refuses comes back to that job as a value, and no other job hears of it.
//! A lost device is lost for all jobs and stays lost. An error that no scope caught could belong to
//! anyone; the device is given up for all then, too. So it is when wgpu panics.

use std::path::Path;
use std::sync::{Arc, Mutex, Once, OnceLock};
use std::time::Duration;

use super::guarded::{guarded, one_line};
use super::pipeline_cache::PipelineCache;
use super::submission::Queued;
use super::timestamps::{self, Timestamps};
use super::{Adapter, AdapterKind, GpuError};
use crate::memory::Bytes;
use crate::profile;

/// Bytes that are uploaded at once.
const UPLOAD: usize = 16 << 20;

/// A device and its queue.
#[derive(Debug)]
pub struct GpuDevice {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub limits: wgpu::Limits,
    name: String,
    kind: AdapterKind,
    /// Where compiled pipelines are kept.
    kept: Option<PipelineCache>,
    /// Why the device is lost, once it is.
    lost: Arc<OnceLock<String>>,
    /// What it was lost at.
    lost_at: OnceLock<String>,
    /// The work that it had when it was lost was waited for.
    settled: Once,
    pub(super) queued: Mutex<Queued>,
    pub(super) timestamps: Option<Timestamps>,
}

/// How the shaders of a kernel find their buffers.
#[derive(Debug)]
pub struct BindingLayout {
    bindings: wgpu::BindGroupLayout,
    pipeline: wgpu::PipelineLayout,
}

impl GpuDevice {
    /// Opens `adapter`, with its own limits for buffers, and with timestamps if someone records.
    /// Compiled pipelines are kept in the folder `cache` from run to run, where the driver hands
    /// them out.
    ///
    /// # Errors
    /// [`GpuError::Open`] with what the driver said.
    pub fn open(adapter: &Adapter, cache: Option<&Path>) -> Result<GpuDevice, GpuError> {
        let name = adapter.name();
        let mut features = wgpu::Features::empty();
        features.set(timestamps::FEATURE, profile::recording());
        features.set(PipelineCache::FEATURE, cache.is_some());
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("nanobragg"),
            required_limits: adapter.wgpu().limits(),
            required_features: adapter.wgpu().features() & features,
            ..Default::default()
        };
        let refused = |reason: String| GpuError::Open {
            adapter: name.clone(),
            reason,
        };
        let opened = guarded(|| pollster::block_on(adapter.wgpu().request_device(&descriptor)));
        let opened = opened.map_err(|panic| refused(format!("its driver failed ({panic})")))?;
        let (device, queue) = opened.map_err(|error| refused(told(&error)))?;
        let lost = Arc::new(OnceLock::new());
        // The first reason is the cause; later ones follow from it.
        let uncaught = Arc::clone(&lost);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            uncaught.get_or_init(|| told(&error));
        }));
        let gone = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| {
            // Dropping the device when the program ends is reported here, too.
            if reason != wgpu::DeviceLostReason::Destroyed {
                gone.get_or_init(|| one_line(&message));
            }
        });
        let limits = device.limits();
        let mut opened = GpuDevice {
            timestamps: Timestamps::new(&device, &queue, &name),
            device,
            queue,
            limits,
            name,
            kind: adapter.kind(),
            kept: None,
            lost,
            lost_at: OnceLock::new(),
            settled: Once::new(),
            queued: Mutex::default(),
        };
        if let Some(folder) = cache {
            opened.kept = opened.checked("the pipelines of earlier runs", || {
                PipelineCache::open(&opened.device, &adapter.wgpu().get_info(), folder)
            })?;
        }
        Ok(opened)
    }

    /// Name of the adapter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What kind of device the adapter is.
    pub fn kind(&self) -> AdapterKind {
        self.kind
    }

    /// Largest storage buffer a shader can use, bytes.
    pub fn largest_binding(&self) -> u64 {
        self.limits
            .max_storage_buffer_binding_size
            .min(self.limits.max_buffer_size)
    }

    /// What `make` makes on this thread, unless the driver refuses a command in it.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said of `what`, [`GpuError::Lost`].
    pub fn checked<T>(&self, what: &str, make: impl FnOnce() -> T) -> Result<T, GpuError> {
        let made = self.scoped(what, make)?;
        made.map_err(|error| self.refused(what, told(&error)))
    }

    /// A buffer of `size` bytes for `what`.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`], [`GpuError::Refused`] or [`GpuError::Lost`].
    pub fn buffer(
        &self,
        what: &'static str,
        size: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        let descriptor = wgpu::BufferDescriptor {
            label: Some(what),
            size,
            usage,
            mapped_at_creation: false,
        };
        let made = self.scoped(what, || self.device.create_buffer(&descriptor))?;
        made.map_err(|error| match error {
            wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory {
                what,
                size: Bytes(size),
                adapter: self.name.clone(),
            },
            other => self.refused(&format!("{what} of {}", Bytes(size)), told(&other)),
        })
    }

    /// A buffer that holds `contents` for `what`.
    ///
    /// # Errors
    /// As [`GpuDevice::buffer`].
    pub fn uploaded<T: bytemuck::Pod>(
        &self,
        what: &'static str,
        contents: &[T],
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        let bytes: &[u8] = bytemuck::cast_slice(contents);
        let usage = usage | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer(what, bytes.len() as u64, usage)?;
        self.upload(&buffer, bytes)?;
        Ok(buffer)
    }

    /// Writes `bytes` to the start of `buffer`.
    ///
    /// In pieces: staging buffers take as much memory again, and running out of it there loses the
    /// device.
    ///
    /// # Errors
    /// [`GpuError::Refused`] or [`GpuError::Lost`].
    pub fn upload(&self, buffer: &wgpu::Buffer, bytes: &[u8]) -> Result<(), GpuError> {
        for (index, piece) in bytes.chunks(UPLOAD).enumerate() {
            if index > 0 {
                let so_far = self.submit("an upload", "upload", |_| ())?;
                self.wait(so_far)?;
            }
            let place = (index * UPLOAD) as u64;
            self.checked("an upload", || {
                self.queue.write_buffer(buffer, place, piece);
            })?;
        }
        Ok(())
    }

    /// How a compute shader finds buffers of these types, in the order of its bindings.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn binding_layout(
        &self,
        label: &str,
        types: impl IntoIterator<Item = wgpu::BufferBindingType>,
    ) -> Result<BindingLayout, GpuError> {
        self.layout_of(label, types, false)
    }

    /// [`GpuDevice::binding_layout`], with a first buffer of which a dispatch finds the part that
    /// its offset says.
    ///
    /// # Errors
    /// As [`GpuDevice::binding_layout`].
    pub fn offset_layout(
        &self,
        label: &str,
        types: impl IntoIterator<Item = wgpu::BufferBindingType>,
    ) -> Result<BindingLayout, GpuError> {
        self.layout_of(label, types, true)
    }

    fn layout_of(
        &self,
        label: &str,
        types: impl IntoIterator<Item = wgpu::BufferBindingType>,
        first_has_offset: bool,
    ) -> Result<BindingLayout, GpuError> {
        let entry = |(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset: first_has_offset && binding == 0,
                min_binding_size: None,
            },
            count: None,
        };
        let entries: Vec<wgpu::BindGroupLayoutEntry> = (0..).zip(types).map(entry).collect();
        let descriptor = wgpu::BindGroupLayoutDescriptor {
            label: Some(label),
            entries: &entries,
        };
        let bindings = self.checked("the kernel's bindings", || {
            self.device.create_bind_group_layout(&descriptor)
        })?;
        let descriptor = wgpu::PipelineLayoutDescriptor {
            label: Some(label),
            bind_group_layouts: &[Some(&bindings)],
            immediate_size: 0,
        };
        let pipeline = self.checked("the pipeline's layout", || {
            self.device.create_pipeline_layout(&descriptor)
        })?;
        Ok(BindingLayout { bindings, pipeline })
    }

    /// The compute shader `entry` of `module`, compiled or kept from an earlier run.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn compute_pipeline(
        &self,
        what: &str,
        entry: &str,
        layout: &BindingLayout,
        module: &wgpu::ShaderModule,
        compilation_options: wgpu::PipelineCompilationOptions,
    ) -> Result<wgpu::ComputePipeline, GpuError> {
        let descriptor = wgpu::ComputePipelineDescriptor {
            label: Some(entry),
            layout: Some(&layout.pipeline),
            module,
            entry_point: Some(entry),
            compilation_options,
            cache: self.kept.as_ref().map(PipelineCache::wgpu),
        };
        self.checked(what, || {
            let pipeline = self.device.create_compute_pipeline(&descriptor);
            self.kept.iter().for_each(PipelineCache::keep);
            pipeline
        })
    }

    /// Binds `buffers`, in the order of the shader's bindings.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn bind(
        &self,
        label: &str,
        layout: &BindingLayout,
        buffers: &[&wgpu::Buffer],
    ) -> Result<wgpu::BindGroup, GpuError> {
        let whole = buffers
            .iter()
            .map(|buffer| buffer.as_entire_buffer_binding());
        self.bind_parts(label, layout, whole)
    }

    /// Binds parts of buffers, in the order of the shader's bindings.
    ///
    /// # Errors
    /// As [`GpuDevice::bind`].
    pub fn bind_parts<'a>(
        &self,
        label: &str,
        layout: &BindingLayout,
        parts: impl IntoIterator<Item = wgpu::BufferBinding<'a>>,
    ) -> Result<wgpu::BindGroup, GpuError> {
        let numbered = (0..).zip(parts);
        let entries: Vec<wgpu::BindGroupEntry> = numbered
            .map(|(binding, part)| wgpu::BindGroupEntry {
                binding,
                resource: wgpu::BindingResource::Buffer(part),
            })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor {
            label: Some(label),
            layout: &layout.bindings,
            entries: &entries,
        };
        self.checked("the kernel's buffers", || {
            self.device.create_bind_group(&descriptor)
        })
    }

    /// That the driver refused `what`, and why.
    pub fn refused(&self, what: &str, reason: String) -> GpuError {
        GpuError::Refused {
            what: what.to_string(),
            adapter: self.name.clone(),
            reason,
        }
    }

    /// Takes the device for lost, to test what becomes of it.
    #[cfg(test)]
    pub fn lose(&self, reason: &str) {
        self.lost.get_or_init(|| reason.to_string());
    }

    /// That the device was lost, and why: at `what`, if nobody had found out before.
    pub(super) fn gone(&self, what: &str, reason: &str) -> GpuError {
        GpuError::Lost {
            what: self.lost_at.get_or_init(|| what.to_string()).clone(),
            adapter: self.name.clone(),
            reason: reason.to_string(),
        }
    }

    /// Waits, and not for ever, for the work that a device has which fails: a driver that still
    /// compiles or computes while the process ends corrupts its memory.
    fn settle(&self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        let wait = wgpu::PollType::Wait {
            submission_index: None,
            timeout: Some(PATIENCE),
        };
        // Whatever comes of it, what failed is told already.
        let _ = guarded(|| self.device.poll(wait));
    }

    /// [`GpuDevice::settle`], once, for a device that is lost.
    fn settle_lost(&self) {
        self.settled.call_once(|| self.settle());
    }

    /// What `make` makes for `what`, or the error of a command in it.
    ///
    /// # Errors
    /// [`GpuError::Lost`].
    fn scoped<T>(
        &self,
        what: &str,
        make: impl FnOnce() -> T,
    ) -> Result<Result<T, wgpu::Error>, GpuError> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes =
            [OutOfMemory, Validation, Internal].map(|kind| self.device.push_error_scope(kind));
        let made = guarded(make);
        // Scopes close in the reverse of their order.
        let [memory, validation, internal] = scopes;
        let errors = [internal.pop(), validation.pop(), memory.pop()].map(pollster::block_on);
        let made = made.inspect_err(|panic| {
            self.lost.get_or_init(|| panic.clone());
        });
        if let Some(reason) = self.lost.get() {
            self.settle_lost();
            return Err(self.gone(what, reason));
        }
        let made = made.map_err(|panic| self.gone(what, &panic))?;
        Ok(match errors.into_iter().flatten().next() {
            Some(error) => {
                self.settle();
                Err(error)
            }
            None => Ok(made),
        })
    }
}

impl Drop for GpuDevice {
    /// Keeps a lost device from being taken apart: wgpu panics at what a failed call left behind.
    /// The system takes it back when the process ends.
    fn drop(&mut self) {
        if self.lost.get().is_some() {
            self.settle_lost();
            std::mem::forget((self.device.clone(), self.queue.clone()));
        }
    }
}

/// The message of `error`, in one line.
fn told(error: &dyn std::error::Error) -> String {
    one_line(&error.to_string())
}
