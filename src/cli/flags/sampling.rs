//! Flags of what is computed: sub-pixels, region, resolution, printed pixels.

use clap::{ArgAction, Args};

use super::super::order::Order;
use super::super::{CliError, values};
use crate::experiment::{Experiment, Region, Sampling, panel_of_pixel};
use crate::render::frame_size;

/// Most pixels that are printed when none is named.
const MOST_PRINTED: usize = 10_000;

/// Ids of the flags that print pixels, which are their spellings.
pub const PRINTOUTS: [&str; 3] = ["printout", "printout_pixel", "trace_pixel"];

#[derive(Args)]
#[command(next_help_heading = "Sampling")]
pub struct SamplingFlags {
    /// Sub-pixels along each axis of a pixel [default: three to a spot's width]
    #[arg(long, value_name = "COUNT", value_parser = values::count)]
    oversample: Option<u32>,
    /// Each sub-pixel's own solid angle, not the first's
    #[arg(long = "oversample_omega")]
    oversample_omega: bool,
    /// Each sub-pixel's own polarisation, not the first's
    #[arg(long = "oversample_polar")]
    oversample_polar: bool,
    /// Accepted for the C program's sake: absorption is always each sub-pixel's own
    #[arg(long = "oversample_thick")]
    oversample_thick: bool,
    /// Resolution limit of the crystal, Å: it does not scatter beyond [default: 0]
    #[arg(long, value_name = "Å", value_parser = values::not_negative)]
    dmin: Option<f64>,
    /// Render pixels x0 to x1 (fast) and y0 to y1 (slow) of every panel only [default: all]
    #[arg(long, action = ArgAction::Set, num_args = 4, value_names = ["x0", "x1", "y0", "y1"],
          value_parser = values::coordinate)]
    roi: Option<Vec<usize>>,
    /// Print the quantities behind every rendered pixel; no more than 10,000
    #[arg(long)]
    printout: bool,
    /// Print the quantities behind one pixel
    #[arg(long = "printout_pixel", action = ArgAction::Set, num_args = 2, value_names = ["fast", "slow"],
          value_parser = values::coordinate)]
    printout_pixel: Option<Vec<usize>>,
    /// Print the quantities behind one pixel, slow coordinate first
    #[arg(long = "trace_pixel", action = ArgAction::Set, num_args = 2, value_names = ["slow", "fast"],
          value_parser = values::coordinate)]
    trace_pixel: Option<Vec<usize>>,
}

/// Pixels whose quantities are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printout {
    /// None.
    Nothing,
    /// The pixel at this fast and slow coordinate.
    Pixel([usize; 2]),
    /// Every rendered one.
    All,
}

impl SamplingFlags {
    /// How the image is sampled.
    pub fn sampling(&self, notices: &mut Vec<String>) -> Sampling {
        if self.oversample_thick {
            notices.push(
                "-oversample_thick changes nothing: absorption is always each sub-pixel's own"
                    .into(),
            );
        }
        let region = match self.roi.as_deref() {
            Some(&[xmin, xmax, ymin, ymax]) => Some(Region {
                fast: [xmin, xmax],
                slow: [ymin, ymax],
            }),
            _ => None,
        };
        Sampling {
            oversample: self.oversample,
            solid_angle_per_subpixel: self.oversample_omega,
            polarisation_per_subpixel: self.oversample_polar,
            region,
            resolution_limit_m: self.dmin.unwrap_or(0.0) * 1e-10,
        }
    }

    /// The pixels to print.
    pub fn printout(&self, order: Order, experiment: &Experiment) -> Result<Printout, CliError> {
        let pair = |values: &Option<Vec<usize>>| match values.as_deref() {
            Some(&[first, second]) => Some([first, second]),
            _ => None,
        };
        let named = order.latest([
            ("printout_pixel", pair(&self.printout_pixel)),
            (
                "trace_pixel",
                pair(&self.trace_pixel).map(|[slow, fast]| [fast, slow]),
            ),
        ]);
        let [width, height] = frame_size(experiment);
        let region = experiment.sampling().region;
        let panels = &experiment.detector().panels;
        match named {
            Some(pixel) => {
                let wrong = |what: String| {
                    let [fast, slow] = pixel;
                    Err(CliError::usage(format!(
                        "-printout_pixel {fast} {slow}: {what}"
                    )))
                };
                let Some((panel, [fast, slow])) = panel_of_pixel(panels, pixel) else {
                    return wrong(format!(
                        "the detector has {width} x {height} pixels, counted from 0"
                    ));
                };
                if region.is_none_or(|region| region.contains(fast, slow))
                    && panels[panel].renders(fast, slow)
                {
                    Ok(Printout::Pixel(pixel))
                } else {
                    wrong("that pixel is not rendered (-roi, -mask)".into())
                }
            }
            None if !self.printout => Ok(Printout::Nothing),
            None => {
                let pixels = region.map_or(width * height, |region| {
                    let [fast, slow] =
                        [region.fast, region.slow].map(|[first, last]| last - first + 1);
                    fast * slow * panels.len()
                });
                if pixels > MOST_PRINTED {
                    return Err(CliError::usage(format!(
                        "-printout: {pixels} pixels are more than the {MOST_PRINTED} it prints; name \
                         one with -printout_pixel, or a region with -roi"
                    )));
                }
                Ok(Printout::All)
            }
        }
    }
}
