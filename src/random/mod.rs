//! Random numbers: the C program's generator for orientations that match its own, and a
//! counter-based one for everything new.

mod orientation;
mod park_miller;
mod philox;

pub use orientation::{random_rotation, uniform_rotation};
pub use park_miller::ParkMiller;
pub use philox::{PhiloxStream, philox4x32};
