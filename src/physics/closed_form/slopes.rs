//! How a smeared spot changes with everything that it is made of (PHYSICS §17): the spot's
//! derivatives, from its value back to the crystal, the spreads, the beam and the pixel.
//!
//! All vectors are in the crystal's frame, in which a spot's covariance is
//!
//! C = C₀ + Σσ_k²·(e_k × q)(e_k × q)ᵀ + b²·q·qᵀ + Σσ²·(f/λ)(f/λ)ᵀ + Σa·aᵀ
//!
//! with the mosaicity about the axes e_k, the bandwidth b, the divergence along the fields f, and the
//! area of the pixel. The offset is x = q − F·n, with the matrix F from an index to its vector and the
//! reflection n. It moves by q × u in half a segment of φ, over which the crystal turns by u.

use glam::{DMat3, DVec3};

use super::{ClosedForm, NARROW_SEGMENT, covariance, smeared_spot, sweep};
use crate::experiment::SpotMetric;
use crate::physics::lattice_factor::Lattice;
use crate::physics::symmetric::Symmetric;

/// The averages of φ and φ² times exp(−(exponent + slope·φ + curvature·φ²)) over −1 ≤ φ ≤ 1, where that
/// of the exponential alone is `mean`; `exp` gives the exponential of minus its argument. Both times any
/// factor that `mean` and `exp` have.
#[inline(always)]
pub fn segment_moments(
    [exponent, slope, curvature]: [f64; 3],
    mean: f64,
    exp: impl Fn(f64) -> f64,
) -> [f64; 2] {
    // By parts: the exponential's slope is −(slope + 2·curvature·φ) times it.
    let [first, last] = [-slope, slope].map(|rise| exp((exponent + rise + curvature).max(0.0)));
    let half_inverse = 0.5 / curvature.max(f64::MIN_POSITIVE);
    let once = -(slope * mean + 0.5 * (last - first)) * half_inverse;
    let square = (mean - slope * once - 0.5 * (first + last)) * half_inverse;
    // In a segment so short that the exponential is a straight line the digits would cancel. What the
    // next order would add to the largest derivative of a spot is 1e-12.
    const SHORT: f64 = NARROW_SEGMENT * NARROW_SEGMENT / 4.0;
    if curvature < SHORT {
        [-slope * mean / 3.0, mean / 3.0]
    } else {
        [once, square]
    }
}

/// The slopes of a spot's average F_latt²/N², at a fixed C₀ in its height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpotSlopes {
    /// The average itself.
    pub average: f64,
    /// To the offset.
    pub offset: DVec3,
    /// To how the offset moves in half a segment of φ.
    pub sweep: DVec3,
    /// To the covariance C.
    pub covariance: Symmetric,
}

impl SpotSlopes {
    /// Those of a spot with the `inverse` of its covariance, at an `offset` that moves by `sweep` in half
    /// a segment; of the average over the segment, and of the averages with φ and φ² in half segments
    /// ([`segment_moments`]).
    #[inline(always)]
    pub fn new(
        inverse: &Symmetric,
        offset: DVec3,
        sweep: DVec3,
        [mean, once, square]: [f64; 3],
    ) -> SpotSlopes {
        let (y, z) = (inverse.times(offset), inverse.times(sweep));
        let (to_offset, to_sweep) = (y * mean + z * once, y * once + z * square);
        let squares = Symmetric::product(to_offset, y) + Symmetric::product(to_sweep, z);
        SpotSlopes {
            average: mean,
            offset: -to_offset,
            sweep: -to_sweep,
            covariance: (squares + *inverse * -mean) * 0.5,
        }
    }

    /// Those of the spot of the reflection `nearest`, as [`smeared_spot`] has it, at the scattering
    /// vector `q` (1/m) of the laboratory and with the `displacements` of [`covariance`].
    pub fn of_reflection(
        form: &ClosedForm,
        index_of: &DMat3,
        q: DVec3,
        nearest: DVec3,
        displacements: &[DVec3],
    ) -> SpotSlopes {
        let (delta, moved) = (*index_of * q - nearest, sweep(form, index_of, q));
        let in_indices = covariance(form, index_of, q, displacements);
        let spot = smeared_spot(form, &in_indices, delta, moved);
        let in_frame = form.frame * in_indices * form.frame.transpose();
        let inverse = Symmetric::of(&in_frame.inverse());
        let offset = form.frame * delta;
        let moved = form.frame * moved * (form.segment_rad / 2.0);
        let parabola = [
            0.5 * offset.dot(inverse.times(offset)),
            offset.dot(inverse.times(moved)),
            0.5 * moved.dot(inverse.times(moved)),
        ];
        let exp = |x: f64| spot.height * (-x).exp();
        let [once, square] = segment_moments(parabola, spot.average, exp);
        SpotSlopes::new(&inverse, offset, moved, [spot.average, once, square])
    }
}

