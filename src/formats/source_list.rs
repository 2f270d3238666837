//! Lists of X-ray sources: lines of up to five numbers `X Y Z weight wavelength(m)`; blank lines
//! and what follows a `#` are skipped (PHYSICS §7).

use std::path::Path;

use glam::DVec3;

use super::error::read_with;
use super::text::{lines, number};
use super::{FormatError, Problem};
use crate::experiment::Source;
use crate::geometry::unit;
use crate::memory::Bytes;

/// The values of columns that a line leaves out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Defaults {
    /// Direction in which the photons travel, a unit vector.
    pub beam: DVec3,
    /// Wavelength, m.
    pub wavelength_m: f64,
}

/// Reads the sources of the file at `path`.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(path: &Path, defaults: Defaults, most: Bytes) -> Result<Vec<Source>, FormatError> {
    read_with(path, most, |bytes| parse(bytes, defaults))
}

/// The sources listed in `bytes`, in their order.
///
/// # Errors
/// A [`Problem`] when a line holds something else than one to five numbers, a source at the
/// sample, a negative weight or a wavelength that is not positive; when there is no source; or
/// when all weights are zero.
pub fn parse(bytes: &[u8], defaults: Defaults) -> Result<Vec<Source>, Problem> {
    let sources = lines(bytes)?
        .map(|(line, content)| parse_line(line, content, defaults))
        .collect::<Result<Vec<_>, Problem>>()?;
    if sources.is_empty() {
        return Err(Problem::with_file(
            "no sources; expected lines of X Y Z weight wavelength(m)",
        ));
    }
    if sources.iter().all(|source| source.weight == 0.0) {
        return Err(Problem::with_file(
            "the weights add up to zero; at least one must be positive",
        ));
    }
    Ok(sources)
}

fn parse_line(line: usize, content: &str, defaults: Defaults) -> Result<Source, Problem> {
    /// Distance of a source whose position is left out; only its direction matters.
    const FAR: f64 = 10.0;
    let [x, y, z] = (-FAR * defaults.beam).to_array();
    let mut columns = [x, y, z, 1.0, defaults.wavelength_m];
    for (column, word) in content.split_ascii_whitespace().enumerate() {
        let slot = columns.get_mut(column).ok_or_else(|| {
            Problem::on_line(
                line,
                "more than five numbers; expected X Y Z weight wavelength(m)",
            )
        })?;
        *slot = number(line, word)?;
    }
    let [x, y, z, weight, wavelength_m] = columns;
    let refused = |what: String| Err(Problem::on_line(line, what));
    let Some(toward_source) = unit(DVec3::new(x, y, z)) else {
        return refused(format!(
            "a source at ({x}, {y}, {z}); it must not be at the sample"
        ));
    };
    if weight < 0.0 {
        return refused(format!("weight {weight}; it must be zero or more"));
    }
    if wavelength_m <= 0.0 {
        return refused(format!("wavelength {wavelength_m} m; it must be positive"));
    }
    Ok(Source {
        incident: -toward_source,
        wavelength_m,
        weight,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULTS: Defaults = Defaults {
        beam: DVec3::X,
        wavelength_m: 1e-10,
    };

    #[test]
    fn columns_left_out_take_their_defaults() {
        let sources = parse(b"# X Y Z w\n0 0 -5\n\n-10 0 0 2 1.1e-10\n", DEFAULTS).unwrap();
        let first = Source {
            incident: DVec3::Z,
            wavelength_m: 1e-10,
            weight: 1.0,
        };
        assert_eq!(sources[0], first);
        assert_eq!(
            (sources[1].incident, sources[1].wavelength_m),
            (DVec3::X, 1.1e-10)
        );
        assert_eq!(sources[1].weight, 2.0);
    }

    #[test]
    fn mistakes_are_found_where_they_are() {
        let said = |text: &[u8]| parse(text, DEFAULTS).unwrap_err().to_string();
        assert!(said(b"1 0 0\n0 0 0 1").starts_with(", line 2: a source at (0, 0, 0)"));
        assert!(said(b"1 0 0 -1").starts_with(", line 1: weight -1"));
        assert!(said(b"1 0 0 1 0").starts_with(", line 1: wavelength 0 m"));
        assert!(said(b"1 0 0 1 1e-10 7").starts_with(", line 1: more than five"));
        assert!(said(b"1 0 0 0").starts_with(": the weights add up to zero"));
        assert!(said(b"").starts_with(": no sources"));
    }
}
