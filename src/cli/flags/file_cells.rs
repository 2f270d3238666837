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
    cells: Vec<(PathBuf, UnitCell)>,
    /// Files that might have one and have none.
    without: Vec<String>,
}

impl FileCells {
    /// Takes note of what a file says.
    pub fn note(&mut self, path: &Path, cell: Option<UnitCell>) {
        match cell {
            Some(cell) => self.cells.push((path.to_path_buf(), cell)),
            None => self.without.push(path.display().to_string()),
        }
    }

    /// Takes note of another file, that has no cell.
    pub fn note_without(&mut self, file: String) {
        self.without.push(file);
    }

    /// The cell of the files, where no flag gives one.
    pub fn only(&self) -> Result<UnitCell, CliError> {
        let Some((path, cell)) = self.cells.first() else {
            let what = match self.without[..] {
                [] => "no crystal".to_string(),
                ref files => format!("{}: it holds no crystal", files.join(", ")),
            };
            return Err(CliError::usage(format!(
                "{what}; give its cell with -cell, or -mat FILE"
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
