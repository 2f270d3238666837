//! An image on the device, from the sums of its terms to the counts of a file.
//!
//! The photons of an image lie in its order, panels stacked and fast axis innermost. An image that is
//! larger than a buffer may be lies in pieces: of whole panels, or of rows of a panel that is larger
//! itself. What work is done on it is submitted and not waited for; what comes of it is sent to the
//! host, who [takes](Landing::take) it later. By then the buffers may belong to another frame: a queue
//! does one thing after the other.

use std::ops::Range;
use std::sync::Arc;

use tracing::info_span;

use super::device::GpuDevice;
use super::job::{Dispatch, Step};
use super::kept::{Identity, Kept};
use super::landing::{Landing, Product};
use super::layout::{
    ExposureUniform, FactorEntry, PackingUniform, PanelFactor, PlacedTile, PlacingUniform, RunSums,
    SummingUniform,
};
use super::pixel_kernels::{COUNT, PixelShader, READ_OUT};
use super::readback::Copy;
use super::scaling::Scaling;
use super::scene_buffers::{TilesKey, stored, tiles_key};
use super::spread::Spreading;
use super::submission::Pipelined;
use super::tiles::{TilePlace, TileSize};
use super::workspace::Lent;
use super::{GpuError, GpuRenderer};
use crate::experiment::Panel;
use crate::formats::encoding::Number;
use crate::image::noise::{Exposure, Noise, PointSpread};
use crate::memory::Bytes;
use crate::profile::{SETUP, SIMULATION};
use crate::scene::Scene;

/// Rows of a panel that is cut begin at multiples of this: tiles are not cut.
const ROWS: usize = 16;
/// Threads of a workgroup.
const GROUP: u32 = 64;
/// Pixels of a dispatch: few enough that any device is done with them in no time.
const PER_DISPATCH: u32 = 1 << 21;
/// Words that a thread of the shader `pack` makes.
const PACKED_WORDS: u32 = 16;
/// Pixels that a thread of the shader `statistics` adds up.
const RUN: u32 = 256;
/// Bytes of the four counters of the shader `pack`.
pub const COUNTERS: u64 = 16;

/// Bytes of the statistics of the runs of so many pixels.
pub fn run_bytes(pixels: usize) -> usize {
    pixels.div_ceil((GROUP * RUN) as usize) * GROUP as usize * size_of::<RunSums>()
}

/// Which pixels are rendered, where not all are, and the rows of the pieces.
type RenderedKey = (Option<Identity<[bool]>>, Vec<Range<usize>>);

/// The buffers of a frame, kept for the next one.
#[derive(Debug, Default)]
pub struct FrameBuffers {
    pieces: Vec<PieceBuffers>,
    /// What the sums of each panel are multiplied by.
    factors: Kept<(Identity<[Panel]>, Scaling, f64), wgpu::Buffer>,
    /// One bit for each pixel of each piece; one that stands for none where all are rendered.
    rendered: Kept<RenderedKey, Vec<wgpu::Buffer>>,
    /// The parameters of each [`PixelShader`].
    uniforms: [Option<wgpu::Buffer>; PixelShader::ALL],
    spreading: Spreading,
}

/// The buffers of a piece of a frame.
#[derive(Debug, Default)]
struct PieceBuffers {
    /// Expected photons.
    photons: Option<wgpu::Buffer>,
    /// What these have no digits for, where several energy channels are added.
    photons_low: Option<wgpu::Buffer>,
    /// What becomes of photons on the way to counts.
    values: Option<wgpu::Buffer>,
    /// The numbers of a file.
    packed: Option<wgpu::Buffer>,
    counters: Option<wgpu::Buffer>,
    /// Statistics of runs of pixels.
    runs: Option<wgpu::Buffer>,
    tiles: Kept<(TilesKey, Range<usize>), wgpu::Buffer>,
}

