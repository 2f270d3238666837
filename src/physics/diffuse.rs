//! Diffuse scattering by atoms that move together over a distance: liquid-like motions, to first
//! order in the mean square displacement (PHYSICS §15).
//!
//! Source: Caspar, Clarage, Salunke & Clarage, *Nature* 332 (1988) 659; Clarage, Clarage, Phillips,
//! Sweet & Caspar, *Proteins* 12 (1992) 145.

use std::f64::consts::PI;

use glam::{DMat3, DVec3};

use super::lattice_factor::Lattice;
use super::lattice_integral::lattice_integral;
use crate::experiment::{Crystal, crystal_frame};

/// The diffuse scattering of a crystal, the same in all of its orientations.
#[derive(Debug, Clone, PartialEq)]
pub struct Diffuse {
    /// B: from h, k, l to the crystal's own axes, x along a, y in the plane of a and b, z along c*;
    /// 1/m.
    pub to_own_axes: DMat3,
    /// Rms displacements along these axes, m.
    pub sigma_m: DVec3,
    /// Correlation lengths along them, m.
    pub gamma_m: DVec3,
    /// The Laue operators L, on columns of indices. Halos are the same for L and −L, so that those of
    /// the rotations stand for all.
    pub operators: Vec<DMat3>,
    /// Reflections away from the nearest one, along h, k and l, that add their halos.
    pub stencil: i32,
    /// β, the integral of F_latt² over a reciprocal cell in units of indices.
    pub beta: f64,
    /// Volume of the cell, m³.
    pub volume_m3: f64,
    /// The halos as quadratic forms of indices, which need no operator, no rotation and no square root:
    /// the scheme of both backends. Operators that give the same form share one.
    pub forms: Vec<HaloForm>,
}

/// What a halo is made of, at one scattering vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Halo {
    /// 4π²·q₀ᵀU q₀ of the reflection, the mean over the Laue group: its halo's integral over that of its
    /// Bragg spot.
    pub x: f64,
    /// The halo, mean over the Laue group, m³.
    pub density_m3: f64,
}

impl Diffuse {
    /// The diffuse scattering of `crystal`; none where its atoms do not move.
    pub fn new(crystal: &Crystal) -> Option<Diffuse> {
        let described = crystal.diffuse.as_ref().filter(|own| own.scatters())?;
        let cell = &crystal.cell;
        let diffuse = Diffuse {
            to_own_axes: crystal_frame(cell).transpose() * *cell.reciprocal(),
            sigma_m: described.sigma_m.into(),
            gamma_m: described.gamma_m.into(),
            operators: described.laue.on_indices().collect(),
            stencil: described.stencil as i32,
            beta: lattice_integral(&Lattice::new(crystal)),
            volume_m3: cell.volume_m3(),
            forms: Vec::new(),
        };
        Some(Diffuse {
            forms: diffuse.forms(),
            ..diffuse
        })
    }

    /// The halo of the reflection `reflection` at the Miller index `hkl`.
    pub fn halo(&self, reflection: DVec3, hkl: DVec3) -> Halo {
        let mut mean = Halo {
            x: 0.0,
            density_m3: 0.0,
        };
        let det_gamma: f64 = self.gamma_m.element_product();
        for operator in &self.operators {
            let q0 = self.to_own_axes * (*operator * reflection);
            let x = 4.0 * PI * PI * (self.sigma_m * q0).length_squared();
            let dq = self.to_own_axes * (*operator * (hkl - reflection));
            let spread = 1.0 + 4.0 * PI * PI * (self.gamma_m * dq).length_squared();
            // The transform of exp(−r/γ): its integral over dq is 1.
            let density = 8.0 * PI * det_gamma / (spread * spread);
            mean.x += x / self.operators.len() as f64;
            mean.density_m3 += x * density / self.operators.len() as f64;
        }
        mean
    }

    /// The reflections whose halos count where `nearest` is the nearest one.
    pub fn reflections(&self, nearest: DVec3) -> impl Iterator<Item = DVec3> {
        self.steps().map(move |step| nearest + step)
    }

    /// The steps from the nearest reflection to those whose halos count.
    pub fn steps(&self) -> impl Iterator<Item = DVec3> + use<> {
        let along = -self.stencil..=self.stencil;
        along.clone().flat_map(move |h| {
            let along = along.clone();
            along.clone().flat_map(move |k| {
                let steps = along.clone();
                steps.map(move |l| DVec3::from_array([h, k, l].map(f64::from)))
            })
        })
    }

    /// How many reflections' halos count.
    pub fn reflection_count(&self) -> usize {
        (2 * self.stencil as usize + 1).pow(3)
    }

    /// (β/V)·ΣF²·halo at the Miller index `hkl`, whose nearest reflection is `nearest`; F of a reflection
    /// is `f_of`.
    pub fn intensity(&self, hkl: DVec3, nearest: DVec3, f_of: impl Fn(DVec3) -> f64) -> f64 {
        let halos = self.reflections(nearest).map(|reflection| {
            let f = f_of(reflection);
            f * f * self.halo(reflection, hkl).density_m3
        });
        self.beta / self.volume_m3 * halos.sum::<f64>()
    }

    /// The quadratic forms of all operators.
    fn forms(&self) -> Vec<HaloForm> {
        let mut forms: Vec<HaloForm> = Vec::new();
        for operator in &self.operators {
            let own = self.form(operator);
            match forms.iter_mut().find(|form| form.is_alike(&own)) {
                Some(form) => form.strength += own.strength,
                None => forms.push(own),
            }
        }
        forms
    }

    /// The operators that share a form.
    pub fn operators_of(&self, form: &HaloForm) -> impl Iterator<Item = &DMat3> {
        let operators = self.operators.iter();
        operators.filter(move |own| self.form(own).is_alike(form))
    }

