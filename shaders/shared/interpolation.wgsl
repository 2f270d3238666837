// The structure factor between reflections, by tricubic interpolation (PHYSICS §9). Mirrors
// src/physics/interpolation.rs; builds on structure_factor.wgsl.

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

// The structure factor at the Miller index `whole_index` + `rest`; that of the nearest reflection
// where the grid does not hold all 64 neighbours.
fn tricubic_structure_factor(model: Model, whole_index: vec3<i32>, rest: vec3<f32>) -> f32 {
    let base = floor(rest);
    let first = whole_index + vec3<i32>(base) - vec3<i32>(1) - model.grid_min;
    if any(first < vec3<i32>(0)) || any(first + vec3<i32>(3) >= model.grid_shape) {
        return nearest_structure_factor(model, whole_index + vec3<i32>(ceil(rest - 0.5)));
    }
    let t = rest - base;
    let along_h = lagrange_weights(t.x);
    let along_k = lagrange_weights(t.y);
    let along_l = lagrange_weights(t.z);
    let corner = vec3<u32>(first);
    let shape = vec3<u32>(model.grid_shape);
    var sum = 0.0;
    for (var i = 0u; i < 4u; i++) {
        for (var j = 0u; j < 4u; j++) {
            let row = ((corner.x + i) * shape.y + corner.y + j) * shape.z + corner.z;
            let values = vec4<f32>(
                stored_structure_factor(row), stored_structure_factor(row + 1u),
                stored_structure_factor(row + 2u), stored_structure_factor(row + 3u),
            );
            sum += along_h[i] * along_k[j] * dot(along_l, values);
        }
    }
    return sum;
}
