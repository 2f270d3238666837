//! What the derivatives of a scene take: which slots, in which bands of tiles, in how much of a device's memory.

use super::along::AT_ONCE;
use super::coordinates::{Coordinates, FormRates, Rows};
use super::{Asked, with_photons};
use crate::gpu::GpuRenderer;
use crate::gpu::layout::{MotionEntry, WeighingUniform};
use crate::gpu::passes::{Chunks, fitting};
use crate::gpu::scaling::{Scaling, largest_listed};
use crate::gpu::shaders::DerivativePart;
use crate::gpu::tiles::{TileSize, tile_places};
use crate::memory::Bytes;
use crate::scene::{Rates, Scene, SceneVector};

/// How derivatives of a scene are made.
pub struct Plan {
    pub size: TileSize,
    pub scaling: Scaling,
    pub coordinates: Coordinates,
    pub part: DerivativePart,
    /// Reflections to whose F there are slopes.
    pub reflections: usize,
    /// Tiles of a band, the last one's aside: as many as have room for their slots in one buffer, and for their
    /// weights in another, behind the sums of each F.
    pub band_tiles: usize,
}

impl Plan {
    pub fn new(
        gpu: &GpuRenderer,
        scene: &Scene,
        rates: &Rates,
        asked: &Asked,
        scaling: Scaling,
    ) -> Plan {
        let size = TileSize::of(scene);
        let coordinates = Coordinates::new(scene, rates, &scaling);
        let (rows, reflections) = match asked {
            Asked::Along(directions) => {
                let rows = directions.iter();
                let rows = rows.fold(Rows::default(), |rows, own| coordinates.rows(rows, own));
                (rows, 0)
            }
            Asked::All(reflections) => {
                let halo = scene.diffuse.is_some();
                (Rows { halo, ..Rows::ALL }, *reflections)
            }
        };
        let part = DerivativePart {
            rows,
            amplitudes: reflections > 0,
            scans: rows.crystal && rates.turns.len() > 1,
            spreads: match (rows.spread, &scene.closed_form) {
                (true, None) => rates.mosaic.len() as u8,
                _ => 0,
            },
        };
        let weights = gpu.largest_grid().saturating_sub(f_bytes(reflections));
        let slots = fitting(gpu.limit(), size.pixels() * bytes_per_pixel(part));
        Plan {
            size,
            scaling,
            coordinates,
            part,
            reflections,
            band_tiles: slots.min(fitting(weights, size.pixels() * size_of::<f32>())),
        }
    }

    /// Bytes of the slots of so many tiles.
    pub fn slot_bytes(&self, tiles: usize) -> usize {
        tiles * self.size.pixels() * bytes_per_pixel(self.part)
    }

    /// Bytes of the sums of F, and of the weights of so many tiles behind them.
    pub fn weighted_bytes(&self, tiles: usize) -> u64 {
        f_bytes(self.reflections) + (tiles * self.size.pixels() * size_of::<f32>()) as u64
    }

    /// Angular velocities of each orientation.
    fn velocities(&self) -> usize {
        3 * usize::from(self.part.scans) + usize::from(self.part.spreads)
    }
}

/// Bytes of a pixel's slots.
fn bytes_per_pixel(part: DerivativePart) -> usize {
    part.rows.places().count() * size_of::<[f32; 4]>()
}

/// Bytes of the sums of so many F: what is positive and what is negative.
pub fn f_bytes(reflections: usize) -> u64 {
    reflections as u64 * size_of::<[u64; 2]>() as u64
}

impl GpuRenderer {
    /// The buffers that [`GpuRenderer::derivative_images`] makes, and where directions move F those of
    /// [`GpuRenderer::derivative_along_f`]; what the driver keeps for itself is not known.
    pub fn derivative_images_memory(
        &self,
        scene: &Scene,
        rates: &Rates,
        directions: &[SceneVector],
    ) -> Bytes {
        let photons = with_photons(scene);
        let all: Vec<&SceneVector> = std::iter::once(&photons).chain(directions).collect();
        let moves_f = directions.iter().any(|own| !own.amplitudes.is_empty());
        let rendered = if moves_f { self.sums_memory(scene) } else { 0 };
        let own = self.derivative_memory(scene, rates, &Asked::Along(&all));
        Bytes((own + rendered) as u64)
    }

    /// The buffers that [`GpuRenderer::gradient`] makes, with respect to all F if `amplitudes`.
    pub fn gradient_memory(&self, scene: &Scene, rates: &Rates, amplitudes: bool) -> Bytes {
        let grid = scene.grid.as_ref().filter(|_| amplitudes);
        let reflections = grid.map_or(0, |grid| grid.amplitudes().len());
        Bytes(self.derivative_memory(scene, rates, &Asked::All(reflections)) as u64)
    }

    fn derivative_memory(&self, scene: &Scene, rates: &Rates, asked: &Asked) -> usize {
        let scaling = Scaling::new(scene, largest_listed(scene.grid.as_deref()));
        let plan = Plan::new(self, scene, rates, asked, scaling);
        let tiles = tile_places(scene, plan.size).len().min(plan.band_tiles);
        let [_, orientations] = Chunks::of(scene, self.limit()).largest(scene);
        let slots = plan.slot_bytes(tiles);
        let outcome = match asked {
            Asked::Along(_) => AT_ONCE * tiles * plan.size.pixels() * size_of::<f32>(),
            Asked::All(_) => slots / plan.size.pixels(),
        };
        let (sinks, read_back) = match self.leaves_derivatives_to_host() {
            true => (0, slots),
            false => {
                let motions = scene.panels.len() * size_of::<MotionEntry>();
                let uniform = size_of::<WeighingUniform>();
                (
                    uniform + tiles * size_of::<u32>() + motions + outcome,
                    outcome,
                )
            }
        };
        let diffuse = scene.diffuse.as_deref().filter(|_| plan.part.rows.halo);
        let forms = diffuse.map_or(0, |own| own.forms.len());
        let velocities = orientations * plan.velocities() * size_of::<[f32; 4]>()
            + forms * size_of::<FormRates>();
        let all = [
            self.scene_memory(scene, tiles),
            slots,
            plan.weighted_bytes(tiles) as usize,
            velocities.max(size_of::<[f32; 4]>()),
            sinks,
            read_back.max(f_bytes(plan.reflections) as usize),
        ];
        all.into_iter().sum()
    }
}
