//! Flags of the crystal's mosaicity.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::super::{CliError, values};
use crate::experiment::{DEFAULT_MOSAIC_SEED, MosaicModel, Mosaicity};
use crate::formats;

#[derive(Args)]
#[command(next_help_heading = "Mosaicity")]
pub struct MosaicFlags {
    /// Mosaic spread, degrees [default: 0]
    #[arg(long, visible_aliases = ["mosaicity", "mosaic_spread"], value_name = "DEG",
          value_parser = values::misorientation)]
    mosaic: Option<f64>,
    /// Mosaic domains [default: 10 if there is a spread, else 1]
    #[arg(long = "mosaic_domains", visible_alias = "mosaic_dom", value_name = "COUNT",
          value_parser = values::count)]
    mosaic_domains: Option<u32>,
    /// Seed of the domains' orientations [default: 12345678]
    #[arg(long = "mosaic_seed", value_name = "INT", value_parser = values::seed)]
    mosaic_seed: Option<i64>,
    /// How misorientations are distributed: up to -mosaic, or normal with that sigma [default: cap]
    #[arg(long = "mosaic-model", value_name = "MODEL")]
    mosaic_model: Option<Model>,
    /// Sigmas of --mosaic-model gaussian about a, about c* × a and about c*, degrees, instead of
    /// -mosaic; rotations about each have an rms of its sigma over √3, so that three equal ones are
    /// -mosaic
    #[arg(long = "mosaic-sigmas", action = ArgAction::Set, num_args = 3, value_names = ["A", "B", "C"],
          value_parser = values::misorientation)]
    mosaic_sigmas: Option<Vec<f64>>,
    /// The domains' rotations themselves: a line of nine numbers, a matrix row by row, or of three,
    /// a rotation vector in degrees
    #[arg(long = "mosaic-file", value_name = "FILE")]
    mosaic_file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Model {
    Cap,
    Gaussian,
}

/// Names of the flags that are new in this program.
pub const DOUBLE_DASH_ONLY: [&str; 3] = ["mosaic-model", "mosaic-sigmas", "mosaic-file"];

impl MosaicFlags {
    /// The domains.
    pub fn mosaicity(&self, inputs: &mut Vec<PathBuf>) -> Result<Mosaicity, CliError> {
        let model = self.model(inputs)?;
        let mosaicity = Mosaicity {
            model,
            domains: self.mosaic_domains.unwrap_or(1),
            seed: self.mosaic_seed.unwrap_or(DEFAULT_MOSAIC_SEED),
        };
        let spread = mosaicity.spread_rad() > 0.0;
        let domains = self.mosaic_domains.unwrap_or(if spread { 10 } else { 1 });
        Ok(Mosaicity {
            domains,
            ..mosaicity
        })
    }

    fn model(&self, inputs: &mut Vec<PathBuf>) -> Result<MosaicModel, CliError> {
        if let Some(path) = &self.mosaic_file {
            let others = [
                ("-mosaic", self.mosaic.is_some()),
                ("-mosaic_domains", self.mosaic_domains.is_some()),
                ("--mosaic-model", self.mosaic_model.is_some()),
                ("--mosaic-sigmas", self.mosaic_sigmas.is_some()),
            ];
            if let Some((flag, _)) = others.into_iter().find(|(_, given)| *given) {
                return Err(CliError::usage(format!(
                    "{flag} and --mosaic-file both say how the domains are turned; leave one out"
                )));
            }
            inputs.push(path.clone());
            let rotations = formats::rotations::read(path, crate::cli::limit::file_limit())?;
            return Ok(MosaicModel::Listed(rotations.into()));
        }
        let spread_rad = self.mosaic.unwrap_or(0.0).to_radians();
        let gaussian = |sigmas_rad| Ok(MosaicModel::Gaussian { sigmas_rad });
        match (self.mosaic_sigmas.as_deref(), self.mosaic_model) {
            (Some(_), Some(Model::Cap)) => Err(CliError::usage(
                "--mosaic-sigmas are those of --mosaic-model gaussian, not of cap; leave one out",
            )),
            (Some(_), _) if self.mosaic.is_some() => Err(CliError::usage(
                "-mosaic and --mosaic-sigmas both give the spread; leave one out",
            )),
            (Some(&[a, b, c]), _) => gaussian([a, b, c].map(f64::to_radians)),
            (_, Some(Model::Gaussian)) => gaussian([spread_rad; 3]),
            _ => Ok(MosaicModel::Cap { spread_rad }),
        }
    }
}
