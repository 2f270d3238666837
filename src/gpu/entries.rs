//! The scene as the kernels read it.

use bytemuck::Zeroable;
use glam::{DMat3, DVec3};

use super::GpuError;
use super::digits::{factor_digits, packed, wide_digits};
use super::layout::{
    AmorphousEntry, ClosedFormUniform, HaloFormEntry, ModelUniform, OrientationEntry, PieceEntry,
    SceneUniform, SourceEntry, SymmetryUniform, TriangleUniform,
};
use super::scaling::{Scaling, cell_edges};
use crate::experiment::{ReflectionGrid, Shape};
use crate::physics::amorphous::{Amorphous, ProfilePiece};
use crate::physics::closed_form::ClosedForm;
use crate::physics::lattice_factor::{Lattice, SPOT_WIDTH};
use crate::physics::spot_reach::spot_reach;
use crate::scene::{Orientation, Scene, SceneSource};
use crate::units::ANGSTROM_PER_METRE;

/// `LEAST` of `lattice_factor.wgsl`.
const LEAST: f64 = 1e-12;

/// How far from a reflection, along each axis, the kernel makes something of its spot. Gaussians
/// have no end, but float32 has. Of a symmetric shape it is the farthest that any of its parts reaches.
pub fn finite_reach(scene: &Scene) -> [f32; 3] {
    let lattice = &scene.lattice;
    /// From here on the square of exp(-g/0.63) is below the smallest number of float32.
    const GAUSSIAN_END: f64 = 33.0;
    let g = match lattice.shape {
        Shape::Square | Shape::Round => f64::INFINITY,
        Shape::Gauss => GAUSSIAN_END,
        Shape::TopHat => SPOT_WIDTH * SPOT_WIDTH,
    };
    // Spots without an end reach everywhere.
    let reach = spot_reach(lattice, g / lattice.fudge);
    let turned = scene.symmetric_shape.iter().map(|operator| {
        let metric = lattice.metric * *operator;
        spot_reach(&Lattice { metric, ..*lattice }, g / lattice.fudge)
    });
    let reach = turned.fold(reach, glam::DVec3::max).to_array();
    reach.map(|reach| reach.min(f64::from(f32::MAX)) as f32)
}

/// What g is multiplied by to become the exponent of 1/2 that is a Gaussian spot.
fn spot_exponent_scale(lattice: &Lattice) -> f64 {
    lattice.fudge / (SPOT_WIDTH * std::f64::consts::LN_2)
}

/// The uniform of `scene`.
pub fn scene_uniform(scene: &Scene, scaling: &Scaling) -> SceneUniform {
    let lattice = &scene.lattice;
    let grid = scene.grid.as_ref();
    let first = scene.first_source;
    let limit = scene.scattering_vector_limit / ANGSTROM_PER_METRE;
    let spot = lattice.triangular_metric() * spot_exponent_scale(lattice).sqrt();
    let places = grid.map(|grid| GridLayout::of(scene, false).places(grid));
    let places = places.unwrap_or_default();
    let model = ModelUniform {
        cells: lattice.cells.map(|cells| cells as f32),
        fudge: lattice.fudge as f32,
        spot_h: [spot.x_axis.x, spot.y_axis.x, spot.z_axis.x].map(|term| term as f32),
        default_f: (scene.default_f * scaling.amplitude) as f32,
        spot_kl: [spot.y_axis.y, spot.z_axis.y, spot.z_axis.z].map(|term| term as f32),
        edges: cell_edges(scene).map(|edge| edge as f32),
        spot_reach: finite_reach(scene),
        grid_last: places.last,
        grid_row: places.row,
        grid_inside: places.inside,
        grid_plane: places.plane,
        grid_origin: places.origin,
        grid_base: places.base,
        least: lattice.cells.map(|cells| (cells * LEAST) as f32),
        ..ModelUniform::zeroed()
    };
    SceneUniform {
        model,
        first_incident: first.incident.as_vec3().to_array(),
        index_scale: scaling.index as f32,
        first_electric: first.electric.as_vec3().to_array(),
        // Shaders need not know infinities.
        scattering_limit_squared: (limit * limit).min(f32::MAX.into()) as f32,
        first_magnetic: first.magnetic.as_vec3().to_array(),
        kahn_factor: scene.kahn_factor.unwrap_or(0.0) as f32,
        background: (scene.background / scaling.intensity) as f32,
        layers: scene.layers,
        oversample: scene.oversample,
        no_bits: 0,
        damping: (-scene.b_factor * ANGSTROM_PER_METRE.powi(2) / 4f64.ln()) as f32,
        padding: [0; 3],
        closed_form: scene
            .closed_form
            .as_ref()
            .map_or(ClosedFormUniform::zeroed(), |form| {
                closed_form_uniform(form, scene.oversample)
            }),
    }
}

