//! Images from files, some of which do not give their size.

use std::path::Path;

use super::CliError;
use crate::formats::format::Format;
use crate::formats::header::Header;
use crate::formats::image_file::{self, ImageFile};
use crate::formats::raster::{Pixels, Raster};
use crate::formats::{Access, raw};
use crate::image::Image;

/// An image, and what is known of it.
pub struct SizedImage {
    /// The numbers of the image.
    pub raster: Raster,
    /// The format of the image's file.
    pub format: &'static Format,
    /// The header of the image, or of the file of `--header`.
    pub header: Header,
    /// Whether the image's file tells its size.
    pub tells_size: bool,
}

/// Reads the image at `path` by `access`, of the size that is `given` with `--size`, or of that of
/// the SMV file at `header`, from which its geometry is taken.
///
/// # Errors
/// [`CliError::Usage`] for a size that is not the file's, or none; [`CliError::Failed`] for bad
/// files.
pub fn read_sized(
    path: &Path,
    given: Option<[usize; 2]>,
    header: Option<&Path>,
    access: Access,
) -> Result<SizedImage, CliError> {
    let (file, own_header) = image_file::read_with_header(path, access)?;
    let own = own_size(&file);
    check_size(path, own, given)?;
    let other = header.map(|header| Header::of_smv(header, access.most));
    let other = other.transpose()?;
    let of_header = other
        .as_ref()
        .map(|(_, size)| ("the size in --header", *size));
    let (raster, format) = sized_raster(path, file, given, of_header)?;
    if let (Some(header), Some((_, [fast, slow]))) = (header, of_header)
        && [fast, slow] != [raster.width, raster.height]
    {
        return Err(CliError::Failed(anyhow::anyhow!(
            "--header {}: it is of {fast} x {slow} pixels and the image has {} x {}; they must be \
             the same",
            header.display(),
            raster.width,
            raster.height
        )));
    }
    Ok(SizedImage {
        raster,
        format,
        header: other.map_or(own_header, |(header, _)| header),
        tells_size: own.is_some(),
    })
}

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
) -> Result<(Image, &'static Format), CliError> {
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
) -> Result<(Raster, &'static Format), CliError> {
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
    Ok((raster, raw::FORMAT))
}
