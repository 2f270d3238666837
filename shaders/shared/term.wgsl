// One term of the sum (PHYSICS §1): one pixel, one orientation. Mirrors src/physics/term.rs; builds
// on lattice_factor.wgsl, structure_factor.wgsl, interpolation.wgsl and miller_index.wgsl.

// What all terms have in common: the spots' shape and where the structure factors are.
struct Model {
    cells: vec3<f32>, // along a, b, c
    fudge: f32,
    metric_h: vec3<f32>, // g of Gaussian and top-hat spots is |delta . metric|^2
    default_f: f32, // over the largest structure factor, as those on the grid
    metric_k: vec3<f32>,
    metric_l: vec3<f32>,
    edges: vec3<f32>, // of the cell, Å
    spot_reach: vec3<f32>, // how far from a reflection its spot is not zero, along each axis
    grid_min: vec3<i32>,
    grid_shape: vec3<i32>,
}

// The structure factor at the Miller index `whole_index` + `rest`, whose nearest reflection is
// `whole_index` + `nearest`.
fn structure_factor(
    model: Model, whole_index: vec3<i32>, rest: vec3<f32>, nearest: vec3<f32>,
) -> f32 {
    if STRUCTURE_FACTORS == 1u {
        return nearest_structure_factor(model, whole_index + vec3<i32>(nearest));
    }
    if STRUCTURE_FACTORS == 2u {
        return tricubic_structure_factor(model, whole_index, rest);
    }
    return model.default_f;
}

// F_cell^2 F_latt^2 of one orientation, `turned` 1/Å from the tile's centre.
fn term(model: Model, prepared: Prepared, turned: vec3<f32>) -> f32 {
    return term_at(model, prepared.whole, index_rest(prepared, turned));
}

// F_cell^2 F_latt^2 of one orientation at the Miller index `whole_index` + `rest`.
fn term_at(model: Model, whole_index: vec3<i32>, rest: vec3<f32>) -> f32 {
    let nearest = nearest_index(rest);
    let f = structure_factor(model, whole_index, rest, nearest);
    // Missing reflections: neighbouring pixels have theirs in common.
    if STRUCTURE_FACTORS != 0u && f == 0.0 {
        return 0.0;
    }
    let scattered = f * lattice_factor(model, rest - nearest);
    return scattered * scattered;
}
