//! A render as a job that is driven in steps, each short enough for the system to stay responsive.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tracing::info_span;

use super::frame::{BandSums, Frame};
use super::kernel::{Entry, Pipeline};
use super::layout::TileEntry;
use super::passes::{Chunks, Pass, fitting, has_background, passes};
use super::scaling::Scaling;
use super::scene_buffers::CommonBuffers;
use super::slices::{Cursor, Work};
use super::submission::{Pipelined, Submission};
use super::tiles::{TilePlace, TileSize};
use super::untile::untile;
use super::workspace::{Lent, Workspace};
use super::{GpuError, GpuRenderer};
use crate::profile::{READ_BACK, SETUP, SIMULATION};
use crate::scene::Scene;

/// The render of one scene. Whoever drives it calls [`RenderJob::step`] until all is done, and may
/// stop at any step by dropping the job.
#[derive(Debug)]
pub struct RenderJob<'a> {
    gpu: &'a GpuRenderer,
    scene: &'a Scene,
    workspace: Lent<'a, Workspace>,
    size: TileSize,
    scaling: Scaling,
    /// The tiles of all bands.
    places: Arc<[TilePlace]>,
    /// Tiles of a band, the last one's aside.
    band_tiles: usize,
    common: CommonBuffers,
    render: Option<Arc<Pipeline>>,
    diffuse: Option<Arc<Pipeline>>,
    background: Option<(Arc<Pipeline>, [wgpu::Buffer; 2])>,
    passes: Vec<Pass>,
    /// Bands that are done.
    bands_done: usize,
    /// Passes over the next band that are done.
    passes_done: usize,
    running: Option<Running>,
    /// The last dispatch that was submitted, if it was not waited for.
    in_flight: Option<InFlight>,
}

/// A dispatch on the device.
#[derive(Debug)]
struct InFlight {
    submission: Submission,
    pipeline: Arc<Pipeline>,
    kernel: &'static str,
    terms: f64,
    done: f64,
}

/// A pass on the device.
#[derive(Debug)]
struct Running {
    pipeline: Arc<Pipeline>,
    bindings: wgpu::BindGroup,
    work: Work,
    cursor: Cursor,
    /// Terms that are done.
    done: f64,
}

/// What a step came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The device did a part of the work.
    Dispatched(Dispatch),
    /// All of a band of the image was submitted. Once it is done, its sums are in the target; the
    /// next step begins another.
    Band,
    /// There is nothing left to do.
    Done,
}

/// Work that was submitted to a device at once, and how long the device was busy with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    /// What the kernel does.
    pub kernel: &'static str,
    /// Number of the pipeline among all that this process has compiled.
    pub pipeline: usize,
    /// Terms that were added.
    pub terms: f64,
    /// From the end of what the device did before, or its submission, until it was done.
    pub elapsed: Duration,
    /// The part of the image that is done with it, 0 to 1.
    pub done: f64,
}

