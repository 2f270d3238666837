//! Derivatives of a frame's image, along directions or of a weighted sum (PHYSICS §17).

use super::laid_out::{FrameScenes, LaidOut};
use super::{Monitor, RenderError, Renderer, memory};
use crate::experiment::{Experiment, Panel};
use crate::memory::Bytes;
use crate::physics::lattice_factor::has_slope;
use crate::scene::{PANEL_COUNT, SceneVector};

/// An image in float64, and its derivatives. Pixels are in the order of the image: panels stacked, fast
/// axis innermost; 0 where a pixel is outside the region or masked.
#[derive(Debug, Clone, PartialEq)]
pub struct Derivatives {
    /// Photons per pixel.
    pub image: Vec<f64>,
    /// How the photons change along each direction, in the order that these were given in.
    pub derivatives: Vec<Vec<f64>>,
    /// Name of the device that computed them.
    pub device: String,
    /// What the user should know of them.
    pub notices: Vec<String>,
}

/// The gradient of a weighted sum of an image's photons.
#[derive(Debug, Clone, PartialEq)]
pub struct Gradient {
    /// How the sum changes with each coordinate of the scene. The place of a panel that is curved has no
    /// derivative: its components are 0, and a notice says so.
    pub vector: SceneVector,
    /// Name of the device that computed it.
    pub device: String,
    /// What the user should know of it.
    pub notices: Vec<String>,
}

/// What is differentiated.
#[derive(Debug, Clone, Copy)]
pub enum Differentiated<'a> {
    /// The image, along directions.
    Images(&'a [SceneVector]),
    /// A weighted sum of the image: by all that moves the scene, and by all F if this is true.
    Sum(bool),
}

/// What derivatives take of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivativeMemory {
    /// Derivative images on the host, the image itself among them, or the weights of a sum.
    pub host: Bytes,
    /// Buffers of a GPU; none on the CPU path.
    pub device: Option<Bytes>,
}

impl Renderer {
    /// What [`Renderer::derivative_images`] along `directions` takes of memory, or [`Renderer::gradient`] where
    /// there are none: one with respect to F if `amplitudes`.
    ///
    /// # Errors
    /// As those two, before they begin.
    pub fn derivative_memory(
        &self,
        laid_out: &LaidOut,
        frame: &Experiment,
        directions: Option<&[SceneVector]>,
        amplitudes: bool,
    ) -> Result<DerivativeMemory, RenderError> {
        let (scenes, rates) = (laid_out.scenes(frame), laid_out.rates(frame));
        let host = match directions {
            Some(directions) => self.admit_directions(&scenes, frame, directions)?,
            None => {
                check_shape(frame)?;
                let [width, height] = scenes.size();
                Bytes::of::<f64>((width * height) as u64)
            }
        };
        let wanted = directions.map_or(Differentiated::Sum(amplitudes), Differentiated::Images);
        let device = scenes.first(|scene| self.backend.derivative_memory(scene, &rates, wanted))?;
        Ok(DerivativeMemory { host, device })
    }

    /// Refuses `directions` in which there is no derivative, and those for whose images there is no memory;
    /// what these take.
    fn admit_directions(
        &self,
        scenes: &FrameScenes,
        frame: &Experiment,
        directions: &[SceneVector],
    ) -> Result<Bytes, RenderError> {
        check_shape(frame)?;
        for (number, direction) in directions.iter().enumerate() {
            check_direction(scenes, number, direction)?;
        }
        let at_once = self.backend.derivatives_at_once();
        memory::admit_derivatives(directions.len(), scenes.size(), at_once)
    }

    /// The image of one frame and its derivatives along `directions`, in float64 on the CPU path and with
    /// the digits of float32 on a GPU; `frame` is as in [`Renderer::render_frame`].
    ///
    /// # Errors
    /// As [`Renderer::render_frame`]; [`RenderError::NoSlope`] and [`RenderError::CurvedPanel`] where there
    /// is no derivative, [`RenderError::TooManyDerivatives`] when there is no memory, and
    /// [`RenderError::Direction`] for one of another scene.
    pub fn derivative_images(
        &self,
        laid_out: &LaidOut,
        frame: &Experiment,
        directions: &[SceneVector],
        monitor: &dyn Monitor,
    ) -> Result<Derivatives, RenderError> {
        let (scenes, rates) = (laid_out.scenes(frame), laid_out.rates(frame));
        self.admit_directions(&scenes, frame, directions)?;
        self.backend
            .derivative_images(&scenes, &rates, directions, monitor)
    }

    /// The gradient of Σ weight·photons over the pixels of one frame, with one weight a pixel in the order
    /// of the image; with respect to the F of every reflection, too, if `amplitudes`.
    ///
    /// # Errors
    /// As [`Renderer::render_frame`]; [`RenderError::NoSlope`] where there is no derivative,
    /// [`RenderError::Weights`] unless there is one weight a pixel.
    pub fn gradient(
        &self,
        laid_out: &LaidOut,
        frame: &Experiment,
        weights: &[f64],
        amplitudes: bool,
        monitor: &dyn Monitor,
    ) -> Result<Gradient, RenderError> {
        let (scenes, rates) = (laid_out.scenes(frame), laid_out.rates(frame));
        check_shape(frame)?;
        let [width, height] = scenes.size();
        if weights.len() != width * height {
            return Err(RenderError::Weights {
                found: weights.len(),
                pixels: width * height,
            });
        }
        let (backend, panels) = (self.backend.as_ref(), frame.panels());
        let mut gradient = backend.gradient(&scenes, &rates, weights, amplitudes, monitor)?;
        for (panel, own) in panels.iter().zip(&mut gradient.vector.panels) {
            if panel.curved_m.is_some() {
                *own = [0.0; PANEL_COUNT];
                gradient.notices.push(no_motion(panel));
            }
        }
        Ok(gradient)
    }
}

/// Refuses a crystal whose spots have no slope.
fn check_shape(frame: &Experiment) -> Result<(), RenderError> {
    match has_slope(frame.crystal().shape) {
        true => Ok(()),
        false => Err(RenderError::NoSlope),
    }
}

/// That the place of `panel` has no derivative.
pub(super) fn no_motion(panel: &Panel) -> String {
    let name = &panel.name;
    format!("panel {name:?} is curved: there are no derivatives with respect to its place")
}

/// Refuses direction number `number` if it is of a scene of another size, or moves a curved panel.
fn check_direction(
    scenes: &FrameScenes,
    number: usize,
    direction: &SceneVector,
) -> Result<(), RenderError> {
    let experiment = scenes.experiment();
    let panels = experiment.panels();
    let refused = |what, found, expected| {
        Err(RenderError::Direction {
            number,
            what,
            found,
            expected,
        })
    };
    if direction.panels.len() != panels.len() {
        return refused("panels", direction.panels.len(), panels.len());
    }
    if direction.materials.len() != scenes.materials() {
        let materials = direction.materials.len();
        return refused("amorphous materials", materials, scenes.materials());
    }
    let channels = direction.amplitudes.len();
    if channels != 0 && channels != scenes.channels() {
        return refused("energy channels", channels, scenes.channels());
    }
    let mut pairs = panels.iter().zip(&direction.panels);
    match pairs.find(|(panel, own)| panel.curved_m.is_some() && **own != [0.0; PANEL_COUNT]) {
        Some((panel, _)) => Err(RenderError::CurvedPanel(no_motion(panel))),
        None => Ok(()),
    }
}
