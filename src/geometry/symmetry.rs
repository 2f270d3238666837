//! The symmetry of a crystal: operators, the space groups they make, and what a group does to
//! Miller indices.
//!
//! An operator takes a point x to R x + t, in fractions of the cell's edges. A crystal whose
//! density it leaves alone has F(hR) = F(h) exp(−2πi h·t), h a row of indices: |F| is the same at h
//! and hR, and where hR = h while h·t is no whole number, F is zero, a systematic absence.
//!
//! Source: International Tables for Crystallography, vol. A, and vol. B §1.4.

use std::fmt;

/// Translations are counted in this part of an edge: no group has finer ones.
const PARTS: i8 = 24;

/// Operators that the largest group has: m-3m with F centring.
pub const MOST_OPERATORS: usize = 192;

/// A text that is no symmetry operator, or operators that make no group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SymmetryError {
    /// A text that is none.
    #[error("'{0}' is no symmetry operator; expected three parts such as -x+1/2,y,-z+1/4")]
    Operator(String),
    /// Two operators whose product is missing.
    #[error(
        "the symmetry operators are no group: {first} after {second} makes {product}, which is \
         not among them"
    )]
    Open {
        /// The one applied last.
        first: Operator,
        /// The one applied first.
        second: Operator,
        /// What they make.
        product: Operator,
    },
    /// More operators than any group has.
    #[error("{0} symmetry operators; no group has more than {MOST_OPERATORS}")]
    TooMany(usize),
}

/// A symmetry operator, x → R x + t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operator {
    /// R, row by row; every entry is −1, 0 or 1.
    rotation: [[i8; 3]; 3],
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

    /// Whether h·t is a whole number for this index.
    #[inline]
    fn in_phase(&self, index: [i32; 3]) -> bool {
        let parts = i32::from(PARTS);
        let [h, k, l] = index.map(|component| component.rem_euclid(parts));
        let [x, y, z] = self.translation.map(i32::from);
        (h * x + k * y + l * z) % parts == 0
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

/// Every operator of a space group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceGroup {
    /// One a rotation, the identity first.
    representatives: Vec<Operator>,
    /// The identity, and the pure translations of a centred lattice.
    centrings: Vec<Operator>,
}

impl SpaceGroup {
    /// The group without symmetry.
    pub fn p1() -> SpaceGroup {
        SpaceGroup {
            representatives: vec![Operator::IDENTITY],
            centrings: vec![Operator::IDENTITY],
        }
    }

    /// The group that has these operators; one that is listed twice counts once.
    ///
    /// # Errors
    /// [`SymmetryError`] when they are not a group, all of it.
    pub fn of(operators: &[Operator]) -> Result<SpaceGroup, SymmetryError> {
        let mut sorted = operators.to_vec();
        sorted.push(Operator::IDENTITY);
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() > MOST_OPERATORS {
            return Err(SymmetryError::TooMany(sorted.len()));
        }
        for first in &sorted {
            for second in &sorted {
                let product = first.after(second);
                if sorted.binary_search(&product).is_err() {
                    return Err(SymmetryError::Open {
                        first: *first,
                        second: *second,
                        product,
                    });
                }
            }
        }
        Ok(SpaceGroup::of_closed(&sorted))
    }

    /// The group that these operators generate.
    ///
    /// # Errors
    /// [`SymmetryError`] when it is infinite, or finer than a crystal's.
    pub fn generated_by(generators: &[Operator]) -> Result<SpaceGroup, SymmetryError> {
        let mut operators = vec![Operator::IDENTITY];
        let mut next = 0;
        while let Some(&operator) = operators.get(next) {
            for generator in generators {
                let product = generator.after(&operator);
                if product
                    .rotation
                    .as_flattened()
                    .iter()
                    .any(|entry| entry.abs() > 1)
                {
                    return Err(SymmetryError::Open {
                        first: *generator,
                        second: operator,
                        product,
                    });
                }
                if !operators.contains(&product) {
                    operators.push(product);
                }
            }
            if operators.len() > MOST_OPERATORS {
                return Err(SymmetryError::TooMany(operators.len()));
            }
            next += 1;
        }
        operators.sort_unstable();
        Ok(SpaceGroup::of_closed(&operators))
    }

    /// The group of operators that are known to be one.
    fn of_closed(operators: &[Operator]) -> SpaceGroup {
        let pure = |operator: &&Operator| operator.rotation == Operator::IDENTITY.rotation;
        let mut representatives: Vec<Operator> = vec![Operator::IDENTITY];
        for operator in operators {
            let known = |other: &Operator| other.rotation == operator.rotation;
            if !representatives.iter().any(known) {
                representatives.push(*operator);
            }
        }
        SpaceGroup {
            representatives,
            centrings: operators.iter().filter(pure).copied().collect(),
        }
    }

    /// Every operator, those of centring included.
    pub fn operators(&self) -> impl Iterator<Item = Operator> {
        let centred = |operator| {
            self.centrings
                .iter()
                .map(move |centring: &Operator| centring.after(operator))
        };
        self.representatives.iter().flat_map(centred)
    }

    /// How many operators the group has, those of centring included.
    pub fn order(&self) -> usize {
        self.representatives.len() * self.centrings.len()
    }

    /// How many rotations the group has: the order of its point group.
    pub fn point_group_order(&self) -> usize {
        self.representatives.len()
    }

    /// The indices that share their |F| with `index`, itself first; one that a rotation leaves
    /// where it is comes more than once. Friedel mates are not among them, unless by symmetry.
    #[inline]
    pub fn equivalents(&self, index: [i32; 3]) -> impl Iterator<Item = [i32; 3]> {
        let turned = move |operator: &Operator| operator.on_index(index);
        self.representatives.iter().map(turned)
    }

    /// Whether symmetry makes F of this index zero.
    #[inline]
    pub fn is_absent(&self, index: [i32; 3]) -> bool {
        let forbids = |operator: &Operator| !operator.in_phase(index);
        let stays = |operator: &&Operator| operator.on_index(index) == index;
        self.centrings.iter().any(forbids) || self.representatives.iter().filter(stays).any(forbids)
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

    #[test]
    fn a_screw_axis_extinguishes_odd_orders_along_it() {
        let group = SpaceGroup::generated_by(&[operator("-x,y+1/2,-z")]).unwrap();
        assert_eq!(group.order(), 2);
        for k in -5..=5 {
            assert_eq!(group.is_absent([0, k, 0]), k % 2 != 0, "0 {k} 0");
            assert!(!group.is_absent([1, k, 0]));
        }
    }

    #[test]
    fn a_three_fold_axis_turns_indices_by_the_transposed_rotation() {
        // h k i l with i = -h - k: the axis cycles h, k and i.
        let group = SpaceGroup::generated_by(&[operator("-y,x-y,z")]).unwrap();
        let mut found: Vec<_> = group.equivalents([1, 2, 5]).collect();
        found.sort();
        assert_eq!(found, [[-3, 1, 5], [1, 2, 5], [2, -3, 5]]);
    }

    #[test]
    fn operators_that_are_no_group_are_refused() {
        let open = SpaceGroup::of(&[operator("-y,x,z+1/4")]).unwrap_err();
        assert!(matches!(open, SymmetryError::Open { .. }), "{open}");
        // A square lattice cannot be hexagonal at once.
        let infinite = SpaceGroup::generated_by(&[operator("-y,x,z"), operator("-y,x-y,z")]);
        assert!(infinite.is_err());
    }
}
