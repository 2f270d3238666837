//! The stages of a refinement: a search, coarse spots, spots as they are.

use super::boxes::Boxes;
use super::fit::{Stage, scale_of};
use super::model::{FrameModel, driven};
use super::strong::{Strong, strong};
use super::variables::Variable;
use super::{RefineError, Start, Trust, Wish, predict, search, spots};
use crate::derivatives::{AXES, Parameter, Parametrisation};
use crate::geometry::{angles_of, rotation_xyz};
use crate::render::{Monitor, RenderError, Renderer};

/// A frame needs so many spots.
pub const LEAST_SPOTS: usize = 4;

/// A refinement on its way.
pub(super) struct Work<'a> {
    pub(super) renderer: &'a Renderer,
    pub(super) starts: &'a [Start],
    pub(super) wish: &'a Wish,
    pub(super) monitor: &'a dyn Monitor,
    /// The experiment of each frame so far, at scale 1.
    pub(super) now: Vec<Parametrisation>,
    pub(super) scales: Vec<f64>,
    pub(super) strong: Vec<Vec<Strong>>,
    pub(super) found: Vec<Option<(usize, usize)>>,
    /// How far orientations may be off now.
    pub(super) uncertainty_rad: f64,
    /// The frames as they were fitted last, and what was fitted.
    pub(super) models: Vec<FrameModel>,
    pub(super) photons: Vec<Vec<f64>>,
    pub(super) variables: Vec<Variable>,
    pub(super) evaluations: usize,
    pub(super) notices: Vec<String>,
}

/// The monitor of a part of the work.
pub(super) struct Part<'a>(pub(super) &'a dyn Monitor);

impl Monitor for Part<'_> {
    fn interrupted(&self) -> bool {
        self.0.interrupted()
    }
}

