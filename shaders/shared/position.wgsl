// The position of a sub-pixel, on flat and curved panels (PHYSICS §3), as its small offset from the
// tile's centre. Mirrors src/physics/position.rs.

const TAU: f32 = 6.2831855;

// From the tile's centre to the corner of its pixel `pixel`, m along fast and slow.
fn pixel_corner(panel: Panel, pixel: vec2<u32>) -> vec2<f32> {
    return (vec2<f32>(pixel) - f32(GROUP * EDGE) / 2.0) * panel.pixel_size_m;
}

// The offset in m from the tile's centre to the point that is `along` m from it on the fast and slow
// axes of the flat panel, at `depth` m in the sensor.
fn offset(tile: Tile, panel: Panel, along: vec2<f32>, depth: f32) -> vec3<f32> {
    let flat = along.x * panel.fast + along.y * panel.slow + depth * panel.normal;
    if !CURVED {
        return flat;
    }
    if panel.curvature_m == 0.0 {
        return flat;
    }
    // A curved panel turns a flat position about its slow and then its fast axis, by the position's y
    // and z over the radius; an offset from the tile's centre, by the differences of these angles.
    let angle = flat.zy / panel.curvature_m;
    let first = turn(tile.centre, tile.slow, angle.y);
    return first + turn(tile.centre + first, panel.fast, angle.x);
}

// sin and 1 - cos of an angle, with relative accuracy near zero, which the hardware's lack: series
// of a quarter of it, doubled twice.
fn sine_and_versine(angle: f32) -> vec2<f32> {
    let x = (angle - TAU * round(angle / TAU)) / 4.0;
    let square = x * x;
    let sine = x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0
        * (1.0 - square / 72.0 * (1.0 - square / 110.0)))));
    let versine = square / 2.0 * (1.0 - square / 12.0 * (1.0 - square / 30.0
        * (1.0 - square / 56.0 * (1.0 - square / 90.0))));
    let half_sine = 2.0 * sine * (1.0 - versine);
    let half_versine = 2.0 * sine * sine;
    return vec2<f32>(2.0 * half_sine * (1.0 - half_versine), 2.0 * half_sine * half_sine);
}

// The difference between `vector` turned about `axis` by `angle`, and `vector`.
fn turn(vector: vec3<f32>, axis: vec3<f32>, angle: f32) -> vec3<f32> {
    let parts = sine_and_versine(angle);
    let across = cross(axis, vector);
    return parts.x * across + parts.y * cross(axis, across);
}
