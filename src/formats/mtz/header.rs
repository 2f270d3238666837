//! The header of an MTZ file: records of 80 characters behind the data.
//!
//! Source: the MTZ format as CCP4 documents it (ccp4i2 manual "mtzformat").

use crate::formats::Problem;
use crate::formats::merged_list::cell_of;
use crate::formats::text::quoted;
use crate::geometry::{NamedGroup, Operator, SpaceGroup, UnitCell, named_or_numbered};

/// Bytes of a record.
const RECORD: usize = 80;

/// A column: what it is called and what it holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ColumnRecord<'a> {
    pub(super) label: &'a str,
    /// The letter of its type: H index, F amplitude, J intensity, G and K those of Friedel mates…
    pub(super) kind: char,
    /// Number of the data set that it belongs to.
    pub(super) dataset: i32,
}

/// What the header says of the data.
#[derive(Debug, Default)]
pub(super) struct Header<'a> {
    pub(super) columns: Vec<ColumnRecord<'a>>,
    pub(super) reflections: u64,
    /// The number that stands for a missing value, beside NaN.
    pub(super) missing: Option<f32>,
    /// The cell of all, and of data sets by number.
    cell: Option<UnitCell>,
    dataset_cells: Vec<(i32, UnitCell)>,
    operators: Vec<Operator>,
    /// Number of operators that the file promises, and the number and the name of its group.
    symmetry: Option<(u64, Option<String>, String)>,
}

impl<'a> Header<'a> {
    /// Reads the records of `bytes`, which start with the first of them.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Header<'a>, Problem> {
        let mut header = Header::default();
        let mut sizes = None;
        for record in bytes.chunks(RECORD) {
            let text = std::str::from_utf8(record)
                .map_err(|_| Problem::with_file("an MTZ header that is not text"))?;
            let (keyword, rest) = text
                .split_once(|c: char| c.is_whitespace())
                .unwrap_or((text, ""));
            let words: Vec<&str> = rest.split_whitespace().collect();
            let bad = || {
                let what = format!("MTZ header: {} makes no sense", quoted(text.trim_end()));
                Problem::with_file(what)
            };
            match keyword.to_ascii_uppercase().as_str() {
                "NCOL" => sizes = Some(counts(&words).ok_or_else(bad)?),
                "CELL" => header.cell = cell(&words).ok_or_else(bad)??,
                "DCELL" => {
                    let (dataset, words) = words.split_first().ok_or_else(bad)?;
                    let dataset = dataset.parse().map_err(|_| bad())?;
                    let cell = cell(words).ok_or_else(bad)??;
                    header
                        .dataset_cells
                        .extend(cell.map(|cell| (dataset, cell)));
                }
                "SYMINF" => header.symmetry = Some(symmetry(rest, &words).ok_or_else(bad)?),
                "SYMM" => {
                    let operator = Operator::parse(rest.trim());
                    let operator =
                        operator.map_err(|error| Problem::with_file(error.to_string()))?;
                    header.operators.push(operator);
                }
                "VALM" => {
                    let value = words.first().ok_or_else(bad)?;
                    header.missing = Some(value.parse().map_err(|_| bad())?);
                }
                "COLUMN" => header.columns.push(column(&words).ok_or_else(bad)?),
                "BATCH" => return Err(unmerged()),
                "END" => return header.finished(sizes),
                _ => {}
            }
        }
        Err(Problem::with_file(
            "an MTZ header without its END; the file is damaged",
        ))
    }

    /// The header, checked against itself.
    fn finished(mut self, sizes: Option<[u64; 3]>) -> Result<Header<'a>, Problem> {
        let [columns, reflections, batches] = sizes
            .ok_or_else(|| Problem::with_file("an MTZ header without NCOL; the file is damaged"))?;
        if batches > 0 || self.has_column('B') {
            return Err(unmerged());
        }
        if columns != self.columns.len() as u64 {
            return Err(Problem::with_file(format!(
                "the MTZ header counts {columns} columns and describes {}; the file is damaged",
                self.columns.len()
            )));
        }
        self.reflections = reflections;
        Ok(self)
    }

    /// Whether there is a column of this type.
    pub(super) fn has_column(&self, kind: char) -> bool {
        self.columns.iter().any(|column| column.kind == kind)
    }

    /// The symmetry of the data, and its name; with a line where that was not understood.
    pub(super) fn space_group(&self) -> Result<(NamedGroup, Option<String>), Problem> {
        let (count, number, name) = self.symmetry.clone().unwrap_or_default();
        let hexagonal = self.cell.is_some_and(|cell| cell.is_hexagonal());
        if self.operators.is_empty() {
            let known = named_or_numbered(&name, number.as_deref(), hexagonal);
            return known.ok_or_else(|| {
                Problem::with_file(format!(
                    "the MTZ header lists no symmetry operators, and its space group {} is not \
                     known by name or number; give the file its SYMM records, or expand it to P 1",
                    quoted(&name)
                ))
            });
        }
        if self.symmetry.is_some() && count != self.operators.len() as u64 {
            return Err(Problem::with_file(format!(
                "the MTZ header counts {count} symmetry operators and lists {}; the file is damaged",
                self.operators.len()
            )));
        }
        let group = SpaceGroup::of(&self.operators)
            .map_err(|error| Problem::with_file(format!("MTZ header: {error}")))?;
        Ok((NamedGroup { name, group }, None))
    }

    /// The cell of a data set, which is that of the file where it has none of its own.
    pub(super) fn cell_of(&self, dataset: i32) -> Option<UnitCell> {
        let own = self
            .dataset_cells
            .iter()
            .find(|(number, _)| *number == dataset);
        own.map(|(_, cell)| *cell).or(self.cell)
    }
}

