//! `nanobragg compare`: how far apart are two images?
//!
//! Either two files, or what another program and this one render from the same flags.

mod flags;
mod folder;
mod images;
mod programs;

use std::path::{Path, PathBuf};

use super::cache::gpu_options;
use super::output::print_report;
use super::reference::Reference;
use super::scenario::{plain, scenario};
use super::{CliError, interrupt};
use crate::formats::png::{self, Colormap, Depth};
use crate::formats::{Access, mask as mask_file};
use crate::image::{
    Difference, Image, Selection, Shortcoming, ToneMap, ToneScale, match_peaks, peaks,
};
use crate::render::{Device, RenderError, RenderOptions};
use crate::report::{
    ComparedImage, ComparisonSummary, PeakSearch, ProgramTimes, difference_picture,
};

pub use flags::CompareFlags;
use folder::{Folder, PICTURES, SUMMARY};

/// Names the reference program where neither images nor --reference are given.
const REFERENCE_VARIABLE: &str = "NB_C_BIN";

/// The pictures of A and B are darkest at the value that this percentage of pixels do not exceed.
const PERCENTILE: f64 = 99.5;

/// Two images of one size, where they came from, and files to keep with them.
struct Pair {
    image: Image,
    reference: Image,
    sources: [ComparedImage; 2],
    times: Option<ProgramTimes>,
    files: Vec<(String, Vec<u8>)>,
}

/// Compares.
///
/// # Errors
/// [`CliError::Usage`] for wrong flags; [`CliError::Failed`] for bad files, for a program that
/// fails, and for images that are less alike than was asked for.
pub fn run(words: &[String]) -> Result<(), CliError> {
    let mut flags: CompareFlags = super::arguments::parse_own("nanobragg compare", words)?;
    flags.flags = plain(&flags.flags, &[])?;
    interrupt::catch()?;
    let (pair, folder) = flags.pair()?;
    let selection = flags.selection(&pair.reference)?;
    let [image, reference] = [&pair.image, &pair.reference].map(|image| selection.of(image));
    let difference = Difference::of(&image, &reference).ok_or_else(|| {
        anyhow::anyhow!(
            "nothing to compare: no pixel is finite in both images and counts by --roi and --mask"
        )
    })?;
    let search = PeakSearch {
        count: flags.peaks,
        radius: flags.radius,
    };
    let [found, sought] = match flags.peaks {
        0 => [Vec::new(), Vec::new()],
        _ => [peaks(&image), peaks(&reference)],
    };
    let matches = match_peaks(&found, &sought, search.count, search.radius);
    let Pair {
        sources,
        times,
        mut files,
        ..
    } = pair;
    let mut summary = ComparisonSummary::new(&image, sources, &difference, search, &matches);
    summary.times = times;
    if let Some(threshold) = flags.threshold {
        summary.judge(&difference, threshold, flags.correlation_only);
    }
    if let Some(folder) = folder {
        files.extend(pictures(&folder, &image, &reference)?);
        let names = files.iter().map(|(name, _)| name.clone());
        summary.files = names.chain([SUMMARY.to_string()]).collect();
        let json = format!("{}\n", serde_json::to_string_pretty(&summary)?);
        files.push((SUMMARY.into(), json.into_bytes()));
        stop_if_interrupted()?;
        folder.write(&files)?;
    }
    stop_if_interrupted()?;
    print_report(&summary, flags.json)?;
    match summary.verdict.and_then(|verdict| verdict.shortcoming) {
        None => Ok(()),
        Some(what) => Err(CliError::Told(format!("{what}{}", advice(what)))),
    }
}

/// What the user can do about images that do not pass for this.
fn advice(what: Shortcoming) -> &'static str {
    match what {
        Shortcoming::Scale(..) | Shortcoming::Nrmse(..) => {
            " (--threshold); --correlation-only lets images of another scale pass"
        }
        Shortcoming::Correlation(..) => " (--threshold)",
        _ => "",
    }
}

fn stop_if_interrupted() -> Result<(), CliError> {
    if interrupt::interrupted() {
        return Err(RenderError::Interrupted.into());
    }
    Ok(())
}

/// A and B on one scale, and what is between them.
fn pictures(
    folder: &Folder,
    image: &Image,
    reference: &Image,
) -> Result<Vec<(String, Vec<u8>)>, CliError> {
    let tone = ToneMap::common(&[image, reference], ToneScale::Sqrt, PERCENTILE);
    let grey = |image| png::encode(image, &tone, Colormap::Grey, Depth::Eight);
    let drawn = [
        grey(image),
        grey(reference),
        difference_picture(image, reference),
    ];
    let named = PICTURES.into_iter().zip(drawn).map(|(name, file)| {
        let file = file.map_err(|problem| folder.unfit(name, problem))?;
        Ok((name.to_string(), file))
    });
    named.collect()
}

