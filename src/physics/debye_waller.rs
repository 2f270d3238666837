//! How disorder of the whole crystal weakens its scattering (PHYSICS §14).

use glam::DVec3;

/// exp(−2·B·stol²), what F² is damped by at the scattering vector `q` (1/m), where the B factor is
/// `b_factor` (m²).
#[inline(always)]
pub fn debye_waller(b_factor: f64, q: DVec3) -> f64 {
    // stol is half of |q|.
    (-0.5 * b_factor * q.length_squared()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intensities_halve_where_the_exponent_is_ln_2() {
        // 2·30 Å²·stol² is ln 2 where 1/(2·stol) is √(15/ln 2) Å.
        let spacing = (15.0f64 / std::f64::consts::LN_2).sqrt() * 1e-10;
        let q = DVec3::new(0.6, 0.0, 0.8) / spacing;
        approx::assert_relative_eq!(debye_waller(30e-20, q), 0.5, max_relative = 1e-14);
        approx::assert_relative_eq!(debye_waller(-30e-20, q), 2.0, max_relative = 1e-14);
        assert_eq!(debye_waller(0.0, q), 1.0);
    }
}
