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

mod groups;
mod lookup;
mod read_metadata;
mod reader;
mod transformations;
mod write_metadata;
mod writer;

use std::path::Path;

use tracing::{Span, info_span};

use super::encoding::{Encoding, Number};
use super::format::{Format, FrameReader, FrameWriter, GeometryRoom, Room};
use super::header::Header;
use super::image_file::ImageFile;
use super::metadata::ANGSTROM;
use super::{FormatError, Problem};
use crate::memory::Bytes;
use crate::profile::FILES;

pub use reader::NxmxReader;
pub use writer::NxmxWriter;

/// NXmx in HDF5.
pub const FORMAT: &dyn Format = &Nxmx;

/// How an HDF5 file starts.
pub const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

struct Nxmx;

impl Format for Nxmx {
    fn name(&self) -> &'static str {
        "NXmx"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["h5", "hdf5", "nxs"]
    }

    fn room(&self) -> Room {
        Room {
            numbers: &[Number::F32, Number::U16, Number::U32, Number::I32],
            frames: true,
            geometry: GeometryRoom::Panels,
            record: true,
            counts_photons: true,
            // The bytes of a frame, sorted, and compressed.
            beside_image: [4 + 4 + 5, 4 + 4 + 4 + 5],
            ..Room::PICTURE
        }
    }

    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(MAGIC)
    }

    fn decode(&self, _bytes: Vec<u8>, _most: Bytes) -> Result<(ImageFile, Header), Problem> {
        let what = "HDF5 that is no file; it is read out of order, from a file only";
        Err(Problem::with_file(what))
    }

    fn open(&self, path: &Path, most: Bytes) -> Result<Box<dyn FrameReader>, FormatError> {
        Ok(Box::new(NxmxReader::open(path, most)?))
    }

    fn create(
        &self,
        path: &Path,
        encoding: Encoding,
        size: [usize; 2],
        frames: usize,
        header: &Header,
    ) -> Result<Box<dyn FrameWriter>, FormatError> {
        let (metadata, _) = header.metadata(size);
        let writer = NxmxWriter::create(path, encoding, size, frames, metadata)?;
        Ok(Box::new(writer))
    }

    fn span(&self) -> Span {
        info_span!(target: FILES, "NXmx")
    }
}

/// What HDF5 found wrong, as a [`Problem`] of the file.
fn problem(error: rust_hdf5::Hdf5Error) -> Problem {
    Problem::with_file(format!("HDF5: {error}"))
}
