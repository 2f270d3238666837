//! The scene as the kernel reads it, and what of it is on the device already.

use std::sync::Arc;

use bytemuck::Zeroable;

use super::GpuError;
use super::context::Context;
use super::digits::{factor_digits, packed, wide_digits};
use super::layout::{ModelUniform, OrientationEntry, SceneUniform, SourceEntry};
use super::tiles::solid_angle_unit;
use crate::cpu::lattice_factor::SPOT_WIDTH;
use crate::experiment::{Panel, ReflectionGrid, Shape};
use crate::memory::Bytes;
use crate::scene::{Amorphous, Lattice, Orientation, Scene, SceneSource};

/// Ångström per metre.
pub const ANGSTROM: f64 = 1e10;

/// Factors taken out of the numbers on the device, so that these stay near 1 in float32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// A term's F²·F_latt² over this is what the device sums.
    pub intensity: f64,
    /// F is multiplied by this.
    pub amplitude: f64,
    /// Real-space vectors are over this many Å: a power of two, no less than the longest edge.
    pub index: f64,
}

impl Scaling {
    /// The factors for `scene`.
    pub fn of(scene: &Scene) -> Scaling {
        let listed = scene.grid.iter().flat_map(|grid| grid.amplitudes());
        let strongest = listed.fold(scene.default_f.abs(), |max, f| max.max(f.abs()));
        let strongest = if strongest > 0.0 { strongest } else { 1.0 };
        let total = scene.lattice.total;
        let amorphous = strongest_background(&scene.amorphous);
        let intensity = (strongest * total)
            .powi(2)
            .max(scene.background)
            .max(amorphous);
        // Rotated edges may come out longer in the last digit.
        let longest = cell_edges(scene).into_iter().fold(0.0, f64::max) * (1.0 + 1e-12);
        Scaling {
            intensity,
            amplitude: total / intensity.sqrt(),
            index: longest.log2().ceil().exp2(),
        }
    }

    /// What a value of `panel` on the device is multiplied by to become photons.
    pub fn photons(&self, scene: &Scene, panel: &Panel) -> f64 {
        scene.scale * self.intensity * solid_angle_unit(panel, scene.point_pixels)
    }
}

/// What the materials scatter at most, about: at an entry of their tables.
fn strongest_background(materials: &[Amorphous]) -> f64 {
    let strongest = materials.iter().map(|material| {
        let pieces = material.pieces.iter();
        let f = pieces.map(|piece| piece.coefficients[0].abs());
        material.weight * f.fold(0.0, f64::max).powi(2)
    });
    strongest.fold(0.0, f64::max)
}

/// Lengths of the cell's edges, Å: the same in every orientation.
fn cell_edges(scene: &Scene) -> [f64; 3] {
    let first = scene.orientations.first();
    let rows = first.map_or(glam::DMat3::IDENTITY, |first| first.index_of);
    let rows = rows.transpose();
    [rows.x_axis, rows.y_axis, rows.z_axis].map(|edge| edge.length() * ANGSTROM)
}

/// How far from a reflection, along each axis, the kernel makes something of its spot. Gaussians
/// have no end, but float32 has.
fn spot_reach(lattice: &Lattice) -> [f32; 3] {
    /// From here on the square of exp(-g/0.63) is below the smallest number of float32.
    const GAUSSIAN_END: f64 = 33.0;
    let g = match lattice.shape {
        Shape::Square | Shape::Round => f64::INFINITY,
        Shape::Gauss => GAUSSIAN_END,
        Shape::TopHat => SPOT_WIDTH * SPOT_WIDTH,
    };
    // Spots without an end reach everywhere.
    let reach = lattice.reach(g / lattice.fudge);
    reach.map(|reach| reach.min(f64::from(f32::MAX)) as f32)
}

/// The uniform of `scene`.
pub fn scene_uniform(scene: &Scene, scaling: &Scaling) -> SceneUniform {
    let lattice = &scene.lattice;
    let grid = scene.grid.as_ref();
    let first = scene.first_source;
    let limit = scene.scattering_vector_limit / ANGSTROM;
    let model = ModelUniform {
        cells: lattice.cells.map(|cells| cells as f32),
        fudge: lattice.fudge as f32,
        metric_h: lattice.metric.x_axis.as_vec3().to_array(),
        default_f: (scene.default_f * scaling.amplitude) as f32,
        metric_k: lattice.metric.y_axis.as_vec3().to_array(),
        metric_l: lattice.metric.z_axis.as_vec3().to_array(),
        edges: cell_edges(scene).map(|edge| edge as f32),
        spot_reach: spot_reach(lattice),
        grid_min: grid.map_or([0; 3], |grid| grid.min()),
        grid_shape: grid.map_or([0; 3], |grid| grid.shape().map(|extent| extent as i32)),
        ..ModelUniform::zeroed()
    };
    SceneUniform {
        model,
        first_incident: first.incident.as_vec3().to_array(),
        index_scale: scaling.index as f32,
        first_electric: first.electric.as_vec3().to_array(),
        scattering_limit_squared: (limit * limit) as f32,
        first_magnetic: first.magnetic.as_vec3().to_array(),
        kahn_factor: scene.kahn_factor.unwrap_or(0.0) as f32,
        background: (scene.background / scaling.intensity) as f32,
        layers: scene.layers,
        oversample: scene.oversample,
        padding: 0,
    }
}