/// The file lists observations, several of a reflection.
pub(super) fn unmerged() -> Problem {
    Problem::with_file(
        "an MTZ file of unmerged observations; merge it first (aimless, dials.merge), and turn \
         intensities into amplitudes",
    )
}

/// Columns, reflections, batches.
fn counts(words: &[&str]) -> Option<[u64; 3]> {
    let mut counts = [0; 3];
    for (place, count) in counts.iter_mut().enumerate() {
        // Merged files may leave the batches out.
        *count = match words.get(place) {
            None if place == 2 => 0,
            word => word?.parse().ok()?,
        };
    }
    Some(counts)
}

/// Six numbers in Å and degrees; all zero, or edges of zero, where there is no cell.
fn cell(words: &[&str]) -> Option<Result<Option<UnitCell>, Problem>> {
    let mut numbers = [0.0; 6];
    for (place, number) in numbers.iter_mut().enumerate() {
        *number = words.get(place)?.parse::<f64>().ok()?;
    }
    if numbers[..3] == [0.0; 3] {
        return Some(Ok(None));
    }
    let told = |error| Problem::with_file(format!("MTZ header: {error}"));
    Some(cell_of(numbers).map(Some).map_err(told))
}

/// The count of operators, the number of the group, and its name, which stands in quotes.
fn symmetry(rest: &str, words: &[&str]) -> Option<(u64, Option<String>, String)> {
    let count = words.first()?.parse().ok()?;
    let quoted = rest.split('\'').nth(1);
    let name = quoted.or_else(|| words.get(4).copied()).unwrap_or("");
    let number = words.get(3).map(|word| word.to_string());
    Some((count, number, name.trim().to_string()))
}

/// Label, type, smallest and largest value, data set.
fn column<'a>(words: &[&'a str]) -> Option<ColumnRecord<'a>> {
    let [label, kind, ..] = words else {
        return None;
    };
    Some(ColumnRecord {
        label,
        kind: kind.chars().next()?,
        dataset: words.get(4).map_or(Some(0), |word| word.parse().ok())?,
    })
}
