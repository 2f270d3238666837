//! A frame cut into strips, which several devices share.

use std::sync::{Mutex, PoisonError};

use super::Monitor;
use crate::experiment::Region;

/// Regions of every panel that together are all of it, about `count` of them, along the longer
/// axis. They begin where tiles of any size do: a tile's pixels belong together.
pub fn strips_of(panels: impl Iterator<Item = [usize; 2]>, count: usize) -> Vec<Region> {
    const TILES: usize = 64;
    let largest = panels.fold([0; 2], |[fast, slow], panel| {
        [fast.max(panel[0]), slow.max(panel[1])]
    });
    let axis = usize::from(largest[1] >= largest[0]);
    let thickness = largest[axis].div_ceil(count).next_multiple_of(TILES);
    let starts = (0..largest[axis]).step_by(thickness.max(1));
    starts
        .map(|start| {
            let mut ranges = [[0, usize::MAX]; 2];
            ranges[axis] = [start, start + thickness - 1];
            let [fast, slow] = ranges;
            Region { fast, slow }
        })
        .collect()
}

/// One strip of a frame, told to the monitor of all of it.
pub struct StripOf<'a> {
    pub whole: &'a dyn Monitor,
    pub progress: &'a Mutex<Vec<f64>>,
    pub index: usize,
}

impl Monitor for StripOf<'_> {
    fn advanced(&self, part: f64) {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress[self.index] = part;
        let mean = progress.iter().sum::<f64>() / progress.len() as f64;
        self.whole.advanced(mean);
    }

    fn dispatched(&self, dispatch: &crate::gpu::Dispatch) {
        self.whole.dispatched(dispatch);
    }

    fn interrupted(&self) -> bool {
        self.whole.interrupted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_are_all_of_every_panel_and_begin_with_tiles() {
        for (panels, count, expected) in [
            (vec![[100, 100]], 8, 2),
            (vec![[4000, 4000]], 8, 8),
            (vec![[512, 128], [100, 60]], 4, 4),
            (vec![[3, 5]], 2, 1),
        ] {
            let strips = strips_of(panels.iter().copied(), count);
            assert_eq!(strips.len(), expected, "{panels:?}");
            for [width, height] in panels {
                for (fast, slow) in [
                    (0, 0),
                    (width - 1, 0),
                    (0, height - 1),
                    (width / 2, height / 2),
                ] {
                    let holding = strips.iter().filter(|strip| strip.contains(fast, slow));
                    assert_eq!(holding.count(), 1, "{fast} {slow}");
                }
            }
            for strip in strips {
                assert!(
                    strip.fast[0] % 64 == 0 && strip.slow[0] % 64 == 0,
                    "{strip:?}"
                );
            }
        }
    }
}
