//! Derivative images: the slots of each pixel times directions.

use std::ops::Range;

use rayon::prelude::*;
use tracing::info_span;

use super::Interrupted;
use super::coordinates::{MOTION, SLOTS};
use super::job::DerivativeJob;
use crate::experiment::Panel;
use crate::gpu::GpuError;
use crate::gpu::kernel::Entry;
use crate::gpu::layout::{MotionEntry, WeighingUniform};
use crate::gpu::tiles::{TilePlace, TileSize};
use crate::profile::READ_BACK;
use crate::scene::{Scene, SceneVector};

/// Directions that one pass over the slots follows.
pub const AT_ONCE: usize = 4;

/// Tiles side by side, and the rows of pixels of each image that they lie in.
type Strip<'i> = (Range<usize>, Vec<&'i mut [f64]>);

/// The strips of a band of tiles, whose rows of pixels are apart.
fn strips_of<'i>(
    scene: &Scene,
    size: TileSize,
    band: &[TilePlace],
    mut images: Vec<&'i mut [f64]>,
) -> Vec<Strip<'i>> {
    let firsts = first_pixels(scene);
    let (mut strips, mut taken, mut next) = (Vec::new(), 0, 0);
    for tiles in
        band.chunk_by(|one, other| (one.panel, one.first[1]) == (other.panel, other.first[1]))
    {
        let (panel, slow) = (tiles[0].panel, tiles[0].first[1]);
        let [width, height] = scene.panels[panel].shape;
        let start = firsts[panel] + slow * width;
        let end = firsts[panel] + height.min(slow + size.edge()) * width;
        let rows = images.iter_mut().map(|image| {
            let rest = std::mem::take(image);
            let (own, rest) = rest[start - taken..].split_at_mut(end - start);
            *image = rest;
            own
        });
        strips.push((next..next + tiles.len(), rows.collect()));
        (taken, next) = (end, next + tiles.len());
    }
    strips
}

/// The place of each panel's first pixel in the image.
pub fn first_pixels(scene: &Scene) -> Vec<usize> {
    let panels = scene.panels.iter().map(Panel::pixels);
    let firsts = panels.scan(0, |next, pixels| {
        *next += pixels;
        Some(*next - pixels)
    });
    firsts.collect()
}

impl DerivativeJob<'_> {
    /// Adds the derivatives of a band along `directions` to `images`.
    pub fn follow(
        &mut self,
        band: &Range<usize>,
        directions: &[&SceneVector],
        images: &mut [&mut [f64]],
        interrupted: Interrupted,
    ) -> Result<(), GpuError> {
        if self.gpu.leaves_derivatives_to_host() {
            return self.follow_here(band, directions, images, interrupted);
        }
        let pixels = self.plan.size.pixels();
        for (directions, images) in directions.chunks(AT_ONCE).zip(images.chunks_mut(AT_ONCE)) {
            let mut weighing: WeighingUniform = bytemuck::Zeroable::zeroed();
            let panels = self.scene.panels.len();
            let mut motions: Vec<MotionEntry> = vec![bytemuck::Zeroable::zeroed(); panels];
            for (number, direction) in directions.iter().enumerate() {
                let shared = self.plan.coordinates.shared(direction);
                for (slot, part) in shared.into_iter().enumerate() {
                    weighing.directions[slot / 4][slot % 4][number] = part as f32;
                }
                for (entry, motion) in motions.iter_mut().zip(&direction.panels) {
                    let own = self.plan.coordinates.of_panel(motion);
                    for slot in 0..4 {
                        entry.shift[slot][number] = own[MOTION + slot] as f32;
                        entry.turn[slot][number] = own[MOTION + 4 + slot] as f32;
                    }
                }
            }
            let count = AT_ONCE * band.len() * pixels;
            let values = self.weigh_with(Entry::Follow, band, weighing, &motions, count)?;
            self.place(band, images, interrupted, |tile, image, own| {
                let values = values[AT_ONCE * pixels * tile..].iter().skip(image);
                for (own, value) in own.iter_mut().zip(values.step_by(AT_ONCE)) {
                    *own = f64::from(*value);
                }
            })?;
        }
        Ok(())
    }

    /// As [`DerivativeJob::follow`], on the host.
    fn follow_here(
        &self,
        band: &Range<usize>,
        directions: &[&SceneVector],
        images: &mut [&mut [f64]],
        interrupted: Interrupted,
    ) -> Result<(), GpuError> {
        // Of each direction and panel.
        let counted: Vec<Vec<[f64; SLOTS]>> = directions
            .iter()
            .map(|direction| {
                let shared = self.plan.coordinates.shared(direction);
                let of_panel = |motion| {
                    let own = self.plan.coordinates.of_panel(motion);
                    std::array::from_fn(|slot| shared[slot] + own[slot])
                };
                direction.panels.iter().map(of_panel).collect()
            })
            .collect();
        let rows: Vec<usize> = self.plan.part.rows.places().collect();
        let pixels = self.plan.size.pixels();
        self.with_slots(band, |slots| {
            self.place(band, images, interrupted, |tile, image, own| {
                let panel = self.places[band.start + tile].panel;
                let (counted, _) = counted[image][panel].as_chunks::<4>();
                for (place, row) in rows.iter().enumerate() {
                    let parts = counted[*row];
                    if parts == [0.0; 4] {
                        continue;
                    }
                    let values = &slots[pixels * (rows.len() * tile + place)..];
                    for (own, slots) in own.iter_mut().zip(values) {
                        let [a, b, c, d] = slots.map(f64::from);
                        *own += a * parts[0] + b * parts[1] + (c * parts[2] + d * parts[3]);
                    }
                }
            })
        })?
    }

    /// Adds to each of the `images` what `values` puts into the pixels of each tile of a band: it is told
    /// the numbers of the tile and the image.
    fn place(
        &self,
        band: &Range<usize>,
        images: &mut [&mut [f64]],
        interrupted: Interrupted,
        values: impl Fn(usize, usize, &mut [f64]) + Sync,
    ) -> Result<(), GpuError> {
        let _span = info_span!(target: READ_BACK, "untile").entered();
        let (scene, size) = (self.scene, self.plan.size);
        let images = images.iter_mut().map(|image| &mut **image).collect();
        let strips = strips_of(scene, size, &self.places[band.clone()], images);
        strips.into_par_iter().try_for_each(|(tiles, mut rows)| {
            if interrupted() {
                return Err(GpuError::Interrupted);
            }
            let mut own = vec![0.0; size.pixels()];
            for tile in tiles {
                let place = &self.places[band.start + tile];
                let panel = &scene.panels[place.panel];
                let factor = self.plan.scaling.photons(scene, panel);
                let there: Vec<(usize, usize)> = place
                    .pixels(panel, size)
                    .filter(|(_, [fast, slow])| scene.renders(panel, *fast, *slow))
                    .map(|(pixel, [fast, slow])| {
                        (pixel, (slow - place.first[1]) * panel.shape[0] + fast)
                    })
                    .collect();
                for (image, row) in rows.iter_mut().enumerate() {
                    own.fill(0.0);
                    values(tile, image, &mut own);
                    for &(pixel, at) in &there {
                        row[at] += factor * own[pixel];
                    }
                }
            }
            Ok(())
        })
    }
}
