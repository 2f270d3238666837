//! Factors between SI units and those of the field.
//!
//! Multiplying by one factor and dividing by the other round differently, so both are here.

/// Ångström in a metre.
pub const ANGSTROM_PER_METRE: f64 = 1e10;

/// Metres in an ångström.
pub const METRES_PER_ANGSTROM: f64 = 1e-10;
