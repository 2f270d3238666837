// How the factors of a view change with its place (PHYSICS §17): solid angle, polarisation, absorption.
// Mirrors the slopes in src/physics/{solid_angle,polarisation,absorption}.rs.

// The derivative of the logarithm of solid_angle with respect to the position, 1/m.
fn solid_angle_slope(
    normal: vec3<f32>, close_distance_m: f32, diffracted: vec3<f32>, distance_m: f32,
    point_pixels: bool,
) -> vec3<f32> {
    if point_pixels {
        return -2.0 / distance_m * diffracted;
    }
    return normal / close_distance_m - 3.0 / distance_m * diffracted;
}

// The derivative of `polarisation` with respect to the direction `diffracted`.
fn polarisation_slope(
    incident: vec3<f32>, electric: vec3<f32>, magnetic: vec3<f32>, diffracted: vec3<f32>,
    kahn_factor: f32,
) -> vec3<f32> {
    return dot(incident, diffracted) * incident
        - kahn_factor * (dot(diffracted, electric) * electric - dot(diffracted, magnetic) * magnetic);
}

// The derivative of the logarithm of absorbed_fraction with respect to the cosine.
fn absorbed_slope(optical_depth: f32, layer: u32, cos_normal: f32) -> f32 {
    if cos_normal <= 0.0 {
        return 0.0;
    }
    let path = optical_depth / cos_normal;
    return (f32(layer) - exp(-path) / one_minus_exp(path)) * path / cos_normal;
}

// The derivative of mean_depth with respect to the cosine.
fn mean_depth_slope(optical_depth: f32, cos_normal: f32) -> f32 {
    if cos_normal <= 0.0 {
        return 0.0;
    }
    let path = optical_depth / cos_normal;
    var by_path = 0.0;
    // The two fractions cancel in a thin layer.
    if path < 1.0 {
        let square = path * path;
        by_path = (-1.0 + square / 20.0 * (1.0 - square * (5.0 / 126.0) * (1.0 - square * (7.0 / 200.0)
            * (1.0 - square * (15.0 / 462.0))))) / 12.0;
    } else {
        let passed = exp(-path);
        let stopped = 1.0 - passed;
        by_path = passed / (stopped * stopped) - 1.0 / (path * path);
    }
    return -by_path * path / cos_normal;
}
