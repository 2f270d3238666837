//! The GPUs of this machine.

use std::fmt;

use serde::Serialize;

use super::GpuError;
use super::guarded::guarded;
use super::layout::BATCH;
use crate::memory::Bytes;

/// What kind of device an adapter is, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AdapterKind {
    /// A card with memory of its own.
    Discrete,
    /// A GPU that shares the processor's memory.
    Integrated,
    /// A GPU lent to a virtual machine.
    Virtual,
    /// The driver does not say.
    Unknown,
    /// A program that plays GPU on the processor.
    Software,
}

/// A GPU that can be opened.
#[derive(Debug, Clone)]
pub struct Adapter {
    index: usize,
    adapter: wgpu::Adapter,
}

/// What `nanobragg devices` tells of an adapter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdapterDescription {
    /// Place of the adapter in the list.
    pub index: usize,
    /// Name of the adapter.
    pub name: String,
    /// What it is.
    pub kind: AdapterKind,
    /// The interface it is reached through: vulkan, metal, dx12, gl.
    pub backend: String,
    /// Driver and version.
    pub driver: String,
    /// Largest storage buffer a shader can read, bytes.
    pub max_binding_bytes: u64,
    /// Largest buffer, bytes.
    pub max_buffer_bytes: u64,
    /// Workgroup memory, bytes.
    pub workgroup_memory_bytes: u32,
    /// Most workgroups in one direction of a dispatch.
    pub max_workgroups: u32,
    /// Whether passes can be timed on the device itself.
    pub timestamps: bool,
}

/// Every adapter that can run the kernel, in the order in which the system lists them. OpenGL,
/// which would list the same cards again, is asked only where nothing else answers.
pub fn adapters() -> Vec<Adapter> {
    let first = adapters_of(wgpu::Backends::PRIMARY);
    if first.is_empty() {
        adapters_of(wgpu::Backends::GL)
    } else {
        first
    }
}

/// The interfaces to GPUs that this program was built with, the preferred ones first.
pub fn interfaces() -> Vec<&'static str> {
    let built = wgpu::Instance::enabled_backend_features();
    let named = [
        (wgpu::Backends::VULKAN, "Vulkan"),
        (wgpu::Backends::METAL, "Metal"),
        (wgpu::Backends::DX12, "DirectX 12"),
        (wgpu::Backends::GL, "OpenGL"),
    ];
    let built = named.into_iter().filter(|(kind, _)| built.contains(*kind));
    built.map(|(_, name)| name).collect()
}

fn adapters_of(backends: wgpu::Backends) -> Vec<Adapter> {
    let descriptor = wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    };
    // A driver that fails here has no adapters: wgpu tells nothing of it, or panics.
    let found = guarded(|| {
        let instance = wgpu::Instance::new(descriptor);
        pollster::block_on(instance.enumerate_adapters(backends))
    });
    let able = found
        .unwrap_or_default()
        .into_iter()
        .filter(runs_the_kernel);
    able.enumerate()
        .map(|(index, adapter)| Adapter { index, adapter })
        .collect()
}

/// Workgroup memory of the render kernel: prepared orientations, candidates, corners of the tile.
const WORKGROUP_BYTES: u32 = 4 * BATCH * 16 + 2 * BATCH * 4 + 4 * 16 + 4;

/// Whether an adapter has what the render kernel needs.
fn runs_the_kernel(adapter: &wgpu::Adapter) -> bool {
    /// Storage buffers that the kernel binds.
    const BUFFERS: u32 = 7;
    let flags = adapter.get_downlevel_capabilities().flags;
    let limits = adapter.limits();
    flags.contains(wgpu::DownlevelFlags::COMPUTE_SHADERS | wgpu::DownlevelFlags::SHADER_F16_IN_F32)
        && limits.max_storage_buffers_per_shader_stage >= BUFFERS
        && limits.max_compute_invocations_per_workgroup >= BATCH
        && limits.max_compute_workgroup_storage_size >= WORKGROUP_BYTES
}

impl Adapter {
    /// Place of the adapter in the list.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Name of the adapter.
    pub fn name(&self) -> String {
        self.adapter.get_info().name
    }

    /// What it is.
    pub fn kind(&self) -> AdapterKind {
        match self.adapter.get_info().device_type {
            wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
            wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
            wgpu::DeviceType::Cpu => AdapterKind::Software,
            wgpu::DeviceType::Other => AdapterKind::Unknown,
        }
    }

    /// What there is to tell of it.
    pub fn description(&self) -> AdapterDescription {
        let info = self.adapter.get_info();
        let limits = self.adapter.limits();
        AdapterDescription {
            index: self.index,
            kind: self.kind(),
            backend: info.backend.to_string(),
            driver: [info.driver, info.driver_info].join(" ").trim().to_string(),
            name: info.name,
            max_binding_bytes: limits.max_storage_buffer_binding_size,
            max_buffer_bytes: limits.max_buffer_size,
            workgroup_memory_bytes: limits.max_compute_workgroup_storage_size,
            max_workgroups: limits.max_compute_workgroups_per_dimension,
            timestamps: self
                .adapter
                .features()
                .contains(wgpu::Features::TIMESTAMP_QUERY),
        }
    }

    pub(super) fn wgpu(&self) -> &wgpu::Adapter {
        &self.adapter
    }

