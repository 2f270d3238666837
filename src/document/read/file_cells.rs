//! The unit cells that files of structure factors bring along, and whether keys contradict them.

use std::path::{Path, PathBuf};

use crate::document::keys::key;
use crate::document::{DocumentError, Message};
use crate::geometry::{SpaceGroup, UnitCell};

/// How far edges may differ, as a part of their length: a cell refined at another temperature or
/// wavelength is the same crystal's.
const EDGE_TOLERANCE: f64 = 5e-3;

/// How far angles may differ, degrees.
const ANGLE_TOLERANCE_DEG: f64 = 0.5;

/// The cells of the files that have one.
#[derive(Debug, Default)]
pub struct FileCells {
    cells: Vec<(PathBuf, UnitCell)>,
    /// The symmetry of files that have one and no cell.
    groups: Vec<(PathBuf, SpaceGroup)>,
    /// Files that might have one and have none.
    without: Vec<Message>,
}

impl FileCells {
    /// Takes note of what a file says: its cell, and its symmetry, which fits that.
    pub fn note(&mut self, path: &Path, cell: Option<UnitCell>, group: Option<&SpaceGroup>) {
        let Some(cell) = cell else {
            let group = group.map(|group| (path.to_path_buf(), group.clone()));
            self.groups.extend(group);
            return self.without.push(Message::from(path.display().to_string()));
        };
        self.cells.push((path.to_path_buf(), cell));
    }

    /// Takes note of another file, that has no cell.
    pub fn note_without(&mut self, file: Message) {
        self.without.push(file);
    }

    /// The cell of the files, where no key gives one.
    pub fn only(&self) -> Result<UnitCell, DocumentError> {
        let Some((path, cell)) = self.cells.first() else {
            let mut what = Message::default();
            for (place, file) in self.without.iter().enumerate() {
                let comma = if place > 0 { ", " } else { "" };
                what = what.and(comma);
                what.0.extend(file.0.iter().cloned());
            }
            let no_crystal = match self.without.is_empty() {
                true => "no crystal",
                false => ": it holds no crystal",
            };
            return Err(DocumentError::Contradiction(
                what.and(no_crystal)
                    .and("; give its cell with ")
                    .and(&key::crystal::cell)
                    .and(", or ")
                    .and(&key::crystal::matrix)
                    .and(" FILE"),
            ));
        };
        self.agree_with(&Message::from(path.display().to_string()), cell)?;
        Ok(*cell)
    }

    /// Checks that the cell from `source`, a key or a file, is that of every file, and has the
    /// symmetry of those without one.
    pub fn agree_with(&self, source: &Message, cell: &UnitCell) -> Result<(), DocumentError> {
        for (path, group) in &self.groups {
            group
                .check_cell(cell)
                .map_err(|error| DocumentError::of_file(path.display(), error))?;
        }
        let Some((path, own)) = self
            .cells
            .iter()
            .find(|(_, own)| !are_alike(own, cell, EDGE_TOLERANCE, ANGLE_TOLERANCE_DEG))
        else {
            return Ok(());
        };
        let mut message = Message::from(format!(
            "{}: the cell {} contradicts ",
            path.display(),
            shown(own)
        ));
        message.0.extend(source.0.iter().cloned());
        Err(DocumentError::Contradiction(
            message
                .and(format!(
                    ", {}: edges may differ by {} %, angles by {ANGLE_TOLERANCE_DEG}°; correct one of \
                     them (without ",
                    shown(cell),
                    EDGE_TOLERANCE * 100.0
                ))
                .and(&key::crystal::cell)
                .and(", ")
                .and(&key::crystal::matrix)
                .and(" and ")
                .and(&key::detector::dials_experiment)
                .and(" the cell is the file's)"),
        ))
    }
}

/// Whether edges differ by at most `edge`, a part of their length, and angles by `angle_deg`.
pub fn are_alike(one: &UnitCell, other: &UnitCell, edge: f64, angle_deg: f64) -> bool {
    let edges = one.lengths_m().into_iter().zip(other.lengths_m());
    let angles = one.angles_rad().into_iter().zip(other.angles_rad());
    edges
        .into_iter()
        .all(|(own, given)| (own / given - 1.0).abs() <= edge)
        && angles
            .into_iter()
            .all(|(own, given)| (own - given).to_degrees().abs() <= angle_deg)
}

/// Edges in Å and angles in degrees.
pub fn shown(cell: &UnitCell) -> String {
    let [a, b, c] = cell.lengths_m().map(|metres| metres * 1e10);
    let [alpha, beta, gamma] = cell.angles_rad().map(f64::to_degrees);
    format!("{a:.3} {b:.3} {c:.3} Å, {alpha:.2} {beta:.2} {gamma:.2}°")
}
