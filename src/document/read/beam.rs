//! The beam: wavelength, sources, fluence, polarisation.

use super::Reading;
use super::adopted::Adopted;
use crate::document::choices::DivergenceShape;
use crate::document::error::DocumentError;
use crate::document::keys::key;
use crate::document::message::{contradiction, message};
use crate::experiment::{
    Beam, CentredSteps, DEFAULT_FLUENCE, Divergence, LabAxes, Sources, StepRequest,
    photon_energy_to_wavelength,
};
use crate::formats::source_list::{self, Defaults};
use crate::geometry::unit;

impl Reading<'_> {
    /// The beam along the laboratory's `axes`.
    pub fn beam(&mut self, axes: &LabAxes, adopted: &Adopted) -> Result<Beam, DocumentError> {
        let keys = &self.document.beam;
        let wavelength_m = keys
            .wavelength
            .map(|angstrom| angstrom * 1e-10)
            .or(keys.energy.map(photon_energy_to_wavelength))
            .or(adopted.wavelength_m)
            .unwrap_or(1e-10);
        let kahn_factor = match keys.polarised {
            Some(false) => None,
            _ => Some(keys.kahn_factor.or(adopted.kahn_factor).unwrap_or(0.0)),
        };
        let sources = match &keys.sources {
            Some(path) => {
                self.inputs.push(path.clone());
                let beam = unit(axes.beam).ok_or_else(|| {
                    DocumentError::File(message!("{} has no length", &key::frame::beam))
                })?;
                Sources::List(source_list::read(
                    path,
                    Defaults { beam, wavelength_m },
                    self.most(),
                )?)
            }
            None => self.grid()?,
        };
        Ok(Beam {
            direction: axes.beam,
            polarisation_axis: axes.polarisation,
            kahn_factor,
            wavelength_m,
            fluence: self.fluence()?,
            sources,
            bandwidth: keys.bandwidth.unwrap_or(0.0) * 1e-2,
            divergence_sigma_rad: keys
                .divergence_sigma
                .unwrap_or_default()
                .map(|mrad| mrad * 1e-3),
        })
    }

    /// Width of the beam, m.
    pub fn beam_size_m(&self) -> f64 {
        self.document.beam.size.unwrap_or(0.1) * 1e-3
    }

    /// Photons per m².
    fn fluence(&self) -> Result<f64, DocumentError> {
        let keys = &self.document.beam;
        let Some(flux) = keys.flux else {
            return Ok(keys.fluence.unwrap_or(DEFAULT_FLUENCE));
        };
        let (exposure, size) = (keys.exposure.unwrap_or(1.0), self.beam_size_m());
        let fluence = flux * exposure / (size * size);
        if fluence.is_finite() {
            return Ok(fluence);
        }
        Err(contradiction!(
            "{} {} {} {} {} {}: the fluence is not finite",
            &key::beam::flux,
            flux,
            &key::beam::exposure,
            exposure,
            &key::beam::size,
            size * 1e3
        ))
    }

    fn grid(&self) -> Result<Sources, DocumentError> {
        let keys = &self.document.beam;
        // Counts and ranges that are given for one direction go before those for both.
        let axis = |range: Option<f64>, step: Option<f64>, count: Option<u32>| StepRequest {
            range: range.or(keys.divergence).map(|mrad| mrad * 1e-3),
            step: step.map(|mrad| mrad * 1e-3),
            count: count.or(keys.divergence_steps),
        };
        let horizontal = axis(
            keys.divergence_horizontal,
            keys.divergence_step_horizontal,
            keys.divergence_steps_horizontal,
        );
        let vertical = axis(
            keys.divergence_vertical,
            keys.divergence_step_vertical,
            keys.divergence_steps_vertical,
        );
        let spectrum = StepRequest {
            range: keys.dispersion.map(|percent| percent / 100.0),
            step: None,
            count: keys.dispersion_steps,
        };
        let steps =
            |request: StepRequest, what, unstated: f64| -> Result<CentredSteps, DocumentError> {
                let steps = request.centred(what, unstated);
                steps.map_err(|error| DocumentError::of_keys(&[], error))
            };
        let divergence = Divergence {
            horizontal: steps(horizontal, "the horizontal divergence", 1.0)?,
            vertical: steps(vertical, "the vertical divergence", 1.0)?,
            round: keys.divergence_shape != Some(DivergenceShape::Square),
        };
        // A dispersion that is only counted has no range (PHYSICS §7).
        Ok(Sources::Grid {
            divergence,
            dispersion: steps(spectrum, "the dispersion", 0.0)?,
        })
    }
}
