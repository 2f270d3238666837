//! Laue groups: the symmetry of what a crystal scatters, whatever its space group.
//!
//! A Laue group is a point group with the inversion. What is averaged over it here is the same at δ
//! and −δ, so its rotations stand for all of it.
//!
//! Source: International Tables for Crystallography, vol. A, §3.2.

use glam::{DMat3, DVec3};

use super::{Operator, SpaceGroup, SymmetryError, UnitCell};

/// The names, each with generators of the rotations in the settings that cells come in: the first
/// that fits a cell is taken. A 2/m has its axis along b, c or a; trigonal groups are those of
/// hexagonal axes, then those of rhombohedral ones.
const NAMED: [(&str, &[&str]); 13] = [
    ("-1", &["x,y,z"]),
    ("2/m", &["-x,y,-z", "-x,-y,z", "x,-y,-z"]),
    ("mmm", &["-x,-y,z;x,-y,-z"]),
    ("4/m", &["-y,x,z"]),
    ("4/mmm", &["-y,x,z;x,-y,-z"]),
    ("-3", &["-y,x-y,z", "z,x,y"]),
    ("-3m", &["-y,x-y,z;y,x,-z", "z,x,y;-y,-x,-z"]),
    ("-3m1", &["-y,x-y,z;y,x,-z", "z,x,y;-y,-x,-z"]),
    ("-31m", &["-y,x-y,z;-y,-x,-z"]),
    ("6/m", &["x-y,x,z"]),
    ("6/mmm", &["x-y,x,z;y,x,-z"]),
    ("m-3", &["z,x,y;-x,-y,z"]),
    ("m-3m", &["z,x,y;-y,x,z"]),
];

/// A Laue group, by its rotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaueGroup {
    /// In order; the identity is among them.
    rotations: Vec<Operator>,
}

impl LaueGroup {
    /// The group of the inversion alone, −1.
    pub fn triclinic() -> LaueGroup {
        LaueGroup {
            rotations: vec![Operator::IDENTITY],
        }
    }

    /// The Laue group of crystals with the symmetry `group`.
    pub fn of(group: &SpaceGroup) -> LaueGroup {
        let mut rotations: Vec<Operator> = group.operators().map(|own| own.proper()).collect();
        rotations.sort_unstable();
        rotations.dedup();
        LaueGroup { rotations }
    }

    /// The group called `name`, one of those that [`LaueGroup::name`] gives or `-3m1`, `-31m`, in the
    /// setting that fits `cell`, or in the first where none does. None for another name.
    pub fn named(name: &str, cell: &UnitCell) -> Option<LaueGroup> {
        let (_, settings) = NAMED.iter().find(|(own, _)| *own == name)?;
        let built = |generators: &&str| {
            let generators = generators.split(';').map(Operator::parse);
            let generators: Vec<Operator> = generators.collect::<Result<_, _>>().ok()?;
            Some(LaueGroup::of(&SpaceGroup::generated_by(&generators).ok()?))
        };
        let mut groups = settings.iter().filter_map(built);
        let first = groups.next()?;
        match first.check_cell(cell) {
            Ok(()) => Some(first),
            Err(_) => Some(
                groups
                    .find(|own| own.check_cell(cell).is_ok())
                    .unwrap_or(first),
            ),
        }
    }

