// The part of the photons that a sensor layer stops (PHYSICS §6). Mirrors src/physics/absorption.rs.

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
