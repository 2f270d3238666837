//! What a refinement found, once it is known to be good.

use nalgebra::DMatrix;

use super::certainty::Certainty;
use super::fit::Places;
use super::stages::{Part, Work};
use super::verdict::Quality;
use super::{RefineError, Refined, RefinedFrame, RefinedValue};

impl Work<'_> {
    /// Widens uncertainties where the model does not fit within the noise: what is wrong with it is
    /// not known, and is taken for more noise.
    fn widen(&mut self, certainty: &mut Certainty, frames: &[RefinedFrame]) {
        let worst = frames.iter().map(|own| own.quality).max_by(|one, other| {
            one.chi_squared_of_spots
                .total_cmp(&other.chi_squared_of_spots)
        });
        let beyond = |own: &Quality| {
            own.chi_squared_of_spots > 1.0 + 5.0 * (2.0 / own.spot_pixels.max(1) as f64).sqrt()
        };
        if let Some(Quality {
            chi_squared_of_spots,
            ..
        }) = worst.filter(beyond)
        {
            let factor = chi_squared_of_spots.sqrt();
            certainty
                .sigmas
                .iter_mut()
                .for_each(|sigma| *sigma *= factor);
            self.notices.push(format!(
                "the model does not fit within the noise, chi-squared of the spots is \
                 {chi_squared_of_spots:.2}: uncertainties are wider by its root, {factor:.2}"
            ));
        }
        let quiet = |own: &Quality| {
            own.chi_squared_of_spots < 1.0 - 5.0 * (2.0 / own.spot_pixels.max(1) as f64).sqrt()
        };
        if let Some(own) = frames.iter().map(|own| own.quality).find(quiet) {
            self.notices.push(format!(
                "counts vary less than counts of photons do, chi-squared of the spots is {:.2}: \
                 uncertainties are those of a measurement with as many photons; the gain may be wrong, \
                 or there is no noise",
                own.chi_squared_of_spots
            ));
        }
    }

    /// The result, once it has been found good.
    pub(super) fn refined(mut self) -> Result<Refined, RefineError> {
        let places = Places::new(&self.variables, self.starts.len());
        let (mut linear, mut frames) = (Vec::new(), Vec::new());
        let ones = vec![1.0; self.variables.len()];
        for (number, model) in self.models.iter_mut().enumerate() {
            let mut values = Vec::new();
            for variable in &self.variables {
                values.push(match variable.is_scale() {
                    true => self.scales[number],
                    false => self.now[number].value(variable.first())?,
                });
            }
            let scale = self.scales[number];
            let monitor = Part(self.monitor);
            let evaluation = model.evaluate(self.renderer, &self.variables, &values, &monitor)?;
            self.evaluations += 1;
            linear.push(model.linear(&self.variables, &evaluation, scale, &ones, true));
            let crystal: Vec<f64> = evaluation.photons.iter().map(|own| scale * own).collect();
            let (background, measured) = (model.background(), model.measured().to_vec());
            let parametrisation = self.now[number].clone();
            let quality = Quality::of(
                &parametrisation,
                &self.strong[number],
                [&crystal, &background],
                &measured,
                &model.boxes,
            )?;
            quality.check(&self.starts[number].frame.name, self.wish)?;
            frames.push(RefinedFrame {
                parametrisation,
                scale,
                boxes: model.boxes.clone(),
                crystal,
                background,
                measured,
                quality,
                search: self.found[number],
            });
        }
        let all = places.together(&linear);
        let normal: DMatrix<f64> = all.jacobian.transpose() * &all.jacobian;
        let mut certainty = Certainty::of(&normal);
        self.widen(&mut certainty, &frames);
        let mut values: Vec<Option<RefinedValue>> = vec![None; places.count];
        for number in 0..frames.len() {
            for (variable, &place) in self.variables.iter().zip(places.of(number)) {
                let first = &self.starts[number].parametrisation;
                values[place].get_or_insert(RefinedValue {
                    frame: variable.own.then_some(number),
                    start: match variable.is_scale() {
                        true => 1.0,
                        false => first.value(variable.first())?,
                    },
                    value: match variable.is_scale() {
                        true => self.scales[number],
                        false => self.now[number].value(variable.first())?,
                    },
                    sigma: certainty.sigmas[place],
                    variable: variable.clone(),
                });
            }
        }
        Ok(Refined {
            frames,
            values: values.into_iter().flatten().collect(),
            certainty,
            evaluations: self.evaluations,
            notices: self.notices,
        })
    }
}
