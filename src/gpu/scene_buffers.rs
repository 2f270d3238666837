//! What the device holds of a scene, kept from one frame to the next.
//!
//! Every buffer remembers which array it was made from: not the array's values but its identity,
//! the allocation that an [`Arc`](std::sync::Arc) shares. Frames of a series share the arrays of
//! their layout, so only what moves is uploaded again.

use std::ops::Range;
use std::sync::Arc;

use super::GpuError;
use super::device::GpuDevice;
use super::entries::{
    GridLayout, material_entries, orientation_entries, scene_uniform, source_entries,
    symmetry_uniform,
};
use super::kept::{Identity, Kept};
use super::layout::{SceneUniform, SliceUniform, SymmetryUniform};
use super::scaling::{Scaling, largest_listed};
use super::tiles::{TilePlace, TileSize, panel_entries, tile_entries, tile_places};
use crate::experiment::{Panel, ReflectionGrid, Region};
use crate::memory::Bytes;
use crate::physics::amorphous::Amorphous;
use crate::scene::{Orientation, Scene, SceneSource};

/// The buffers of one scene at a time.
#[derive(Debug, Default)]
pub struct SceneBuffers {
    largest_listed: Kept<Option<Identity<ReflectionGrid>>, f64>,
    places: Kept<TilesKey, Arc<[TilePlace]>>,
    panels: Kept<(Identity<[Panel]>, bool, u32), wgpu::Buffer>,
    tiles: Kept<(TilesKey, Range<usize>), wgpu::Buffer>,
    sources: Kept<PartKey<SceneSource>, wgpu::Buffer>,
    orientations: Kept<PartKey<Orientation>, wgpu::Buffer>,
    grid: Kept<GridKey, wgpu::Buffer>,
    materials: Kept<(Identity<[Amorphous]>, Scaling), [wgpu::Buffer; 2]>,
    uniform: Kept<(), wgpu::Buffer>,
    slice: Kept<(), wgpu::Buffer>,
    symmetry: Kept<(), wgpu::Buffer>,
}

/// A grid, the default F about it, the scale of both, and how they are laid out.
type GridKey = (Option<Identity<ReflectionGrid>>, f64, f64, GridLayout);

/// A part of an array, and the scaling of its numbers.
type PartKey<T> = (Identity<[T]>, Range<usize>, Scaling);

/// What the tiles depend on.
pub type TilesKey = (Identity<[Panel]>, Option<Region>, TileSize, [u32; 2]);

/// The buffers that all passes of a render bind.
#[derive(Debug)]
pub struct CommonBuffers {
    /// The scene.
    pub uniform: wgpu::Buffer,
    /// The slice of a dispatch.
    pub slice: wgpu::Buffer,
    pub panels: wgpu::Buffer,
    pub grid: wgpu::Buffer,
    /// The crystal's symmetry.
    pub symmetry: wgpu::Buffer,
}

impl SceneBuffers {
    /// Whether the largest parts of `scene` are here already: the grid of F and the tiles.
    pub fn hold(&self, scene: &Scene) -> bool {
        let grid = scene.grid.as_ref().map(Identity::of);
        self.grid.key().is_some_and(|(held, ..)| *held == grid)
            && self
                .places
                .key()
                .is_some_and(|(panels, ..)| *panels == Identity::of(&scene.panels))
    }

    /// The factors taken out of the numbers of `scene`.
    pub fn scaling(&mut self, scene: &Scene) -> Scaling {
        let grid = scene.grid.as_ref();
        let largest = self.largest_listed.get(grid.map(Identity::of), || {
            Ok::<_, std::convert::Infallible>(largest_listed(grid.map(AsRef::as_ref)))
        });
        let Ok(largest) = largest;
        Scaling::new(scene, largest)
    }

    /// The tiles of `scene`, in all bands.
    pub fn places(&mut self, scene: &Scene, size: TileSize) -> Arc<[TilePlace]> {
        let places = self.places.get(tiles_key(scene, size), || {
            Ok::<_, std::convert::Infallible>(tile_places(scene, size).into())
        });
        let Ok(places) = places;
        places
    }

