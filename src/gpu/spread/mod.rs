//! Point spread on the device: the exact convolution of a panel with the spread's parts of pixels.
//!
//! Photons become whole numbers of 56 bits, and parts of pixels whole numbers of 58. Their
//! convolution is worked out modulo four primes, and is known from that without any error
//! (`docs/noise.md`). The shader is `shaders/spread.wgsl`.

mod axis;
mod field;
mod plan;

use std::num::NonZeroU64;

use tracing::info_span;

use self::axis::MOST_PIXELS;
use self::field::PRIMES;
use self::plan::{Entry, Pass, Plan};
use super::device::{BindingLayout, GpuDevice};
use super::layout::SpreadUniform;
use super::shaders::spread_source;
use super::slices::Budget;
use super::submission::{Pipelined, Submission};
use super::{AdapterKind, GpuError, GpuRenderer};
use crate::image::noise::{PointSpread, point_spread};
use crate::memory::Bytes;
use crate::profile::{SETUP, SIMULATION};

/// A part of all light is that times 2⁵⁸, in a whole number.
const WHOLE_LIGHT: f64 = (1u64 << 58) as f64;
/// Most panels of different sizes whose kernels are kept.
const MOST_KERNELS: usize = 4;

/// The shader's entry points, compiled.
#[derive(Debug)]
pub struct SpreadKernel {
    layout: BindingLayout,
    /// By [`Entry`].
    pipelines: Vec<wgpu::ComputePipeline>,
}

impl SpreadKernel {
    /// Compiles the shader for `device`.
    ///
    /// # Errors
    /// [`GpuError::Refused`] with what the driver said.
    pub fn new(device: &GpuDevice) -> Result<SpreadKernel, GpuError> {
        let source = wgpu::ShaderModuleDescriptor {
            label: Some("point spread"),
            source: wgpu::ShaderSource::Wgsl(spread_source().into()),
        };
        let module = device.checked("the point spread shader", || {
            device.device.create_shader_module(source)
        })?;
        let storage = wgpu::BufferBindingType::Storage { read_only: false };
        let mut types = [storage; 7];
        // No uniform: for each dispatch with another one that steers loops, Mesa's software driver
        // copies the shader, and keeps the copy.
        types[0] = wgpu::BufferBindingType::Storage { read_only: true };
        let layout = device.offset_layout("point spread", types)?;
        let pipeline = |entry: Entry| {
            let what = "the pipelines of the point spread";
            device.compute_pipeline(what, entry.name(), &layout, &module, Default::default())
        };
        let pipelines = Entry::ALL
            .map(pipeline)
            .into_iter()
            .collect::<Result<_, _>>()?;
        Ok(SpreadKernel { layout, pipelines })
    }
}

/// What is kept from one panel to the next: the kernels of a point spread, and room to work in.
#[derive(Debug, Default)]
pub struct Spreading {
    room: Option<Room>,
    kernels: Vec<Spectrum>,
    budget: Option<Budget>,
}

/// Buffers that a panel's light is spread in.
#[derive(Debug, Clone)]
struct Room {
    /// Rows of one branch, before and after the columns.
    transforms: [wgpu::Buffer; 2],
    /// The panel modulo each prime.
    residues: [wgpu::Buffer; 4],
    /// The WGSL struct `Panel`.
    panel: wgpu::Buffer,
}

/// A point spread's kernel for panels of one size, transformed.
#[derive(Debug, Clone)]
struct Spectrum {
    spread: PointSpread,
    plan: Plan,
    /// Roots and powers.
    tables: wgpu::Buffer,
    /// For each prime, for each pair of the rows' branches.
    values: Vec<wgpu::Buffer>,
}

impl GpuRenderer {
    /// Spreads the light of a panel of `width` × `height` pixels that begins with pixel number
    /// `first` of `pixels`: what [`point_spread::spread`] does. What `held` keeps is used again for
    /// the next panel. The last of the work is left `pipelined`.
    ///
    /// # Errors
    /// [`GpuRenderer::spread_fits`]; [`GpuError`] when the device has no memory, is lost or refuses.
    pub(super) fn spread(
        &self,
        pipelined: &mut Pipelined,
        held: &mut Spreading,
        pixels: &wgpu::Buffer,
        first: u64,
        size: [usize; 2],
        spread: &PointSpread,
    ) -> Result<(), GpuError> {
        if size.contains(&0) {
            return Ok(());
        }
        let plan = self.spread_plan(size)?;
        let room = held.room(&self.device, &plan)?;
        let spectrum = self.spectrum(pipelined, held, &room, spread, plan)?;
        // Pixels are counted in 32 bits.
        let panel = [0, first as u32];
        let device = &self.device;
        device.checked("the place of a panel", || {
            let bytes = bytemuck::bytes_of(&panel);
            device.queue.write_buffer(&room.panel, 0, bytes);
        })?;
        let _span = info_span!(target: SIMULATION, "point spread").entered();
        self.pass(pipelined, held, &plan.of_panel(), |pass| {
            let values = &spectrum.values[pass.prime * plan.pairs() + pass.pair];
            let [before, after] = &room.transforms;
            let [x, y, z, w] = &room.residues;
            let own = &room.residues[pass.prime];
            match pass.entry {
                Entry::Rows => [pixels, &spectrum.tables, after, before, values, &room.panel],
                Entry::Columns => [pixels, &spectrum.tables, before, after, values, &room.panel],
                Entry::RowsBack => [pixels, &spectrum.tables, after, own, values, &room.panel],
                _ => [pixels, x, y, z, w, &room.panel],
            }
        })
    }

