//! The atoms of a crystal, from PDB or mmCIF, told by content.
//!
//! The crate `pdbtbx` was tried (0.12): of 200 000 damaged PDB files it panicked at 42 210, and it
//! refuses files whose serial numbers are beyond 99 999 or whose elements are left out.

mod pdb;
mod sites;

use std::path::Path;

use super::error::read_with;
use super::text::unmarked;
use super::{FormatError, Problem, mmcif};
use crate::geometry::NamedGroup;
use crate::memory::Bytes;
use crate::structure::{CrystalStructure, share_special_positions};

pub(super) use sites::{Copying, Frame, Site, Sites};

/// What a file of coordinates holds.
#[derive(Debug, Clone, PartialEq)]
pub struct CoordinateFile {
    /// `PDB` or `mmCIF`.
    pub format: &'static str,
    /// The crystal.
    pub structure: CrystalStructure,
    /// Name of its space group.
    pub space_group: String,
    /// Notices for the user, where nothing is wrong.
    pub notices: Vec<String>,
}

/// Reads the atoms of the file at `path`.
///
/// # Errors
/// [`FormatError`], with the line to blame where there is one.
pub fn read(path: &Path, most: Bytes) -> Result<CoordinateFile, FormatError> {
    read_with(path, most, |bytes| parse(bytes, most))
}

/// The atoms in `bytes`, where a file of no more than `most` may be read.
///
/// # Errors
/// A [`Problem`] with the content: no cell or symmetry, an atom that is none, more copies than fit
/// in memory.
pub fn parse(bytes: &[u8], most: Bytes) -> Result<CoordinateFile, Problem> {
    match mmcif::is_cif(bytes) {
        true => finished("mmCIF", mmcif::parse_atoms(bytes)?, most),
        false => finished("PDB", pdb::parse(unmarked(bytes))?, most),
    }
}

/// The crystal of all sites.
fn finished(
    format: &'static str,
    (mut sites, NamedGroup { name, group }): (Sites, NamedGroup),
    most: Bytes,
) -> Result<CoordinateFile, Problem> {
    /// Labels that a notice has.
    const NAMED: usize = 3;
    let mut notices = sites.notices();
    notices.extend(sites.copy(most)?);
    let Sites {
        frame,
        atoms,
        labels,
        ..
    } = sites;
    if atoms.is_empty() {
        return Err(Problem::with_file("a file without atoms"));
    }
    let mut structure = CrystalStructure {
        cell: frame.cell,
        space_group: group,
        atoms,
    };
    let shared = share_special_positions(&mut structure);
    if !shared.is_empty() {
        let named: Vec<&str> = shared
            .iter()
            .take(NAMED)
            .map(|&number| labels[number].as_str())
            .collect();
        let more = if shared.len() > NAMED { ", …" } else { "" };
        notices.push(format!(
            "{} atoms on special positions are counted once, not once an operator ({}{more})",
            shared.len(),
            named.join(", ")
        ));
    }
    Ok(CoordinateFile {
        format,
        structure,
        space_group: name,
        notices,
    })
}
