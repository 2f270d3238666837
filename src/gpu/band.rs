//! A band of tiles: as many as there are buffers for, rendered whole before the next.

use tracing::info_span;

use super::buffers::{orientation_entries, source_entries};
use super::context::Context;
use super::dispatch::Pass;
use super::frame::Frame;
use super::kernel::BINDINGS;
use super::layout::{LANES, OrientationEntry, SourceEntry, TileEntry};
use super::renderer::{Detector, State, Watch};
use super::slices::{Work, enough_tiles};
use super::tiles::{TilePlace, TileSize, tile_entries};
use super::{GpuError, GpuRenderer};
use crate::profile::SETUP;
use crate::scene::{Scene, SceneSource};

/// A band on the device.
pub(super) struct Band<'a> {
    pub scene: &'a Scene,
    pub frame: &'a Frame,
    tile_count: usize,
    tiles: wgpu::Buffer,
    /// The sums so far, and those that wait to be added.
    sums: [wgpu::Buffer; 2],
    /// Sub-pixels times layers.
    views: u32,
}

impl Band<'_> {
    /// What a kernel binds: the band's own buffers around those of a part of the work.
    pub fn buffers<'b>(
        &'b self,
        sources: &'b wgpu::Buffer,
        [fifth, sixth]: [&'b wgpu::Buffer; 2],
    ) -> [&'b wgpu::Buffer; BINDINGS] {
        let [photons, pending] = &self.sums;
        [
            &self.frame.uniform,
            &self.frame.slice,
            &self.frame.panels,
            &self.tiles,
            sources,
            fifth,
            sixth,
            photons,
            pending,
        ]
    }

    /// So many sources and orientations for all tiles, as a first and last batch.
    pub fn work(&self, gpu: &GpuRenderer, sources: usize, orientations: usize) -> Work {
        Work {
            tiles: self.tile_count as u32,
            tile_pixels: self.frame.size.pixels() as u32,
            sources: sources as u32,
            orientations: orientations as u32,
            views: self.views,
            iterations: 1,
            enough_tiles: enough_tiles(gpu.context.kind()),
            max_workgroups: gpu.context.limits.max_compute_workgroups_per_dimension,
            batch_base: 0,
            last_batch: 0,
            run: 1,
        }
    }
}

impl GpuRenderer {
    /// The buffer of the sums of the tiles of one band, tile by tile.
    pub(super) fn render_band(
        &self,
        state: &mut State,
        scene: &Scene,
        frame: &Frame,
        places: (&Detector, usize, &[TilePlace]),
        watch: Watch,
    ) -> Result<wgpu::Buffer, GpuError> {
        let band = self.band(state, scene, frame, places)?;
        let [per_source_chunk, per_chunk] = self.chunks(scene);
        let has_background = frame.background.is_some();
        if let Some(background) = &frame.background {
            self.add_background(state, &band, background, per_source_chunk, watch)?;
        }
        if let Some(pipeline) = &frame.pipeline {
            let chunks = [per_source_chunk, per_chunk];
            self.add_terms(state, &band, pipeline, chunks, !has_background, watch)?;
        }
        let [photons, _] = band.sums;
        Ok(photons)
    }

    /// Sources and orientations that are on the device at once.
    pub(super) fn chunks(&self, scene: &Scene) -> [usize; 2] {
        let lanes = LANES as usize;
        let per_chunk = (self.fitting(size_of::<OrientationEntry>()) / lanes).max(1) * lanes;
        // Where orientations come in several chunks, sources go one by one, so that numbers are
        // added in the same order as without chunks.
        let per_source_chunk = if scene.orientations.len() > per_chunk {
            1
        } else {
            self.fitting(size_of::<SourceEntry>())
        };
        [per_source_chunk, per_chunk]
    }

