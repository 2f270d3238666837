//! A detector's noise.

use crate::document::Document;
use crate::document::error::DocumentError;
use crate::document::keys::{Key, NoiseSection, key};
use crate::document::message::{Message, message};
use crate::image::noise::{
    CALIBRATION_SEED, Noise, NoiseError, NoiseQuantity, PointSpread, SpreadShape,
};

impl NoiseSection {
    /// The noise, of this seed, around `offset` counts.
    ///
    /// # Errors
    /// [`DocumentError::Contradiction`] for a number that makes no sense.
    pub fn noise(&self, seed: u64, offset: f64) -> Result<Noise, DocumentError> {
        let part = |percent: Option<f64>| percent.unwrap_or(0.0) / 100.0;
        let noise = Noise {
            seed,
            image: self.image_number.unwrap_or(0),
            flicker: part(self.flicker),
            calibration: part(self.calibration),
            calibration_seed: self
                .calibration_seed
                .map_or(CALIBRATION_SEED, |seed| seed as u64),
            point_spread: self.point_spread_fwhm.map(|fwhm_pixels| PointSpread {
                shape: self.point_spread.unwrap_or(SpreadShape::Gauss),
                fwhm_pixels,
            }),
            gain: self.gain.unwrap_or(1.0),
            offset,
            readout: self.readout.unwrap_or(0.0),
            saturation: self.saturation,
        };
        noise.check().map_err(|error| {
            let keys = match &error {
                NoiseError::OutOfRange { quantity, .. } => keys_of(*quantity),
                _ => Vec::new(),
            };
            DocumentError::of_keys(&keys, error)
        })?;
        Ok(noise)
    }

    /// A line for every key that is without effect on the `noise` made of them.
    pub fn idle(&self, noise: &Noise) -> Vec<Message> {
        let seed = self.calibration_seed.is_some() && noise.calibration == 0.0;
        let form = self.point_spread.is_some() && noise.spread().is_none();
        let lines = [
            seed.then(|| idle(&key::noise::calibration_seed, &key::noise::calibration)),
            form.then(|| idle(&key::noise::point_spread, &key::noise::point_spread_fwhm)),
        ];
        lines.into_iter().flatten().collect()
    }
}

fn idle(own: &'static Key, needed: &'static Key) -> Message {
    message!("{} has no effect: there is no {} above 0", own, needed)
}

impl Document {
    /// Whether a key names a file with noise, or the default one is written.
    pub fn writes_noise(&self) -> bool {
        let output = &self.output;
        let by_default = self.writes_default_files() && output.default_noise != Some(false);
        output.smv_noise.is_some() || output.noise_files.is_some() || by_default
    }
}

/// The keys that a number of noise comes from.
fn keys_of(quantity: NoiseQuantity) -> Vec<&'static Key> {
    match quantity {
        NoiseQuantity::Readout => vec![&key::noise::readout],
        NoiseQuantity::Gain => vec![&key::noise::gain],
        NoiseQuantity::Offset => vec![&key::counts::offset],
        NoiseQuantity::Saturation => vec![&key::noise::saturation],
        NoiseQuantity::PointSpread => vec![&key::noise::point_spread_fwhm],
        NoiseQuantity::Flicker | NoiseQuantity::Calibration => Vec::new(),
    }
}