/// An image on the device.
#[derive(Debug)]
pub struct Frame<'a> {
    gpu: &'a GpuRenderer,
    buffers: Lent<'a, FrameBuffers>,
    width: usize,
    /// The first row of each panel, and the row behind the last.
    first_rows: Vec<usize>,
    /// Rows of each piece.
    pieces: Vec<Range<usize>>,
    masked: bool,
    /// Whether several scenes are added, and whether one is there.
    several: bool,
    adds: bool,
    pipelined: Pipelined,
    copies: Vec<(Product, Copy)>,
}

/// The sums of a band of tiles, on the device.
pub struct BandSums<'b> {
    pub scene: &'b Scene,
    pub scaling: &'b Scaling,
    pub size: TileSize,
    /// The places of all tiles of the scene, of which the band has these.
    pub places: &'b [TilePlace],
    pub tiles: Range<usize>,
    pub sums: &'b wgpu::Buffer,
}

impl GpuRenderer {
    /// A frame of panels of so many rows, stacked, of which these pixels are `rendered`, or all. It is
    /// the sum of `several` scenes, or of one.
    ///
    /// # Errors
    /// [`GpuError`] when the device has no memory for it.
    pub fn frame(
        &self,
        width: usize,
        panels: &[usize],
        rendered: Option<&Arc<[bool]>>,
        several: bool,
    ) -> Result<Frame<'_>, GpuError> {
        let _span = info_span!(target: SETUP, "frame on the device").entered();
        let mut first_rows = vec![0];
        for rows in panels {
            first_rows.push(first_rows[first_rows.len() - 1] + rows);
        }
        let most = self.limit() as usize / size_of::<f32>();
        let pieces = pieces(&first_rows, (most / width.max(1)).max(ROWS));
        let mut frame = Frame {
            gpu: self,
            buffers: self.frames.lend(|_| true),
            width,
            first_rows,
            pieces,
            masked: rendered.is_some(),
            several,
            adds: false,
            pipelined: Pipelined::default(),
            copies: Vec::new(),
        };
        frame.begin(rendered)?;
        Ok(frame)
    }
}

impl GpuRenderer {
    /// Spreads the light of `values`, rows of `width` pixels of panels with these `heights`, one
    /// after the other: what [`point_spread::spread`](crate::image::noise::point_spread::spread) does.
    ///
    /// # Errors
    /// [`Frame::misfit`]; [`GpuError`] when the device has no memory, is lost or refuses.
    pub fn spread_panels(
        &self,
        values: &mut [f32],
        width: usize,
        heights: &[usize],
        spread: &PointSpread,
    ) -> Result<(), GpuError> {
        let mut frame = self.frame(width, heights, None, false)?;
        if let Some(misfit) = frame.misfit() {
            return Err(misfit);
        }
        frame.upload(values)?;
        for index in 0..frame.pieces.len() {
            let photons = frame.photons(index)?;
            frame.spread(index, &photons, spread)?;
        }
        frame.send_photons()?;
        values.copy_from_slice(&frame.land().take()?.photons);
        Ok(())
    }
}

/// The rows of `panels`, which start at these rows, in pieces of at most so many.
fn pieces(first_rows: &[usize], most: usize) -> Vec<Range<usize>> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for panel in first_rows.windows(2) {
        match pieces.last_mut() {
            Some(last) if panel[1] - last.start <= most => last.end = panel[1],
            _ if panel[1] - panel[0] <= most => pieces.push(panel[0]..panel[1]),
            _ => {
                let step = (most / ROWS * ROWS).max(ROWS);
                let starts = (panel[0]..panel[1]).step_by(step);
                pieces.extend(starts.map(|start| start..panel[1].min(start + step)));
            }
        }
    }
    pieces
}

