//! A frame as the fit sees it: pixels about spots, the crystal's photons in them, and how these
//! change with what is refined.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::RefineError;
use super::background::{self, Group};
use super::boxes::Boxes;
use super::frame::Frame;
use super::likelihood::{Likelihood, Measured};
use super::variables::Variable;
use crate::derivatives::{Parameter, Parametrisation};
use crate::render::{Monitor, Renderer};
use crate::scene::SceneVector;

/// The smooth background.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Background {
    /// A plane of its own under each spot, in the logarithm.
    #[default]
    Planes,
    /// One function of the distance from the beam centre for the whole frame, told by its values at
    /// so many distances.
    Radial(usize),
}

/// The pixels of a frame that are fitted, with the background that was fitted last.
#[derive(Debug, Clone)]
pub struct FrameModel {
    /// The experiment that values are put into.
    pub base: Parametrisation,
    /// The pixels.
    pub boxes: Boxes,
    measured: Vec<Measured>,
    groups: Vec<Group>,
    kind: Likelihood,
}

/// The crystal's photons at some values, and their derivatives.
#[derive(Debug, Clone, Default)]
pub struct Evaluation {
    /// Photons of each fitted pixel at scale 1, without background.
    pub photons: Vec<f64>,
    /// Their derivatives with respect to each variable's value; empty for the scale.
    pub slopes: Vec<Vec<f64>>,
}

/// Residuals and their Jacobian without what the background can do, rotated into few rows: sums of
/// squares and products are those of all pixels, and least squares sees nothing else.
#[derive(Debug, Clone)]
pub struct Linear {
    /// Residuals.
    pub residuals: DVector<f64>,
    /// Their derivatives, a column for each variable.
    pub jacobian: DMatrix<f64>,
}

impl FrameModel {
    /// The `boxes` of `frame` for the experiment `base`.
    pub fn new(
        base: Parametrisation,
        boxes: Boxes,
        frame: &Frame,
        smooth: Background,
        kind: Likelihood,
    ) -> FrameModel {
        let pixels = &boxes.pixels;
        let measured: Vec<Measured> = pixels
            .iter()
            .map(|pixel| frame.measured(pixel.in_frame))
            .collect();
        let level = |group: &[Measured]| {
            // The median of the lower half: spots are small.
            let mut photons: Vec<f64> = group.iter().map(|pixel| pixel.photons).collect();
            photons.sort_by(f64::total_cmp);
            photons
                .get(photons.len() / 4)
                .copied()
                .unwrap_or(0.0)
                .max(0.1)
        };
        let groups = match smooth {
            Background::Planes => {
                let reach = boxes.shape[0].max(boxes.shape[1]) as f64 / 2.0;
                // The pixels of a box are side by side.
                let group = |own: &[super::BoxPixel]| {
                    let places: Vec<[f64; 2]> = own
                        .iter()
                        .map(|pixel| {
                            let middle = boxes.spots[pixel.of].at;
                            [0, 1].map(|axis| pixel.at[axis] as f64 + 0.5 - middle[axis])
                        })
                        .collect();
                    (places.len(), background::plane(&places, reach))
                };
                let mut first = 0;
                let groups = pixels.chunk_by(|one, other| one.of == other.of).map(|own| {
                    let (count, functions) = group(own);
                    let range = first..first + count;
                    first += count;
                    Group::new(range.clone(), functions, 1, level(&measured[range]))
                });
                groups.collect()
            }
            Background::Radial(count) => {
                let experiment = base.experiment();
                let beam = experiment.beam().direction.normalize_or_zero();
                let radii: Vec<f64> = pixels
                    .iter()
                    .map(|pixel| {
                        let panel = &experiment.panels()[boxes.spots[pixel.of].panel];
                        let at = pixel.at.map(|place| place as f64 + 0.5);
                        panel.point_m(at).angle_between(beam)
                    })
                    .collect();
                let functions = background::hats(&radii, count);
                vec![Group::new(
                    0..pixels.len(),
                    functions,
                    count,
                    level(&measured),
                )]
            }
        };
        FrameModel {
            base,
            boxes,
            measured,
            groups,
            kind,
        }
    }

