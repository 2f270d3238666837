//! One image to its file.

use std::path::Path;

use super::{ConvertCommand, Target};
use crate::cli::CliError;
use crate::formats::encoding::Encoding;
use crate::formats::image_file::Header;
use crate::formats::raster::{Clipped, Raster};
use crate::formats::smv::Counts;
use crate::formats::{FormatError, PendingFile, pgm, png};
use crate::image::ToneMap;
use crate::report::picture_with_rings;

/// OUT under a temporary name, and what became of IN's numbers.
pub struct Converted {
    /// The file.
    pub file: PendingFile,
    /// What became of the numbers.
    pub outcome: Outcome,
}

/// What OUT's numbers are, and what became of IN's.
#[derive(Default)]
pub struct Outcome {
    /// The kind of OUT's numbers.
    pub numbers: &'static str,
    /// Those that OUT has no room for.
    pub clipped: Clipped,
    /// How many OUT has no digits for.
    pub rounded: usize,
}

impl Outcome {
    /// Adds what became of another frame's.
    pub fn add(&mut self, other: Outcome) {
        self.numbers = other.numbers;
        self.clipped = self.clipped.and(other.clipped);
        self.rounded += other.rounded;
    }
}

impl ConvertCommand {
    fn counts(&self) -> Counts {
        Counts {
            scale: self.scale.unwrap_or(1.0),
            adc_offset: self.adc.unwrap_or(0.0),
        }
    }

    /// `raster` as `target`, beside `out`.
    pub(super) fn converted(
        &self,
        out: &Path,
        target: Target,
        raster: Raster,
        header: &Header,
    ) -> Result<Converted, CliError> {
        let (file, clipped) = match target {
            Target::Numbers(encoding) => {
                let (raster, outcome) = self.numbers(encoding, raster);
                let file = encoding.write(out, &raster, header)?;
                return Ok(Converted { file, outcome });
            }
            Target::Png => {
                let style = self.style.style();
                let image = raster.into_image();
                let tone = ToneMap::of(&image, style.scale, style.percentile);
                let file = match self.style.rings_m()? {
                    None => png::encode(&image, &tone, style.colormap, style.depth),
                    Some(rings_m) => {
                        let sight = self.sight(header, [image.width(), image.height()])?;
                        picture_with_rings(&image, &tone, style.colormap, &sight, &rings_m)
                    }
                };
                let file = file.map_err(|problem| FormatError::Content {
                    path: out.to_path_buf(),
                    problem,
                })?;
                (file, Clipped::default())
            }
            Target::Pgm => {
                let scale = self.counts().scale;
                let scaled = raster.pixels.values().map(|value| value * scale);
                let clipped = Clipped {
                    above: scaled.clone().filter(|&shade| shade >= 256.0).count(),
                    below: scaled.clone().filter(|&shade| shade < 0.0).count(),
                    no_number: scaled.filter(|shade| shade.is_nan()).count(),
                };
                (pgm::encode(&raster.into_image(), scale), clipped)
            }
        };
        let outcome = Outcome {
            numbers: "shades",
            clipped,
            rounded: 0,
        };
        let file = PendingFile::write(out, &file)?;
        Ok(Converted { file, outcome })
    }

    /// `raster` with the numbers of `encoding`.
    pub fn numbers(&self, encoding: Encoding, raster: Raster) -> (Raster, Outcome) {
        let counts = self.counts();
        let (pixels, clipped) = encoding
            .number()
            .pixels(raster.pixels.values(), counts, None);
        let exact = |value: f64| value * counts.scale + counts.adc_offset;
        let target = Target::Numbers(encoding);
        let changed = raster.pixels.values().zip(pixels.values());
        let changed = changed.filter(|&(old, new)| match target.counts() {
            true => (exact(old) - new).abs() <= 0.5 && exact(old) != new,
            false => old != new && !old.is_nan(),
        });
        let outcome = Outcome {
            rounded: changed.count(),
            numbers: pixels.kind(),
            clipped,
        };
        (Raster { pixels, ..raster }, outcome)
    }
}
