//! A render cut into dispatches of a length that keeps the system responsive.

use std::time::Duration;

use super::layout::{BATCH, SliceUniform};

/// A dispatch should take about this long: desktop systems kill a device that is busy for two
/// seconds, and Ctrl-C and the progress bar wait for the two dispatches in flight.
const AIM: Duration = Duration::from_millis(50);
/// Most loop iterations of a thread in one dispatch: llvmpipe, Mesa's software driver, leaves loops
/// after 65535 of them, counted over all of a thread's loops, without a word.
const MOST_ITERATIONS: u32 = 1 << 15;
/// Terms of the first dispatch, before anything is known of the device.
const FIRST_TERMS: f64 = 4e6;

/// The extent of a render: what there is to cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Tiles in the band.
    pub tiles: u32,
    /// Pixels of a tile.
    pub tile_pixels: u32,
    /// Sources on the device.
    pub sources: u32,
    /// Orientations on the device.
    pub orientations: u32,
    /// Sub-pixels times layers.
    pub views: u32,
    /// Loop iterations of a thread for one view of one batch of orientations.
    pub iterations: u32,
    /// Tiles of a dispatch that keep the device busy: a tile is not cut into several dispatches
    /// for the sake of more tiles than these.
    pub enough_tiles: u32,
    /// Most workgroups in one direction.
    pub max_workgroups: u32,
    /// Number, of all batches of orientations of all sources, of the first one on the device.
    /// Numbers wrap around; a chunk of batches divides 2³².
    pub batch_base: u32,
    /// Number of the last batch of all.
    pub last_batch: u32,
    /// Sums of batches in a chunk, and chunks in a group; a power of two.
    pub chunk: u32,
}

/// Terms per dispatch, tuned by what the last one took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    terms: f64,
    /// Whether it was learnt from a dispatch.
    pub learnt: bool,
}

impl Budget {
    /// Before the first dispatch.
    pub fn new() -> Budget {
        Budget {
            terms: FIRST_TERMS,
            learnt: false,
        }
    }

    /// How many pieces of `terms` terms fit.
    pub fn fits(&self, terms: f64) -> u32 {
        // A float that is cast saturates.
        (self.terms / terms) as u32
    }

    /// Learns from a dispatch of `terms` terms that took `elapsed`.
    pub fn learn(&mut self, terms: f64, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64().max(1e-6);
        let fitting = terms * AIM.as_secs_f64() / seconds;
        // Not too fast up: a small dispatch says little about a large one. What was learnt from others
        // since this one was submitted stays.
        let most = self.terms.max(4.0 * terms).min(4.0 * self.terms);
        self.terms = fitting.clamp(self.terms / 8.0, most).max(1.0);
        self.learnt = true;
    }
}

/// The place that a render has come to: tiles are outermost, then sources, orientations, views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    tile: u32,
    /// Tiles worked on together, from `tile` on.
    block: u32,
    source: u32,
    orientation: u32,
    view: u32,
}

impl Work {
    /// Terms in all.
    pub fn terms(&self) -> f64 {
        self.terms_of(self.tiles, self.sources, self.orientations, self.views)
    }

    fn terms_of(&self, tiles: u32, sources: u32, orientations: u32, views: u32) -> f64 {
        let counts = [self.tile_pixels, tiles, sources, orientations, views];
        counts.into_iter().map(f64::from).product()
    }

