//! Scattering profiles of amorphous materials: a line of sin θ/λ in 1/Å, or a multiple of it, and F
//! of a molecule in electrons; further columns are ignored, and so are blank lines and what
//! follows a `#`.

use std::f64::consts::PI;
use std::path::Path;

use super::error::read_with;
use super::text::{lines, number, quoted};
use super::{FormatError, Problem};
use crate::experiment::{CLOSEST_PER_M, LARGEST_F, ProfileEntry, ScatteringProfile};
use crate::memory::Bytes;

/// What the first column of a table holds, all in 1/Å.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Abscissa {
    /// sin θ/λ.
    #[default]
    Stol,
    /// 4 sin θ/λ.
    FourStol,
    /// Q = 4π sin θ/λ.
    Q,
}

impl Abscissa {
    /// sin θ/λ in 1/m where the column holds `value`.
    fn stol_per_m(self, value: f64) -> f64 {
        let over = match self {
            Abscissa::Stol => 1.0,
            Abscissa::FourStol => 4.0,
            Abscissa::Q => 4.0 * PI,
        };
        value / over * 1e10
    }
}

/// Reads the profile of the file at `path`.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(
    path: &Path,
    abscissa: Abscissa,
    most: Bytes,
) -> Result<ScatteringProfile, FormatError> {
    read_with(path, most, |bytes| parse(bytes, abscissa))
}

/// The profile listed in `bytes`.
///
/// # Errors
/// A [`Problem`] when a line does not begin with two numbers, when the first column does not rise
/// from zero or above, or when there is no line.
pub fn parse(bytes: &[u8], abscissa: Abscissa) -> Result<ScatteringProfile, Problem> {
    let mut entries: Vec<ProfileEntry> = Vec::new();
    for (line, content) in lines(bytes)? {
        let mut words = content.split_ascii_whitespace();
        let (Some(first), Some(second)) = (words.next(), words.next()) else {
            let what = format!("{} is too short; expected sin θ/λ and F", quoted(content));
            return Err(Problem::on_line(line, what));
        };
        let (x, amplitude) = (number(line, first)?, number(line, second)?);
        let refused = |what: String| Err(Problem::on_line(line, what));
        if x < 0.0 {
            return refused(format!(
                "{first} 1/Å; the first column must be zero or above"
            ));
        }
        if amplitude.abs() > LARGEST_F {
            return refused(format!(
                "F of {second} electrons; it must be from -{LARGEST_F:e} to {LARGEST_F:e}"
            ));
        }
        let entry = ProfileEntry {
            stol_per_m: abscissa.stol_per_m(x),
            amplitude,
        };
        let apart = |last: &ProfileEntry| entry.stol_per_m - last.stol_per_m;
        if entries
            .last()
            .is_some_and(|last| apart(last) < CLOSEST_PER_M)
        {
            return refused(format!(
                "{first} does not lie beyond the line before; the first column must rise, sin θ/λ by \
                 1e-6 1/Å or more"
            ));
        }
        entries.push(entry);
    }
    ScatteringProfile::new(entries).map_err(|error| Problem::with_file(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_is_a_multiple_of_stol() {
        let text = b"# Q F sigma\n0 2.5 0.1\n6.283185307179586 -1e0\n";
        let stol = |abscissa| parse(text, abscissa).unwrap().entries()[1].stol_per_m;
        let expected = [
            (Abscissa::Stol, 6.283185307179586e10),
            (Abscissa::FourStol, 1.5707963267948966e10),
            (Abscissa::Q, 0.5e10),
        ];
        for (abscissa, expected) in expected {
            assert!((stol(abscissa) / expected - 1.0).abs() < 1e-15);
        }
        let profile = parse(text, Abscissa::Q).unwrap();
        assert_eq!(profile.entries()[1].amplitude, -1.0);
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        let said = |text: &[u8]| parse(text, Abscissa::Stol).unwrap_err().to_string();
        assert!(said(b"0 1\n0.1").starts_with(", line 2: '0.1' is too short"));
        assert!(said(b"0 1\n0 2").starts_with(", line 2: 0 does not lie beyond"));
        assert!(said(b"0 x").starts_with(", line 1: 'x' is not a number"));
        assert!(said(b"0 1\n1e-9 2").contains("1e-6 1/Å or more"));
        assert!(said(b"-1 2").starts_with(", line 1: -1 1/Å"));
        assert!(said(b"0 1e10").starts_with(", line 1: F of 1e10 electrons"));
        assert!(said(b"").starts_with(": the scattering profile has no entries"));
    }
}
