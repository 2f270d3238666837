//! The unit cell: three real-space edges and their dual, the reciprocal basis.
//!
//! Source: International Tables for Crystallography, vol. B, §1.1.

use glam::{DMat3, DVec3};

use super::decimal;

/// Why three edges and three angles, or a reciprocal basis, are no unit cell.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CellError {
    /// An edge is zero, negative or not finite.
    #[error("cell edge {name} is {} Å; an edge must be a positive length", decimal(*length_angstrom, length_angstrom.abs()))]
    Edge {
        /// Which edge: `a`, `b` or `c`.
        name: char,
        /// The length that was given, in Å.
        length_angstrom: f64,
    },
    /// An angle lies outside the open interval from 0 to 180 degrees.
    #[error("cell angle {name} is {angle_deg}°; an angle must lie between 0 and 180°")]
    Angle {
        /// Which angle: `alpha`, `beta` or `gamma`.
        name: &'static str,
        /// The angle that was given, in degrees.
        angle_deg: f64,
    },
    /// The three angles cannot meet in one corner.
    #[error(
        "no cell has the angles {0:.6}, {1:.6}, {2:.6}°; each must be smaller than the sum of the \
         other two, and all three must add up to less than 360°"
    )]
    Angles(f64, f64, f64),
    /// The reciprocal basis vectors lie in a plane, or hold a number that is not finite.
    #[error(
        "the matrix is singular: a*, b* and c* must be three finite vectors that do not lie in one \
         plane"
    )]
    Singular,
    /// The volume cannot be told in float64.
    #[error("the cell's volume is {0} m³; its edges are too long or too short to compute with")]
    Volume(f64),
}

/// A unit cell in an orientation: edges a, b, c in m and the dual basis a*, b*, c* in 1/m, in
/// the laboratory frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UnitCell {
    real: DMat3,
    reciprocal: DMat3,
}

/// A cell flatter than this (volume over the product of its edges) is taken for singular: its
/// dual basis would have lost most of its digits.
const FLATTEST: f64 = 1e-9;

impl UnitCell {
    /// The cell with edges a, b, c (m) and angles α, β, γ (radians): a* along x, b* in the xy
    /// plane with positive y, c* with z = 1/c.
    ///
    /// # Errors
    /// [`CellError`] when an edge is not positive or the angles cannot meet in a corner.
    pub fn from_parameters(
        lengths_m: [f64; 3],
        angles_rad: [f64; 3],
    ) -> Result<UnitCell, CellError> {
        for (name, length) in ['a', 'b', 'c'].into_iter().zip(lengths_m) {
            if !(length > 0.0 && length.is_finite()) {
                let length_angstrom = length * 1e10;
                return Err(CellError::Edge {
                    name,
                    length_angstrom,
                });
            }
        }
        for (name, angle) in ["alpha", "beta", "gamma"].into_iter().zip(angles_rad) {
            if !(angle > 0.0 && angle < std::f64::consts::PI) {
                let angle_deg = angle.to_degrees();
                return Err(CellError::Angle { name, angle_deg });
            }
        }
        let [a, b, c] = lengths_m;
        let [cos_a, cos_b, cos_c] = angles_rad.map(f64::cos);
        let [sin_a, sin_b, sin_c] = angles_rad.map(f64::sin);
        let flatness_squared =
            1.0 - cos_a * cos_a - cos_b * cos_b - cos_c * cos_c + 2.0 * cos_a * cos_b * cos_c;
        if flatness_squared.is_nan() || flatness_squared <= FLATTEST * FLATTEST {
            let [alpha, beta, gamma] = angles_rad.map(f64::to_degrees);
            return Err(CellError::Angles(alpha, beta, gamma));
        }
        let volume = a * b * c * flatness_squared.sqrt();
        if !volume.is_normal() {
            return Err(CellError::Volume(volume));
        }
        let a_star = b * c * sin_a / volume;
        let b_star = a * c * sin_b / volume;
        let c_star = a * b * sin_c / volume;
        let cos_gamma_star = (cos_a * cos_b - cos_c) / (sin_a * sin_b);
        let cos_beta_star = (cos_a * cos_c - cos_b) / (sin_a * sin_c);
        let sin_gamma_star = (1.0 - cos_gamma_star * cos_gamma_star).sqrt();
        let sin_beta_star = (1.0 - cos_beta_star * cos_beta_star).sqrt();
        UnitCell::from_reciprocal(DMat3::from_cols(
            DVec3::new(a_star, 0.0, 0.0),
            DVec3::new(b_star * cos_gamma_star, b_star * sin_gamma_star, 0.0),
            DVec3::new(
                c_star * cos_beta_star,
                -c_star * sin_beta_star * cos_a,
                1.0 / c,
            ),
        ))
    }

    /// The cube of edge `edge_m`, its axes along x, y and z.
    pub(crate) fn cubic(edge_m: f64) -> UnitCell {
        UnitCell {
            real: DMat3::from_diagonal(DVec3::splat(edge_m)),
            reciprocal: DMat3::from_diagonal(DVec3::splat(1.0 / edge_m)),
        }
    }