    /// The band of `places`, a part of the tiles of a detector, with nothing added.
    fn band<'a>(
        &self,
        state: &mut State,
        scene: &'a Scene,
        frame: &'a Frame,
        (detector, index, places): (&Detector, usize, &[TilePlace]),
    ) -> Result<Band<'a>, GpuError> {
        let context = &self.context;
        let _setup = info_span!(target: SETUP, "tiles on the device").entered();
        let key = (detector.clone(), index);
        let tiles = state
            .tiles
            .get::<TileEntry>(context, "the tiles", key, || {
                Ok(tile_entries(&scene.panels, places, frame.size))
            })?;
        let sums = self.sums(state, places.len(), frame.size)?;
        Ok(Band {
            scene,
            frame,
            tile_count: places.len(),
            tiles,
            sums,
            views: views(scene)?,
        })
    }

    /// The sums of so many tiles: those that are there already, or new ones, which the device fills
    /// with zeros.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory for them.
    pub(super) fn sums(
        &self,
        state: &mut State,
        tiles: usize,
        tile_size: TileSize,
    ) -> Result<[wgpu::Buffer; 2], GpuError> {
        let Context { device, queue, .. } = &self.context;
        let size = (tiles * tile_size.pixels() * size_of::<f32>()) as u64;
        // Those of another size go before new ones come.
        let kept = state
            .sums
            .take()
            .filter(|[photons, _]| photons.size() == size);
        let sums = match kept {
            Some(sums) => sums,
            None => {
                let usage = wgpu::BufferUsages::STORAGE
                    | wgpu::BufferUsages::COPY_SRC
                    | wgpu::BufferUsages::COPY_DST;
                let buffer = |what, size| self.context.buffer(what, size, usage);
                let sums = [
                    buffer("the image", size)?,
                    buffer("the image's pending sums", 2 * size)?,
                ];
                // wgpu would at the first dispatch, which would wait for it.
                let mut encoder = device.create_command_encoder(&Default::default());
                for buffer in &sums {
                    encoder.clear_buffer(buffer, 0, None);
                }
                queue.submit([encoder.finish()]);
                sums
            }
        };
        state.sums = Some(sums.clone());
        Ok(sums)
    }

    /// Adds the crystal's terms, in chunks of so many sources and orientations, to sums that start
    /// afresh if `fresh`.
    fn add_terms(
        &self,
        state: &mut State,
        band: &Band,
        pipeline: &wgpu::ComputePipeline,
        [per_source_chunk, per_chunk]: [usize; 2],
        mut fresh: bool,
        watch: Watch,
    ) -> Result<(), GpuError> {
        let (scene, frame) = (band.scene, band.frame);
        let lanes = LANES as usize;
        let orientation_chunks = scene.orientations.len().div_ceil(per_chunk);
        let source_chunks = scene.sources.chunks(per_source_chunk);
        let chunks = (source_chunks.len() * orientation_chunks) as f64;
        let all_batches = scene.orientations.len().div_ceil(lanes) * scene.sources.len();
        // About as many sums in a run as runs in a group and groups in all. A power of two whose
        // square is one too divides the numbers' range, so that they may wrap around.
        let sums = all_batches as f64 * f64::from(band.views);
        let run = (sums.cbrt() as u32).clamp(1, 1 << 15).next_power_of_two();
        let (mut done, mut batch_base) = (0.0, 0usize);
        for source_chunk in source_chunks {
            let sources = self.sources(state, frame, source_chunk)?;
            for orientation_chunk in scene.orientations.chunks(per_chunk) {
                let setup = info_span!(target: SETUP, "orientations on the device").entered();
                let key = (orientation_chunk.to_vec(), frame.scaling);
                let orientations =
                    state
                        .orientations
                        .get(&self.context, "the orientations", key, || {
                            Ok(orientation_entries(orientation_chunk, &frame.scaling))
                        })?;
                let work = Work {
                    iterations: iterations(scene, frame.size),
                    batch_base: batch_base as u32,
                    last_batch: (all_batches - 1) as u32,
                    run,
                    ..band.work(self, source_chunk.len(), orientation_chunk.len())
                };
                drop(setup);
                let mut part = |part: f64| watch((done + part) / chunks);
                let pass = Pass {
                    name: "render kernel",
                    kernel: &self.kernel,
                    pipeline,
                    buffers: band.buffers(&sources, [&orientations, &frame.grid]),
                };
                self.dispatch(state, &pass, &work, fresh, &mut part)?;
                fresh = false;
                done += 1.0;
                batch_base += source_chunk.len() * orientation_chunk.len().div_ceil(lanes);
            }
        }
        Ok(())
    }

    /// `chunk` of a scene's sources, on the device.
    pub(super) fn sources(
        &self,
        state: &mut State,
        frame: &Frame,
        chunk: &[SceneSource],
    ) -> Result<wgpu::Buffer, GpuError> {
        let _setup = info_span!(target: SETUP, "sources on the device").entered();
        let key = (chunk.to_vec(), frame.scaling);
        state.sources.get(&self.context, "the sources", key, || {
            source_entries(chunk, &frame.scaling)
        })
    }
}

/// Loop iterations of a thread for one view of a batch, no loop unrolled.
fn iterations(scene: &Scene, size: TileSize) -> u32 {
    let pixels = (size.per_thread * size.per_thread) as u32;
    // The interpolation's two loops of four.
    let per_term = if scene.interpolate && scene.grid.is_some() {
        4 + 16
    } else {
        0
    };
    let batch = LANES.min(u32::try_from(scene.orientations.len()).unwrap_or(u32::MAX));
    // What finds the orientations that scatter at all, where a spot has an end, tells each thread.
    let culling = LANES + 4;
    batch * (1 + pixels * per_term) + 4 + culling
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
