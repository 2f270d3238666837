//! Why the GPU path failed.

use crate::memory::Bytes;

/// What went wrong on a GPU: what was asked for, on which adapter, and what to try.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GpuError {
    /// There is no adapter at all.
    #[error(
        "no GPU found; install your card's Vulkan driver, or a software one (Debian and Ubuntu: \
         apt-get install mesa-vulkan-drivers), or render on the CPU"
    )]
    NoAdapter,
    /// No adapter of that index or name.
    #[error(
        "no device '{wanted}'; there are: {}; or auto, cpu, gpu, all, or several with commas between",
        available.join(", ")
    )]
    NoSuchAdapter {
        /// What was asked for.
        wanted: String,
        /// Index and name of every adapter.
        available: Vec<String>,
    },
    /// The adapter would not open.
    #[error("{adapter} cannot be used: {reason}; try another device, or the CPU")]
    Open {
        /// Name of the adapter.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
    /// A buffer larger than the adapter takes.
    #[error(
        "{what} needs {needed} in one piece, and {adapter} takes {limit}; \
         {advice}, or render on the CPU"
    )]
    TooLarge {
        /// The buffer.
        what: &'static str,
        /// Its size.
        needed: Bytes,
        /// Name of the adapter.
        adapter: String,
        /// Its limit.
        limit: Bytes,
        /// What would make it smaller.
        advice: &'static str,
    },
    /// Memory ran out.
    #[error("{adapter} has no {size} left for {what}; close other programs on it, or use the CPU")]
    OutOfMemory {
        /// The buffer.
        what: &'static str,
        /// Its size.
        size: Bytes,
        /// Name of the adapter.
        adapter: String,
    },
    /// The driver refused something: a fault of this program or of the driver.
    #[error(
        "{adapter} refused {what}: {reason}; please report this with a description \
         of the adapter, and render on the CPU"
    )]
    Refused {
        /// The buffer, shader or pass.
        what: String,
        /// Name of the adapter.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
    /// The device went away.
    #[error("{adapter} failed at {what}, and is lost: {reason}; try again, or use the CPU")]
    Lost {
        /// The buffer, shader or pass at which that was found.
        what: String,
        /// Name of the adapter.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
    /// Miller indices that fixed point cannot hold.
    #[error(
        "cell edges over the wavelength come to {0:e}; the GPU path takes Miller indices up to \
         2 million: render on the CPU"
    )]
    IndicesTooLarge(f64),
    /// More sub-pixels and layers than can be counted.
    #[error(
        "{oversample} x {oversample} sub-pixels in {layers} layers are more than the 4 billion that \
         the GPU path counts; take fewer"
    )]
    TooManyViews {
        /// Sub-pixels per pixel edge.
        oversample: u32,
        /// Layers of the sensor.
        layers: u32,
    },
    /// A panel whose light the GPU path cannot spread.
    #[error(
        "a panel of {width} x {height} pixels is too long for the point spread on a GPU, which \
         takes {most} pixels a side; take smaller panels, or use the CPU"
    )]
    PanelTooLong {
        /// Pixels along the fast axis.
        width: usize,
        /// Pixels along the slow axis.
        height: usize,
        /// Most pixels of a side.
        most: usize,
    },
    /// The render was interrupted.
    #[error("interrupted")]
    Interrupted,
}
