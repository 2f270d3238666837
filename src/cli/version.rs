//! `nanobragg --version`: which program this is, and what it was built to use.

use crate::version::full;
use crate::{cpu, gpu};

pub use crate::version::NUMBER;

/// The version in one line, and what the GPU and the CPU path go through.
pub fn text() -> String {
    format!(
        "nanobragg {}\nGPU through {}\nCPU with {}\n",
        full(),
        gpu::interfaces().join(", "),
        cpu::instructions()
    )
}