    /// Whether the light of a panel of `width` × `height` pixels can be spread on this device.
    ///
    /// # Errors
    /// [`GpuError::TooLarge`] and [`GpuError::PanelTooLong`] with what the device takes.
    pub fn spread_fits(&self, size: [usize; 2]) -> Result<(), GpuError> {
        self.spread_plan(size).map(drop)
    }

    /// What spreading the light of a panel takes of the host's memory; `None` if it does not fit the
    /// device.
    pub fn spread_memory(&self, size: [usize; 2]) -> Option<Bytes> {
        let plan = self.spread_plan(size).ok()?;
        // The kernel's parts, and half of them once more on the way to the device.
        let parts = (size_of::<u64>() + size_of::<u32>()) * plan.pixels();
        let device = match self.device.kind() {
            AdapterKind::Software => plan.memory().0,
            _ => 0,
        };
        Some(Bytes(parts as u64 + device))
    }

    /// How the light of a panel is spread.
    ///
    /// # Errors
    /// As [`GpuRenderer::spread_fits`].
    pub(super) fn spread_plan(&self, [width, height]: [usize; 2]) -> Result<Plan, GpuError> {
        let per_dispatch = match self.device.kind() {
            AdapterKind::Software => 1 << 20,
            _ => 1 << 24,
        };
        let plan = Plan::of([width, height], per_dispatch).ok_or(GpuError::PanelTooLong {
            width,
            height,
            most: MOST_PIXELS,
        })?;
        let tighter = self.options.buffer_limit.unwrap_or(u64::MAX);
        let limit = Bytes(self.device.largest_binding().min(tighter));
        let needed = plan.largest_buffer();
        if needed > limit {
            return Err(GpuError::TooLarge {
                what: "the point spread of a panel",
                needed,
                adapter: self.device.name().to_string(),
                limit,
                advice: "take smaller panels",
            });
        }
        Ok(plan)
    }

    /// The kernel of `spread` for `plan`, transformed.
    fn spectrum(
        &self,
        pipelined: &mut Pipelined,
        held: &mut Spreading,
        room: &Room,
        spread: &PointSpread,
        plan: Plan,
    ) -> Result<Spectrum, GpuError> {
        // Kernels of another point spread are of no more use.
        held.kernels.retain(|kept| kept.spread == *spread);
        if let Some(kept) = held.kernels.iter().find(|kept| kept.plan == plan) {
            return Ok(kept.clone());
        }
        if held.kernels.len() == MOST_KERNELS {
            held.kernels.remove(0);
        }
        let _span = info_span!(target: SETUP, "transform of the point spread").entered();
        let device = &self.device;
        let usage = wgpu::BufferUsages::STORAGE;
        let mut values = Vec::new();
        for _ in PRIMES {
            for pair in 0..plan.pairs() {
                let size = plan.kernel_bytes(pair);
                values.push(device.buffer("the transform of the point spread", size, usage)?);
            }
        }
        let tables = device.uploaded("roots of unity", &plan.tables(), usage)?;
        let spectrum = Spectrum {
            spread: *spread,
            plan,
            tables,
            values,
        };
        let parts = point_spread::parts(spread, plan.size(), |part| {
            (part * WHOLE_LIGHT).round() as u64
        });
        let [low, high, ..] = &room.residues;
        for (buffer, shift) in [(low, 0), (high, 32)] {
            let words: Vec<u32> = parts.iter().map(|part| (part >> shift) as u32).collect();
            device.upload(buffer, bytemuck::cast_slice(&words))?;
        }
        self.pass(pipelined, held, &plan.of_kernel(), |pass| {
            let values = &spectrum.values[pass.prime * plan.pairs() + pass.pair];
            let [rows, unused] = &room.transforms;
            match pass.entry {
                Entry::KernelRows => [low, &spectrum.tables, high, rows, values, &room.panel],
                _ => [low, &spectrum.tables, rows, values, unused, &room.panel],
            }
        })?;
        held.kernels.push(spectrum.clone());
        Ok(spectrum)
    }

