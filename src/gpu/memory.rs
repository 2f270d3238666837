//! What a render takes of a device's memory.

use super::GpuRenderer;
use super::entries::GridLayout;
use super::layout::{
    OrientationEntry, PanelEntry, SceneUniform, SliceUniform, SourceEntry, TileEntry,
};
use super::passes::Chunks;
use super::tiles::{TileSize, tile_places};
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
        let layout = GridLayout::of(scene, self.options.half_structure_factors);
        let grid = scene.grid.as_ref();
        let all = [
            // The image, the two sums that wait for it, and the readback buffer.
            4 * sums,
            tiles * size_of::<TileEntry>(),
            scene.panels.len() * size_of::<PanelEntry>(),
            sources * size_of::<SourceEntry>(),
            orientations * size_of::<OrientationEntry>(),
            // One element where there is no grid.
            grid.map_or(16, |grid| layout.bytes(grid) as usize),
            size_of::<SceneUniform>() + size_of::<SliceUniform>(),
        ];
        Bytes(all.into_iter().sum::<usize>() as u64)
    }
}
