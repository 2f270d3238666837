//! The scene as the kernels read it.

use bytemuck::Zeroable;

use super::GpuError;
use super::digits::{factor_digits, packed, wide_digits};
use super::layout::{
    AmorphousEntry, ModelUniform, OrientationEntry, PieceEntry, SceneUniform, SourceEntry,
};
use super::scaling::{Scaling, cell_edges};
use crate::experiment::{ReflectionGrid, Shape};
use crate::physics::amorphous::{Amorphous, ProfilePiece};
use crate::physics::lattice_factor::{Lattice, SPOT_WIDTH};
use crate::physics::spot_reach::spot_reach;
use crate::scene::{Orientation, Scene, SceneSource};
use crate::units::ANGSTROM_PER_METRE;

/// `HALF_WAVE` of `lattice_factor.wgsl`.
const HALF_WAVE: [f64; 4] = [0.999_999_85, 0.355_071_77, 0.065_126_13, 0.007_679_62];

/// How far from a reflection, along each axis, the kernel makes something of its spot. Gaussians
/// have no end, but float32 has.
fn finite_reach(lattice: &Lattice) -> [f32; 3] {
    /// From here on the square of exp(-g/0.63) is below the smallest number of float32.
    const GAUSSIAN_END: f64 = 33.0;
    let g = match lattice.shape {
        Shape::Square | Shape::Round => f64::INFINITY,
        Shape::Gauss => GAUSSIAN_END,
        Shape::TopHat => SPOT_WIDTH * SPOT_WIDTH,
    };
    // Spots without an end reach everywhere.
    let reach = spot_reach(lattice, g / lattice.fudge).to_array();
    reach.map(|reach| reach.min(f64::from(f32::MAX)) as f32)
}

/// The uniform of `scene`.
pub fn scene_uniform(scene: &Scene, scaling: &Scaling) -> SceneUniform {
    let lattice = &scene.lattice;
    let grid = scene.grid.as_ref();
    let first = scene.first_source;
    let limit = scene.scattering_vector_limit / ANGSTROM_PER_METRE;
    let [waves_h, waves_k, waves_l] = lattice
        .cells
        .map(|cells| HALF_WAVE.map(|c| (cells * c) as f32));
    let shape = grid.map_or([0; 3], |grid| bordered_shape(grid));
    let model = ModelUniform {
        cells: lattice.cells.map(|cells| cells as f32),
        fudge: lattice.fudge as f32,
        metric_h: lattice.metric.x_axis.as_vec3().to_array(),
        default_f: (scene.default_f * scaling.amplitude) as f32,
        metric_k: lattice.metric.y_axis.as_vec3().to_array(),
        metric_l: lattice.metric.z_axis.as_vec3().to_array(),
        edges: cell_edges(scene).map(|edge| edge as f32),
        spot_reach: finite_reach(lattice),
        grid_last: shape.map(|extent| extent.saturating_sub(1) as f32),
        grid_row: shape[2] as u32,
        grid_min: grid.map_or([0; 3], |grid| grid.min().map(|first| first - BORDER as i32)),
        grid_plane: (shape[1] * shape[2]) as u32,
        waves_h,
        waves_k,
        waves_l,
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
        no_bits: 0,
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
        let inverse_wavelength = 1.0 / (source.wavelength_m * ANGSTROM_PER_METRE);
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
    let per_metre = ANGSTROM_PER_METRE / scaling.index;
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

/// Places with the default F that the kernel's grid has beyond the outermost reflections, on either
/// side: an index beyond the grid is moved to the nearest of them, without a branch.
const BORDER: usize = 1;

/// Extent of the kernel's grid along h, k and l.
fn bordered_shape(grid: &ReflectionGrid) -> [usize; 3] {
    grid.shape().map(|extent| extent + 2 * BORDER)
}

/// How the kernel's grid holds F.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridLayout {
    /// As f16.
    pub half: bool,
    /// For interpolation, each place holds F of its own and of the three places behind it.
    pub in_rows: bool,
}

impl GridLayout {
    /// That of `scene`, as f16 where `half`.
    pub fn of(scene: &Scene, half: bool) -> GridLayout {
        GridLayout {
            half,
            in_rows: scene.interpolate,
        }
    }

    /// Numbers that a place holds.
    fn each(self) -> usize {
        if self.in_rows { 4 } else { 1 }
    }

    /// Bytes of the kernel's `grid`.
    pub fn bytes(self, grid: &ReflectionGrid) -> u64 {
        let places = bordered_shape(grid).into_iter().map(|extent| extent as u64);
        let numbers = places.product::<u64>() * self.each() as u64;
        if self.half {
            4 * numbers.div_ceil(2)
        } else {
            4 * numbers
        }
    }

    /// F of `grid` and `default_f` about it, times `amplitude`, as the kernel's words.
    pub fn words(self, grid: &ReflectionGrid, default_f: f64, amplitude: f64) -> Vec<u32> {
        let scaled = |f: f64| (f * amplitude) as f32;
        let [_, rows, columns] = grid.shape();
        let [planes, bordered_rows, bordered_columns] = bordered_shape(grid);
        let mut places = vec![scaled(default_f); planes * bordered_rows * bordered_columns];
        for (row, listed) in grid.amplitudes().chunks(columns).enumerate() {
            let plane = row / rows + BORDER;
            let start = (plane * bordered_rows + row % rows + BORDER) * bordered_columns + BORDER;
            for (place, &f) in places[start..].iter_mut().zip(listed) {
                *place = scaled(f);
            }
        }
        let each = self.each();
        // Nothing is read behind the last place.
        let number = |index: usize| {
            places
                .get(index / each + index % each)
                .copied()
                .unwrap_or(0.0)
        };
        let numbers = places.len() * each;
        if !self.half {
            return (0..numbers).map(|index| number(index).to_bits()).collect();
        }
        let bits = |index: usize| match index < numbers {
            true => u32::from(half::f16::from_f32(number(index)).to_bits()),
            false => 0,
        };
        let pairs = (0..numbers).step_by(2);
        pairs
            .map(|index| bits(index) | bits(index + 1) << 16)
            .collect()
    }
}

/// The pieces of all materials as the kernel reads them, one after the other, and the materials; at
/// least one of each, for there must be something to bind.
pub fn material_entries(
    amorphous: &[Amorphous],
    scaling: &Scaling,
) -> (Vec<PieceEntry>, Vec<AmorphousEntry>) {
    let none = Amorphous {
        weight: 0.0,
        pieces: vec![ProfilePiece {
            start: 0.0,
            coefficients: [0.0; 4],
        }],
    };
    let materials = match amorphous {
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
