//! A symmetry operator: read from a text, multiplied, applied to Miller indices.

use std::fmt;

use glam::DVec3;

use super::{SymmetryError, UnitCell};

/// Translations are counted in this part of an edge: no group has finer ones.
const PARTS: i8 = 24;

/// A symmetry operator, x → R x + t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operator {
    /// R, row by row; every entry is −1, 0 or 1.
    pub(super) rotation: [[i8; 3]; 3],
    /// t in parts of an edge, from 0 to `PARTS` − 1.
    translation: [i8; 3],
}

impl Operator {
    /// x → x.
    pub const IDENTITY: Operator = Operator {
        rotation: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        translation: [0; 3],
    };

    /// The operator that `text` spells: `-X+1/2,Y,-Z+1/4`, `1/2-x, y, 0.25-z`, `y,x-y,z`.
    ///
    /// # Errors
    /// [`SymmetryError::Operator`] when it spells none.
    pub fn parse(text: &str) -> Result<Operator, SymmetryError> {
        let parsed = || {
            let mut operator = Operator {
                rotation: [[0; 3]; 3],
                translation: [0; 3],
            };
            let mut parts = text.split(',');
            for axis in 0..3 {
                (operator.rotation[axis], operator.translation[axis]) = part(parts.next()?)?;
            }
            (parts.next().is_none() && operator.determinant().abs() == 1).then_some(operator)
        };
        parsed().ok_or_else(|| SymmetryError::Operator(text.chars().take(80).collect()))
    }

    /// This operator after `first`.
    pub fn after(&self, first: &Operator) -> Operator {
        let mut product = Operator {
            rotation: [[0; 3]; 3],
            translation: self.translation,
        };
        for row in 0..3 {
            for inner in 0..3 {
                let entry = self.rotation[row][inner];
                for column in 0..3 {
                    product.rotation[row][column] += entry * first.rotation[inner][column];
                }
                product.translation[row] += entry * first.translation[inner];
            }
            product.translation[row] = product.translation[row].rem_euclid(PARTS);
        }
        product
    }

    /// The index h R that has the |F| of the index h.
    #[inline]
    pub fn on_index(&self, index: [i32; 3]) -> [i32; 3] {
        // Wrapping, as an index beyond any crystal's is no reason to panic.
        let times =
            |row: usize, axis: usize| index[row].wrapping_mul(self.rotation[row][axis].into());
        std::array::from_fn(|axis| {
            times(0, axis)
                .wrapping_add(times(1, axis))
                .wrapping_add(times(2, axis))
        })
    }

    /// Where the operator takes a point, in fractions of the edges; not moved back into the cell.
    pub fn on_position(&self, point: DVec3) -> DVec3 {
        let row = |axis: usize| DVec3::from_array(self.rotation[axis].map(f64::from)).dot(point);
        let translation = self
            .translation
            .map(|parts| f64::from(parts) / f64::from(PARTS));
        DVec3::new(row(0), row(1), row(2)) + DVec3::from_array(translation)
    }

    /// h·t of this index, without its whole part: from 0 to below 1.
    #[inline]
    pub fn phase(&self, index: [i32; 3]) -> f64 {
        f64::from(self.phase_parts(index)) / f64::from(PARTS)
    }

    /// Whether h·t is a whole number for this index.
    #[inline]
    pub(super) fn in_phase(&self, index: [i32; 3]) -> bool {
        self.phase_parts(index) == 0
    }

    /// h·t in parts of one, without its whole part.
    #[inline]
    fn phase_parts(&self, index: [i32; 3]) -> i32 {
        let parts = i32::from(PARTS);
        let [h, k, l] = index.map(|component| component.rem_euclid(parts));
        let [x, y, z] = self.translation.map(i32::from);
        (h * x + k * y + l * z) % parts
    }

    /// R or −R, whichever is a rotation, without a translation.
    pub(super) fn proper(&self) -> Operator {
        let sign = self.determinant() as i8;
        Operator {
            rotation: self.rotation.map(|row| row.map(|entry| sign * entry)),
            translation: [0; 3],
        }
    }

    /// The trace of R.
    pub(super) fn trace(&self) -> i32 {
        (0..3)
            .map(|axis| i32::from(self.rotation[axis][axis]))
            .sum()
    }

    /// The largest part by which the operator changes the square of a length in `cell`.
    pub(super) fn strain(&self, cell: &UnitCell) -> f64 {
        /// The lengths of these scattering vectors tell those of all.
        const INDICES: [[i32; 3]; 6] = [
            [1, 0, 0],
            [0, 1, 0],
            [0, 0, 1],
            [1, 1, 0],
            [1, 0, 1],
            [0, 1, 1],
        ];
        let change = |index: [i32; 3]| {
            let [own, turned] = [index, self.on_index(index)]
                .map(|index| cell.scattering_vector(index).length_squared());
            (turned - own).abs() / own
        };
        INDICES.map(change).into_iter().fold(0.0, f64::max)
    }

