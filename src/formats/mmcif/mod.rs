//! Structure factors from mmCIF: a table `_refln` of merged reflections, with the cell and the
//! symmetry in the same block.
//!
//! Source: the PDBx/mmCIF dictionary, categories `refln`, `cell`, `symmetry`, `space_group`,
//! `symmetry_equiv` and `space_group_symop`.

mod atoms;
mod tables;
mod tokens;

use std::borrow::Cow;

use super::Problem;
use super::f_column::{Choice, Column, Kind, choose};
use super::merged_list::{Amplitudes, MergedList, cell_of};
use super::text::{as_text, quoted, text_lines, unmarked};
use crate::geometry::{
    MOST_OPERATORS, NamedGroup, Operator, SpaceGroup, SymmetryError, UnitCell, named_or_numbered,
};
pub use atoms::parse_atoms;
use tables::{Block, Table, blocks};
use tokens::Value;

/// What the columns' tags start with.
const CATEGORY: &str = "_refln.";

/// Columns of amplitudes in the order in which they are taken where a file has several: those
/// calculated with bulk solvent, then observed ones, then calculated ones, which lack the solvent.
pub const HABITS: [&str; 5] = [
    "pdbx_F_calc_with_solvent",
    "F_meas_au",
    "F_meas",
    "F_calc_au",
    "F_calc",
];

/// Whether `text` starts as CIF files do, behind blank lines and comments.
pub(super) fn is_cif(text: &[u8]) -> bool {
    let mut lines = text_lines(unmarked(text)).map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    let starts = |with: &[u8]| {
        let start = first.and_then(|line| line.get(..with.len()));
        start.is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    starts(b"data_") || starts(b"loop_") || starts(b"_")
}

/// The merged reflections in `bytes`, an mmCIF file: those of the item `f_column`, with or without
/// its category, or of the usual one; behind an `@` it may name the `wavelength_id` that they are
/// of. Of several blocks the first with reflections is read.
///
/// # Errors
/// A [`Problem`] when the file is damaged, has no reflections or no symmetry, has several
/// wavelengths and none was named, and when no column can be chosen.
pub fn parse(bytes: &[u8], f_column: Option<&str>) -> Result<MergedList, Problem> {
    let text = cif_text(bytes)?;
    let blocks = blocks(&text, is_wanted)?;
    let mut with_reflections = blocks
        .iter()
        .filter_map(|block| Some((block, block.table("_refln.index_h")?)));
    let Some((block, table)) = with_reflections.next() else {
        return Err(Problem::with_file(
            "a CIF without reflections (a loop of _refln.index_h and others); coordinates are \
             another file than structure factors",
        ));
    };
    let others: Vec<String> = with_reflections
        .map(|(other, _)| quoted(other.name))
        .collect();
    let candidates: Vec<Column> = table.tags.iter().map(|tag| candidate(tag)).collect();
    let (label, wavelength) = match f_column.and_then(|column| column.rsplit_once('@')) {
        Some((label, id)) => (Some(label).filter(|label| !label.is_empty()), Some(id)),
        None => (f_column, None),
    };
    let wanted = label.map(|label| within(CATEGORY, label).unwrap_or(label));
    let choice = choose(&candidates, wanted, &HABITS)?;
    let chosen = &candidates[choice.plus];
    let at = one_wavelength(table, wavelength, chosen.label)?;
    let cell = cell(block)?;
    let (space_group, notice) = space_group(block, cell.is_some_and(|cell| cell.is_hexagonal()))?;
    let gathered = Amplitudes::of(&space_group, table.rows, chosen.kind.is_intensity());
    let amplitudes = amplitudes(table, &choice, at, gathered)?;
    let mut notices: Vec<String> = notice.into_iter().collect();
    if !others.is_empty() {
        notices.push(format!(
            "block {} is read; other blocks with reflections are not: {}",
            quoted(block.name),
            others.join(", ")
        ));
    }
    Ok(MergedList {
        column: choice.name(|place| table.tags[place])
            + &wavelength.map_or(String::new(), |id| format!("@{id}")),
        passed_over: choice.passed_over,
        intensities: chosen.kind.is_intensity(),
        amplitudes,
        space_group,
        cell,
        notices,
    })
}

/// `bytes` as a CIF's text, whose lines end in `\n` alone.
fn cif_text(bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
    as_text(bytes).map_err(|_| Problem::with_file("a CIF that is not text"))
}

/// Whether a tag is of a category that is made use of.
fn is_wanted(tag: &str) -> bool {
    within(CATEGORY, tag).is_some() || is_of_crystal(tag)
}

/// Whether a tag says something of the cell or the symmetry.
fn is_of_crystal(tag: &str) -> bool {
    let categories = [
        "_cell.",
        "_symmetry.",
        "_space_group.",
        "_symmetry_equiv.",
        "_space_group_symop.",
    ];
    categories
        .iter()
        .any(|category| within(category, tag).is_some())
}

/// The item of a tag, if it is of this category.
fn within<'a>(category: &str, tag: &'a str) -> Option<&'a str> {
    let (start, item) = tag.split_at_checked(category.len())?;
    start.eq_ignore_ascii_case(category).then_some(item)
}

