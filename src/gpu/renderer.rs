//! Renders scenes on an opened device.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tracing::info_span;

use super::buffers::{
    GridKey, Held, Scaling, check_size, grid_words, orientation_entries, scene_uniform,
    source_entries,
};
use super::context::Context;
use super::kernel::{BINDINGS, Entry, Kernel};
use super::layout::{
    LANES, OrientationEntry, PanelEntry, SceneUniform, SliceUniform, SourceEntry, TileEntry,
};
use super::noise::NoiseKernel;
use super::scatter::scatter;
use super::shaders::Permutation;
use super::slices::{Budget, Cursor, Work};
use super::tiles::{TilePlace, TileSize, panel_entries, tile_entries, tile_places};
use super::timestamps::Timestamps;
use super::{Adapter, GpuError};
use crate::experiment::{Panel, Region};
use crate::profile::{READ_BACK, SETUP, SIMULATION};
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
    kernel: Kernel,
    timestamps: Option<Timestamps>,
    pub(super) state: Mutex<State>,
    /// Compiled when noise is first asked for.
    pub(super) noise: Mutex<Option<NoiseKernel>>,
}

/// What is on the device.
#[derive(Debug, Default)]
pub(super) struct State {
    places: Option<(Detector, Vec<TilePlace>)>,
    panels: Held<(Detector, bool)>,
    tiles: Held<(Detector, usize)>,
    sources: Held<(Vec<SceneSource>, Scaling)>,
    orientations: Held<(Vec<Orientation>, Scaling)>,
    grid: Held<GridKey>,
    /// The image, and the sums that wait for it.
    sums: Option<[wgpu::Buffer; 2]>,
    budget: Option<Budget>,
}

/// What the tiles depend on.
pub(super) type Detector = (Vec<Panel>, Option<Region>, TileSize);

