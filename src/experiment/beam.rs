//! The X-rays: direction, polarisation, fluence, and the sources they come from (PHYSICS §2, §7).

use glam::DVec3;

use super::error::direction;
use super::quantity::Quantity;
use super::{CentredSteps, ExperimentError, LabAxes};
use crate::geometry::rotation_about;

/// Fluence in photons/m² at which one electron scatters one photon per steradian: r_e²·fluence = 1.
pub const DEFAULT_FLUENCE: f64 = 125932015286227086360700780544.0;

/// Sine of the angle below which X-rays travel along the polarisation vector.
const ALONG: f64 = 1e-6;

/// Planck's constant times the speed of light in eV·Å, the value the C program uses.
const PHOTON_EV_ANGSTROM: f64 = 12398.42;

/// Wavelength in m of photons of `energy_ev`.
pub fn photon_energy_to_wavelength(energy_ev: f64) -> f64 {
    PHOTON_EV_ANGSTROM / energy_ev * 1e-10
}

/// The photon energy, eV, of a wavelength in m.
pub fn photon_energy_ev(wavelength_m: f64) -> f64 {
    PHOTON_EV_ANGSTROM * 1e-10 / wavelength_m
}

/// The beam.
#[derive(Debug, Clone, PartialEq)]
pub struct Beam {
    /// Direction in which the photons travel; any length.
    pub direction: DVec3,
    /// Direction of the electric field of polarised X-rays; any length.
    pub polarisation_axis: DVec3,
    /// Kahn's polarisation factor K, −1 to 1, 0 for unpolarised X-rays; `None` switches the
    /// polarisation correction off altogether (it is then 1 everywhere).
    pub kahn_factor: Option<f64>,
    /// Central wavelength λ₀, m.
    pub wavelength_m: f64,
    /// Photons per m² of the whole exposure.
    pub fluence: f64,
    /// Where the photons come from.
    pub sources: Sources,
    /// Standard deviation of the wavelengths about each source's, as a part of it; in closed form
    /// only ([`Analytic`](super::Analytic)).
    pub bandwidth: f64,
    /// Standard deviations of the directions about each source's, radians, along the electric and
    /// the magnetic field; in closed form only.
    pub divergence_sigma_rad: [f64; 2],
}

/// The points and wavelengths that make up the beam.
#[derive(Debug, Clone, PartialEq)]
pub enum Sources {
    /// A grid of directions times a grid of wavelengths, all of equal weight.
    Grid {
        /// The directions.
        divergence: Divergence,
        /// Relative deviations from the central wavelength.
        dispersion: CentredSteps,
    },
    /// A list, such as a measured spectrum.
    List(Vec<Source>),
}

/// A grid of beam directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Divergence {
    /// Angles about the vertical, radians.
    pub horizontal: CentredSteps,
    /// Angles about the polarisation axis, radians.
    pub vertical: CentredSteps,
    /// Keep only the points inside the ellipse that the two ranges span.
    pub round: bool,
}

impl Default for Divergence {
    fn default() -> Divergence {
        let point = CentredSteps::POINT;
        Divergence {
            horizontal: point,
            vertical: point,
            round: true,
        }
    }
}

/// One direction and wavelength of the beam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Source {
    /// Direction in which its photons travel, a unit vector.
    pub incident: DVec3,
    /// Wavelength, m.
    pub wavelength_m: f64,
    /// Weight relative to the other sources.
    pub weight: f64,
}

impl Default for Beam {
    fn default() -> Beam {
        let frame = LabAxes::default();
        Beam {
            direction: frame.beam,
            polarisation_axis: frame.polarisation,
            kahn_factor: Some(0.0),
            wavelength_m: 1e-10,
            fluence: DEFAULT_FLUENCE,
            sources: Sources::default(),
            bandwidth: 0.0,
            divergence_sigma_rad: [0.0; 2],
        }
    }
}

impl Default for Sources {
    fn default() -> Sources {
        Sources::Grid {
            divergence: Divergence::default(),
            dispersion: CentredSteps::POINT,
        }
    }
}