/// What smears the spots of all pixels alike, in the crystal's frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spreads {
    /// Variances of the rotation about each axis, rad².
    pub mosaic: DVec3,
    /// Variance of the wavelength, as a part of it.
    pub bandwidth: f64,
    /// Variances of the directions along each field, rad².
    pub divergence: [f64; 2],
    /// Steps of q per radian along each field, 1/m.
    pub fields: [DVec3; 2],
    /// The crystal's rotation over half a segment: the spindle times the angle.
    pub half_turn: DVec3,
}

impl Spreads {
    /// Those of `form` for a source with these fields (unit vectors) and `wavelength_m`, where
    /// `to_frame` turns the laboratory into the crystal's frame.
    pub fn new(
        form: &ClosedForm,
        to_frame: &DMat3,
        fields: [DVec3; 2],
        wavelength_m: f64,
    ) -> Spreads {
        let sigmas = DVec3::from_array(form.mosaic_sigmas_rad);
        Spreads {
            mosaic: sigmas * sigmas,
            bandwidth: form.bandwidth * form.bandwidth,
            divergence: form.divergence_sigma_rad.map(|sigma| sigma * sigma),
            fields: fields.map(|field| *to_frame * field * wavelength_m.recip()),
            half_turn: *to_frame * form.spindle * (form.segment_rad / 2.0),
        }
    }
}

/// The area of a flat sub-pixel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelArea {
    /// The directions of its edges.
    pub edges: [DVec3; 2],
    /// The direction that it is seen in.
    pub diffracted: DVec3,
    /// Standard deviation of the place along an edge over the distance and the wavelength, 1/m.
    pub scale: f64,
}

/// How a spot's average F_latt²/N² changes, at a fixed C₀ in its height. Sums over segments, sources
/// and sub-pixels may be taken of all but what depends on the pixel's place.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FrameSlopes {
    /// The average itself.
    pub average: f64,
    /// To the covariance.
    pub covariance: Symmetric,
    /// To the matrix F, by the offset.
    pub frame: DMat3,
    /// To a turn of the crystal with the axes of its spreads, per radian about the frame's axes.
    pub turn: DVec3,
    /// To the variances of the mosaicity.
    pub mosaic: DVec3,
    /// To the variance of the wavelength.
    pub bandwidth: f64,
    /// To the variances of the directions.
    pub divergence: [f64; 2],
    /// To the scattering vector.
    pub q: DVec3,
    /// What the area of the pixel adds.
    pub area: AreaSlopes,
}

/// How the average changes with what the area of a pixel depends on.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AreaSlopes {
    /// To the direction that the pixel is seen in.
    pub diffracted: DVec3,
    /// To a turn of its edges, per radian.
    pub edges: DVec3,
    /// To the logarithm of its size in standard deviations, which falls as those of the distance and
    /// the wavelength rise.
    pub size: f64,
}

impl FrameSlopes {
    /// From the slopes of a `spot` of the reflection `nearest` at the scattering vector `q`.
    #[inline(always)]
    pub fn new(
        spot: &SpotSlopes,
        q: DVec3,
        nearest: DVec3,
        spreads: &Spreads,
        area: Option<&PixelArea>,
    ) -> FrameSlopes {
        let c = spot.covariance;
        let Spreads {
            mosaic: m,
            bandwidth: b,
            half_turn,
            ..
        } = *spreads;
        // What mosaicity and bandwidth add to C is a quadratic form of q.
        let form = Symmetric {
            xx: b * c.xx + m.y * c.zz + m.z * c.yy,
            yy: b * c.yy + m.x * c.zz + m.z * c.xx,
            zz: b * c.zz + m.x * c.yy + m.y * c.xx,
            xy: (b - m.z) * c.xy,
            xz: (b - m.y) * c.xz,
            yz: (b - m.x) * c.yz,
        };
        let to_q = spot.offset + half_turn.cross(spot.sweep) + form.times(q) * 2.0;
        let mut turn = q.cross(to_q) + half_turn.cross(spot.sweep.cross(q));
        let mut divergence = [0.0; 2];
        let sides = spreads.fields.into_iter().zip(spreads.divergence);
        for (sum, (field, variance)) in divergence.iter_mut().zip(sides) {
            let to_field = c.times(field);
            *sum = field.dot(to_field);
            turn += field.cross(to_field) * (2.0 * variance);
        }
        let to_area = area.map_or(AreaSlopes::default(), |area| AreaSlopes::new(&c, area));
        if let Some(area) = area {
            turn += area.diffracted.cross(to_area.diffracted) + to_area.edges;
        }
        let [xx, yy, zz] = (q * q).to_array();
        let [xy, xz, yz] = [q.x * q.y * c.xy, q.x * q.z * c.xz, q.y * q.z * c.yz];
        FrameSlopes {
            average: spot.average,
            covariance: c,
            frame: DMat3::from_cols(
                spot.offset * -nearest.x,
                spot.offset * -nearest.y,
                spot.offset * -nearest.z,
            ),
            // As the crystal turns, all else turns the other way about it.
            turn: -turn,
            mosaic: DVec3::new(
                zz * c.yy + yy * c.zz - 2.0 * yz,
                zz * c.xx + xx * c.zz - 2.0 * xz,
                yy * c.xx + xx * c.yy - 2.0 * xy,
            ),
            bandwidth: xx * c.xx + yy * c.yy + zz * c.zz + 2.0 * (xy + xz + yz),
            divergence,
            q: to_q,
            area: to_area,
        }
    }