impl GpuRenderer {
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
        let span = info_span!(target: SETUP, "pipeline and grid");
        let frame = span.in_scope(|| self.frame(&mut state, scene, &detector))?;
        // The two sums that wait for a pixel are the largest of its buffers.
        let tile_bytes = (size.pixels() * 2 * size_of::<f32>()) as u64;
        let band_tiles = (self.limit() / tile_bytes.max(size_of::<TileEntry>() as u64)).max(1);
        let bands: Vec<&[TilePlace]> = places.chunks(band_tiles as usize).collect();
        let count = bands.len();
        for (index, band) in bands.into_iter().enumerate() {
            let mut part = |done: f64| watch((index as f64 + done) / count as f64);
            let values = self.render_band(
                &mut state,
                scene,
                &frame,
                (&detector, index, band),
                &mut part,
            )?;
            let _span = info_span!(target: READ_BACK, "scatter tiles").entered();
            scatter(scene, &frame.scaling, size, band, &values, &mut photons);
        }
        Ok(photons)
    }

    /// Bytes that a buffer may have.
    pub(super) fn limit(&self) -> u64 {
        let limit = self.context.largest_binding().min(LARGEST_BUFFER);
        self.options
            .buffer_limit
            .map_or(limit, |tighter| tighter.min(limit))
    }

    /// What all bands share.
    pub(super) fn frame(
        &self,
        state: &mut State,
        scene: &Scene,
        detector: &Detector,
    ) -> Result<Frame, GpuError> {
        let context = &self.context;
        let scaling = Scaling::of(scene);
        let half = self.options.half_structure_factors;
        let size = detector.2;
        let permutation = Permutation::of(scene, size, half);
        let pipeline = self.kernel.pipeline(context, permutation)?;
        let key = (detector.clone(), scene.point_pixels);
        let panels = state
            .panels
            .get::<PanelEntry>(context, "the panels", key, || Ok(panel_entries(scene)))?;
        let key = GridKey {
            grid: scene.grids.first().cloned(),
            amplitude: scaling.amplitude,
            half,
        };
        let grid = state
            .grid
            .get(context, "the grid of structure factors", key, || {
                // A kernel without a grid still needs something to bind.
                let Some(grid) = scene.grids.first() else {
                    return Ok(vec![0u32]);
                };
                let bytes = grid.amplitudes().len() as u64 * if half { 2 } else { 4 };
                let advice = "list fewer indices, or store them with --f16-structure-factors";
                let what = "the grid of structure factors";
                let limit = self
                    .options
                    .grid_limit
                    .unwrap_or_else(|| context.largest_binding());
                check_size(context, limit, what, bytes, advice)?;
                Ok(grid_words(grid, scaling.amplitude, half))
            })?;
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let uniform = context.buffer("the scene", size_of::<SceneUniform>() as u64, usage)?;
        context.queue.write_buffer(
            &uniform,
            0,
            bytemuck::bytes_of(&scene_uniform(scene, &scaling)),
        );
        let slice = context.buffer("the slice", size_of::<SliceUniform>() as u64, usage)?;
        Ok(Frame {
            size,
            scaling,
            pipeline,
            panels,
            grid,
            uniform,
            slice,
        })
    }

    /// The sums of the tiles of one band, tile by tile.
    fn render_band(
        &self,
        state: &mut State,
        scene: &Scene,
        frame: &Frame,
        (detector, index, band): (&Detector, usize, &[TilePlace]),
        watch: Watch,
    ) -> Result<Vec<f32>, GpuError> {
        let context = &self.context;
        let setup = info_span!(target: SETUP, "tiles on the device").entered();
        let key = (detector.clone(), index);
        let tiles = state
            .tiles
            .get::<TileEntry>(context, "the tiles", key, || {
                Ok(tile_entries(&scene.panels, band, frame.size))
            })?;
        let size = (band.len() * frame.size.pixels() * size_of::<f32>()) as u64;
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        // Those of another size go before new ones come.
        let kept = state
            .sums
            .take()
            .filter(|[photons, _]| photons.size() == size);
        let [photons, pending] = match kept {
            Some(sums) => sums,
            None => [
                context.buffer("the image", size, usage)?,
                context.buffer("the image's pending sums", 2 * size, usage)?,
            ],
        };
        state.sums = Some([photons.clone(), pending.clone()]);

        drop(setup);

        let views = views(scene)?;
        let fitting = |entry: usize| (self.limit() / entry as u64).max(1) as usize;
        let lanes = LANES as usize;
        let per_chunk = (fitting(size_of::<OrientationEntry>()) / lanes).max(1) * lanes;
        let orientation_chunks = scene.orientations.len().div_ceil(per_chunk);
        // Where orientations come in several chunks, sources go one by one, so that numbers are
        // added in the same order as without chunks.
        let per_source_chunk = if orientation_chunks > 1 {
            1
        } else {
            fitting(size_of::<SourceEntry>())
        };
        let source_chunks = scene.sources.chunks(per_source_chunk);
        let chunks = (source_chunks.len() * orientation_chunks) as f64;
        let all_batches = scene.orientations.len().div_ceil(lanes) * scene.sources.len();
        // About as many sums in a run as runs in a group and groups in all. A power of two whose
        // square is one too divides the numbers' range, so that they may wrap around.
        let sums = all_batches as f64 * f64::from(views);
        let run = (sums.cbrt() as u32).clamp(1, 1 << 15).next_power_of_two();
        let (mut done, mut batch_base) = (0.0, 0usize);
        for source_chunk in source_chunks {
            let setup = info_span!(target: SETUP, "sources on the device").entered();
            let key = (source_chunk.to_vec(), frame.scaling);
            let sources = state.sources.get(context, "the sources", key, || {
                source_entries(source_chunk, &frame.scaling)
            })?;
            drop(setup);
            for orientation_chunk in scene.orientations.chunks(per_chunk) {
                let setup = info_span!(target: SETUP, "orientations on the device").entered();
                let key = (orientation_chunk.to_vec(), frame.scaling);
                let orientations =
                    state
                        .orientations
                        .get(context, "the orientations", key, || {
                            Ok(orientation_entries(orientation_chunk, &frame.scaling))
                        })?;
                let buffers = [
                    &frame.uniform,
                    &frame.slice,
                    &frame.panels,
                    &tiles,
                    &sources,
                    &orientations,
                    &frame.grid,
                    &photons,
                    &pending,
                ];
                let work = Work {
                    tiles: band.len() as u32,
                    tile_pixels: frame.size.pixels() as u32,
                    sources: source_chunk.len() as u32,
                    orientations: orientation_chunk.len() as u32,
                    views,
                    iterations: iterations(scene, frame.size),
                    max_workgroups: context.limits.max_compute_workgroups_per_dimension,
                    batch_base: batch_base as u32,
                    last_batch: (all_batches - 1) as u32,
                    run,
                };
                drop(setup);
                let mut part = |part: f64| watch((done + part) / chunks);
                self.dispatch(state, frame, buffers, &work, done == 0.0, &mut part)?;
                done += 1.0;
                batch_base += source_chunk.len() * orientation_chunk.len().div_ceil(lanes);
            }
        }
        self.read(&photons, size)
    }

    /// Adds `work` to the band's sums, which start afresh if `fresh`.
    fn dispatch(
        &self,
        state: &mut State,
        frame: &Frame,
        buffers: [&wgpu::Buffer; BINDINGS],
        work: &Work,
        fresh: bool,
        watch: Watch,
    ) -> Result<(), GpuError> {
        let Context { device, queue, .. } = &self.context;
        let group = self.kernel.bind(&self.context, &buffers)?;
        let mut budget = state.budget.unwrap_or_else(Budget::new);
        let (mut cursor, mut done) = (Cursor::default(), 0.0);
        while let Some((mut slice, terms)) = work.next(&mut cursor, &budget) {
            slice.first &= u32::from(fresh);
            let _span = info_span!(target: SIMULATION, "dispatch").entered();
            let started = Instant::now();
            queue.write_buffer(&frame.slice, 0, bytemuck::bytes_of(&slice));
            let mut encoder = device.create_command_encoder(&Default::default());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: self.timestamps.as_ref().map(Timestamps::writes),
            });
            pass.set_pipeline(&frame.pipeline);
            pass.set_bind_group(0, &group, &[]);
            let rows = slice.tile_count.div_ceil(slice.tiles_per_row);
            pass.dispatch_workgroups(slice.tiles_per_row, rows, 1);
            drop(pass);
            if let Some(timestamps) = &self.timestamps {
                timestamps.send(&mut encoder);
            }
            let submitted = Instant::now();
            queue.submit([encoder.finish()]);
            if let Some(timestamps) = &self.timestamps {
                timestamps.ask();
            }
            self.context.wait()?;
            if let Some(timestamps) = &self.timestamps {
                timestamps.record("render kernel", submitted);
            }
            budget.learn(terms, started.elapsed());
            done += terms;
            if !watch(done / work.terms()) {
                return Err(GpuError::Interrupted);
            }
        }
        state.budget = Some(budget);
        Ok(())
    }

    /// The contents of a buffer of floats on the device.
    pub(super) fn read(&self, buffer: &wgpu::Buffer, size: u64) -> Result<Vec<f32>, GpuError> {
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
        Ok(bytemuck::pod_collect_to_vec(&view))
    }
}

