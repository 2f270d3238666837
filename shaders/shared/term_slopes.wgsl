// How one term of the sum changes with all that moves it (PHYSICS §17). Mirrors
// src/physics/term.rs; builds on lattice_slopes.wgsl, interpolation_slopes.wgsl and miller_index.wgsl.

// A term, and its derivatives.
struct TermSlopes {
    term: f32,
    amplitude: f32, // with respect to scattered_amplitude
    // With respect to K, by columns, where the matrix A from a scattering vector to its index moves by
    // K A, and the metric of the spots stays.
    index: mat3x3<f32>,
    q: vec3<f32>, // with respect to the scattering vector, Å
    turn: vec3<f32>, // with respect to a turn of the crystal, with the axes of its spreads
    size: vec3<f32>, // as LatticeSlopes
    size_across: vec3<f32>,
    // What only smeared spots have.
    mosaic: vec3<f32>, // with respect to the logarithm of each spread
    bandwidth: f32, // likewise
    divergence: vec2<f32>, // likewise
    wavelength: f32, // with respect to the logarithm of the wavelength, but for q
    // With respect to the direction of the sub-pixel and the logarithm of its width, but for q; and to
    // a turn of its edges.
    seen: vec4<f32>,
    edges: vec3<f32>,
}

// scattered_amplitude, and its derivatives with respect to h, k and l.
fn amplitude_slopes(
    model: Model, whole: vec3<f32>, rest: vec3<f32>, nearest: vec3<f32>,
) -> vec4<f32> {
    if STRUCTURE_FACTORS == 2u {
        return tricubic_slopes(model, whole, rest);
    }
    return vec4<f32>(scattered_amplitude(model, whole, rest, nearest), 0.0, 0.0, 0.0);
}

// The columns of a b^T.
fn outer_product(a: vec3<f32>, b: vec3<f32>) -> mat3x3<f32> {
    return mat3x3<f32>(a * b.x, a * b.y, a * b.z);
}

// A step of the scattering vector, from one of the index: the transpose of index_step.
fn step_of_index(prepared: Prepared, index: vec3<f32>) -> vec3<f32> {
    return index.x * prepared.row_a + index.y * prepared.row_b + index.z * prepared.row_c;
}

// `factor` times the term of one orientation at the Miller index `rest` from that of the place `whole`,
// for the scattering vector q.
fn term_slopes(
    model: Model, prepared: Prepared, q: vec3<f32>, whole: vec3<f32>, rest: vec3<f32>, factor: f32,
) -> TermSlopes {
    let nearest = nearest_index(rest);
    let lattice = lattice_slopes(model, rest - nearest);
    let scattered = amplitude_slopes(model, whole, rest, nearest);
    let strength = factor * scattered.x * scattered.x;
    var own: TermSlopes;
    own.term = strength * lattice.square;
    own.amplitude = 2.0 * factor * scattered.x * lattice.square;
    let index = strength * lattice.offset + own.amplitude * scattered.yzw;
    own.index = outer_product(index, index_step(prepared, q));
    own.q = step_of_index(prepared, index);
    own.turn = cross(own.q, q);
    own.size = strength * lattice.size;
    own.size_across = strength * lattice.size_across;
    return own;
}

// The place of the grid, along each index, of the first reflection of the list.
fn first_listed() -> f32 {
    return FIRST_PLACE + select(1.0, 2.0, STRUCTURE_FACTORS == 2u);
}

// Whether the reflection at `place` is in the list.
fn is_listed(model: Model, place: vec3<f32>) -> bool {
    if STRUCTURE_FACTORS == 0u {
        return false;
    }
    return all(place >= vec3<f32>(first_listed())) && all(place < model.grid_last);
}

// Whether the reflection nearest to `rest` from the place `whole` is in no list.
fn takes_default(model: Model, whole: vec3<f32>, rest: vec3<f32>) -> bool {
    return !is_listed(model, whole + nearest_index(rest));
}
