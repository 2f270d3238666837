//! Flags of the beam: wavelength, sources, fluence, polarisation.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::super::order::Order;
use super::super::{CliError, values};
use super::detector::Adopted;
use crate::experiment::{
    Beam, CentredSteps, DEFAULT_FLUENCE, Divergence, Frame, Sources, StepRequest,
    photon_energy_to_wavelength,
};
use crate::formats::source_list::{self, Defaults};
use crate::geometry::unit;

/// Ids of the flags of a grid of sources.
pub const GRID_FLAGS: [&str; 12] = [
    "dispersion",
    "dispsteps",
    "divergence",
    "hdivrange",
    "vdivrange",
    "hdivstep",
    "vdivstep",
    "hdivsteps",
    "vdivsteps",
    "divsteps",
    "round_div",
    "square_div",
];

#[derive(Args)]
#[command(next_help_heading = "Beam")]
pub struct BeamFlags {
    /// Wavelength, Å [default: 1]
    #[arg(long, visible_aliases = ["wave", "wavelength"], value_name = "Å",
          value_parser = values::positive)]
    lambda: Option<f64>,
    /// Photon energy, eV, instead of the wavelength
    #[arg(long, value_name = "EV", value_parser = values::positive)]
    energy: Option<f64>,
    /// Range of wavelengths, percent [default: 0]
    #[arg(long, value_name = "PERCENT", value_parser = values::not_negative)]
    dispersion: Option<f64>,
    /// Wavelengths within the -dispersion
    #[arg(long, value_name = "COUNT", value_parser = values::count)]
    dispsteps: Option<u32>,
    /// Range of directions, horizontal and vertical, mrad [default: 0]
    #[arg(long, value_name = "MRAD", value_parser = values::not_negative)]
    divergence: Option<f64>,
    /// Horizontal range, mrad
    #[arg(long, value_name = "MRAD", value_parser = values::not_negative)]
    hdivrange: Option<f64>,
    /// Vertical range, mrad
    #[arg(long, value_name = "MRAD", value_parser = values::not_negative)]
    vdivrange: Option<f64>,
    /// Horizontal step, mrad
    #[arg(long, value_name = "MRAD", value_parser = values::positive)]
    hdivstep: Option<f64>,
    /// Vertical step, mrad
    #[arg(long, value_name = "MRAD", value_parser = values::positive)]
    vdivstep: Option<f64>,
    /// Number of horizontal directions
    #[arg(long, value_name = "COUNT", value_parser = values::count)]
    hdivsteps: Option<u32>,
    /// Number of vertical directions
    #[arg(long, value_name = "COUNT", value_parser = values::count)]
    vdivsteps: Option<u32>,
    /// Number of directions, horizontal and vertical
    #[arg(long, value_name = "COUNT", value_parser = values::count)]
    divsteps: Option<u32>,
    /// Keep the directions inside an ellipse [default]
    #[arg(long = "round_div")]
    round_div: bool,
    /// Keep all directions of the grid
    #[arg(long = "square_div")]
    square_div: bool,
    /// Sources instead of a grid: lines of X Y Z weight λ(m)
    #[arg(long, value_name = "FILE")]
    sourcefile: Option<PathBuf>,
    /// Photons per m² [default: 1.25932e29]
    #[arg(long, value_name = "PHOTONS/M2", value_parser = values::not_negative)]
    fluence: Option<f64>,
    /// Photons per second; fluence = flux·exposure/beamsize²
    #[arg(long, value_name = "PHOTONS/S", value_parser = values::not_negative)]
    flux: Option<f64>,
    /// Exposure time, s [default: 1]
    #[arg(long, value_name = "S", value_parser = values::not_negative)]
    exposure: Option<f64>,
    /// Width of the square beam, mm [default: 0.1]
    #[arg(long, value_name = "MM", value_parser = values::positive)]
    beamsize: Option<f64>,
    /// Kahn polarisation factor, -1 to 1 [default: 0]
    #[arg(long, value_name = "K", value_parser = values::kahn_factor)]
    polar: Option<f64>,
    /// Leave polarisation out
    #[arg(long)]
    nopolar: bool,
}

