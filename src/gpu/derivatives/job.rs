//! The slots of every pixel of a band of tiles: what all derivatives are made of.

use std::ops::Range;
use std::sync::Arc;

use tracing::info_span;

use super::coordinates::form_rates;
use super::plan::Plan;
use super::{Asked, DerivativeWatch};
use crate::gpu::device::GpuDevice;
use crate::gpu::frame::room;
use crate::gpu::job::Dispatch;
use crate::gpu::kept::{Identity, Kept};
use crate::gpu::kernel::{Entry, Pipeline};
use crate::gpu::passes::{Chunks, Pass, derivative_passes};
use crate::gpu::scene_buffers::{CommonBuffers, stored};
use crate::gpu::shaders::{DerivativePart, Permutation};
use crate::gpu::slices::Cursor;
use crate::gpu::submission::Submission;
use crate::gpu::tiles::TilePlace;
use crate::gpu::workspace::{Lent, Workspace};
use crate::gpu::{GpuError, GpuRenderer};
use crate::profile::{SETUP, SIMULATION};
use crate::scene::{Orientation, Rates, Scene};

/// A part of an array of orientations, and which of their angular velocities.
type RatesKey = (Identity<[Orientation]>, Range<usize>, DerivativePart);

/// A dispatch on its way: its terms, the part of the work done after it, its kernel and pipeline.
type InFlight = (Submission, f64, f64, Entry, Arc<Pipeline>);

/// The buffers of derivatives, kept for the next ones.
#[derive(Debug, Default)]
pub struct DerivativeBuffers {
    pub slots: Option<wgpu::Buffer>,
    pub weighted: Option<wgpu::Buffer>,
    pub outcome: Option<wgpu::Buffer>,
    pub uniform: Option<wgpu::Buffer>,
    rates: Kept<RatesKey, wgpu::Buffer>,
}

#[cfg(test)]
impl DerivativeBuffers {
    /// Bytes of all of them.
    pub fn size(&self) -> u64 {
        let own = [&self.slots, &self.weighted, &self.outcome, &self.uniform];
        let buffers = own.into_iter().flatten().chain(self.rates.held());
        buffers.map(wgpu::Buffer::size).sum()
    }
}

/// A buffer that an earlier step made.
pub fn held<'b>(
    device: &GpuDevice,
    buffer: &'b Option<wgpu::Buffer>,
) -> Result<&'b wgpu::Buffer, GpuError> {
    let missing = || device.refused("derivatives", "a buffer was not made".into());
    buffer.as_ref().ok_or_else(missing)
}

/// The derivatives of one scene, on their way.
pub struct DerivativeJob<'a> {
    pub gpu: &'a GpuRenderer,
    pub scene: &'a Scene,
    rates: &'a Rates,
    pub workspace: Lent<'a, Workspace>,
    pub plan: Plan,
    pub permutation: Permutation,
    pub places: Arc<[TilePlace]>,
    common: CommonBuffers,
    of_terms: Arc<Pipeline>,
    of_halos: Option<Arc<Pipeline>>,
    passes: Vec<Pass>,
}

