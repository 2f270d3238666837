//! What a detector makes of photons: noise and point spread (PHYSICS §11).
//!
//! In this order: the beam flickers, photons are counted, pixels are off their calibration, light
//! spreads to neighbours, and the readout adds its gain, offset and noise, rounds and saturates.
//! What is random is a pure function of seed, image, pixel and purpose, in float32 arithmetic that
//! comes out the same on every device (`docs/noise.md`): [`Exposure`] is what a GPU's shader
//! repeats bit by bit. [`point_spread`] works in float64, on the host for every device.

pub mod deviates;
pub mod elementary;
mod exposure;
mod kernel;
mod model;
pub mod point_spread;
pub mod poisson;

pub use exposure::{Exposure, Stage, expose, expose_by, panels_of};
pub use model::{CALIBRATION_SEED, Noise, NoiseError, PointSpread, SpreadShape};
