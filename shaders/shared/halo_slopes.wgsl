// How a halo changes with all that it is made of (PHYSICS §17). Mirrors HaloForm::slopes in
// src/physics/diffuse.rs; builds on diffuse.wgsl.

// The halo of one form where F is 1, and its derivatives.
struct HaloSlopes {
    value: f32,
    displacement: f32, // with respect to the form of the displacement at the reflection
    correlation: f32, // with respect to the form of the correlation at the offset
    offset: vec3<f32>, // with respect to the offset
}

// The symmetric matrix of a vector's products: hh, kk, ll; and kl, hl, hk.
struct Products {
    squares: vec3<f32>,
    across: vec3<f32>,
}

fn products_of(v: vec3<f32>, factor: f32) -> Products {
    return Products(factor * v * v, factor * v.yxx * v.zzy);
}

fn products_sum(one: Products, other: Products) -> Products {
    return Products(one.squares + other.squares, one.across + other.across);
}

// How quadratic_form changes with `v`.
fn form_slope(factors: vec3<f32>, across: vec3<f32>, v: vec3<f32>) -> vec3<f32> {
    return 2.0 * factors * v + across.zzy * v.yxx + across.yxx * v.zzy;
}

// halo_density and its derivatives.
fn halo_slopes(form: HaloForm, index: vec3<f32>, away: vec3<f32>) -> HaloSlopes {
    let x = displacement(form, index);
    let inverse = 1.0 / (1.0 + quadratic_form(form.correlation, form.correlation_across, away));
    let per_x = form.strength * inverse * inverse;
    let per_g = -2.0 * per_x * x * inverse;
    return HaloSlopes(
        per_x * x, per_x, per_g,
        per_g * form_slope(form.correlation, form.correlation_across, away),
    );
}
