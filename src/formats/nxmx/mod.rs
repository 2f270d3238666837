//! NXmx: many frames in one HDF5 file, laid out as NeXus' application definition for
//! macromolecular crystallography (NXmx 1.5) has it. `docs/formats.md` lists what is where.
//!
//! A frame is a chunk, compressed by itself and written when it comes, so that a series of any
//! length needs the memory of one frame. The file is built under a temporary name and appears whole
//! or not at all. `writer` writes frames, `frame_files` says where,
//! and `write_metadata` what is known of them; `reader` and
//! `read_metadata` are their counterparts. `groups`, `lookup` and `transformations` deal with HDF5
//! and NeXus as such; `links`, `stored` and `virtual_set` with numbers that are in other places.
//!
//! Source: the NeXus manual, NXmx, NXdetector_module and NXtransformations; H. J. Bernstein *et
//! al.*,
//! *IUCrJ* 7 (2020) 784. HDF5 itself is the crate `rust-hdf5`'s, and so are its checks of damaged
//! files.

mod bitshuffle;
mod frame_files;
mod groups;
mod links;
mod lookup;
mod read_metadata;
mod reader;
mod stored;
mod transformations;
mod virtual_set;
mod write_metadata;
mod writer;

use tracing::info_span;

use super::Problem;
use super::encoding::Number;
use super::format::{Format, FramesRoom, GeometryRoom, RecordRoom};
use super::metadata::ANGSTROM;
use crate::profile::FILES;

pub use reader::NxmxReader;
pub use writer::NxmxWriter;

/// NXmx in HDF5.
pub const FORMAT: &Format = &Format {
    name: "NXmx",
    extensions: &["h5", "hdf5", "nxs"],
    numbers: &[Number::F32, Number::U16, Number::U32, Number::I32],
    geometry: GeometryRoom::Panels,
    counts_photons: true,
    // The bytes of a frame, sorted, and compressed.
    beside_image: [4 + 4 + 5, 4 + 4 + 4 + 5],
    span: || info_span!(target: FILES, "NXmx"),
    recognises: |start| start.starts_with(MAGIC),
    decode: |_, _| {
        let what = "HDF5 that is no file; it is read out of order, from a file only";
        Err(Problem::with_file(what))
    },
    encode: |_, _| {
        let what = "HDF5 is written out of order, into a file only";
        Err(Problem::with_file(what))
    },
    // The record is a dataset among the metadata.
    record: Some(RecordRoom {
        add: |file, _| file,
        find: |_| None,
    }),
    frames: Some(FramesRoom {
        open: |path, access| Ok(Box::new(NxmxReader::open(path, access)?)),
        header: NxmxReader::header_of,
        create: |path, encoding, size, frames, header| {
            let (metadata, _) = header.metadata(size);
            let writer = NxmxWriter::create(path, encoding, size, frames, metadata)?;
            Ok(Box::new(writer))
        },
    }),
    ..Format::PICTURE
};

/// The thickness, m, that a file gives a sensor at whose surface all photons stop: dxtbx takes no
/// 0. A ray at any angle moves by less than 1e-6 pixels within it.
const NO_SENSOR_M: f64 = 1e-9;

/// The most panels that are written. `rust-hdf5` looks through all groups of a file whenever it
/// makes a dataset, so that the time grows with the square of the number: 0.7 s for 1024 panels, 6
/// s for 4096, 86 s for these.
pub const MOST_PANELS: usize = 16_384;

/// How an HDF5 file starts.
pub const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";

/// What HDF5 found wrong, as a [`Problem`] of the file.
fn problem(error: rust_hdf5::Hdf5Error) -> Problem {
    let error = error.to_string();
    // Filters are known by their numbers; those of the list of the HDF Group that are not read.
    let what = match error.contains("filter") {
        true => format!(
            "HDF5: {error}. Frames are read without compression, or under gzip, LZ4, zstd, blosc and \
             bitshuffle with LZ4 or zstd; h5repack -f GZIP=4 writes such a file"
        ),
        false => format!("HDF5: {error}"),
    };
    Problem::with_file(what)
}