/// What every band of a render shares.
pub(super) struct Frame {
    size: TileSize,
    pub scaling: Scaling,
    pipeline: wgpu::ComputePipeline,
    pub panels: wgpu::Buffer,
    pub grid: wgpu::Buffer,
    pub uniform: wgpu::Buffer,
    slice: wgpu::Buffer,
}

/// Loop iterations of a thread for one view of a batch, no loop unrolled.
fn iterations(scene: &Scene, size: TileSize) -> u32 {
    let pixels = (size.per_thread * size.per_thread) as u32;
    // The interpolation's two loops of four.
    let per_term = if scene.interpolate && !scene.grids.is_empty() {
        1 + 4 + 16
    } else {
        1
    };
    let batch = LANES.min(u32::try_from(scene.orientations.len()).unwrap_or(u32::MAX));
    // What finds the orientations that scatter at all, where a spot has an end.
    let culling = LANES + 2 * pixels + 2;
    batch * (1 + pixels * per_term) + 3 * pixels + 4 + culling
}

/// Sub-pixels times layers.
fn views(scene: &Scene) -> Result<u32, GpuError> {
    let sub_pixels = scene.oversample.checked_mul(scene.oversample);
    sub_pixels
        .and_then(|sub_pixels| sub_pixels.checked_mul(scene.layers))
        .ok_or(GpuError::TooManyViews {
            oversample: scene.oversample,
            layers: scene.layers,
        })
}
