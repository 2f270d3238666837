//! What measured frames tell of their crystal: the parameters of the greatest likelihood.
//!
//! [`refine`] fits the photons in the pixels about predicted spots. A frame's orientation comes first,
//! by a search and then with spots of a smaller crystal, which are wide enough to be met; then cell
//! and orientation; then everything with spots as they are. `docs/refine.md` has theory, practice
//! and limits.
//!
//! - `frame`, `strong`: what was measured, and the spots that stand out in it.
//! - `spots`, `boxes`: what is predicted, and the pixels that are fitted.
//! - `likelihood`, `background`, `model`: what is minimised.
//! - `variables`, `fit`: what is varied, and how.
//! - `stages`: the order of the work.
//! - `certainty`, `verdict`, `outcome`: what the result is worth, and the result.

mod background;
mod boxes;
mod certainty;
mod check;
mod error;
mod fit;
mod frame;
mod likelihood;
mod model;
mod outcome;
mod search;
mod spots;
mod stages;
mod strong;
mod variables;
mod verdict;

use crate::derivatives::{Parameter, Parametrisation};
use crate::render::{Monitor, Renderer};
use stages::Work;

pub use boxes::{BoxPixel, Boxes};
pub use certainty::{Certainty, STRONG, Undetermined};
pub use check::{Pull, simulate_check};
pub use error::RefineError;
pub use frame::{Counting, Frame, Trust};
pub use likelihood::{Likelihood, Measured};
pub use model::{Background, Evaluation, FrameModel};
pub use spots::{Spot, predict};
pub use stages::LEAST_SPOTS;
pub use strong::{Strong, strong};
pub use variables::{CrystalSystem, Variable};
pub use verdict::Quality;

/// A measured frame, and where its refinement starts.
#[derive(Debug, Clone)]
pub struct Start {
    /// What was measured.
    pub frame: Frame,
    /// The experiment, with what its parameters are.
    pub parametrisation: Parametrisation,
}

/// What is refined, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// The variables.
    pub variables: Vec<Variable>,
    /// Whether F of every reflection that is fitted in the end is a variable, too; the frames share
    /// them.
    pub amplitudes: bool,
    /// How far the orientation of the start may be off, radians.
    pub uncertainty_rad: f64,
    /// The angle within which the orientation is searched first, radians; 0 for no search.
    pub search_rad: f64,
    /// The smooth background.
    pub background: Background,
    /// What is minimised.
    pub likelihood: Likelihood,
    /// The most evaluations of each frame.
    pub most_evaluations: usize,
    /// The most spots of each frame that are fitted, the strongest.
    pub most_spots: usize,
    /// χ² a pixel of the spots beyond which there is no result.
    pub most_chi_squared: f64,
    /// The part of the strong spots that the refined crystal has to explain.
    pub least_explained: f64,
}

impl Default for Wish {
    fn default() -> Wish {
        Wish {
            variables: Vec::new(),
            amplitudes: false,
            uncertainty_rad: 0.2f64.to_radians(),
            search_rad: 0.4f64.to_radians(),
            background: Background::default(),
            likelihood: Likelihood::default(),
            most_evaluations: 60,
            most_spots: 120,
            most_chi_squared: 2.0,
            least_explained: 0.5,
        }
    }
}

/// What was found.
#[derive(Debug)]
pub struct Refined {
    /// Each frame.
    pub frames: Vec<RefinedFrame>,
    /// The variables of all frames: shared ones once, then each frame's own.
    pub values: Vec<RefinedValue>,
    /// What the data tell of them, in their order.
    pub certainty: Certainty,
    /// Evaluations of all frames: images with their derivatives.
    pub evaluations: usize,
    /// What the user should know.
    pub notices: Vec<String>,
}

/// A variable's value.
#[derive(Debug, Clone, PartialEq)]
pub struct RefinedValue {
    /// The variable.
    pub variable: Variable,
    /// The frame whose own it is.
    pub frame: Option<usize>,
    /// Its value at the start.
    pub start: f64,
    /// The value that was found.
    pub value: f64,
    /// Its standard uncertainty, infinite where the data do not tell it.
    pub sigma: f64,
}

/// A refined frame.
#[derive(Debug)]
pub struct RefinedFrame {
    /// The experiment that was found, at scale 1.
    pub parametrisation: Parametrisation,
    /// The factor on the crystal's photons.
    pub scale: f64,
    /// The pixels that were fitted.
    pub boxes: Boxes,
    /// Photons of the crystal in each fitted pixel.
    pub crystal: Vec<f64>,
    /// Photons of the background in each fitted pixel.
    pub background: Vec<f64>,
    /// What was measured in each.
    pub measured: Vec<Measured>,
    /// How well all this fits.
    pub quality: Quality,
    /// What the search found: spots on lattice points, and spots that there were.
    pub search: Option<(usize, usize)>,
}

/// Refines what is wished of the frames.
///
/// # Errors
/// [`RefineError`]: where data, start or fit are such that a result would mislead, there is none.
pub fn refine(
    renderer: &Renderer,
    starts: &[Start],
    wish: &Wish,
    monitor: &dyn Monitor,
) -> Result<Refined, RefineError> {
    let mut work = Work::new(renderer, starts, wish, monitor)?;
    work.search()?;
    work.check_variables()?;
    let orientation = |variable: &Variable| matches!(variable.first(), Parameter::Misset(_));
    let cell = |variable: &Variable| {
        matches!(
            variable.first(),
            Parameter::CellEdge(_) | Parameter::CellAngle(_)
        )
    };
    let coarse = work.coarseness();
    let wide = work.uncertainty_rad;
    work.stage(&|own| orientation(own), coarse, wide, 3e-3)?;
    work.check_signal()?;
    if wish.variables.iter().any(cell) {
        work.stage(
            &|own| orientation(own) || cell(own),
            coarse.sqrt(),
            0.5 * wide,
            1e-3,
        )?;
    }
    let unfinished = work.stage(&|_| true, 1.0, 0.15 * wide, 5e-6)?;
    if let Some(reason) = unfinished {
        return Err(RefineError::NotConverged(reason));
    }
    work.refined()
}
