// Scattering by amorphous materials (PHYSICS §10). Mirrors src/physics/amorphous.rs;
// `cubic` is in interpolation.wgsl.

// sign(F) F^2.
fn signed_square(f: f32) -> f32 {
    return f * abs(f);
}
