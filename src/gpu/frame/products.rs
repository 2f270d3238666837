//! What the host gets of an image on the device: the numbers of readouts, photons and their
//! statistics.

use std::ops::Range;

use tracing::info_span;

use super::Frame;
use super::buffers::room;
use crate::formats::encoding::Number;
use crate::gpu::landing::Product;
use crate::gpu::layout::{ExposureUniform, PackingUniform, RunSums, SummingUniform};
use crate::gpu::pixel_kernels::{COUNT, PixelShader, READ_OUT};
use crate::gpu::{GpuError, GpuRenderer};
use crate::image::noise::{Exposure, Noise, PointSpread};
use crate::memory::Bytes;
use crate::profile::SIMULATION;

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

impl Frame<'_> {
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
}
