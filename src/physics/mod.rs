//! The formulas of the forward model, in scalar float64: the reference for every other form.
//!
//! A formula stands in three places under one name: here as it is written in `docs/PHYSICS.md`; in
//! [`cpu`](crate::cpu) as vector instructions, where a loop over pixels needs another form; and in
//! `shaders/shared/` in float32. The tests of `tests/devices/shader_functions` run all of them on
//! the same inputs.
//!
//! | file | PHYSICS | formula |
//! |---|---|---|
//! | [`position`] | §3 | where a sub-pixel is, on flat and curved panels |
//! | [`view`] | §3 | distance and direction of a position, seen from the sample |
//! | [`solid_angle`] | §4 | solid angle of a pixel |
//! | [`polarisation`] | §5 | polarisation factor |
//! | [`absorption`] | §6 | part of the photons that a sensor layer stops, and how deep |
//! | [`scattering_vector`] | §7 | q and sin θ/λ |
//! | [`miller_index`] | §8 | fractional Miller index, and the nearest reflection |
//! | [`lattice_factor`] | §8 | interference of the crystal's cells, for four shapes |
//! | [`spot_reach`] | §8 | how far from a reflection its spot can show |
//! | [`structure_factor`] | §9 | structure factor of the nearest reflection |
//! | [`interpolation`] | §9 | structure factor between reflections |
//! | [`amorphous`] | §10 | scattering by amorphous materials |
//! | [`scattering_profile`] | §10 | form factor of a molecule between the entries of its table |
//! | [`diffuse`] | §15 | halos of reflections: atoms that move together over a distance |
//! | [`diffuse_rates`] | §17 | how halos change with the crystal |
//! | [`lattice_integral`] | §15 | integral of F_latt² over a reciprocal cell |
//! | [`debye_waller`] | §14 | damping by a B factor |
//! | [`closed_form`] | §16 | spots of Gaussian crystals, averaged over what smears them |
//! | [`closed_form::slopes`] | §17 | how such spots change with all that they are made of |
//! | [`symmetric`] | | symmetric matrices |
//! | [`term`] | §1 | one term of the sum: F_cell²·F_latt², and halos |
//!
//! Everything is in SI units unless a name says otherwise. Nothing here reads a file or knows a
//! device.

pub mod absorption;
pub mod amorphous;
pub mod closed_form;
pub mod debye_waller;
pub mod diffuse;
pub mod diffuse_rates;
pub mod interpolation;
pub mod lattice_factor;
pub mod lattice_integral;
pub mod miller_index;
pub mod polarisation;
pub mod position;
pub mod scattering_profile;
pub mod scattering_vector;
pub mod solid_angle;
pub mod spot_reach;
pub mod structure_factor;
pub mod symmetric;
pub mod term;
pub mod view;
