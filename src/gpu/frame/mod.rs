//! An image on the device, from the sums of its terms to the counts of a file.
//!
//! The photons of an image lie in its order, panels stacked and fast axis innermost. An image that is
//! larger than a buffer may be lies in pieces: of whole panels, or of rows of a panel that is larger
//! itself. What work is done on it is submitted and not waited for; what comes of it is sent to the
//! host, who [takes](Landing::take) it later. By then the buffers may belong to another frame: a queue
//! does one thing after the other.

mod buffers;
mod products;

use std::ops::Range;
use std::sync::Arc;

use tracing::info_span;

use super::job::{Dispatch, Step};
use super::kept::Identity;
use super::landing::{Landing, Product};
use super::layout::{FactorEntry, PanelFactor, PlacedTile, PlacingUniform};
use super::pixel_kernels::PixelShader;
use super::readback::Copy;
use super::scaling::Scaling;
use super::scene_buffers::{stored, tiles_key};
use super::submission::Pipelined;
use super::tiles::{TilePlace, TileSize};
use super::workspace::Lent;
use super::{GpuError, GpuRenderer};
use crate::profile::{SETUP, SIMULATION};
use crate::scene::Scene;
pub use buffers::FrameBuffers;
pub use buffers::room;
pub use products::{COUNTERS, run_bytes};

/// Rows of a panel that is cut begin at multiples of this: tiles are not cut.
const ROWS: usize = 16;

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