impl<'a> DerivativeJob<'a> {
    pub fn new(
        gpu: &'a GpuRenderer,
        scene: &'a Scene,
        rates: &'a Rates,
        asked: &Asked,
    ) -> Result<DerivativeJob<'a>, GpuError> {
        let _setup = info_span!(target: SETUP, "derivatives on the device").entered();
        let mut workspace = gpu.workspaces.lend(|own| own.buffers.hold(scene));
        let scaling = workspace.buffers.scaling(scene);
        let plan = Plan::new(gpu, scene, rates, asked, scaling);
        let places = workspace.buffers.places(scene, plan.size);
        let permutation = gpu
            .permutation(scene, plan.size)
            .with_derivatives(plan.part);
        let device = &gpu.device;
        let pipeline = |entry: Entry, permutation: Permutation| {
            let kernel = gpu.kernels.kernel(device, entry)?;
            kernel.pipeline(device, permutation)
        };
        let of_terms = pipeline(Entry::Derivatives, permutation)?;
        let entry = Entry::DiffuseDerivatives;
        let of_halos = scene.diffuse.as_ref();
        let of_halos = of_halos.map(|_| pipeline(entry, permutation.of_diffuse()));
        let of_halos = of_halos.transpose()?;
        let common = gpu.common_buffers(&mut workspace, scene, &plan.scaling)?;
        Ok(DerivativeJob {
            gpu,
            scene,
            rates,
            workspace,
            plan,
            permutation,
            places,
            common,
            of_terms,
            of_halos,
            passes: derivative_passes(scene, Chunks::of(scene, gpu.limit())),
        })
    }

    /// The bands of tiles.
    pub fn bands(&self) -> Vec<Range<usize>> {
        let tiles = self.plan.band_tiles;
        let starts = (0..self.places.len()).step_by(tiles);
        let bands = starts.map(|start| start..self.places.len().min(start + tiles));
        bands.collect()
    }

    /// The angular velocities of a part of the orientations.
    fn velocities(&mut self, part: Range<usize>) -> Result<wgpu::Buffer, GpuError> {
        let key = (
            Identity::of(&self.scene.orientations),
            part.clone(),
            self.plan.part,
        );
        let (device, rates, own) = (&self.gpu.device, self.rates, self.plan.part);
        let domains = self.scene.orientations.len() / rates.turns.len();
        let diffuse = self.scene.diffuse.as_deref().filter(|_| own.rows.halo);
        let make = || {
            let mut entries: Vec<[f32; 4]> = Vec::new();
            if let Some(own) = diffuse {
                entries.extend(own.forms.iter().flat_map(|form| form_rates(own, form)));
            }
            for number in part {
                if own.scans {
                    let turn = &rates.turns[number / domains];
                    let about = [turn.x_axis, turn.y_axis, turn.z_axis];
                    entries.extend(about.map(|axis| axis.as_vec3().extend(0.0).to_array()));
                }
                let spreads = rates.mosaic.iter().take(own.spreads.into());
                entries.extend(spreads.map(|all| all[number].as_vec3().extend(0.0).to_array()));
            }
            if entries.is_empty() {
                entries.push([0.0; 4]);
            }
            stored(device, "the angular velocities", &entries)
        };
        match diffuse {
            // A key knows no forms.
            Some(_) => make(),
            None => self.workspace.derivatives.rates.get(key, make),
        }
    }

    /// Adds up the slots of the pixels of a band.
    pub fn fill(
        &mut self,
        band: &Range<usize>,
        watch: &mut DerivativeWatch,
    ) -> Result<(), GpuError> {
        let (gpu, scene) = (self.gpu, self.scene);
        let device = &gpu.device;
        let bytes = self.plan.slot_bytes(band.len()) as u64;
        let slots = &mut self.workspace.derivatives.slots;
        let slots = room(slots, device, "the slots of derivatives", bytes)?;
        let weighted = held(device, &self.workspace.derivatives.weighted)?.clone();
        let mut in_flight: Option<InFlight> = None;
        let passes = self.passes.clone();
        for (number, pass) in passes.iter().enumerate() {
            let velocities = self.velocities(pass.orientations.clone())?;
            let buffers = &mut self.workspace.buffers;
            let tiles = buffers.tiles(device, scene, self.plan.size, &self.places, band.clone())?;
            let sources =
                buffers.sources(device, scene, &self.plan.scaling, pass.sources.clone())?;
            let orientations = pass.orientations.clone();
            let orientations =
                buffers.orientations(device, scene, &self.plan.scaling, orientations)?;
            let common = &self.common;
            let bindings = gpu.kernels.kernel(device, pass.entry)?.bind(
                device,
                &[
                    &common.uniform,
                    &common.slice,
                    &common.panels,
                    &tiles,
                    &sources,
                    &orientations,
                    &common.grid,
                    &slots,
                    &weighted,
                    &common.symmetry,
                    &velocities,
                ],
            )?;
            let most = device.limits.max_compute_workgroups_per_dimension;
            let work = pass.work(scene, band.len(), self.plan.size, device.kind(), most)?;
            let pipeline = match (pass.entry, &self.of_halos) {
                (Entry::DiffuseDerivatives, Some(pipeline)) => pipeline,
                _ => &self.of_terms,
            }
            .clone();
            let mut cursor = Cursor::default();
            let mut terms_done = 0.0;
            while let Some((mut slice, terms)) = work.next(&mut cursor, &pipeline.budget()) {
                slice.first &= u32::from(pass.first);
                let span = info_span!(target: SIMULATION, "dispatch").entered();
                let entry = pass.entry;
                let submission = device.submit(entry.name(), entry.span(), |commands| {
                    let bytes = bytemuck::bytes_of(&slice);
                    device.queue.write_buffer(&common.slice, 0, bytes);
                    let mut compute = commands.pass();
                    compute.set_pipeline(&pipeline.compute);
                    compute.set_bind_group(0, &bindings, &[]);
                    let rows = slice.tile_count.div_ceil(slice.tiles_per_row);
                    compute.dispatch_workgroups(slice.tiles_per_row, rows, 1);
                })?;
                drop(span);
                terms_done += terms;
                let of_band = (number as f64 + terms_done / work.terms()) / passes.len() as f64;
                let tiles_done = band.start as f64 + of_band * band.len() as f64;
                let done = tiles_done / self.places.len() as f64;
                let next = (submission, terms, done, entry, pipeline.clone());
                // A pipeline's first dispatch says how long the next may be.
                match pipeline.budget().learnt {
                    true => {
                        if let Some(before) = in_flight.replace(next) {
                            self.wait(before, watch)?;
                        }
                    }
                    false => self.wait(next, watch)?,
                }
            }
        }
        in_flight.map_or(Ok(()), |last| self.wait(last, watch))
    }

    /// Waits for a dispatch, learns how long the next may be, and asks whether to go on.
    fn wait(
        &self,
        (submission, terms, done, entry, pipeline): InFlight,
        watch: &mut DerivativeWatch,
    ) -> Result<(), GpuError> {
        let _span = info_span!(target: SIMULATION, "wait for dispatch").entered();
        let elapsed = self.gpu.device.wait(submission)?;
        pipeline.learn(terms, elapsed);
        let goes_on = (watch.dispatched)(&Dispatch {
            kernel: entry.name(),
            pipeline: pipeline.number,
            terms,
            elapsed,
            done,
        });
        match goes_on {
            true => Ok(()),
            false => Err(GpuError::Interrupted),
        }
    }
}