    /// Checks that `operators` leave the edges and angles of `cell` alone.
    ///
    /// # Errors
    /// [`SymmetryError::Cell`] with one that does not.
    pub(super) fn check_cell(operators: &[Operator], cell: &UnitCell) -> Result<(), SymmetryError> {
        /// Part of a length squared by which cells that were measured may be off.
        const TOLERANCE: f64 = 0.02;
        let mut operators = operators.iter();
        let broken = operators.find(|operator| operator.strain(cell) > TOLERANCE);
        broken.map_or(Ok(()), |operator| Err(SymmetryError::Cell(*operator)))
    }

    fn determinant(&self) -> i32 {
        let [a, b, c] = self.rotation.map(|row| row.map(i32::from));
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0])
            + a[2] * (b[0] * c[1] - b[1] * c[0])
    }
}

/// A row of R and its translation, of a text like `x-y+1/3`.
fn part(text: &str) -> Option<([i8; 3], i8)> {
    let mut row = [0; 3];
    let mut translation = 0;
    let mut rest: &[u8] = &text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect::<Vec<_>>();
    if rest.is_empty() {
        return None;
    }
    let mut first = true;
    while let Some(&byte) = rest.first() {
        let sign = match byte {
            b'+' => 1,
            b'-' => -1,
            _ if first => 1,
            _ => return None,
        };
        if matches!(byte, b'+' | b'-') {
            rest = &rest[1..];
        }
        first = false;
        let axis = match rest.first()?.to_ascii_lowercase() {
            letter @ b'x'..=b'z' => Some(usize::from(letter - b'x')),
            _ => None,
        };
        if let Some(axis) = axis {
            row[axis] += sign;
            rest = &rest[1..];
        } else {
            let end = rest.iter().position(|byte| matches!(byte, b'+' | b'-'));
            let (number, after) = rest.split_at(end.unwrap_or(rest.len()));
            translation += sign * parts_of_an_edge(std::str::from_utf8(number).ok()?)?;
            rest = after;
        }
        if row.iter().any(|entry| entry.abs() > 1) {
            return None;
        }
        translation = translation.rem_euclid(PARTS);
    }
    Some((row, translation))
}

/// `1/4`, `2/3`, `0.25` or `1` in parts of an edge.
fn parts_of_an_edge(number: &str) -> Option<i8> {
    /// How far a decimal may be off, in parts: 0.33 and 0.667 are thirds.
    const ROUNDING: f64 = 0.1;
    let (numerator, denominator) = number.split_once('/').unwrap_or((number, "1"));
    let decimal = |word: &str| {
        let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
        let is_plain = word.bytes().all(plain);
        is_plain.then(|| word.parse::<f64>().ok()).flatten()
    };
    let parts = decimal(numerator)? / decimal(denominator)? * f64::from(PARTS);
    let whole = parts.round();
    let accepted = (parts - whole).abs() <= ROUNDING && whole <= 1e6;
    accepted.then_some((whole as i32).rem_euclid(PARTS.into()) as i8)
}

/// As International Tables print it: `-x+1/2,y,-z+1/4`.
impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for axis in 0..3 {
            let mut first = true;
            if axis > 0 {
                f.write_str(",")?;
            }
            for (entry, name) in self.rotation[axis].into_iter().zip(["x", "y", "z"]) {
                match entry {
                    0 => continue,
                    ..0 => f.write_str("-")?,
                    _ if first => {}
                    _ => f.write_str("+")?,
                }
                f.write_str(name)?;
                first = false;
            }
            let parts = self.translation[axis];
            if parts != 0 {
                let common = (1..=PARTS)
                    .rev()
                    .find(|divisor| parts % divisor == 0 && PARTS % divisor == 0)
                    .unwrap_or(1);
                write!(f, "+{}/{}", parts / common, PARTS / common)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(text: &str) -> Operator {
        Operator::parse(text).unwrap()
    }

    #[test]
    fn operators_are_read_however_they_are_written() {
        let screw = operator("-x+1/2,y,-z+1/4");
        for text in [
            "1/2-X, +Y, 1/4-Z",
            "-x+0.5,y,.25-z",
            " -X + 3/6 , Y , -Z - 3/4 ",
            "-x+3/2,y+1,-z+0.25",
        ] {
            assert_eq!(operator(text), screw, "{text}");
        }
        assert_eq!(screw.to_string(), "-x+1/2,y,-z+1/4");
        assert_eq!(operator("-y,x-y,z+.3333"), operator("-y,x-y,z+1/3"));
        assert_eq!(operator("x-y,X,z+5/6").to_string(), "x-y,x,z+5/6");
    }

    #[test]
    fn what_is_no_operator_is_refused() {
        for text in [
            "",
            "x,y",
            "x,y,z,x",
            "x,y,y",
            "x,y,2z",
            "x,y,z+1/0",
            "x,y,z+1/7",
            "x,y,z++1/2",
            "x,y,z+",
            "x,y,zz",
            "x,y,z+1e0",
            "x,y,é",
            "x+x,y,z",
            "x,y,z+99999999999",
            "x,y,",
        ] {
            assert!(Operator::parse(text).is_err(), "{text}");
        }
    }
}
