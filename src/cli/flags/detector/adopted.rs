//! What the headers of SMV files, and files that describe a detector, stand in for (PHYSICS §13).

use std::path::Path;
use std::sync::Arc;

use super::super::super::CliError;
use crate::experiment::Mask;
use crate::formats::geometry::Geometry;
use crate::formats::smv::{self, SmvImage};
use crate::formats::{FormatError, Problem};
use crate::geometry::UnitCell;

/// Values of files, used where no flag gives them.
#[derive(Debug, Default)]
pub struct Adopted {
    pub shape: Option<[usize; 2]>,
    pub pixel_mm: Option<f64>,
    pub distance_mm: Option<f64>,
    pub close_distance_mm: Option<f64>,
    pub wavelength_m: Option<f64>,
    /// ORGX and ORGY, pixels.
    pub org: [Option<f64>; 2],
    pub phi_deg: Option<f64>,
    pub osc_deg: Option<f64>,
    /// Named in a notice, but not used: it says too little of how the detector was turned.
    pub two_theta_deg: Option<f64>,
    /// Kahn's polarisation factor.
    pub kahn_factor: Option<f64>,
    /// The crystal's cell, oriented.
    pub cell: Option<UnitCell>,
    /// The pixels of `-mask` that are rendered.
    pub mask: Option<Arc<Mask>>,
    beam_centre: BeamCentre,
}

/// BEAM_CENTER_X and BEAM_CENTER_Y, mm.
#[derive(Debug, Default, Clone, Copy)]
struct BeamCentre {
    x: Option<f64>,
    y: Option<f64>,
    /// A mask's Y counts from the other end of the slow axis.
    y_from_end: bool,
}

impl Adopted {
    /// The headers of the files of `-img` and `-mask`; where both speak, the image does.
    pub fn read(image: Option<&Path>, mask: Option<&Path>) -> Result<Adopted, CliError> {
        let mut adopted = Adopted::default();
        if let Some(path) = image {
            adopted = Adopted::from_header(path, &smv::read(path)?)?;
        }
        if let Some(path) = mask {
            let file = smv::read(path)?;
            let mut header = Adopted::from_header(path, &file)?;
            header.beam_centre.y_from_end = true;
            adopted = adopted.or(header);
            let rendered = file.pixels.iter().map(|&value| value != 0).collect();
            adopted.mask = Mask::new([file.width, file.height], rendered).map(Arc::new);
        }
        Ok(adopted)
    }

    /// What `geometry` says beside the panels' places, with the pixels of `-mask`.
    pub fn of_geometry(geometry: &Geometry, mask: Option<Arc<Mask>>) -> Adopted {
        let degrees = geometry
            .oscillation_rad
            .map(|both| both.map(f64::to_degrees));
        Adopted {
            wavelength_m: geometry.wavelength_m,
            phi_deg: degrees.map(|[start, _]| start),
            osc_deg: degrees
                .map(|[_, range]| range)
                .filter(|&range| range != 0.0),
            kahn_factor: geometry.kahn_factor,
            cell: geometry.cell,
            mask,
            ..Adopted::default()
        }
    }

    /// Xbeam and Ybeam, mm, for a detector of these pixels.
    pub fn beam_centre_mm(&self, [_, slow]: [usize; 2], pixel_mm: f64) -> [Option<f64>; 2] {
        let BeamCentre { x, y, y_from_end } = self.beam_centre;
        let size_slow = slow as f64 * pixel_mm;
        [x, y.map(|y| if y_from_end { size_slow - y } else { y })]
    }

    fn from_header(path: &Path, file: &SmvImage) -> Result<Adopted, CliError> {
        let bad = |problem: Problem| FormatError::Content {
            path: path.to_path_buf(),
            problem,
        };
        let number = |key: &str| file.number(key).map_err(bad);
        let positive = |key: &str| match number(key)? {
            Some(value) if value <= 0.0 => {
                let what = format!("header entry {key} is {value}; expected a positive number");
                Err(bad(Problem::with_file(what)))
            }
            value => Ok(value),
        };
        // The C program writes XDS_ORGX and reads ORGX.
        let origin = |key: &str| {
            number(key).and_then(|org| match org {
                None => number(&format!("XDS_{key}")),
                given => Ok(given),
            })
        };
        Ok(Adopted {
            shape: Some([file.width, file.height]),
            pixel_mm: positive("PIXEL_SIZE")?,
            distance_mm: positive("DISTANCE")?,
            close_distance_mm: positive("CLOSE_DISTANCE")?,
            wavelength_m: positive("WAVELENGTH")?.map(|angstrom| angstrom * 1e-10),
            org: [origin("ORGX")?, origin("ORGY")?],
            phi_deg: number("PHI")?,
            // A still has no range to adopt: flags that step or count are not to be bound to zero.
            osc_deg: number("OSC_RANGE")?.filter(|&range| range != 0.0),
            two_theta_deg: number("TWOTHETA")?,
            beam_centre: BeamCentre {
                x: number("BEAM_CENTER_X")?,
                y: number("BEAM_CENTER_Y")?,
                y_from_end: false,
            },
            ..Adopted::default()
        })
    }

    /// This header's values, and those of `other` where this one is silent.
    fn or(self, other: Adopted) -> Adopted {
        let has_centre = self.beam_centre.x.is_some() || self.beam_centre.y.is_some();
        let has_distance = self.distance_mm.is_some() || self.close_distance_mm.is_some();
        let distances = if has_distance { &self } else { &other };
        Adopted {
            distance_mm: distances.distance_mm,
            close_distance_mm: distances.close_distance_mm,
            shape: self.shape.or(other.shape),
            pixel_mm: self.pixel_mm.or(other.pixel_mm),
            wavelength_m: self.wavelength_m.or(other.wavelength_m),
            org: [self.org[0].or(other.org[0]), self.org[1].or(other.org[1])],
            phi_deg: self.phi_deg.or(other.phi_deg),
            osc_deg: self.osc_deg.or(other.osc_deg),
            two_theta_deg: self.two_theta_deg.or(other.two_theta_deg),
            kahn_factor: self.kahn_factor.or(other.kahn_factor),
            cell: self.cell.or(other.cell),
            mask: self.mask.or(other.mask),
            beam_centre: if has_centre {
                self.beam_centre
            } else {
                other.beam_centre
            },
        }
    }
}
