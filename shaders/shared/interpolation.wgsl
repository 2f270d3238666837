// The structure factor between reflections, by tricubic interpolation (PHYSICS §9). Mirrors
// src/physics/interpolation.rs; builds on structure_factor.wgsl.

// Six times the weights of the points at -1, 0, 1 and 2 for a cubic through all four, at t between 0
// and 1.
fn lagrange_weights(t: f32) -> vec4<f32> {
    let after = t - 1.0;
    let s = t * after;
    let middle = 6.0 - 3.0 * s; // 3 (t + 1) (2 - t)
    return vec4<f32>(fma(-s, after, s), -(middle * after), middle * t, fma(s, t, s));
}

// The polynomial of `coefficients`, constant first, at `t`.
fn cubic(coefficients: vec4<f32>, t: f32) -> f32 {
    return coefficients.x
        + t * (coefficients.y + t * (coefficients.z + t * coefficients.w));
}

// The cubic along l at place number `number`: for interpolation the grid holds its coefficients, not
// the structure factors that it goes through. One load fetches it.
fn stored_cubic(number: u32) -> vec4<f32> {
    if HALF_GRID {
        let pair = grid[number / 2u];
        let own = select(pair.xy, pair.zw, number % 2u == 1u);
        return vec4<f32>(unpack2x16float(own.x), unpack2x16float(own.y));
    }
    return bitcast<vec4<f32>>(grid[number]);
}

// Six times the structure factor in a plane of one h, from the four rows along k at `number` on. Each is
// added before the next is loaded, so that few numbers wait in registers.
fn plane_sum(number: u32, weights_k: vec4<f32>, t: f32) -> f32 {
    var sum = weights_k.x * cubic(stored_cubic(number), t);
    sum = fma(weights_k.y, cubic(stored_cubic(number + 1u), t), sum);
    sum = fma(weights_k.z, cubic(stored_cubic(number + 2u), t), sum);
    return fma(weights_k.w, cubic(stored_cubic(number + 3u), t), sum);
}

// Whether the list holds all 64 neighbours of an index whose cubics begin at `place`.
fn is_interpolated(model: Model, place: vec3<f32>) -> bool {
    let lowest = min(min(place.x, place.y), place.z);
    return lowest >= FIRST_PLACE + GRID_BORDER && all(place <= model.grid_inside);
}

// What tricubic_sum is multiplied by to be a structure factor.
const TRICUBIC_SCALE: f32 = 1.0 / 36.0;

// 36 times the structure factor `rest` from the place `whole` of the grid; that of the nearest reflection
// where the list does not hold all 64 neighbours.
fn tricubic_sum(model: Model, whole: vec3<f32>, rest: vec3<f32>) -> f32 {
    let base = floor(rest);
    let place = whole + base;
    let inside = is_interpolated(model, place);
    // Elsewhere t is made 0 or 1, so that one reflection has all the weight.
    let steepness = select(0x1p30, 1.0, inside);
    let t = saturate((rest - base) * steepness + (0.5 - 0.5 * steepness));
    let number = number_from_base(model, clamp(place, vec3<f32>(FIRST_PLACE), model.grid_last));
    let weights_k = lagrange_weights(t.y);
    let first = model.grid_base;
    let plane = model.grid_plane;
    let first_plane = plane_sum(number + first, weights_k, t.z);
    let weights_h = lagrange_weights(t.x);
    var sum = weights_h.x * first_plane;
    sum = fma(weights_h.y, plane_sum(number + (first + plane), weights_k, t.z), sum);
    sum = fma(weights_h.z, plane_sum(number + (first + 2u * plane), weights_k, t.z), sum);
    return fma(weights_h.w, plane_sum(number + (first + 3u * plane), weights_k, t.z), sum);
}
