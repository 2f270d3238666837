// What depends on the crystal's symmetry: the operators that the shape of spots is averaged over, and
// the forms of halos. A shader that has them binds `symmetry`.

const MOST_OPERATORS: u32 = 24u;

struct Symmetry {
    operators: array<mat3x3<f32>, MOST_OPERATORS>, // on columns of indices
    forms: array<HaloForm, MOST_OPERATORS>,
    operator_count: u32,
    form_count: u32,
    stencil: u32, // reflections from the nearest one, along each index, whose halos count
    steps: u32, // of the stencil
}

// The mean of F_latt^2 over the operators, over the squares of lattice_scale and of the number of cells.
fn symmetric_square(model: Model, delta: vec3<f32>) -> f32 {
    var sum = 0.0;
    for (var number = 0u; number < symmetry.operator_count; number++) {
        var turned = symmetry.operators[number] * delta;
        if SHAPE == 0u {
            // The interference of whole cells is the same about every index.
            turned -= round(turned);
        }
        let own = lattice_factor(model, turned);
        sum += own * own;
    }
    return sum / f32(symmetry.operator_count);
}