/// The column that `tag` announces.
fn candidate<'a>(tag: &'a str) -> Column<'a> {
    let label = within(CATEGORY, tag).unwrap_or(tag);
    let kind = match label.to_ascii_lowercase().as_str() {
        "f_calc"
        | "f_calc_au"
        | "f_meas"
        | "f_meas_au"
        | "pdbx_f_calc_with_solvent"
        | "pdbx_fwt"
        | "pdbx_delfwt" => Kind::Amplitude,
        "f_squared_calc" | "f_squared_meas" | "intensity_calc" | "intensity_meas" => {
            Kind::Intensity
        }
        "pdbx_f_plus" | "pdbx_f_minus" => Kind::FriedelAmplitude,
        "pdbx_i_plus" | "pdbx_i_minus" => Kind::FriedelIntensity,
        _ => Kind::Other,
    };
    Column { label, kind }
}

/// The column of wavelengths and the one whose reflections are read, where there is one to choose:
/// `wanted`, or else the only one.
fn one_wavelength<'a>(
    table: &Table,
    wanted: Option<&'a str>,
    label: &str,
) -> Result<Option<(usize, &'a str)>, Problem> {
    let column = table.column("_refln.wavelength_id");
    let mut found: Vec<String> = Vec::new();
    if let Some(column) = column {
        table.each_row(|_, row| {
            let own = row[column].text;
            if !found.iter().any(|known| known == own) {
                found.push(own.into());
            }
            Ok(())
        })?;
    }
    match (column, wanted) {
        (Some(column), Some(id)) if found.iter().any(|known| known == id) => Ok(Some((column, id))),
        (_, None) if found.len() < 2 => Ok(None),
        (_, wanted) => Err(Problem::with_file(format!(
            "{}; choose one with --f-column {label}@ID: its wavelength_id {}",
            match wanted {
                Some(id) => format!("there are no reflections of wavelength_id {}", quoted(id)),
                None => "the reflections are of several wavelengths".into(),
            },
            match found.is_empty() {
                true => "is not in this file; leave @ and what follows out".into(),
                false => format!("is {}", found.join(" or ")),
            }
        ))),
    }
}

