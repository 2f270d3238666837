// The polarisation factor (PHYSICS §5). Mirrors src/physics/polarisation.rs.

fn polarisation(
    incident: vec3<f32>,
    electric: vec3<f32>,
    magnetic: vec3<f32>,
    diffracted: vec3<f32>,
    kahn_factor: f32,
) -> f32 {
    let cos_two_theta = dot(incident, diffracted);
    let e = dot(diffracted, electric);
    let b = dot(diffracted, magnetic);
    return 0.5 * (1.0 + cos_two_theta * cos_two_theta - kahn_factor * (e * e - b * b));
}
