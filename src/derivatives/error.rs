//! Why an image has no derivative.

use super::Parameter;
use crate::experiment::ExperimentError;
use crate::geometry::CellError;
use crate::render::RenderError;

/// What is wrong with a parameter of an experiment.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParameterError {
    /// Nothing is called so.
    #[error("there is no parameter \"{name}\"; did you mean {nearest}? There are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The most alike.
        nearest: &'static str,
        /// All of them.
        known: String,
    },
    /// The experiment has nothing that it moves, or has no derivative along it.
    #[error("{parameter}: {reason}")]
    Absent {
        /// The parameter.
        parameter: Parameter,
        /// Why, and what to do.
        reason: String,
    },
    /// There is no experiment with such a value.
    #[error("{parameter} = {value} {unit}: {reason}", unit = .parameter.unit())]
    Value {
        /// The parameter.
        parameter: Parameter,
        /// The value.
        value: f64,
        /// What is accepted.
        reason: String,
    },
    /// The values together make no experiment.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// The values together make no cell.
    #[error(transparent)]
    Cell(#[from] CellError),
}

/// Why there are no derivatives of an image.
#[derive(Debug, thiserror::Error)]
pub enum DerivativeError {
    /// A parameter is wrong.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The device fails, or is stopped.
    #[error(transparent)]
    Render(#[from] RenderError),
}

impl ParameterError {
    pub(super) fn absent(parameter: Parameter, reason: &str) -> ParameterError {
        ParameterError::Absent {
            parameter,
            reason: reason.to_string(),
        }
    }
}