/// The buffer in `held`, made anew where it is too small for `size` bytes.
fn room(
    held: &mut Option<wgpu::Buffer>,
    device: &GpuDevice,
    what: &'static str,
    size: u64,
) -> Result<wgpu::Buffer, GpuError> {
    use wgpu::BufferUsages as Usage;
    let buffer = match held.take().filter(|buffer| buffer.size() >= size) {
        Some(buffer) => buffer,
        None => device.buffer(
            what,
            size.max(4),
            Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST,
        )?,
    };
    *held = Some(buffer.clone());
    Ok(buffer)
}

impl FrameBuffers {
    /// The buffer for the parameters of `shader`, of so many bytes.
    fn uniform(
        &mut self,
        device: &GpuDevice,
        shader: PixelShader,
        size: usize,
    ) -> Result<wgpu::Buffer, GpuError> {
        let held = &mut self.uniforms[shader as usize];
        if let Some(buffer) = held {
            return Ok(buffer.clone());
        }
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let made = device.buffer("the parameters of a pass", size as u64, usage)?;
        Ok(held.insert(made).clone())
    }

    /// Bytes of all buffers.
    #[cfg(test)]
    pub fn size(&self) -> u64 {
        let pieces = self.pieces.iter().flat_map(|piece| {
            let own = [
                &piece.photons,
                &piece.photons_low,
                &piece.values,
                &piece.packed,
            ];
            let small = [&piece.counters, &piece.runs].into_iter();
            own.into_iter()
                .chain(small)
                .flatten()
                .chain(piece.tiles.held())
        });
        let rendered = self.rendered.held().into_iter().flatten();
        let uniforms = self.uniforms.iter().flatten();
        let all = pieces.chain(rendered).chain(uniforms);
        all.chain(self.factors.held()).map(wgpu::Buffer::size).sum()
    }
}

impl<'a> Frame<'a> {
    /// Pixels of piece `index`.
    fn pixels(&self, index: usize) -> usize {
        self.pieces[index].len() * self.width
    }

    /// Gets the buffers of photons ready: 0 where nothing is rendered.
    fn begin(&mut self, rendered: Option<&Arc<[bool]>>) -> Result<(), GpuError> {
        let (device, width) = (&self.gpu.device, self.width);
        let buffers = &mut *self.buffers;
        buffers.pieces.resize_with(
            self.pieces.len().max(buffers.pieces.len()),
            Default::default,
        );
        let key = (rendered.map(Identity::of), self.pieces.clone());
        buffers.rendered.get(key, || {
            let bits = self.pieces.iter().map(|rows| {
                let words = match rendered {
                    None => vec![0],
                    Some(flags) => bits(&flags[rows.start * width..rows.end * width]),
                };
                stored(device, "the rendered pixels", &words)
            });
            bits.collect::<Result<_, _>>()
        })?;
        let mut cleared = Vec::new();
        for (rows, piece) in self.pieces.iter().zip(&mut buffers.pieces) {
            let size = (rows.len() * width * size_of::<f32>()) as u64;
            cleared.push(room(&mut piece.photons, device, "the photons", size)?);
            let low = if self.several { size } else { 0 };
            let what = "the last digits of photons";
            cleared.push(room(&mut piece.photons_low, device, what, low)?);
        }
        if self.masked {
            let submission = device.submit("filling photons with zeros", "clear", |commands| {
                for buffer in &cleared {
                    commands.encoder.clear_buffer(buffer, 0, None);
                }
            })?;
            self.pipelined.push(device, submission)?;
        }
        Ok(())
    }

    /// The rendered pixels of piece `index`, a bit each.
    fn rendered(&self, index: usize) -> Result<wgpu::Buffer, GpuError> {
        let held = self.buffers.rendered.held().and_then(|all| all.get(index));
        let missing = || {
            self.gpu
                .device
                .refused("a frame", "it has no pixels".into())
        };
        held.cloned().ok_or_else(missing)
    }

    /// The photons of piece `index`.
    fn photons(&self, index: usize) -> Result<wgpu::Buffer, GpuError> {
        let held = self.buffers.pieces[index].photons.clone();
        held.ok_or_else(|| {
            self.gpu
                .device
                .refused("a frame", "it has no photons".into())
        })
    }

