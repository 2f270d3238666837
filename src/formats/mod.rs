//! File formats: one module a format, between bytes and the types of this library.
//!
//! **Image formats** are listed in [`TABLE`]; each is a [`Format`], which says what its files have
//! room for, and reads and writes them. A new one is a file of its own and a line in the table.
//! [`image_file`] reads a file of any of them, [`encoding::Encoding`] writes one.
//!
//! **Readers** come in two halves: a pure `parse` that never panics whatever the bytes, and a
//! `read` that adds the file's name to what `parse` found wrong. A reader does not ask the system
//! for memory: its caller gives the most bytes that a file may hold or be unpacked to
//! ([`file_limit`]), and how far links in it may lead ([`Access`]).
//!
//! **Writers** put a file in its place all at once, or not at all: [`write_whole`],
//! [`PendingFile`].

pub mod cbf;
pub mod channel_list;
pub mod coordinates;
pub mod encoding;
pub mod expt;
pub mod format;
pub mod geom;
pub mod geometry;
pub mod header;
pub mod hkl;
pub mod image_file;
pub mod image_header;
mod json;
pub mod mask;
pub mod matrix;
pub mod merged_list;
pub mod metadata;
pub mod mmcif;
pub mod mtz;
pub mod npy;
#[cfg(feature = "hdf5")]
pub mod nxmx;
pub mod packed;
pub mod pgm;
pub mod png;
pub mod profile_table;
pub mod raster;
pub mod raw;
pub mod record;
pub mod reflection_file;
pub mod rotations;
pub mod smv;
pub mod source_list;
pub mod tiff;
pub mod trace_log;
pub mod whole;

mod access;
pub(crate) mod c_number;
mod error;
mod f_column;
mod text;
mod unit;

pub(crate) use text::newlines;

pub use access::{Access, Links};
#[cfg(feature = "cli")]
pub(crate) use error::told;
pub use error::{FormatError, Problem, file_limit, read_bytes};
pub use format::{Format, TABLE};
pub use whole::{PendingFile, check_writable, write_whole};
