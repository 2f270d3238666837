//! An opened device, whose errors come back as values.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Adapter, AdapterKind, GpuError, timestamps};
use crate::memory::Bytes;
use crate::profile;

/// Bytes that are sent to the device at once.
const UPLOAD: usize = 16 << 20;

/// A device and its queue, and what went wrong on them.
#[derive(Debug)]
pub struct Context {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
    pub limits: wgpu::Limits,
    name: String,
    kind: AdapterKind,
    failure: Arc<Mutex<Option<Failure>>>,
}

/// How the shaders of a kernel find their buffers.
#[derive(Debug)]
pub struct Layout {
    bindings: wgpu::BindGroupLayout,
    /// What pipelines are built with.
    pub pipeline: wgpu::PipelineLayout,
}

#[derive(Debug, Clone)]
enum Failure {
    Lost(String),
    Refused(String),
}

impl Context {
    /// Opens `adapter`, with its own limits for buffers, and with timestamps if someone records.
    ///
    /// # Errors
    /// [`GpuError::Open`] with what the driver said.
    pub fn open(adapter: &Adapter) -> Result<Context, GpuError> {
        let name = adapter.name();
        let timestamps = if profile::recording() {
            adapter.wgpu().features() & timestamps::FEATURE
        } else {
            wgpu::Features::empty()
        };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("nanobragg"),
            required_limits: adapter.wgpu().limits(),
            required_features: timestamps,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.wgpu().request_device(&descriptor))
            .map_err(|error| GpuError::Open {
                adapter: name.clone(),
                reason: one_line(&error),
            })?;
        let failure = Arc::new(Mutex::new(None));
        // The first failure is the cause; those after it follow from it, unless the device is lost.
        let note = |failure: &Arc<Mutex<Option<Failure>>>, what: Failure| {
            let mut held = failure.lock().unwrap_or_else(PoisonError::into_inner);
            if held.is_none() || matches!(what, Failure::Lost(_)) {
                *held = Some(what);
            }
        };
        let uncaptured = Arc::clone(&failure);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            note(&uncaptured, Failure::Refused(one_line(&error)));
        }));
        let lost = Arc::clone(&failure);
        device.set_device_lost_callback(move |reason, message| {
            // Dropping the device at the end of a run is reported here, too.
            if reason != wgpu::DeviceLostReason::Destroyed {
                note(&lost, Failure::Lost(format!("{reason:?} {message}")));
            }
        });
        let limits = device.limits();
        Ok(Context {
            device,
            queue,
            limits,
            name,
            kind: adapter.kind(),
            failure,
        })
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

    /// Fails if anything went wrong since the device was opened.
    pub fn check(&self) -> Result<(), GpuError> {
        let mut held = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        // What was refused concerns the command that failed; a lost device stays lost.
        let failure = held.take();
        if matches!(failure, Some(Failure::Lost(_))) {
            held.clone_from(&failure);
        }
        drop(held);
        let adapter = self.name.clone();
        match failure {
            None => Ok(()),
            Some(Failure::Lost(reason)) => Err(GpuError::Lost { adapter, reason }),
            Some(Failure::Refused(reason)) => Err(GpuError::Refused {
                what: "a command".into(),
                adapter,
                reason,
            }),
        }
    }

    /// What `make` makes, unless the driver refuses it.
    pub fn checked<T>(&self, what: &str, make: impl FnOnce() -> T) -> Result<T, GpuError> {
        self.scoped(make)
            .map_err(|error| self.refused(what, &error))
    }

    /// A buffer of `size` bytes for `what`.
    ///
    /// # Errors
    /// [`GpuError::OutOfMemory`] or [`GpuError::Refused`].
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
        self.scoped(|| self.device.create_buffer(&descriptor))
            .map_err(|error| match error {
                wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory {
                    what,
                    size: Bytes(size),
                    adapter: self.name.clone(),
                },
                other => self.refused(&format!("{what} of {}", Bytes(size)), &other),
            })
    }

    /// A buffer that holds `bytes` for `what`.
    ///
    /// # Errors
    /// As [`Context::buffer`].
    pub fn uploaded(
        &self,
        what: &'static str,
        bytes: &[u8],
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        let usage = usage | wgpu::BufferUsages::COPY_DST;
        let buffer = self.buffer(what, bytes.len() as u64, usage)?;
        self.queue.write_buffer(&buffer, 0, bytes);
        Ok(buffer)
    }

    /// How a compute shader finds buffers of these types, in the order of its bindings.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn layout(
        &self,
        label: &str,
        types: impl IntoIterator<Item = wgpu::BufferBindingType>,
    ) -> Result<Layout, GpuError> {
        let entry = |(binding, ty)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset: false,
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
        Ok(Layout { bindings, pipeline })
    }

    /// Binds `buffers`, in the order of the shader's bindings.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn bind(
        &self,
        label: &str,
        layout: &Layout,
        buffers: &[&wgpu::Buffer],
    ) -> Result<wgpu::BindGroup, GpuError> {
        let numbered = (0..).zip(buffers);
        let entries: Vec<wgpu::BindGroupEntry> = numbered
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
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

    /// Sends `bytes` to the start of `buffer`.
    ///
    /// In pieces: the way there takes as much memory again, and running out of it on the way loses
    /// the device.
    pub fn upload(&self, buffer: &wgpu::Buffer, bytes: &[u8]) -> Result<(), GpuError> {
        for (index, piece) in bytes.chunks(UPLOAD).enumerate() {
            if index > 0 {
                self.queue.submit([]);
                self.wait()?;
            }
            let place = (index * UPLOAD) as u64;
            self.queue.write_buffer(buffer, place, piece);
        }
        self.check()
    }

    /// Waits until all submitted work is done.
    pub fn wait(&self) -> Result<(), GpuError> {
        let waited = self.device.poll(wgpu::PollType::wait_indefinitely());
        self.check()?;
        waited.map(drop).map_err(|error| GpuError::Lost {
            adapter: self.name.clone(),
            reason: error.to_string(),
        })
    }

    fn scoped<T>(&self, make: impl FnOnce() -> T) -> Result<T, wgpu::Error> {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes =
            [OutOfMemory, Validation, Internal].map(|kind| self.device.push_error_scope(kind));
        let made = make();
        // Scopes close in the reverse of their order.
        let [memory, validation, internal] = scopes;
        let errors = [internal.pop(), validation.pop(), memory.pop()].map(pollster::block_on);
        match errors.into_iter().flatten().next() {
            Some(error) => Err(error),
            None => Ok(made),
        }
    }

    fn refused(&self, what: &str, error: &wgpu::Error) -> GpuError {
        let adapter = self.name.clone();
        GpuError::Refused {
            what: what.to_string(),
            adapter,
            reason: one_line(error),
        }
    }
}

/// The message of `error` and its causes, in one line.
fn one_line(error: &dyn std::error::Error) -> String {
    error
        .to_string()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
