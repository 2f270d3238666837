//! The symmetry of a crystal: operators, the space groups they make, and what a group does to
//! Miller indices.
//!
//! An operator takes a point x to R x + t, in fractions of the cell's edges. A crystal whose
//! density it leaves alone has F(hR) = F(h) exp(−2πi h·t), h a row of indices: |F| is the same at h
//! and hR, and where hR = h while h·t is no whole number, F is zero, a systematic absence.
//!
//! Source: International Tables for Crystallography, vol. A, and vol. B §1.4.

use super::{Operator, UnitCell};

/// Operators that the largest group has: m-3m with F centring.
pub const MOST_OPERATORS: usize = 192;

/// A text that is no symmetry operator, or operators that make no group.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SymmetryError {
    /// A text that is none.
    #[error("'{0}' is no symmetry operator; expected three parts such as -x+1/2,y,-z+1/4")]
    Operator(String),
    /// Two operators whose product is missing.
    #[error(
        "the symmetry operators are no group: {first} after {second} makes {product}, which is \
         not among them"
    )]
    Open {
        /// The one applied last.
        first: Operator,
        /// The one applied first.
        second: Operator,
        /// What they make.
        product: Operator,
    },
    /// An operator that the cell has not.
    #[error(
        "the symmetry operator {0} does not fit the cell, whose edges and angles it would change; \
         one of them is wrong"
    )]
    Cell(Operator),
    /// More operators than any group has.
    #[error("{0} symmetry operators; no group has more than {MOST_OPERATORS}")]
    TooMany(usize),
}

/// Every operator of a space group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceGroup {
    /// One a rotation, the identity first.
    representatives: Vec<Operator>,
    /// The identity, and the pure translations of a centred lattice.
    centrings: Vec<Operator>,
}

impl SpaceGroup {
    /// The group without symmetry.
    pub fn p1() -> SpaceGroup {
        SpaceGroup {
            representatives: vec![Operator::IDENTITY],
            centrings: vec![Operator::IDENTITY],
        }
    }

    /// The group that has these operators; one that is listed twice counts once.
    ///
    /// # Errors
    /// [`SymmetryError`] when they are not a group, all of it.
    pub fn of(operators: &[Operator]) -> Result<SpaceGroup, SymmetryError> {
        let mut sorted = operators.to_vec();
        sorted.push(Operator::IDENTITY);
        sorted.sort_unstable();
        sorted.dedup();
        if sorted.len() > MOST_OPERATORS {
            return Err(SymmetryError::TooMany(sorted.len()));
        }
        for first in &sorted {
            for second in &sorted {
                let product = first.after(second);
                if sorted.binary_search(&product).is_err() {
                    return Err(SymmetryError::Open {
                        first: *first,
                        second: *second,
                        product,
                    });
                }
            }
        }
        Ok(SpaceGroup::of_closed(&sorted))
    }

    /// The group that these operators generate.
    ///
    /// # Errors
    /// [`SymmetryError`] when it is infinite, or finer than a crystal's.
    pub fn generated_by(generators: &[Operator]) -> Result<SpaceGroup, SymmetryError> {
        let mut operators = vec![Operator::IDENTITY];
        let mut next = 0;
        while let Some(&operator) = operators.get(next) {
            for generator in generators {
                let product = generator.after(&operator);
                if product
                    .rotation
                    .as_flattened()
                    .iter()
                    .any(|entry| entry.abs() > 1)
                {
                    return Err(SymmetryError::Open {
                        first: *generator,
                        second: operator,
                        product,
                    });
                }
                if !operators.contains(&product) {
                    operators.push(product);
                }
            }
            if operators.len() > MOST_OPERATORS {
                return Err(SymmetryError::TooMany(operators.len()));
            }
            next += 1;
        }
        operators.sort_unstable();
        Ok(SpaceGroup::of_closed(&operators))
    }

