//! SMV, the ADSC detectors' format: an ASCII header, then unsigned 16-bit pixels (PHYSICS §13).
//! d*TREK's files, which Rigaku's detectors write, are SMV files of more kinds of pixels; they are
//! read as well.

mod dtrek;
mod geometry;
mod header;
mod read;

use std::io::{self, Write};

use rayon::prelude::*;
use tracing::info_span;

use super::PendingFile;
use super::encoding::{Counts, Number, RUN};
use super::format::{Format, GeometryRoom};
use super::header::Header;
use super::image_file::ImageFile;
use super::raster::{Clipped, PixelsView, Raster, le_bytes};
use crate::image::Image;
use crate::profile::FILES;

pub use dtrek::entries as dtrek_entries;
pub use geometry::{geometry, geometry_entries, nearest_point};
pub use header::{carry_over, describe, entries};
pub use read::{SmvImage, header_entries, number, parse, read};

/// SMV: 16-bit counts under a text header.
pub const FORMAT: &Format = &Format {
    name: "SMV",
    extensions: &["img", "smv"],
    numbers: &[Number::U16],
    geometry: GeometryRoom::Panel,
    // The C program scales its counts to the brightest pixel.
    scaled_to_brightest: true,
    span: || info_span!(target: FILES, "SMV"),
    recognises: |start| {
        /// An SMV header starts with its own length.
        const START: usize = 64;
        let key = b"HEADER_BYTES";
        let start = &start[..start.len().min(START)];
        start.first() == Some(&b'{') && start.windows(key.len()).any(|part| part == key)
    },
    decode: |bytes, _| {
        let file = parse(&bytes)?;
        let header = Header {
            entries: file.entries().to_vec(),
            entries_of: Some(FORMAT),
            ..Header::default()
        };
        let raster = Raster {
            width: file.width,
            height: file.height,
            pixels: file.pixels,
        };
        Ok((ImageFile::Sized(FORMAT, raster), header))
    },
    read_geometry: |header, [_, height]| {
        header.geometry = geometry(&header.entries, height)?;
        Ok(())
    },
    encode: |raster, header| match raster.pixels {
        PixelsView::U16(counts) => {
            let header = header_of(header, [raster.width, raster.height]);
            Ok([header.as_bytes(), &le_bytes(counts)].concat())
        }
        _ => Err(raster.unfit("SMV")),
    },
    stream: Some(|path, image, counts, header| {
        let header = header_of(header, [image.width(), image.height()]);
        let mut clipped = Clipped::default();
        let file = PendingFile::write_with(path, |file| {
            clipped = write(image, counts, &header, file)?;
            Ok(())
        });
        Ok((file?, clipped))
    }),
    ..Format::PICTURE
};

/// Pixels that are counted before they are written.
const BLOCK: usize = 64 * RUN;

/// The text of a header that says what `header` does of an image of `size`: the entries of another
/// SMV file, or those of its geometry.
fn header_of(header: &Header, size: [usize; 2]) -> String {
    let mut entries = match header.entries_of {
        Some(format) if format == FORMAT => header.entries.clone(),
        _ => {
            let (metadata, frame) = header.metadata(size);
            let mut entries = geometry_entries(&header.geometry, size[1]);
            entries.extend(dtrek::entries(&metadata, &frame));
            entries
        }
    };
    for (name, seed) in &header.seeds {
        entries.retain(|(own, _)| own != name);
        entries.push((name.to_string(), seed.to_string()));
    }
    carry_over(&entries, size)
}

/// Writes `image` as an SMV file under `header` (see [`describe`]), little-endian, and tells what
/// became of pixels that 16 bits have no room for. Pixels that were not rendered are 0.
///
/// # Errors
/// The error of `file`, when it cannot be written.
pub fn write(
    image: &Image,
    counts: Counts,
    header: &str,
    file: &mut dyn Write,
) -> io::Result<Clipped> {
    file.write_all(header.as_bytes())?;
    let size = image.values().len();
    let mut block = vec![0_u16; BLOCK.min(size)];
    let mut all = Clipped::default();
    for start in (0..size).step_by(BLOCK) {
        let block = &mut block[..BLOCK.min(size - start)];
        let clipped = block
            .par_chunks_mut(RUN)
            .zip(image.runs(RUN).skip(start / RUN))
            .map(|(pixels, run)| counts.of_run(run, pixels))
            .reduce(Clipped::default, Clipped::and);
        file.write_all(&le_bytes(block))?;
        all = all.and(clipped);
    }
    Ok(all)
}
