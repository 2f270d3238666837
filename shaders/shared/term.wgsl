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
    grid_last: vec3<f32>, // the last place of the grid along each axis
    grid_row: u32, // places of a row
    grid_min: vec3<i32>,
    grid_plane: u32, // places of a plane
    waves_h: vec4<f32>, // cells times HALF_WAVE, along a, b, c
    waves_k: vec4<f32>,
    waves_l: vec4<f32>,
}

// The structure factor at the Miller index `whole` + `rest`, whose nearest reflection is `whole` +
// `nearest`; `whole` is less the index of the grid's first place.
fn structure_factor(model: Model, whole: vec3<f32>, rest: vec3<f32>, nearest: vec3<f32>) -> f32 {
    if STRUCTURE_FACTORS == 1u {
        return nearest_structure_factor(model, whole + nearest);
    }
    if STRUCTURE_FACTORS == 2u {
        return tricubic_structure_factor(model, whole, rest);
    }
    return model.default_f;
}

// What all terms have in common, and `term` leaves out: the square of the structure factor where
// there is only one.
fn common_factor(model: Model) -> f32 {
    if STRUCTURE_FACTORS == 0u {
        return model.default_f * model.default_f;
    }
    return 1.0;
}

// F_cell^2 F_latt^2 of one orientation, `turned` 1/Å from the tile's centre, over `common_factor`.
fn term(model: Model, prepared: Prepared, turned: vec3<f32>) -> f32 {
    return term_at(model, prepared.whole, index_rest(prepared, turned));
}

// F_cell^2 F_latt^2 of one orientation at the Miller index `whole` + `rest`; `whole` is less the index
// of the grid's first place.
fn term_at(model: Model, whole: vec3<f32>, rest: vec3<f32>) -> f32 {
    let nearest = nearest_index(rest);
    var scattered = lattice_factor(model, rest - nearest);
    if STRUCTURE_FACTORS != 0u {
        scattered *= structure_factor(model, whole, rest, nearest);
    }
    return scattered * scattered;
}
