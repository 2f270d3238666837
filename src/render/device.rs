//! What an image is rendered on.

use std::fmt;

/// The device that a user asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Device {
    /// The best real GPU, or the CPU where there is none or it fails. Never a software GPU.
    #[default]
    Auto,
    /// The float64 reference path.
    Cpu,
    /// A GPU: `gpu` for the best one, its index, or a part of its name. Or several, which share the
    /// work: `all` real ones, or a list with commas between; one may stand there twice.
    Gpu(String),
}

impl From<&str> for Device {
    fn from(name: &str) -> Device {
        match name.to_lowercase().as_str() {
            "auto" | "" => Device::Auto,
            "cpu" => Device::Cpu,
            _ => Device::Gpu(name.to_string()),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Auto => write!(f, "auto"),
            Device::Cpu => write!(f, "cpu"),
            Device::Gpu(name) => write!(f, "{name}"),
        }
    }
}
