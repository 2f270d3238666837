//! Why a refinement gives no result.

use crate::derivatives::ParameterError;
use crate::experiment::ExperimentError;
use crate::render::RenderError;
use crate::scene::SceneError;

/// Why there is no result. A refinement that fails says nothing of the crystal.
#[derive(Debug, thiserror::Error)]
pub enum RefineError {
    /// No pixel of a frame can be trusted.
    #[error(
        "{frame}: none of its pixels can be trusted: {saturated} are saturated, {below} below the \
         trusted range, {masked} masked; give the range of counts that can be trusted, or another mask"
    )]
    Untrusted {
        /// The frame.
        frame: String,
        /// Saturated pixels.
        saturated: usize,
        /// Pixels below the trusted range.
        below: usize,
        /// Masked pixels.
        masked: usize,
    },
    /// The frame is of another size than the detector.
    #[error(
        "{frame}: it has {found} pixels, and the detector {expected}; give the frame's own detector"
    )]
    Size {
        /// The frame.
        frame: String,
        /// Its pixels.
        found: usize,
        /// Pixels of the detector.
        expected: usize,
    },
    /// Too few spots are left.
    #[error(
        "{frame}: {left} of {predicted} predicted spots are left, and {least} are needed: {saturated} \
         have saturated pixels, and of {masked} a third or more is masked or below the trusted range; \
         look at the orientation and the distance of the start, at the mask and at the range of counts \
         that can be trusted"
    )]
    TooFewSpots {
        /// The frame.
        frame: String,
        /// Spots that are left.
        left: usize,
        /// Spots that are predicted.
        predicted: usize,
        /// Spots that are needed.
        least: usize,
        /// Spots that were left out for saturated pixels.
        saturated: usize,
        /// Spots that were left out for masked pixels.
        masked: usize,
    },
    /// Nothing can be seen of the crystal.
    #[error(
        "{frame}: nothing is seen of the crystal where {spots} spots are predicted: with it the fit is \
         better by {gain:.0} in twice the logarithm of the likelihood, and {needed:.0} are needed; the \
         frame is empty or too weak, or the start is too far off (a search of the orientation within a \
         wider angle may find it)"
    )]
    NoSignal {
        /// The frame.
        frame: String,
        /// Predicted spots.
        spots: usize,
        /// What the crystal betters.
        gain: f64,
        /// What is needed.
        needed: f64,
    },
    /// The frame shows spots that the refined crystal does not explain.
    #[error(
        "{frame}: the refined crystal explains {explained} of the {strong} strong spots of the frame, \
         {percent:.0} % of them; a start whose orientation or cell is too far off ends so, and so do \
         frames of several crystals. Start nearer, or search the orientation within a wider angle"
    )]
    Unexplained {
        /// The frame.
        frame: String,
        /// Strong spots that are explained.
        explained: usize,
        /// Strong spots.
        strong: usize,
        /// Their part.
        percent: f64,
    },
    /// The method did not come to its end.
    #[error(
        "the refinement did not converge: {0}; the start may be too far off (start nearer, or search the \
         orientation within a wider angle), or refine fewer parameters at once, or allow more \
         evaluations"
    )]
    NotConverged(String),
    /// The model does not fit.
    #[error(
        "{frame}: the refined model does not fit: chi-squared is {chi_squared:.2} a pixel of the spots \
         and {most} is let pass; the structure factors, the shape of the spots, the gain or the \
         mosaicity may be wrong, or the start too far off"
    )]
    PoorFit {
        /// The frame.
        frame: String,
        /// χ² a pixel.
        chi_squared: f64,
        /// The most that is let pass.
        most: f64,
    },
    /// A variable that cannot be refined.
    #[error("{name}: {reason}")]
    Variable {
        /// Its name.
        name: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A parameter that there is not, or a value out of range.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The experiment is impossible.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The experiment cannot be laid out.
    #[error(transparent)]
    Scene(#[from] SceneError),
    /// A render failed, or was interrupted.
    #[error(transparent)]
    Render(#[from] RenderError),
}
