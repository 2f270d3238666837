//! The solid angle of a pixel (PHYSICS §4).

use glam::DVec3;

/// Solid angle Ω in sr of a pixel of edge `pixel_size_m` at `distance_m` from the sample, in a
/// plane `close_distance_m` away. Point pixels have no size or tilt: Ω = 1/R², in 1/m².
#[inline(always)]
pub fn solid_angle(
    pixel_size_m: f64,
    close_distance_m: f64,
    distance_m: f64,
    point_pixels: bool,
) -> f64 {
    let inverse = 1.0 / distance_m;
    let inverse_square = inverse * inverse;
    if point_pixels {
        inverse_square
    } else {
        pixel_size_m * pixel_size_m * inverse_square * close_distance_m * inverse
    }
}

/// The derivative of [`solid_angle`] with respect to the position of the pixel, a vector, 1/m: in the
/// plane with this `normal`, seen in the direction `diffracted`.
#[inline(always)]
pub fn solid_angle_slope(
    pixel_size_m: f64,
    close_distance_m: f64,
    distance_m: f64,
    point_pixels: bool,
    normal: DVec3,
    diffracted: DVec3,
) -> DVec3 {
    let inverse = 1.0 / distance_m;
    let cube = inverse * inverse * inverse;
    if point_pixels {
        diffracted * (-2.0 * cube)
    } else {
        let area = pixel_size_m * pixel_size_m;
        (normal - diffracted * (3.0 * close_distance_m * inverse)) * (area * cube)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_fills_half_of_space() {
        // Pixels out to 100 times the distance: all but 1/√(1 + r²) of 2π, for a disc.
        let (pixel, close, reach) = (0.05, 1.0, 100.0);
        let steps = (reach / pixel) as i32;
        let mut total = 0.0;
        for i in -steps..steps {
            for j in -steps..steps {
                let (x, y) = ((f64::from(i) + 0.5) * pixel, (f64::from(j) + 0.5) * pixel);
                if x * x + y * y < reach * reach {
                    let distance = (x * x + y * y + close * close).sqrt();
                    total += solid_angle(pixel, close, distance, false);
                }
            }
        }
        let expected = std::f64::consts::TAU * (1.0 - 1.0 / (1.0 + reach * reach).sqrt());
        approx::assert_relative_eq!(total, expected, max_relative = 1e-3);
    }
}
