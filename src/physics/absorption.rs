//! The part of the photons that a sensor layer stops (PHYSICS §6; Kabsch, J. Appl. Cryst. 21
//! (1988) 916).

/// Fraction of the photons that layer `layer` (0 at the front) stops, for layers of this
/// `optical_depth` (thickness over attenuation depth) and photons that make the cosine `cos_normal`
/// with their normal. Photons that graze it or come from behind are not captured.
pub fn absorbed_fraction(optical_depth: f64, layer: u32, cos_normal: f64) -> f64 {
    if cos_normal <= 0.0 {
        return 0.0;
    }
    let path = optical_depth / cos_normal;
    let reached = (-f64::from(layer) * path).exp();
    // exp_m1 keeps the digits of a thin layer.
    -reached * (-path).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Sensor;

    #[test]
    fn the_layers_add_up_to_the_sensor() {
        let sensor = Sensor {
            attenuation_depth_m: 500e-6,
            thickness_m: 450e-6,
        };
        let optical_depth = sensor.optical_depth(7);
        for cosine in [1.0, 0.6, 0.01] {
            let stopped: f64 = (0..7)
                .map(|layer| absorbed_fraction(optical_depth, layer, cosine))
                .sum();
            let expected = 1.0 - (-0.9f64 / cosine).exp();
            approx::assert_relative_eq!(stopped, expected, max_relative = 1e-14);
        }
        assert_eq!(absorbed_fraction(optical_depth, 0, 0.0), 0.0);
    }
}
