//! A few lines of WGSL run on the GPU over a list of inputs, with the functions of a shader.

use std::sync::OnceLock;

use wgpu::util::DeviceExt;

/// Threads of a workgroup.
pub const GROUP: usize = 64;

/// Opened once: every test of the binary shares it.
static GPU: OnceLock<(wgpu::Device, wgpu::Queue)> = OnceLock::new();

/// A test's entry point, in a shader of the program.
///
/// A thread reads the words of its own input with `word(k)`, or as floats with `real(k)`, `real2(k)`
/// and `real3(k)`, and writes its output with `put_word(k, …)`, `put(k, …)` and `put3(k, …)`.
/// `lane` is the thread's number in its workgroup of 64.
pub struct Kernel<'a> {
    source: String,
    body: &'a str,
    constants: Vec<(&'a str, f64)>,
    buffers: Vec<(u32, wgpu::BufferUsages, Vec<u32>)>,
}

impl<'a> Kernel<'a> {
    /// An entry point around `body`, which can call every function of the shader `source`.
    pub fn new(source: String, body: &'a str) -> Kernel<'a> {
        Kernel {
            source,
            body,
            constants: Vec::new(),
            buffers: Vec::new(),
        }
    }

    /// With `value` for the `override` constant `name`.
    pub fn constant(mut self, name: &'a str, value: impl Into<f64>) -> Kernel<'a> {
        self.constants.push((name, value.into()));
        self
    }

    /// With `helpers`, functions for `body` to call.
    pub fn helpers(mut self, helpers: &str) -> Kernel<'a> {
        self.source += helpers;
        self
    }

    /// With `words` in the shader's uniform at `binding`.
    pub fn uniform(mut self, binding: u32, words: Vec<u32>) -> Kernel<'a> {
        let usage = wgpu::BufferUsages::UNIFORM;
        self.buffers.push((binding, usage, words));
        self
    }

    /// With `words` in the shader's storage buffer at `binding`.
    pub fn storage(mut self, binding: u32, words: Vec<u32>) -> Kernel<'a> {
        let usage = wgpu::BufferUsages::STORAGE;
        self.buffers.push((binding, usage, words));
        self
    }

    /// What the body writes for each of the `inputs`.
    ///
    /// # Panics
    /// When there is no adapter, or the driver refuses the shader.
    pub fn run(&self, inputs: &[u32], per_input: usize, per_output: usize) -> Vec<u32> {
        let (device, queue) = GPU.get_or_init(open);
        let count = inputs.len() / per_input;
        let size = (count * per_output * size_of::<u32>()) as u64;
        let source = self.source(count, per_input, per_output);
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(self.body),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(self.body),
            layout: None,
            module: &module,
            entry_point: Some("kernel"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &self.constants,
                ..Default::default()
            },
            cache: None,
        });
        let initialised = |label, words: &[u32], usage| {
            device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some(label),
                contents: bytemuck::cast_slice(words),
                usage,
            })
        };
        let empty = |label, usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage,
                mapped_at_creation: false,
            })
        };
        use wgpu::BufferUsages as Usage;
        let given = initialised("inputs", inputs, Usage::STORAGE);
        let written = empty("outputs", Usage::STORAGE | Usage::COPY_SRC);
        let readback = empty("readback", Usage::MAP_READ | Usage::COPY_DST);
        let own = self.buffers.iter();
        let own: Vec<(u32, wgpu::Buffer)> = own
            .map(|(binding, usage, words)| (*binding, initialised("shader's", words, *usage)))
            .collect();
        let bind = |group: u32, buffers: &[(u32, &wgpu::Buffer)]| {
            let entries = buffers.iter();
            let entries: Vec<_> = entries
                .map(|&(binding, buffer)| wgpu::BindGroupEntry {
                    binding,
                    resource: buffer.as_entire_binding(),
                })
                .collect();
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(self.body),
                layout: &pipeline.get_bind_group_layout(group),
                entries: &entries,
            })
        };
        let own: Vec<(u32, &wgpu::Buffer)> = own.iter().map(|(place, own)| (*place, own)).collect();
        let groups = [bind(0, &own), bind(1, &[(0, &given), (1, &written)])];

        let mut encoder = device.create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        for (place, group) in (0..).zip(&groups) {
            pass.set_bind_group(place, group, &[]);
        }
        pass.dispatch_workgroups(count.div_ceil(GROUP) as u32, 1, 1);
        drop(pass);
        encoder.copy_buffer_to_buffer(&written, 0, &readback, 0, size);
        queue.submit([encoder.finish()]);
        readback.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
        device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        bytemuck::pod_collect_to_vec(&readback.get_mapped_range(..).unwrap())
    }

    /// The shader with the entry point around the body.
    ///
    /// Inputs are `read_write`, for in the shader of noise `read` is an entry point's name. Threads
    /// beyond the last input do its work again, so that a body may hold barriers.
    fn source(&self, count: usize, per_input: usize, per_output: usize) -> String {
        let Kernel { source, body, .. } = self;
        format!(
            "{source}
@group(1) @binding(0) var<storage, read_write> kernel_inputs: array<u32>;
@group(1) @binding(1) var<storage, read_write> kernel_outputs: array<u32>;
var<private> kernel_index: u32;

fn word(k: u32) -> u32 {{ return kernel_inputs[kernel_index * {per_input}u + k]; }}
fn real(k: u32) -> f32 {{ return bitcast<f32>(word(k)); }}
fn real2(k: u32) -> vec2<f32> {{ return vec2<f32>(real(k), real(k + 1u)); }}
fn real3(k: u32) -> vec3<f32> {{ return vec3<f32>(real2(k), real(k + 2u)); }}
fn word3(k: u32) -> vec3<u32> {{ return bitcast<vec3<u32>>(real3(k)); }}
fn put_word(k: u32, value: u32) {{ kernel_outputs[kernel_index * {per_output}u + k] = value; }}
fn put(k: u32, value: f32) {{ put_word(k, bitcast<u32>(value)); }}
fn put2(k: u32, v: vec2<f32>) {{ put(k, v.x); put(k + 1u, v.y); }}
fn put3(k: u32, v: vec3<f32>) {{ put2(k, v.xy); put(k + 2u, v.z); }}
fn put4(k: u32, v: vec4<f32>) {{ put3(k, v.xyz); put(k + 3u, v.w); }}

@compute @workgroup_size({GROUP})
fn kernel(
    @builtin(global_invocation_id) thread: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {{
    kernel_index = min(thread.x, {count}u - 1u);
    {body}
}}
"
        )
    }
}

/// The first adapter that can compute.
fn open() -> (wgpu::Device, wgpu::Queue) {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    let instance = wgpu::Instance::new(descriptor.with_env());
    let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let able = found.into_iter().find(|adapter| {
        let flags = adapter.get_downlevel_capabilities().flags;
        flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS)
    });
    let adapter = able.expect(
        "no GPU that computes was found: install a driver, in software if need be \
         (apt-get install mesa-vulkan-drivers)",
    );
    let descriptor = wgpu::DeviceDescriptor {
        required_limits: adapter.limits(),
        ..Default::default()
    };
    println!("on {}", adapter.get_info().name);
    pollster::block_on(adapter.request_device(&descriptor)).unwrap()
}
