//! Renders scenes on an opened device.

use std::path::PathBuf;

use tracing::info_span;

use super::device::GpuDevice;
use super::frame::FrameBuffers;
use super::job::{Dispatch, RenderJob, Step};
use super::kernel::Entry;
use super::kernels::Kernels;
use super::readback::Readbacks;
use super::scaling::Scaling;
use super::scene_buffers::CommonBuffers;
use super::shaders::Permutation;
use super::tiles::TileSize;
use super::workspace::{Pool, Workspace};
use super::{Adapter, GpuError, culling};
use crate::experiment::Panel;
use crate::profile::SETUP;
use crate::scene::Scene;

/// Buffers are no larger than this even where the device would take more: the image is read back in
/// bands, and memory stays small.
const LARGEST_BUFFER: u64 = 128 << 20;

/// How scenes are rendered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GpuOptions {
    /// Store F as f16, in half the memory and with three digits.
    pub half_structure_factors: bool,
    /// The folder in which compiled pipelines are kept from one run to the next, as files of this
    /// user alone, where the driver hands them out. Without one they are compiled in every run.
    pub cache: Option<PathBuf>,
    /// Keep every buffer but the grid's below this many bytes, to test bands and batches.
    #[doc(hidden)]
    pub buffer_limit: Option<u64>,
    /// Take the adapter's largest binding to be this many bytes, to test what does not fit.
    #[doc(hidden)]
    pub grid_limit: Option<u64>,
    /// Look for the orientations that scatter at all, or not, wherever there is a choice, to test
    /// that images are the same.
    #[doc(hidden)]
    pub culls: Option<bool>,
    /// Multiply derivatives with directions and weights on the device, or on the host, to test that they
    /// are the same.
    #[doc(hidden)]
    pub derivatives_on_device: Option<bool>,
}

/// A device with its kernels, and the workspaces of its jobs: kept from render to render with
/// whatever did not change. Threads may share it; each render is a job of its own.
#[derive(Debug)]
pub struct GpuRenderer {
    pub(super) device: GpuDevice,
    pub(super) options: GpuOptions,
    pub(super) kernels: Kernels,
    pub(super) workspaces: Pool<Workspace>,
    pub(super) frames: Pool<FrameBuffers>,
    pub(super) readbacks: Readbacks,
}

impl GpuRenderer {
    /// Does what needs no device, for the time while one is looked for. What goes wrong here is
    /// told by [`GpuRenderer::new`].
    pub fn prepare() {
        let _span = info_span!(target: SETUP, "parse shader").entered();
        let _ = Entry::Render.shader();
    }

    /// Opens `adapter` and compiles the kernel.
    ///
    /// # Errors
    /// [`GpuError`] when the adapter cannot be opened or its driver refuses the kernel.
    pub fn new(adapter: &Adapter, options: GpuOptions) -> Result<GpuRenderer, GpuError> {
        let span = info_span!(target: SETUP, "open device");
        let device = span.in_scope(|| GpuDevice::open(adapter, options.cache.as_deref()))?;
        Ok(GpuRenderer {
            kernels: Kernels::new(&device)?,
            device,
            options,
            workspaces: Pool::default(),
            frames: Pool::default(),
            readbacks: Readbacks::default(),
        })
    }

    /// Name of the adapter.
    pub fn name(&self) -> &str {
        self.device.name()
    }

    /// The render of `scene` as a job, to be driven in steps.
    ///
    /// # Errors
    /// [`GpuError`] when the scene is not for this device, or the driver refuses.
    pub fn job<'a>(&'a self, scene: &'a Scene) -> Result<RenderJob<'a>, GpuError> {
        RenderJob::new(self, scene)
    }

    /// Renders `scene` and waits for it: photons per pixel, panels stacked, fast axis innermost; 0
    /// where a pixel is outside the region or masked. The host puts them in their places; a [`Frame`](super::Frame)
    /// gives the same bits. `watch` is told of each dispatch once it is done, and stops the render by
    /// returning false.
    ///
    /// # Errors
    /// [`GpuError`]; the renderer can be used again unless the device was lost.
    pub fn render(
        &self,
        scene: &Scene,
        watch: &mut dyn FnMut(&Dispatch) -> bool,
    ) -> Result<Vec<f32>, GpuError> {
        let pixels = scene.panels.iter().map(Panel::pixels).sum();
        let mut photons = vec![0f32; pixels];
        let mut job = self.job(scene)?;
        loop {
            match job.step()? {
                Step::Dispatched(dispatch) if !watch(&dispatch) => {
                    return Err(GpuError::Interrupted);
                }
                Step::Dispatched(_) => {}
                Step::Band => job.read_band(&mut photons)?,
                Step::Done => return Ok(photons),
            }
        }
    }

    /// The buffers that all passes over `scene` bind.
    pub(super) fn common_buffers(
        &self,
        workspace: &mut Workspace,
        scene: &Scene,
        scaling: &Scaling,
    ) -> Result<CommonBuffers, GpuError> {
        let half_structure_factors = self.options.half_structure_factors;
        let limit = self.largest_grid();
        let (device, buffers) = (&self.device, &mut workspace.buffers);
        buffers.common(device, scene, scaling, half_structure_factors, limit)
    }

    /// The permutation of the kernels for `scene` in tiles of `size`.
    pub(super) fn permutation(&self, scene: &Scene, size: TileSize) -> Permutation {
        let culls = culling::pays(scene, size, self.device.kind(), self.options.culls);
        Permutation::of(scene, size, self.options.half_structure_factors, culls)
    }

    /// Bytes that a buffer for the reflections of a grid may have.
    pub(super) fn largest_grid(&self) -> u64 {
        let own = self.options.grid_limit;
        own.unwrap_or_else(|| self.device.largest_binding())
    }

    /// Bytes that a buffer may have.
    pub(super) fn limit(&self) -> u64 {
        let limit = self.device.largest_binding().min(LARGEST_BUFFER);
        self.options
            .buffer_limit
            .map_or(limit, |tighter| tighter.min(limit))
    }
}
