// A sub-pixel of one layer, seen from the sample (PHYSICS §3). Mirrors src/physics/view.rs.

struct View {
    distance: f32, // m
    diffracted: vec3<f32>, // unit vector
    turned: vec3<f32>, // difference of `diffracted` from the tile's direction
}

// The view of a sub-pixel `p` m from the tile's centre. R - R_c comes from R^2 - R_c^2, and d - d_c
// from both, so that no digits cancel.
fn view(tile: Tile, p: vec3<f32>) -> View {
    let squares = 2.0 * dot(p, tile.centre) + dot(p, p);
    let distance = sqrt(tile.distance * tile.distance + squares);
    let farther = squares / (distance + tile.distance);
    // Three divisions: a reciprocal's rounding would show, as all terms of a pixel share it.
    let turned = (p - tile.direction * farther) / distance;
    return View(distance, tile.direction + turned, turned);
}
