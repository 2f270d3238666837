//! The F of the energy channels of an experiment, read when they are needed.

use std::sync::{Arc, OnceLock};

use super::memory;
use crate::experiment::ReflectionGrid;
use crate::scene::{Layout, SceneError};

/// The grid of one energy channel; `None` where every F is the default.
pub type Grid = Option<Arc<ReflectionGrid>>;

/// The grids of the energy channels of one layout, which are read for every frame, or kept for the
/// next.
#[derive(Debug, Default)]
pub struct Grids {
    /// By the place of the channel in [`Layout::channels`]; empty where none is kept.
    kept: Vec<OnceLock<Grid>>,
}

impl Grids {
    /// Grids that are kept, as far as there is room for those of all channels.
    pub fn keeping(layout: &Layout) -> Grids {
        Grids {
            kept: layout.channels().iter().map(|_| OnceLock::new()).collect(),
        }
    }

    /// The grid of the channel at `place`, if it is kept.
    pub fn kept(&self, place: usize) -> Option<&Grid> {
        self.kept.get(place)?.get()
    }

    /// The grid of the channel at `place` in `layout`.
    ///
    /// # Errors
    /// [`SceneError::Channel`] when its file cannot be read.
    pub fn read(&self, layout: &Layout, place: usize) -> Result<Grid, SceneError> {
        if let Some(grid) = self.kept(place) {
            return Ok(grid.clone());
        }
        let grid = layout.read_grid(layout.channels()[place])?;
        let values = grid.as_ref().map_or(0, |grid| grid.amplitudes().len());
        match self.kept.get(place) {
            Some(room) if memory::has_room_to_keep(values, self.kept.len()) => {
                Ok(room.get_or_init(|| grid).clone())
            }
            _ => Ok(grid),
        }
    }
}
