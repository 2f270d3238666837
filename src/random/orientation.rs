//! Random rotations: as the C program draws them (PHYSICS §11), and uniform ones.

use std::f64::consts::{PI, TAU};

use glam::{DMat3, DQuat, DVec3};
use rand::Rng;

use super::{ParkMiller, PhiloxStream};
use crate::geometry::rotation_about;

/// A random rotation about an axis uniform on the sphere, by an angle of at most `spread_rad`
/// whose density grows as its square: three deviates of `generator`.
///
/// The angle's power and product are float32, as in the C program, so that a seed gives the
/// same orientation there and here.
pub fn random_rotation(generator: &mut ParkMiller, spread_rad: f64) -> DMat3 {
    let mut deviate = || 2.0 * f64::from(generator.uniform()) - 1.0;
    let (azimuth, height, depth) = (deviate(), deviate(), deviate());
    let radius = (1.0 - height * height).sqrt();
    let axis = DVec3::new(
        radius * (PI * azimuth).sin(),
        radius * (PI * azimuth).cos(),
        height,
    );
    let angle = spread_rad as f32 * ((1.0 - depth * depth) as f32).powf(1.0 / 3.0);
    rotation_about(axis, f64::from(angle))
}

/// The purpose in Philox's counter: no other purpose uses the same random words.
const ORIENTATION_PURPOSE: u32 = 0x6f72_6965;

/// A rotation that is as likely as any other: that of image number `image` under `seed`, whatever
/// other images there are.
///
/// Source: Shoemake, *Uniform random rotations*, Graphics Gems III (1992): a quaternion whose two
/// planes share its length as the roots of a uniform deviate and its rest.
pub fn uniform_rotation(seed: u64, image: u32) -> DMat3 {
    let mut stream = PhiloxStream::new(seed, image, 0, ORIENTATION_PURPOSE);
    // 53 bits: as many as float64 has digits for.
    let mut uniform = || (stream.next_u64() >> 11) as f64 * (0.5 / (1u64 << 52) as f64);
    let (share, first, second) = (uniform(), TAU * uniform(), TAU * uniform());
    let (rest, root) = ((1.0 - share).sqrt(), share.sqrt());
    let quaternion = DQuat::from_xyzw(
        rest * first.sin(),
        rest * first.cos(),
        root * second.sin(),
        root * second.cos(),
    );
    DMat3::from_quat(quaternion.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uniform_rotations_favour_no_direction_and_no_angle() {
        const COUNT: u32 = 20_000;
        let (mut sums, mut squares, mut below) = ([0.0; 9], [0.0; 9], 0);
        for image in 0..COUNT {
            let rotation = uniform_rotation(11, image);
            assert!((rotation.determinant() - 1.0).abs() < 1e-12);
            for (index, element) in rotation.to_cols_array().into_iter().enumerate() {
                sums[index] += element;
                squares[index] += element * element;
            }
            // A part (θ − sin θ)/π of uniform rotations turns by less than θ: 0.1817 at 90°.
            let cosine = (rotation.x_axis.x + rotation.y_axis.y + rotation.z_axis.z - 1.0) / 2.0;
            below += u32::from(cosine > 0.0);
        }
        let count = f64::from(COUNT);
        // An element is a component of a uniform unit vector: mean 0, mean square 1/3, of which the
        // variance is 4/45.
        let five_sigmas = |variance: f64| 5.0 * (variance / count).sqrt();
        for (sum, square) in sums.into_iter().zip(squares) {
            assert!((sum / count).abs() < five_sigmas(1.0 / 3.0));
            assert!((square / count - 1.0 / 3.0).abs() < five_sigmas(4.0 / 45.0));
        }
        let expected = (PI / 2.0 - 1.0) / PI;
        let found = f64::from(below) / count;
        assert!(
            (found - expected).abs() < five_sigmas(expected * (1.0 - expected)),
            "{found}"
        );
    }

    #[test]
    fn an_image_has_its_own_rotation() {
        assert_eq!(uniform_rotation(7, 3), uniform_rotation(7, 3));
        assert_ne!(uniform_rotation(7, 3), uniform_rotation(7, 4));
        assert_ne!(uniform_rotation(7, 3), uniform_rotation(8, 3));
    }
}
