//! Flags of the crystal: cell, orientation, size, shape, scan, structure factors.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{ArgAction, Args, ValueEnum};

use super::super::order::Order;
use super::super::{CliError, values};
use super::coordinates::Reach;
use super::detector::Adopted;
use super::factors::{FactorFlags, Factors};
use super::file_cells::FileCells;
use super::mosaic::MosaicFlags;
use crate::experiment::{Crystal, Frame, Scan, Shape, SpotMetric, StepRequest};
use crate::formats;
use crate::geometry::{UnitCell, angles_of, rotation_xyz};
use crate::random::{ParkMiller, random_rotation};

/// Spread of `-misset random`, in radians: the C program's 90, which it takes for degrees.
const RANDOM_MISSET_RAD: f64 = 90.0;

#[derive(Args)]
#[command(next_help_heading = "Crystal")]
pub struct CrystalFlags {
    #[command(flatten)]
    factors: FactorFlags,
    /// Cell and orientation as a MOSFLM A matrix
    #[arg(long, visible_alias = "matrix", value_name = "FILE")]
    mat: Option<PathBuf>,
    /// Unit cell, Å and degrees; b and c default to a, angles to 90
    #[arg(long, action = ArgAction::Set, num_args = 1..=6, value_names = ["a", "b", "c", "α", "β", "γ"],
          value_parser = values::number)]
    cell: Option<Vec<f64>>,
    /// Misorientation about x, y and z, degrees, or random [default: 0 0 0]
    #[arg(long, action = ArgAction::Set, num_args = 1..=3, value_name = "x y z|random")]
    misset: Option<Vec<String>>,
    /// Seed of -misset random [default: that of -seed]
    #[arg(long = "misset_seed", value_name = "INT", value_parser = values::seed)]
    misset_seed: Option<i64>,
    /// Cells along a, b and c [default: 1]
    #[arg(long = "N", value_name = "CELLS", value_parser = values::count)]
    n: Option<u32>,
    /// Cells along a
    #[arg(long = "Na", value_name = "CELLS", value_parser = values::count)]
    na: Option<u32>,
    /// Cells along b
    #[arg(long = "Nb", value_name = "CELLS", value_parser = values::count)]
    nb: Option<u32>,
    /// Cells along c
    #[arg(long = "Nc", value_name = "CELLS", value_parser = values::count)]
    nc: Option<u32>,
    /// Crystal size in all directions, mm
    #[arg(long, visible_aliases = ["xtal_size", "samplesize", "sample_size"], value_name = "MM",
          value_parser = values::positive)]
    xtalsize: Option<f64>,
    /// Crystal size along a, mm
    #[arg(long = "xtal_x", visible_aliases = ["xtal_thick", "sample_x", "sample_thick"],
          value_name = "MM", value_parser = values::positive)]
    xtal_x: Option<f64>,
    /// Crystal size along b, mm; at most the beam's
    #[arg(long = "xtal_y",
          visible_aliases = ["xtal_width", "sample_y", "sample_width", "width"],
          value_name = "MM", value_parser = values::positive)]
    xtal_y: Option<f64>,
    /// Crystal size along c, mm; at most the beam's
    #[arg(long = "xtal_z",
          visible_aliases = ["xtal_height", "sample_z", "sample_height", "height"],
          value_name = "MM", value_parser = values::positive)]
    xtal_z: Option<f64>,
    /// Spots of a parallelepiped [default]
    #[arg(long = "square_xtal")]
    square_xtal: bool,
    /// Spots of a sphere
    #[arg(long = "round_xtal")]
    round_xtal: bool,
    /// Gaussian spots
    #[arg(long = "gauss_xtal")]
    gauss_xtal: bool,
    /// Spots with a sharp edge
    #[arg(long = "tophat_spots", visible_alias = "binary_spots")]
    tophat_spots: bool,
    /// Factor on the size of round, Gaussian and top-hat spots [default: 1]
    #[arg(long, value_name = "FACTOR", value_parser = values::positive)]
    fudge: Option<f64>,
    /// What the width of Gaussian and top-hat spots is measured in: reciprocal space, as in the C
    /// program, or Miller indices times cells, as in simtbx [default: reciprocal]
    #[arg(long = "gauss-metric", value_name = "METRIC")]
    gauss_metric: Option<Metric>,
    /// Spindle angle at the start, degrees [default: 0]
    #[arg(long, value_name = "DEG", value_parser = values::number)]
    phi: Option<f64>,
    /// Spindle range, degrees [default: 0]
    #[arg(long, value_name = "DEG", value_parser = values::number)]
    osc: Option<f64>,
    /// Spindle step, degrees
    #[arg(long, value_name = "DEG", value_parser = values::number)]
    phistep: Option<f64>,
    /// Spindle steps
    #[arg(long, value_name = "COUNT", value_parser = values::count)]
    phisteps: Option<u32>,
    // Last: it has a heading of its own.
    #[command(flatten)]
    mosaic: MosaicFlags,
}

