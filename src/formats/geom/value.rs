//! Values of a geometry file: numbers with units, vectors, places in data files.

use glam::DVec3;

use super::super::Problem;
use super::super::text::{number, quoted};

/// A number, or where in a data file it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// The number, in SI units.
    Number(f64),
    /// The value is in another file, which this line names.
    Elsewhere(usize),
}

impl Quantity {
    /// The quantity of `key` that `text` spells: a number and one of `units`, the first where there
    /// is none.
    pub fn parse(
        line: usize,
        key: &str,
        text: &str,
        units: &[(&str, f64)],
    ) -> Result<Quantity, Problem> {
        if text.starts_with('/') {
            return Ok(Quantity::Elsewhere(line));
        }
        let (digits, unit) = text
            .split_once(char::is_whitespace)
            .map_or((text, ""), |(digits, unit)| (digits, unit.trim()));
        let known = units.iter().find(|(name, _)| *name == unit);
        let factor = match (unit, known) {
            ("", _) => units.first().map(|(_, factor)| *factor),
            (_, known) => known.map(|(_, factor)| *factor),
        };
        let Some(factor) = factor else {
            let names: Vec<&str> = units.iter().map(|(name, _)| *name).collect();
            return Err(Problem::on_line(
                line,
                format!(
                    "key {key}: the unit {}; expected {}",
                    quoted(unit),
                    names.join(" or ")
                ),
            ));
        };
        Ok(Quantity::Number(factor * number(line, digits)?))
    }
}

/// The vector of `key` that `text` spells, such as `-0.5x +0.8y -0.1z`.
pub fn vector(line: usize, key: &str, text: &str) -> Result<DVec3, Problem> {
    let wrong = || {
        let expected = "a vector such as +0.99x -0.01y +0z";
        Problem::on_line(
            line,
            format!("key {key}: {}; expected {expected}", quoted(text)),
        )
    };
    let spelled: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    let mut vector = DVec3::ZERO;
    let mut rest = spelled.as_str();
    while let Some(place) = rest.find(['x', 'y', 'z']) {
        let (digits, behind) = rest.split_at(place);
        let value = match digits {
            "" | "+" => 1.0,
            "-" => -1.0,
            digits => digits.parse().map_err(|_| wrong())?,
        };
        let axis = match &behind[..1] {
            "x" => DVec3::X,
            "y" => DVec3::Y,
            _ => DVec3::Z,
        };
        vector += value * axis;
        rest = &behind[1..];
    }
    if rest.is_empty() && !spelled.is_empty() && vector.is_finite() {
        Ok(vector)
    } else {
        Err(wrong())
    }
}

/// The whole number, zero or above, of `key` that `text` spells.
pub fn whole(line: usize, key: &str, text: &str) -> Result<usize, Problem> {
    let value = number(line, text)?;
    if value.fract() == 0.0 && (0.0..f64::from(u32::MAX)).contains(&value) {
        return Ok(value as usize);
    }
    let expected = "a whole number, zero or above and below 2^32 - 1";
    Err(Problem::on_line(
        line,
        format!("key {key}: {text}; expected {expected}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_are_read_however_they_are_spaced() {
        for (text, expected) in [
            ("x", [1.0, 0.0, 0.0]),
            ("-y", [0.0, -1.0, 0.0]),
            (
                "-0.0010058292x +0.9999995232y",
                [-0.0010058292, 0.9999995232, 0.0],
            ),
            ("+1.0x+0.5y -2e-05z", [1.0, 0.5, -2e-5]),
            ("- 0.5 x + 0.25 z", [-0.5, 0.0, 0.25]),
            ("1x 1x", [2.0, 0.0, 0.0]),
        ] {
            assert_eq!(
                vector(1, "fs", text),
                Ok(DVec3::from_array(expected)),
                "{text}"
            );
        }
        for text in ["", "1", "1.0w", "x 2", "--1x", "1e999x", "nanx", "é x"] {
            assert!(vector(3, "fs", text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_units_and_places_do_not() {
        let lengths = [("m", 1.0), ("mm", 1e-3)];
        let read = |text| Quantity::parse(4, "clen", text, &lengths);
        assert_eq!(read("0.08"), Ok(Quantity::Number(0.08)));
        assert_eq!(read("80 mm"), Ok(Quantity::Number(0.08)));
        assert_eq!(
            read("/LCLS/detector_1/EncoderValue"),
            Ok(Quantity::Elsewhere(4))
        );
        let said = |text| read(text).unwrap_err().to_string();
        assert_eq!(
            said("80 cm"),
            ", line 4: key clen: the unit 'cm'; expected m or mm"
        );
        assert_eq!(said("far"), ", line 4: 'far' is not a number");
    }
}
