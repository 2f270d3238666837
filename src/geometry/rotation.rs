//! Rotations of the laboratory frame, right-handed, angles in radians.

use glam::{DMat3, DVec3};

/// The rotation by `angle_rad` about the unit vector `axis`.
pub fn rotation_about(axis: DVec3, angle_rad: f64) -> DMat3 {
    DMat3::from_axis_angle(axis, angle_rad)
}

/// The rotation Rz·Ry·Rx: first about the laboratory's x axis, then y, then z.
pub fn rotation_xyz([x_rad, y_rad, z_rad]: [f64; 3]) -> DMat3 {
    DMat3::from_rotation_z(z_rad) * DMat3::from_rotation_y(y_rad) * DMat3::from_rotation_x(x_rad)
}

/// The axes that [`rotation_xyz`] turns about as its angles change by 1 radian each.
pub fn rotation_xyz_rates([_, y_rad, z_rad]: [f64; 3]) -> [DVec3; 3] {
    let z = DMat3::from_rotation_z(z_rad);
    [
        z * DMat3::from_rotation_y(y_rad) * DVec3::X,
        z * DVec3::Y,
        DVec3::Z,
    ]
}

/// How the rotation exp(v×) of the rotation `vector` v turns as v moves by `change`: the ω for which
/// d exp(v×) = (ω×)·exp(v×), by the left Jacobian of the rotations.
pub fn rate_of_rotation(vector: DVec3, change: DVec3) -> DVec3 {
    let square = vector.length_squared();
    let angle = square.sqrt();
    // Both fractions cancel in a small rotation. The next terms of their series are θ⁴/720 and θ⁴/5040.
    let (once, twice) = if square < 1e-4 {
        (0.5 - square / 24.0, 1.0 / 6.0 - square / 120.0)
    } else {
        (
            (1.0 - angle.cos()) / square,
            (angle - angle.sin()) / (square * angle),
        )
    };
    let across = vector.cross(change);
    change + once * across + twice * vector.cross(across)
}

/// Whether `matrix` is a rotation, but for the rounding of numbers with six digits.
pub fn is_rotation(matrix: &DMat3) -> bool {
    const ROUNDING: f64 = 1e-5;
    let off = (matrix.transpose() * *matrix - DMat3::IDENTITY).to_cols_array();
    matrix.determinant() > 0.0 && off.into_iter().all(|element| element.abs() <= ROUNDING)
}

/// The angles about x, y and z (radians) from which [`rotation_xyz`] makes `rotation`.
pub fn angles_of(rotation: &DMat3) -> [f64; 3] {
    let [x_axis, y_axis, z_axis] = [rotation.x_axis, rotation.y_axis, rotation.z_axis];
    [
        y_axis.z.atan2(z_axis.z),
        (-x_axis.z).atan2(y_axis.z.hypot(z_axis.z)),
        x_axis.y.atan2(x_axis.x),
    ]
}

/// `radians` in degrees, without what the change of units adds behind the last digit.
pub fn degrees(radians: f64) -> f64 {
    let degrees = radians.to_degrees();
    let short = decimal(degrees, degrees.abs());
    match short.to_radians() == radians {
        true => short,
        false => degrees,
    }
}

/// The decimal of nine digits behind the point that `value` is but for the rounding of numbers of
/// this `size`; `value` itself where it is none.
pub fn decimal(value: f64, size: f64) -> f64 {
    let short = (value * 1e9).round() / 1e9;
    match (short - value).abs() <= 4.0 * f64::EPSILON * size {
        true => short,
        false => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rotations_are_right_handed() {
        let quarter = std::f64::consts::FRAC_PI_2;
        let turned = rotation_about(DVec3::Z, quarter) * DVec3::X;
        assert!(turned.abs_diff_eq(DVec3::Y, 1e-15));
        let turned = rotation_xyz([quarter, 0.0, quarter]) * DVec3::Y;
        assert!(turned.abs_diff_eq(DVec3::Z, 1e-15), "x comes before z");
    }

    #[test]
    fn sums_of_decimals_are_decimals() {
        assert_ne!(3.0 * 0.1, 0.3);
        assert_eq!(decimal(3.0 * 0.1, 0.3), 0.3);
        assert_eq!(decimal(0.1 + 0.2, 0.3), 0.3);
        let third = 1.0 / 3.0;
        assert_eq!(decimal(third, third), third);
        assert_eq!(degrees(10f64.to_radians()), 10.0);
        assert_eq!(degrees(1.0), 1f64.to_degrees());
    }

    proptest! {
        #[test]
        fn angles_give_their_rotation_back(x in -3.1..3.1, y in -1.5..1.5, z in -3.1..3.1) {
            let angles = angles_of(&rotation_xyz([x, y, z]));
            for (found, made) in angles.iter().zip([x, y, z]) {
                prop_assert!((found - made).abs() < 1e-12);
            }
        }
    }
}