impl BeamFlags {
    /// The beam in the laboratory frame `frame`.
    pub fn beam(
        &self,
        order: Order,
        frame: &Frame,
        adopted: &Adopted,
        inputs: &mut Vec<PathBuf>,
    ) -> Result<Beam, CliError> {
        let wavelength_m = order
            .latest([
                ("lambda", self.lambda.map(|angstrom| angstrom * 1e-10)),
                ("energy", self.energy.map(photon_energy_to_wavelength)),
            ])
            .or(adopted.wavelength_m)
            .unwrap_or(1e-10);
        let kahn_factor = order
            .latest([
                ("polar", self.polar.map(Some)),
                ("nopolar", self.nopolar.then_some(None)),
            ])
            .unwrap_or(Some(adopted.kahn_factor.unwrap_or(0.0)));
        let sources = match &self.sourcefile {
            Some(path) => {
                inputs.push(path.clone());
                let beam = unit(frame.beam).context("-beam_vector has no length")?;
                Sources::List(source_list::read(
                    path,
                    Defaults { beam, wavelength_m },
                    crate::cli::limit::file_limit(),
                )?)
            }
            None => self.grid(order)?,
        };
        Ok(Beam {
            direction: frame.beam,
            polarisation_axis: frame.polarisation,
            kahn_factor,
            wavelength_m,
            fluence: self.fluence()?,
            sources,
        })
    }

    /// Width of the beam, m.
    pub fn beam_size_m(&self) -> f64 {
        self.beamsize.unwrap_or(0.1) * 1e-3
    }

    /// Photons per m².
    fn fluence(&self) -> Result<f64, CliError> {
        let Some(flux) = self.flux else {
            return Ok(self.fluence.unwrap_or(DEFAULT_FLUENCE));
        };
        let (exposure, size) = (self.exposure.unwrap_or(1.0), self.beam_size_m());
        let fluence = flux * exposure / (size * size);
        if fluence.is_finite() {
            Ok(fluence)
        } else {
            Err(CliError::usage(format!(
                "-flux {flux} -exposure {exposure} -beamsize {}: the fluence is not finite",
                size * 1e3
            )))
        }
    }

    fn grid(&self, order: Order) -> Result<Sources, CliError> {
        let radians = |mrad: Option<f64>| mrad.map(|mrad| mrad * 1e-3);
        // Counts and ranges that are given for one direction or for both: the last one wins.
        let axis = |range_id, range, step, count_id, count| StepRequest {
            range: radians(order.latest([("divergence", self.divergence), (range_id, range)])),
            step: radians(step),
            count: order.latest([("divsteps", self.divsteps), (count_id, count)]),
        };
        let horizontal = axis(
            "hdivrange",
            self.hdivrange,
            self.hdivstep,
            "hdivsteps",
            self.hdivsteps,
        );
        let vertical = axis(
            "vdivrange",
            self.vdivrange,
            self.vdivstep,
            "vdivsteps",
            self.vdivsteps,
        );
        let spectrum = StepRequest {
            range: self.dispersion.map(|percent| percent / 100.0),
            step: None,
            count: self.dispsteps,
        };
        let resolve =
            |request: StepRequest, what, unstated: f64| -> Result<CentredSteps, CliError> {
                request.centred(what, unstated).map_err(CliError::usage)
            };
        let round = order.latest([
            ("round_div", self.round_div.then_some(true)),
            ("square_div", self.square_div.then_some(false)),
        ]);
        let divergence = Divergence {
            horizontal: resolve(horizontal, "the horizontal divergence", 1.0)?,
            vertical: resolve(vertical, "the vertical divergence", 1.0)?,
            round: round.unwrap_or(true),
        };
        // A dispersion that is only counted has no range (PHYSICS §7).
        Ok(Sources::Grid {
            divergence,
            dispersion: resolve(spectrum, "the dispersion", 0.0)?,
        })
    }
}
