//! `nanobragg info`: what an image file holds.

use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::json;

use super::config::without_outputs;
use super::limit::LinksFlag;
use super::output::{print, print_report, say};
use super::sized::{check_size, own_size, sized_raster};
use super::{CliError, values};
use crate::document::Document;
use crate::formats::header::Header;
use crate::formats::image_file::{self, ImageFile};
use crate::formats::record;
use crate::formats::{Access, FormatError, format};
use crate::image::PixelStatistics;
use crate::report::is_hidden;

/// Print an image's header, geometry and statistics
#[derive(Parser)]
#[command(
    name = "nanobragg info",
    bin_name = "nanobragg info",
    override_usage = "nanobragg info FILE [options]",
    after_help = "FILE is told by content: SMV, CBF (byte offset), NXmx (HDF5), TIFF, npy, PGM, grey \
                  PNG, or bare float32, which takes its size from --size. A pixel is overloaded at the count that \
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
    /// The frame of an NXmx file with many, counted from 1 [default: 1]
    #[arg(long, value_name = "K", value_parser = values::count)]
    frame: Option<u32>,
    /// Print the experiment that the image was rendered from, a file for 'nanobragg --config'
    #[arg(long, conflicts_with_all = ["json", "size", "frame"])]
    config: bool,
    #[command(flatten)]
    links: LinksFlag,
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
    if command.config {
        return print_record(&command.image, command.links.access());
    }
    let (file, header, frame) = command.image()?;
    let given = command.size.as_ref().map(|size| [size[0], size[1]]);
    check_size(&command.image, own_size(&file), given)?;
    let (raster, format) = sized_raster(&command.image, file, given, None)?;
    for notice in &header.notices {
        say(format_args!("nanobragg: note: {notice}"));
    }
    let pixels = &raster.pixels;
    let highest = header.geometry.count_cutoff.or(pixels.ceiling());
    let detector = header.metadata.as_ref().map(|(metadata, _)| {
        let flags = metadata.mask.iter().flatten();
        let masked = flags.filter(|&&flags| flags != 0).count();
        json!({ "panels": metadata.panels.len(), "masked_pixels": masked })
    });
    let info = json!({
        "path": command.image.display().to_string(),
        "format": format.name,
        "numbers": pixels.kind(),
        "pixels": [raster.width, raster.height],
        // The frame, counted from 1, and how many there are, where the format has room for several.
        "frame": frame,
        "detector": detector,
        // The program that rendered the image, where the file holds the experiment too.
        "program": header.record.as_deref().and_then(record::program),
        "header": header.entries,
        "geometry": header.geometry,
        "notices": header.notices,
        "statistics": PixelStatistics::of(|| pixels.values(), raster.width, highest),
    });
    print_report(&info, command.json)
}

impl InfoCommand {
    /// The image, its header, and which frame of how many it is.
    fn image(&self) -> Result<(ImageFile, Header, Option<[usize; 2]>), CliError> {
        let shown = self.image.display();
        let Some(file) = image_file::frames(&self.image, self.links.access())? else {
            let (image, header) = image_file::read_with_header(&self.image, self.links.access())?;
            return match self.frame {
                None | Some(1) => Ok((image, header, None)),
                Some(frame) => Err(CliError::Usage(format!(
                    "nanobragg info: --frame {frame}: {shown} holds one image"
                ))),
            };
        };
        let (frame, frames) = (self.frame.unwrap_or(1) as usize, file.frames());
        if frame > frames {
            return Err(CliError::Usage(format!(
                "nanobragg info: --frame {frame}: {shown} has {frames} frame(s), counted from 1"
            )));
        }
        let index = frame - 1;
        let image = ImageFile::Sized(file.format(), file.frame(index)?);
        let header = Header {
            notices: file.notices(),
            ..file.header(index)
        };
        Ok((image, header, Some([frame, frames])))
    }
}

/// Prints the experiment that the image at `path` was rendered from.
fn print_record(path: &Path, access: Access) -> Result<(), CliError> {
    match image_file::read_record(path, access)? {
        Some(record) => {
            let (text, ignored) = without_outputs(&record);
            for key in ignored {
                say(format_args!(
                    "nanobragg: note: {}: {key} of its record is left out: an image has no say in \
                     what is written and how the program runs",
                    path.display()
                ));
            }
            match text.chars().any(|c| is_hidden(c) && c != '\n') {
                false => print(&text),
                // Written anew, it says the same in ASCII.
                true => {
                    let read = Document::from_toml(&text);
                    let read = read.map_err(|problem| FormatError::content(path, problem))?;
                    print(&format!("{}\n", read.to_toml()))
                }
            }
        }
        None => Err(CliError::Failed(anyhow::anyhow!(
            "{}: it does not say what it was rendered from; {} files of a render do",
            path.display(),
            format::names(|format| format.record.is_some(), "and")
        ))),
    }
}
