//! Lists of rotations: a line of nine numbers is a matrix, row by row; one of three is a rotation
//! vector, the axis times the angle in degrees. Blank lines and what follows a `#` are skipped.

use std::path::Path;

use glam::{DMat3, DVec3};

use super::error::read_with;
use super::text::{lines, number};
use super::{FormatError, Problem};
use crate::geometry::{is_rotation, rotation_about, unit};
use crate::memory::Bytes;

/// Reads the rotations of the file at `path`.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(path: &Path, most: Bytes) -> Result<Vec<DMat3>, FormatError> {
    read_with(path, most, parse)
}

/// The rotations listed in `bytes`, in their order.
///
/// # Errors
/// A [`Problem`] when a line holds something else than nine or three numbers, nine that make no
/// rotation, or when there is none.
pub fn parse(bytes: &[u8]) -> Result<Vec<DMat3>, Problem> {
    let rotations = lines(bytes)?
        .map(|(line, content)| parse_line(line, content))
        .collect::<Result<Vec<_>, Problem>>()?;
    if rotations.is_empty() {
        return Err(Problem::with_file(
            "no rotations; expected lines of nine numbers, or of three",
        ));
    }
    Ok(rotations)
}

/// The largest component of a rotation vector, degrees.
const MOST_DEG: f64 = 1e6;

fn parse_line(line: usize, content: &str) -> Result<DMat3, Problem> {
    let numbers = content
        .split_ascii_whitespace()
        .map(|word| number(line, word))
        .collect::<Result<Vec<f64>, Problem>>()?;
    match numbers[..] {
        [x, y, z] => {
            let turn = DVec3::new(x, y, z);
            // A larger one is a mistake, and its angle would have no digits.
            if turn.abs().max_element() > MOST_DEG {
                let what = format!("{x} {y} {z} degrees; expected at most {MOST_DEG}");
                return Err(Problem::on_line(line, what));
            }
            Ok(unit(turn).map_or(DMat3::IDENTITY, |axis| {
                rotation_about(axis, turn.length().to_radians())
            }))
        }
        [xx, xy, xz, yx, yy, yz, zx, zy, zz] => {
            let columns = [[xx, yx, zx], [xy, yy, zy], [xz, yz, zz]];
            let matrix = DMat3::from_cols_array_2d(&columns);
            if is_rotation(&matrix) {
                return Ok(matrix);
            }
            Err(Problem::on_line(
                line,
                "no rotation; its rows must be of length 1, at right angles and right-handed, \
                 to 1e-5",
            ))
        }
        _ => Err(Problem::on_line(
            line,
            format!(
                "{} numbers; expected nine, a matrix row by row, or three, a rotation vector in \
                 degrees",
                numbers.len()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_and_vectors_make_the_same_rotation() {
        let text = b"0 -1 0  1 0 0  0 0 1 # a quarter about z\n0 0 90\n0 0 0\n";
        let found = parse(text).unwrap();
        assert!(found[0].abs_diff_eq(found[1], 1e-15));
        assert!((found[0] * DVec3::X).abs_diff_eq(DVec3::Y, 1e-15));
        assert_eq!(found[2], DMat3::IDENTITY);
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        let said = |text: &[u8]| parse(text).unwrap_err().to_string();
        assert!(said(b"0 0 1\n1 2").starts_with(", line 2: 2 numbers; expected nine"));
        assert!(said(b"2 0 0 0 1 0 0 0 1").starts_with(", line 1: no rotation"));
        assert!(said(b"-1 0 0 0 1 0 0 0 1").starts_with(", line 1: no rotation"));
        assert!(said(b"0 0 1e200").starts_with(", line 1: 0 0 1"));
        assert!(said(b"1 x 3").starts_with(", line 1: 'x' is not a number"));
        assert!(said(b"# none").starts_with(": no rotations"));
    }
}
