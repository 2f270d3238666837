//! Displacements of atoms that differ with the direction.

use std::f64::consts::{PI, TAU};

use glam::DMat3;

/// An anisotropic displacement B = 8π²U, U the mean square displacements ⟨u uᵀ⟩ of an atom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnisotropicB {
    /// B along the axes of the cell's orientation, m².
    pub(super) b_m2: DMat3,
    /// Smallest and largest B of any direction, m².
    pub(super) extremes_m2: [f64; 2],
}

impl AnisotropicB {
    /// The displacement of mean squares `u_m2`, a symmetric matrix in m² along the axes of the
    /// cell's orientation; none where a mean square would be negative.
    pub fn of_mean_squares(u_m2: DMat3) -> Option<AnisotropicB> {
        let b_m2 = 8.0 * PI * PI * u_m2;
        let extremes_m2 = extreme_eigenvalues(&b_m2);
        (extremes_m2[0] >= 0.0 && extremes_m2[1].is_finite())
            .then_some(AnisotropicB { b_m2, extremes_m2 })
    }

    /// The displacement turned by `rotation`.
    pub fn turned(&self, rotation: &DMat3) -> AnisotropicB {
        AnisotropicB {
            b_m2: *rotation * self.b_m2 * rotation.transpose(),
            ..*self
        }
    }

    /// Largest B of any direction, m².
    pub fn largest_m2(&self) -> f64 {
        self.extremes_m2[1]
    }
}

/// Smallest and largest eigenvalue of a symmetric matrix. Source: Smith, *Commun. ACM* 4 (1961)
/// 168.
fn extreme_eigenvalues(matrix: &DMat3) -> [f64; 2] {
    let trace = |m: &DMat3| m.x_axis.x + m.y_axis.y + m.z_axis.z;
    let mean = trace(matrix) / 3.0;
    let rest = *matrix - DMat3::from_diagonal(glam::DVec3::splat(mean));
    let scale = (trace(&(rest * rest)) / 6.0).sqrt();
    if scale <= 1e-12 * mean.abs() {
        return [mean; 2];
    }
    let angle = ((rest * scale.recip()).determinant() / 2.0)
        .clamp(-1.0, 1.0)
        .acos()
        / 3.0;
    [angle + TAU / 3.0, angle].map(|angle| mean + 2.0 * scale * angle.cos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::rotation_xyz;
    use glam::DVec3;

    #[test]
    fn extremes_are_those_along_the_axes_of_the_ellipsoid() {
        let turned = rotation_xyz([0.3, -1.2, 2.0]);
        for axes in [[3.0, 1.0, 2.0], [5.0, 5.0, 0.5], [2.0, 2.0, 2.0]] {
            let u = turned * DMat3::from_diagonal(DVec3::from_array(axes)) * turned.transpose();
            let found = AnisotropicB::of_mean_squares(u).unwrap();
            let expected = [
                axes.into_iter().fold(f64::INFINITY, f64::min),
                axes.into_iter().fold(0.0, f64::max),
            ];
            for (found, expected) in found.extremes_m2.into_iter().zip(expected) {
                assert!(
                    (found / (8.0 * PI * PI) - expected).abs() < 1e-12,
                    "{axes:?}"
                );
            }
            assert_eq!(found.largest_m2(), found.extremes_m2[1]);
        }
        let none = DMat3::from_diagonal(DVec3::new(1.0, 1.0, -0.1));
        assert_eq!(AnisotropicB::of_mean_squares(none), None);
    }
}