impl Divergence {
    /// Whether the ellipse of a round divergence holds the point at these two angles.
    fn keeps(&self, horizontal: f64, vertical: f64) -> bool {
        let axes = [(self.horizontal, horizontal), (self.vertical, vertical)];
        let squared_radius: f64 = axes
            .into_iter()
            .filter(|(steps, _)| steps.range != 0.0)
            .map(|(steps, angle)| {
                // An even count has no point at the centre; the C program moves the ellipse's
                // edge out by half a step to make up for it.
                let half_step = if steps.count % 2 == 0 {
                    steps.step / 2.0
                } else {
                    0.0
                };
                (angle * angle - half_step * half_step) / (steps.range * steps.range)
            })
            .sum();
        !self.round || 4.0 * squared_radius <= 1.1
    }
}

impl Beam {
    /// Every source, in the order in which terms are summed: directions outermost (horizontal,
    /// then vertical), wavelengths within.
    pub fn sources(&self) -> Vec<Source> {
        let (divergence, dispersion) = match &self.sources {
            Sources::List(list) => return list.clone(),
            Sources::Grid {
                divergence,
                dispersion,
            } => (divergence, dispersion),
        };
        let polarisation = self.polarisation_axis.normalize();
        let toward = self.direction.normalize();
        // Nothing is turned about an axis that is not there.
        let vertical_axis = toward.cross(polarisation).normalize_or(polarisation);
        // The list has its final size from the start: a growing list needs up to three times the
        // memory.
        let mut sources = Vec::with_capacity(self.source_count_bound() as usize);
        for horizontal in divergence.horizontal.values() {
            for vertical in divergence
                .vertical
                .values()
                .filter(|&v| divergence.keeps(horizontal, v))
            {
                let incident = rotation_about(vertical_axis, horizontal)
                    * (rotation_about(polarisation, vertical) * toward);
                sources.extend(dispersion.values().map(|deviation| Source {
                    incident,
                    wavelength_m: self.wavelength_m * (1.0 + deviation),
                    weight: 1.0,
                }));
            }
        }
        sources
    }

    /// Whether anything depends on the direction of the electric field: X-rays that are polarised,
    /// and a divergence, whose angles are about it.
    pub fn needs_field(&self) -> bool {
        let diverges = match &self.sources {
            Sources::List(_) => false,
            Sources::Grid { divergence, .. } => {
                [divergence.horizontal, divergence.vertical] != [CentredSteps::POINT; 2]
            }
        };
        let [along, across] = self.divergence_sigma_rad;
        diverges || along != across || self.kahn_factor.is_some_and(|kahn| kahn != 0.0)
    }

    /// Directions of the electric and the magnetic field of X-rays that travel along the unit
    /// vector `incident`; `None` along the polarisation vector, where no field can point. X-rays
    /// that are not polarised have any two.
    pub fn fields(&self, incident: DVec3) -> Option<[DVec3; 2]> {
        let magnetic = self.polarisation_axis.normalize().cross(incident);
        let magnetic = match magnetic.length() < ALONG {
            true if self.kahn_factor.is_some_and(|kahn| kahn != 0.0) => return None,
            true => incident.any_orthonormal_vector(),
            false => magnetic.normalize(),
        };
        Some([incident.cross(magnetic).normalize(), magnetic])
    }

    /// How many sources there are at most, without making them.
    pub fn source_count_bound(&self) -> u64 {
        match &self.sources {
            Sources::List(list) => list.len() as u64,
            Sources::Grid {
                divergence,
                dispersion,
            } => [divergence.horizontal, divergence.vertical, *dispersion]
                .into_iter()
                .fold(1, |product, steps| {
                    product.saturating_mul(u64::from(steps.count))
                }),
        }
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        let toward = direction("the beam vector", self.direction)?;
        let polarisation = direction("the polarisation vector", self.polarisation_axis)?;
        if self.needs_field() && toward.cross(polarisation).length() < ALONG {
            return Err(ExperimentError::Parallel(
                "the beam",
                "the polarisation vector",
            ));
        }
        Quantity::KahnFactor.require(self.kahn_factor.unwrap_or(0.0))?;
        Quantity::Wavelength.require(self.wavelength_m)?;
        Quantity::Fluence.require(self.fluence)?;
        Quantity::Bandwidth.require(self.bandwidth)?;
        for sigma_rad in self.divergence_sigma_rad {
            Quantity::DivergenceSigma.require(sigma_rad)?;
        }
        match &self.sources {
            Sources::List(list) => check_list(list, self.needs_field().then_some(polarisation)),
            Sources::Grid {
                divergence,
                dispersion,
            } => {
                for steps in [divergence.horizontal, divergence.vertical] {
                    let widest = steps.range.max(steps.step * f64::from(steps.count - 1));
                    Quantity::Divergence.require(widest)?;
                }
                // The shortest wavelength is λ₀·(1 − range/2).
                Quantity::Dispersion.require(dispersion.range)
            }
        }
    }
}

