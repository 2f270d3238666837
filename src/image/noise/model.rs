//! What a user says of a detector's noise.

use serde::Serialize;

use crate::image::Image;
use crate::memory::Bytes;

/// The seed of the calibration where none is given: one detector, run after run.
pub const CALIBRATION_SEED: u64 = 123_456_789;

/// A detector's noise. The default is that of photons alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Noise {
    /// Seed of what differs from image to image.
    pub seed: u64,
    /// Number of the image: images of one seed differ by it.
    pub image: u32,
    /// Rms change of the beam from image to image, a part of 1.
    pub flicker: f64,
    /// Rms error of the pixels' calibration, a part of 1; the same error in every image.
    pub calibration: f64,
    /// Seed of the calibration.
    pub calibration_seed: u64,
    /// How light spreads on the detector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub point_spread: Option<PointSpread>,
    /// Counts per photon.
    pub gain: f64,
    /// Counts of a pixel without photons.
    pub offset: f64,
    /// Rms noise of the readout, counts.
    pub readout: f64,
    /// The largest count, a whole number, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saturation: Option<f64>,
}

/// How the light of a photon spreads on the detector.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PointSpread {
    /// Form of the point spread.
    pub shape: SpreadShape,
    /// Full width at half maximum, pixels; 0 for none.
    pub fwhm_pixels: f64,
}

/// The form of a point spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SpreadShape {
    /// exp(−r²/2σ²)/2πσ².
    Gauss,
    /// g/2π·(g² + r²)^(−3/2), that of a fibre-optic taper (Holton, Nielsen & Frankel, *J.
    /// Synchrotron Rad.* 19 (2012) 1006): its tails reach far.
    Fiber,
}

impl Default for Noise {
    fn default() -> Noise {
        Noise {
            seed: 0,
            image: 0,
            flicker: 0.0,
            calibration: 0.0,
            calibration_seed: CALIBRATION_SEED,
            point_spread: None,
            gain: 1.0,
            offset: 0.0,
            readout: 0.0,
            saturation: None,
        }
    }
}

/// A quantity of a detector's noise that has a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoiseQuantity {
    /// The beam's change from image to image.
    #[error("the flicker")]
    Flicker,
    /// The error of the pixels' calibration.
    #[error("the calibration error")]
    Calibration,
    /// The noise of the readout.
    #[error("the readout noise")]
    Readout,
    /// Counts per photon.
    #[error("the gain")]
    Gain,
    /// Counts of a pixel without photons.
    #[error("the offset")]
    Offset,
    /// The largest count.
    #[error("the saturation")]
    Saturation,
    /// The width of the point spread.
    #[error("the width of the point spread")]
    PointSpread,
}

/// Why noise cannot be applied.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoiseError {
    /// A number that makes no sense.
    #[error("{quantity} is {value:?}; expected {expected}")]
    OutOfRange {
        /// The quantity.
        quantity: NoiseQuantity,
        /// The number.
        value: f64,
        /// What is accepted.
        expected: &'static str,
    },
    /// Panels that do not make up the image.
    #[error("panels of {rows} rows in all, and the image has {height}; they must be the same")]
    Panels {
        /// Rows of the panels.
        rows: usize,
        /// Rows of the image.
        height: usize,
    },
    /// More pixels than are numbered.
    #[error("an image of {0} pixels; noise is for up to 4294967295")]
    TooManyPixels(usize),
    /// The point spread does not fit in memory.
    #[error(
        "the point spread of a panel of {width} x {height} pixels needs {needed} of memory, and \
         this machine has {available}; leave it out, or take smaller panels"
    )]
    PointSpreadTooLarge {
        /// Pixels along the fast axis.
        width: usize,
        /// Pixels along the slow axis.
        height: usize,
        /// Memory needed.
        needed: Bytes,
        /// Memory there is.
        available: Bytes,
    },
}

impl Noise {
    /// Checks every number.
    ///
    /// # Errors
    /// [`NoiseError::OutOfRange`] with the first that makes no sense, or that float32 does not
    /// hold.
    pub fn check(&self) -> Result<(), NoiseError> {
        /// Far below the ends of float32, and beyond any detector.
        const MOST: f64 = 1e12;
        const PART: &str = "a part of 1, from 0 to 1";
        let spread = self.point_spread.map_or(0.0, |spread| spread.fwhm_pixels);
        let checks = [
            (NoiseQuantity::Flicker, self.flicker, 0.0, 1.0, PART),
            (NoiseQuantity::Calibration, self.calibration, 0.0, 1.0, PART),
            (
                NoiseQuantity::Readout,
                self.readout,
                0.0,
                MOST,
                "0 to 1e12 counts",
            ),
            (
                NoiseQuantity::Gain,
                self.gain,
                1e-12,
                MOST,
                "1e-12 to 1e12 counts a photon",
            ),
            (
                NoiseQuantity::Offset,
                self.offset,
                -MOST,
                MOST,
                "-1e12 to 1e12 counts",
            ),
            (
                NoiseQuantity::Saturation,
                self.saturation.unwrap_or(1.0),
                0.0,
                MOST,
                "0 to 1e12 counts",
            ),
            (
                NoiseQuantity::PointSpread,
                spread,
                0.0,
                1e4,
                "0 to 10000 pixels",
            ),
        ];
        for (quantity, value, low, high, expected) in checks {
            if !(low..=high).contains(&value) {
                return Err(NoiseError::OutOfRange {
                    quantity,
                    value,
                    expected,
                });
            }
        }
        match self.saturation {
            // Counts are whole, and the largest is one.
            Some(value) if value.fract() != 0.0 => {
                return Err(NoiseError::OutOfRange {
                    quantity: NoiseQuantity::Saturation,
                    value,
                    expected: "a whole number of counts, 0 to 1e12",
                });
            }
            _ => {}
        }
        match self.point_spread {
            // Thinner than this, it is no spread, and divisions by it overflow.
            Some(PointSpread { fwhm_pixels, .. }) if fwhm_pixels > 0.0 && fwhm_pixels < 1e-3 => {
                Err(NoiseError::OutOfRange {
                    quantity: NoiseQuantity::PointSpread,
                    value: fwhm_pixels,
                    expected: "0, or 0.001 to 10000 pixels",
                })
            }
            _ => Ok(()),
        }
    }

    /// How many pixels of an image of counts are at the largest one.
    pub fn saturated(&self, counts: &Image) -> usize {
        self.saturation.map_or(0, |most| {
            let most = most as f32;
            counts
                .rendered()
                .filter(|(_, count)| *count >= most)
                .count()
        })
    }

    /// The point spread, if it has a width.
    pub fn spread(&self) -> Option<PointSpread> {
        self.point_spread.filter(|spread| spread.fwhm_pixels > 0.0)
    }
}