    /// Renders `scene` and adds its photons. They come into the frame `alone`, too, if there is one.
    /// `watch` is told of each dispatch once it is done, and stops the render by returning false.
    ///
    /// # Errors
    /// [`GpuError`]; the renderer can be used again unless the device was lost.
    pub fn add(
        &mut self,
        scene: &Scene,
        mut alone: Option<&mut Frame>,
        watch: &mut dyn FnMut(&Dispatch) -> bool,
    ) -> Result<(), GpuError> {
        let mut job = self.gpu.job(scene)?;
        loop {
            match job.step()? {
                Step::Dispatched(dispatch) if !watch(&dispatch) => {
                    return Err(GpuError::Interrupted);
                }
                Step::Dispatched(_) => {}
                Step::Band => {
                    job.place(self)?;
                    if let Some(alone) = &mut alone {
                        job.place(alone)?;
                    }
                }
                Step::Done => {
                    self.adds = true;
                    return Ok(());
                }
            }
        }
    }

    /// Takes photons from the host, all pixels of an image in their order.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub fn upload(&mut self, photons: &[f32]) -> Result<(), GpuError> {
        for (index, rows) in self.pieces.iter().enumerate() {
            let own = &photons[rows.start * self.width..rows.end * self.width];
            let buffer = self.photons(index)?;
            self.gpu.device.upload(&buffer, bytemuck::cast_slice(own))?;
        }
        Ok(())
    }

    /// Puts the sums of a band in their places, as photons.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses.
    pub(super) fn place(&mut self, band: &BandSums) -> Result<(), GpuError> {
        let _span = info_span!(target: SIMULATION, "place").entered();
        let BandSums {
            scene,
            scaling,
            size,
            ..
        } = *band;
        let (gpu, device) = (self.gpu, &self.gpu.device);
        let kernel = gpu.kernels.pixels(device, PixelShader::Place)?;
        let places = &band.places[band.tiles.clone()];
        let key = (Identity::of(&scene.panels), *scaling, scene.scale);
        let factors = self.buffers.factors.get(key, || {
            let panels = scene.panels.iter();
            let entries = panels.map(|panel| PanelFactor {
                factor: FactorEntry::of(scaling.photons(scene, panel)),
                width: self.width as u32,
            });
            stored(device, "the panels' factors", &entries.collect::<Vec<_>>())
        })?;
        let bytes = size_of::<PlacingUniform>();
        let uniform = self.buffers.uniform(device, PixelShader::Place, bytes)?;
        let row = |place: &TilePlace| self.first_rows[place.panel] + place.first[1];
        for (index, rows) in self.pieces.iter().enumerate() {
            let [start, end] =
                [rows.start, rows.end].map(|first| places.partition_point(|own| row(own) < first));
            if start == end {
                continue;
            }
            let rendered = self.rendered(index)?;
            let photons = self.photons(index)?;
            let own = &mut self.buffers.pieces[index];
            let range = band.tiles.start + start..band.tiles.start + end;
            let tiles = own.tiles.get((tiles_key(scene, size), range), || {
                let entry = |place: &TilePlace| {
                    let [width, height] = scene.panels[place.panel].shape;
                    PlacedTile {
                        first: ((row(place) - rows.start) * self.width + place.first[0]) as u32,
                        panel: place.panel as u32,
                        columns: (width - place.first[0]).min(size.edge()) as u32,
                        rows: (height - place.first[1]).min(size.edge()) as u32,
                    }
                };
                let entries: Vec<_> = places[start..end].iter().map(entry).collect();
                stored(device, "the places of tiles", &entries)
            })?;
            let low = room(
                &mut own.photons_low,
                device,
                "the last digits of photons",
                0,
            )?;
            let buffers = [
                &uniform, band.sums, &tiles, &factors, &rendered, &photons, &low,
            ];
            let bindings = kernel.bind(device, &buffers)?;
            let count = (end - start) as u32;
            let per_row = count.min(device.limits.max_compute_workgroups_per_dimension);
            let entry = PlacingUniform {
                first_tile: start as u32,
                tile_count: count,
                tiles_per_row: per_row,
                two: u32::from(size.per_thread == 2),
                several: self.several.into(),
                adds: self.adds.into(),
                masked: self.masked.into(),
                no_bits: 0,
            };
            let submission = device.submit("placing the image", "place kernel", |commands| {
                let parameters = bytemuck::bytes_of(&entry);
                device.queue.write_buffer(&uniform, 0, parameters);
                let mut pass = commands.pass();
                pass.set_pipeline(&kernel.pipelines[0]);
                pass.set_bind_group(0, &bindings, &[]);
                pass.dispatch_workgroups(per_row, count.div_ceil(per_row), 1);
            })?;
            self.pipelined.push(device, submission)?;
        }
        Ok(())
    }

    /// Why the light of some panel cannot be spread here.
    pub fn misfit(&self) -> Option<GpuError> {
        let mut panels = self.first_rows.windows(2);
        panels.find_map(|rows| {
            let size = [self.width, rows[1] - rows[0]];
            if let Err(error) = self.gpu.spread_fits(size) {
                return Some(error);
            }
            let holds = |piece: &Range<usize>| piece.start <= rows[0] && rows[1] <= piece.end;
            let whole = self.pieces.iter().any(holds);
            (!whole).then(|| GpuError::TooLarge {
                what: "the point spread of a panel",
                needed: Bytes::of::<f32>((size[0] * size[1]) as u64),
                adapter: self.gpu.name().to_string(),
                limit: Bytes(self.gpu.limit()),
                advice: "take smaller panels",
            })
        })
    }

    /// Has a detector with `noise` read the photons as numbers of a kind, and sends these to the host:
    /// the bits of [`noise::expose`](crate::image::noise::expose) where light does not spread. The
    /// photons stay as they are.
    ///
    /// # Errors
    /// [`Frame::misfit`] where light spreads; [`GpuError`] when the device is lost or refuses.
    pub fn read_out(&mut self, noise: &Noise, number: Number) -> Result<(), GpuError> {
        let _span = info_span!(target: SIMULATION, "noise").entered();
        let exposure = Exposure::of(noise);
        for index in 0..self.pieces.len() {
            self.read_out_piece(index, noise, &exposure, number)?;
        }
        Ok(())
    }

    fn read_out_piece(
        &mut self,
        index: usize,
        noise: &Noise,
        exposure: &Exposure,
        number: Number,
    ) -> Result<(), GpuError> {
        let (gpu, device) = (self.gpu, &self.gpu.device);
        let noisy = gpu.kernels.pixels(device, PixelShader::Noise)?;
        let packing = gpu.kernels.pixels(device, PixelShader::Pack)?;
        let pixels = self.pixels(index);
        let per_word = 4 / number.bytes();
        let words = pixels.div_ceil(per_word);
        let (photons, rendered) = (self.photons(index)?, self.rendered(index)?);
        let band = (self.pieces[index].start * self.width) as u32;
        let buffers = &mut *self.buffers;
        let bytes = size_of::<ExposureUniform>();
        let exposing = buffers.uniform(device, PixelShader::Noise, bytes)?;
        let bytes = size_of::<PackingUniform>();
        let packs = buffers.uniform(device, PixelShader::Pack, bytes)?;
        let own = &mut buffers.pieces[index];
        let size = |count: usize| (count * size_of::<u32>()) as u64;
        let values = room(&mut own.values, device, "the counts", size(pixels))?;
        let what = "the numbers of the file";
        let packed = room(&mut own.packed, device, what, size(words))?;
        let counters = room(&mut own.counters, device, "the counters", COUNTERS)?;
        let noise_bindings = noisy.bind(device, &[&exposing, &values])?;
        let buffers = [&packs, &values, &rendered, &packed, &counters];
        let pack_bindings = packing.bind(device, &buffers)?;
        let (masked, saturates) = (self.masked, noise.saturation.is_some());

        // Passes over the values from `first` to before `end`.
        let submit = |first: u32, end: u32, counts: bool, reads_out: bool| {
            let entry = ExposureUniform::of(exposure, band, [first, end]);
            let [first_word, end_word] = [first, end].map(|end| end.div_ceil(per_word as u32));
            let pack_entry = PackingUniform {
                first: first_word,
                end: end_word,
                pixels: pixels as u32,
                number: match number {
                    Number::F32 => 0,
                    Number::U16 => 1,
                    Number::U32 => 2,
                    Number::I32 => 3,
                },
                masked: masked.into(),
                saturates: saturates.into(),
                saturation: exposure.saturation,
            };
            device.submit("noise", "noise kernel", |commands| {
                let parameters = bytemuck::bytes_of(&entry);
                device.queue.write_buffer(&exposing, 0, parameters);
                let parameters = bytemuck::bytes_of(&pack_entry);
                device.queue.write_buffer(&packs, 0, parameters);
                if counts {
                    let (place, length) = (u64::from(first) * 4, u64::from(end - first) * 4);
                    let encoder = &mut commands.encoder;
                    encoder.copy_buffer_to_buffer(&photons, place, &values, place, length);
                }
                if first == 0 {
                    commands.encoder.clear_buffer(&counters, 0, None);
                }
                let mut pass = commands.pass();
                pass.set_bind_group(0, &noise_bindings, &[]);
                let groups = (end - first).div_ceil(GROUP);
                if counts {
                    pass.set_pipeline(&noisy.pipelines[COUNT]);
                    pass.dispatch_workgroups(groups, 1, 1);
                }
                if reads_out {
                    pass.set_pipeline(&noisy.pipelines[READ_OUT]);
                    pass.dispatch_workgroups(groups, 1, 1);
                    pass.set_pipeline(&packing.pipelines[0]);
                    pass.set_bind_group(0, &pack_bindings, &[]);
                    let groups = (end_word - first_word).div_ceil(GROUP * PACKED_WORDS);
                    pass.dispatch_workgroups(groups, 1, 1);
                }
            })
        };
        let spread = noise.spread();
        let stages = match spread {
            None => vec![(true, true)],
            Some(_) => vec![(true, false), (false, true)],
        };
        for (counts, reads_out) in stages {
            if let Some(spread) = spread.filter(|_| !counts) {
                self.spread(index, &values, &spread)?;
            }
            for first in (0..pixels as u32).step_by(PER_DISPATCH as usize) {
                let end = (pixels as u32).min(first.saturating_add(PER_DISPATCH));
                let submission = submit(first, end, counts, reads_out)?;
                self.pipelined.push(device, submission)?;
            }
        }
        let sources = [(&packed, size(words)), (&counters, COUNTERS)];
        let copy = gpu.send(&mut self.pipelined, &sources)?;
        let product = Product::Counts {
            number,
            pixels,
            first: index == 0,
        };
        self.copies.push((product, copy));
        Ok(())
    }

    /// Spreads the light of the panels of piece `index`, whose values these are.
    fn spread(
        &mut self,
        index: usize,
        values: &wgpu::Buffer,
        spread: &PointSpread,
    ) -> Result<(), GpuError> {
        let start = self.pieces[index].start;
        for panel in self.first_rows.windows(2) {
            if !self.pieces[index].contains(&panel[0]) {
                continue;
            }
            let first = ((panel[0] - start) * self.width) as u64;
            let size = [self.width, panel[1] - panel[0]];
            let (held, pipelined) = (&mut self.buffers.spreading, &mut self.pipelined);
            self.gpu
                .spread(pipelined, held, values, first, size, spread)?;
        }
        Ok(())
    }

    /// Sends the photons to the host.
    ///
    /// # Errors
    /// [`GpuError`] when the device is lost or refuses; so with all methods that follow.
    pub fn send_photons(&mut self) -> Result<(), GpuError> {
        for index in 0..self.pieces.len() {
            let (photons, size) = (self.photons(index)?, 4 * self.pixels(index) as u64);
            let copy = self.gpu.send(&mut self.pipelined, &[(&photons, size)])?;
            self.copies.push((Product::Photons, copy));
        }
        Ok(())
    }

    /// Sends statistics of the photons to the host.
    pub fn send_statistics(&mut self) -> Result<(), GpuError> {
        let _span = info_span!(target: SIMULATION, "statistics").entered();
        let (gpu, device) = (self.gpu, &self.gpu.device);
        let kernel = gpu.kernels.pixels(device, PixelShader::Statistics)?;
        for index in 0..self.pieces.len() {
            let (photons, rendered) = (self.photons(index)?, self.rendered(index)?);
            let pixels = self.pixels(index);
            let groups = (pixels as u32).div_ceil(GROUP * RUN);
            let buffers = &mut *self.buffers;
            let bytes = size_of::<SummingUniform>();
            let uniform = buffers.uniform(device, PixelShader::Statistics, bytes)?;
            let size = run_bytes(pixels) as u64;
            let what = "the sums of photons";
            let runs = room(&mut buffers.pieces[index].runs, device, what, size)?;
            let bindings = kernel.bind(device, &[&uniform, &photons, &rendered, &runs])?;
            let per_dispatch = PER_DISPATCH / (GROUP * RUN);
            for first in (0..groups).step_by(per_dispatch as usize) {
                let entry = SummingUniform {
                    first,
                    pixels: pixels as u32,
                    masked: self.masked.into(),
                    no_bits: 0,
                };
                let submission = device.submit("statistics", "statistics kernel", |commands| {
                    let parameters = bytemuck::bytes_of(&entry);
                    device.queue.write_buffer(&uniform, 0, parameters);
                    let mut pass = commands.pass();
                    pass.set_pipeline(&kernel.pipelines[0]);
                    pass.set_bind_group(0, &bindings, &[]);
                    pass.dispatch_workgroups(per_dispatch.min(groups - first), 1, 1);
                })?;
                self.pipelined.push(device, submission)?;
            }
            let copy = gpu.send(&mut self.pipelined, &[(&runs, size)])?;
            let first = self.pieces[index].start * self.width;
            self.copies.push((Product::Runs { first }, copy));
        }
        Ok(())
    }

    /// What was sent to the host. The frame's buffers are free for the next one.
    pub fn land(self) -> Landing<'a> {
        Landing {
            gpu: self.gpu,
            pipelined: self.pipelined,
            copies: self.copies,
        }
    }
}

/// A bit for each of `flags`, the first lowest in the first word.
fn bits(flags: &[bool]) -> Vec<u32> {
    let word = |flags: &[bool]| {
        let places = flags.iter().enumerate();
        places.fold(0, |word, (place, &flag)| word | u32::from(flag) << place)
    };
    flags.chunks(32).map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_of_whole_panels_or_of_rows_of_a_larger_one() {
        let found = pieces(&[0, 30, 60, 90, 200, 210], 65);
        assert_eq!(found, [0..60, 60..90, 90..154, 154..210]);
        assert_eq!(pieces(&[0, 40], 3), [0..16, 16..32, 32..40]);
        assert!(pieces(&[0], 3).is_empty());
    }

    #[test]
    fn pixels_are_bits() {
        let flags: Vec<bool> = (0..70).map(|place| place % 3 == 0).collect();
        for (place, &flag) in flags.iter().enumerate() {
            assert_eq!(bits(&flags)[place / 32] >> (place % 32) & 1 == 1, flag);
        }
    }
}
