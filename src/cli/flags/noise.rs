//! Flags of the detector's noise, of a render's noise image and of `nanobragg noise`.

use clap::{Args, ValueEnum};

use super::super::CliError;
use super::super::values;
use crate::image::noise::{CALIBRATION_SEED, Noise, NoiseError, PointSpread, SpreadShape};

#[derive(Args)]
#[command(next_help_heading = "Noise beside that of photons")]
pub struct NoiseFlags {
    /// Rms change of the beam from image to image, percent [default: 0]
    #[arg(long, value_name = "PERCENT", value_parser = values::percent)]
    flicker: Option<f64>,
    /// Rms error of the pixels' calibration, percent, the same in every image [default: 0]
    #[arg(long, value_name = "PERCENT", value_parser = values::percent)]
    calibration: Option<f64>,
    /// Seed of the calibration: another detector [default: 123456789]
    #[arg(long = "calibration-seed", value_name = "INT", value_parser = values::seed)]
    calibration_seed: Option<i64>,
    /// Rms noise of the readout, counts [default: 0]
    #[arg(long, value_name = "COUNTS", value_parser = values::not_negative)]
    readout: Option<f64>,
    /// Counts per photon [default: 1]
    #[arg(long, value_name = "COUNTS", value_parser = values::positive)]
    gain: Option<f64>,
    /// The largest count of the detector, a whole number [default: that of the file's format]
    #[arg(long, value_name = "COUNTS", value_parser = values::positive)]
    saturation: Option<f64>,
    /// Form of the point spread; a fiber's tails reach far [default: gauss]
    #[arg(long, value_name = "SHAPE")]
    psf: Option<Shape>,
    /// Full width at half maximum of the point spread, pixels [default: 0, no spread]
    #[arg(long = "psf-fwhm", value_name = "PIXELS", value_parser = values::not_negative)]
    psf_fwhm: Option<f64>,
    /// Number of the image: images of one seed differ by it [default: 0]
    #[arg(long = "image-number", value_name = "N", value_parser = values::index)]
    image_number: Option<u32>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Shape {
    Gauss,
    Fiber,
}

/// Ids of the flags that noise has nothing to act on without a noise image.
pub const NOISE_FLAGS: [&str; 9] = [
    "flicker",
    "calibration",
    "calibration_seed",
    "readout",
    "gain",
    "saturation",
    "psf",
    "psf_fwhm",
    "image_number",
];

/// Why a calibration's seed may have no effect.
pub const NO_CALIBRATION: &str = "there is no --calibration above 0";
/// Why a point spread's form may have no effect.
pub const NO_WIDTH: &str = "there is no --psf-fwhm above 0";

impl NoiseFlags {
    /// The noise, of this seed, around `offset` counts.
    ///
    /// # Errors
    /// [`CliError::Usage`] for a number that makes no sense.
    pub fn noise(&self, seed: u64, offset: f64) -> Result<Noise, CliError> {
        let part = |percent: Option<f64>| percent.unwrap_or(0.0) / 100.0;
        let noise = Noise {
            seed,
            image: self.image_number.unwrap_or(0),
            flicker: part(self.flicker),
            calibration: part(self.calibration),
            calibration_seed: self
                .calibration_seed
                .map_or(CALIBRATION_SEED, |seed| seed as u64),
            point_spread: self.psf_fwhm.map(|fwhm_pixels| PointSpread {
                shape: match self.psf {
                    None | Some(Shape::Gauss) => SpreadShape::Gauss,
                    Some(Shape::Fiber) => SpreadShape::Fiber,
                },
                fwhm_pixels,
            }),
            gain: self.gain.unwrap_or(1.0),
            offset,
            readout: self.readout.unwrap_or(0.0),
            saturation: self.saturation,
        };
        noise
            .check()
            .map_err(|error| CliError::usage(format!("{}{error}", flag_of(&error))))?;
        Ok(noise)
    }

    /// A line for every flag that is without effect on the `noise` made of them.
    pub fn idle(&self, noise: &Noise) -> Vec<String> {
        let seed = self.calibration_seed.is_some() && noise.calibration == 0.0;
        let form = self.psf.is_some() && noise.spread().is_none();
        let lines = [
            seed.then(|| format!("--calibration-seed has no effect: {NO_CALIBRATION}")),
            form.then(|| format!("--psf has no effect: {NO_WIDTH}")),
        ];
        lines.into_iter().flatten().collect()
    }
}

/// The flag that an impossible number comes from, with what goes between it and a message.
fn flag_of(error: &NoiseError) -> &'static str {
    let NoiseError::OutOfRange { quantity, .. } = error else {
        return "";
    };
    let flags = [
        ("readout", "--readout: "),
        ("gain", "--gain: "),
        ("offset", "-adc: "),
        ("saturation", "--saturation: "),
        ("point spread", "--psf-fwhm: "),
    ];
    flags
        .iter()
        .find(|(part, _)| quantity.contains(part))
        .map_or("", |(_, flag)| flag)
}
