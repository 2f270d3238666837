// Weights of the tricubic interpolation (PHYSICS §9). Mirrors src/cpu/structure_factor.rs.

// Weights of the points at -1, 0, 1 and 2 for a cubic through all four, at t between 0 and 1.
fn lagrange_weights(t: f32) -> vec4<f32> {
    let before = t + 1.0;
    let after = t - 1.0;
    let beyond = t - 2.0;
    return vec4<f32>(
        -t * after * beyond / 6.0,
        before * after * beyond / 2.0,
        -before * t * beyond / 2.0,
        before * t * after / 6.0,
    );
}
