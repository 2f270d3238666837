//! SMV, the ADSC detectors' format: an ASCII header, then unsigned 16-bit pixels (PHYSICS §13).

mod header;
mod read;

use rayon::prelude::*;

use crate::image::{Image, Statistics};

pub use header::{carry_over, describe};
pub use read::{SmvImage, header_entries, parse, read};

/// Bytes of a pixel.
const BYTES: usize = size_of::<u16>();
/// Pixels that are encoded in one go.
const RUN: usize = 1 << 14;
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

/// How many pixels were beyond the ends of 16 bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clipped {
    /// At 65535.
    pub above: usize,
    /// At 0.
    pub below: usize,
}

impl Clipped {
    /// These pixels and `others`.
    fn and(self, others: Clipped) -> Clipped {
        Clipped {
            above: self.above + others.above,
            below: self.below + others.below,
        }
    }
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

    /// floor(value·scale + adc + ½), clipped to 16 bits, and whether it was.
    fn of(&self, value: f32) -> (u16, Clipped) {
        let counts = f64::from(value) * self.scale + self.adc_offset + 0.5;
        // A float that is cast loses its fraction and saturates, and NaN becomes 0.
        let clipped = Clipped {
            above: usize::from(counts >= MAX + 1.0),
            below: usize::from(counts < 0.0),
        };
        (counts as u16, clipped)
    }
}

/// `image` as an SMV file under `header` (see [`describe`]), little-endian, and the pixels
/// that were clipped. Pixels that were not rendered stay 0.
pub fn encode(image: &Image, counts: Counts, header: &str) -> (Vec<u8>, Clipped) {
    let mut file = vec![0; header.len() + BYTES * image.values().len()];
    let (start, pixels) = file.split_at_mut(header.len());
    start.copy_from_slice(header.as_bytes());
    let clipped = pixels
        .par_chunks_mut(BYTES * RUN)
        .zip(image.runs(RUN))
        .map(|(pixels, run)| {
            let mut all = Clipped::default();
            for (place, value) in run.rendered() {
                let (count, clipped) = counts.of(value);
                pixels[BYTES * place..][..BYTES].copy_from_slice(&count.to_le_bytes());
                all = all.and(clipped);
            }
            all
        })
        .reduce(Clipped::default, Clipped::and);
    (file, clipped)
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
        let within = Clipped { above: 0, below: 0 };
        let (above, below) = (
            Clipped { above: 1, ..within },
            Clipped { below: 1, ..within },
        );
        assert_eq!(counts.of(0.0), (40, within));
        assert_eq!(counts.of(0.3), (41, within), "0.6 + 40 rounds up");
        assert_eq!(counts.of(-20.0), (0, within));
        assert_eq!(counts.of(-20.25), (0, within), "-0.5 rounds up");
        assert_eq!(counts.of(-20.5), (0, below));
        assert_eq!(counts.of(1e9), (65535, above));
        assert_eq!(counts.of(f32::NAN), (0, within));
    }
}
