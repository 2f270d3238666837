// The structure factor of the nearest reflection (PHYSICS §9). Mirrors
// src/physics/structure_factor.rs.
//
// A Miller index is counted as a place of the grid: the place of the first that a term may ask for is
// FIRST_PLACE. From there on the words of two whole float32 numbers differ by as much as the numbers, so
// that none need be converted, which WGSL clamps, and most cards do at a quarter of the rate.
const FIRST_PLACE: f32 = 0x1p23;
// Places before the first that a cubic of listed reflections begins at, for interpolation.
const GRID_BORDER: f32 = 3.0;

// The structure factor at place number `number`.
fn stored_structure_factor(number: u32) -> f32 {
    if HALF_GRID {
        return unpack2x16float(grid[number / 8u][number / 2u % 4u])[number % 2u];
    }
    return bitcast<f32>(grid[number / 4u][number % 4u]);
}

// The number of a place of the grid, k innermost, less grid_base: numbers of a row or a plane further
// then cost no sum of their own.
fn number_from_base(model: Model, place: vec3<f32>) -> u32 {
    let words = bitcast<vec3<u32>>(place);
    return words.x * model.grid_plane + words.z * model.grid_row + words.y;
}

// The structure factor at `place`. The outermost places of the grid hold the default, and stand for all
// that are beyond.
fn nearest_structure_factor(model: Model, place: vec3<f32>) -> f32 {
    let held = clamp(place, vec3<f32>(FIRST_PLACE), model.grid_last);
    return stored_structure_factor(number_from_base(model, held) + model.grid_base);
}
