//! MOSFLM orientation matrices: nine numbers, the rows x, y, z of the columns a*, b*, c*, times
//! the wavelength. Of what follows them in MOSFLM's own files the line of the cell is read.

use std::path::Path;

use glam::{DMat3, DVec3};

use super::error::read_with;
use super::merged_list::cell_of;
use super::text::{lines, number};
use super::{FormatError, Problem};
use crate::geometry::UnitCell;
use crate::memory::Bytes;

/// What the file of a matrix holds.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixFile {
    /// Columns a*, b*, c* times λ/Å.
    pub matrix: DMat3,
    /// The cell that the file says beside, oriented as by [`UnitCell::from_parameters`].
    pub cell: Option<UnitCell>,
}

/// Reads the A matrix of the file at `path`.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(path: &Path, most: Bytes) -> Result<MatrixFile, FormatError> {
    read_with(path, most, parse)
}

/// The A matrix that `bytes` spell.
///
/// # Errors
/// A [`Problem`] when there are fewer than nine numbers, or one of the first nine is none.
pub fn parse(bytes: &[u8]) -> Result<MatrixFile, Problem> {
    let words = lines(bytes)?
        .flat_map(|(line, text)| text.split_ascii_whitespace().map(move |word| (line, word)));
    let numbers = words
        .take(9)
        .map(|(line, word)| number(line, word))
        .collect::<Result<Vec<f64>, _>>()?;
    let rows: [f64; 9] = numbers.try_into().map_err(|short: Vec<f64>| {
        Problem::with_file(format!(
            "{} numbers; expected a 3 x 3 matrix, nine numbers",
            short.len()
        ))
    })?;
    let row = |index: usize| DVec3::from_slice(&rows[3 * index..]);
    Ok(MatrixFile {
        matrix: DMat3::from_cols(row(0), row(1), row(2)).transpose(),
        cell: lines(bytes)?.find_map(|(_, line)| cell(line)),
    })
}

/// The cell of a line that has six numbers which are one.
fn cell(line: &str) -> Option<UnitCell> {
    let numbers: Result<Vec<f64>, _> = line.split_ascii_whitespace().map(str::parse).collect();
    cell_of(numbers.ok()?.try_into().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_file_are_x_y_and_z() {
        let MatrixFile { matrix, cell } = parse(b"1 2 3\n4 5 6\n7 8 9\n 0.0 0.0 0.0\n").unwrap();
        assert_eq!(
            matrix.x_axis,
            DVec3::new(1.0, 4.0, 7.0),
            "a* is the first column"
        );
        assert_eq!(cell, None);
        let with = parse(b"1 2 3\n4 5 6\n7 8 9\n0 0 0\n 50.0 60 70 90 90 120 \n0 0 0\n").unwrap();
        let edges = with
            .cell
            .unwrap()
            .lengths_m()
            .map(|edge| (edge * 1e10).round());
        assert_eq!(edges, [50.0, 60.0, 70.0]);
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        let said = |text: &[u8]| parse(text).unwrap_err().to_string();
        assert_eq!(said(b"1 2 3\n4 x 6"), ", line 2: 'x' is not a number");
        assert_eq!(
            said(b"1 2 3"),
            ": 3 numbers; expected a 3 x 3 matrix, nine numbers"
        );
    }
}
