// The part of the photons that a sensor layer stops, and how deep in it (PHYSICS §6). Mirrors
// src/physics/absorption.rs.

// 1 - exp(-x) for x >= 0, without the cancellation of a thin layer.
fn one_minus_exp(x: f32) -> f32 {
    if x < 0.5 {
        return x * (1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0
            * (1.0 - x / 6.0 * (1.0 - x / 7.0 * (1.0 - x / 8.0)))))));
    }
    return 1.0 - exp(-x);
}

// `optical_depth` is a layer's thickness over the attenuation depth.
fn absorbed_fraction(optical_depth: f32, layer: u32, cos_normal: f32) -> f32 {
    if cos_normal <= 0.0 {
        return 0.0;
    }
    let path = optical_depth / cos_normal;
    return exp(-f32(layer) * path) * one_minus_exp(path);
}

// Mean depth at which a layer stops photons, over its thickness.
fn mean_depth(optical_depth: f32, cos_normal: f32) -> f32 {
    if cos_normal <= 0.0 {
        return 0.0;
    }
    let path = optical_depth / cos_normal;
    // The two fractions cancel in a thin layer.
    if path < 1.0 {
        let square = path * path;
        return 0.5 - path / 12.0 * (1.0 - square / 60.0 * (1.0 - square / 42.0
            * (1.0 - square / 40.0 * (1.0 - square * (5.0 / 198.0)))));
    }
    let passed = exp(-path);
    return 1.0 / path - passed / (1.0 - passed);
}