    /// The quadratic form of one operator.
    pub(super) fn form(&self, operator: &DMat3) -> HaloForm {
        let axes = self.to_own_axes * *operator;
        let of_axes = |squares: DVec3| {
            4.0 * PI * PI * (axes.transpose() * DMat3::from_diagonal(squares) * axes)
        };
        let det_gamma = self.gamma_m.element_product();
        let count = self.operators.len() as f64;
        HaloForm {
            strength: self.beta / self.volume_m3 * 8.0 * PI * det_gamma / count,
            displacement: of_axes(self.sigma_m * self.sigma_m),
            correlation: of_axes(self.gamma_m * self.gamma_m),
        }
    }
}

/// The halo of one or several Laue operators: strength·x/(1 + g)², with x and g quadratic forms of
/// indices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HaloForm {
    /// (β/V)·8π·det G times the part of the group that the form is of.
    pub strength: f64,
    /// x is the product of this with the reflection's index, on either side: 4π²·(BL)ᵀU·BL.
    pub displacement: DMat3,
    /// g is the product of this with the offset from the reflection, on either side: 4π²·(BL)ᵀG²·BL.
    pub correlation: DMat3,
}

impl HaloForm {
    /// Whether rounding alone keeps the matrices of both apart.
    fn is_alike(&self, other: &HaloForm) -> bool {
        /// Parts of the largest element by which they may differ.
        const ROUNDING: f64 = 1e-12;
        let alike = |one: &DMat3, other: &DMat3| {
            let elements = one.to_cols_array().into_iter();
            let largest = elements.fold(0.0, |most: f64, x| most.max(x.abs()));
            one.abs_diff_eq(*other, ROUNDING * largest)
        };
        alike(&self.displacement, &other.displacement)
            && alike(&self.correlation, &other.correlation)
    }

    /// The halo of `reflection` at the offset `away` from it, with its slopes.
    #[inline(always)]
    pub fn slopes(&self, reflection: DVec3, away: DVec3) -> HaloSlopes {
        let x = reflection.dot(self.displacement * reflection);
        let along = self.correlation * away;
        let inverse = 1.0 / (1.0 + away.dot(along));
        let per_x = self.strength * inverse * inverse;
        let per_g = -2.0 * per_x * x * inverse;
        HaloSlopes {
            value: per_x * x,
            displacement: per_x,
            correlation: per_g,
            offset: along * (2.0 * per_g),
        }
    }
}

/// A halo at one offset from its reflection, and how it changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HaloSlopes {
    /// The halo.
    pub value: f64,
    /// To the form of the displacements at the reflection, x.
    pub displacement: f64,
    /// To the form of the correlation at the offset, g.
    pub correlation: f64,
    /// To the offset.
    pub offset: DVec3,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment;
    use crate::geometry::{LaueGroup, UnitCell};
    use approx::assert_relative_eq;

    fn diffuse(laue: &str, sigma: [f64; 3], gamma: [f64; 3]) -> Diffuse {
        let angles = [90.0f64, 90.0, 120.0].map(f64::to_radians);
        let cell = UnitCell::from_parameters([60e-10, 60e-10, 80e-10], angles).unwrap();
        let crystal = Crystal {
            cells: [6.0; 3],
            diffuse: Some(experiment::Diffuse {
                sigma_m: sigma.map(|x| x * 1e-10),
                gamma_m: gamma.map(|x| x * 1e-10),
                laue: LaueGroup::named(laue, &cell).unwrap(),
                stencil: 1,
            }),
            ..Crystal::new(cell)
        };
        Diffuse::new(&crystal).unwrap()
    }

    #[test]
    fn forms_are_the_formula() {
        for (laue, sigma, gamma, count) in [
            ("-3", [0.3, 0.4, 0.5], [30.0, 40.0, 70.0], 3),
            ("6/mmm", [0.3, 0.4, 0.5], [30.0, 40.0, 70.0], 3),
            ("6/mmm", [0.4; 3], [40.0; 3], 1),
            ("-3m1", [0.3, 0.3, 0.5], [30.0, 30.0, 70.0], 1),
        ] {
            let diffuse = diffuse(laue, sigma, gamma);
            let forms = &diffuse.forms;
            assert_eq!(forms.len(), count, "{laue}");
            for hkl in [DVec3::new(1.3, -4.2, 7.45), DVec3::new(-0.5, 3.1, 2.0)] {
                let nearest = hkl.round();
                let f_of = |at: DVec3| 3.0 + at.x - 0.5 * at.z;
                let of_forms = diffuse.reflections(nearest).flat_map(|at| {
                    forms.iter().map(move |form| {
                        let x = at.dot(form.displacement * at);
                        let away = hkl - at;
                        let spread = 1.0 + away.dot(form.correlation * away);
                        f_of(at).powi(2) * form.strength * x / (spread * spread)
                    })
                });
                let expected = diffuse.intensity(hkl, nearest, f_of);
                assert_relative_eq!(of_forms.sum::<f64>(), expected, max_relative = 1e-12);
            }
        }
    }

    #[test]
    fn a_halo_has_the_symmetry_of_its_group() {
        let diffuse = diffuse("-3m1", [0.3, 0.4, 0.5], [30.0, 40.0, 70.0]);
        let (reflection, hkl) = (DVec3::new(2.0, -5.0, 3.0), DVec3::new(2.2, -5.1, 2.7));
        let expected = diffuse.halo(reflection, hkl);
        for operator in &diffuse.operators {
            let found = diffuse.halo(*operator * reflection, *operator * hkl);
            assert_relative_eq!(found.density_m3, expected.density_m3, max_relative = 1e-12);
            assert_relative_eq!(found.x, expected.x, max_relative = 1e-12);
        }
    }
}
