//! Records of the PDB format: the cell, the symmetry, the atoms.
//!
//! Source: Protein Data Bank Contents Guide, version 3.30: CRYST1, SCALEn, MTRIXn, REMARK 290,
//! ATOM, HETATM, ANISOU, MODEL. Columns are counted from 1, as there.

use glam::{DMat3, DVec3};

use super::{Copying, Frame, Site, Sites};
use crate::formats::Problem;
use crate::formats::merged_list::cell_of;
use crate::formats::text::{quoted, text_lines};
use crate::geometry::{MOST_OPERATORS, NamedGroup, Operator, SpaceGroup, SymmetryError, named};
use crate::structure::Element;

/// The sites and the symmetry in `bytes`.
///
/// # Errors
/// A [`Problem`] when there is no crystal, or an atom is none.
pub(super) fn parse(bytes: &[u8]) -> Result<(Sites, NamedGroup), Problem> {
    let records = || {
        let lines = text_lines(bytes).enumerate();
        lines.map(|(index, line)| Record {
            line: index + 1,
            bytes: line,
        })
    };
    if !records().any(|record| record.is_atom()) {
        return Err(Problem::with_file(
            "not coordinates: neither PDB, which has ATOM or HETATM records, nor mmCIF",
        ));
    }
    let Some(crystal) = records().find(|record| record.is("CRYST1")) else {
        return Err(Problem::with_file(
            "no CRYST1 record; give the file its cell and space group, as in \
             'CRYST1   59.062   68.451   30.517  90.00  90.00  90.00 P 21 21 21'",
        ));
    };
    let mut cell = [0.0; 6];
    let columns = [(7, 15), (16, 24), (25, 33), (34, 40), (41, 47), (48, 54)];
    for (value, (first, last)) in cell.iter_mut().zip(columns) {
        *value = crystal.number("CRYST1", first, last)?;
    }
    let cell = cell_of(cell)
        .map_err(|error| Problem::on_line(crystal.line, format!("CRYST1: {error}")))?;
    let name = crystal.field(56, 66);
    let group = space_group(records(), name, cell.is_hexagonal())?;
    let mut frame = Frame::standard(cell)?;
    if let Some((matrix, shift)) = scale(records())? {
        frame = frame.or_own(matrix, shift);
    }
    let mut sites = Sites::new(frame);
    sites.copies = copies(records())?;
    let mut is_first_model = true;
    let mut last = "";
    for record in records() {
        // The serial number and the name of an atom.
        let whose = record.field(7, 27);
        if record.is("ENDMDL") {
            is_first_model = false;
        } else if record.is_atom() {
            if is_first_model {
                let site = site(&record, sites.frame())?;
                sites.push(site)?;
                last = whose;
            } else {
                sites.of_other_models += 1;
            }
        } else if record.is("ANISOU") && is_first_model {
            match whose == last {
                true => sites.displace_last(record.line, mean_squares(&record)?)?,
                false => sites.not_displaced += 1,
            }
        }
    }
    Ok((sites, group))
}

/// A line.
struct Record<'a> {
    line: usize,
    bytes: &'a [u8],
}

impl<'a> Record<'a> {
    fn is(&self, name: &str) -> bool {
        self.bytes.starts_with(name.as_bytes())
    }

    fn is_atom(&self) -> bool {
        self.is("ATOM  ") || self.is("HETATM")
    }

    /// The text in columns `first` to `last`, without blanks; U+FFFD if the bytes are no text.
    fn field(&self, first: usize, last: usize) -> &'a str {
        let end = last.min(self.bytes.len());
        let bytes = self.bytes.get(first - 1..end).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or("\u{fffd}").trim()
    }

    /// The finite number in these columns.
    fn number(&self, what: &str, first: usize, last: usize) -> Result<f64, Problem> {
        let text = self.field(first, last);
        let number = text.parse().ok().filter(|value: &f64| value.is_finite());
        number.ok_or_else(|| {
            let found = quoted(text);
            let what = format!("{what}: {found} in columns {first} to {last} is no number");
            Problem::on_line(self.line, what)
        })
    }

    /// The number in these columns, which may be left blank.
    fn number_or(&self, what: &str, columns: [usize; 2], blank: f64) -> Result<f64, Problem> {
        match self.field(columns[0], columns[1]) {
            "" => Ok(blank),
            _ => self.number(what, columns[0], columns[1]),
        }
    }
}

fn site<'a>(record: &Record<'a>, frame: &Frame) -> Result<Site<'a>, Problem> {
    let parts = [(13, 16), (17, 17), (18, 20), (22, 22), (23, 27)];
    let words = parts.map(|(first, last)| record.field(first, last));
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let label = words.join(" ");
    let what = format!("atom {label}");
    let point = DVec3::new(
        record.number(&what, 31, 38)?,
        record.number(&what, 39, 46)?,
        record.number(&what, 47, 54)?,
    );
    Ok(Site {
        line: record.line,
        element: element(record),
        charge: charge(record.field(79, 80)),
        position: frame.fractions(point),
        occupancy: record.number_or(&what, [55, 60], 1.0)?,
        b_angstrom2: record.number_or(&what, [61, 66], 0.0)?,
        label,
    })
}

