//! The polarisation factor (PHYSICS §5; Kahn et al., J. Appl. Cryst. 15 (1982) 330).

use glam::DVec3;

use crate::scene::SceneSource;

/// Fraction of the scattered intensity that polarisation leaves in direction `diffracted`
/// (a unit vector), for X-rays of `source` with Kahn's factor K.
#[inline(always)]
pub fn polarisation(source: &SceneSource, diffracted: DVec3, kahn_factor: f64) -> f64 {
    let cos_two_theta = source.incident.dot(diffracted);
    // With e and b the components of d along E and B, cos 2ψ·(1 − c²) is e² − b²: no angle, and
    // nothing undefined straight ahead.
    let e = diffracted.dot(source.electric);
    let b = diffracted.dot(source.magnetic);
    0.5 * (1.0 + cos_two_theta * cos_two_theta - kahn_factor * (e * e - b * b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: SceneSource = SceneSource {
        incident: DVec3::X,
        wavelength_m: 1e-10,
        weight: 1.0,
        electric: DVec3::Z,
        magnetic: DVec3::NEG_Y,
    };

    #[test]
    fn nothing_scatters_along_the_electric_field() {
        assert!(polarisation(&SOURCE, DVec3::Z, 1.0).abs() < 1e-15);
        assert!((polarisation(&SOURCE, DVec3::Y, 1.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn unpolarised_x_rays_give_thomsons_average() {
        let diffracted = DVec3::new(1.0, 1.0, 0.0).normalize();
        assert!((polarisation(&SOURCE, diffracted, 0.0) - 0.75).abs() < 1e-15);
        assert_eq!(polarisation(&SOURCE, DVec3::X, 0.7), 1.0);
    }
}