impl<'a> Work<'a> {
    pub(super) fn new(
        renderer: &'a Renderer,
        starts: &'a [Start],
        wish: &'a Wish,
        monitor: &'a dyn Monitor,
    ) -> Result<Work<'a>, RefineError> {
        for Start {
            frame,
            parametrisation,
        } in starts
        {
            let panels = parametrisation.experiment().panels();
            let shapes: Vec<[usize; 2]> = panels.iter().map(|panel| panel.shape).collect();
            if shapes != frame.panels {
                return Err(RefineError::Size {
                    frame: frame.name.clone(),
                    found: frame.photons.len(),
                    expected: panels.iter().map(|panel| panel.pixels()).sum(),
                });
            }
            if frame.count(Trust::Good) == 0 {
                return Err(RefineError::Untrusted {
                    frame: frame.name.clone(),
                    saturated: frame.count(Trust::Saturated),
                    below: frame.count(Trust::Below),
                    masked: frame.count(Trust::Masked),
                });
            }
        }
        Ok(Work {
            renderer,
            starts,
            wish,
            monitor,
            now: starts
                .iter()
                .map(|start| start.parametrisation.clone())
                .collect(),
            scales: vec![1.0; starts.len()],
            strong: starts.iter().map(|start| strong(&start.frame)).collect(),
            found: vec![None; starts.len()],
            uncertainty_rad: wish.uncertainty_rad,
            models: Vec::new(),
            photons: Vec::new(),
            variables: Vec::new(),
            evaluations: 0,
            notices: Vec::new(),
        })
    }

    /// Refuses variables that cannot be refined from their start.
    pub(super) fn check_variables(&self) -> Result<(), RefineError> {
        if self.wish.amplitudes && self.wish.variables.iter().any(Variable::is_scale) {
            return Err(RefineError::Variable {
                name: "F".into(),
                reason:
                    "a factor on all F and the scale are one and the same; leave scale out, and \
                         start from the fluence that holds"
                        .into(),
            });
        }
        for variable in &self.wish.variables {
            for now in &self.now {
                if let Some(reason) = variable.refused(now.value(variable.first())?) {
                    let name = variable.to_string();
                    return Err(RefineError::Variable { name, reason });
                }
            }
        }
        Ok(())
    }

    /// Searches the orientation of every frame, where it is to be refined.
    pub(super) fn search(&mut self) -> Result<(), RefineError> {
        let misset = AXES.map(Parameter::Misset);
        let refined: Vec<Parameter> = self
            .wish
            .variables
            .iter()
            .map(|variable| variable.first())
            .collect();
        if self.wish.search_rad <= 0.0 || !misset.iter().all(|own| refined.contains(own)) {
            return Ok(());
        }
        for (number, now) in self.now.iter_mut().enumerate() {
            if self.monitor.interrupted() {
                return Err(RenderError::Interrupted.into());
            }
            let strong = &self.strong[number];
            let Some(found) = search::search(now.experiment(), strong, self.wish.search_rad)?
            else {
                continue;
            };
            let mut angles = [0.0; 3];
            for (angle, parameter) in angles.iter_mut().zip(misset) {
                *angle = now.value(parameter)?.to_radians();
            }
            let turned = angles_of(&(found.turn * rotation_xyz(angles))).map(f64::to_degrees);
            let values: Vec<(Parameter, f64)> = misset.into_iter().zip(turned).collect();
            *now = now.with(&values)?;
            self.found[number] = Some((found.matched, found.of));
        }
        Ok(())
    }

    /// By how much smaller a crystal's spots are as wide as the orientation is uncertain.
    pub(super) fn coarseness(&self) -> f64 {
        let widths = self.now.iter().map(|now| {
            let spots = predict(now.experiment(), 0.0).unwrap_or_default();
            let mut widths: Vec<f64> = spots.iter().map(|spot| spot.width_rad).collect();
            widths.sort_by(f64::total_cmp);
            widths
                .get(widths.len() / 2)
                .copied()
                .unwrap_or(self.uncertainty_rad)
        });
        let narrowest = widths.fold(f64::MAX, f64::min);
        (self.uncertainty_rad / narrowest).clamp(1.0, 4.0)
    }

    /// Fits the scale and those variables that are `taken`, with a crystal that is smaller by
    /// `coarse` in every direction, to the spots that light up within `uncertainty_rad`. Tells why
    /// it is not at its end, if it is not.
    pub(super) fn stage(
        &mut self,
        taken: &dyn Fn(&Variable) -> bool,
        coarse: f64,
        uncertainty_rad: f64,
        tolerance: f64,
    ) -> Result<Option<String>, RefineError> {
        let wished = self.wish.variables.iter();
        let is_last = coarse == 1.0 && wished.clone().all(taken);
        let mut variables: Vec<Variable> = wished
            .filter(|variable| taken(variable) && (is_last || !variable.is_scale()))
            .cloned()
            .collect();
        // Only the last stage heeds whether the scale is known.
        if !is_last {
            variables.push(Variable::scale());
        }
        let mut models = Vec::new();
        for (number, start) in self.starts.iter().enumerate() {
            let boxes = self.boxes(number, uncertainty_rad)?;
            let base = self.smaller(&self.now[number], coarse)?;
            let Wish {
                background,
                likelihood,
                ..
            } = *self.wish;
            models.push(FrameModel::new(
                base,
                boxes,
                &start.frame,
                background,
                likelihood,
            ));
        }
        if is_last && self.wish.amplitudes {
            let spots = models.iter().flat_map(|model| &model.boxes.spots);
            let mut indices: Vec<[i32; 3]> = spots.map(|spot| spot.index).collect();
            indices.sort_unstable();
            indices.dedup();
            let each = indices.into_iter().map(Parameter::F);
            let new = each.filter(|own| variables.iter().all(|known| known.first() != *own));
            let new: Vec<Variable> = new.map(Variable::of).collect();
            variables.extend(new);
        }
        let fits_scale = variables.iter().any(Variable::is_scale);
        let mut values = Vec::new();
        for now in &self.now {
            let own = variables.iter().map(|variable| match variable.is_scale() {
                true => Ok(1.0),
                false => now.value(variable.first()),
            });
            values.push(own.collect::<Result<Vec<f64>, _>>()?);
        }
        // What frames share starts from where the first one is.
        for (place, _) in variables.iter().enumerate().filter(|(_, own)| !own.own) {
            let first = values[0][place];
            values.iter_mut().for_each(|own| own[place] = first);
        }
        let monitor = Part(self.monitor);
        let mut first = Vec::new();
        for (number, model) in models.iter_mut().enumerate() {
            let own = &mut values[number];
            let evaluation = model.evaluate(self.renderer, &variables, own, &monitor)?;
            let photons = &evaluation.photons;
            model.fit_background(photons, 0.0);
            self.scales[number] = match fits_scale {
                true => model.best_scale(photons, model.first_scale(photons)),
                false => 1.0,
            };
            let scales = variables.iter().zip(own).filter(|(own, _)| own.is_scale());
            scales.for_each(|(_, own)| *own = self.scales[number]);
            first.push(evaluation);
        }
        let stage = Stage {
            renderer: self.renderer,
            variables: &variables,
            tolerance,
            most_evaluations: self.wish.most_evaluations,
            monitor: &monitor,
        };
        let ended = stage.run(&mut models, &values, first)?;
        self.evaluations += ended.evaluations * self.starts.len();
        for (number, own) in ended.values.iter().enumerate() {
            self.now[number] = self.now[number].with(&driven(&variables, own))?;
            if fits_scale {
                self.scales[number] = scale_of(&variables, own);
            }
            if coarse == 1.0 {
                models[number].base = self.now[number].clone();
            }
        }
        self.models = models;
        self.photons = ended.photons;
        self.variables = variables;
        Ok(ended.unfinished)
    }

    /// The crystal of `now` with fewer cells by `factor` along each axis.
    fn smaller(&self, now: &Parametrisation, factor: f64) -> Result<Parametrisation, RefineError> {
        if factor == 1.0 {
            return Ok(now.clone());
        }
        let mut cells = Vec::new();
        for parameter in AXES.map(Parameter::Cells) {
            cells.push((parameter, (now.value(parameter)? / factor).max(1.0)));
        }
        Ok(now.with(&cells)?)
    }

    /// The boxes of frame number `number` about the spots that light up if the orientation is off by
    /// no more than `uncertainty_rad`.
    fn boxes(&self, number: usize, uncertainty_rad: f64) -> Result<Boxes, RefineError> {
        let (frame, now) = (&self.starts[number].frame, &self.now[number]);
        let mut spots = predict(now.experiment(), uncertainty_rad)?;
        let predicted = spots.len();
        spots.sort_by(|one, other| {
            other
                .weight(uncertainty_rad)
                .total_cmp(&one.weight(uncertainty_rad))
        });
        // What is thousands of times weaker than the strongest is nothing but background.
        let strongest = spots
            .first()
            .map_or(0.0, |spot| spot.weight(uncertainty_rad));
        spots.retain(|spot| spot.weight(uncertainty_rad) > 2e-3 * strongest);
        spots.truncate(self.wish.most_spots);
        let half = spots::half_box(now.experiment(), &spots, uncertainty_rad);
        let boxes = Boxes::about(spots, frame, half);
        match boxes.spots.len() < LEAST_SPOTS {
            false => Ok(boxes),
            true => Err(RefineError::TooFewSpots {
                frame: frame.name.clone(),
                left: boxes.spots.len(),
                predicted,
                least: LEAST_SPOTS,
                saturated: boxes.saturated,
                masked: boxes.masked,
            }),
        }
    }

    /// Refuses frames in which nothing is seen of the crystal.
    pub(super) fn check_signal(&mut self) -> Result<(), RefineError> {
        for (number, model) in self.models.iter_mut().enumerate() {
            let photons = &self.photons[number];
            let scale = model.best_scale(photons, self.scales[number]);
            let with = model.deviance(photons, scale);
            model.fit_background(photons, 0.0);
            let gain = model.deviance(photons, 0.0) - with;
            let needed = 25.0 + 5.0 * self.variables.len() as f64;
            if gain.is_nan() || gain < needed {
                return Err(RefineError::NoSignal {
                    frame: self.starts[number].frame.name.clone(),
                    spots: model.boxes.spots.len(),
                    gain: gain.max(0.0),
                    needed,
                });
            }
        }
        Ok(())
    }
}