/// Checks a list; `polarisation` is the direction of a field that none may travel along.
fn check_list(list: &[Source], polarisation: Option<DVec3>) -> Result<(), ExperimentError> {
    for (index, source) in list.iter().enumerate() {
        let incident = direction("a source's direction", source.incident)?;
        if polarisation.is_some_and(|field| incident.cross(field).length() < ALONG) {
            return Err(ExperimentError::SourceAlongPolarisation(index + 1));
        }
        if !Quantity::Wavelength.accepts(source.wavelength_m) {
            return Err(ExperimentError::SourceWavelength {
                number: index + 1,
                wavelength_m: source.wavelength_m,
            });
        }
        Quantity::SourceWeight.require(source.weight)?;
    }
    let total: f64 = list.iter().map(|source| source.weight).sum();
    // Weights are divided by their mean.
    if total > 0.0 && (total / list.len() as f64).is_normal() {
        Ok(())
    } else {
        Err(ExperimentError::TotalWeight(total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(divergence: Divergence) -> Beam {
        let sources = Sources::Grid {
            divergence,
            dispersion: CentredSteps::POINT,
        };
        Beam {
            sources,
            ..Beam::default()
        }
    }

    #[test]
    fn a_round_divergence_leaves_out_the_corners() {
        let steps = CentredSteps {
            range: 0.004,
            step: 0.001,
            count: 5,
        };
        let square = Divergence {
            horizontal: steps,
            vertical: steps,
            round: false,
        };
        assert_eq!(grid(square).sources().len(), 25);
        let round = Divergence {
            round: true,
            ..square
        };
        // Inside a circle of radius 2.1 steps: all but the corners and the points beside them.
        assert_eq!(grid(round).sources().len(), 13);
    }

    #[test]
    fn a_point_source_travels_along_the_beam() {
        let sources = Beam::default().sources();
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].incident, DVec3::X);
        assert_eq!(sources[0].wavelength_m, 1e-10);
    }

    #[test]
    fn impossible_lists_are_refused() {
        let source = Source {
            incident: DVec3::X,
            wavelength_m: 1e-10,
            weight: 0.0,
        };
        let list = |source| Beam {
            sources: Sources::List(vec![source]),
            kahn_factor: Some(0.5),
            ..Beam::default()
        };
        assert_eq!(list(source).check(), Err(ExperimentError::TotalWeight(0.0)));
        let along = Source {
            incident: DVec3::Z,
            weight: 1.0,
            ..source
        };
        assert_eq!(
            list(along).check(),
            Err(ExperimentError::SourceAlongPolarisation(1))
        );
        // Nobody asks for the field of X-rays that are not polarised.
        for kahn_factor in [None, Some(0.0)] {
            let beam = Beam {
                kahn_factor,
                direction: DVec3::Z,
                ..list(along)
            };
            assert_eq!(beam.check(), Ok(()));
            let [electric, magnetic] = beam.fields(DVec3::Z).unwrap();
            assert!(magnetic.cross(electric).abs_diff_eq(DVec3::Z, 1e-15));
        }
        assert_eq!(list(along).fields(DVec3::Z), None);
        let nowhere = Source {
            incident: DVec3::ZERO,
            ..along
        };
        assert!(matches!(
            list(nowhere).check(),
            Err(ExperimentError::NoDirection { .. })
        ));
    }
}
