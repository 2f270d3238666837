//! The flags of `nanobragg compare`, and its help.

use std::path::PathBuf;

use clap::Parser;

use super::super::limit::LinksFlag;
use super::super::values;

/// How far is an image A from a reference B? Two files, or two programs given the same flags
#[derive(Parser)]
#[command(
    name = "nanobragg compare",
    bin_name = "nanobragg compare",
    override_usage = "nanobragg compare A B [options]\n       \
                      nanobragg compare --reference PROGRAM [options] -- FLAGS",
    after_help = "Files are told apart by content: SMV, TIFF and PNG of one number a pixel, PGM, and \
                  bare float32, which takes its size from --size or from the other image. Values \
                  are compared as they stand: SMV images are counts, scaled by -scale and raised by \
                  -adc, and the grey PNGs of a render are darkest where photons are most.\n\n\
                  Pixels that are NaN or infinite are counted and are in no other figure. A --threshold \
                  R is passed by images that correlate by R, whose sums differ by 1 - R of B's at \
                  most, and whose nrmse is sqrt(1/R^2 - 1) at most, that of noise which leaves the \
                  correlation R. It is never passed by images with NaN or infinite pixels, nor by a \
                  flat image, one value in every pixel, whose correlation is undefined. A peak is a pixel, or a \
                  plateau, above zero and higher than all eight neighbours; its position is that of \
                  a parabola through it and its neighbours along each axis, its intensity the sum \
                  over 3 x 3 pixels. Peaks are matched one to one, the highest first, each to the \
                  nearest.\n\n\
                  Exit codes: 0 compared, 1 a file or program failed or the images are less alike \
                  than --threshold, 2 wrong usage.\n\n\
                  Examples:\n  \
                  nanobragg compare floatimage.bin golden.bin --size 1024 1024 --threshold 0.999\n  \
                  nanobragg compare noiseimage.img frame_0001.img --mask mask.img --out evidence\n  \
                  nanobragg compare --reference ./nanoBragg -- -default_F 100 -cell 100 -N 5",
    term_width = 100
)]
pub struct CompareFlags {
    /// The image to judge
    #[arg(value_name = "A")]
    pub image: Option<PathBuf>,
    /// The image it is held against
    #[arg(value_name = "B")]
    pub against: Option<PathBuf>,
    /// Pixels along fast and slow of bare float32 files [default: the other image's]
    #[arg(long, num_args = 2, value_names = ["FAST", "SLOW"], value_parser = values::pixels)]
    pub size: Option<Vec<usize>>,

    /// A program that takes nanoBragg's flags, to render B [default: $NB_C_BIN]
    #[arg(long, value_name = "PROGRAM", help_heading = "Programs")]
    pub reference: Option<PathBuf>,
    /// What renders A: auto, cpu, gpu, or a GPU's index or part of its name [default: auto, or
    /// $NANOBRAGG_DEVICE]
    #[arg(long, value_name = "DEVICE", help_heading = "Programs")]
    pub device: Option<String>,
    /// Threads of the CPU path [default: one per core]
    #[arg(long, value_name = "COUNT", value_parser = values::threads, help_heading = "Programs")]
    pub threads: Option<u32>,
    /// Seconds that the reference may take [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = values::positive, help_heading = "Programs")]
    pub timeout: Option<f64>,
    /// What both programs render, in flags of 'nanobragg -h'
    #[arg(last = true, value_name = "FLAGS", help_heading = "Programs")]
    pub flags: Vec<String>,

    /// Only the pixels from X0 to X1 along fast and Y0 to Y1 along slow, ends included
    #[arg(long, num_args = 4, value_names = ["X0", "X1", "Y0", "Y1"],
          value_parser = values::coordinate, help_heading = "Figures")]
    pub roi: Option<Vec<usize>>,
    /// SMV file; pixels that are 0 in it are left out
    #[arg(long, value_name = "FILE", help_heading = "Figures")]
    pub mask: Option<PathBuf>,
    /// How many of the highest peaks to match; 0 for none
    #[arg(long, value_name = "N", default_value = "20", value_parser = values::peaks,
          help_heading = "Figures")]
    pub peaks: usize,
    /// Pixels that a peak may be from its partner
    #[arg(long, value_name = "PIXELS", default_value = "3", value_parser = values::positive,
          help_heading = "Figures")]
    pub radius: f64,
    /// Fail when A and B are less alike than R: by their correlation, their sums and their nrmse
    #[arg(long, value_name = "R", value_parser = values::correlation, help_heading = "Figures")]
    pub threshold: Option<f64>,
    /// --threshold judges the correlation alone: images of another scale or noise pass
    #[arg(long, requires = "threshold", help_heading = "Figures")]
    pub correlation_only: bool,

    /// Folder for summary.json, a.png and b.png on one scale, and difference.png; of programs also
    /// reference/ and nanobragg/ with images and commands, and the reference's logs. Other files
    /// stay
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Print the summary as one JSON document on standard output
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    #[command(flatten)]
    pub links: LinksFlag,
}
