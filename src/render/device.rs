//! What an image is rendered on.

use std::fmt;

/// A device that renders. The GPU path joins here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// The float64 reference path, on `threads` threads; 0 for one per core.
    Cpu {
        /// Number of threads.
        threads: usize,
    },
}

impl Default for Device {
    fn default() -> Device {
        Device::Cpu { threads: 0 }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu { .. } => write!(f, "cpu"),
        }
    }
}
