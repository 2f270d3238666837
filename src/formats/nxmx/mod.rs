//! NXmx: many frames in one HDF5 file, laid out as NeXus' application definition for
//! macromolecular crystallography (NXmx 1.5) has it. `docs/formats.md` lists what is where.
//!
//! A frame is a chunk, compressed by itself and written when it comes, so that a series of any
//! length needs the memory of one frame. The file is built under a temporary name and appears whole
//! or not at all.
//!
//! Source: the NeXus manual, NXmx, NXdetector_module and NXtransformations; H. J. Bernstein *et al.*,
//! *IUCrJ* 7 (2020) 784. HDF5 itself is the crate `rust-hdf5`'s, and so are its checks of damaged
//! files.

mod chain;
mod describe;
mod facts;
mod frame;
mod panels;
mod reader;
mod said;
mod setting;
mod tree;
mod writer;

use super::Problem;

pub use frame::to_mcstas;
pub use panels::PanelPlace;
pub use reader::NxmxReader;
pub use setting::{FrameSetting, Setting};
pub use writer::{Compression, NxmxWriter, write};

/// How an HDF5 file starts.
pub const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Bit of the pixel mask for pixels that a user left out: outside `-roi`, under a mask.
pub const USER_MASKED: u32 = 1 << 8;

/// Metres in an ångström.
const ANGSTROM: f64 = 1e-10;

/// What HDF5 found wrong, as a [`Problem`] of the file.
fn problem(error: rust_hdf5::Hdf5Error) -> Problem {
    Problem::with_file(format!("HDF5: {error}"))
}
