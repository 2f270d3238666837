//! OUT's bytes: numbers, or a picture.

use super::super::flags::PictureStyle;
use crate::formats::encoding::{Encoding, Number};
use crate::formats::image_file::Header;
use crate::formats::raster::{Clipped, Raster};
use crate::formats::smv::Counts;
use crate::formats::{Problem, pgm, png};
use crate::image::ToneMap;
use crate::report::{Sight, picture_with_rings};

/// OUT's bytes, what its numbers are, and what became of IN's.
pub struct Written {
    /// The bytes.
    pub file: Vec<u8>,
    /// The kind of numbers.
    pub numbers: &'static str,
    /// Numbers that OUT has no room for.
    pub clipped: Clipped,
    /// How many it has no digits for.
    pub rounded: usize,
}

impl Written {
    fn picture(file: Vec<u8>, clipped: Clipped) -> Written {
        Written {
            file,
            numbers: "shades",
            clipped,
            rounded: 0,
        }
    }
}

/// `raster` as numbers of `encoding`, as `counts` has them where these are whole.
pub fn numbers(
    encoding: Encoding,
    raster: Raster,
    counts: Counts,
    header: &Header,
) -> Result<Written, Problem> {
    let number = encoding.number();
    let (pixels, clipped) = number.pixels(raster.pixels.values(), counts, None);
    let exact = |value: f64| value * counts.scale + counts.adc_offset;
    let changed = raster.pixels.values().zip(pixels.values());
    let changed = changed.filter(|&(old, new)| match number {
        Number::F32 => old != new && !old.is_nan(),
        _ => (exact(old) - new).abs() <= 0.5 && exact(old) != new,
    });
    let rounded = changed.count();
    let converted = Raster { pixels, ..raster };
    Ok(Written {
        file: encoding.encode(&converted, header)?,
        numbers: converted.pixels.kind(),
        clipped,
        rounded,
    })
}

/// `raster` as a PNG, with rings at these resolutions, m, where they are asked for.
pub fn png(
    raster: Raster,
    style: PictureStyle,
    rings: Option<(Sight, Vec<f64>)>,
) -> Result<Written, Problem> {
    let image = raster.into_image();
    let tone = ToneMap::of(&image, style.scale, style.percentile);
    let file = match rings {
        None => png::encode(&image, &tone, style.colormap, style.depth)?,
        Some((sight, rings_m)) => {
            picture_with_rings(&image, &tone, style.colormap, &sight, &rings_m)?
        }
    };
    Ok(Written::picture(file, Clipped::default()))
}

/// `raster` as a PGM, with `scale` shades for each 1.
pub fn pgm(raster: Raster, scale: f64) -> Written {
    let shades = raster.pixels.values().map(|value| value * scale);
    let clipped = Clipped {
        above: shades.clone().filter(|&shade| shade >= 256.0).count(),
        below: shades.clone().filter(|&shade| shade < 0.0).count(),
        no_number: shades.filter(|shade| shade.is_nan()).count(),
    };
    Written::picture(pgm::encode(&raster.into_image(), scale), clipped)
}
