// The structure factor of the nearest reflection (PHYSICS §9). Mirrors
// src/physics/structure_factor.rs.

// The structure factor at place number `place` of the grid.
fn stored_structure_factor(place: u32) -> f32 {
    if STRUCTURE_FACTORS == 2u {
        return stored_row(place).x;
    }
    if HALF_GRID {
        return unpack2x16float(grid[place / 2u])[place % 2u];
    }
    return bitcast<f32>(grid[place]);
}

// Those at place number `place` and the three behind it. For interpolation the grid holds these four
// at every place, so that one load fetches them.
fn stored_row(place: u32) -> vec4<f32> {
    if HALF_GRID {
        let pairs = vec2<u32>(grid[2u * place], grid[2u * place + 1u]);
        return vec4<f32>(unpack2x16float(pairs.x), unpack2x16float(pairs.y));
    }
    let start = 4u * place;
    return bitcast<vec4<f32>>(
        vec4<u32>(grid[start], grid[start + 1u], grid[start + 2u], grid[start + 3u]),
    );
}

// A whole number of less than 2^23 as a word. WGSL's own conversion is clamped, and runs at a quarter
// of the rate on most cards.
fn word_of(whole_number: f32) -> u32 {
    return bitcast<u32>(whole_number + 0x1p23) - bitcast<u32>(0x1p23);
}

// The number of a place of the grid.
fn place_number(model: Model, place: vec3<f32>) -> u32 {
    return word_of(place.x) * model.grid_plane + word_of(place.y) * model.grid_row + word_of(place.z);
}

// The structure factor at `place` of the grid, counted from its first. The outermost places hold the
// default, and stand for all that are beyond.
fn nearest_structure_factor(model: Model, place: vec3<f32>) -> f32 {
    let held = clamp(place, vec3<f32>(0.0), model.grid_last);
    return stored_structure_factor(place_number(model, held));
}
