// Float32 arithmetic that no compiler takes apart: what builds on it gives the bits that IEEE 754
// gives, which are those of Rust's f32.
//
// WGSL rounds each sum, difference and product correctly, but lets compilers fuse and reorder them.
// What has been through an exclusive or with a number that only the run knows is no longer a sum to
// them. Literals are exact enough anywhere; multiplication by a power of two needs no care.

// Always 0. An entry point sets it from a uniform first.
var<private> no_bits: u32;

fn strict(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) ^ no_bits);
}

fn sum(a: f32, b: f32) -> f32 {
    return strict(a + b);
}

fn difference(a: f32, b: f32) -> f32 {
    return strict(a - b);
}

fn product(a: f32, b: f32) -> f32 {
    return strict(a * b);
}
