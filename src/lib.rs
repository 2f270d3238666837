#![deny(missing_docs)]
//! X-ray diffraction images of nanocrystals, on an absolute scale.
//!
//! An [`Experiment`](experiment::Experiment) says what is in the beam, in SI units; a
//! [`Renderer`](render::Renderer) makes an [`Image`](image::Image) of it; [`formats`] has the
//! files. Formulas are those of `docs/PHYSICS.md`.
//!
//! ```
//! use nanobragg::experiment::{
//!     Beam, Crystal, Description, Experiment, Placement, StructureFactors,
//! };
//! use nanobragg::geometry::UnitCell;
//! use nanobragg::render::Renderer;
//!
//! let right_angle = std::f64::consts::FRAC_PI_2;
//! let cell = UnitCell::from_parameters([7e-9, 8e-9, 9e-9], [right_angle; 3])?;
//! let experiment = Experiment::new(Description {
//!     beam: Beam { wavelength_m: 1.2e-10, ..Beam::default() },
//!     crystal: Crystal { cells: [10.0; 3], ..Crystal::new(cell) },
//!     detector: Placement { pixels: [64, 64], ..Placement::default() }.place()?,
//!     structure_factors: StructureFactors::constant(100.0),
//!     scan: Default::default(),
//!     sampling: Default::default(),
//!     background: Default::default(),
//! })?;
//! let image = Renderer::cpu()?.render(&experiment)?.image;
//! assert!(image.get(31, 31).is_some_and(|photons| photons > 0.0));
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("image.bin");
//! nanobragg::formats::write_whole(&path, &nanobragg::formats::raw::encode(&image))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same from the flags of the C program: [`cli::experiment`].
//!
//! Modules import only from those further down this list (`tests/program/house.rs` guards it):
//!
//! - [`cli`]: flags and subcommands, messages, exit codes.
//! - [`report`]: tables, pages and pictures of results.
//! - [`validation`]: the suite that holds a GPU against the CPU path, and traces compared.
//! - [`series`]: plans of many frames, and the sink that writes frames.
//! - [`refine`]: what measured frames tell of their crystal: parameters of the greatest likelihood.
//! - [`document`]: the experiment as people write it, and the files that it names.
//! - [`derivatives`]: the parameters of an experiment, and derivatives of its image.
//! - [`render`]: the [`Renderer`](render::Renderer), which picks a device and drives it.
//! - [`gpu`]: the backend on a GPU, in float32 and integers.
//! - [`cpu`]: the backend on the processor, in float64.
//! - [`scene`]: the sum over terms as flat arrays, which both backends read.
//! - [`formats`]: readers and writers of files.
//! - [`image`]: images, statistics, comparison and noise.
//! - [`structure`]: structure factors from atoms.
//! - [`physics`]: the model's formulas in scalar float64, the reference for both backends.
//! - [`experiment`]: what the user describes, in SI units, validated once.
//! - [`geometry`], [`random`], [`units`], [`memory`], [`profile`], [`trace`], [`version`]: what all
//!   may use.

#[cfg(feature = "cli")]
pub mod cli;
pub mod cpu;
pub mod derivatives;
pub mod document;
pub mod experiment;
pub mod formats;
pub mod geometry;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod image;
pub mod memory;
pub mod physics;
pub mod profile;
pub mod random;
#[cfg(feature = "refine")]
pub mod refine;
pub mod render;
#[cfg(feature = "cli")]
pub mod report;
pub mod scene;
pub mod series;
pub mod structure;
pub mod trace;
pub mod units;
pub mod validation;
pub mod version;
