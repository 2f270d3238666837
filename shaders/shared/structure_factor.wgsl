// The structure factor of the nearest reflection (PHYSICS §9). Mirrors
// src/physics/structure_factor.rs.

// The structure factor at `place` of the grid.
fn stored_structure_factor(place: u32) -> f32 {
    if HALF_GRID {
        return unpack2x16float(grid[place / 2u])[place % 2u];
    }
    return bitcast<f32>(grid[place]);
}

// The structure factor of the reflection `index`; the default where the grid does not hold it.
fn nearest_structure_factor(model: Model, index: vec3<i32>) -> f32 {
    let place = index - model.grid_min;
    if any(place < vec3<i32>(0)) || any(place >= model.grid_shape) {
        return model.default_f;
    }
    let at = vec3<u32>(place);
    let shape = vec3<u32>(model.grid_shape);
    return stored_structure_factor((at.x * shape.y + at.y) * shape.z + at.z);
}
