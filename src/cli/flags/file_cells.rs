//! The unit cells that files of structure factors bring along, and whether flags contradict them.

use std::path::{Path, PathBuf};

use super::super::CliError;
use crate::geometry::UnitCell;

/// How far edges may differ, as a part of their length: a cell refined at another temperature or
/// wavelength is the same crystal's.
const EDGE_TOLERANCE: f64 = 5e-3;

/// How far angles may differ, degrees.
const ANGLE_TOLERANCE_DEG: f64 = 0.5;

/// The cells of the files that have one.
#[derive(Debug, Default)]
pub struct FileCells {
    read: bool,
    cells: Vec<(PathBuf, UnitCell)>,
}

impl FileCells {
    /// Takes note of what a file says.
    pub fn note(&mut self, path: &Path, cell: Option<UnitCell>) {
        self.read = true;
        self.cells
            .extend(cell.map(|cell| (path.to_path_buf(), cell)));
    }

    /// The cell of the files, where no flag gives one.
    pub fn only(&self) -> Result<UnitCell, CliError> {
        let Some((path, cell)) = self.cells.first() else {
            let source = match self.read {
                true => "; the file of structure factors does not have it",
                false => "",
            };
            return Err(CliError::usage(format!(
                "no crystal: give its cell with -cell, or -mat FILE{source}"
            )));
        };
        self.agree_with(&path.display().to_string(), cell)?;
        Ok(*cell)
    }

    /// Checks that the cell from `source`, a flag or file, is that of every file.
    pub fn agree_with(&self, source: &str, cell: &UnitCell) -> Result<(), CliError> {
        for (path, own) in &self.cells {
            if !are_alike(own, cell) {
                return Err(CliError::usage(format!(
                    "{}: the cell {} contradicts {source}, {}: edges may differ by {} %, angles by \
                     {ANGLE_TOLERANCE_DEG}°; correct one of them (without -cell, -mat and --expt the \
                     cell is the file's)",
                    path.display(),
                    shown(own),
                    shown(cell),
                    EDGE_TOLERANCE * 100.0
                )));
            }
        }
        Ok(())
    }
}

fn are_alike(one: &UnitCell, other: &UnitCell) -> bool {
    let edges = one.lengths_m().into_iter().zip(other.lengths_m());
    let angles = one.angles_rad().into_iter().zip(other.angles_rad());
    edges
        .into_iter()
        .all(|(own, given)| (own / given - 1.0).abs() <= EDGE_TOLERANCE)
        && angles
            .into_iter()
            .all(|(own, given)| (own - given).to_degrees().abs() <= ANGLE_TOLERANCE_DEG)
}

/// Edges in Å and angles in degrees.
fn shown(cell: &UnitCell) -> String {
    let [a, b, c] = cell.lengths_m().map(|metres| metres * 1e10);
    let [alpha, beta, gamma] = cell.angles_rad().map(f64::to_degrees);
    format!("{a:.3} {b:.3} {c:.3} Å, {alpha:.2} {beta:.2} {gamma:.2}°")
}
