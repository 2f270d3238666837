// The Miller index of a scattering vector in one orientation of the crystal (PHYSICS §8): exact at
// the tile's centre, and a small difference from there. Mirrors src/physics/miller_index.rs and
// src/physics/scattering_vector.rs; builds on fixed_point.wgsl.

// An orientation, prepared for one tile: the Miller index at the tile's centre, and the rows that it
// changes with away from there.
struct Prepared {
    whole: vec3<f32>, // place of the whole part on the grid of structure factors
    fraction: vec3<f32>,
    row_a: vec3<f32>, // a', b', c', Å
    row_b: vec3<f32>,
    row_c: vec3<f32>,
}

// One component of the scattering vector times index_scale, from that of the direction in which
// X-rays of `source` are scattered.
fn vector_component(direction: vec4<i32>, source: Source, axis: u32) -> Wide {
    let along = fixed_product(direction, wide(source.digits[0]));
    return fixed_difference(along, wide(source.digits[1u + axis]));
}

// One component of the scattering vector at the tile's centre, times index_scale.
fn centre_component(tile: Tile, source: Source, axis: u32) -> Wide {
    return vector_component(factor(tile.digits[axis]), source, axis);
}

// The scattering vector at the tile's centre, 1/Å.
fn centre_vector(index_scale: f32, qx: Wide, qy: Wide, qz: Wide) -> vec3<f32> {
    return vec3<f32>(wide_value(qx), wide_value(qy), wide_value(qz)) / index_scale;
}

// A Miller index split into whole numbers and the rest.
struct Index {
    whole: vec3<f32>, // as a place of the grid of structure factors
    fraction: vec3<f32>,
}

// The Miller index at the scattering vector (qx, qy, qz); that of place 0 is `grid_origin`.
fn index_at(
    orientation: Orientation, grid_origin: vec3<i32>, qx: Wide, qy: Wide, qz: Wide,
) -> Index {
    let digits = orientation.digits;
    let h = fixed_dot(factor(digits[0].xy), factor(digits[0].zw), factor(digits[1].xy), qx, qy, qz);
    let k = fixed_dot(factor(digits[1].zw), factor(digits[2].xy), factor(digits[2].zw), qx, qy, qz);
    let l = fixed_dot(factor(digits[3].xy), factor(digits[3].zw), factor(digits[4].xy), qx, qy, qz);
    return Index(
        vec3<f32>(vec3<i32>(h.whole, k.whole, l.whole) - grid_origin),
        vec3<f32>(h.fraction, k.fraction, l.fraction),
    );
}

// `orientation`, prepared for the tile whose centre is at the scattering vector (qx, qy, qz); the index
// of place 0 is `grid_origin`.
fn prepare(
    orientation: Orientation, index_scale: f32, grid_origin: vec3<i32>, qx: Wide, qy: Wide, qz: Wide,
) -> Prepared {
    let index = index_at(orientation, grid_origin, qx, qy, qz);
    let digits = orientation.digits;
    let a = row_value(digits[0].xy, digits[0].zw, digits[1].xy);
    let b = row_value(digits[1].zw, digits[2].xy, digits[2].zw);
    let c = row_value(digits[3].xy, digits[3].zw, digits[4].xy);
    return Prepared(
        index.whole, index.fraction, index_scale * a, index_scale * b, index_scale * c,
    );
}

// The vector of three Factors as the nearest float32.
fn row_value(x: vec2<u32>, y: vec2<u32>, z: vec2<u32>) -> vec3<f32> {
    return vec3<f32>(factor_value(factor(x)), factor_value(factor(y)), factor_value(factor(z)));
}

// The change of the Miller index over a step of `turned` 1/Å.
fn index_step(prepared: Prepared, turned: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(
        dot(prepared.row_a, turned), dot(prepared.row_b, turned), dot(prepared.row_c, turned),
    );
}

// The Miller index `turned` 1/Å from the tile's centre, less the whole numbers at the centre.
//
// The sums begin with the fraction, in an order that is written out: some compilers would take a
// plain sum in this order, which is the cheapest, and others not.
fn index_rest(prepared: Prepared, turned: vec3<f32>) -> vec3<f32> {
    return vec3<f32>(
        dot_from(prepared.fraction.x, prepared.row_a, turned),
        dot_from(prepared.fraction.y, prepared.row_b, turned),
        dot_from(prepared.fraction.z, prepared.row_c, turned),
    );
}

// start + a . b
fn dot_from(start: f32, a: vec3<f32>, b: vec3<f32>) -> f32 {
    return fma(a.z, b.z, fma(a.y, b.y, fma(a.x, b.x, start)));
}

// The reflection nearest to `rest`, halves rounded down where its structure factor counts.
fn nearest_index(rest: vec3<f32>) -> vec3<f32> {
    if STRUCTURE_FACTORS != 1u {
        return round(rest);
    }
    return ceil(rest - 0.5);
}