    /// The symbol of the group: one of eleven, whatever the setting.
    pub fn name(&self) -> &'static str {
        // A rotation's trace tells its order: -1 two, 0 three, 1 four, 2 six.
        let axes = |trace: i32| {
            let own = self.rotations.iter();
            own.filter(|rotation| rotation.trace() == trace).count()
        };
        match self.rotations.len() {
            1 => "-1",
            2 => "2/m",
            3 => "-3",
            4 if axes(1) == 0 => "mmm",
            4 => "4/m",
            6 if axes(2) == 0 => "-3m",
            6 => "6/m",
            8 => "4/mmm",
            12 if axes(0) == 8 => "m-3",
            12 => "6/mmm",
            _ => "m-3m",
        }
    }

    /// The rotations, as matrices that take a column of indices h, k, l to an equivalent one.
    pub fn on_indices(&self) -> impl ExactSizeIterator<Item = DMat3> {
        self.rotations.iter().map(|rotation| {
            let axis = |axis: usize| {
                let mut index = [0; 3];
                index[axis] = 1;
                DVec3::from_array(rotation.on_index(index).map(f64::from))
            };
            DMat3::from_cols(axis(0), axis(1), axis(2))
        })
    }

    /// Whether the group has no rotation but the identity.
    pub fn is_trivial(&self) -> bool {
        self.rotations.len() == 1
    }

    /// Checks that the rotations leave the edges and angles of `cell` alone, as far as a cell is
    /// measured.
    ///
    /// # Errors
    /// [`SymmetryError::Cell`] with one that does not.
    pub fn check_cell(&self, cell: &UnitCell) -> Result<(), SymmetryError> {
        Operator::check_cell(&self.rotations, cell)
    }

    /// The largest part by which a rotation changes the square of a length in `cell`: 0 where it has the
    /// symmetry of the group.
    pub fn strain(&self, cell: &UnitCell) -> f64 {
        let rotations = self.rotations.iter();
        rotations.map(|own| own.strain(cell)).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::named;

    fn cell(lengths: [f64; 3], angles: [f64; 3]) -> UnitCell {
        UnitCell::from_parameters(lengths.map(|x| x * 1e-10), angles.map(f64::to_radians)).unwrap()
    }

    /// A cell of the lowest symmetry that has each group, by the group's name, and its rotations.
    fn cases() -> [(&'static str, UnitCell, usize); 17] {
        let (right, hexagonal) = ([90.0; 3], [90.0, 90.0, 120.0]);
        let rhombohedral = cell([50.0; 3], [70.0; 3]);
        let hexagon = cell([60.0, 60.0, 80.0], hexagonal);
        let tetragon = cell([50.0, 50.0, 70.0], right);
        [
            ("-1", cell([38.0, 52.0, 61.0], [71.0, 83.0, 67.0]), 1),
            ("2/m", cell([38.0, 52.0, 61.0], [90.0, 105.0, 90.0]), 2),
            ("2/m", cell([38.0, 52.0, 61.0], [90.0, 90.0, 105.0]), 2),
            ("2/m", cell([38.0, 52.0, 61.0], [105.0, 90.0, 90.0]), 2),
            ("mmm", cell([38.0, 52.0, 61.0], right), 4),
            ("4/m", tetragon, 4),
            ("4/mmm", tetragon, 8),
            ("-3", hexagon, 3),
            ("-3", rhombohedral, 3),
            ("-3m", hexagon, 6),
            ("-3m1", hexagon, 6),
            ("-3m1", rhombohedral, 6),
            ("-31m", hexagon, 6),
            ("6/m", hexagon, 6),
            ("6/mmm", hexagon, 12),
            ("m-3", cell([70.0; 3], right), 12),
            ("m-3m", cell([70.0; 3], right), 24),
        ]
    }

    #[test]
    fn rotations_are_orthogonal_in_the_metric_of_finite_order_and_a_group() {
        for (name, cell, order) in cases() {
            let group = LaueGroup::named(name, &cell).unwrap();
            assert_eq!(group.on_indices().len(), order, "{name}");
            // One symbol for -3m1 and -31m.
            let symbol = if name.starts_with("-3") {
                name.replace('1', "")
            } else {
                name.into()
            };
            assert_eq!(group.name(), symbol);
            assert!(group.strain(&cell) < 1e-12, "{name}");
            let basis = *cell.reciprocal();
            let matrices: Vec<DMat3> = group.on_indices().collect();
            for matrix in &matrices {
                let turn = basis * *matrix * basis.inverse();
                let is_turn = (turn * turn.transpose()).abs_diff_eq(DMat3::IDENTITY, 1e-12);
                assert!(
                    is_turn && (turn.determinant() - 1.0).abs() < 1e-12,
                    "{name}"
                );
                let mut power = *matrix;
                let times = (1..=6).find(|_| {
                    let done = power == DMat3::IDENTITY;
                    power *= *matrix;
                    done
                });
                assert!(times.is_some(), "{name}: {matrix}");
                for other in &matrices {
                    assert!(matrices.contains(&(*matrix * *other)), "{name} is closed");
                }
            }
        }
    }

    #[test]
    fn groups_that_a_cell_does_not_have_are_found_out() {
        let cell = cell([60.0, 61.0, 80.0], [90.0; 3]);
        for (name, fits) in [("mmm", true), ("2/m", true), ("-3", false), ("m-3m", false)] {
            let group = LaueGroup::named(name, &cell).unwrap();
            assert_eq!(group.check_cell(&cell).is_ok(), fits, "{name}");
        }
        assert_eq!(LaueGroup::named("3m", &cell), None);
    }

    #[test]
    fn space_groups_have_their_laue_groups() {
        for (space_group, name, order) in [
            ("P 1", "-1", 1),
            ("P 21", "2/m", 2),
            ("P 21 21 21", "mmm", 4),
            ("I 41/a", "4/m", 4),
            ("P 43 21 2", "4/mmm", 8),
            ("P -4 3 m", "m-3m", 24),
            ("H 3", "-3", 3),
            ("P 3 1 2", "-3m", 6),
            ("P 61", "6/m", 6),
            ("P -6 2 m", "6/mmm", 12),
            ("F 2 3", "m-3", 12),
        ] {
            let group = LaueGroup::of(&named(space_group, true).unwrap().group);
            assert_eq!(
                (group.name(), group.on_indices().len()),
                (name, order),
                "{space_group}"
            );
        }
    }
}