/// The sources as the kernel reads them.
///
/// # Errors
/// [`GpuError::IndicesTooLarge`] when an index could leave the range of the digits.
pub fn source_entries(
    sources: &[SceneSource],
    scaling: &Scaling,
) -> Result<Vec<SourceEntry>, GpuError> {
    let entry = |source: &SceneSource| {
        let inverse_wavelength = 1.0 / (source.wavelength_m * ANGSTROM);
        let wavenumber = inverse_wavelength * scaling.index;
        let refused = GpuError::IndicesTooLarge(wavenumber);
        let wide = |value: f64| {
            let digits = wide_digits(value).ok_or(refused.clone())?;
            Ok(packed(&digits))
        };
        let [x, y, z] = (source.incident * wavenumber).to_array();
        Ok(SourceEntry {
            incident: source.incident.as_vec3().to_array(),
            inverse_wavelength: inverse_wavelength as f32,
            electric: source.electric.as_vec3().to_array(),
            weight: source.weight as f32,
            magnetic: source.magnetic.as_vec3().to_array(),
            padding: 0,
            digits: [wide(wavenumber)?, wide(x)?, wide(y)?, wide(z)?],
        })
    };
    sources.iter().map(entry).collect()
}

/// The orientations as the kernel reads them.
pub fn orientation_entries(
    orientations: &[Orientation],
    scaling: &Scaling,
) -> Vec<OrientationEntry> {
    let per_metre = ANGSTROM / scaling.index;
    let entry = |orientation: &Orientation| {
        // Column by column of the transpose: a' x y z, b' x y z, c' x y z.
        let rows = (orientation.index_of * per_metre)
            .transpose()
            .to_cols_array();
        let mut digits = [[0; 2]; 10];
        for (words, component) in digits.iter_mut().zip(rows) {
            *words = packed(&factor_digits(component));
        }
        OrientationEntry { digits }
    };
    orientations.iter().map(entry).collect()
}

/// F on the grid as float32 words, or as pairs of f16.
pub fn grid_words(grid: &ReflectionGrid, amplitude: f64, half: bool) -> Vec<u32> {
    let scaled = |f: &f64| (f * amplitude) as f32;
    if !half {
        return grid
            .amplitudes()
            .iter()
            .map(|f| scaled(f).to_bits())
            .collect();
    }
    let bits = |f: &f64| u32::from(half::f16::from_f32(scaled(f)).to_bits());
    let pairs = grid.amplitudes().chunks(2);
    pairs
        .map(|pair| bits(&pair[0]) | pair.get(1).map_or(0, bits) << 16)
        .collect()
}

/// A buffer on the device, and what it was made from.
#[derive(Debug)]
pub struct Held<K> {
    slot: Option<(K, wgpu::Buffer)>,
}

impl<K> Default for Held<K> {
    fn default() -> Held<K> {
        Held { slot: None }
    }
}

impl<K: PartialEq> Held<K> {
    /// Bytes of the buffer.
    #[cfg(test)]
    pub fn size(&self) -> u64 {
        let held = self.slot.as_ref();
        held.map_or(0, |(_, buffer)| buffer.size())
    }

    /// The buffer made from `key`: the one that is there already, or a new one of what `make`
    /// makes.
    ///
    /// # Errors
    /// As `make` and [`Context::buffer`].
    pub fn get<T: bytemuck::Pod>(
        &mut self,
        context: &Context,
        what: &'static str,
        key: K,
        make: impl FnOnce() -> Result<Vec<T>, GpuError>,
    ) -> Result<wgpu::Buffer, GpuError> {
        if let Some((held, buffer)) = &self.slot
            && *held == key
        {
            return Ok(buffer.clone());
        }
        // The old buffer goes first: both might not fit.
        self.slot = None;
        let contents = make()?;
        let bytes: &[u8] = bytemuck::cast_slice(&contents);
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
        let buffer = context.buffer(what, bytes.len() as u64, usage)?;
        context.upload(&buffer, bytes)?;
        self.slot = Some((key, buffer.clone()));
        Ok(buffer)
    }
}

/// A grid of F by identity, with how it is stored.
#[derive(Debug, Clone)]
pub struct GridKey {
    pub grid: Option<Arc<ReflectionGrid>>,
    pub amplitude: f64,
    pub half: bool,
}

impl PartialEq for GridKey {
    fn eq(&self, other: &GridKey) -> bool {
        let same = match (&self.grid, &other.grid) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        };
        same && (self.amplitude, self.half) == (other.amplitude, other.half)
    }
}

/// Refuses a buffer that a shader cannot use in one piece.
pub fn check_size(
    context: &Context,
    limit: u64,
    what: &'static str,
    needed: u64,
    advice: &'static str,
) -> Result<(), GpuError> {
    if needed <= limit {
        return Ok(());
    }
    let adapter = context.name().to_string();
    Err(GpuError::TooLarge {
        what,
        needed: Bytes(needed),
        adapter,
        limit: Bytes(limit),
        advice,
    })
}
