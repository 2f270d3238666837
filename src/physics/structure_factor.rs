//! The structure factor of the reflection nearest to a Miller index (PHYSICS §9).

use glam::DVec3;

use crate::experiment::ReflectionGrid;

/// Structure factor F of the reflection `nearest`, an index of whole numbers; `default_f` outside
/// the grid.
pub fn nearest_structure_factor(grid: &ReflectionGrid, default_f: f64, nearest: DVec3) -> f64 {
    // A float that does not fit saturates, and the grid does not reach that far.
    let index = nearest.to_array().map(|component| component as i32);
    grid.offset_of(index)
        .map_or(default_f, |offset| grid.amplitudes()[offset])
}
