//! What a render takes of a device's memory.

use super::GpuRenderer;
use super::layout::{
    OrientationEntry, PanelEntry, PanelFactor, PlacedTile, PlacingUniform, SceneUniform,
    SliceUniform, SourceEntry, TileEntry,
};
use super::passes::Chunks;
use super::tiles::{TileSize, tile_places};
use crate::experiment::Panel;
use crate::memory::Bytes;
use crate::scene::Scene;

impl GpuRenderer {
    /// The buffers that [`GpuRenderer::render`] makes for `scene`, the readback buffer among them;
    /// what the driver keeps for itself is not known.
    pub fn memory(&self, scene: &Scene) -> Bytes {
        let size = TileSize::of(scene);
        let tiles = tile_places(scene, size).len().min(self.band_tiles(size));
        let [sources, orientations] = Chunks::of(scene, self.limit()).largest(scene);
        let sums = tiles * size.pixels() * size_of::<f32>();
        let half = self.options.half_structure_factors;
        let grid = scene
            .grid
            .as_ref()
            .map_or(0, |grid| grid.amplitudes().len());
        let pixels: usize = scene.panels.iter().map(Panel::pixels).sum();
        let all = [
            // The image, and the two sums that wait for it.
            3 * sums,
            // The photons in their places, and the readback buffer.
            2 * pixels * size_of::<f32>(),
            // What stands for the last digits of photons, and for pixels that are not rendered.
            2 * size_of::<u32>(),
            tiles * (size_of::<TileEntry>() + size_of::<PlacedTile>()),
            scene.panels.len() * (size_of::<PanelEntry>() + size_of::<PanelFactor>()),
            sources * size_of::<SourceEntry>(),
            orientations * size_of::<OrientationEntry>(),
            // Words, and one where there is no grid.
            (grid * if half { 2 } else { 4 }).next_multiple_of(4).max(4),
            size_of::<SceneUniform>() + size_of::<SliceUniform>() + size_of::<PlacingUniform>(),
        ];
        Bytes(all.into_iter().sum::<usize>() as u64)
    }
}
