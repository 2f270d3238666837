//! Flags of structure factors: the files, the column, F beside the list, interpolation.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use tracing::info_span;

use super::super::order::Order;
use super::super::{CliError, values};
use super::coordinates::{Calculated, CoordinateFlags, Reach};
use super::file_cells::FileCells;
use crate::experiment::{Experiment, Interpolation, Source, StructureFactors};
use crate::formats::channel_list;
use crate::formats::reflection_file::{self, ReflectionFile};
use crate::memory::Bytes;
use crate::profile::INPUT;
use crate::report::FactorOrigin;

#[derive(Args)]
#[command(next_help_heading = "Crystal")]
pub struct FactorFlags {
    /// Structure factors: text lines of h k l F, MTZ or mmCIF, packed by gzip or not
    #[arg(long = "hkl", value_name = "FILE")]
    hkl: Option<PathBuf>,
    /// Structure factors by photon energy: text lines of wavelength(Å) FILE; each source takes those
    /// of the nearest wavelength
    #[arg(long = "hkl-channels", value_name = "FILE")]
    hkl_channels: Option<PathBuf>,
    #[command(flatten)]
    coordinates: CoordinateFlags,
    /// Column of F in MTZ and mmCIF files; of intensities the root is taken [default: the only
    /// column of F, or the usual one]
    #[arg(long = "f-column", value_name = "LABEL")]
    f_column: Option<String>,
    /// F of every index not listed [default: 0]
    #[arg(long = "default_F", value_name = "F", value_parser = values::number)]
    default_f: Option<f64>,
    /// Interpolate F between reflections [default: if any N is 2 or less]
    #[arg(long)]
    interpolate: bool,
    /// Take F of the nearest reflection
    #[arg(long)]
    nointerpolate: bool,
}

/// Names of the flags that are new in this program.
pub const DOUBLE_DASH_ONLY: [&str; 2] = ["hkl-channels", "f-column"];

/// Structure factors, and what the files that they come from say beside.
pub struct Factors {
    /// F of every reflection.
    pub structure_factors: StructureFactors,
    /// The cells of the files.
    pub cells: FileCells,
    /// Where the reflections come from, if they come from one file.
    pub origin: Option<FactorOrigin>,
}

impl FactorFlags {
    /// F of every reflection; that of atoms as far as `reach` needs it.
    pub fn factors(
        &self,
        order: Order,
        reach: &Reach,
        inputs: &mut Vec<PathBuf>,
        notices: &mut Vec<String>,
    ) -> Result<Factors, CliError> {
        let sources = [
            ("-hkl", self.hkl.is_some()),
            ("--hkl-channels", self.hkl_channels.is_some()),
            ("--pdb", self.coordinates.are_given()),
        ];
        let given: Vec<&str> = sources
            .into_iter()
            .filter_map(|(flag, given)| given.then_some(flag))
            .collect();
        if given.len() > 1 {
            return Err(CliError::usage(format!(
                "{} do not go together; leave {} of them out",
                given.join(" and "),
                if given.len() == 2 { "one" } else { "two" }
            )));
        }
        let default_f = self.default_f.unwrap_or(0.0);
        let f_column = self.f_column.as_deref();
        let _span = info_span!(target: INPUT, "structure factors").entered();
        let mut cells = FileCells::default();
        let mut origin = None;
        let calculated = self.coordinates.calculated(reach)?;
        let mut structure_factors = match (&self.hkl, &self.hkl_channels, calculated) {
            (_, _, Some(calculated)) => {
                let Calculated {
                    path,
                    reflections,
                    cell,
                    origin: atoms,
                    notices: own,
                } = calculated;
                cells.note(&path, Some(cell));
                notices.extend(own.iter().map(|n| format!("{}: {n}", path.display())));
                if f_column.is_some() {
                    notices.push("--f-column has no effect on F from atoms (--pdb)".into());
                }
                origin = Some(FactorOrigin::Calculated(atoms));
                let factors =
                    StructureFactors::from_symmetric(&reflections, default_f, Bytes::available())
                        .with_context(|| path.display().to_string())?;
                inputs.push(path);
                factors
            }
            (Some(path), _, None) => {
                inputs.push(path.clone());
                let file = reflection_file::read(path, f_column, crate::cli::limit::file_limit())?;
                cells.note(path, file.cell);
                notices.extend(told(path, &file));
                origin = Some(FactorOrigin::Listed(file.origin));
                StructureFactors::from_symmetric(&file.reflections, default_f, Bytes::available())
                    .with_context(|| path.display().to_string())?
            }
            (None, Some(path), None) => {
                let listed = channel_list::read(path, crate::cli::limit::file_limit())?;
                inputs.push(path.clone());
                for (_, path) in &listed {
                    inputs.push(path.clone());
                    // Grids of all energies need not fit in memory: a file is read here for what
                    // it says of the crystal, and again when its turn comes.
                    if reflection_file::names_crystal(path)? {
                        let file =
                            reflection_file::read(path, f_column, crate::cli::limit::file_limit())?;
                        cells.note(path, file.cell);
                        notices.extend(told(path, &file));
                    }
                }
                let channels =
                    channel_list::channels(&listed, f_column, crate::cli::limit::file_limit());
                StructureFactors::from_channels(channels, default_f, Bytes::available())
                    .with_context(|| path.display().to_string())?
            }
            (None, None, None) => StructureFactors::constant(default_f),
        };
        let interpolation = order.latest([
            (
                "interpolate",
                self.interpolate.then_some(Interpolation::Tricubic),
            ),
            (
                "nointerpolate",
                self.nointerpolate.then_some(Interpolation::Nearest),
            ),
        ]);
        structure_factors.interpolation = interpolation.unwrap_or_default();
        Ok(Factors {
            structure_factors,
            cells,
            origin,
        })
    }
}

/// The notices of a file, with its name.
fn told(path: &std::path::Path, file: &ReflectionFile) -> impl Iterator<Item = String> {
    let notices = file.notices.iter();
    notices.map(move |notice| format!("{}: {notice}", path.display()))
}

/// A line where a source's energy is far from that of the channel it takes its F from.
pub fn channel_notice(experiment: &Experiment) -> Option<String> {
    /// Part of the wavelength that nobody minds.
    const NEAR: f64 = 0.01;
    let factors = experiment.structure_factors();
    let channels = factors.channels();
    // More than fit in memory are refused later.
    let count = experiment.beam().source_count_bound();
    if channels.is_empty() || Bytes::of::<Source>(count).check().is_err() {
        return None;
    }
    let sources = experiment.beam().sources().into_iter();
    let pairs = sources.filter_map(|source| {
        let own = source.wavelength_m;
        let channel = channels.get(factors.channel_at(own))?.wavelength_m;
        Some((own, channel, (own / channel - 1.0).abs()))
    });
    let (own, channel, _) = pairs
        .filter(|(_, _, off)| *off > NEAR)
        .max_by(|one, other| one.2.total_cmp(&other.2))?;
    Some(format!(
        "--hkl-channels: X-rays of {:.4} Å take the structure factors of {:.4} Å, the nearest listed",
        own * 1e10,
        channel * 1e10
    ))
}
