//! A render as data: which kernel passes over which part of the scene, in which order.
//!
//! An image whose sums fit no buffer is rendered in bands of tiles, one after the other. Each band
//! takes the same passes: first the background, then halos, then the crystal's terms, in chunks of
//! so many sources and orientations as fit a buffer.

use std::ops::Range;

use super::kernel::Entry;
use super::layout::{BATCH, OrientationEntry, SourceEntry};
use super::slices::Work;
use super::tiles::TileSize;
use super::{AdapterKind, GpuError};
use crate::scene::Scene;

/// One pass of a kernel over the tiles of a band.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// What the kernel does: [`Entry::Background`], [`Entry::Diffuse`] or [`Entry::Render`].
    pub entry: Entry,
    /// The part of the scene's sources.
    pub sources: Range<usize>,
    /// The part of the scene's orientations; one stands for all where there is only background.
    pub orientations: Range<usize>,
    /// Whether the band's sums start with this pass.
    pub first: bool,
    /// Number, among all batches of orientations of all sources, of the pass's first one.
    batch_base: u32,
}

/// Sources and orientations that are on a device at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunks {
    sources: usize,
    orientations: usize,
}

impl Chunks {
    /// What fits buffers of `limit` bytes.
    pub fn of(scene: &Scene, limit: u64) -> Chunks {
        let batch = BATCH as usize;
        let orientations = (fitting(limit, size_of::<OrientationEntry>()) / batch).max(1) * batch;
        Chunks {
            // Where orientations come in several chunks, sources go one by one, so that numbers are
            // added in the same order as without chunks.
            sources: if scene.orientations.len() > orientations {
                1
            } else {
                fitting(limit, size_of::<SourceEntry>())
            },
            orientations,
        }
    }

    /// Sources and orientations of `scene` in the largest pass.
    pub fn largest(&self, scene: &Scene) -> [usize; 2] {
        [
            self.sources.min(scene.sources.len()),
            self.orientations.min(scene.orientations.len()),
        ]
    }
}

/// Entries of so many bytes that fit a buffer of `limit` bytes, at least one.
pub fn fitting(limit: u64, entry: usize) -> usize {
    (limit / entry as u64).max(1) as usize
}

/// The passes of a band of `scene`, in their order.
pub fn passes(scene: &Scene, chunks: Chunks) -> Vec<Pass> {
    let counts = [scene.sources.len(), scene.orientations.len()];
    let terms = scene.crystal_scatters().then_some(Entry::Render);
    let halos = scene.diffuse.as_ref().map(|_| Entry::Diffuse);
    let crystal: Vec<Entry> = halos
        .filter(|_| terms.is_some())
        .into_iter()
        .chain(terms)
        .collect();
    planned(counts, chunks, has_background(scene), &crystal)
}

/// The passes of the derivatives of a band of `scene`, in their order.
pub fn derivative_passes(scene: &Scene, chunks: Chunks) -> Vec<Pass> {
    let counts = [scene.sources.len(), scene.orientations.len()];
    // What goes through the terms starts from the flat background, so it comes first.
    let halos = scene.diffuse.as_ref().map(|_| Entry::DiffuseDerivatives);
    let entries: Vec<Entry> = [Entry::Derivatives].into_iter().chain(halos).collect();
    planned(counts, chunks, false, &entries)
}

fn planned(
    [sources, orientations]: [usize; 2],
    chunks: Chunks,
    has_background: bool,
    crystal: &[Entry],
) -> Vec<Pass> {
    let mut passes = Vec::new();
    if has_background {
        for sources in parts(sources, chunks.sources) {
            passes.push(Pass {
                entry: Entry::Background,
                sources,
                orientations: 0..1,
                first: passes.is_empty(),
                batch_base: 0,
            });
        }
    }
    for &entry in crystal {
        let mut batch_base = 0usize;
        for sources in parts(sources, chunks.sources) {
            for orientations in parts(orientations, chunks.orientations) {
                let batches = sources.len() * orientations.len().div_ceil(BATCH as usize);
                passes.push(Pass {
                    entry,
                    sources: sources.clone(),
                    orientations,
                    first: passes.is_empty(),
                    // It wraps around, as the numbers on the device do.
                    batch_base: batch_base as u32,
                });
                batch_base += batches;
            }
        }
    }
    passes
}

/// Whether `scene` takes a pass for its background. Where the crystal does not scatter, the flat
/// background too has no other kernel to come from.
pub fn has_background(scene: &Scene) -> bool {
    !scene.crystal_scatters() || !scene.amorphous.is_empty()
}

/// `count` items in parts of `size`; the last may have fewer.
fn parts(count: usize, size: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count)
        .step_by(size)
        .map(move |start| start..count.min(start + size))
}

impl Pass {
    /// What there is to cut into dispatches: this pass over so many tiles of `scene`, on a device
    /// of this kind that takes so many workgroups in one direction.
    ///
    /// # Errors
    /// [`GpuError::TooManyViews`].
    pub fn work(
        &self,
        scene: &Scene,
        tiles: usize,
        size: TileSize,
        kind: AdapterKind,
        max_workgroups: u32,
    ) -> Result<Work, GpuError> {
        let views = self.views(scene)?;
        let batch = BATCH as usize;
        let all_batches = scene.orientations.len().div_ceil(batch) * scene.sources.len();
        let (iterations, last_batch, chunk) = match self.entry {
            Entry::Derivatives => (derivative_iterations(scene, size), 0, 1),
            Entry::DiffuseDerivatives => (halo_iterations(scene, size), 0, 1),
            Entry::Render | Entry::Diffuse => {
                // About as many sums in a chunk as chunks in a group and groups in all. A power of
                // two whose square is one too divides the numbers' range, so that they may wrap
                // around.
                let sums = all_batches as f64 * f64::from(views);
                let chunk = (sums.cbrt() as u32).clamp(1, 1 << 15).next_power_of_two();
                let iterations = match self.entry {
                    Entry::Diffuse => halo_iterations(scene, size),
                    _ => iterations(scene, size),
                };
                (iterations, (all_batches - 1) as u32, chunk)
            }
            _ => (background_iterations(scene, size), 0, 1),
        };
        Ok(Work {
            tiles: tiles as u32,
            tile_pixels: size.pixels() as u32,
            sources: self.sources.len() as u32,
            orientations: self.orientations.len() as u32,
            views,
            iterations,
            enough_tiles: enough_tiles(kind),
            max_workgroups,
            batch_base: self.batch_base,
            last_batch,
            chunk,
        })
    }

