//! Files: every format through our own readers and those of other programs, whatever the bytes.

#[path = "../support/mod.rs"]
mod support;

mod dials;
mod images;
mod line_ends;
mod nxmx;
mod robustness;
mod truth;
