//! The laboratory axes of NeXus, which are those of McStas.

use glam::{DMat3, DVec3};

/// The rotation from a laboratory in which photons travel along `beam` to that of McStas: z along
/// the beam, y up, x to the left of one who looks along the beam, so that the three are
/// right-handed. Up is what is left of `up` at right angles to the beam; where that is nothing, any
/// direction will do, and one is chosen.
///
/// Source: the NeXus manual, *The NeXus coordinate system*.
pub fn to_mcstas(beam: DVec3, up: DVec3) -> DMat3 {
    /// Sine of the least angle between `up` and the beam.
    const LEAST: f64 = 1e-6;
    let z = beam.normalize_or(DVec3::Z);
    let across = up.normalize_or_zero().reject_from_normalized(z);
    let y = match across.length() > LEAST {
        true => across.normalize(),
        false => z.any_orthonormal_vector(),
    };
    // The rows of the rotation are the new axes.
    DMat3::from_cols(y.cross(z), y, z).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Convention;

    #[test]
    fn every_convention_looks_along_the_beam_with_slow_down() {
        use Convention::*;
        for convention in [Mosflm, Denzo, Adxv, Xds, Dials] {
            let frame = convention.axes();
            let turn = to_mcstas(frame.beam, -frame.slow);
            assert!((turn.determinant() - 1.0).abs() < 1e-15);
            assert_eq!(turn * frame.beam, DVec3::Z, "{convention:?}");
            // ADXV's detector is seen against the beam: its fast axis runs to the left.
            let seen_along = frame.fast.cross(frame.slow).dot(frame.beam);
            assert_eq!(seen_along, if convention == Adxv { -1.0 } else { 1.0 });
            assert_eq!(turn * frame.fast, -seen_along * DVec3::X, "{convention:?}");
            assert_eq!(turn * frame.slow, -DVec3::Y, "{convention:?}");
        }
    }

    #[test]
    fn up_along_the_beam_is_no_reason_to_fail() {
        let turn = to_mcstas(DVec3::X, DVec3::X);
        assert!((turn * turn.transpose()).abs_diff_eq(DMat3::IDENTITY, 1e-15));
        assert_eq!(turn * DVec3::X, DVec3::Z);
    }
}
