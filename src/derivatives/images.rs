//! Derivatives of an image as a detector has it: along parameters, and of weighted sums.

use super::{DerivativeError, Parameter, Parametrisation};
use crate::image::noise::PointSpread;
use crate::render::{DerivativeMemory, Derivatives, Monitor, RenderError, Renderer};
use crate::scene::SceneVector;

/// What an image is differentiated with: the device, and what the detector does to it.
#[derive(Clone, Copy)]
pub struct Differentiator<'a> {
    /// The device.
    pub renderer: &'a Renderer,
    /// How light spreads on the detector; none where it stays.
    pub point_spread: Option<PointSpread>,
    /// What watches, and may stop it.
    pub monitor: &'a dyn Monitor,
}

/// The gradient of a weighted sum of an image's pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterGradient {
    /// Σ weight·∂photons/∂parameter of each parameter, per its unit.
    pub values: Vec<f64>,
    /// The gradient in the coordinates of the scene, from which those of other parameters follow:
    /// as the [product](SceneVector::dot) with their directions.
    pub vector: SceneVector,
    /// Name of the device that computed it.
    pub device: String,
    /// What the user should know of it.
    pub notices: Vec<String>,
}

impl Differentiator<'_> {
    /// The image at `point` and its derivative with respect to each of the `parameters`, per its unit.
    ///
    /// # Errors
    /// [`DerivativeError`] for a parameter that has no derivative, and when the render fails.
    pub fn images(
        &self,
        point: &Parametrisation,
        parameters: &[Parameter],
    ) -> Result<Derivatives, DerivativeError> {
        let directions = parameters.iter().map(|own| point.direction(*own));
        self.along(point, &directions.collect::<Result<Vec<_>, _>>()?)
    }

    /// The image at `point` and its derivative along one direction, in which parameters change by so
    /// many of their units.
    ///
    /// # Errors
    /// As [`Differentiator::images`].
    pub fn jvp(
        &self,
        point: &Parametrisation,
        along: &[(Parameter, f64)],
    ) -> Result<Derivatives, DerivativeError> {
        let mut sum = point.zero();
        for (parameter, change) in along {
            sum.add(&point.direction(*parameter)?, *change);
        }
        self.along(point, &[sum])
    }

    /// The gradient of Σ weight·photons over the pixels of the image at `point`, one of the `weights`
    /// each, with respect to the `parameters`. Its cost does not grow with their number.
    ///
    /// # Errors
    /// As [`Differentiator::images`].
    pub fn vjp(
        &self,
        point: &Parametrisation,
        weights: &[f64],
        parameters: &[Parameter],
    ) -> Result<ParameterGradient, DerivativeError> {
        let directions = parameters.iter().map(|own| point.direction(*own));
        let directions: Vec<SceneVector> = directions.collect::<Result<_, _>>()?;
        let experiment = point.experiment();
        let mut weights = weights.to_vec();
        // The spread is its own adjoint.
        self.spread(point, &mut weights)?;
        let amplitudes = directions.iter().any(|own| !own.amplitudes.is_empty());
        let gradient = self.renderer.gradient(
            &self.renderer.lay_out(experiment)?,
            experiment,
            &weights,
            amplitudes,
            self.monitor,
        )?;
        Ok(ParameterGradient {
            values: directions
                .iter()
                .map(|own| own.dot(&gradient.vector))
                .collect(),
            vector: gradient.vector,
            device: gradient.device,
            notices: gradient.notices,
        })
    }

    /// What [`Differentiator::images`] of the `parameters` takes of memory, or [`Differentiator::vjp`] with
    /// respect to them if it is to differentiate a `sum`.
    ///
    /// # Errors
    /// As these, before they begin.
    pub fn memory(
        &self,
        point: &Parametrisation,
        parameters: &[Parameter],
        sum: bool,
    ) -> Result<DerivativeMemory, DerivativeError> {
        let directions = parameters.iter().map(|own| point.direction(*own));
        let directions: Vec<SceneVector> = directions.collect::<Result<_, _>>()?;
        let amplitudes = directions.iter().any(|own| !own.amplitudes.is_empty());
        let experiment = point.experiment();
        let images = Some(&directions[..]).filter(|_| !sum);
        Ok(self.renderer.derivative_memory(
            &self.renderer.lay_out(experiment)?,
            experiment,
            images,
            amplitudes,
        )?)
    }

    fn along(
        &self,
        point: &Parametrisation,
        directions: &[SceneVector],
    ) -> Result<Derivatives, DerivativeError> {
        let experiment = point.experiment();
        let laid_out = self.renderer.lay_out(experiment)?;
        let mut found =
            self.renderer
                .derivative_images(&laid_out, experiment, directions, self.monitor)?;
        for image in std::iter::once(&mut found.image).chain(&mut found.derivatives) {
            self.spread(point, image)?;
        }
        Ok(found)
    }

    fn spread(&self, point: &Parametrisation, image: &mut [f64]) -> Result<(), RenderError> {
        match &self.point_spread {
            Some(spread) => self.renderer.spread(point.experiment(), image, spread),
            None => Ok(()),
        }
    }
}