    /// Has the device do `passes`, each with the buffers that `buffers` says, as many at a time as
    /// keep the system responsive.
    fn pass<'a>(
        &self,
        pipelined: &mut Pipelined,
        held: &mut Spreading,
        passes: &[Pass],
        buffers: impl Fn(&Pass) -> [&'a wgpu::Buffer; 6],
    ) -> Result<(), GpuError> {
        let device = &self.device;
        let kernel = self.kernels.spread(device)?;
        // Dispatches with the same buffers share a binding.
        let size = size_of::<SpreadUniform>();
        let step =
            size.next_multiple_of(device.limits.min_storage_buffer_offset_alignment as usize);
        let mut tasks = vec![0u8; step * passes.len()];
        for (place, pass) in tasks.chunks_exact_mut(step).zip(passes) {
            place[..size].copy_from_slice(bytemuck::bytes_of(&pass.task));
        }
        let tasks = device.uploaded(
            "the passes of a point spread",
            &tasks,
            wgpu::BufferUsages::STORAGE,
        )?;
        let mut bindings: Vec<(&Pass, wgpu::BindGroup)> = Vec::new();
        let mut bound = Vec::with_capacity(passes.len());
        for pass in passes {
            let same = |&(other, _): &(&Pass, _)| {
                (other.entry, other.prime, other.pair) == (pass.entry, pass.prime, pass.pair)
            };
            let place = match bindings.iter().position(same) {
                Some(place) => place,
                None => {
                    let whole = buffers(pass).map(wgpu::Buffer::as_entire_buffer_binding);
                    let task = wgpu::BufferBinding {
                        buffer: &tasks,
                        offset: 0,
                        size: NonZeroU64::new(size as u64),
                    };
                    let parts = std::iter::once(task).chain(whole);
                    let binding = device.bind_parts("point spread", &kernel.layout, parts)?;
                    bindings.push((pass, binding));
                    bindings.len() - 1
                }
            };
            bound.push(place);
        }
        let mut budget = held.budget.unwrap_or_else(Budget::new);
        let mut done = 0;
        let mut before: Option<(Submission, f64)> = None;
        while done < passes.len() {
            let (mut end, mut work) = (done, 0.0);
            while end < passes.len() && (end == done || budget.fits(work + passes[end].work) > 0) {
                work += passes[end].work;
                end += 1;
            }
            let submission = device.submit("the point spread", "spread kernel", |commands| {
                let mut compute = commands.pass();
                for index in done..end {
                    let pass = &passes[index];
                    compute.set_pipeline(&kernel.pipelines[pass.entry as usize]);
                    let offset = (index * step) as u32;
                    compute.set_bind_group(0, &bindings[bound[index]].1, &[offset]);
                    compute.dispatch_workgroups(pass.groups, 1, 1);
                }
            })?;
            if !budget.learnt {
                budget.learn(work, device.wait(submission)?);
            } else if let Some((before, work)) = before.replace((submission, work)) {
                budget.learn(work, device.wait(before)?);
            }
            done = end;
        }
        if let Some((last, _)) = before {
            pipelined.push(device, last)?;
        }
        held.budget = Some(budget);
        Ok(())
    }
}

impl Spreading {
    /// Room for panels of `plan`, made anew only where what is here is too small.
    ///
    /// # Errors
    /// [`GpuError`] when there is no memory for it.
    fn room(&mut self, device: &GpuDevice, plan: &Plan) -> Result<Room, GpuError> {
        let sizes = [plan.transform_bytes(), plan.residue_bytes()];
        let large_enough = |room: &Room| {
            room.transforms[0].size() >= sizes[0] && room.residues[0].size() >= sizes[1]
        };
        // Room that is too small goes before new room comes.
        let room = match self.room.take().filter(large_enough) {
            Some(room) => room,
            None => {
                let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
                let buffer = |what, size| device.buffer(what, size, usage);
                let transform = || buffer("rows of a point spread", sizes[0]);
                let residue = || buffer("residues of a point spread", sizes[1]);
                Room {
                    transforms: [transform()?, transform()?],
                    residues: [residue()?, residue()?, residue()?, residue()?],
                    panel: buffer("the place of a panel", 8)?,
                }
            }
        };
        self.room = Some(room.clone());
        Ok(room)
    }
}
