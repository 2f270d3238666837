// The Miller index at a sub-pixel, in fixed point throughout: for spots so sharp that the offset from
// the tile's centre has to be known better than float32 does. Builds on pair.wgsl and
// miller_index.wgsl.

// The scattering vector at a sub-pixel, times index_scale.
struct Fine {
    x: Wide,
    y: Wide,
    z: Wide,
}

// From the tile's centre to the middle of a sub-pixel of its pixel `pixel`: in halves of a sub-pixel
// along fast and slow, and in layers along the normal.
fn steps_to(
    tile: Tile, panel: Panel, oversample: u32, pixel: vec2<u32>, sub_pixel: vec2<u32>, layer: u32,
) -> vec3<f32> {
    let halves = 2u * (pixel * oversample + sub_pixel) + 1u;
    let from_centre = vec2<f32>(halves) - f32(GROUP * EDGE * oversample);
    var depth = f32(layer);
    if SENSOR == 2u {
        if has_mean_depths(panel) {
            let along = from_centre * (0.5 * panel.pixel_size_m / f32(oversample));
            depth = layer_depth(tile, panel, along, layer) / panel.layer_thickness_m;
        }
    }
    return vec3<f32>(from_centre, depth);
}

// One component of the vector from the sample to a point of a flat panel, over the tile's distance.
// The point is `steps` from the tile's centre: along fast and slow in halves of a sub-pixel, and in
// layers along the normal. All but parts of a layer are whole numbers, so that nothing is rounded.
fn fine_position(tile: Tile, steps: vec3<f32>, axis: u32) -> vec2<f32> {
    let centre = vec2<f32>(tile.direction[axis], tile.direction_low[axis]);
    let fast = vec2<f32>(tile.steps[0][axis], tile.steps_low[0][axis]);
    let slow = vec2<f32>(tile.steps[1][axis], tile.steps_low[1][axis]);
    let layer = vec2<f32>(tile.steps[2][axis], tile.steps_low[2][axis]);
    let along_fast = pair_product(fast, vec2<f32>(steps.x, 0.0));
    let along_slow = pair_product(slow, vec2<f32>(steps.y, 0.0));
    let inwards = pair_product(layer, vec2<f32>(steps.z, 0.0));
    return pair_sum(centre, pair_sum(inwards, pair_sum(along_fast, along_slow)));
}

// The scattering vector at the point `steps` from the tile's centre, for X-rays of `source`.
fn fine_vector(tile: Tile, source: Source, steps: vec3<f32>) -> Fine {
    let x = fine_position(tile, steps, 0u);
    let y = fine_position(tile, steps, 1u);
    let z = fine_position(tile, steps, 2u);
    let squares = pair_sum(pair_product(x, x), pair_sum(pair_product(y, y), pair_product(z, z)));
    let over_distance = pair_inverse_root(squares);
    return Fine(
        vector_component(pair_factor(pair_product(x, over_distance)), source, 0u),
        vector_component(pair_factor(pair_product(y, over_distance)), source, 1u),
        vector_component(pair_factor(pair_product(z, over_distance)), source, 2u),
    );
}

// The term of an orientation at a sub-pixel.
fn fine_term(model: Model, orientation: Orientation, q: Fine) -> f32 {
    let index = index_at(orientation, model.grid_origin, q.x, q.y, q.z);
    return term_at(model, index.whole, index.fraction, nearest_index(index.fraction));
}
