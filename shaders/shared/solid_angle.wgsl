// The solid angle of a pixel (PHYSICS §4). Mirrors src/physics/solid_angle.rs.

fn solid_angle(
    pixel_size_m: f32,
    close_distance_m: f32,
    distance_m: f32,
    point_pixels: bool,
) -> f32 {
    let inverse_square = 1.0 / (distance_m * distance_m);
    if point_pixels {
        return inverse_square;
    }
    return pixel_size_m * pixel_size_m * inverse_square * close_distance_m / distance_m;
}
