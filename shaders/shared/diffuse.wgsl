// Diffuse scattering: halos of reflections (PHYSICS §15). Mirrors src/physics/diffuse.rs; builds on
// structure_factor.wgsl, interpolation.wgsl and miller_index.wgsl.

// The halo of one or several Laue operators: strength x/(1 + g)^2, with x and g quadratic forms of
// indices. Of each form: the factors of hh, kk, ll, and those of kl, hl, hk.
struct HaloForm {
    displacement: vec3<f32>,
    strength: f32, // over the square of the number of cells
    displacement_across: vec3<f32>,
    correlation: vec3<f32>,
    correlation_across: vec3<f32>,
}

// The quadratic form of these factors at `v`.
fn quadratic_form(factors: vec3<f32>, across: vec3<f32>, v: vec3<f32>) -> f32 {
    return dot(factors, v * v) + dot(across, v.yxx * v.zzy);
}

// x of the reflection at `index`.
fn displacement(form: HaloForm, index: vec3<f32>) -> f32 {
    return quadratic_form(form.displacement, form.displacement_across, index);
}

// strength x/(1 + g)^2 at `away` from the reflection at `index`.
fn halo_density(form: HaloForm, index: vec3<f32>, away: vec3<f32>) -> f32 {
    let spread = 1.0 + quadratic_form(form.correlation, form.correlation_across, away);
    return form.strength * displacement(form, index) / (spread * spread);
}

// The structure factor of the reflection at `place`, which is never interpolated.
fn reflection_structure_factor(model: Model, place: vec3<f32>) -> f32 {
    if STRUCTURE_FACTORS == 1u {
        return nearest_structure_factor(model, place);
    }
    if STRUCTURE_FACTORS == 2u {
        // A cubic along l starts with its own reflection; along h and k, places count from one before.
        let held = clamp(place, vec3<f32>(FIRST_PLACE), model.grid_last);
        let number = number_from_base(model, held + vec3<f32>(1.0, 1.0, 0.0));
        return stored_cubic(number + model.grid_base).x;
    }
    return model.default_f;
}

// F^2 times the halo at the Miller index `rest` from that of the place `whole`, of the reflection `step`
// away from the nearest one; over the scale of terms.
fn halo(model: Model, whole: vec3<f32>, rest: vec3<f32>, step: vec3<f32>) -> f32 {
    let reflection = nearest_index(rest) + step;
    let place = whole + reflection;
    let index = vec3<f32>(vec3<i32>(place) + model.grid_origin);
    let f = reflection_structure_factor(model, place);
    var density = 0.0;
    for (var number = 0u; number < symmetry.form_count; number++) {
        density += halo_density(symmetry.forms[number], index, rest - reflection);
    }
    return f * f * density;
}

// The step from the nearest reflection to number `number` of those whose halos count.
fn halo_step(number: u32) -> vec3<f32> {
    let edge = 2u * symmetry.stencil + 1u;
    let counts = vec3<u32>(number / (edge * edge), number / edge % edge, number % edge);
    return vec3<f32>(counts) - f32(symmetry.stencil);
}