    /// The best real GPU: a card before an integrated one before others; never a software one.
    pub fn best_real(adapters: &[Adapter]) -> Option<&Adapter> {
        let real = adapters
            .iter()
            .filter(|adapter| adapter.kind() != AdapterKind::Software);
        real.min_by_key(|adapter| adapter.kind())
    }

    /// The adapters that `wanted` names, at least one: `all` real ones, or software ones where there
    /// are no others; one, as [`Adapter::choose`] has it; or several with commas between.
    ///
    /// # Errors
    /// As [`Adapter::choose`].
    pub fn choose_all<'a>(
        adapters: &'a [Adapter],
        wanted: &str,
    ) -> Result<Vec<&'a Adapter>, GpuError> {
        if wanted.trim().eq_ignore_ascii_case("all") && !adapters.is_empty() {
            let kinds = adapters.iter();
            let kinds = kinds.map(|one| (one.kind(), one.adapter.get_info().backend));
            return Ok(all_of(kinds)
                .into_iter()
                .map(|index| &adapters[index])
                .collect());
        }
        match Adapter::choose(adapters, wanted) {
            // A name may have a comma, too.
            Err(GpuError::NoSuchAdapter { .. }) if wanted.contains(',') => {
                let words = wanted.split(',');
                words
                    .map(|word| Adapter::choose(adapters, word.trim()))
                    .collect()
            }
            one => Ok(vec![one?]),
        }
    }

    /// The adapter that `wanted` names: `gpu` for the best, its index, or a part of its name.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`] when there is none at all, [`GpuError::NoSuchAdapter`] with the
    /// list of those there are.
    pub fn choose<'a>(adapters: &'a [Adapter], wanted: &str) -> Result<&'a Adapter, GpuError> {
        if adapters.is_empty() {
            return Err(GpuError::NoAdapter);
        }
        let lower = wanted.to_lowercase();
        let named = |adapter: &&Adapter| {
            lower == "gpu" || (!lower.is_empty() && adapter.name().to_lowercase().contains(&lower))
        };
        let by_index = lower
            .parse::<usize>()
            .ok()
            .and_then(|index| adapters.get(index));
        // A number that is no index may be a part of a name, if it is one that cards are known by:
        // 3090. Shorter ones stand in many a name, and mean an index that is not there.
        let is_short_number = lower.len() < 3 && lower.parse::<usize>().is_ok();
        let by_name = || {
            adapters
                .iter()
                .filter(|_| !is_short_number)
                .filter(named)
                .min_by_key(|adapter| adapter.kind())
        };
        let chosen = by_index.or_else(by_name);
        chosen.ok_or_else(|| GpuError::NoSuchAdapter {
            wanted: wanted.to_string(),
            available: adapters.iter().map(ToString::to_string).collect(),
        })
    }
}

/// Which adapters `all` takes, by their kinds and interfaces: the real ones of the first interface
/// that has any, as another lists the same cards again; software ones where there are no others.
fn all_of<B: PartialEq>(adapters: impl Iterator<Item = (AdapterKind, B)> + Clone) -> Vec<usize> {
    let numbered = (0..).zip(adapters);
    let real = numbered
        .clone()
        .filter(|(_, (kind, _))| *kind != AdapterKind::Software);
    match real.clone().next() {
        Some((_, (_, first))) => real
            .filter(|(_, (_, interface))| *interface == first)
            .map(|(index, _)| index)
            .collect(),
        None => numbered.map(|(index, _)| index).collect(),
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.index, self.name())
    }
}

impl fmt::Display for AdapterDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = format!("{:?}", self.kind).to_lowercase();
        let timestamps = if self.timestamps { "yes" } else { "no" };
        writeln!(
            f,
            "{:<3} {} ({kind}, {})",
            self.index, self.name, self.backend
        )?;
        writeln!(f, "    driver      {}", self.driver)?;
        writeln!(f, "    buffers     up to {}", Bytes(self.max_buffer_bytes))?;
        writeln!(f, "    bindings    up to {}", Bytes(self.max_binding_bytes))?;
        writeln!(f, "    workgroups  up to {} in a row", self.max_workgroups)?;
        write!(f, "    timestamps  {timestamps}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::shaders::render_source;
    use wgpu::naga::{AddressSpace, front::wgsl, proc::Layouter};

    #[test]
    fn all_are_the_real_ones_once() {
        use AdapterKind::{Discrete, Integrated, Software};
        for (adapters, expected) in [
            (
                vec![(Software, 1), (Discrete, 1), (Integrated, 1)],
                vec![1, 2],
            ),
            (
                vec![(Discrete, 1), (Discrete, 1), (Discrete, 2), (Discrete, 2)],
                vec![0, 1],
            ),
            (vec![(Software, 1), (Software, 2)], vec![0, 1]),
        ] {
            assert_eq!(all_of(adapters.iter().copied()), expected, "{adapters:?}");
        }
    }

    #[test]
    fn the_workgroup_memory_is_that_of_the_shader() {
        let module = wgsl::parse_str(&render_source()).unwrap();
        let mut sizes = Layouter::default();
        sizes.update(module.to_ctx()).unwrap();
        let variables = module.global_variables.iter();
        let shared = variables.filter(|(_, variable)| variable.space == AddressSpace::WorkGroup);
        let bytes: u32 = shared.map(|(_, variable)| sizes[variable.ty].size).sum();
        assert_eq!(bytes, WORKGROUP_BYTES);
    }
}