    /// The cell with the reciprocal basis a*, b*, c* (1/m), the columns of `reciprocal`.
    ///
    /// # Errors
    /// [`CellError::Singular`] when the three vectors lie in a plane or are not finite.
    pub fn from_reciprocal(reciprocal: DMat3) -> Result<UnitCell, CellError> {
        let [a, b, c] = [reciprocal.x_axis, reciprocal.y_axis, reciprocal.z_axis];
        let box_volume = a.length() * b.length() * c.length();
        if !box_volume.is_normal() {
            return Err(CellError::Singular);
        }
        let volume = reciprocal.determinant();
        let flatness = (volume / box_volume).abs();
        if flatness.is_nan() || flatness <= FLATTEST {
            return Err(CellError::Singular);
        }
        let real = DMat3::from_cols(b.cross(c), c.cross(a), a.cross(b)) * volume.recip();
        if real.is_finite() {
            Ok(UnitCell { real, reciprocal })
        } else {
            Err(CellError::Singular)
        }
    }

    /// The cell, turned by `rotation`.
    pub fn rotated(&self, rotation: &DMat3) -> UnitCell {
        UnitCell {
            real: *rotation * self.real,
            reciprocal: *rotation * self.reciprocal,
        }
    }

    /// The cell whose edges have the directions of this one's and the lengths `lengths_m`.
    ///
    /// # Errors
    /// [`CellError::Singular`] when it cannot be told in float64.
    pub fn with_lengths(&self, lengths_m: [f64; 3]) -> Result<UnitCell, CellError> {
        let [a, b, c] = lengths_m;
        let UnitCell { real, .. } = self;
        let real = DMat3::from_cols(
            real.x_axis.normalize() * a,
            real.y_axis.normalize() * b,
            real.z_axis.normalize() * c,
        );
        UnitCell::from_reciprocal(real.inverse().transpose())
    }

    /// Real-space edges a, b, c, the columns of the matrix, in m.
    pub fn real(&self) -> &DMat3 {
        &self.real
    }

    /// Reciprocal-space basis a*, b*, c*, the columns of the matrix, in 1/m.
    pub fn reciprocal(&self) -> &DMat3 {
        &self.reciprocal
    }

    /// h a* + k b* + l c* of this index, 1/m.
    pub fn scattering_vector(&self, index: [i32; 3]) -> DVec3 {
        self.reciprocal * DVec3::from_array(index.map(f64::from))
    }

    /// Lengths of a, b and c in m.
    pub fn lengths_m(&self) -> [f64; 3] {
        [self.real.x_axis, self.real.y_axis, self.real.z_axis].map(DVec3::length)
    }

    /// Angles α, β, γ in radians.
    pub fn angles_rad(&self) -> [f64; 3] {
        let [a, b, c] = [self.real.x_axis, self.real.y_axis, self.real.z_axis];
        [b.angle_between(c), a.angle_between(c), a.angle_between(b)]
    }

    /// Whether α and β are right angles and γ is 120°, to a tenth of a degree.
    pub fn is_hexagonal(&self) -> bool {
        let differences = self.angles_rad().into_iter().zip([90.0, 90.0, 120.0]);
        differences
            .into_iter()
            .all(|(angle, ideal)| (angle.to_degrees() - ideal).abs() < 0.1)
    }

    /// Volume of the cell in m³.
    pub fn volume_m3(&self) -> f64 {
        self.real.determinant().abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    fn cell(lengths: [f64; 3], angles: [f64; 3]) -> Result<UnitCell, CellError> {
        UnitCell::from_parameters(lengths.map(|x| x * 1e-10), angles.map(f64::to_radians))
    }

    #[test]
    fn a_triclinic_cell_keeps_its_lengths_and_angles() {
        // nanoBragg.c makes 75.039 85.014 95.008 of these angles (PHYSICS §12).
        let made = cell([70.0, 80.0, 90.0], [75.0, 85.0, 95.0]).unwrap();
        for (found, given) in made.lengths_m().iter().zip([70.0, 80.0, 90.0]) {
            assert_relative_eq!(found * 1e10, given, max_relative = 1e-13);
        }
        for (found, given) in made.angles_rad().iter().zip([75.0, 85.0, 95.0]) {
            assert_relative_eq!(found.to_degrees(), given, max_relative = 1e-13);
        }
        let dual = made.real().transpose() * *made.reciprocal();
        assert!(dual.abs_diff_eq(DMat3::IDENTITY, 1e-13));
    }

    #[test]
    fn the_frame_has_a_star_along_x() {
        let made = cell([70.0, 80.0, 90.0], [75.0, 85.0, 95.0]).unwrap();
        let [a_star, b_star, c_star] = [
            made.reciprocal().x_axis,
            made.reciprocal().y_axis,
            made.reciprocal().z_axis,
        ];
        assert_eq!((a_star.y, a_star.z, b_star.z), (0.0, 0.0, 0.0));
        assert!(b_star.y > 0.0);
        assert_relative_eq!(c_star.z, 1.0 / 90e-10, max_relative = 1e-15);
    }

    #[test]
    fn impossible_cells_are_refused() {
        assert!(matches!(
            cell([10.0, 0.0, 10.0], [90.0; 3]),
            Err(CellError::Edge { name: 'b', .. })
        ));
        assert!(matches!(
            cell([10.0; 3], [90.0, 90.0, 180.0]),
            Err(CellError::Angle { name: "gamma", .. })
        ));
        assert!(matches!(
            cell([10.0; 3], [30.0, 30.0, 90.0]),
            Err(CellError::Angles(..))
        ));
        assert!(matches!(
            cell([1e-200; 3], [90.0; 3]),
            Err(CellError::Volume(_))
        ));
        let flat = DMat3::from_cols(DVec3::X, DVec3::Y, DVec3::X + DVec3::Y);
        assert_eq!(UnitCell::from_reciprocal(flat), Err(CellError::Singular));
        assert_eq!(
            UnitCell::from_reciprocal(DMat3::NAN),
            Err(CellError::Singular)
        );
    }
}
