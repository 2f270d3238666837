//! Derivatives of an image with respect to what its experiment is told by.
//!
//! A [`Parameter`] has the name and the unit of a flag. A [`Parametrisation`] is an experiment with
//! what it was made from: it knows the [values](Parametrisation::value) of its parameters, the
//! experiment [at others](Parametrisation::with), and the [direction](Parametrisation::direction) in
//! which each moves the scene. Along directions the device differentiates (PHYSICS §17).
//!
//! Panels are counted from 0 in the order of the image, amorphous materials in the order in which
//! they were given.

mod direction;
mod error;
mod images;
mod mount;
mod parameter;
mod parametrisation;
#[cfg(test)]
mod tests;

pub use error::{DerivativeError, ParameterError};
pub use images::{Differentiator, ParameterGradient};
pub use parameter::{AXES, Axis, Parameter};
pub use parametrisation::{Origin, Parametrisation};
