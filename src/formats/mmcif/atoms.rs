//! Coordinates from mmCIF: a table `_atom_site`, with the cell and the symmetry in the same block.
//!
//! Source: the PDBx/mmCIF dictionary, categories `atom_site`, `atom_sites`, `atom_site_anisotrop`,
//! `struct_ncs_oper`.

use std::collections::HashMap;
use std::f64::consts::PI;

use glam::{DMat3, DVec3};

use super::tables::{Block, Table, blocks};
use super::{cell, cif_text, is_of_crystal, number, space_group, within};
use crate::formats::Problem;
use crate::formats::coordinates::{Copying, Frame, Site, Sites};
use crate::formats::text::quoted;
use crate::geometry::NamedGroup;

/// The sites and the symmetry in `bytes`, those of the first block with atoms.
///
/// # Errors
/// A [`Problem`] when the file is damaged, has no crystal, or an atom is none.
pub fn parse_atoms(bytes: &[u8]) -> Result<(Sites, NamedGroup), Problem> {
    let wanted = |tag: &str| {
        let categories = [
            "_atom_site.",
            "_atom_sites.",
            "_atom_site_anisotrop.",
            "_struct_ncs_oper.",
        ];
        is_of_crystal(tag)
            || categories
                .iter()
                .any(|category| within(category, tag).is_some())
    };
    let text = cif_text(bytes)?;
    let blocks = blocks(&text, wanted)?;
    let mut with_atoms = blocks
        .iter()
        .filter_map(|block| Some((block, block.table("_atom_site.type_symbol")?)));
    let Some((block, table)) = with_atoms.next() else {
        return Err(Problem::with_file(
            "an mmCIF without atoms (a loop of _atom_site.type_symbol and others); structure \
             factors are read with -hkl, and CIF files of small molecules are not read",
        ));
    };
    let Some(cell) = cell(block)? else {
        return Err(Problem::with_file(
            "an mmCIF without a cell; give it _cell.length_a and the other five",
        ));
    };
    let (group, notice) = space_group(block, cell.is_hexagonal())?;
    let mut frame = Frame::standard(cell)?;
    if let Some((matrix, shift)) = own_matrix(block) {
        frame = frame.or_own(matrix, shift);
    }
    let mut sites = Sites::new(frame);
    sites.group_notice = notice;
    sites.copies = copies(block)?;
    let mut displacements = mean_squares(block)?;
    gather(table, &mut displacements, &mut sites)?;
    sites.not_displaced += displacements.len();
    Ok((sites, group))
}

/// U11, U22, U33, U12, U13, U23 in Å² of atoms by their ids, and the lines that say them; as the
/// PDB has them, along the axes of the coordinates.
fn mean_squares(block: &Block) -> Result<HashMap<String, (usize, [f64; 6])>, Problem> {
    const ENTRIES: [&str; 6] = ["[1][1]", "[2][2]", "[3][3]", "[1][2]", "[1][3]", "[2][3]"];
    let mut found = HashMap::new();
    let places = [("_atom_site_anisotrop.", ""), ("_atom_site.", "aniso_")];
    for (category, prefix) in places {
        let id = format!("{category}id");
        let Some((table, id)) = block.table(&id).and_then(|t| Some((t, t.column(&id)?))) else {
            continue;
        };
        let columns = |letter: char, per_u: f64| {
            let tag = |entry| format!("{category}{prefix}{letter}{entry}");
            let columns = ENTRIES.map(|entry| table.column(&tag(entry)));
            Some((columns.into_iter().collect::<Option<Vec<_>>>()?, per_u))
        };
        let either = columns('U', 1.0).or_else(|| columns('B', 8.0 * PI * PI));
        let Some((columns, per_u)) = either else {
            continue;
        };
        table.each_row(|line, row| {
            let mut u = [0.0; 6];
            for (u, column) in u.iter_mut().zip(&columns) {
                let Some(text) = row[*column].known() else {
                    return Ok(());
                };
                let value = number(text).ok_or_else(|| {
                    let what = format!("anisotropic displacement: {} is no number", quoted(text));
                    Problem::on_line(line, what)
                })?;
                *u = value / per_u;
            }
            found.insert(row[id].text.to_string(), (line, u));
            Ok(())
        })?;
    }
    Ok(found)
}

