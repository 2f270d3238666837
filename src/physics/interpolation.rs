//! The structure factor between reflections, by tricubic interpolation (PHYSICS §9).

use glam::DVec3;

use super::miller_index::nearest_index;
use super::structure_factor::nearest_structure_factor;
use crate::experiment::ReflectionGrid;

/// Structure factor F at the fractional Miller index `hkl`, by four-point Lagrange interpolation
/// along each axis. Where the 64 points do not all lie in the grid, the nearest reflection's F.
pub fn tricubic_structure_factor(grid: &ReflectionGrid, default_f: f64, hkl: DVec3) -> f64 {
    let base = hkl.floor();
    let first = base
        .to_array()
        .map(|component| (component as i32).saturating_sub(1));
    let last = first.map(|index| index.saturating_add(3));
    let (Some(start), Some(_)) = (grid.offset_of(first), grid.offset_of(last)) else {
        return nearest_structure_factor(grid, default_f, nearest_index(hkl));
    };
    let [weights_h, weights_k, weights_l] = (hkl - base).to_array().map(lagrange_weights);
    let [_, extent_k, extent_l] = grid.shape();
    let mut sum = 0.0;
    for (i, weight_h) in weights_h.into_iter().enumerate() {
        for (j, weight_k) in weights_k.into_iter().enumerate() {
            let row = start + (i * extent_k + j) * extent_l;
            let along_l: f64 = grid.amplitudes()[row..row + 4]
                .iter()
                .zip(weights_l)
                .map(|(f, w)| f * w)
                .sum();
            sum += weight_h * weight_k * along_l;
        }
    }
    sum
}

/// F interpolated at a Miller index, with its derivatives.
#[derive(Debug, Clone, PartialEq)]
pub struct TricubicSlopes {
    /// F.
    pub value: f64,
    /// With respect to h, k, l.
    pub hkl: DVec3,
    /// With respect to the F of the grid: their places and weights, where the 64 points lie in the grid.
    pub weights: Option<Vec<(usize, f64)>>,
}

/// [`tricubic_structure_factor`] and its derivatives, which where the nearest reflection's F is taken are
/// 0 (PHYSICS §17).
pub fn tricubic_slopes(grid: &ReflectionGrid, default_f: f64, hkl: DVec3) -> TricubicSlopes {
    let base = hkl.floor();
    let first = base
        .to_array()
        .map(|component| (component as i32).saturating_sub(1));
    let last = first.map(|index| index.saturating_add(3));
    let (Some(start), Some(_)) = (grid.offset_of(first), grid.offset_of(last)) else {
        return TricubicSlopes {
            value: nearest_structure_factor(grid, default_f, nearest_index(hkl)),
            hkl: DVec3::ZERO,
            weights: None,
        };
    };
    let parts = (hkl - base).to_array();
    let ([h, k, l], slopes) = (parts.map(lagrange_weights), parts.map(lagrange_slopes));
    let [_, extent_k, extent_l] = grid.shape();
    let (mut value, mut by_hkl, mut weights) = (0.0, DVec3::ZERO, Vec::new());
    for i in 0..4 {
        for j in 0..4 {
            for m in 0..4 {
                let place = start + (i * extent_k + j) * extent_l + m;
                let f = grid.amplitudes()[place];
                let weight = h[i] * k[j] * l[m];
                value += weight * f;
                by_hkl += f * DVec3::new(
                    slopes[0][i] * k[j] * l[m],
                    h[i] * slopes[1][j] * l[m],
                    h[i] * k[j] * slopes[2][m],
                );
                weights.push((place, weight));
            }
        }
    }
    TricubicSlopes {
        value,
        hkl: by_hkl,
        weights: Some(weights),
    }
}

/// The derivatives of [`lagrange_weights`].
#[inline(always)]
pub fn lagrange_slopes(t: f64) -> [f64; 4] {
    [
        (t * (6.0 - 3.0 * t) - 2.0) / 6.0,
        (t * (3.0 * t - 4.0) - 1.0) / 2.0,
        (t * (2.0 - 3.0 * t) + 2.0) / 2.0,
        (3.0 * t * t - 1.0) / 6.0,
    ]
}

/// Weights of the points at −1, 0, 1 and 2 for a cubic through all four, at `t` between 0 and 1.
#[inline(always)]
pub fn lagrange_weights(t: f64) -> [f64; 4] {
    let (before, after, beyond) = (t + 1.0, t - 1.0, t - 2.0);
    [
        -t * after * beyond / 6.0,
        before * after * beyond / 2.0,
        -before * t * beyond / 2.0,
        before * t * after / 6.0,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Reflection, StructureFactors};

    fn cubic(h: f64, k: f64, l: f64) -> f64 {
        (1.0 + h - 0.5 * h * h + 0.1 * h.powi(3)) * (2.0 - k.powi(3)) + l * l * (h + k)
    }

    fn factors() -> StructureFactors {
        let mut list = Vec::new();
        for h in -2..=3 {
            for k in -3..=2 {
                for l in -2..=4 {
                    let amplitude = cubic(f64::from(h), f64::from(k), f64::from(l));
                    list.push(Reflection {
                        index: [h, k, l],
                        amplitude,
                    });
                }
            }
        }
        StructureFactors::from_reflections(&list, -7.0, crate::memory::Bytes(1 << 24)).unwrap()
    }

    #[test]
    fn a_cubic_is_interpolated_exactly() {
        let factors = factors();
        for (h, k, l) in [(0.3, -0.7, 1.1), (1.99, 0.01, 2.5), (-0.999, 0.5, 0.0)] {
            let found =
                tricubic_structure_factor(factors.grid().unwrap(), 0.0, DVec3::new(h, k, l));
            assert!((found - cubic(h, k, l)).abs() < 1e-12);
        }
    }

    #[test]
    fn outside_the_list_the_nearest_reflection_stands_in() {
        let factors = factors();
        let grid = factors.grid().unwrap();
        assert_eq!(
            tricubic_structure_factor(grid, -7.0, DVec3::new(2.6, 0.2, 0.0)),
            cubic(3.0, 0.0, 0.0)
        );
        assert_eq!(
            tricubic_structure_factor(grid, -7.0, DVec3::new(9.0, 0.0, 0.0)),
            -7.0
        );
        assert_eq!(
            nearest_structure_factor(grid, -7.0, DVec3::splat(1e300)),
            -7.0
        );
        assert_eq!(
            nearest_index(DVec3::new(0.5, -0.5, 1.51)),
            DVec3::new(0.0, -1.0, 2.0)
        );
    }
}