/// What smears the spots of a scene of so many sub-pixels per pixel edge.
fn closed_form_uniform(form: &ClosedForm, oversample: u32) -> ClosedFormUniform {
    let columns = |matrix: DMat3| {
        [matrix.x_axis, matrix.y_axis, matrix.z_axis]
            .map(|column| column.as_vec3().extend(0.0).to_array())
    };
    let sub_pixel = 1.0 / (12f64.sqrt() * f64::from(oversample));
    let mosaicity = DVec3::from_array(form.mosaic_sigmas_rad).length();
    ClosedFormUniform {
        mosaic: form.mosaic().map(|turn| columns(form.whitening * turn)),
        whitening: triangle(form.whitening),
        unwhitening: triangle(form.whitening.inverse()),
        spindle: form.spindle.as_vec3().to_array(),
        bandwidth: form.bandwidth as f32,
        divergence: form.divergence_sigma_rad.map(|sigma| sigma as f32),
        half_segment: (form.segment_rad / 2.0) as f32,
        sub_pixel: if form.pixel_average {
            sub_pixel as f32
        } else {
            0.0
        },
        turning: mosaicity.hypot(form.bandwidth) as f32,
        padding: [0; 3],
    }
}

/// An upper triangular `matrix`.
fn triangle(matrix: DMat3) -> TriangleUniform {
    let [x, y, z] = matrix.to_cols_array_2d();
    TriangleUniform {
        h: [x[0], y[0], z[0]].map(|term| term as f32),
        kl: [y[1], z[1], z[2]].map(|term| term as f32),
        ..TriangleUniform::zeroed()
    }
}

/// What depends on the symmetry of the crystal of `scene`.
pub fn symmetry_uniform(scene: &Scene) -> SymmetryUniform {
    let mut uniform = SymmetryUniform::zeroed();
    let columns = |operator: &DMat3| {
        [operator.x_axis, operator.y_axis, operator.z_axis]
            .map(|column| column.as_vec3().extend(0.0).to_array())
    };
    for (entry, operator) in uniform
        .operators
        .iter_mut()
        .zip(scene.symmetric_shape.iter())
    {
        *entry = columns(operator);
    }
    uniform.operator_count = scene.symmetric_shape.len() as u32;
    let Some(diffuse) = &scene.diffuse else {
        return uniform;
    };
    // The factors of hh, kk and ll in the quadratic form of a symmetric matrix, and those of kl, hl, hk.
    let factors = |form: &DMat3| {
        let [h, k, l] = form.to_cols_array_2d();
        let across = [k[2] + l[1], h[2] + l[0], h[1] + k[0]];
        [[h[0], k[1], l[2]], across].map(|factors| factors.map(|factor| factor as f32))
    };
    let total = scene.lattice.total;
    for (entry, form) in uniform.forms.iter_mut().zip(&diffuse.forms) {
        let [displacement, displacement_across] = factors(&form.displacement);
        let [correlation, correlation_across] = factors(&form.correlation);
        *entry = HaloFormEntry {
            displacement,
            strength: (form.strength / (total * total)) as f32,
            displacement_across,
            correlation,
            correlation_across,
            ..HaloFormEntry::zeroed()
        };
    }
    uniform.form_count = diffuse.forms.len() as u32;
    uniform.stencil = diffuse.stencil as u32;
    uniform.steps = diffuse.reflection_count() as u32;
    uniform
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

/// `FIRST_PLACE` of `structure_factor.wgsl`.
const FIRST_PLACE: i32 = 1 << 23;

/// How the kernel's grid holds F: h outermost, then l, then k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridLayout {
    /// Whether F are stored as f16, else as float32.
    pub half: bool,
    /// For interpolation, each place holds the coefficients of the cubic along l that four
    /// neighbours lie on.
    pub as_cubics: bool,
}

/// Where the places of the kernel's grid are, as its `Model` has them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct GridPlaces {
    last: [f32; 3],
    inside: [f32; 3],
    row: u32,
    plane: u32,
    origin: [i32; 3],
    base: u32,
}

impl GridLayout {
    /// The layout of the grid of `scene`, which holds f16 where `half`.
    pub fn of(scene: &Scene, half: bool) -> GridLayout {
        GridLayout {
            half,
            as_cubics: scene.interpolate,
        }
    }

