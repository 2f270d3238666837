// The structure factor between reflections, by tricubic interpolation (PHYSICS §9). Mirrors
// src/physics/interpolation.rs; builds on structure_factor.wgsl.

// Six times the weights of the points at -1, 0, 1 and 2 for a cubic through all four, at t between 0
// and 1.
fn lagrange_weights(t: f32) -> vec4<f32> {
    let after = t - 1.0;
    let outer = t * t + t; // t (t + 1)
    let inner = after * after - after; // (t - 1) (t - 2)
    return vec4<f32>(-t * inner, (3.0 * t + 3.0) * inner, (6.0 - 3.0 * t) * outer, after * outer);
}

// The structure factor at the Miller index `whole` + `rest`, less that of the grid's first place; that
// of the nearest reflection where the list does not hold all 64 neighbours.
fn tricubic_structure_factor(model: Model, whole: vec3<f32>, rest: vec3<f32>) -> f32 {
    let base = floor(rest);
    let first = whole + (base - 1.0);
    // The outermost places of the grid are not of the list.
    if any(first < vec3<f32>(1.0)) || any(first > model.grid_last - 4.0) {
        return nearest_structure_factor(model, whole + ceil(rest - 0.5));
    }
    let t = rest - base;
    let along_h = lagrange_weights(t.x);
    let along_k = lagrange_weights(t.y);
    let along_l = lagrange_weights(t.z);
    let origin = place_number(model, first);
    var sum = 0.0;
    for (var i = 0u; i < 4u; i++) {
        var plane = 0.0;
        for (var j = 0u; j < 4u; j++) {
            let row = origin + i * model.grid_plane + j * model.grid_row;
            plane += along_k[j] * dot(along_l, stored_row(row));
        }
        sum += along_h[i] * plane;
    }
    return sum / 216.0;
}
