//! How the diffuse scattering of a crystal changes with what it is made of (PHYSICS §17).

use std::f64::consts::PI;

use glam::{DMat3, DVec3};

use super::diffuse::{Diffuse, HaloForm};
use super::symmetric::Symmetric;

/// How the matrices of a [`HaloForm`] change, as a mean over the operators that share it.
#[derive(Debug, Clone, PartialEq)]
pub struct HaloRates {
    /// Displacement and correlation with K, by columns: A becomes (1 + K)·A, and the crystal's own axes
    /// follow its cell.
    pub index: [[Symmetric; 2]; 9],
    /// The displacement with the rms displacement along each axis, per m.
    pub sigma: [Symmetric; 3],
    /// The correlation with the correlation length along each axis, per m.
    pub gamma: [Symmetric; 3],
}

impl HaloRates {
    /// Those of the `form` of `diffuse`.
    pub fn new(diffuse: &Diffuse, form: &HaloForm) -> HaloRates {
        let sharing: Vec<DMat3> = diffuse
            .operators_of(form)
            .map(|own| diffuse.to_own_axes * *own)
            .collect();
        let share = 4.0 * PI * PI / sharing.len() as f64;
        // The mean of Xᵀ·Y + Yᵀ·X over the operators, X their matrix to the axes times `squares` and Y
        // it times `rate`.
        let mean = |squares: DMat3, rate: DMat3| {
            let of_one = |axes: &DMat3| axes.transpose() * squares * rate * *axes;
            let sum = sharing.iter().map(of_one);
            let sum = sum.fold(DMat3::ZERO, |sum, own| sum + own + own.transpose());
            Symmetric::of(&(sum * share))
        };
        let widths = [diffuse.sigma_m, diffuse.gamma_m];
        let of_width = |width: DVec3, axis: usize| {
            let unit = DMat3::from_diagonal(DVec3::AXES[axis]);
            mean(unit * width[axis], unit)
        };
        HaloRates {
            index: std::array::from_fn(|at| {
                let turn = axes_rate(&diffuse.to_own_axes, at % 3, at / 3);
                widths.map(|width| mean(DMat3::from_diagonal(width * width), turn))
            }),
            sigma: std::array::from_fn(|axis| of_width(widths[0], axis)),
            gamma: std::array::from_fn(|axis| of_width(widths[1], axis)),
        }
    }
}

/// W, where B, from an index to the crystal's own axes, becomes (1 + W)·B as the element (`row`, `column`)
/// of K rises. In the laboratory it becomes B·(1 − K), and the axes turn so that B stays triangular: x along
/// a, and z along c*.
pub(crate) fn axes_rate(to_own_axes: &DMat3, row: usize, column: usize) -> DMat3 {
    let mut k = DMat3::ZERO;
    k.col_mut(column)[row] = 1.0;
    let fixed = -(*to_own_axes * k * to_own_axes.inverse());
    let mut rate = DMat3::ZERO;
    for column in 0..3 {
        rate.col_mut(column)[column] = fixed.col(column)[column];
        for row in column + 1..3 {
            rate.col_mut(column)[row] = fixed.col(column)[row] + fixed.col(row)[column];
        }
    }
    rate
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{self, Crystal};
    use crate::geometry::{LaueGroup, UnitCell, rotation_xyz};

    /// The diffuse scattering of a crystal of two-fold symmetry, deformed by K; with `stretched` rms
    /// displacements and correlation lengths.
    fn diffuse(k: DMat3, stretched: [DVec3; 2]) -> Diffuse {
        let angles = [90.0f64, 98.0, 90.0].map(f64::to_radians);
        let cell = UnitCell::from_parameters([60e-10, 50e-10, 80e-10], angles).unwrap();
        let laue = LaueGroup::named("2/m", &cell).unwrap();
        let cell = cell.rotated(&rotation_xyz([0.3, -0.5, 0.9]));
        let reciprocal = *cell.reciprocal() * (DMat3::IDENTITY + k).inverse();
        let widths = [
            DVec3::new(0.3e-10, 0.4e-10, 0.5e-10),
            DVec3::new(30e-10, 40e-10, 70e-10),
        ];
        let [sigma, gamma] = [0, 1].map(|at| (widths[at] + stretched[at]).to_array());
        Diffuse::new(&Crystal {
            cells: [6.0; 3],
            diffuse: Some(experiment::Diffuse {
                sigma_m: sigma,
                gamma_m: gamma,
                laue,
                stencil: 1,
            }),
            ..Crystal::new(UnitCell::from_reciprocal(reciprocal).unwrap())
        })
        .unwrap()
    }

    /// The sum over forms at a reflection and an offset, without their strengths' own rates.
    fn value(diffuse: &Diffuse, strength: f64) -> f64 {
        let (reflection, away) = (DVec3::new(5.0, -3.0, 7.0), DVec3::new(0.2, -0.3, 0.1));
        let forms = diffuse.operators.iter().map(|own| HaloForm {
            strength,
            ..diffuse.form(own)
        });
        forms.map(|form| form.slopes(reflection, away).value).sum()
    }

    #[test]
    fn rates_are_those_of_differences() {
        let still = diffuse(DMat3::ZERO, [DVec3::ZERO; 2]);
        let strength = still.form(&still.operators[0]).strength;
        let (reflection, away) = (DVec3::new(5.0, -3.0, 7.0), DVec3::new(0.2, -0.3, 0.1));
        let along = |rates: &dyn Fn(&HaloRates) -> [Symmetric; 2]| -> f64 {
            let of_form = |form: &HaloForm| {
                let [u, g] = rates(&HaloRates::new(&still, form));
                let slopes = form.slopes(reflection, away);
                slopes.displacement * reflection.dot(u.times(reflection))
                    + slopes.correlation * away.dot(g.times(away))
            };
            still.forms.iter().map(of_form).sum()
        };
        let check = |found: f64, moved: &dyn Fn(f64) -> Diffuse| {
            let central = |step: f64| {
                let [above, below] = [step, -step].map(|step| value(&moved(step), strength));
                (above - below) / (2.0 * step)
            };
            let expected = (4.0 * central(5e-4) - central(1e-3)) / 3.0;
            let error = (found - expected).abs() / value(&still, strength);
            assert!(error < 1e-9, "{found:e} {expected:e}");
        };
        for at in 0..9 {
            let mut k = DMat3::ZERO;
            k.col_mut(at / 3)[at % 3] = 1.0;
            check(along(&|rates| rates.index[at]), &|step| {
                diffuse(k * step, [DVec3::ZERO; 2])
            });
        }
        for (axis, unit) in DVec3::AXES.into_iter().enumerate() {
            let none = Symmetric::default();
            check(1e-10 * along(&|rates| [rates.sigma[axis], none]), &|step| {
                diffuse(DMat3::ZERO, [unit * (1e-10 * step), DVec3::ZERO])
            });
            check(1e-8 * along(&|rates| [none, rates.gamma[axis]]), &|step| {
                diffuse(DMat3::ZERO, [DVec3::ZERO, unit * (1e-8 * step)])
            });
        }
    }
}