impl CompareFlags {
    /// The two images, and the folder for what is found.
    fn pair(&self) -> Result<(Pair, Option<Folder>), CliError> {
        let folder = |inputs: &[PathBuf]| {
            let out = self.out.as_deref();
            out.map(|out| Folder::check(out, inputs)).transpose()
        };
        match (&self.image, &self.against) {
            (Some(image), Some(against)) => {
                self.only_for_programs()?;
                let inputs = [image, against].into_iter().chain(&self.mask);
                let folder = folder(&inputs.cloned().collect::<Vec<_>>())?;
                let size = self.size.as_ref().map(|size| [size[0], size[1]]);
                Ok((
                    images::read([image, against], size, self.links.access())?,
                    folder,
                ))
            }
            (Some(image), None) => Err(CliError::Usage(format!(
                "nanobragg compare {}: give the image to compare it with too, as in 'nanobragg \
                 compare A B'",
                image.display()
            ))),
            (None, _) => {
                let reference = self.reference_program()?;
                if let Some(size) = &self.size {
                    return Err(CliError::Usage(format!(
                        "--size {} {}: it is for files; behind -- it is -detpixels_f {} \
                         -detpixels_s {}",
                        size[0], size[1], size[0], size[1]
                    )));
                }
                let request = scenario("nanobragg compare", &self.flags)?;
                for notice in &request.notices {
                    super::output::say(format_args!("nanobragg: note: {notice}"));
                }
                let folder = folder(&request.inputs)?;
                let options = self.render_options();
                let pair =
                    programs::render(&reference, &request, &self.flags, &options, folder.as_ref())?;
                Ok((pair, folder))
            }
        }
    }

    /// Flags of programs have nothing to act on where two files are compared.
    fn only_for_programs(&self) -> Result<(), CliError> {
        let given = [
            ("--reference", self.reference.is_some()),
            ("--device", self.device.is_some()),
            ("--threads", self.threads.is_some()),
            ("--timeout", self.timeout.is_some()),
            ("-- FLAGS", !self.flags.is_empty()),
        ];
        match given.iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((flag, _)) => Err(CliError::Usage(format!(
                "{flag}: two files are compared, and no program runs; give either the files A and B \
                 or --reference PROGRAM -- FLAGS"
            ))),
        }
    }

    fn reference_program(&self) -> Result<Reference, CliError> {
        let variable = || std::env::var_os(REFERENCE_VARIABLE).filter(|name| !name.is_empty());
        let program = self
            .reference
            .clone()
            .or_else(|| variable().map(PathBuf::from));
        // A variable that happens to be set does not make this the comparison that was meant.
        let meant = self.reference.is_some() || !self.flags.is_empty();
        let program = program.filter(|_| meant).ok_or_else(|| {
            CliError::usage(format!(
                "nanobragg compare: say what to compare: two image files, or --reference PROGRAM -- \
                 FLAGS (the program may also be named by {REFERENCE_VARIABLE}); nanobragg compare \
                 -h tells more"
            ))
        })?;
        Ok(Reference::new(program, self.timeout))
    }

    fn render_options(&self) -> RenderOptions {
        let device = self.device.clone();
        let device = device.or_else(|| std::env::var("NANOBRAGG_DEVICE").ok());
        RenderOptions {
            device: device.as_deref().map_or(Device::Auto, Device::from),
            threads: self.threads.unwrap_or(0) as usize,
            gpu: gpu_options(),
            ..RenderOptions::default()
        }
    }

    /// The pixels of images like `image` that count.
    fn selection(&self, image: &Image) -> Result<Selection, CliError> {
        let size = [image.width(), image.height()];
        let region = match self.roi.as_deref() {
            Some(&[x0, x1, y0, y1]) => {
                if x0 > x1 || y0 > y1 || x1 >= size[0] || y1 >= size[1] {
                    return Err(CliError::Usage(format!(
                        "--roi {x0} {x1} {y0} {y1}: expected first and last pixel along fast, from \
                         0 to {}, then along slow, from 0 to {}",
                        size[0] - 1,
                        size[1] - 1
                    )));
                }
                Some([[x0, x1], [y0, y1]])
            }
            _ => None,
        };
        let mask = self
            .mask
            .as_deref()
            .map(|path| mask(path, size, self.links.access()))
            .transpose()?;
        Ok(Selection { region, mask })
    }
}

/// The flags of the mask at `path`.
fn mask(path: &Path, size: [usize; 2], access: Access) -> Result<Vec<bool>, CliError> {
    let (mask, _) = mask_file::read(path, access)?;
    let [width, height] = mask.shape();
    if [width, height] != size {
        return Err(CliError::Failed(anyhow::anyhow!(
            "--mask {}: it has {width} x {height} pixels and the images have {} x {}; they must be \
             the same",
            path.display(),
            size[0],
            size[1]
        )));
    }
    Ok(mask.rendered().to_vec())
}
