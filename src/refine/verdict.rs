//! How well a refined model fits, and when it does not.

use super::boxes::Boxes;
use super::likelihood::Measured;
use super::strong::Strong;
use super::{RefineError, Wish, predict};
use crate::derivatives::Parametrisation;

/// How well a frame is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// χ² a degree of freedom of all fitted pixels.
    pub chi_squared: f64,
    /// χ² a degree of freedom of the pixels in which the crystal has half as many photons as the
    /// background or more.
    pub chi_squared_of_spots: f64,
    /// How many those are.
    pub spot_pixels: usize,
    /// Strong spots of the frame within the resolution of the structure factors.
    pub strong: usize,
    /// Those that the refined crystal explains.
    pub explained: usize,
}

/// A strong spot is explained by one that is predicted within so many pixels.
const NEAR_PIXELS: f64 = 4.0;
/// With fewer strong spots their part says nothing.
const ENOUGH_STRONG: usize = 5;

impl Quality {
    /// The quality of a fit: photons of the crystal and of the background, and what was measured.
    pub(super) fn of(
        found: &Parametrisation,
        strong: &[Strong],
        [crystal, background]: [&[f64]; 2],
        measured: &[Measured],
        boxes: &Boxes,
    ) -> Result<Quality, RefineError> {
        let (mut all, mut of_spots, mut spot_pixels) = (0.0, 0.0, 0);
        for ((measured, crystal), background) in measured.iter().zip(crystal).zip(background) {
            let square = measured.pull(crystal + background).powi(2);
            all += square;
            if *crystal > 0.5 * background {
                of_spots += square;
                spot_pixels += 1;
            }
        }
        let pixels = measured.len() as f64;
        // A plane takes three degrees of freedom from each box.
        let free = ((pixels - 3.0 * boxes.spots.len() as f64) / pixels).max(0.1);
        let predicted = predict(found.experiment(), 0.0)?;
        let is_near = |strong: &Strong| {
            predicted.iter().any(|spot| {
                let off = [0, 1].map(|axis| spot.at[axis] - strong.at[axis]);
                spot.panel == strong.panel && off[0].hypot(off[1]) <= NEAR_PIXELS
            })
        };
        Ok(Quality {
            chi_squared: all / (free * pixels),
            chi_squared_of_spots: of_spots / (free * (spot_pixels as f64).max(1.0)),
            spot_pixels,
            strong: strong.len(),
            explained: strong.iter().filter(|strong| is_near(strong)).count(),
        })
    }

    /// Refuses a fit that is not good.
    pub(super) fn check(&self, frame: &str, wish: &Wish) -> Result<(), RefineError> {
        let frame = frame.to_string();
        let part = self.explained as f64 / (self.strong as f64).max(1.0);
        if self.strong >= ENOUGH_STRONG && part < wish.least_explained {
            return Err(RefineError::Unexplained {
                frame,
                explained: self.explained,
                strong: self.strong,
                percent: 100.0 * part,
            });
        }
        let chi_squared = self.chi_squared.max(self.chi_squared_of_spots);
        if chi_squared.is_nan() || chi_squared > wish.most_chi_squared {
            return Err(RefineError::PoorFit {
                frame,
                chi_squared,
                most: wish.most_chi_squared,
            });
        }
        Ok(())
    }
}
