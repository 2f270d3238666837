//! The machine and the program that a measurement was made with.

use serde::Serialize;
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind, System};

use crate::gpu::AdapterDescription;
use crate::version;

/// The machine and the program of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Environment {
    /// The command that was given.
    pub command: String,
    /// Flags of what was rendered.
    pub flags: Vec<String>,
    /// Version of this program.
    pub version: &'static str,
    /// Commit it was built from; `unknown` where it was not built in its repository.
    pub commit: &'static str,
    /// Compiler it was built with.
    pub compiler: &'static str,
    /// Model of the processor.
    pub processor: String,
    /// Cores, if the system tells.
    pub physical_cores: Option<usize>,
    /// Hardware threads that this process may use.
    pub logical_cores: usize,
    /// Memory of the machine, bytes.
    pub memory_bytes: u64,
    /// Operating system and version.
    pub operating_system: String,
    /// Kernel of the operating system.
    pub kernel: String,
    /// The processor's architecture.
    pub architecture: &'static str,
    /// The GPUs with their drivers.
    pub adapters: Vec<AdapterDescription>,
}

impl Environment {
    /// The environment on this machine, whose GPUs are `adapters`, of a `command` that renders what
    /// `flags` describe.
    pub fn new(
        adapters: Vec<AdapterDescription>,
        command: String,
        flags: Vec<String>,
    ) -> Environment {
        let kinds = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(kinds);
        let unknown = || "unknown".to_string();
        let brand = system
            .cpus()
            .first()
            .map(|cpu| cpu.brand().trim().to_string());
        Environment {
            command,
            flags,
            version: version::NUMBER,
            commit: version::COMMIT,
            compiler: env!("NANOBRAGG_COMPILER"),
            processor: brand
                .filter(|brand| !brand.is_empty())
                .unwrap_or_else(unknown),
            physical_cores: System::physical_core_count(),
            logical_cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: system.total_memory(),
            operating_system: System::long_os_version().unwrap_or_else(unknown),
            kernel: System::kernel_version().unwrap_or_else(unknown),
            architecture: std::env::consts::ARCH,
            adapters,
        }
    }
}
