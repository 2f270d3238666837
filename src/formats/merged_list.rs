//! What a file of merged reflections lists, before symmetry makes all reflections of it.

use crate::experiment::Reflection;
use crate::geometry::{CellError, NamedGroup, SpaceGroup, UnitCell};

/// The merged reflections of a file, and what it says of the crystal.
#[derive(Debug, Clone, PartialEq)]
pub struct MergedList {
    /// Name of the column, or columns, that F is from.
    pub column: String,
    /// Other columns of amplitudes that might have been meant.
    pub passed_over: Vec<String>,
    /// Whether the column holds intensities, whose roots are taken.
    pub intensities: bool,
    /// The reflections that have an F.
    pub amplitudes: Amplitudes,
    /// The symmetry.
    pub space_group: NamedGroup,
    /// The cell, oriented as by [`UnitCell::from_parameters`].
    pub cell: Option<UnitCell>,
    /// Further notices for the user.
    pub notices: Vec<String>,
}

impl MergedList {
    /// Notices about the choice of the column and about its values.
    pub(super) fn notices(&self) -> Vec<String> {
        let mut notices = self.notices.clone();
        let column = &self.column;
        let Amplitudes {
            missing,
            negative,
            averaged,
            ..
        } = self.amplitudes;
        if !self.passed_over.is_empty() {
            notices.push(format!(
                "F is that of column {column}; --f-column takes another: {}",
                self.passed_over.join(", ")
            ));
        }
        if self.intensities {
            let below = match negative {
                0 => String::new(),
                count => format!(", of which {count} are negative and count as zero"),
            };
            notices.push(format!(
                "F is the root of the intensities in column {column}{below}"
            ));
        }
        if averaged > 0 {
            notices.push(format!(
                "{averaged} reflections are equivalent to their own Friedel mates, and those differ \
                 in column {column}: their mean is taken"
            ));
        }
        if missing > 0 {
            notices.push(format!(
                "{missing} reflections have no value in column {column} and take that of -default_F"
            ));
        }
        notices
    }
}

/// The cell of edges in Å and angles in degrees.
pub(super) fn cell_of([a, b, c, angles @ ..]: [f64; 6]) -> Result<UnitCell, CellError> {
    let edges_m = [a, b, c].map(|angstrom| angstrom * 1e-10);
    UnitCell::from_parameters(edges_m, angles.map(f64::to_radians))
}

/// Reflections as they are gathered from a file's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Amplitudes {
    /// The reflections that have an F.
    pub reflections: Vec<Reflection>,
    /// Number of rows without an F.
    pub missing: usize,
    /// Intensities below zero, whose F is taken as zero.
    pub negative: usize,
    /// Friedel mates that symmetry makes equivalent and whose values differ: their mean is taken.
    pub averaged: usize,
    intensities: bool,
    space_group: SpaceGroup,
}

impl Amplitudes {
    /// None yet, with room for `rows`; `intensities` are turned into amplitudes.
    pub(super) fn of(symmetry: &NamedGroup, rows: usize, intensities: bool) -> Amplitudes {
        Amplitudes {
            reflections: Vec::with_capacity(rows),
            missing: 0,
            negative: 0,
            averaged: 0,
            intensities,
            space_group: symmetry.group.clone(),
        }
    }

    /// Takes a row: its index, the value, and in files of Friedel mates that of the mate.
    #[inline]
    pub(super) fn push(&mut self, index: [i32; 3], plus: Option<f64>, minus: Option<Option<f64>>) {
        let minus = minus.flatten();
        if plus.is_none() && minus.is_none() {
            self.missing += 1;
        }
        if let (Some(one), Some(other)) = (plus, minus)
            && self.space_group.is_centric(index)
        {
            self.averaged += usize::from(one != other);
            return self.push_value(index, (one + other) / 2.0);
        }
        if let Some(value) = plus {
            self.push_value(index, value);
        }
        if let Some(value) = minus {
            self.push_value(index.map(i32::wrapping_neg), value);
        }
    }

    fn push_value(&mut self, index: [i32; 3], value: f64) {
        let amplitude = match self.intensities {
            true => {
                self.negative += usize::from(value < 0.0);
                value.max(0.0).sqrt()
            }
            false => value,
        };
        self.reflections.push(Reflection { index, amplitude });
    }
}
