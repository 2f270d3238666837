//! How near two computations come: the suite that holds a GPU against the CPU path, with its
//! scenes, gates and findings; and two traces of one term, compared.
//!
//! The CPU path itself is held against reference images of other programs in the project's tests.

mod noise;
mod scene_parts;
mod scenes;
mod trace;

use std::time::Instant;

use serde::Serialize;

use crate::image::noise::Noise;
use crate::image::{Difference, FLOAT32, Gate, Shortcoming};
use crate::render::{Monitor, RenderError, Rendered, Renderer};

pub use trace::{
    ComparedQuantity, DEFAULT_TOLERANCE, Disagreement, Judgement, TraceComparison, compare_traces,
};

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ValidationError {
    /// The device or the CPU path failed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The scene of a check is impossible: a fault of this library.
    #[error("the scene of a check is impossible: {0}; please report it")]
    Scene(String),
    /// The device gave an image of another size, or one without a number in it.
    #[error("{name}: the device's image has another size than the CPU path's, or no finite pixel")]
    Incomparable {
        /// Name of the check.
        name: &'static str,
    },
}

/// What is rendered on both paths, and how near the device must come.
#[derive(Debug, Clone)]
pub struct Check {
    /// Name of the check.
    pub name: &'static str,
    /// Whether a quick validation makes the check too.
    pub quick: bool,
    gate: Gate,
    subject: Subject,
}

#[derive(Debug, Clone)]
enum Subject {
    Scene(scenes::Scene),
    Noise(Noise),
}

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Name of the check.
    pub name: &'static str,
    /// rms of the difference over rms of the CPU path's image.
    pub nrmse: f64,
    /// The largest difference over the largest value.
    pub worst: f64,
    /// Pearson's correlation.
    pub correlation: f64,
    /// Largest nrmse that is let pass; 0 where no bit may differ.
    pub gate: f64,
    /// Whether the device came near enough.
    pub passed: bool,
    /// What it missed, if it did not.
    pub shortcoming: Option<Shortcoming>,
    /// Wall time on the device, s.
    pub device_seconds: f64,
    /// Wall time on the CPU path, s.
    pub cpu_seconds: f64,
}

/// Every check, or the few of a quick validation.
pub fn checks(quick: bool) -> impl Iterator<Item = Check> {
    let all = scenes::checks().into_iter().chain(noise::checks());
    all.filter(move |check| check.quick || !quick)
}

impl Check {
    /// Renders on `device` and on `cpu`, and compares. `monitor` may stop a render.
    ///
    /// # Errors
    /// [`ValidationError`] when there is nothing to compare.
    pub fn run(
        &self,
        device: &Renderer,
        cpu: &Renderer,
        monitor: &dyn Monitor,
    ) -> Result<Finding, ValidationError> {
        match &self.subject {
            Subject::Scene(scene) => {
                let experiment = scene.experiment()?;
                self.compared([device, cpu], |renderer| {
                    renderer.render_watched(&experiment, monitor)
                })
            }
            Subject::Noise(noise) => {
                let photons = noise::photons(noise);
                self.compared([device, cpu], |renderer| {
                    renderer.expose(&photons, noise, &[photons.height()])
                })
            }
        }
    }

    /// The images that `make` makes on the device and on the CPU path, compared.
    fn compared(
        &self,
        renderers: [&Renderer; 2],
        make: impl Fn(&Renderer) -> Result<Rendered, RenderError>,
    ) -> Result<Finding, ValidationError> {
        let timed = |renderer| -> Result<_, RenderError> {
            let started = Instant::now();
            let Rendered { image, .. } = make(renderer)?;
            Ok((image, started.elapsed().as_secs_f64()))
        };
        let [device, cpu] = renderers;
        let (image, device_seconds) = timed(device)?;
        let (reference, cpu_seconds) = timed(cpu)?;
        let name = self.name;
        let difference =
            Difference::of(&image, &reference).ok_or(ValidationError::Incomparable { name })?;
        let compared = difference.comparison;
        let gate = match self.gate {
            Gate::Nrmse(gate) => gate,
            Gate::Bits => 0.0,
            Gate::Edges(_) | Gate::Likeness(_) | Gate::Correlation(_) => FLOAT32,
        };
        let shortcoming = self.gate.check(&difference).err();
        Ok(Finding {
            name,
            nrmse: compared.nrmse,
            worst: compared.worst / compared.reference_max,
            correlation: compared.correlation,
            gate,
            passed: shortcoming.is_none(),
            shortcoming,
            device_seconds,
            cpu_seconds,
        })
    }
}
