// Scattering by amorphous materials (PHYSICS §10). Mirrors src/physics/amorphous.rs.

// The polynomial of `coefficients`, constant first, at `t`.
fn cubic(coefficients: vec4<f32>, t: f32) -> f32 {
    return coefficients.x
        + t * (coefficients.y + t * (coefficients.z + t * coefficients.w));
}

// sign(F) F^2.
fn signed_square(f: f32) -> f32 {
    return f * abs(f);
}