    /// The group of operators that are known to be one.
    fn of_closed(operators: &[Operator]) -> SpaceGroup {
        let pure = |operator: &&Operator| operator.rotation == Operator::IDENTITY.rotation;
        let mut representatives: Vec<Operator> = vec![Operator::IDENTITY];
        for operator in operators {
            let known = |other: &Operator| other.rotation == operator.rotation;
            if !representatives.iter().any(known) {
                representatives.push(*operator);
            }
        }
        SpaceGroup {
            representatives,
            centrings: operators.iter().filter(pure).copied().collect(),
        }
    }

    /// Every operator, those of centring included.
    pub fn operators(&self) -> impl Iterator<Item = Operator> {
        let centred = |operator| {
            self.centrings
                .iter()
                .map(move |centring: &Operator| centring.after(operator))
        };
        self.representatives.iter().flat_map(centred)
    }

    /// How many operators the group has, those of centring included.
    pub fn order(&self) -> usize {
        self.representatives.len() * self.centrings.len()
    }

    /// How many rotations the group has: the order of its point group.
    pub fn point_group_order(&self) -> usize {
        self.representatives.len()
    }

    /// The indices that share their |F| with `index`, itself first; one that a rotation leaves
    /// where it is comes more than once. Friedel mates are not among them, unless by symmetry.
    #[inline]
    pub fn equivalents(&self, index: [i32; 3]) -> impl Iterator<Item = [i32; 3]> {
        let turned = move |operator: &Operator| operator.on_index(index);
        self.representatives.iter().map(turned)
    }

    /// Whether symmetry makes this index equivalent to its own Friedel mate.
    #[inline]
    pub fn is_centric(&self, index: [i32; 3]) -> bool {
        let mate = index.map(i32::wrapping_neg);
        self.equivalents(index).any(|other| other == mate)
    }

    /// Checks that the operators leave the edges and angles of `cell` alone.
    ///
    /// # Errors
    /// [`SymmetryError::Cell`] with one that does not.
    pub fn check_cell(&self, cell: &UnitCell) -> Result<(), SymmetryError> {
        Operator::check_cell(&self.representatives, cell)
    }

    /// Whether symmetry makes F of this index zero.
    #[inline]
    pub fn is_absent(&self, index: [i32; 3]) -> bool {
        let forbids = |operator: &Operator| !operator.in_phase(index);
        let stays = |operator: &&Operator| operator.on_index(index) == index;
        self.centrings.iter().any(forbids) || self.representatives.iter().filter(stays).any(forbids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(text: &str) -> Operator {
        Operator::parse(text).unwrap()
    }

    #[test]
    fn a_screw_axis_extinguishes_odd_orders_along_it() {
        let group = SpaceGroup::generated_by(&[operator("-x,y+1/2,-z")]).unwrap();
        assert_eq!(group.order(), 2);
        for k in -5..=5 {
            assert_eq!(group.is_absent([0, k, 0]), k % 2 != 0, "0 {k} 0");
            assert!(!group.is_absent([1, k, 0]));
        }
    }

    #[test]
    fn a_three_fold_axis_turns_indices_by_the_transposed_rotation() {
        // h k i l with i = -h - k: the axis cycles h, k and i.
        let group = SpaceGroup::generated_by(&[operator("-y,x-y,z")]).unwrap();
        let mut found: Vec<_> = group.equivalents([1, 2, 5]).collect();
        found.sort();
        assert_eq!(found, [[-3, 1, 5], [1, 2, 5], [2, -3, 5]]);
    }

    #[test]
    fn operators_that_are_no_group_are_refused() {
        let open = SpaceGroup::of(&[operator("-y,x,z+1/4")]).unwrap_err();
        assert!(matches!(open, SymmetryError::Open { .. }), "{open}");
        // A square lattice cannot be hexagonal at once.
        let infinite = SpaceGroup::generated_by(&[operator("-y,x,z"), operator("-y,x-y,z")]);
        assert!(infinite.is_err());
    }
}
