//! Pixels whose quantities are printed.

use super::super::CliError;
use crate::document::Document;
use crate::experiment::{Experiment, panel_of_pixel};
use crate::render::frame_size;

/// Most pixels that are printed when none is named.
const MOST_PRINTED: usize = 10_000;

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

impl Printout {
    /// The pixels that `document` names.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a pixel that is not rendered, and for too many pixels.
    pub fn of(document: &Document, experiment: &Experiment) -> Result<Printout, CliError> {
        let [width, height] = frame_size(experiment);
        let region = experiment.sampling().region;
        let panels = &experiment.detector().panels;
        if let Some(pixel) = document.run.printout_pixel {
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
            let inside = region.is_none_or(|region| region.contains(fast, slow));
            return match inside && panels[panel].renders(fast, slow) {
                true => Ok(Printout::Pixel(pixel)),
                false => wrong("that pixel is not rendered (-roi, -mask)".into()),
            };
        }
        if document.run.printout != Some(true) {
            return Ok(Printout::Nothing);
        }
        let pixels = region.map_or(width * height, |region| {
            let [fast, slow] = [region.fast, region.slow].map(|[first, last]| last - first + 1);
            fast * slow * panels.len()
        });
        if pixels > MOST_PRINTED {
            return Err(CliError::usage(format!(
                "-printout: {pixels} pixels are more than the {MOST_PRINTED} it prints; name one with \
                 -printout_pixel, or a region with -roi"
            )));
        }
        Ok(Printout::All)
    }
}
