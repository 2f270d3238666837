//! What a render takes of a device's memory.

use super::entries::GridLayout;
use super::frame::{COUNTERS, run_bytes};
use super::layout::{
    ExposureUniform, OrientationEntry, PackingUniform, PanelEntry, PanelFactor, PlacedTile,
    PlacingUniform, SceneUniform, SliceUniform, SourceEntry, SummingUniform, SymmetryUniform,
    TileEntry,
};
use super::passes::Chunks;
use super::tiles::{TileSize, tile_places};
use super::{AdapterKind, GpuRenderer};
use crate::experiment::Panel;
use crate::formats::encoding::Number;
use crate::image::noise::Noise;
use crate::memory::Bytes;
use crate::scene::Scene;

/// What a frame is for, which decides what it takes of a device.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FrameUse {
    /// Whether it is the sum of several scenes.
    pub several: bool,
    /// Whether its photons go to the host.
    pub photons: bool,
    /// How detectors read it out.
    pub readouts: Vec<(Noise, Number)>,
}

impl GpuRenderer {
    /// Whether photons had better be put in their places on the host: those that only go there, from a
    /// software device, which has no processor of its own.
    pub fn leaves_places_to_host(&self, wanted: &FrameUse) -> bool {
        let only_photons = wanted.photons && !wanted.several && wanted.readouts.is_empty();
        only_photons && self.device.kind() == AdapterKind::Software
    }

    /// The buffers that are made for frames of `scene`, those that the host reads among them; what the
    /// driver keeps for itself is not known.
    pub fn memory(&self, scene: &Scene, wanted: &FrameUse) -> Bytes {
        let size = TileSize::of(scene);
        let tiles = tile_places(scene, size).len().min(self.band_tiles(size));
        let frame = match self.leaves_places_to_host(wanted) {
            true => tiles * size.pixels() * size_of::<f32>(),
            false => self.frame_memory(scene, wanted, tiles),
        };
        Bytes((self.sums_memory(scene) + frame + self.scene_memory(scene, tiles)) as u64)
    }

    /// The sums of a band of tiles of `scene`, and the two that wait for each.
    pub(super) fn sums_memory(&self, scene: &Scene) -> usize {
        let size = TileSize::of(scene);
        let tiles = tile_places(scene, size).len().min(self.band_tiles(size));
        3 * tiles * size.pixels() * size_of::<f32>()
    }

    /// What a device holds of `scene`, of so many tiles at once.
    pub(super) fn scene_memory(&self, scene: &Scene, tiles: usize) -> usize {
        let [sources, orientations] = Chunks::of(scene, self.limit()).largest(scene);
        let layout = GridLayout::of(scene, self.options.half_structure_factors);
        let grid = scene.grid.as_ref();
        let all = [
            tiles * size_of::<TileEntry>(),
            scene.panels.len() * size_of::<PanelEntry>(),
            sources * size_of::<SourceEntry>(),
            orientations * size_of::<OrientationEntry>(),
            // One element where there is no grid.
            grid.map_or(16, |grid| layout.bytes(grid) as usize),
            size_of::<SceneUniform>() + size_of::<SliceUniform>() + size_of::<SymmetryUniform>(),
        ];
        all.into_iter().sum()
    }

    /// The buffers of a frame of `scene`, of so many tiles at once.
    fn frame_memory(&self, scene: &Scene, wanted: &FrameUse, tiles: usize) -> usize {
        let pixels: usize = scene.panels.iter().map(Panel::pixels).sum();
        let masked = scene.pixel_flags().is_some();
        let image = pixels * size_of::<f32>();
        // What goes to the host: photons, or their statistics, which are on the device, too.
        let host = match wanted.photons {
            true => image,
            false => 2 * run_bytes(pixels) + size_of::<SummingUniform>(),
        };
        let packed = |&(_, number): &(Noise, Number)| {
            (pixels * number.bytes()).next_multiple_of(4) + COUNTERS as usize
        };
        let readouts = wanted.readouts.iter();
        let largest = readouts.clone().map(packed).max();
        let read_out = largest.map_or(0, |largest| {
            let uniforms = size_of::<ExposureUniform>() + size_of::<PackingUniform>();
            image + largest + uniforms
        });
        let spreads = readouts.clone().any(|(noise, _)| noise.spread().is_some());
        let panels = scene.panels.iter().filter(|_| spreads);
        let plans = panels.filter_map(|panel| self.spread_plan(panel.shape).ok());
        let spread = plans.map(|plan| plan.memory());
        let all = [
            image,
            // One word stands for the last digits of photons, and one for pixels that are not rendered.
            if wanted.several { image } else { 4 },
            if masked { pixels.div_ceil(32) * 4 } else { 4 },
            tiles * size_of::<PlacedTile>(),
            scene.panels.len() * size_of::<PanelFactor>(),
            size_of::<PlacingUniform>(),
            host,
            read_out,
            readouts.map(packed).sum(),
            spread.max().map_or(0, |most| most.0 as usize),
        ];
        all.into_iter().sum()
    }
}
