// The Miller index of a scattering vector in one orientation of the crystal (PHYSICS §8): exact at
// the tile's centre, and a small difference from there. Mirrors src/physics/miller_index.rs and
// src/physics/scattering_vector.rs; builds on fixed_point.wgsl.

// An orientation, prepared for one tile: the Miller index at the tile's centre, and the rows that it
// changes with away from there.
struct Prepared {
    whole: vec3<f32>, // the whole part, less that of the grid's first place
    fraction: vec3<f32>,
    row_a: vec3<f32>, // a', b', c', Å
    row_b: vec3<f32>,
    row_c: vec3<f32>,
}

// One component of the scattering vector at the tile's centre, times index_scale.
fn centre_component(tile: Tile, source: Source, axis: u32) -> Wide {
    let along = product(factor(tile.digits[axis]), wide(source.digits[0]));
    return difference(along, wide(source.digits[1u + axis]));
}

// The scattering vector at the tile's centre, 1/Å.
fn centre_vector(index_scale: f32, qx: Wide, qy: Wide, qz: Wide) -> vec3<f32> {
    return vec3<f32>(wide_value(qx), wide_value(qy), wide_value(qz)) / index_scale;
}

// `orientation`, prepared for the tile whose centre is at the scattering vector (qx, qy, qz), for a
// grid of structure factors from `grid_min` on.
fn prepare(
    orientation: Orientation, index_scale: f32, grid_min: vec3<i32>, qx: Wide, qy: Wide, qz: Wide,
) -> Prepared {
    let digits = orientation.digits;
    let ax = factor(digits[0].xy);
    let ay = factor(digits[0].zw);
    let az = factor(digits[1].xy);
    let bx = factor(digits[1].zw);
    let by = factor(digits[2].xy);
    let bz = factor(digits[2].zw);
    let cx = factor(digits[3].xy);
    let cy = factor(digits[3].zw);
    let cz = factor(digits[4].xy);
    let h = fixed_dot(ax, ay, az, qx, qy, qz);
    let k = fixed_dot(bx, by, bz, qx, qy, qz);
    let l = fixed_dot(cx, cy, cz, qx, qy, qz);
    let a = vec3<f32>(factor_value(ax), factor_value(ay), factor_value(az));
    let b = vec3<f32>(factor_value(bx), factor_value(by), factor_value(bz));
    let c = vec3<f32>(factor_value(cx), factor_value(cy), factor_value(cz));
    return Prepared(
        vec3<f32>(vec3<i32>(h.whole, k.whole, l.whole) - grid_min),
        vec3<f32>(h.fraction, k.fraction, l.fraction),
        index_scale * a,
        index_scale * b,
        index_scale * c,
    );
}

// The change of the Miller index over a step of `turned` 1/Å.
fn index_step(prepared: Prepared, turned: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(
        dot(prepared.row_a, turned), dot(prepared.row_b, turned), dot(prepared.row_c, turned),
    );
}

// The Miller index `turned` 1/Å from the tile's centre, less the whole numbers at the centre.
//
// The step is summed up first, the fraction added last: near a reflection that last sum is exact.
// Compilers may begin the chain with the fraction instead, and RADV does, if the chain begins with a
// product. `nothing` is 0, but only the run knows.
fn index_rest(nothing: f32, prepared: Prepared, turned: vec3<f32>) -> vec3<f32> {
    return prepared.fraction + vec3<f32>(
        dot_from(nothing, prepared.row_a, turned),
        dot_from(nothing, prepared.row_b, turned),
        dot_from(nothing, prepared.row_c, turned),
    );
}

fn dot_from(start: f32, a: vec3<f32>, b: vec3<f32>) -> f32 {
    return fma(a.x, b.x, fma(a.y, b.y, fma(a.z, b.z, start)));
}

// The reflection nearest to `rest`, halves rounded down where the structure factor depends on it.
fn nearest_index(rest: vec3<f32>) -> vec3<f32> {
    if STRUCTURE_FACTORS == 0u {
        return round(rest);
    }
    return ceil(rest - 0.5);
}
