//! Files of structure factors, told by content: text, MTZ or mmCIF.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;

use super::error::{memory_for, read_with};
use super::merged_list::MergedList;
use super::text::{quoted, text_lines};
use super::{FormatError, Problem, hkl, mmcif, mtz, packed};
use crate::experiment::{Expansion, Reflections, expand};
use crate::geometry::{NamedGroup, UnitCell};
use crate::memory::Bytes;

/// What a file of structure factors holds.
#[derive(Debug, Clone, PartialEq)]
pub struct ReflectionFile {
    /// The reflections in P1; a text's as they are listed.
    pub reflections: Reflections,
    /// The cell, oriented as by [`UnitCell::from_parameters`], where the file has it.
    pub cell: Option<UnitCell>,
    /// Where the reflections come from.
    pub origin: Origin,
    /// Notices for the user, where nothing is wrong.
    pub notices: Vec<String>,
}

/// Where the reflections of a file come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// `text`, `MTZ` or `mmCIF`.
    pub format: &'static str,
    /// The column of F; none in text, whose fourth it is.
    pub column: Option<String>,
    /// Name of the space group; none in text.
    pub space_group: Option<String>,
    /// Number of its operators.
    pub operators: Option<usize>,
    /// Reflections that the file lists an F of.
    pub listed: usize,
    /// Reflections in P1.
    pub in_p1: usize,
}

/// Reads the reflections of the file at `path`, with F from the column `f_column`, or from the
/// usual one.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(
    path: &Path,
    f_column: Option<&str>,
    most: Bytes,
) -> Result<ReflectionFile, FormatError> {
    read_with(path, most, |bytes| parse(bytes, f_column, most))
}

/// Whether the file at `path` may say something of the crystal; a list in text does not, as far
/// as its start tells.
///
/// # Errors
/// [`FormatError`] when it cannot be read.
pub fn names_crystal(path: &Path) -> Result<bool, FormatError> {
    /// Bytes that tell a format.
    const START: u64 = 4096;
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(START).read_to_end(&mut start))
        .map_err(|reason| FormatError::Read {
            path: path.to_path_buf(),
            reason,
        })?;
    let packed_or_binary = packed::packer(&start).is_some() || start.starts_with(mtz::MAGIC);
    Ok(packed_or_binary || mmcif::is_cif(&start))
}

/// The reflections in `bytes`, where a file of no more than `most` may be read.
///
/// # Errors
/// A [`Problem`] with the content.
pub fn parse(bytes: &[u8], f_column: Option<&str>, most: Bytes) -> Result<ReflectionFile, Problem> {
    if bytes.starts_with(mtz::MAGIC) {
        expanded("MTZ", mtz::parse(bytes, f_column)?, most)
    } else if mmcif::is_cif(bytes) {
        expanded("mmCIF", mmcif::parse(bytes, f_column)?, most)
    } else {
        text(bytes, f_column)
    }
}

/// A list in text, which is taken as it is.
fn text(bytes: &[u8], f_column: Option<&str>) -> Result<ReflectionFile, Problem> {
    // Files of XDS (INTEGRATE.HKL, XDS_ASCII.HKL, those of XSCALE) name their items in their
    // header; intensities stand where a list has F.
    let header = text_lines(bytes).take_while(|line| line.starts_with(b"!"));
    let is_xds = |line: &[u8]| {
        let items = line.strip_prefix(b"!").unwrap_or_default();
        items.starts_with(b"FORMAT=XDS_ASCII")
            || items.starts_with(b"OUTPUT_FILE=INTEGRATE")
            || items
                .split(|&byte| byte == b',')
                .any(|item| item == b"IOBS")
            || items.starts_with(b"ITEM_IOBS")
    };
    if header.into_iter().any(is_xds) {
        return Err(Problem::with_file(
            "a file of intensities from XDS; turn them into amplitudes first, as xdsconv and \
             pointless with ctruncate do",
        ));
    }
    let list = hkl::parse(bytes)?;
    let unheeded = f_column.map(|_| {
        "--f-column has no effect on a list in text, whose fourth column is F".to_string()
    });
    Ok(ReflectionFile {
        origin: Origin {
            format: "text",
            column: None,
            space_group: None,
            operators: None,
            listed: list.len(),
            in_p1: list.len(),
        },
        reflections: list.into(),
        cell: None,
        notices: unheeded.into_iter().collect(),
    })
}

/// A list of merged reflections, expanded to P1.
fn expanded(
    format: &'static str,
    merged: MergedList,
    most: Bytes,
) -> Result<ReflectionFile, Problem> {
    let mut notices = merged.notices();
    let MergedList {
        column,
        amplitudes,
        space_group: NamedGroup { name, group },
        cell,
        ..
    } = merged;
    if let Some(cell) = &cell {
        group
            .check_cell(cell)
            .map_err(|error| Problem::with_file(error.to_string()))?;
    }
    let listed = amplitudes.reflections;
    if listed.is_empty() {
        let others = match merged.passed_over[..] {
            [] => String::new(),
            ref others => format!(
                "; name another column with --f-column: {}",
                others.join(", ")
            ),
        };
        let what = format!("no reflection has an F in column {column}{others}");
        return Err(Problem::with_file(what));
    }
    let operators = group.order();
    let Expansion {
        reflections,
        absent,
    } = expand(&listed, group, memory_for(most))
        .map_err(|error| Problem::with_file(error.to_string()))?;
    if absent > 0 {
        notices.push(format!(
            "{absent} of the reflections in column {column} are absent by the symmetry {}; their F \
             is taken as zero",
            quoted(&name)
        ));
    }
    Ok(ReflectionFile {
        origin: Origin {
            format,
            column: Some(column),
            space_group: Some(name),
            operators: Some(operators),
            listed: listed.len(),
            in_p1: reflections.list.len(),
        },
        reflections,
        cell,
        notices,
    })
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format)?;
        if let Some(column) = &self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ", {} reflections", self.listed)?;
        match (&self.space_group, self.operators) {
            (Some(name), Some(operators)) => {
                let in_p1 = self.in_p1;
                write!(f, " in {name} ({operators} operators), {in_p1} in P1")
            }
            _ => write!(f, ", taken as they are"),
        }
    }
}
