//! MOSFLM orientation matrices: nine numbers, the rows x, y, z of the columns a*, b*, c*, times
//! the wavelength. What follows the nine numbers in MOSFLM's own files is ignored.

use std::path::Path;

use glam::{DMat3, DVec3};

use super::error::read_with;
use super::text::{lines, number};
use super::{FormatError, Problem};
use crate::memory::Bytes;

/// Reads the A matrix of the file at `path`: columns a*, b*, c* times λ/Å.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(path: &Path, most: Bytes) -> Result<DMat3, FormatError> {
    read_with(path, most, parse)
}

/// The A matrix that `bytes` spell.
///
/// # Errors
/// A [`Problem`] when there are fewer than nine numbers, or one of the first nine is none.
pub fn parse(bytes: &[u8]) -> Result<DMat3, Problem> {
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
    Ok(DMat3::from_cols(row(0), row(1), row(2)).transpose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_file_are_x_y_and_z() {
        let matrix = parse(b"1 2 3\n4 5 6\n7 8 9\n 0.0 0.0 0.0\n").unwrap();
        assert_eq!(
            matrix.x_axis,
            DVec3::new(1.0, 4.0, 7.0),
            "a* is the first column"
        );
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
