//! What a detector makes of photons: noise and point spread (PHYSICS §11).
//!
//! In this order: the beam flickers, photons are counted, pixels are off their calibration, light
//! spreads to neighbours, and the readout adds its gain, offset and noise, rounds and saturates.
//! What is random is a pure function of seed, image, pixel and purpose, in float32 arithmetic that
//! comes out the same on every device (`docs/noise.md`): [`Exposure`] is what a GPU's shader
//! repeats bit by bit. [`point_spread`] works in float64, on the host for every device.
//!
//! ```
//! use nanobragg::image::Image;
//! use nanobragg::image::noise::{Noise, expose};
//!
//! let photons = Image::new(2, 2, vec![0.0, 0.3, 12.5, 1e6], None);
//! let noise = Noise { seed: 1, readout: 3.0, offset: 40.0, ..Noise::default() };
//! let counts = expose(&photons, &noise, &[2])?;
//! assert!(counts.values().iter().all(|count| count.fract() == 0.0));
//! // The same device another time: other photons and readout, the same calibration.
//! let next = expose(&photons, &Noise { image: 1, ..noise }, &[2])?;
//! assert_ne!(counts, next);
//! # Ok::<(), nanobragg::image::noise::NoiseError>(())
//! ```

mod convolution;
pub mod deviates;
pub mod elementary;
mod exposure;
mod kernel;
mod model;
pub mod point_spread;
pub mod poisson;
mod separable;

pub use exposure::{Exposure, Stage, check, expose, panels_of};
pub use model::{CALIBRATION_SEED, Noise, NoiseError, NoiseQuantity, PointSpread, SpreadShape};
