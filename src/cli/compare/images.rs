//! The two images of `compare A B`, from their files.

use std::path::{Path, PathBuf};

use super::super::CliError;
use super::super::output::say;
use super::super::sized::{check_size, own_size, sized};
use super::Pair;
use crate::formats::format::Format;
use crate::formats::{Access, image_file};
use crate::report::ComparedImage;

/// Reads the two images. `size`, or the size of the other image, is for one that does not tell.
///
/// # Errors
/// [`CliError::Failed`] for a file that is missing or bad, and for two images of different sizes;
/// [`CliError::Usage`] when no size is known, or another than a file's own was given.
pub fn read(
    paths: [&PathBuf; 2],
    size: Option<[usize; 2]>,
    access: Access,
) -> Result<Pair, CliError> {
    let read = |path: &Path| -> Result<_, CliError> {
        let (file, notices) = image_file::read_with_notices(path, access)?;
        for notice in notices {
            say(format_args!("nanobragg: note: {notice}"));
        }
        Ok(file)
    };
    let files = [read(paths[0])?, read(paths[1])?];
    let [own_a, own_b] = [own_size(&files[0]), own_size(&files[1])];
    for (path, own) in [(paths[0], own_a), (paths[1], own_b)] {
        check_size(path, own, size)?;
    }
    let [file_a, file_b] = files;
    let other = |own: Option<[usize; 2]>| own.map(|own| ("the size of the other image", own));
    let (image, format) = sized(paths[0], file_a, size, other(own_b))?;
    let (reference, reference_format) = sized(paths[1], file_b, size, other(own_a))?;
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
    let source = |path: &Path, format: &Format| ComparedImage {
        name: path.display().to_string(),
        format: format.name,
    };
    Ok(Pair {
        image,
        reference,
        sources: [source(paths[0], format), source(paths[1], reference_format)],
        times: None,
        files: Vec::new(),
    })
}
