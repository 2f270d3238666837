//! One stage of a refinement: some variables of all frames are fitted by Levenberg and Marquardt's
//! method, from the crate `levenberg-marquardt`.

use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt, TerminationReason};
use nalgebra::{DMatrix, DVector, Dyn, Owned};

use super::RefineError;
use super::model::{Evaluation, FrameModel, Linear};
use super::variables::Variable;
use crate::render::{Monitor, Renderer};

/// What one stage fits, and with what.
pub struct Stage<'a> {
    /// What renders.
    pub renderer: &'a Renderer,
    /// The variables.
    pub variables: &'a [Variable],
    /// Change of the sum of squares, as a part of it and of what noise adds to it (one for each
    /// pixel), at which the stage is done.
    pub tolerance: f64,
    /// The most evaluations of all frames.
    pub most_evaluations: usize,
    /// Watches.
    pub monitor: &'a dyn Monitor,
}

/// How a stage ended.
#[derive(Debug)]
pub struct Ended {
    /// The variables' values, those of each frame.
    pub values: Vec<Vec<f64>>,
    /// The crystal's photons in each frame with them, at scale 1.
    pub photons: Vec<Vec<f64>>,
    /// Evaluations of all frames.
    pub evaluations: usize,
    /// Why the method did not converge, if it did not.
    pub unfinished: Option<String>,
}

impl Stage<'_> {
    /// Fits `frames` from these values of each frame's variables, where they have been evaluated.
    ///
    /// # Errors
    /// [`RefineError::Render`], when it was interrupted, too; [`RefineError::Parameter`] where there
    /// is no experiment at the start, or no derivative.
    pub fn run(
        &self,
        frames: &mut [FrameModel],
        starts: &[Vec<f64>],
        first: Vec<Evaluation>,
    ) -> Result<Ended, RefineError> {
        let places = Places::new(self.variables, frames.len());
        let mut problem = Problem {
            stage: self,
            frames,
            starts,
            fitted: DVector::zeros(places.count),
            places,
            noise: 0.0,
            known: Vec::new(),
            evaluations: 1,
            failed: None,
        };
        let pixels: usize = problem.frames.iter().map(|own| own.measured().len()).sum();
        problem.noise = (pixels as f64).sqrt();
        let start = problem.fitted.clone();
        let of = |number: usize, _: &FrameModel, _: &[f64]| Ok(first[number].clone());
        let (linear, photons) = problem.linear(&start, &of)?;
        problem.known.push(Known {
            fitted: start,
            linear,
            photons,
        });
        drop(first);
        let method = LevenbergMarquardt::new()
            .with_ftol(self.tolerance)
            .with_xtol(1e-9)
            .with_gtol(1e-10)
            .with_patience(self.most_evaluations.max(1));
        let (mut problem, report) = method.minimize(problem);
        if let Some(error) = problem.failed.take() {
            return Err(error);
        }
        let norm = |known: &Known| known.linear.residuals.norm_squared();
        let known = std::mem::take(&mut problem.known).into_iter();
        let best = known.min_by(|one, other| norm(one).total_cmp(&norm(other)));
        let (best, photons) = best.map_or((problem.fitted.clone(), Vec::new()), |best| {
            (best.fitted, best.photons)
        });
        let done = report.termination.was_successful()
            // What cannot be bettered in float64 is done, too.
            || matches!(report.termination, TerminationReason::NoImprovementPossible(_));
        Ok(Ended {
            values: problem.values(&best),
            photons,
            evaluations: problem.evaluations,
            unfinished: (!done).then(|| match report.termination {
                TerminationReason::User(_) | TerminationReason::LostPatience => {
                    format!("not at its end after {} evaluations", problem.evaluations)
                }
                other => format!("{other:?}"),
            }),
        })
    }
}

/// The places of the variables of all frames among the numbers that are fitted: a shared one has the
/// same place in each.
pub struct Places {
    /// By frame and variable.
    of: Vec<Vec<usize>>,
    /// How many numbers there are.
    pub count: usize,
}

impl Places {
    /// The places of `variables` in so many frames.
    pub fn new(variables: &[Variable], frames: usize) -> Places {
        let mut count = 0;
        let mut next = || {
            count += 1;
            count - 1
        };
        let shared: Vec<Option<usize>> = variables
            .iter()
            .map(|variable| (!variable.own).then(&mut next))
            .collect();
        let of = (0..frames)
            .map(|_| {
                shared
                    .iter()
                    .map(|place| place.unwrap_or_else(&mut next))
                    .collect()
            })
            .collect();
        Places { of, count }
    }

    /// The places of the variables of frame number `frame`.
    pub fn of(&self, frame: usize) -> &[usize] {
        &self.of[frame]
    }

    /// The linear fits of all frames as one of all numbers.
    pub fn together(&self, frames: &[Linear]) -> Linear {
        let rows = frames.iter().map(|own| own.residuals.len()).sum();
        let mut all = Linear {
            residuals: DVector::zeros(rows),
            jacobian: DMatrix::zeros(rows, self.count),
        };
        let mut first = 0;
        for (own, places) in frames.iter().zip(&self.of) {
            let rows = own.residuals.len();
            all.residuals
                .rows_mut(first, rows)
                .copy_from(&own.residuals);
            for (column, &place) in places.iter().enumerate() {
                all.jacobian
                    .view_mut((first, place), (rows, 1))
                    .copy_from(&own.jacobian.column(column));
            }
            first += rows;
        }
        all
    }
}