    /// Sub-pixels times layers; in the pass of halos, times the reflections whose halos count.
    fn views(&self, scene: &Scene) -> Result<u32, GpuError> {
        let halos = scene
            .diffuse
            .as_ref()
            .filter(|_| matches!(self.entry, Entry::Diffuse | Entry::DiffuseDerivatives));
        let reflections = halos.map_or(1, |diffuse| diffuse.reflection_count() as u32);
        let factors = [scene.oversample, scene.layers, reflections];
        let views = factors
            .into_iter()
            .try_fold(scene.oversample, u32::checked_mul);
        views.ok_or(GpuError::TooManyViews {
            oversample: scene.oversample,
            layers: scene.layers,
        })
    }
}

/// Loop iterations of a thread for the halos of one reflection in one view of a batch.
fn halo_iterations(scene: &Scene, size: TileSize) -> u32 {
    let forms = scene
        .diffuse
        .as_ref()
        .map_or(0, |diffuse| diffuse.forms.len());
    BATCH * (1 + (size.per_thread * size.per_thread * (forms + 1)) as u32)
}

/// Tiles that keep a device of `kind` busy. A processor that plays GPU has a few for each core to
/// share; what it does once a tile and dispatch costs it more than a batch of orientations.
fn enough_tiles(kind: AdapterKind) -> u32 {
    match kind {
        AdapterKind::Software => 64,
        _ => 1024,
    }
}

/// Loop iterations of a thread for one view of a batch.
fn iterations(scene: &Scene, size: TileSize) -> u32 {
    let batch = BATCH.min(u32::try_from(scene.orientations.len()).unwrap_or(u32::MAX));
    // What finds the orientations that scatter at all, where a spot has an end, tells each thread.
    let culling = BATCH + 4;
    // A symmetric shape has a loop over its operators in every term.
    let operators = match scene.symmetric_shape.len() {
        0 => 0,
        count => (size.per_thread * size.per_thread * (count + 1)) as u32,
    };
    batch * (1 + operators) + 4 + culling
}

/// Loop iterations of a thread for the derivatives in one view of a batch.
fn derivative_iterations(scene: &Scene, size: TileSize) -> u32 {
    /// Those of a term whose weighted slopes go to 64 reflections, one by one; of other terms to one.
    const NEIGHBOURS: u32 = 4 + 16 + 64;
    let pixels = (size.per_thread * size.per_thread) as u32;
    let scattered = if scene.interpolate { NEIGHBOURS } else { 1 };
    iterations(scene, size) + BATCH * pixels * scattered
}

/// Loop iterations of a thread for the background in one view of one source, no loop unrolled.
fn background_iterations(scene: &Scene, size: TileSize) -> u32 {
    let pixels = (size.per_thread * size.per_thread) as u32;
    let searches = scene.amorphous.iter().map(|material| {
        let pieces = material.pieces.len() as u32;
        2 + pieces.next_power_of_two().ilog2()
    });
    pixels * (1 + searches.sum::<u32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_source_meets_every_orientation_in_one_pass(
            sources in 1usize..40,
            orientations in 1usize..400,
            source_chunk in 1usize..50,
            orientation_batches in 1usize..5,
            has_background: bool,
            has_halos: bool,
            has_terms: bool,
        ) {
            let batch = BATCH as usize;
            let chunk = orientation_batches * batch;
            let chunks = Chunks {
                sources: if orientations > chunk { 1 } else { source_chunk },
                orientations: chunk,
            };
            let halos = has_halos.then_some(Entry::Diffuse);
            let crystal: Vec<_> = halos.into_iter().chain(has_terms.then_some(Entry::Render)).collect();
            let passes = planned([sources, orientations], chunks, has_background, &crystal);
            let firsts = passes.iter().map(|pass| pass.first);
            let expected = (0..passes.len()).map(|place| place == 0);
            prop_assert!(firsts.eq(expected), "the sums start once");
            let of = |entry| passes.iter().filter(move |pass| pass.entry == entry);
            let mut lit = vec![0; sources];
            for pass in of(Entry::Background) {
                lit[pass.sources.clone()].iter_mut().for_each(|times| *times += 1);
            }
            prop_assert_eq!(lit, vec![usize::from(has_background); sources]);
            for (entry, is_there) in [(Entry::Diffuse, has_halos), (Entry::Render, has_terms)] {
                let mut met = vec![0; sources * orientations];
                let mut batches = 0;
                for pass in of(entry) {
                    prop_assert_eq!(pass.orientations.start % batch, 0, "batches are never cut");
                    prop_assert_eq!(pass.batch_base, batches);
                    for source in pass.sources.clone() {
                        batches += pass.orientations.len().div_ceil(batch) as u32;
                        let row = source * orientations;
                        for orientation in pass.orientations.clone() {
                            met[row + orientation] += 1;
                        }
                    }
                }
                prop_assert_eq!(met, vec![usize::from(is_there); sources * orientations]);
            }
        }
    }
}