impl<'a> RenderJob<'a> {
    /// Gets the device of `gpu` ready for `scene`.
    ///
    /// # Errors
    /// [`GpuError`] when the scene is not for this device, or the driver refuses.
    pub(super) fn new(gpu: &'a GpuRenderer, scene: &'a Scene) -> Result<RenderJob<'a>, GpuError> {
        let device = &gpu.device;
        let holds_most = |workspace: &Workspace| workspace.buffers.hold(scene);
        let mut workspace = gpu.workspaces.lend(holds_most);
        let size = TileSize::of(scene);
        let cutting = info_span!(target: SETUP, "cut into tiles").entered();
        let places = workspace.buffers.places(scene, size);
        drop(cutting);
        let band_tiles = gpu.band_tiles(size);
        if !places.is_empty() {
            // A software device fills them while the pipeline is built.
            let tiles = places.len().min(band_tiles);
            workspace.target.sums(device, tiles, size)?;
        }
        let _setup = info_span!(target: SETUP, "pipeline and grid").entered();
        let scaling = workspace.buffers.scaling(scene);
        let permutation = gpu.permutation(scene, size);
        let pipeline = |entry: Entry, permutation| {
            let kernel = gpu.kernels.kernel(device, entry)?;
            kernel.pipeline(device, permutation)
        };
        let render = scene
            .crystal_scatters()
            .then(|| pipeline(Entry::Render, permutation));
        let render = render.transpose()?;
        let diffuse = scene
            .diffuse
            .as_ref()
            .map(|_| pipeline(Entry::Diffuse, permutation.of_diffuse()));
        let diffuse = diffuse.transpose()?;
        let background = has_background(scene).then(|| {
            let materials = workspace.buffers.materials(device, scene, &scaling)?;
            let pipeline = pipeline(Entry::Background, permutation.of_background())?;
            Ok((pipeline, materials))
        });
        let background = background.transpose()?;
        let common = gpu.common_buffers(&mut workspace, scene, &scaling)?;
        Ok(RenderJob {
            gpu,
            scene,
            workspace,
            size,
            scaling,
            places,
            band_tiles,
            common,
            render,
            diffuse,
            background,
            passes: passes(scene, Chunks::of(scene, gpu.limit())),
            bands_done: 0,
            passes_done: 0,
            running: None,
            in_flight: None,
        })
    }

    /// Submits the next part of the work and waits until the device is done with the one before, so
    /// that it always has one to do.
    ///
    /// # Errors
    /// [`GpuError`]; the job is of no use then.
    pub fn step(&mut self) -> Result<Step, GpuError> {
        if self.bands_done == self.bands() {
            let last = self.in_flight.take().map(|last| self.wait(last));
            return last.unwrap_or(Ok(Step::Done));
        }
        while self.passes_done < self.passes.len() {
            if self.running.is_none() {
                self.running = Some(self.begin()?);
            }
            // A pipeline's first dispatch says how long the next may be.
            let unknown = |last: &mut InFlight| !last.pipeline.budget().learnt;
            if let Some(first) = self.in_flight.take_if(unknown) {
                return self.wait(first);
            }
            if let Some(next) = self.dispatch()? {
                if let Some(before) = self.in_flight.replace(next) {
                    return self.wait(before);
                }
                continue;
            }
            self.running = None;
            self.passes_done += 1;
        }
        self.bands_done += 1;
        self.passes_done = 0;
        Ok(Step::Band)
    }

    /// Waits for a dispatch, and learns how long the next may be.
    fn wait(&self, dispatch: InFlight) -> Result<Step, GpuError> {
        let _span = info_span!(target: SIMULATION, "wait for dispatch").entered();
        let elapsed = self.gpu.device.wait(dispatch.submission)?;
        let (pipeline, terms) = (dispatch.pipeline, dispatch.terms);
        pipeline.learn(terms, elapsed);
        Ok(Step::Dispatched(Dispatch {
            kernel: dispatch.kernel,
            pipeline: pipeline.number,
            terms,
            elapsed,
            done: dispatch.done,
        }))
    }

    /// Puts the band that was completed last in its places in `frame`.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub(super) fn place(&mut self, frame: &mut Frame) -> Result<(), GpuError> {
        let Some(last) = self.bands_done.checked_sub(1) else {
            return Ok(());
        };
        let (tiles, device) = (self.band(last), &self.gpu.device);
        let [sums, _] = self.workspace.target.sums(device, tiles.len(), self.size)?;
        frame.place(&BandSums {
            scene: self.scene,
            scaling: &self.scaling,
            size: self.size,
            places: &self.places,
            tiles,
            sums: &sums,
        })
    }

    /// Waits for the band that was completed last, and puts its pixels in their places in `photons`:
    /// the image, panels stacked, fast axis innermost.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub fn read_band(&mut self, photons: &mut [f32]) -> Result<(), GpuError> {
        let Some(last) = self.bands_done.checked_sub(1) else {
            return Ok(());
        };
        let (gpu, tiles) = (self.gpu, self.band(last));
        let target = &mut self.workspace.target;
        let [sums, _] = target.sums(&gpu.device, tiles.len(), self.size)?;
        let bytes = (tiles.len() * self.size.pixels() * size_of::<f32>()) as u64;
        let mut pipelined = Pipelined::default();
        let copy = gpu.send(&mut pipelined, &[(&sums, bytes)])?;
        pipelined.finish(&gpu.device)?;
        gpu.receive(copy, |values| {
            let _span = info_span!(target: READ_BACK, "untile").entered();
            let values = bytemuck::cast_slice(values);
            let band = &self.places[tiles];
            untile(self.scene, &self.scaling, self.size, band, values, photons);
        })
    }

    /// Has the next dispatch write beyond the end of a buffer, to test what becomes of the error.
    #[cfg(test)]
    pub fn spoil(&mut self) {
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        self.common.slice = self
            .gpu
            .device
            .buffer("too small a slice", 4, usage)
            .unwrap();
    }

    fn bands(&self) -> usize {
        self.places.len().div_ceil(self.band_tiles)
    }

    /// The tiles of a band.
    fn band(&self, index: usize) -> Range<usize> {
        let start = index * self.band_tiles;
        start..self.places.len().min(start + self.band_tiles)
    }

    /// Begins the next pass: uploads what it needs and binds it.
    fn begin(&mut self) -> Result<Running, GpuError> {
        let (gpu, scene, scaling) = (self.gpu, self.scene, &self.scaling);
        let device = &gpu.device;
        let band = self.band(self.bands_done);
        let pass = &self.passes[self.passes_done];
        let _setup = info_span!(target: SETUP, "scene on the device").entered();
        let Workspace {
            buffers, target, ..
        } = &mut *self.workspace;
        let tiles = buffers.tiles(device, scene, self.size, &self.places, band.clone())?;
        let [image, pending] = target.sums(device, band.len(), self.size)?;
        let sources = buffers.sources(device, scene, scaling, pass.sources.clone())?;
        let of_crystal = match pass.entry {
            Entry::Diffuse => &self.diffuse,
            _ => &self.render,
        };
        let (pipeline, [fifth, sixth]) = match (&self.background, of_crystal) {
            (Some((pipeline, materials)), _) if pass.entry == Entry::Background => {
                (pipeline, materials.clone())
            }
            (_, Some(pipeline)) => {
                let part = pass.orientations.clone();
                let orientations = buffers.orientations(device, scene, scaling, part)?;
                (pipeline, [orientations, self.common.grid.clone()])
            }
            _ => return Err(device.refused("a pass", "it has no pipeline".into())),
        };
        let common = &self.common;
        let bindings = gpu.kernels.kernel(device, pass.entry)?.bind(
            device,
            &[
                &common.uniform,
                &common.slice,
                &common.panels,
                &tiles,
                &sources,
                &fifth,
                &sixth,
                &image,
                &pending,
                &common.symmetry,
            ],
        )?;
        let max_workgroups = device.limits.max_compute_workgroups_per_dimension;
        let work = pass.work(scene, band.len(), self.size, device.kind(), max_workgroups)?;
        Ok(Running {
            pipeline: pipeline.clone(),
            bindings,
            work,
            cursor: Cursor::default(),
            done: 0.0,
        })
    }

    /// Submits the next slice of the running pass; `None` when all of it was.
    fn dispatch(&mut self) -> Result<Option<InFlight>, GpuError> {
        let (gpu, pass) = (self.gpu, &self.passes[self.passes_done]);
        let Some(running) = &mut self.running else {
            return Ok(None);
        };
        let pipeline = running.pipeline.clone();
        let next = running.work.next(&mut running.cursor, &pipeline.budget());
        let Some((mut slice, terms)) = next else {
            return Ok(None);
        };
        slice.first &= u32::from(pass.first);
        let _span = info_span!(target: SIMULATION, "dispatch").entered();
        let (device, kernel) = (&gpu.device, pass.entry.name());
        let submission = device.submit(kernel, pass.entry.span(), |commands| {
            let (buffer, bytes) = (&self.common.slice, bytemuck::bytes_of(&slice));
            device.queue.write_buffer(buffer, 0, bytes);
            let mut compute = commands.pass();
            compute.set_pipeline(&pipeline.compute);
            compute.set_bind_group(0, &running.bindings, &[]);
            let rows = slice.tile_count.div_ceil(slice.tiles_per_row);
            compute.dispatch_workgroups(slice.tiles_per_row, rows, 1);
        })?;
        running.done += terms;
        let of_pass = running.done / running.work.terms();
        Ok(Some(InFlight {
            submission,
            pipeline,
            kernel,
            terms,
            done: self.done(of_pass),
        }))
    }

    /// The part of the image that is done with `of_pass` of the running pass.
    fn done(&self, of_pass: f64) -> f64 {
        // Next to the terms, the background takes no time.
        let counts = |pass: &&Pass| pass.entry != Entry::Background;
        let (done, rest) = self.passes.split_at(self.passes_done);
        let before = done.iter().filter(counts).count() as f64;
        let all = self.passes.iter().filter(counts).count() as f64;
        let own = if counts(&&rest[0]) { of_pass } else { 0.0 };
        let of_band = if all > 0.0 { (before + own) / all } else { own };
        (self.bands_done as f64 + of_band) / self.bands() as f64
    }
}

impl GpuRenderer {
    /// Tiles of a band: as many as fit the device.
    pub(super) fn band_tiles(&self, size: TileSize) -> usize {
        // The two sums that wait for a pixel are the largest of its buffers.
        let tile_bytes = size.pixels() * 2 * size_of::<f32>();
        fitting(self.limit(), tile_bytes.max(size_of::<TileEntry>()))
    }
}
