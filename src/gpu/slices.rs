//! A render cut into dispatches of a length that keeps the system responsive.

use std::time::Duration;

use super::layout::{LANES, SliceUniform};

/// A dispatch should take about this long: desktop systems kill a device that is busy for two
/// seconds, and Ctrl-C and the progress bar wait for the dispatch in flight.
const AIM: Duration = Duration::from_millis(70);
/// Fewer tiles than this leave a large GPU partly idle.
const FEWEST_TILES: u32 = 1024;
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
    /// Most workgroups in one direction.
    pub max_workgroups: u32,
    /// Number, of all batches of orientations of all sources, of the first one on the device.
    /// Numbers wrap around; a run of batches divides 2³².
    pub batch_base: u32,
    /// Number of the last batch of all.
    pub last_batch: u32,
}

/// Terms per dispatch, tuned by what the last one took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    terms: f64,
}

impl Budget {
    /// Before the first dispatch.
    pub fn new() -> Budget {
        Budget { terms: FIRST_TERMS }
    }

    /// How many pieces of `terms` terms fit.
    fn fits(&self, terms: f64) -> u32 {
        // A float that is cast saturates.
        (self.terms / terms) as u32
    }

    /// Learns from a dispatch of `terms` terms that took `elapsed`.
    pub fn learn(&mut self, terms: f64, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64().max(1e-6);
        let fitting = terms * AIM.as_secs_f64() / seconds;
        // Not too fast up: a small dispatch says little about a large one.
        self.terms = fitting.clamp(self.terms / 8.0, self.terms * 4.0).max(1.0);
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
        let batch = LANES.min(self.orientations);
        let started = (cursor.source, cursor.orientation, cursor.view) != (0, 0, 0);
        if !started {
            // As many tiles as fit whole, but enough to fill the device, unless these would not
            // fit with a single batch of orientations.
            let whole = budget.fits(self.terms_of(1, self.sources, self.orientations, self.views));
            let batches = budget.fits(self.terms_of(1, 1, batch, self.views));
            let tiles = whole.max(batches.min(FEWEST_TILES)).max(1);
            cursor.block = tiles.min(self.tiles - cursor.tile);
        }
        let tiles = cursor.block;
        let (mut sources, mut orientations, mut views) = (1, self.orientations, self.views);
        if cursor.orientation == 0 && cursor.view == 0 {
            sources = budget.fits(self.terms_of(tiles, 1, orientations, views));
        }
        if sources == 0 || cursor.orientation > 0 || cursor.view > 0 {
            sources = 1;
            let left = self.orientations - cursor.orientation;
            let batches = budget.fits(self.terms_of(tiles, 1, batch, views));
            orientations = batches.saturating_mul(batch).min(left);
            if batches == 0 || cursor.view > 0 {
                orientations = batch.min(left);
                let fitting = budget.fits(self.terms_of(tiles, 1, orientations, 1));
                views = fitting.clamp(1, self.views - cursor.view);
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
            batches: self.orientations.div_ceil(LANES),
            last_batch: self.last_batch,
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
        fn every_term_is_in_exactly_one_slice(
            tiles in 1u32..3000,
            sources in 1u32..5,
            orientations in 1u32..300,
            views in 1u32..30,
            milliseconds in 1u64..5000,
        ) {
            let work = Work { tile_pixels: 256, tiles, sources, orientations, views, max_workgroups: 1000, batch_base: 0, last_batch: 0 };
            let (mut cursor, mut budget) = (Cursor::default(), Budget::new());
            let mut terms = 0.0;
            let mut started = 0;
            while let Some((slice, added)) = work.next(&mut cursor, &budget) {
                prop_assert!(slice.tile_start + slice.tile_count <= tiles);
                prop_assert!(slice.source_start + slice.source_count <= sources);
                prop_assert!(slice.orientation_start + slice.orientation_count <= orientations);
                prop_assert!(slice.view_start + slice.view_count <= views);
                prop_assert!(slice.tile_count.div_ceil(slice.tiles_per_row) <= 1000);
                started += slice.tile_count * slice.first;
                terms += added;
                budget.learn(added, Duration::from_millis(milliseconds));
            }
            prop_assert_eq!(terms, work.terms());
            prop_assert_eq!(started, tiles, "every tile starts from the background once");
        }
    }
}
