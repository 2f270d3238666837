//! Renders scenes on an opened device.

use std::sync::{Mutex, OnceLock, PoisonError};

use tracing::info_span;

use super::buffers::{GridKey, Held, Scaling};
use super::context::Context;
use super::kernel::{Entry, Kernel};
use super::layout::TileEntry;
use super::noise::NoiseKernel;
use super::scatter::scatter;
use super::slices::Budget;
use super::tiles::{TilePlace, TileSize, tile_places};
use super::timestamps::Timestamps;
use super::{Adapter, GpuError};
use crate::experiment::{Panel, Region};
use crate::profile::{READ_BACK, SETUP};
use crate::scene::{Orientation, Scene, SceneSource};

/// Buffers are no larger than this even where the device would take more: the image comes home in
/// bands, and memory stays small.
const LARGEST_BUFFER: u64 = 128 << 20;

/// How scenes are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GpuOptions {
    /// Store F as f16, in half the memory and with three digits.
    pub half_structure_factors: bool,
    /// Keep every buffer but the grid's below this many bytes, to test bands and batches.
    #[doc(hidden)]
    pub buffer_limit: Option<u64>,
    /// Take the adapter's largest binding to be this many bytes, to test what does not fit.
    #[doc(hidden)]
    pub grid_limit: Option<u64>,
}

/// Watches a render and may stop it.
pub type Watch<'a> = &'a mut dyn FnMut(f64) -> bool;

/// A device with its pipelines, kept from render to render with whatever did not change.
#[derive(Debug)]
pub struct GpuRenderer {
    pub(super) context: Context,
    pub(super) options: GpuOptions,
    pub(super) kernel: Kernel,
    /// Compiled when an image first has a background.
    pub(super) background: OnceLock<Kernel>,
    pub(super) timestamps: Option<Timestamps>,
    pub(super) state: Mutex<State>,
    /// Compiled when noise is first asked for.
    pub(super) noise: Mutex<Option<NoiseKernel>>,
}

/// What is on the device.
#[derive(Debug, Default)]
pub(super) struct State {
    pub places: Option<(Detector, Vec<TilePlace>)>,
    pub panels: Held<(Detector, bool, u32)>,
    pub tiles: Held<(Detector, usize)>,
    pub sources: Held<(Vec<SceneSource>, Scaling)>,
    pub orientations: Held<(Vec<Orientation>, Scaling)>,
    pub grid: Held<GridKey>,
    /// The image, and the sums that wait for it.
    pub sums: Option<[wgpu::Buffer; 2]>,
    pub budget: Option<Budget>,
}

/// What the tiles depend on.
pub(super) type Detector = (Vec<Panel>, Option<Region>, TileSize);

impl GpuRenderer {
    /// Does what needs no device, for the time while one is looked for. What goes wrong here is told
    /// by [`GpuRenderer::new`].
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
        let context = span.in_scope(|| Context::open(adapter))?;
        let span = info_span!(target: SETUP, "compile shader");
        let kernel = span.in_scope(|| Kernel::new(&context, Entry::Render))?;
        let timestamps = Timestamps::new(&context)?;
        let state = Mutex::default();
        Ok(GpuRenderer {
            context,
            options,
            kernel,
            background: OnceLock::new(),
            timestamps,
            state,
            noise: Mutex::default(),
        })
    }

    /// Name of the adapter.
    pub fn name(&self) -> &str {
        self.context.name()
    }

    /// What to expect of an image whose spots are much sharper than pixels: the nrmse, about,
    /// where it is more than a part in ten thousand.
    pub fn expected_error(&self, scene: &Scene) -> Option<f64> {
        /// As measured: docs/kernel.md.
        const PER_TURN: f64 = 4e-7;
        let error = PER_TURN * TileSize::of(scene).turns(scene);
        (error > 1e-4).then_some(error)
    }

    /// Renders `scene`: photons per pixel, panels stacked, fast axis innermost; 0 where a pixel is
    /// outside the region or masked. `watch` is told the part that is done after each dispatch,
    /// and stops the render by returning false.
    ///
    /// # Errors
    /// [`GpuError`]; the renderer can be used again unless the device was lost.
    pub fn render(&self, scene: &Scene, watch: Watch) -> Result<Vec<f32>, GpuError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let pixels = scene.panels.iter().map(Panel::pixels).sum();
        let mut photons = vec![0f32; pixels];
        let size = TileSize::of(scene);
        let detector: Detector = (scene.panels.clone(), scene.region, size);
        if state
            .places
            .as_ref()
            .is_none_or(|(held, _)| *held != detector)
        {
            let _span = info_span!(target: SETUP, "cut into tiles").entered();
            state.places = Some((detector.clone(), tile_places(scene, size)));
        }
        let places = state
            .places
            .clone()
            .map_or_else(Vec::new, |(_, places)| places);
        let bands: Vec<&[TilePlace]> = places.chunks(self.band_tiles(size)).collect();
        if let Some(first) = bands.first() {
            // A software device fills them while the pipeline is built.
            self.sums(&mut state, first.len(), size)?;
        }
        let span = info_span!(target: SETUP, "pipeline and grid");
        let frame = span.in_scope(|| self.frame(&mut state, scene, &detector))?;
        let count = bands.len();
        for (index, band) in bands.into_iter().enumerate() {
            let mut part = |done: f64| watch((index as f64 + done) / count as f64);
            let sums = self.render_band(
                &mut state,
                scene,
                &frame,
                (&detector, index, band),
                &mut part,
            )?;
            self.read(&sums, sums.size(), |values| {
                let _span = info_span!(target: READ_BACK, "scatter tiles").entered();
                scatter(scene, &frame.scaling, size, band, values, &mut photons);
            })?;
        }
        Ok(photons)
    }

    /// Tiles of a band: as many as fit the device.
    pub(super) fn band_tiles(&self, size: TileSize) -> usize {
        // The two sums that wait for a pixel are the largest of its buffers.
        let tile_bytes = size.pixels() * 2 * size_of::<f32>();
        self.fitting(tile_bytes.max(size_of::<TileEntry>()))
    }

    /// Entries of so many bytes that fit a buffer, at least one.
    pub(super) fn fitting(&self, entry: usize) -> usize {
        (self.limit() / entry as u64).max(1) as usize
    }

    /// Bytes that a buffer may have.
    pub(super) fn limit(&self) -> u64 {
        let limit = self.context.largest_binding().min(LARGEST_BUFFER);
        self.options
            .buffer_limit
            .map_or(limit, |tighter| tighter.min(limit))
    }

    /// What `take` makes of the contents of a buffer of floats on the device.
    pub(super) fn read<T>(
        &self,
        buffer: &wgpu::Buffer,
        size: u64,
        take: impl FnOnce(&[f32]) -> T,
    ) -> Result<T, GpuError> {
        let _span = info_span!(target: READ_BACK, "read back").entered();
        let Context { device, queue, .. } = &self.context;
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let home = self
            .context
            .buffer("the image on its way home", size, usage)?;
        let mut encoder = device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &home, 0, size);
        queue.submit([encoder.finish()]);
        home.map_async(wgpu::MapMode::Read, .., |_| ());
        self.context.wait()?;
        let refused = |error: wgpu::MapRangeError| GpuError::Refused {
            what: "the image's way home".into(),
            adapter: self.name().to_string(),
            reason: error.to_string(),
        };
        let view = home.get_mapped_range(..).map_err(refused)?;
        Ok(take(bytemuck::cast_slice(&view)))
    }
}