/// The rows of the chosen columns, of one wavelength, added to `amplitudes`.
fn amplitudes(
    table: &Table,
    choice: &Choice,
    wavelength: Option<(usize, &str)>,
    mut amplitudes: Amplitudes,
) -> Result<Amplitudes, Problem> {
    let mut index_columns = [0; 3];
    for (place, name) in index_columns.iter_mut().zip(["h", "k", "l"]) {
        let tag = format!("{CATEGORY}index_{name}");
        let column = table.column(&tag);
        *place =
            column.ok_or_else(|| Problem::with_file(format!("the reflections have no {tag}")))?;
    }
    table.each_row(|line, row| {
        if wavelength.is_some_and(|(column, id)| row[column].text != id) {
            return Ok(());
        }
        let value = |column: usize| match row[column].known() {
            None => Ok(None),
            Some(text) => number(text)
                .map(Some)
                .ok_or_else(|| Problem::on_line(line, format!("{} is not a number", quoted(text)))),
        };
        let mut index = [0; 3];
        for (component, column) in index.iter_mut().zip(index_columns) {
            let Value { text, .. } = row[column];
            *component = text.parse().map_err(|_| {
                Problem::on_line(
                    line,
                    format!("{} is not an integer Miller index", quoted(text)),
                )
            })?;
        }
        let minus = choice.minus.map(value).transpose()?;
        amplitudes.push(index, value(choice.plus)?, minus);
        Ok(())
    })?;
    Ok(amplitudes)
}

/// A finite number, which may have its uncertainty in brackets behind it.
fn number(text: &str) -> Option<f64> {
    let digits = text.split_once('(').map_or(text, |(digits, _)| digits);
    digits.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The cell, where all of it is known.
fn cell(block: &Block) -> Result<Option<UnitCell>, Problem> {
    let items = [
        "length_a",
        "length_b",
        "length_c",
        "angle_alpha",
        "angle_beta",
        "angle_gamma",
    ];
    let mut numbers = [0.0; 6];
    for (value, item) in numbers.iter_mut().zip(items) {
        let tag = format!("_cell.{item}");
        let Some(text) = block.item(&tag) else {
            return Ok(None);
        };
        *value = number(text).ok_or_else(|| {
            Problem::with_file(format!("{tag} is {}, not a number", quoted(text)))
        })?;
    }
    cell_of(numbers)
        .map(Some)
        .map_err(|error| Problem::with_file(format!("_cell: {error}")))
}

/// The symmetry: its operators where they are listed, or else the group of its name or number; with
/// a line where the name was not understood.
fn space_group(block: &Block, hexagonal: bool) -> Result<(NamedGroup, Option<String>), Problem> {
    let name = [
        "_symmetry.space_group_name_H-M",
        "_space_group.name_H-M_alt",
    ]
    .iter()
    .find_map(|tag| block.item(tag));
    let operators = operators(block)?;
    if !operators.is_empty() {
        let group =
            SpaceGroup::of(&operators).map_err(|error| Problem::with_file(error.to_string()))?;
        let name = name.unwrap_or_default().trim().to_string();
        return Ok((NamedGroup { name, group }, None));
    }
    let number = ["_symmetry.Int_Tables_number", "_space_group.IT_number"]
        .iter()
        .find_map(|tag| block.item(tag));
    if name.or(number).is_none() {
        return Err(Problem::with_file(
            "a CIF that does not say its symmetry; give it a loop of _space_group_symop.operation_xyz, \
             or _symmetry.space_group_name_H-M",
        ));
    }
    let name = name.unwrap_or_default();
    named_or_numbered(name, number, hexagonal).ok_or_else(|| {
        Problem::with_file(format!(
            "space group {} is not known by name or number; give the file a loop of \
             _space_group_symop.operation_xyz",
            quoted(name)
        ))
    })
}

/// The listed operators.
fn operators(block: &Block) -> Result<Vec<Operator>, Problem> {
    let parsed =
        |text: &str| Operator::parse(text).map_err(|error| Problem::with_file(error.to_string()));
    let mut operators = Vec::new();
    for tag in [
        "_space_group_symop.operation_xyz",
        "_symmetry_equiv.pos_as_xyz",
    ] {
        if let Some((table, column)) = block.table(tag).and_then(|t| Some((t, t.column(tag)?))) {
            if table.rows > MOST_OPERATORS {
                let many = SymmetryError::TooMany(table.rows);
                return Err(Problem::with_file(many.to_string()));
            }
            table.each_row(|_, row| {
                operators.push(parsed(row[column].text)?);
                Ok(())
            })?;
            return Ok(operators);
        }
        if let Some(text) = block.item(tag) {
            return Ok(vec![parsed(text)?]);
        }
    }
    Ok(operators)
}
