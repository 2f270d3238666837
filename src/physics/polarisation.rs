//! The polarisation factor (PHYSICS §5; Kahn et al., J. Appl. Cryst. 15 (1982) 330).

use glam::DVec3;

/// Fraction of the scattered intensity that polarisation leaves in direction `diffracted`, for
/// X-rays that travel along `incident` with their fields along `electric` and `magnetic` (unit
/// vectors) and Kahn's factor K.
#[inline(always)]
pub fn polarisation(
    incident: DVec3,
    electric: DVec3,
    magnetic: DVec3,
    diffracted: DVec3,
    kahn_factor: f64,
) -> f64 {
    let cos_two_theta = incident.dot(diffracted);
    // With e and b the components of d along E and B, cos 2ψ·(1 − c²) is e² − b²: no angle, and
    // nothing undefined straight ahead.
    let e = diffracted.dot(electric);
    let b = diffracted.dot(magnetic);
    0.5 * (1.0 + cos_two_theta * cos_two_theta - kahn_factor * (e * e - b * b))
}

/// The derivative of [`polarisation`] with respect to `diffracted`, a vector.
#[inline(always)]
pub fn polarisation_slope(
    incident: DVec3,
    electric: DVec3,
    magnetic: DVec3,
    diffracted: DVec3,
    kahn_factor: f64,
) -> DVec3 {
    let [along, e, b] = [incident, electric, magnetic].map(|own| diffracted.dot(own));
    along * incident - kahn_factor * (e * electric - b * magnetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P for a beam along x with its electric field along z.
    fn along_x(diffracted: DVec3, kahn_factor: f64) -> f64 {
        polarisation(DVec3::X, DVec3::Z, DVec3::NEG_Y, diffracted, kahn_factor)
    }

    #[test]
    fn nothing_scatters_along_the_electric_field() {
        assert!(along_x(DVec3::Z, 1.0).abs() < 1e-15);
        assert!((along_x(DVec3::Y, 1.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn unpolarised_x_rays_give_thomsons_average() {
        let diffracted = DVec3::new(1.0, 1.0, 0.0).normalize();
        assert!((along_x(diffracted, 0.0) - 0.75).abs() < 1e-15);
        assert_eq!(along_x(DVec3::X, 0.7), 1.0);
    }
}
