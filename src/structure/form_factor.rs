//! The scattering factor of an atom at rest, f(s), s = 1/d the length of the scattering vector:
//!
//! f = Σ aᵢ exp(−bᵢ s²/4) + c, in electrons. The constant is a fifth Gaussian, of no width.

use super::form_factor_table::TABLE;

/// The scattering factor of an element or an ion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FormFactor {
    /// Protons.
    pub atomic_number: u8,
    /// Charge of the ion, in elementary charges; 0 is the neutral atom.
    pub charge: i8,
    /// aᵢ, electrons.
    pub(super) amplitudes: [f64; 4],
    /// bᵢ, Å².
    pub(super) widths_angstrom2: [f64; 4],
    /// c, electrons.
    pub(super) constant: f64,
}

/// Finest spacing that the table was fitted to, m: sin θ/λ = 2 Å⁻¹.
pub const FINEST_SPACING_M: f64 = 0.25e-10;

impl FormFactor {
    /// The form factor of an atom or ion, if the table has it; it has every neutral atom to
    /// californium.
    pub fn of(atomic_number: u8, charge: i8) -> Option<&'static FormFactor> {
        let mut rows = TABLE.iter();
        rows.find(|row| row.atomic_number == atomic_number && row.charge == charge)
    }

    /// Every Gaussian: its amplitude in electrons, its b in m².
    pub(super) fn gaussians(&self) -> [(f64, f64); 5] {
        let [a, b] = [self.amplitudes, self.widths_angstrom2];
        std::array::from_fn(|i| match i {
            4 => (self.constant, 0.0),
            _ => (a[i], b[i] * 1e-20),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f of a scattering vector of length `s`, 1/m.
    fn at(factor: &FormFactor, s: f64) -> f64 {
        let gaussian = |(amplitude, width): (f64, f64)| amplitude * (-width * s * s / 4.0).exp();
        factor.gaussians().into_iter().map(gaussian).sum()
    }

    #[test]
    fn forwards_every_atom_scatters_with_all_its_electrons() {
        // The fits are published with as much as 0.044 electrons of error (molybdenum), and with
        // 11.9865 for magnesium's 12, the largest part.
        for row in &TABLE {
            let electrons = f64::from(row.atomic_number) - f64::from(row.charge);
            let error = at(row, 0.0) - electrons;
            assert!(
                error.abs() < 0.00113 * electrons.max(10.0),
                "{row:?}: {error}"
            );
        }
    }

    #[test]
    fn every_neutral_atom_is_there_and_none_twice() {
        for number in 1..=98 {
            assert!(FormFactor::of(number, 0).is_some(), "{number}");
        }
        for pair in TABLE.windows(2) {
            let [one, next] = [&pair[0], &pair[1]];
            assert!(one.atomic_number <= next.atomic_number);
            let rows = TABLE
                .iter()
                .filter(|row| (row.atomic_number, row.charge) == (one.atomic_number, one.charge));
            assert_eq!(rows.count(), 1, "{one:?}");
        }
    }

    #[test]
    fn light_atoms_scatter_as_another_fit_has_it() {
        // Five Gaussians of Waasmaier & Kirfel, Acta Cryst. A51 (1995) 416, at sin θ/λ in Å⁻¹.
        let fits: [(u8, [f64; 5], [f64; 5], f64); 3] = [
            (
                6,
                [2.657506, 1.078079, 1.490909, -4.241070, 0.713791],
                [14.780758, 0.776775, 42.086842, -0.000294, 0.239535],
                4.297983,
            ),
            (
                8,
                [2.960427, 2.508818, 0.637853, 0.722838, 1.142756],
                [14.182259, 5.936858, 0.112726, 34.958481, 0.390240],
                0.027014,
            ),
            (
                14,
                [5.275329, 3.191038, 1.511514, 1.356849, 2.519114],
                [2.631338, 33.730728, 0.081119, 86.288643, 1.170087],
                0.145073,
            ),
        ];
        for (number, a, b, c) in fits {
            let factor = FormFactor::of(number, 0).unwrap();
            for stol in [0.0f64, 0.1, 0.25, 0.5, 1.0, 1.5] {
                let gaussians = a.iter().zip(b).map(|(a, b)| a * (-b * stol * stol).exp());
                let other = gaussians.sum::<f64>() + c;
                let error = at(factor, 2.0 * stol * 1e10) - other;
                assert!(error.abs() < 0.004, "{number} at {stol}: {error}");
            }
        }
    }
}
