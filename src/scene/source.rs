//! Sources with the constants that every pixel shares.

use glam::DVec3;

use super::SceneError;
use crate::experiment::Beam;
use crate::physics::scattering_vector::scattering_vector;

/// One direction and wavelength of the beam, ready to scatter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SceneSource {
    /// Direction in which its photons travel, a unit vector.
    pub incident: DVec3,
    /// Wavelength, m.
    pub wavelength_m: f64,
    /// Weight divided by the mean weight.
    pub weight: f64,
    /// Direction of the electric field, E of PHYSICS §5.
    pub electric: DVec3,
    /// Direction of the magnetic field, B of PHYSICS §5.
    pub magnetic: DVec3,
}

impl SceneSource {
    /// Scattering vector q (1/m) of X-rays that leave in the direction `diffracted`.
    #[inline(always)]
    pub fn scattering_vector(&self, diffracted: DVec3) -> DVec3 {
        scattering_vector(diffracted, self.incident, self.wavelength_m)
    }
}

/// The sources of `beam`, in its order.
///
/// # Errors
/// [`SceneError::SourceAlongPolarisation`].
pub(super) fn sources(beam: &Beam) -> Result<Vec<SceneSource>, SceneError> {
    let described = beam.sources();
    let total: f64 = described.iter().map(|source| source.weight).sum();
    let mean = total / described.len() as f64;
    described
        .into_iter()
        .map(|source| {
            let incident = source.incident.normalize();
            let fields = beam.fields(incident);
            let [electric, magnetic] = fields.ok_or(SceneError::SourceAlongPolarisation)?;
            Ok(SceneSource {
                incident,
                wavelength_m: source.wavelength_m,
                weight: source.weight / mean,
                electric,
                magnetic,
            })
        })
        .collect()
}