/// Evaluates a frame, by its number, at values of its variables.
type Evaluate<'a> = dyn Fn(usize, &FrameModel, &[f64]) -> Result<Evaluation, RefineError> + 'a;

/// What is known about some numbers.
struct Known {
    fitted: DVector<f64>,
    linear: Linear,
    /// The crystal's photons in each frame, at scale 1.
    photons: Vec<Vec<f64>>,
}

/// The problem as the crate sees it.
struct Problem<'a> {
    stage: &'a Stage<'a>,
    frames: &'a mut [FrameModel],
    starts: &'a [Vec<f64>],
    places: Places,
    fitted: DVector<f64>,
    /// A residual that nothing changes, of the size that noise has in all pixels: a sum of squares
    /// that goes to zero, of data without noise, changes by a large part of itself to the last.
    noise: f64,
    /// The last evaluations, the latest last: the method goes back to the one before when a step is
    /// no improvement.
    known: Vec<Known>,
    evaluations: usize,
    failed: Option<RefineError>,
}

impl Problem<'_> {
    /// The values of each frame's variables at these numbers.
    fn values(&self, fitted: &DVector<f64>) -> Vec<Vec<f64>> {
        let of = |(frame, starts): (usize, &Vec<f64>)| {
            let places = self.places.of(frame).iter();
            let own = self.stage.variables.iter().zip(starts).zip(places);
            own.map(|((variable, &start), &place)| variable.value(start, fitted[place]))
                .collect()
        };
        self.starts.iter().enumerate().map(of).collect()
    }

    /// The fit about these numbers, and the crystal's photons in each frame, which is evaluated by
    /// `of` with its number and its values.
    fn linear(
        &mut self,
        fitted: &DVector<f64>,
        of: &Evaluate,
    ) -> Result<(Linear, Vec<Vec<f64>>), RefineError> {
        let variables = self.stage.variables;
        let all = self.values(fitted);
        let (mut linear, mut photons) = (Vec::new(), Vec::new());
        let places = &self.places;
        for (number, (model, values)) in self.frames.iter_mut().zip(&all).enumerate() {
            let evaluation = of(number, model, values)?;
            let rates = variables
                .iter()
                .zip(&self.starts[number])
                .zip(places.of(number));
            let rates: Vec<f64> = rates
                .map(|((variable, &start), &place)| variable.slope(start, fitted[place]))
                .collect();
            let scale = scale_of(variables, values);
            linear.push(model.linear(variables, &evaluation, scale, &rates, false));
            photons.push(evaluation.photons);
        }
        Ok((self.places.together(&linear), photons))
    }

    /// What is known about the present numbers, as long as there is something.
    fn state(&self) -> Option<&Linear> {
        let own = self.known.iter().find(|known| known.fitted == self.fitted);
        own.map(|known| &known.linear)
            .filter(|_| self.failed.is_none())
    }
}

/// The scale among the values of `variables`; 1 where it is not refined.
pub fn scale_of(variables: &[Variable], values: &[f64]) -> f64 {
    let own = variables
        .iter()
        .zip(values)
        .find(|(variable, _)| variable.is_scale());
    own.map_or(1.0, |(_, scale)| *scale)
}

impl LeastSquaresProblem<f64, Dyn, Dyn> for Problem<'_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, Dyn>;
    type ParameterStorage = Owned<f64, Dyn>;

    fn set_params(&mut self, fitted: &DVector<f64>) {
        self.fitted.copy_from(fitted);
        let before = self.known.iter().position(|known| known.fitted == *fitted);
        if let Some(place) = before {
            let latest = self.known.remove(place);
            self.known.push(latest);
            return;
        }
        if self.failed.is_some() || self.evaluations >= self.stage.most_evaluations {
            return;
        }
        self.evaluations += 1;
        let Stage {
            renderer,
            variables,
            monitor,
            ..
        } = *self.stage;
        let of = |_: usize, model: &FrameModel, values: &[f64]| {
            model.evaluate(renderer, variables, values, monitor)
        };
        let (linear, photons) = match self.linear(fitted, &of) {
            Ok(linear) => linear,
            // A step to where there is no such experiment is a step too far.
            Err(RefineError::Parameter(_) | RefineError::Experiment(_)) => {
                let last = self.known.last();
                let rows = last.map_or(1, |known| known.linear.residuals.len());
                let far = Linear {
                    residuals: DVector::repeat(rows, 1e30),
                    jacobian: DMatrix::zeros(rows, self.places.count),
                };
                (far, Vec::new())
            }
            Err(error) => {
                self.failed = Some(error);
                return;
            }
        };
        if self.known.len() > 1 {
            self.known.remove(0);
        }
        self.known.push(Known {
            fitted: fitted.clone(),
            linear,
            photons,
        });
    }

    fn params(&self) -> DVector<f64> {
        self.fitted.clone()
    }

    fn residuals(&self) -> Option<DVector<f64>> {
        self.state().map(|state| state.residuals.push(self.noise))
    }

    fn jacobian(&self) -> Option<DMatrix<f64>> {
        self.state().map(|state| {
            let rows = state.jacobian.nrows();
            state.jacobian.clone().insert_row(rows, 0.0)
        })
    }
}
