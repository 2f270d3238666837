// One term of the sum (PHYSICS §1): one pixel, one orientation. Mirrors src/physics/term.rs; builds
// on lattice_factor.wgsl, symmetry.wgsl, structure_factor.wgsl, interpolation.wgsl and miller_index.wgsl.

// What all terms have in common: the spots' shape and where the structure factors are.
struct Model {
    cells: vec3<f32>, // along a, b, c
    fudge: f32,
    // The rows of a triangular matrix; the squared length of its product with an offset is the
    // spot_exponent of Gaussian and top-hat spots. The second row's first number is 0, and so are the
    // third's first two; the other three are together.
    spot_h: vec3<f32>,
    default_f: f32, // over the largest structure factor, as those on the grid
    spot_kl: vec3<f32>,
    edges: vec3<f32>, // of the cell, Å
    spot_reach: vec3<f32>, // how far from a reflection its spot is not zero, along each axis
    grid_last: vec3<f32>, // the last place of the grid along h, k, l
    grid_row: u32, // places of a row, which runs along k
    grid_inside: vec3<f32>, // the last place where a cubic of listed reflections begins
    grid_plane: u32, // places of a plane of one h
    grid_origin: vec3<i32>, // the index whose place is 0
    grid_base: u32, // the number of the place whose words are 0
    least: vec3<f32>, // cells times LEAST
}

// The structure factor `rest` from the place `whole` of the grid, where the nearest reflection is
// `nearest` from it.
fn structure_factor(model: Model, whole: vec3<f32>, rest: vec3<f32>, nearest: vec3<f32>) -> f32 {
    if STRUCTURE_FACTORS == 1u {
        return nearest_structure_factor(model, whole + nearest);
    }
    if STRUCTURE_FACTORS == 2u {
        return TRICUBIC_SCALE * tricubic_sum(model, whole, rest);
    }
    return model.default_f;
}

// What all terms have in common, and `term` leaves out.
fn common_factor(model: Model) -> f32 {
    var root = lattice_scale(model);
    if STRUCTURE_FACTORS == 0u {
        root *= model.default_f;
    }
    if STRUCTURE_FACTORS == 2u {
        root *= TRICUBIC_SCALE;
    }
    return root * root;
}

// F_cell^2 F_latt^2 of one orientation, `turned` 1/Å from the tile's centre, over `common_factor`.
fn term(model: Model, prepared: Prepared, turned: vec3<f32>) -> f32 {
    let rest = index_rest(prepared, turned);
    return term_at(model, prepared.whole, rest, nearest_index(rest));
}

// F_cell^2 F_latt^2 of one orientation at the Miller index `rest` from that of the place `whole`; the
// nearest reflection is `nearest` from it.
fn term_at(model: Model, whole: vec3<f32>, rest: vec3<f32>, nearest: vec3<f32>) -> f32 {
    var scattered = scattered_amplitude(model, whole, rest, nearest);
    if SYMMETRIC {
        return scattered * scattered * symmetric_square(model, rest - nearest);
    }
    scattered *= lattice_factor(model, rest - nearest);
    return scattered * scattered;
}

// F_cell over its part of `common_factor`.
fn scattered_amplitude(
    model: Model, whole: vec3<f32>, rest: vec3<f32>, nearest: vec3<f32>,
) -> f32 {
    if STRUCTURE_FACTORS == 1u {
        return nearest_structure_factor(model, whole + nearest);
    }
    if STRUCTURE_FACTORS == 2u {
        return tricubic_sum(model, whole, rest);
    }
    return 1.0;
}