    /// To the logarithm of the wavelength, but for what follows from q.
    #[inline(always)]
    pub fn wavelength(&self, spreads: &Spreads) -> f64 {
        let [along, across] = spreads.divergence;
        let divergence = along * self.divergence[0] + across * self.divergence[1];
        -2.0 * divergence - self.area.size
    }
}

impl AreaSlopes {
    /// Where `c` is the slope to the covariance.
    #[inline(always)]
    fn new(c: &Symmetric, area: &PixelArea) -> AreaSlopes {
        let PixelArea {
            edges,
            diffracted,
            scale,
            ..
        } = *area;
        let mut sum = AreaSlopes::default();
        for edge in edges {
            let along = diffracted.dot(edge);
            let across = edge - diffracted * along;
            let to_across = c.times(across) * (2.0 * scale * scale);
            let ahead = to_across.dot(diffracted);
            sum.size += across.dot(to_across);
            sum.diffracted -= to_across * along + edge * ahead;
            sum.edges += edge.cross(to_across - diffracted * ahead);
        }
        sum
    }

    /// To the position of a sub-pixel in this direction at this distance, per m.
    #[inline(always)]
    pub fn position(&self, diffracted: DVec3, distance_m: f64) -> DVec3 {
        let ahead = diffracted.dot(self.diffracted) + self.size;
        (self.diffracted - diffracted * ahead) * distance_m.recip()
    }
}

/// How the spots of a Gaussian crystal change before they are smeared, as one number of the crystal
/// rises by 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ShapeRate {
    /// The covariance C₀ in the crystal's frame, 1/m².
    pub covariance: Symmetric,
    /// The logarithm of N²·√det C₀.
    pub height: f64,
}

/// How the spots of a Gaussian crystal change with its cell, its size and the factor on their width.
#[derive(Debug, Clone, PartialEq)]
pub struct ShapeRates {
    /// With K, by columns: A becomes (1 + K)·A, while the frame's axes stay.
    pub index: [ShapeRate; 9],
    /// With Na, Nb, Nc.
    pub cells: [ShapeRate; 3],
    /// With Nd, Ne, Nf.
    pub coupled_cells: [ShapeRate; 3],
    /// With the factor on the width.
    pub fudge: ShapeRate,
}

impl ShapeRates {
    /// Those of the spots of `lattice` that `form` smears.
    pub fn new(lattice: &Lattice, form: &ClosedForm) -> ShapeRates {
        let (frame, unsmeared) = (form.frame, form.unsmeared());
        // C₀ of the metric hkl is F·(NᵀN)⁻¹·Fᵀ: as F becomes F·(1 − K) or N becomes N·(1 + K).
        let shrinks = |k: DMat3, total: f64| {
            let lost = frame * k * unsmeared * frame.transpose();
            ShapeRate {
                covariance: Symmetric::of(&(lost + lost.transpose())) * -1.0,
                height: total - trace(&k),
            }
        };
        let element = |row: usize, column: usize| {
            let mut element = DMat3::ZERO;
            element.col_mut(column)[row] = 1.0;
            element
        };
        let still = ShapeRate::default();
        // The metric of reciprocal space: C₀ is c/N² in all directions.
        let isotropic = |rate: f64, total: f64| {
            let whole = frame * unsmeared * frame.transpose();
            ShapeRate {
                covariance: Symmetric::of(&whole) * rate,
                height: total + 1.5 * rate,
            }
        };
        let fudge = isotropic(-1.0 / lattice.fudge, 0.0);
        match lattice.spot_metric {
            SpotMetric::Reciprocal => ShapeRates {
                index: [still; 9],
                cells: lattice.cells.map(|own| isotropic(-2.0 / own, 2.0 / own)),
                coupled_cells: [still; 3],
                fudge,
            },
            SpotMetric::Index => {
                let inverse = lattice.metric.inverse();
                let of_cells = |places: &[(usize, usize)]| {
                    let changed = places.iter().map(|&(row, column)| element(row, column));
                    let k = inverse * changed.fold(DMat3::ZERO, |sum, own| sum + own);
                    shrinks(k, 2.0 * trace(&k))
                };
                ShapeRates {
                    index: std::array::from_fn(|at| shrinks(element(at % 3, at / 3), 0.0)),
                    cells: std::array::from_fn(|at| of_cells(&[(at, at)])),
                    coupled_cells: [(0, 1), (1, 2), (0, 2)]
                        .map(|(row, column)| of_cells(&[(row, column), (column, row)])),
                    fudge,
                }
            }
        }
    }
}

/// The sum of the diagonal.
fn trace(matrix: &DMat3) -> f64 {
    matrix.x_axis.x + matrix.y_axis.y + matrix.z_axis.z
}

#[cfg(test)]
mod tests;
