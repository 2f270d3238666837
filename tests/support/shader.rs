//! A few lines of WGSL run on the GPU over a list of inputs.

use std::sync::OnceLock;

use nanobragg::gpu::SHARED;
use wgpu::util::DeviceExt;

/// Threads of a workgroup.
const GROUP: usize = 64;

/// Opened once: every test of the binary shares it.
static GPU: OnceLock<(wgpu::Device, wgpu::Queue)> = OnceLock::new();

/// What `body` writes for each of the inputs.
///
/// A thread reads the words of its own input with `word(k)`, or as a float with `real(k)`, and
/// writes its output with `put_word(k, …)` and `put(k, …)`. It can call what `file` of
/// `shaders/shared/` declares, or several, with spaces between them.
///
/// # Panics
/// When there is no adapter, or the driver refuses the shader.
pub fn run_kernel(
    file: &str,
    body: &str,
    inputs: &[u32],
    per_input: usize,
    per_output: usize,
) -> Vec<u32> {
    let (device, queue) = GPU.get_or_init(open);
    let count = inputs.len() / per_input;
    let size = (count * per_output * size_of::<u32>()) as u64;
    let source = source(file, body, count, per_input, per_output);
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(file),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(file),
        layout: None,
        module: &module,
        entry_point: None,
        compilation_options: Default::default(),
        cache: None,
    });
    let given = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: Some("inputs"),
        contents: bytemuck::cast_slice(inputs),
        usage: wgpu::BufferUsages::STORAGE,
    });
    let buffer = |label, usage| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        })
    };
    use wgpu::BufferUsages as Usage;
    let written = buffer("outputs", Usage::STORAGE | Usage::COPY_SRC);
    let home = buffer("outputs at home", Usage::MAP_READ | Usage::COPY_DST);
    let entries = [&given, &written].map(wgpu::Buffer::as_entire_binding);
    let entries: Vec<_> = (0..)
        .zip(entries)
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
        .collect();
    let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(file),
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });

    let mut encoder = device.create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &group, &[]);
    pass.dispatch_workgroups(count.div_ceil(GROUP) as u32, 1, 1);
    drop(pass);
    encoder.copy_buffer_to_buffer(&written, 0, &home, 0, size);
    queue.submit([encoder.finish()]);
    home.map_async(wgpu::MapMode::Read, .., |mapped| mapped.unwrap());
    device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    bytemuck::pod_collect_to_vec(&home.get_mapped_range(..).unwrap())
}

/// The shared functions of `file`, and an entry point around `body`.
fn source(file: &str, body: &str, count: usize, per_input: usize, per_output: usize) -> String {
    let shared = file.split(' ').map(|file| {
        let found = SHARED.iter().find(|(name, _)| *name == file);
        let (_, source) = found.unwrap_or_else(|| panic!("no shaders/shared/{file}.wgsl"));
        *source
    });
    let shared: String = shared.collect();
    format!(
        "{shared}
@group(0) @binding(0) var<storage, read> kernel_inputs: array<u32>;
@group(0) @binding(1) var<storage, read_write> kernel_outputs: array<u32>;
var<private> kernel_index: u32;

fn word(k: u32) -> u32 {{ return kernel_inputs[kernel_index * {per_input}u + k]; }}
fn real(k: u32) -> f32 {{ return bitcast<f32>(word(k)); }}
fn put_word(k: u32, value: u32) {{ kernel_outputs[kernel_index * {per_output}u + k] = value; }}
fn put(k: u32, value: f32) {{ put_word(k, bitcast<u32>(value)); }}

@compute @workgroup_size({GROUP})
fn kernel(@builtin(global_invocation_id) thread: vec3<u32>) {{
    if thread.x >= {count}u {{ return; }}
    kernel_index = thread.x;
    {body}
}}
"
    )
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
