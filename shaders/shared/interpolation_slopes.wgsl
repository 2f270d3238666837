// How the interpolated structure factor changes with the Miller index (PHYSICS §17). Mirrors
// src/physics/interpolation.rs; builds on interpolation.wgsl.

// The derivatives of lagrange_weights with respect to t.
fn lagrange_slopes(t: f32) -> vec4<f32> {
    let after = t - 1.0;
    let s = t * after;
    let slope = t + after;
    let middle = 6.0 - 3.0 * s;
    return vec4<f32>(
        -slope * (after - 1.0) - s, 3.0 * slope * after - middle, middle - 3.0 * slope * t,
        slope * (t + 1.0) + s,
    );
}

// The derivative of `cubic` with respect to t.
fn cubic_slope(coefficients: vec4<f32>, t: f32) -> f32 {
    return coefficients.y + t * (2.0 * coefficients.z + t * (3.0 * coefficients.w));
}

// One row of plane_slopes.
fn row_slopes(number: u32, weight: f32, slope: f32, t: f32) -> vec3<f32> {
    let own = stored_cubic(number);
    let value = cubic(own, t);
    return vec3<f32>(weight * value, slope * value, weight * cubic_slope(own, t));
}

// Six times the structure factor in a plane of one h, as plane_sum has it, and its derivatives with respect
// to k and l.
fn plane_slopes(number: u32, weights: vec4<f32>, slopes: vec4<f32>, t: f32) -> vec3<f32> {
    let near = row_slopes(number, weights.x, slopes.x, t)
        + row_slopes(number + 1u, weights.y, slopes.y, t);
    let far = row_slopes(number + 2u, weights.z, slopes.z, t)
        + row_slopes(number + 3u, weights.w, slopes.w, t);
    return near + far;
}

// tricubic_sum, and its derivatives with respect to h, k and l; these are zero where one reflection has
// all the weight.
fn tricubic_slopes(model: Model, whole: vec3<f32>, rest: vec3<f32>) -> vec4<f32> {
    let base = floor(rest);
    let place = whole + base;
    let inside = is_interpolated(model, place);
    let steepness = select(0x1p30, 1.0, inside);
    let t = saturate((rest - base) * steepness + (0.5 - 0.5 * steepness));
    let held = clamp(place, vec3<f32>(FIRST_PLACE), model.grid_last);
    let number = number_from_base(model, held) + model.grid_base;
    let plane = model.grid_plane;
    let weights_k = lagrange_weights(t.y);
    let slopes_k = lagrange_slopes(t.y);
    let a = plane_slopes(number, weights_k, slopes_k, t.z);
    let b = plane_slopes(number + plane, weights_k, slopes_k, t.z);
    let c = plane_slopes(number + 2u * plane, weights_k, slopes_k, t.z);
    let d = plane_slopes(number + 3u * plane, weights_k, slopes_k, t.z);
    let weights = lagrange_weights(t.x);
    let slopes = lagrange_slopes(t.x);
    let along = weights.x * a + weights.y * b + weights.z * c + weights.w * d;
    let across = dot(slopes, vec4<f32>(a.x, b.x, c.x, d.x));
    return vec4<f32>(along.x, select(0.0, 1.0, inside) * vec3<f32>(across, along.yz));
}
