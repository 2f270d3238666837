//! Images from files, some of which do not give their size.

use std::path::Path;

use super::CliError;
use crate::formats::image_file::{ImageFile, ImageFormat};
use crate::formats::raster::{Pixels, Raster};
use crate::formats::raw;
use crate::image::Image;

/// The size that the file itself gives, if it does.
pub fn own_size(file: &ImageFile) -> Option<[usize; 2]> {
    match file {
        ImageFile::Sized(_, raster) => Some([raster.width, raster.height]),
        ImageFile::Bare(_) => None,
    }
}

/// Makes sure that the file at `path`, whose own size is `own`, has the size that was given.
///
/// # Errors
/// [`CliError::Usage`] when it has another.
pub fn check_size(
    path: &Path,
    own: Option<[usize; 2]>,
    given: Option<[usize; 2]>,
) -> Result<(), CliError> {
    match (own, given) {
        (Some([width, height]), Some([fast, slow])) if [width, height] != [fast, slow] => {
            Err(CliError::Usage(format!(
                "--size {fast} {slow}: {} says that it has {width} x {height} pixels; leave --size out",
                path.display()
            )))
        }
        _ => Ok(()),
    }
}

/// The image of the file at `path`; see [`sized_raster`].
///
/// # Errors
/// Errors of [`sized_raster`].
pub fn sized(
    path: &Path,
    file: ImageFile,
    given: Option<[usize; 2]>,
    other: Option<(&str, [usize; 2])>,
) -> Result<(Image, ImageFormat), CliError> {
    let (raster, format) = sized_raster(path, file, given, other)?;
    Ok((raster.into_image(), format))
}

/// The numbers of the file at `path`, of its own size, of the one `given` with `--size`, or of
/// another file's: `other`, which is named with its size.
///
/// # Errors
/// [`CliError::Usage`] when no size is known, [`CliError::Failed`] when the file has another.
pub fn sized_raster(
    path: &Path,
    file: ImageFile,
    given: Option<[usize; 2]>,
    other: Option<(&str, [usize; 2])>,
) -> Result<(Raster, ImageFormat), CliError> {
    let bytes = match file {
        ImageFile::Sized(format, raster) => return Ok((raster, format)),
        ImageFile::Bare(bytes) => bytes,
    };
    let given = given.map(|size| ("what --size gives", size));
    let Some((from, size)) = given.or(other) else {
        let pixels = bytes.len() / raw::PIXEL;
        let guess = raw::square(bytes.len()).map_or("--size FAST SLOW".to_string(), |side| {
            format!("--size FAST SLOW; if it is square, --size {side} {side}")
        });
        return Err(CliError::Usage(format!(
            "{}: {pixels} float32 values, if it is an image at all, and nothing says how many are \
             in a row; give {guess}",
            path.display()
        )));
    };
    let image = raw::decode(&bytes, size)
        .map_err(|problem| anyhow::anyhow!("{}{problem}, {from}", path.display()))?;
    let raster = Raster {
        width: size[0],
        height: size[1],
        pixels: Pixels::F32(image.into_values()),
    };
    Ok((raster, ImageFormat::Raw))
}