/// The operators of non-crystallographic symmetry whose copies are not in the file.
fn copies(block: &Block) -> Result<Vec<Copying>, Problem> {
    let tag = |item: String| format!("_struct_ncs_oper.{item}");
    let copying = |value: &dyn Fn(String) -> Option<String>| {
        let entry = |item: String| number(&value(item)?);
        let row = |row: usize| {
            let matrix = |column: usize| entry(format!("matrix[{row}][{column}]"));
            Some([
                matrix(1)?,
                matrix(2)?,
                matrix(3)?,
                entry(format!("vector[{row}]"))?,
            ])
        };
        let rows = || Copying::of_rows([row(1)?, row(2)?, row(3)?]);
        let is_given = value("code".into()).is_some_and(|code| code.eq_ignore_ascii_case("given"));
        match rows() {
            Some(copying) => Ok((!is_given).then_some(copying)),
            None if is_given => Ok(None),
            None => Err(Problem::with_file(
                "an operator in _struct_ncs_oper that is no rotation; expected matrix[1][1] to \
                 matrix[3][3], a rotation, and vector[1] to vector[3]",
            )),
        }
    };
    let Some(table) = block.table("_struct_ncs_oper.matrix[1][1]") else {
        // One operator may stand without a loop.
        return match block.item("_struct_ncs_oper.matrix[1][1]") {
            None => Ok(Vec::new()),
            Some(_) => {
                let one = copying(&|item| block.item(&tag(item)).map(str::to_string))?;
                Ok(one.into_iter().collect())
            }
        };
    };
    let mut copies = Vec::new();
    table.each_row(|_, row| {
        let value = |item| row[table.column(&tag(item))?].known().map(str::to_string);
        copies.extend(copying(&value)?);
        Ok(())
    })?;
    Ok(copies)
}

/// Takes every row of the table, and the displacements of its atoms.
fn gather(
    table: &Table,
    displacements: &mut HashMap<String, (usize, [f64; 6])>,
    sites: &mut Sites,
) -> Result<(), Problem> {
    let column = |item: &str| table.column(&format!("_atom_site.{item}"));
    let three = |kind: &str| {
        let [x, y, z] = ["x", "y", "z"].map(|axis| column(&format!("{kind}_{axis}")));
        Some([x?, y?, z?])
    };
    let (cartesian, fractions) = (three("Cartn"), three("fract"));
    let Some(place) = cartesian.or(fractions) else {
        let what = "the atoms have neither _atom_site.Cartn_x, _y and _z nor fract_x, _y and _z";
        return Err(Problem::with_file(what));
    };
    let names = [
        "auth_atom_id",
        "label_atom_id",
        "label_alt_id",
        "auth_comp_id",
        "auth_asym_id",
        "auth_seq_id",
    ];
    let names = names.map(column);
    let (symbol, id) = (column("type_symbol"), column("id"));
    let [model, charge, occupancy, b, u] = [
        "pdbx_PDB_model_num",
        "pdbx_formal_charge",
        "occupancy",
        "B_iso_or_equiv",
        "U_iso_or_equiv",
    ]
    .map(column);
    let mut first_model = None;
    table.each_row(|line, row| {
        let known = |column: Option<usize>| column.and_then(|column| row.get(column)?.known());
        let own_model = known(model).unwrap_or_default();
        let displacement = known(id).and_then(|id| displacements.remove(id));
        if *first_model.get_or_insert(own_model) != own_model {
            sites.of_other_models += 1;
            return Ok(());
        }
        // The label's name stands in for the author's.
        let skipped = usize::from(known(names[0]).is_some());
        let words = names
            .iter()
            .enumerate()
            .filter(|(place, _)| *place != skipped);
        let words: Vec<&str> = words.filter_map(|(_, column)| known(*column)).collect();
        let label = words.join(" ");
        let value = |column: Option<usize>, missing: Option<f64>| match known(column) {
            Some(text) => number(text).ok_or_else(|| {
                Problem::on_line(line, format!("atom {label}: {} is no number", quoted(text)))
            }),
            None => missing.ok_or_else(|| {
                Problem::on_line(line, format!("atom {label}: a coordinate is missing"))
            }),
        };
        let mut point = [0.0; 3];
        for (component, column) in point.iter_mut().zip(place) {
            *component = value(Some(column), None)?;
        }
        let point = DVec3::from_array(point);
        let b_of_u = value(u, Some(0.0))? * 8.0 * PI * PI;
        let site = Site {
            line,
            element: known(symbol).unwrap_or_default(),
            charge: known(charge)
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            position: match cartesian {
                Some(_) => sites.frame().fractions(point),
                None => point,
            },
            occupancy: value(occupancy, Some(1.0))?,
            b_angstrom2: value(b, Some(b_of_u))?,
            label,
        };
        sites.push(site)?;
        displacement.map_or(Ok(()), |(line, u)| sites.displace_last(line, u))
    })
}

/// The file's own matrix and shift from Å to fractions, where it is complete.
fn own_matrix(block: &Block) -> Option<(DMat3, DVec3)> {
    let item = |name: String| number(block.item(&format!("_atom_sites.fract_transf_{name}"))?);
    let row = |row: usize| {
        let entry = |column: usize| item(format!("matrix[{row}][{column}]"));
        Some(DVec3::new(entry(1)?, entry(2)?, entry(3)?))
    };
    let matrix = DMat3::from_cols(row(1)?, row(2)?, row(3)?).transpose();
    let shift = |row: usize| item(format!("vector[{row}]")).unwrap_or(0.0);
    Some((matrix, DVec3::new(shift(1), shift(2), shift(3))))
}