    /// The buffers that all passes bind. `half` stores F as f16, and `limit` is the largest buffer
    /// for it, bytes.
    ///
    /// # Errors
    /// [`GpuError`] for a grid beyond the limit, and when the device refuses a buffer.
    pub fn common(
        &mut self,
        device: &GpuDevice,
        scene: &Scene,
        scaling: &Scaling,
        half: bool,
        limit: u64,
    ) -> Result<CommonBuffers, GpuError> {
        let key = (
            Identity::of(&scene.panels),
            scene.point_pixels,
            scene.layers,
        );
        let panels = self
            .panels
            .get(key, || stored(device, "the panels", &panel_entries(scene)))?;
        let grid = scene.grid.as_ref();
        let layout = GridLayout::of(scene, half);
        let key = (
            grid.map(Identity::of),
            scene.default_f,
            scaling.amplitude,
            layout,
        );
        let grid = self.grid.get(key, || {
            let what = "the grid of structure factors";
            // A kernel without a grid still needs something to bind.
            let Some(grid) = grid else {
                return stored(device, what, &[0u32; 4]);
            };
            let advice = "list fewer indices, or store them as f16";
            check_size(device, limit, what, layout.bytes(grid), advice)?;
            let words = layout.words(grid, scene.default_f, scaling.amplitude);
            stored(device, what, &words)
        })?;
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let uniform = |what, size: usize| device.buffer(what, size as u64, usage);
        let scene_buffer = self
            .uniform
            .get((), || uniform("the scene", size_of::<SceneUniform>()))?;
        let slice = self
            .slice
            .get((), || uniform("the slice", size_of::<SliceUniform>()))?;
        let symmetry = self
            .symmetry
            .get((), || uniform("the symmetry", size_of::<SymmetryUniform>()))?;
        device.upload(&symmetry, bytemuck::bytes_of(&symmetry_uniform(scene)))?;
        device.upload(
            &scene_buffer,
            bytemuck::bytes_of(&scene_uniform(scene, scaling)),
        )?;
        Ok(CommonBuffers {
            uniform: scene_buffer,
            slice,
            panels,
            grid,
            symmetry,
        })
    }

    /// The tiles of a band, of which `places` are all.
    ///
    /// # Errors
    /// [`GpuError`] when the device refuses the buffer; so with all methods that follow.
    pub fn tiles(
        &mut self,
        device: &GpuDevice,
        scene: &Scene,
        size: TileSize,
        places: &[TilePlace],
        band: Range<usize>,
    ) -> Result<wgpu::Buffer, GpuError> {
        let key = (tiles_key(scene, size), band.clone());
        self.tiles.get(key, || {
            stored(
                device,
                "the tiles",
                &tile_entries(scene, &places[band], size),
            )
        })
    }

    /// A part of the sources of `scene`.
    ///
    /// # Errors
    /// Also [`GpuError::IndicesTooLarge`].
    pub fn sources(
        &mut self,
        device: &GpuDevice,
        scene: &Scene,
        scaling: &Scaling,
        part: Range<usize>,
    ) -> Result<wgpu::Buffer, GpuError> {
        let key = (Identity::of(&scene.sources), part.clone(), *scaling);
        self.sources.get(key, || {
            stored(
                device,
                "the sources",
                &source_entries(&scene.sources[part], scaling)?,
            )
        })
    }

    /// A part of the orientations of `scene`.
    pub fn orientations(
        &mut self,
        device: &GpuDevice,
        scene: &Scene,
        scaling: &Scaling,
        part: Range<usize>,
    ) -> Result<wgpu::Buffer, GpuError> {
        let key = (Identity::of(&scene.orientations), part.clone(), *scaling);
        self.orientations.get(key, || {
            let entries = orientation_entries(&scene.orientations[part], scaling);
            stored(device, "the orientations", &entries)
        })
    }

    /// The pieces of the scattering profiles of `scene`, and its amorphous materials.
    ///
    /// # Errors
    /// Also [`GpuError::TooLarge`].
    pub fn materials(
        &mut self,
        device: &GpuDevice,
        scene: &Scene,
        scaling: &Scaling,
    ) -> Result<[wgpu::Buffer; 2], GpuError> {
        let key = (Identity::of(&scene.amorphous), *scaling);
        self.materials.get(key, || {
            let (pieces, materials) = material_entries(&scene.amorphous, scaling);
            let what = "the scattering profiles";
            let advice = "give shorter tables of amorphous materials";
            let (limit, size) = (device.largest_binding(), size_of_val(&pieces[..]) as u64);
            check_size(device, limit, what, size, advice)?;
            let pieces = stored(device, what, &pieces)?;
            Ok([pieces, stored(device, "the materials", &materials)?])
        })
    }

    /// Bytes of all buffers but the materials'.
    #[cfg(test)]
    pub fn size(&self) -> u64 {
        let buffers = [
            self.panels.held(),
            self.tiles.held(),
            self.sources.held(),
            self.orientations.held(),
            self.grid.held(),
            self.uniform.held(),
            self.slice.held(),
            self.symmetry.held(),
        ];
        buffers.into_iter().flatten().map(wgpu::Buffer::size).sum()
    }
}

/// What the tiles of `scene` depend on.
pub fn tiles_key(scene: &Scene, size: TileSize) -> TilesKey {
    let steps = [scene.oversample, scene.layers];
    (Identity::of(&scene.panels), scene.region, size, steps)
}

/// A buffer for kernels to read that holds `contents`.
pub fn stored<T: bytemuck::Pod>(
    device: &GpuDevice,
    what: &'static str,
    contents: &[T],
) -> Result<wgpu::Buffer, GpuError> {
    device.uploaded(what, contents, wgpu::BufferUsages::STORAGE)
}

/// Refuses a buffer that a shader cannot use in one piece.
pub fn check_size(
    device: &GpuDevice,
    limit: u64,
    what: &'static str,
    needed: u64,
    advice: &'static str,
) -> Result<(), GpuError> {
    if needed <= limit {
        return Ok(());
    }
    Err(GpuError::TooLarge {
        what,
        needed: Bytes(needed),
        adapter: device.name().to_string(),
        limit: Bytes(limit),
        advice,
    })
}