    /// The photons of the crystal with these `values` of the variables, and their derivatives.
    ///
    /// # Errors
    /// [`RefineError::Parameter`] for values that make no experiment, [`RefineError::Render`].
    pub fn evaluate(
        &self,
        renderer: &Renderer,
        variables: &[Variable],
        values: &[f64],
        monitor: &dyn Monitor,
    ) -> Result<Evaluation, RefineError> {
        let there = self.base.with(&driven(variables, values))?;
        let directions: Vec<SceneVector> = variables
            .iter()
            .filter(|variable| !variable.is_scale())
            .map(|variable| self.direction(&there, variable))
            .collect::<Result<_, _>>()?;
        let cut = self.boxes.cut(there.experiment())?;
        let laid_out = renderer.lay_out(&cut)?;
        let images = renderer.derivative_images(&laid_out, &cut, &directions, monitor)?;
        let own = |image: &[f64]| -> Vec<f64> {
            self.boxes
                .pixels
                .iter()
                .map(|pixel| image[pixel.place])
                .collect()
        };
        let mut derivatives = images.derivatives.iter();
        let slopes = variables.iter().map(|variable| match variable.is_scale() {
            true => Vec::new(),
            false => derivatives
                .next()
                .map(|image| own(image))
                .unwrap_or_default(),
        });
        Ok(Evaluation {
            slopes: slopes.collect(),
            photons: own(&images.image),
        })
    }

    /// The direction in which a variable moves the boxes' scene.
    fn direction(
        &self,
        there: &Parametrisation,
        variable: &Variable,
    ) -> Result<SceneVector, RefineError> {
        let mut sum: Option<SceneVector> = None;
        for &(parameter, factor) in &variable.drives {
            let own = self.boxes.direction(&there.direction(parameter)?);
            let mut all = sum.unwrap_or_else(|| SceneVector::zero(own.panels.len(), 0));
            all.add(&own, factor);
            sum = Some(all);
        }
        Ok(sum.unwrap_or_else(|| SceneVector::zero(self.boxes.spots.len(), 0)))
    }

    /// Fits the background under the crystal's photons times `scale`.
    pub fn fit_background(&mut self, photons: &[f64], scale: f64) {
        let (measured, kind) = (&self.measured, self.kind);
        self.groups.par_iter_mut().for_each(|group| {
            let own = group.pixels.clone();
            let signal: Vec<f64> = photons[own.clone()].iter().map(|own| scale * own).collect();
            group.fit(&measured[own], &signal, kind);
        });
    }

    /// The background of each fitted pixel, as it was fitted last.
    pub fn background(&self) -> Vec<f64> {
        // Groups are side by side, in order.
        self.groups.iter().flat_map(Group::levels).collect()
    }

    /// The photons that were measured in each fitted pixel.
    pub fn measured(&self) -> &[Measured] {
        &self.measured
    }

    /// Sum of the squares of the residuals for the crystal's photons times `scale`, with the
    /// background that was fitted last.
    pub fn deviance(&self, photons: &[f64], scale: f64) -> f64 {
        let pixels = self.measured.iter().zip(photons).zip(self.background());
        let squares = pixels.map(|((measured, photons), level)| {
            let [residual, _] = measured.residual(self.kind, scale * photons + level);
            residual * residual
        });
        squares.sum()
    }

    /// The fit about an evaluation, once the background is fitted: `rates` are those of the
    /// variables' values with what is fitted for them. With `expected`, the derivatives are those
    /// that the residuals have on average, whose products are Fisher's information.
    pub fn linear(
        &mut self,
        variables: &[Variable],
        evaluation: &Evaluation,
        scale: f64,
        rates: &[f64],
        expected: bool,
    ) -> Linear {
        self.fit_background(&evaluation.photons, scale);
        let of_group = |group: &Group| {
            let own = group.pixels.clone();
            let pixels = self.measured[own.clone()]
                .iter()
                .zip(&evaluation.photons[own.clone()]);
            let each = pixels
                .zip(group.levels())
                .map(|((measured, photons), level)| {
                    let there = scale * photons + level;
                    let [residual, slope] = measured.residual(self.kind, there);
                    match expected {
                        true => (residual, -measured.score(self.kind, there)[1].sqrt()),
                        false => (residual, slope),
                    }
                });
            let (residuals, slopes): (Vec<f64>, Vec<f64>) = each.unzip();
            let mut columns = DMatrix::zeros(slopes.len(), variables.len());
            for (place, variable) in variables.iter().enumerate() {
                let (photons, factor) = match variable.is_scale() {
                    true => (&evaluation.photons, rates[place]),
                    false => (&evaluation.slopes[place], scale * rates[place]),
                };
                let rows = columns
                    .column_mut(place)
                    .into_iter()
                    .zip(&photons[own.clone()]);
                rows.zip(&slopes)
                    .for_each(|((row, own), slope)| *row = factor * slope * own);
            }
            group.project(&slopes, &mut columns);
            Linear {
                residuals: DVector::from_vec(residuals),
                jacobian: columns,
            }
            .rotated()
        };
        let groups: Vec<Linear> = self.groups.par_iter().map(of_group).collect();
        Linear::stacked(&groups).rotated()
    }

