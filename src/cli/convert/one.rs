//! One image to its file.

use super::ConvertCommand;
use crate::cli::CliError;
use crate::formats::encoding::{Counts, Encoding};
use crate::formats::header::Header;
use crate::formats::raster::{Clipped, Raster, RasterView};
use crate::formats::{FormatError, pgm, png};
use crate::image::ToneMap;
use crate::report::{Sight, picture_with_rings};
use crate::series::FrameSink;

/// What OUT's numbers are, and what became of IN's.
#[derive(Default)]
pub struct Outcome {
    /// The kind of OUT's numbers.
    pub numbers: &'static str,
    /// Numbers that OUT has no room for.
    pub clipped: Clipped,
    /// How many numbers OUT has no digits for.
    pub rounded: usize,
}

impl Outcome {
    /// A picture, whose numbers are shades.
    fn of_picture(clipped: Clipped) -> Outcome {
        Outcome {
            numbers: "shades",
            clipped,
            rounded: 0,
        }
    }

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

    /// Writes `raster` as frame `number`.
    pub(super) fn write(
        &self,
        sink: &mut FrameSink,
        number: u32,
        encoding: Encoding,
        raster: Raster,
        header: &Header,
    ) -> Result<Outcome, CliError> {
        if encoding.format == png::FORMAT {
            sink.write_file(number, &self.png(raster, header)?)?;
            return Ok(Outcome::of_picture(Clipped::default()));
        }
        if encoding.format == pgm::FORMAT {
            let scale = self.counts().scale;
            let clipped = pgm::clipped(raster.pixels.values(), scale);
            sink.write_file(number, &pgm::encode(&raster.into_image(), scale))?;
            return Ok(Outcome::of_picture(clipped));
        }
        let counts = self.counts();
        let values = raster.pixels.values();
        let (pixels, clipped) = encoding.number.pixels(values, counts);
        let exact = |value: f64| value * counts.scale + counts.adc_offset;
        let changed = raster.pixels.values().zip(pixels.values());
        let changed = changed.filter(|&(old, new)| match encoding.counts() {
            true => (exact(old) - new).abs() <= 0.5 && exact(old) != new,
            false => old != new && !old.is_nan(),
        });
        let outcome = Outcome {
            rounded: changed.count(),
            numbers: pixels.kind(),
            clipped,
        };
        let view = RasterView {
            pixels: pixels.view(),
            ..raster.view()
        };
        sink.write(number, encoding, view, header)?;
        Ok(outcome)
    }

    /// `raster` as a PNG, with rings by the geometry of `header` where they are asked for.
    fn png(&self, raster: Raster, header: &Header) -> Result<Vec<u8>, CliError> {
        let style = self.style.style();
        let image = raster.into_image();
        let tone = ToneMap::of(&image, style.scale, style.percentile);
        let file = match self.style.rings_m()? {
            None => png::encode(&image, &tone, style.colormap, style.depth),
            Some(rings_m) => {
                let sight = Sight::of_header(header, [image.width(), image.height()]);
                let source = self.header.as_ref().unwrap_or(&self.image);
                let sight = sight.map_err(|problem| FormatError::content(source, problem))?;
                picture_with_rings(&image, &tone, style.colormap, &sight, &rings_m)
            }
        };
        Ok(file.map_err(|problem| FormatError::content(&self.out, problem))?)
    }
}
