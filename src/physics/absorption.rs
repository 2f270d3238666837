//! The part of the photons that a sensor layer stops, and how deep in it (PHYSICS §6; Kabsch, J.
//! Appl. Cryst. 21 (1988) 916).

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

/// The derivative of [`absorbed_fraction`] with respect to `cos_normal`.
pub fn absorbed_fraction_slope(optical_depth: f64, layer: u32, cos_normal: f64) -> f64 {
    if cos_normal <= 0.0 {
        return 0.0;
    }
    let (path, layer) = (optical_depth / cos_normal, f64::from(layer));
    let by_path = (-layer * path).exp() * (layer * (-path).exp_m1() + (-path).exp());
    -by_path * path / cos_normal
}

/// Mean depth, along the normal and over the layer's thickness, at which a layer of this
/// `optical_depth` stops the photons that make the cosine `cos_normal` with its normal: from 0 for
/// photons that its face stops to 1/2 for photons that it hardly stops. Every layer's is the same,
/// for attenuation has no memory.
///
/// It is ∫z·exp(−xz)dz / ∫exp(−xz)dz over z from 0 to 1, which is 1/x − 1/(exp(x) − 1), with the
/// layer's optical depth along the photons x = `optical_depth`/`cos_normal`.
pub fn mean_depth(optical_depth: f64, cos_normal: f64) -> f64 {
    if cos_normal <= 0.0 {
        return 0.0;
    }
    let path = optical_depth / cos_normal;
    // The two fractions cancel in a thin layer. The next term of the series is path⁵/30240.
    if path < 1e-2 {
        return 0.5 - path / 12.0 + path.powi(3) / 720.0;
    }
    1.0 / path - 1.0 / path.exp_m1()
}

/// The derivative of [`mean_depth`] with respect to `cos_normal`.
pub fn mean_depth_slope(optical_depth: f64, cos_normal: f64) -> f64 {
    if cos_normal <= 0.0 {
        return 0.0;
    }
    let path = optical_depth / cos_normal;
    // The two fractions cancel in a thin layer. The next term of the series is path⁴/6048.
    let by_path = if path < 1e-2 {
        path * path / 240.0 - 1.0 / 12.0
    } else {
        // eˣ/(eˣ − 1)² without a number that overflows.
        1.0 / ((0.5 * path).sinh().powi(2) * 4.0) - 1.0 / (path * path)
    };
    -by_path * path / cos_normal
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

    #[test]
    fn the_mean_depth_is_that_of_many_thin_layers() {
        const THIN: u32 = 20_000;
        for optical_depth in [1e-6, 0.0099, 0.0101, 0.3, 2.0, 5.0] {
            for cosine in [1.0, 0.5, 0.05] {
                let thin = optical_depth / f64::from(THIN);
                let (mut stopped, mut moment) = (0.0, 0.0);
                for layer in 0..THIN {
                    let part = absorbed_fraction(thin, layer, cosine);
                    stopped += part;
                    moment += part * (f64::from(layer) + 0.5) / f64::from(THIN);
                }
                let mean = mean_depth(optical_depth, cosine);
                approx::assert_relative_eq!(mean, moment / stopped, max_relative = 1e-5);
            }
        }
        // Where the series takes over.
        let [below, above] = [1.0 - 1e-9, 1.0 + 1e-9].map(|part| mean_depth(1e-2 * part, 1.0));
        approx::assert_relative_eq!(below, above, max_relative = 1e-11);
        assert_eq!(mean_depth(1.0, 0.0), 0.0, "nothing is stopped");
        // A layer that the photons hardly enter: what is left is 1/x.
        approx::assert_relative_eq!(mean_depth(1.0, 1e-3), 1e-3);
    }
}
