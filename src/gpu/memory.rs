//! What a render takes of a device's memory.

use super::GpuRenderer;
use super::layout::{
    OrientationEntry, PanelEntry, SceneUniform, SliceUniform, SourceEntry, TileEntry,
};
use super::tiles::{TileSize, tile_places};
use crate::memory::Bytes;
use crate::scene::Scene;

impl GpuRenderer {
    /// The buffers that [`GpuRenderer::render`] makes for `scene`, the image's way home among them;
    /// what the driver keeps for itself is not known.
    pub fn memory(&self, scene: &Scene) -> Bytes {
        let size = TileSize::of(scene);
        let tiles = tile_places(scene, size).len().min(self.band_tiles(size));
        let [sources, orientations] = self.chunks(scene);
        let sums = tiles * size.pixels() * size_of::<f32>();
        let half = self.options.half_structure_factors;
        let grid = scene
            .grid
            .as_ref()
            .map_or(0, |grid| grid.amplitudes().len());
        let all = [
            // The image, the two sums that wait for it, and the copy on its way home.
            4 * sums,
            tiles * size_of::<TileEntry>(),
            scene.panels.len() * size_of::<PanelEntry>(),
            scene.sources.len().min(sources) * size_of::<SourceEntry>(),
            scene.orientations.len().min(orientations) * size_of::<OrientationEntry>(),
            // Words, and one where there is no grid.
            (grid * if half { 2 } else { 4 }).next_multiple_of(4).max(4),
            size_of::<SceneUniform>() + size_of::<SliceUniform>(),
        ];
        Bytes(all.into_iter().sum::<usize>() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{
        Beam, Crystal, Description, Experiment, MosaicModel, Mosaicity, Placement, Reflection,
        StructureFactors,
    };
    use crate::geometry::UnitCell;
    use crate::gpu::{Adapter, GpuOptions, adapters};

    #[test]
    fn every_buffer_of_a_render_is_counted() {
        let adapters = adapters();
        let adapter = Adapter::choose(&adapters, "gpu").unwrap();
        let list = [[0, 0, 1], [3, 1, 2]].map(|index| Reflection {
            index,
            amplitude: 7.0,
        });
        let lists = [
            StructureFactors::constant(100.0),
            StructureFactors::from_reflections(&list, 1.0, crate::memory::Bytes(1 << 24)).unwrap(),
        ];
        for (structure_factors, half_structure_factors) in lists
            .into_iter()
            .flat_map(|list| [(list.clone(), false), (list, true)])
        {
            let cell = UnitCell::from_parameters([7e-9, 8e-9, 9e-9], [1.5, 1.6, 1.7]).unwrap();
            let experiment = Experiment::new(Description {
                beam: Beam::default(),
                crystal: Crystal {
                    cells: [5; 3],
                    mosaicity: Mosaicity {
                        model: MosaicModel::Cap { spread_rad: 0.01 },
                        domains: 70,
                        seed: 1,
                    },
                    ..Crystal::new(cell)
                },
                detector: Placement {
                    pixels: [50, 35],
                    ..Placement::default()
                }
                .place()
                .unwrap(),
                scan: Default::default(),
                sampling: Default::default(),
                structure_factors,
                background: Default::default(),
            });
            let scene = Scene::new(&experiment.unwrap()).unwrap();
            let options = GpuOptions {
                half_structure_factors,
                ..GpuOptions::default()
            };
            let gpu = GpuRenderer::new(adapter, options).unwrap();
            gpu.render(&scene, &mut |_| true).unwrap();
            let state = gpu.state.lock().unwrap();
            let [photons, pending] = state.sums.clone().unwrap();
            let held = [
                state.panels.size(),
                state.tiles.size(),
                state.sources.size(),
                state.orientations.size(),
                state.grid.size(),
                photons.size(),
                pending.size(),
                // On its way home.
                photons.size(),
                (size_of::<SceneUniform>() + size_of::<SliceUniform>()) as u64,
            ];
            assert_eq!(gpu.memory(&scene), Bytes(held.into_iter().sum()));
        }
    }
}
