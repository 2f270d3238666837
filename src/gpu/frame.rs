//! What the device is given of a scene, whatever part of it is rendered.

use super::background::Background;
use super::buffers::{GridKey, Scaling, check_size, grid_words, scene_uniform};
use super::layout::{PanelEntry, SceneUniform, SliceUniform};
use super::renderer::{Detector, State};
use super::shaders::Permutation;
use super::tiles::{TileSize, panel_entries};
use super::{GpuError, GpuRenderer};
use crate::scene::Scene;

/// What every band of a render shares.
pub(super) struct Frame {
    pub size: TileSize,
    pub scaling: Scaling,
    /// Of the terms; `None` where the crystal does not scatter.
    pub pipeline: Option<wgpu::ComputePipeline>,
    pub background: Option<Background>,
    pub panels: wgpu::Buffer,
    pub grid: wgpu::Buffer,
    pub uniform: wgpu::Buffer,
    pub slice: wgpu::Buffer,
}

impl GpuRenderer {
    /// What all bands share.
    pub(super) fn frame(
        &self,
        state: &mut State,
        scene: &Scene,
        detector: &Detector,
    ) -> Result<Frame, GpuError> {
        let context = &self.context;
        let scaling = Scaling::of(scene);
        let half = self.options.half_structure_factors;
        let size = detector.2;
        let permutation = Permutation::of(scene, size, half);
        let scatters = scene.crystal_scatters();
        let pipeline = scatters.then(|| self.kernel.pipeline(context, permutation));
        let pipeline = pipeline.transpose()?;
        // Without terms, the flat background too has no other kernel to come from.
        let has_background = !scatters || !scene.amorphous.is_empty();
        let background = has_background.then(|| self.background(scene, &scaling, permutation));
        let background = background.transpose()?;
        let key = (detector.clone(), scene.point_pixels, scene.layers);
        let panels = state
            .panels
            .get::<PanelEntry>(context, "the panels", key, || Ok(panel_entries(scene)))?;
        let key = GridKey {
            grid: scene.grid.clone(),
            amplitude: scaling.amplitude,
            half,
        };
        let grid = state
            .grid
            .get(context, "the grid of structure factors", key, || {
                // A kernel without a grid still needs something to bind.
                let Some(grid) = scene.grid.as_ref() else {
                    return Ok(vec![0u32]);
                };
                let bytes = grid.amplitudes().len() as u64 * if half { 2 } else { 4 };
                let advice = "list fewer indices, or store them with --f16-structure-factors";
                let what = "the grid of structure factors";
                let limit = self
                    .options
                    .grid_limit
                    .unwrap_or_else(|| context.largest_binding());
                check_size(context, limit, what, bytes, advice)?;
                Ok(grid_words(grid, scaling.amplitude, half))
            })?;
        let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
        let uniform = context.buffer("the scene", size_of::<SceneUniform>() as u64, usage)?;
        context.queue.write_buffer(
            &uniform,
            0,
            bytemuck::bytes_of(&scene_uniform(scene, &scaling)),
        );
        let slice = context.buffer("the slice", size_of::<SliceUniform>() as u64, usage)?;
        Ok(Frame {
            size,
            scaling,
            pipeline,
            background,
            panels,
            grid,
            uniform,
            slice,
        })
    }
}