#[derive(Clone, Copy, ValueEnum)]
enum Metric {
    Reciprocal,
    Hkl,
}

impl From<Metric> for SpotMetric {
    fn from(metric: Metric) -> SpotMetric {
        match metric {
            Metric::Reciprocal => SpotMetric::Reciprocal,
            Metric::Hkl => SpotMetric::Index,
        }
    }
}

/// Names of the flags that are new in this program.
pub const DOUBLE_DASH_ONLY: [&str; 1] = ["gauss-metric"];

/// Misorientation of `-misset random` with this seed, about x, y and z, radians.
pub fn random_misset_rad(seed: i64) -> [f64; 3] {
    angles_of(&random_rotation(
        &mut ParkMiller::new(seed),
        RANDOM_MISSET_RAD,
    ))
}

impl CrystalFlags {
    /// F of every reflection, and what the files they come from say of the crystal.
    pub fn structure_factors(
        &self,
        order: Order,
        reach: &Reach,
        inputs: &mut Vec<PathBuf>,
        notices: &mut Vec<String>,
    ) -> Result<Factors, CliError> {
        self.factors.factors(order, reach, inputs, notices)
    }

    /// The crystal of `cell` before the misset; `noise_seed` stands in for `-misset_seed`.
    pub fn crystal(
        &self,
        order: Order,
        cell: &UnitCell,
        beam_size_m: f64,
        noise_seed: u64,
        inputs: &mut Vec<PathBuf>,
        notices: &mut Vec<String>,
    ) -> Result<Crystal, CliError> {
        let cell = cell.rotated(&rotation_xyz(self.misset_rad(noise_seed)?));
        let cells = self.cells(order, &cell, beam_size_m, notices)?;
        let shape = order.latest([
            ("square_xtal", self.square_xtal.then_some(Shape::Square)),
            ("round_xtal", self.round_xtal.then_some(Shape::Round)),
            ("gauss_xtal", self.gauss_xtal.then_some(Shape::Gauss)),
            ("tophat_spots", self.tophat_spots.then_some(Shape::TopHat)),
        ]);
        Ok(Crystal {
            cells,
            shape: shape.unwrap_or_default(),
            fudge: self.fudge.unwrap_or(1.0),
            metric: self
                .gauss_metric
                .map_or(SpotMetric::default(), SpotMetric::from),
            mosaicity: self.mosaic.mosaicity(inputs)?,
            ..Crystal::new(cell)
        })
    }

    /// Whether a flag gives the cell.
    pub fn names_cell(&self) -> bool {
        self.mat.is_some() || self.cell.is_some()
    }

    /// The cell before the misset: that of a flag or of the file of `--expt`, which structure
    /// factors must not contradict, or theirs.
    pub fn unit_cell(
        &self,
        order: Order,
        file_cells: &FileCells,
        wavelength_m: f64,
        adopted: &Adopted,
        inputs: &mut Vec<PathBuf>,
    ) -> Result<UnitCell, CliError> {
        let Some((flag, cell)) = self.given_cell(order, wavelength_m, adopted, inputs)? else {
            return file_cells.only();
        };
        file_cells.agree_with(&flag, &cell)?;
        Ok(cell)
    }