    /// The next dispatch of about the budget's terms, and their number; `None` when all is done.
    ///
    /// A dispatch takes a run of whatever is innermost and does not fit whole, and all of what is
    /// further in.
    pub fn next(&self, cursor: &mut Cursor, budget: &Budget) -> Option<(SliceUniform, f64)> {
        if cursor.tile >= self.tiles {
            return None;
        }
        let batch = BATCH.min(self.orientations);
        // Views of batches of sources that a thread may see in one dispatch.
        let most = u64::from((MOST_ITERATIONS / self.iterations).max(1));
        let per_batch = u64::from(self.views);
        let per_source = per_batch * u64::from(self.orientations.div_ceil(BATCH));
        let thread_fits = |size: u64| u32::try_from(most / size).unwrap_or(u32::MAX);
        let started = (cursor.source, cursor.orientation, cursor.view) != (0, 0, 0);
        if !started {
            // As many tiles as fit with all that a dispatch may do to each, but enough to fill the
            // device unless not even one view of these fits.
            let view = self.terms_of(1, 1, batch, 1);
            let at_once = most.min(per_source.saturating_mul(self.sources.into()));
            let tiles = budget.fits(view * at_once as f64);
            let tiles = tiles.max(budget.fits(view).min(self.enough_tiles)).max(1);
            cursor.block = tiles.min(self.tiles - cursor.tile);
        }
        let tiles = cursor.block;
        let (mut sources, mut orientations, mut views) = (0, self.orientations, self.views);
        if cursor.orientation == 0 && cursor.view == 0 {
            let fitting = budget.fits(self.terms_of(tiles, 1, orientations, views));
            sources = fitting.min(thread_fits(per_source));
        }
        if sources == 0 {
            sources = 1;
            let left = self.orientations - cursor.orientation;
            let fitting = budget.fits(self.terms_of(tiles, 1, batch, views));
            let batches = fitting.min(thread_fits(per_batch));
            orientations = batches.saturating_mul(batch).min(left);
            if batches == 0 || cursor.view > 0 {
                orientations = batch.min(left);
                let fitting = budget.fits(self.terms_of(tiles, 1, orientations, 1));
                views = fitting
                    .min(thread_fits(1))
                    .clamp(1, self.views - cursor.view);
            }
        }
        let sources = sources.min(self.sources - cursor.source);
        let slice = SliceUniform {
            tile_start: cursor.tile,
            tile_count: tiles,
            tiles_per_row: tiles.min(self.max_workgroups),
            source_start: cursor.source,
            source_count: sources,
            orientation_start: cursor.orientation,
            orientation_count: orientations,
            view_start: cursor.view,
            view_count: views,
            views: self.views,
            batch_base: self.batch_base,
            batches: self.orientations.div_ceil(BATCH),
            last_batch: self.last_batch,
            chunk: self.chunk,
            first: u32::from(!started),
        };
        cursor.view += views;
        if cursor.view == self.views {
            cursor.view = 0;
            cursor.orientation += orientations;
        }
        if cursor.orientation == self.orientations {
            cursor.orientation = 0;
            cursor.source += sources;
        }
        if cursor.source == self.sources {
            *cursor = Cursor {
                tile: cursor.tile + tiles,
                ..Cursor::default()
            };
        }
        Some((slice, self.terms_of(tiles, sources, orientations, views)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_term_is_in_exactly_one_slice_that_no_thread_loops_long_in(
            tiles in 1u32..40,
            sources in 1u32..9,
            orientations in 1u32..900,
            views in 1u32..50,
            iterations in 5u32..6000,
            milliseconds in 1u64..5000,
        ) {
            let work = Work {
                tiles,
                tile_pixels: 256,
                sources,
                orientations,
                views,
                iterations,
                enough_tiles: 16,
                max_workgroups: 10,
                batch_base: 0,
                last_batch: 0,
                chunk: 1,
            };
            let batches = orientations.div_ceil(BATCH);
            let mut seen = vec![0u8; (tiles * sources * batches * views) as usize];
            let (mut cursor, mut budget) = (Cursor::default(), Budget::new());
            let (mut terms, mut started) = (0.0, 0);
            while let Some((slice, added)) = work.next(&mut cursor, &budget) {
                prop_assert_eq!(slice.orientation_start % BATCH, 0, "batches are never cut");
                let first_batch = slice.orientation_start / BATCH;
                let batch_count = slice.orientation_count.div_ceil(BATCH);
                let looped = slice.source_count * batch_count * slice.view_count * iterations;
                prop_assert!(looped <= MOST_ITERATIONS.max(iterations));
                prop_assert!(slice.tile_count.div_ceil(slice.tiles_per_row) <= 10);
                for tile in slice.tile_start..slice.tile_start + slice.tile_count {
                    for source in slice.source_start..slice.source_start + slice.source_count {
                        for batch in first_batch..first_batch + batch_count {
                            for view in slice.view_start..slice.view_start + slice.view_count {
                                let place = ((tile * sources + source) * batches + batch) * views + view;
                                seen[place as usize] += 1;
                            }
                        }
                    }
                }
                started += slice.tile_count * slice.first;
                terms += added;
                budget.learn(added, Duration::from_millis(milliseconds));
            }
            prop_assert!(seen.iter().all(|&times| times == 1));
            prop_assert_eq!(terms, work.terms());
            prop_assert_eq!(started, tiles, "every tile starts from the background once");
        }
    }
}
