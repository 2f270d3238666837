//! The two images of `compare A B`, from their files.

use std::path::{Path, PathBuf};

use super::super::CliError;
use super::Pair;
use crate::formats::image_file::{self, ImageFile, ImageFormat};
use crate::formats::raw;
use crate::image::Image;
use crate::report::ComparedImage;

/// Reads the two images. `size`, or the size of the other image, is for one that does not tell.
///
/// # Errors
/// [`CliError::Failed`] for a file that is missing or bad, and for two images of different sizes;
/// [`CliError::Usage`] when no size is known, or another than a file's own was given.
pub fn read(paths: [&PathBuf; 2], size: Option<[usize; 2]>) -> Result<Pair, CliError> {
    let files = [image_file::read(paths[0])?, image_file::read(paths[1])?];
    let [own_a, own_b] = [own_size(&files[0]), own_size(&files[1])];
    if let Some([fast, slow]) = size {
        for (path, own) in [(paths[0], own_a), (paths[1], own_b)] {
            if let Some([width, height]) = own.filter(|own| *own != [fast, slow]) {
                return Err(CliError::Usage(format!(
                    "--size {fast} {slow}: {} says that it has {width} x {height} pixels; leave \
                     --size out",
                    path.display()
                )));
            }
        }
    }
    let [file_a, file_b] = files;
    let (image, format) = sized(paths[0], file_a, size, own_b)?;
    let (reference, reference_format) = sized(paths[1], file_b, size, own_a)?;
    let [one, other] = [&image, &reference].map(|image| [image.width(), image.height()]);
    if one != other {
        return Err(CliError::Failed(anyhow::anyhow!(
            "{} has {} x {} pixels and {} has {} x {}; only images of one size can be compared",
            paths[0].display(),
            one[0],
            one[1],
            paths[1].display(),
            other[0],
            other[1]
        )));
    }
    let source = |path: &Path, format: ImageFormat| ComparedImage {
        name: path.display().to_string(),
        format: format.name(),
    };
    Ok(Pair {
        image,
        reference,
        sources: [source(paths[0], format), source(paths[1], reference_format)],
        times: None,
        files: Vec::new(),
    })
}

fn own_size(file: &ImageFile) -> Option<[usize; 2]> {
    match file {
        ImageFile::Sized(_, image) => Some([image.width(), image.height()]),
        ImageFile::Bare(_) => None,
    }
}

fn sized(
    path: &Path,
    file: ImageFile,
    given: Option<[usize; 2]>,
    other: Option<[usize; 2]>,
) -> Result<(Image, ImageFormat), CliError> {
    let bytes = match file {
        ImageFile::Sized(format, image) => return Ok((image, format)),
        ImageFile::Bare(bytes) => bytes,
    };
    let Some(size) = given.or(other) else {
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
    let from = match given {
        Some(_) => "what --size gives",
        None => "the size of the other image",
    };
    let image = raw::decode(&bytes, size)
        .map_err(|problem| anyhow::anyhow!("{}{problem}, {from}", path.display()))?;
    Ok((image, ImageFormat::Raw))
}