    /// Places with the default F that the kernel's grid has beyond the outermost reflections, on
    /// either side: an index beyond is moved to them, without a branch. A cubic that begins one
    /// place further in goes through both reflections that such an index may be nearest to.
    fn border(self) -> usize {
        if self.as_cubics { 3 } else { 1 }
    }

    /// Numbers that a place holds.
    fn each(self) -> usize {
        if self.as_cubics { 4 } else { 1 }
    }

    /// Extent of the kernel's grid along h, k and l.
    fn shape(self, grid: &ReflectionGrid) -> [usize; 3] {
        let [planes, rows, columns] = grid.shape().map(|extent| extent + 2 * self.border());
        // The last places of a row begin no cubic.
        [planes, rows, columns + 1 - self.each()]
    }

    /// Where the places of `grid` are.
    pub fn places(self, grid: &ReflectionGrid) -> GridPlaces {
        let border = self.border() as i32;
        // A place stands for the first of the four that a cubic goes through.
        let further = self.each() as i32 / 4;
        let [_, row, columns] = self.shape(grid).map(|extent| extent as u32);
        let plane = row * columns;
        let first_word = (FIRST_PLACE as f32).to_bits();
        let beyond = |places: i32| grid.shape().map(|extent| (extent as i32 + places) as f32);
        GridPlaces {
            last: beyond(FIRST_PLACE + 2 * border - 1 - 3 * further),
            inside: beyond(FIRST_PLACE - 1),
            row,
            plane,
            origin: grid
                .min()
                .map(|first| first - border + further - FIRST_PLACE),
            base: 0u32
                .wrapping_sub(first_word.wrapping_mul(plane.wrapping_add(row).wrapping_add(1))),
        }
    }

    /// Bytes of the kernel's `grid`: whole elements of 16.
    pub fn bytes(self, grid: &ReflectionGrid) -> u64 {
        let places = self.shape(grid).into_iter().map(|extent| extent as u64);
        let numbers = places.product::<u64>() * self.each() as u64;
        16 * numbers.div_ceil(if self.half { 8 } else { 4 })
    }

    /// F of `grid` and `default_f` about it, times `amplitude`, as the kernel's words.
    pub fn words(self, grid: &ReflectionGrid, default_f: f64, amplitude: f64) -> Vec<u32> {
        let border = self.border() as i32;
        let [planes, rows, columns] = self.shape(grid);
        let amplitude_at = |place: [usize; 3]| {
            let mut index = grid.min();
            for (component, place) in index.iter_mut().zip(place) {
                *component += place as i32 - border;
            }
            let listed = grid.offset_of(index);
            listed.map_or(default_f, |place| grid.amplitudes()[place]) * amplitude
        };
        let mut numbers = Vec::with_capacity(self.bytes(grid) as usize / 4);
        for plane in 0..planes {
            for column in 0..columns {
                for row in 0..rows {
                    let at = |further: usize| amplitude_at([plane, row, column + further]);
                    if self.as_cubics {
                        numbers.extend(cubic_through([0, 1, 2, 3].map(at)).map(|c| c as f32));
                    } else {
                        numbers.push(at(0) as f32);
                    }
                }
            }
        }
        let mut words: Vec<u32> = if self.half {
            let bits = |number: f32| u32::from(half::f16::from_f32(number).to_bits());
            let second = |pair: &[f32]| pair.get(1).copied().map_or(0, bits);
            let pairs = numbers.chunks(2);
            pairs
                .map(|pair| bits(pair[0]) | second(pair) << 16)
                .collect()
        } else {
            numbers.into_iter().map(f32::to_bits).collect()
        };
        words.resize(words.len().next_multiple_of(4), 0);
        words
    }
}

/// Coefficients, constant first, of the cubic in t that has these values at −1, 0, 1 and 2.
fn cubic_through([before, here, next, beyond]: [f64; 4]) -> [f64; 4] {
    [
        here,
        next - before / 3.0 - here / 2.0 - beyond / 6.0,
        (before + next) / 2.0 - here,
        (beyond - before) / 6.0 + (here - next) / 2.0,
    ]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_goes_through_its_four_values() {
        let values = [3.0, -1.0, 0.5, 7.0];
        let [a, b, c, d] = cubic_through(values);
        for (value, t) in values.into_iter().zip([-1.0, 0.0, 1.0, 2.0]) {
            assert!((a + t * (b + t * (c + t * d)) - value).abs() < 1e-14, "{t}");
        }
    }
}
