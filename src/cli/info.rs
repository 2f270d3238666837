//! `nanobragg info`: what an image file holds.

use std::path::PathBuf;

use clap::Parser;

use super::output::print;
use super::sized::{check_size, own_size, sized_raster};
use super::{CliError, values};
use crate::formats::image_file;
use crate::image::PixelStatistics;
use crate::report::{ImageInfo, StoredImage};

/// Print an image's header, geometry and statistics
#[derive(Parser)]
#[command(
    name = "nanobragg info",
    bin_name = "nanobragg info",
    override_usage = "nanobragg info FILE [options]",
    after_help = "FILE is told by content: SMV, CBF (byte offset), TIFF, npy, PGM, grey PNG, or bare \
                  float32, which takes its size from --size. A pixel is overloaded at the count that \
                  the header gives as the largest to be trusted, else at the largest number that \
                  its format has room for.",
    term_width = 100
)]
pub struct InfoCommand {
    /// The image
    #[arg(value_name = "FILE")]
    image: PathBuf,
    /// Pixels along fast and slow of a bare float32 file
    #[arg(long, num_args = 2, value_names = ["FAST", "SLOW"], value_parser = values::pixels)]
    size: Option<Vec<usize>>,
    /// Print one JSON document, lengths in m, angles in radians
    #[arg(long)]
    json: bool,
}

/// Tells.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags, [`CliError::Failed`] for a bad file.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let command: InfoCommand = super::arguments::parse_own("nanobragg info", words)?;
    let (file, header) = image_file::read_with_header(&command.image)?;
    let given = command.size.as_ref().map(|size| [size[0], size[1]]);
    check_size(&command.image, own_size(&file), given)?;
    let (raster, format) = sized_raster(&command.image, file, given, None)?;
    let pixels = &raster.pixels;
    let highest = header.geometry.count_cutoff.or(pixels.ceiling());
    let info = ImageInfo {
        file: StoredImage {
            path: command.image.display().to_string(),
            format: format.name(),
            numbers: pixels.kind(),
        },
        pixels: [raster.width, raster.height],
        header: header.entries,
        geometry: header.geometry,
        statistics: PixelStatistics::of(|| pixels.values(), raster.width, highest),
    };
    match command.json {
        true => print(&format!("{}\n", serde_json::to_string_pretty(&info)?)),
        false => print(&format!("{info}\n")),
    }
}