    /// The cell that a flag gives, and that flag.
    fn given_cell(
        &self,
        order: Order,
        wavelength_m: f64,
        adopted: &Adopted,
        inputs: &mut Vec<PathBuf>,
    ) -> Result<Option<(String, UnitCell)>, CliError> {
        enum Given<'a> {
            Matrix(&'a PathBuf),
            Cell(&'a [f64]),
        }
        let given = order.latest([
            ("mat", self.mat.as_ref().map(Given::Matrix)),
            ("cell", self.cell.as_deref().map(Given::Cell)),
        ]);
        match given {
            None => Ok(adopted.cell.map(|cell| ("--expt".into(), cell))),
            Some(Given::Matrix(path)) => {
                inputs.push(path.clone());
                // The file holds the matrix times the wavelength in Å, whatever its unit.
                let matrix = formats::matrix::read(path, crate::cli::limit::file_limit())?;
                let cell = UnitCell::from_reciprocal(matrix * wavelength_m.recip())
                    .with_context(|| path.display().to_string())?;
                check_edges(path, &cell)?;
                Ok(Some((format!("-mat {}", path.display()), cell)))
            }
            Some(Given::Cell(numbers)) => {
                let length = |axis: usize| numbers.get(axis).unwrap_or(&numbers[0]) * 1e-10;
                let angle = |axis: usize| numbers.get(axis).unwrap_or(&90.0).to_radians();
                let lengths = [length(0), length(1), length(2)];
                UnitCell::from_parameters(lengths, [angle(3), angle(4), angle(5)])
                    .map(|cell| Some(("-cell".into(), cell)))
                    .map_err(|error| CliError::usage(format!("-cell: {error}")))
            }
        }
    }

    /// Misorientation about x, y and z, radians.
    fn misset_rad(&self, noise_seed: u64) -> Result<[f64; 3], CliError> {
        let Some(words) = &self.misset else {
            return Ok([0.0; 3]);
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if words == ["random"] {
            return Ok(random_misset_rad(
                self.misset_seed.unwrap_or(noise_seed as i64),
            ));
        }
        let angles: Vec<f64> = words
            .iter()
            .filter_map(|word| values::number(word).ok())
            .collect();
        let angles: [f64; 3] = angles.try_into().map_err(|_| {
            let given = words.join(" ");
            CliError::usage(format!(
                "-misset {given}: expected three angles in degrees, or random"
            ))
        })?;
        Ok(angles.map(f64::to_radians))
    }

    /// Cells along each axis: the last flag that sets an axis wins.
    fn cells(
        &self,
        order: Order,
        cell: &UnitCell,
        beam_size_m: f64,
        notices: &mut Vec<String>,
    ) -> Result<[u32; 3], CliError> {
        enum Size {
            Cells(u32),
            Metres(&'static str, f64),
        }
        let count = |value: Option<u32>| value.map(Size::Cells);
        let size = |id, value: Option<f64>| (id, value.map(|mm| Size::Metres(id, mm * 1e-3)));
        let axes = [
            ("Na", "na", self.na, "xtal_x", self.xtal_x),
            ("Nb", "nb", self.nb, "xtal_y", self.xtal_y),
            ("Nc", "nc", self.nc, "xtal_z", self.xtal_z),
        ];
        let lengths = cell.lengths_m();
        let mut cells = [1; 3];
        for (axis, (flag, count_id, own_count, size_id, own_size)) in axes.into_iter().enumerate() {
            let given = order.latest([
                ("n", count(self.n)),
                (count_id, count(own_count)),
                size("xtalsize", self.xtalsize),
                size(size_id, own_size),
            ]);
            cells[axis] = match given {
                None => 1,
                Some(Size::Cells(cells)) => cells,
                Some(Size::Metres(size_id, mut metres)) => {
                    // The beam travels along x; what it does not bathe does not scatter.
                    if axis > 0 && metres > beam_size_m {
                        notices.push(format!(
                            "-{size_id}: the crystal's {} mm are cut to the beam's {} mm (-beamsize)",
                            metres * 1e3,
                            beam_size_m * 1e3
                        ));
                        metres = beam_size_m;
                    }
                    let needed = (metres / lengths[axis]).ceil().max(1.0);
                    if needed > f64::from(u32::MAX) {
                        let what =
                            format!("-{size_id}: {needed:.3e} cells; give -{flag}, below 2^32");
                        return Err(CliError::Usage(what));
                    }
                    needed as u32
                }
            };
        }
        Ok(cells)
    }

    /// The scan about the spindle.
    pub fn scan(&self, frame: &Frame, adopted: &Adopted) -> Result<Scan, CliError> {
        let phi = self.phi.or(adopted.phi_deg).unwrap_or(0.0);
        let request = StepRequest {
            range: self.osc.or(adopted.osc_deg).map(f64::to_radians),
            step: self.phistep.map(f64::to_radians),
            count: self.phisteps,
        };
        if let (Some(range), Some(step)) = (request.range, request.step)
            && (range * step < 0.0 || step == 0.0)
        {
            return Err(CliError::usage(format!(
                "-osc {} -phistep {}: the step must lead through the range, not away from it",
                range.to_degrees(),
                step.to_degrees()
            )));
        }
        let (range_rad, step_rad, steps) = request
            .scan("the phi scan", 1f64.to_radians())
            .map_err(|error| CliError::usage(format!("-osc, -phistep: {error}")))?;
        Ok(Scan {
            spindle: frame.spindle,
            start_rad: phi.to_radians(),
            step_rad,
            steps,
            range_rad,
        })
    }
}

/// Refuses a matrix whose cell is smaller than an atom: the file holds something else.
fn check_edges(path: &Path, cell: &UnitCell) -> Result<(), CliError> {
    /// Shortest edge, m; no crystal's is below 2 Å.
    const SHORTEST_M: f64 = 1e-10;
    let lengths = cell.lengths_m();
    if lengths.iter().all(|&length| length >= SHORTEST_M) {
        return Ok(());
    }
    let [a, b, c] = lengths.map(|length| length * 1e10);
    Err(anyhow::anyhow!(
        "{}: the matrix makes a cell of {a:.3} x {b:.3} x {c:.3} Å; expected a MOSFLM A matrix, \
         the reciprocal cell in 1/Å times the wavelength in Å",
        path.display()
    )
    .into())
}