/// The element, which old files have only in the atom's name: its symbol ends in column 14.
fn element<'a>(record: &Record<'a>) -> &'a str {
    let given = record.field(77, 78);
    let is_symbol = given.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !given.is_empty() && is_symbol {
        return given;
    }
    let (start, both) = (record.field(13, 13), record.field(13, 14));
    let is_letter = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    match start {
        // Names of four letters leave no room for a blank: those are hydrogens'.
        "H" if record.field(13, 16).len() == 4 => start,
        _ if both.len() == 2 && is_letter(both) && Element::of_symbol(both).is_some() => both,
        "" => both,
        _ if is_letter(start) => start,
        _ => record.field(14, 14),
    }
}

/// `2+` or `+2`; what is neither is no charge.
fn charge(text: &str) -> i8 {
    let digits = text.trim_matches(['+', '-']);
    let size: i8 = digits.parse().unwrap_or(0);
    if text.contains('-') { -size } else { size }
}

/// U11, U22, U33, U12, U13, U23 of an ANISOU record, Å².
fn mean_squares(record: &Record) -> Result<[f64; 6], Problem> {
    let mut u = [0.0; 6];
    for (place, u) in u.iter_mut().enumerate() {
        let first = 29 + 7 * place;
        *u = record.number("ANISOU", first, first + 6)? * 1e-4;
    }
    Ok(u)
}

/// The operators of the MTRIX records whose copies are not in the file, which column 60 tells.
fn copies<'a>(records: impl Iterator<Item = Record<'a>>) -> Result<Vec<Copying>, Problem> {
    let mut copies = Vec::new();
    let mut rows = Vec::new();
    for record in records.filter(|record| record.is("MTRIX")) {
        let is_next = record.field(6, 6) == (rows.len() + 1).to_string();
        rows.push(row("MTRIX", &record)?);
        let all = <[_; 3]>::try_from(rows.as_slice());
        let copying = all.ok().and_then(Copying::of_rows);
        if !is_next || (rows.len() == 3 && copying.is_none()) {
            let what = "MTRIX records that are no rotation; expected MTRIX1, MTRIX2 and MTRIX3, the \
                        rows of a rotation and a shift";
            return Err(Problem::on_line(record.line, what));
        }
        if let Some(copying) = copying {
            rows.clear();
            copies.extend((record.field(60, 60) != "1").then_some(copying));
        }
    }
    match rows.is_empty() {
        true => Ok(copies),
        false => Err(Problem::with_file(
            "an operator with less than three MTRIX records",
        )),
    }
}

/// A row of a matrix, and of a shift, which may be left blank.
fn row(what: &str, record: &Record) -> Result<[f64; 4], Problem> {
    Ok([
        record.number(what, 11, 20)?,
        record.number(what, 21, 30)?,
        record.number(what, 31, 40)?,
        record.number_or(what, [46, 55], 0.0)?,
    ])
}

/// The matrix and shift of the SCALE records, in 1/Å, where all three are there.
fn scale<'a>(records: impl Iterator<Item = Record<'a>>) -> Result<Option<(DMat3, DVec3)>, Problem> {
    let mut rows: [Option<[f64; 4]>; 3] = [None; 3];
    for record in records.filter(|record| record.is("SCALE")) {
        let place = ["SCALE1", "SCALE2", "SCALE3"]
            .iter()
            .position(|name| record.is(name));
        if let Some(place) = place {
            rows[place] = Some(row("SCALE", &record)?);
        }
    }
    let [Some(x), Some(y), Some(z)] = rows else {
        return Ok(None);
    };
    let row = |[a, b, c, _]: [f64; 4]| DVec3::new(a, b, c);
    let matrix = DMat3::from_cols(row(x), row(y), row(z)).transpose();
    Ok(Some((matrix, DVec3::new(x[3], y[3], z[3]))))
}

/// The symmetry: the operators of REMARK 290, or else the group of CRYST1.
fn space_group<'a>(
    records: impl Iterator<Item = Record<'a>>,
    name: &str,
    hexagonal: bool,
) -> Result<NamedGroup, Problem> {
    let mut operators = Vec::new();
    for record in records.filter(|record| record.is("REMARK 290")) {
        // As in '     2555   -X+1/2,-Y,Z+1/2'.
        let words = record.field(11, 80);
        let operator = words
            .split_once(char::is_whitespace)
            .filter(|(number, operator)| {
                number.bytes().all(|byte| byte.is_ascii_digit())
                    && operator.matches(',').count() == 2
            });
        if let Some((_, text)) = operator {
            let operator = Operator::parse(text);
            operators.push(operator.map_err(|e| Problem::on_line(record.line, e.to_string()))?);
        }
        if operators.len() > MOST_OPERATORS {
            let many = SymmetryError::TooMany(operators.len());
            return Err(Problem::with_file(many.to_string()));
        }
    }
    if !operators.is_empty() {
        let group = SpaceGroup::of(&operators)
            .map_err(|error| Problem::with_file(format!("REMARK 290: {error}")))?;
        let name = name.to_string();
        return Ok(NamedGroup { name, group });
    }
    named(name, hexagonal).ok_or_else(|| {
        Problem::with_file(format!(
            "CRYST1: the space group {} is not known by name; correct columns 56 to 66, or list the \
             operators in REMARK 290",
            quoted(name)
        ))
    })
}