    /// The scale that fits best at these photons, near `scale`.
    pub fn best_scale(&mut self, photons: &[f64], mut scale: f64) -> f64 {
        const MOST_STEPS: usize = 40;
        let variables = [Variable::scale()];
        let evaluation = Evaluation {
            photons: photons.to_vec(),
            slopes: vec![Vec::new()],
        };
        for _ in 0..MOST_STEPS {
            let linear = self.linear(&variables, &evaluation, scale, &[scale], false);
            let slope = linear.jacobian.column(0).dot(&linear.residuals);
            let curvature = linear.jacobian.column(0).norm_squared();
            if curvature <= 0.0 {
                return scale;
            }
            let step = (-slope / curvature).clamp(-1.5, 1.5);
            scale *= step.exp();
            if step.abs() < 1e-4 || !(1e-30..1e30).contains(&scale) {
                break;
            }
        }
        scale
    }

    /// A scale to start from: that of the photons above the background to those of the crystal.
    pub fn first_scale(&self, photons: &[f64]) -> f64 {
        let pixels = self.measured.iter().zip(self.background()).zip(photons);
        let (above, crystal) = pixels.fold((0.0, 0.0), |sums, ((measured, level), photons)| {
            (sums.0 + measured.photons - level, sums.1 + photons)
        });
        if above > 0.0 && crystal > 0.0 {
            above / crystal
        } else {
            1.0
        }
    }
}

/// The parameters that `variables` with these values drive.
pub fn driven(variables: &[Variable], values: &[f64]) -> Vec<(Parameter, f64)> {
    let pairs = variables
        .iter()
        .zip(values)
        .filter(|(variable, _)| !variable.is_scale());
    let driven = pairs.flat_map(|(variable, value)| {
        variable
            .drives
            .iter()
            .map(move |(parameter, factor)| (*parameter, factor * value))
    });
    driven.collect()
}

impl Linear {
    /// These, one below the other.
    fn stacked(parts: &[Linear]) -> Linear {
        let rows = parts.iter().map(|own| own.residuals.len()).sum();
        let mut all = Linear {
            residuals: DVector::zeros(rows),
            jacobian: DMatrix::zeros(rows, parts.first().map_or(0, |own| own.jacobian.ncols())),
        };
        let mut first = 0;
        for own in parts {
            let rows = own.residuals.len();
            all.residuals
                .rows_mut(first, rows)
                .copy_from(&own.residuals);
            all.jacobian.rows_mut(first, rows).copy_from(&own.jacobian);
            first += rows;
        }
        all
    }

    /// The same in one row more than there are columns.
    fn rotated(&self) -> Linear {
        let count = self.jacobian.ncols();
        let rows = self.residuals.len().max(count + 1);
        let mut all = DMatrix::zeros(rows, count + 1);
        let own = self.residuals.len();
        all.view_mut((0, 0), (own, count)).copy_from(&self.jacobian);
        all.view_mut((0, count), (own, 1))
            .copy_from(&self.residuals);
        let triangle = all.qr().unpack_r();
        Linear {
            residuals: triangle.column(count).into_owned(),
            jacobian: triangle.columns(0, count).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_keeps_sums_and_products() {
        let number = |index: usize, column: usize| ((index * (7 + column)) % 13) as f64 - 6.0;
        let part = |first: usize, rows: usize| Linear {
            residuals: DVector::from_fn(rows, |row, _| number(first + row, 9)),
            jacobian: DMatrix::from_fn(rows, 3, |row, column| number(first + row, column)),
        };
        let whole = part(0, 50);
        // The second part has fewer rows than columns.
        let parts = [part(0, 48).rotated(), part(48, 2).rotated()];
        let linear = Linear::stacked(&parts).rotated();
        assert_eq!(linear.jacobian.shape(), (4, 3));
        let square = whole.residuals.norm_squared();
        assert!((linear.residuals.norm_squared() - square).abs() < 1e-9);
        let gradient = |own: &Linear| own.jacobian.tr_mul(&own.residuals);
        assert!((gradient(&linear) - gradient(&whole)).amax() < 1e-9);
        let normal = |own: &Linear| own.jacobian.tr_mul(&own.jacobian);
        assert!((normal(&linear) - normal(&whole)).amax() < 1e-9);
    }
}
