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

use crate::image::Comparison;
use crate::image::noise::Noise;
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
    /// The device gave an image of another size.
    #[error("{name}: the device's image has another size than the CPU path's")]
    Size {
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

/// How far the device's image may be from the CPU path's.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Gate {
    /// This nrmse, and no pixel by more than ten times this part of the largest.
    Nrmse(f64),
    /// Spots with sharp edges: an edge may fall on either side of a pixel, so this part of the
    /// pixels may differ.
    Edges(f64),
    /// Not a bit.
    Bits,
}

/// What float32 comes to, everywhere but with the largest crystals and indices.
const FLOAT32: f64 = 1e-5;
/// A pixel may be off by so many gates of the image's maximum.
const WORST_PIXEL_GATES: f64 = 10.0;

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
                let photons = noise::photons();
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
        let compared = Comparison::of(image.values(), reference.values())
            .ok_or(ValidationError::Size { name })?;
        let worst = compared.worst / compared.reference_max;
        let mut pairs = image.values().iter().zip(reference.values());
        let (gate, passed) = match self.gate {
            Gate::Nrmse(gate) => {
                let within = compared.nrmse <= gate && worst <= WORST_PIXEL_GATES * gate;
                (gate, within)
            }
            Gate::Edges(part) => (FLOAT32, compared.differing <= part),
            Gate::Bits => {
                let same = |(one, other): (&f32, &f32)| one.to_bits() == other.to_bits();
                (0.0, pairs.all(same))
            }
        };
        Ok(Finding {
            name,
            nrmse: compared.nrmse,
            worst,
            correlation: compared.correlation,
            gate,
            passed,
            device_seconds,
            cpu_seconds,
        })
    }
}
