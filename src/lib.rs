#![deny(missing_docs)]
#![doc = include_str!("../README.md")]

pub mod cli;
pub mod cpu;
pub mod experiment;
pub mod formats;
pub mod geometry;
pub mod image;
pub mod memory;
pub mod random;
pub mod render;
pub mod report;
pub mod scene;
