// How disorder of the whole crystal weakens its scattering (PHYSICS §14). Mirrors
// src/physics/debye_waller.rs.

// exp(-2 B stol^2), where `damping` is -B/(2 ln 2) in Å^2 and q in 1/Å.
fn debye_waller(damping: f32, q: vec3<f32>) -> f32 {
    return exp2(damping * dot(q, q));
}
