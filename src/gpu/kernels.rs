//! The kernels of a device, each compiled when it is first needed and kept as long as the device.

use std::sync::OnceLock;

use tracing::info_span;

use super::GpuError;
use super::device::GpuDevice;
use super::kernel::{Entry, Kernel};
use super::pixel_kernels::{PixelKernel, PixelShader};
use super::spread::SpreadKernel;
use crate::profile::SETUP;

/// Every kernel of one device.
#[derive(Debug, Default)]
pub struct Kernels {
    /// By [`Entry`].
    terms: [OnceLock<Kernel>; Entry::ALL],
    /// By [`PixelShader`].
    pixels: [OnceLock<PixelKernel>; PixelShader::ALL],
    spread: OnceLock<SpreadKernel>,
}

impl Kernels {
    /// Makes the render kernel ready for `device`, which every image needs.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the compiler or the driver said.
    pub fn new(device: &GpuDevice) -> Result<Kernels, GpuError> {
        let span = info_span!(target: SETUP, "compile shader");
        let kernels = Kernels::default();
        span.in_scope(|| kernels.kernel(device, Entry::Render).map(drop))?;
        Ok(kernels)
    }

    /// The kernel of `entry`.
    ///
    /// # Errors
    /// As [`Kernels::new`].
    pub fn kernel(&self, device: &GpuDevice, entry: Entry) -> Result<&Kernel, GpuError> {
        made_once(&self.terms[entry as usize], || Kernel::new(device, entry))
    }

    /// The kernel of `shader`.
    ///
    /// # Errors
    /// As [`Kernels::new`].
    pub fn pixels(
        &self,
        device: &GpuDevice,
        shader: PixelShader,
    ) -> Result<&PixelKernel, GpuError> {
        made_once(&self.pixels[shader as usize], || {
            let _span = info_span!(target: SETUP, "compile pixel shader").entered();
            PixelKernel::new(device, shader)
        })
    }

    /// The kernel that spreads light.
    ///
    /// # Errors
    /// As [`Kernels::new`].
    pub fn spread(&self, device: &GpuDevice) -> Result<&SpreadKernel, GpuError> {
        made_once(&self.spread, || {
            let _span = info_span!(target: SETUP, "compile point spread shader").entered();
            SpreadKernel::new(device)
        })
    }
}

/// What `cell` holds, made by `make` if it is empty. Two threads may make it at once; one's is
/// kept.
fn made_once<T>(
    cell: &OnceLock<T>,
    make: impl FnOnce() -> Result<T, GpuError>,
) -> Result<&T, GpuError> {
    if let Some(held) = cell.get() {
        return Ok(held);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}
