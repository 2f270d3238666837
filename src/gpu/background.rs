//! What scatters beside the crystal, on the device: a pass before the terms.

use super::band::Band;
use super::buffers::{Scaling, check_size};
use super::dispatch::Pass;
use super::kernel::{Entry, Kernel};
use super::layout::{AmorphousEntry, PieceEntry};
use super::renderer::{State, Watch};
use super::shaders::Permutation;
use super::slices::Work;
use super::tiles::TileSize;
use super::{GpuError, GpuRenderer};
use crate::physics::amorphous::{Amorphous, ProfilePiece};
use crate::scene::Scene;

/// What scatters beside the crystal, ready to be added.
pub(super) struct Background {
    pipeline: wgpu::ComputePipeline,
    pieces: wgpu::Buffer,
    materials: wgpu::Buffer,
}

impl GpuRenderer {
    /// What scatters beside the crystal of `scene`, ready to be added.
    pub(super) fn background(
        &self,
        scene: &Scene,
        scaling: &Scaling,
        permutation: Permutation,
    ) -> Result<Background, GpuError> {
        let context = &self.context;
        let (pieces, materials) = entries(scene, scaling);
        let upload = |what, bytes: &[u8]| {
            check_size(
                context,
                context.largest_binding(),
                what,
                bytes.len() as u64,
                "give shorter tables to --background",
            )?;
            context.uploaded(what, bytes, wgpu::BufferUsages::STORAGE)
        };
        Ok(Background {
            pipeline: self
                .background_kernel()?
                .pipeline(context, permutation.of_background())?,
            pieces: upload("the scattering profiles", bytemuck::cast_slice(&pieces))?,
            materials: upload("the materials", bytemuck::cast_slice(&materials))?,
        })
    }

    fn background_kernel(&self) -> Result<&Kernel, GpuError> {
        if let Some(kernel) = self.background.get() {
            return Ok(kernel);
        }
        let kernel = Kernel::new(&self.context, Entry::Background)?;
        Ok(self.background.get_or_init(|| kernel))
    }

    /// Starts the sums of `band` from its background, with so many sources at a time.
    pub(super) fn add_background(
        &self,
        state: &mut State,
        band: &Band,
        background: &Background,
        per_source_chunk: usize,
        watch: Watch,
    ) -> Result<(), GpuError> {
        let mut fresh = true;
        for chunk in band.scene.sources.chunks(per_source_chunk) {
            let sources = self.sources(state, band.frame, chunk)?;
            let pass = Pass {
                name: "background kernel",
                kernel: self.background_kernel()?,
                pipeline: &background.pipeline,
                buffers: band.buffers(&sources, [&background.pieces, &background.materials]),
            };
            let work = Work {
                iterations: iterations(band.scene, band.frame.size),
                ..band.work(self, chunk.len(), 1)
            };
            // Next to the terms it takes no time, but a render may be stopped here, too.
            let mut part = |_| watch(0.0);
            self.dispatch(state, &pass, &work, fresh, &mut part)?;
            fresh = false;
        }
        Ok(())
    }
}

/// The pieces of all materials as the kernel reads them, one after the other, and the materials; at
/// least one of each, for there must be something to bind.
fn entries(scene: &Scene, scaling: &Scaling) -> (Vec<PieceEntry>, Vec<AmorphousEntry>) {
    let none = Amorphous {
        weight: 0.0,
        pieces: vec![ProfilePiece {
            start: 0.0,
            coefficients: [0.0; 4],
        }],
    };
    let materials = match &scene.amorphous[..] {
        [] => std::slice::from_ref(&none),
        some => some,
    };
    let mut pieces = Vec::new();
    let mut entries = Vec::new();
    for material in materials {
        entries.push(AmorphousEntry {
            first: pieces.len() as u32,
            count: material.pieces.len() as u32,
            weight: (material.weight / scaling.intensity) as f32,
        });
        pieces.extend(material.pieces.iter().map(|piece| PieceEntry {
            coefficients: piece.coefficients.map(|coefficient| coefficient as f32),
            start: piece.start as f32,
            padding: [0; 3],
        }));
    }
    (pieces, entries)
}

/// Loop iterations of a thread for one view of one source, no loop unrolled.
fn iterations(scene: &Scene, size: TileSize) -> u32 {
    let pixels = (size.per_thread * size.per_thread) as u32;
    let searches = scene.amorphous.iter().map(|material| {
        let pieces = material.pieces.len() as u32;
        2 + pieces.next_power_of_two().ilog2()
    });
    pixels * (1 + searches.sum::<u32>())
}
