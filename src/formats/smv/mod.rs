//! SMV, the ADSC detectors' format: an ASCII header, then unsigned 16-bit pixels (PHYSICS §13).

mod geometry;
mod header;
mod read;

use std::io::{self, Write};

use rayon::prelude::*;

use super::raster::Clipped;
use crate::image::{Image, Statistics};

pub use geometry::{geometry, geometry_entries, nearest_point};
pub use header::{carry_over, describe, entries, fits_beside};
pub use read::{SmvImage, header_entries, number, parse, read};

/// Bytes of a pixel.
const BYTES: usize = size_of::<u16>();
/// Pixels that a thread encodes in one go.
const RUN: usize = 1 << 14;
/// Pixels that are encoded before they are written.
const BLOCK: usize = 64 * RUN;
/// Largest pixel value.
const MAX: f64 = u16::MAX as f64;

/// How photons become counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counts {
    /// Counts per photon.
    pub scale: f64,
    /// Counts of a pixel without photons.
    pub adc_offset: f64,
}

impl Counts {
    /// Of an image that holds counts.
    pub const AS_THEY_ARE: Counts = Counts {
        scale: 1.0,
        adc_offset: 0.0,
    };

    /// Counts that put the brightest pixel at 55,000.
    pub fn automatic(statistics: &Statistics, adc_offset: f64) -> Counts {
        let max = statistics.max;
        Counts {
            scale: if max > 0.0 { 55000.0 / max } else { 1.0 },
            adc_offset,
        }
    }

    /// floor(value·scale + adc + ½), clipped to 16 bits, which is added to `clipped`.
    fn of(&self, value: f32, clipped: &mut Clipped) -> u16 {
        let counts = self.unrounded(value.into());
        clipped.above += usize::from(counts >= MAX + 1.0);
        clipped.below += usize::from(counts < 0.0);
        clipped.no_number += usize::from(counts.is_nan());
        // A float that is cast loses its fraction and saturates, and NaN becomes 0.
        counts as u16
    }

    /// Counts of a pixel of this value, of which the fraction is to be cut off.
    pub(super) fn unrounded(&self, value: f64) -> f64 {
        value * self.scale + self.adc_offset + 0.5
    }
}

/// Writes `image` as an SMV file under `header` (see [`describe`]), little-endian, and tells what
/// became of pixels that 16 bits have no room for. Pixels that were not rendered are 0.
///
/// # Errors
/// As `file`.
pub fn write(
    image: &Image,
    counts: Counts,
    header: &str,
    file: &mut dyn Write,
) -> io::Result<Clipped> {
    file.write_all(header.as_bytes())?;
    let size = image.values().len();
    let mut block = vec![0; BYTES * BLOCK.min(size)];
    let mut all = Clipped::default();
    for start in (0..size).step_by(BLOCK) {
        let block = &mut block[..BYTES * BLOCK.min(size - start)];
        let clipped = block
            .par_chunks_mut(BYTES * RUN)
            .zip(image.runs(RUN).skip(start / RUN))
            .map(|(pixels, run)| {
                let mut clipped = Clipped::default();
                pixels.fill(0);
                for (place, value) in run.rendered() {
                    let count = counts.of(value, &mut clipped);
                    pixels[BYTES * place..][..BYTES].copy_from_slice(&count.to_le_bytes());
                }
                clipped
            })
            .reduce(Clipped::default, Clipped::and);
        file.write_all(block)?;
        all = all.and(clipped);
    }
    Ok(all)
}

/// `counts` as an SMV file under `header` (see [`carry_over`]), little-endian.
pub fn encode_counts(counts: &[u16], header: &str) -> Vec<u8> {
    let pixels = counts.iter().flat_map(|count| count.to_le_bytes());
    header.bytes().chain(pixels).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_rounded_and_clipped() {
        let counts = Counts {
            scale: 2.0,
            adc_offset: 40.0,
        };
        let mut clipped = Clipped::default();
        let values = [0.0, 0.3, -20.2, -100.0, 1e9, f32::NAN];
        let found = values.map(|value| counts.of(value, &mut clipped));
        // 0.6 + 40 rounds up, and -0.4 to 0.
        assert_eq!(found, [40, 41, 0, 0, 65535, 0]);
        let one_of_each = Clipped {
            above: 1,
            below: 1,
            no_number: 1,
        };
        assert_eq!(clipped, one_of_each);
    }
}
