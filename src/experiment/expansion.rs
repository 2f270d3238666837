//! From the unique reflections of a crystal to all of them: the expansion to P1.

use super::{ExperimentError, Reflection};
use crate::geometry::SpaceGroup;
use crate::memory::Bytes;

/// Reflections in P1, and the symmetry that they are known to have.
#[derive(Debug, Clone, PartialEq)]
pub struct Reflections {
    /// Every reflection there is.
    pub list: Vec<Reflection>,
    /// The symmetry, which tells absences from holes of the list; none where it is not known.
    pub space_group: Option<SpaceGroup>,
}

impl From<Vec<Reflection>> for Reflections {
    /// A list taken as it is.
    fn from(list: Vec<Reflection>) -> Reflections {
        Reflections {
            list,
            space_group: None,
        }
    }
}

/// What came of an expansion.
#[derive(Debug, Clone, PartialEq)]
pub struct Expansion {
    /// The reflections in P1, each once.
    pub reflections: Reflections,
    /// How many of the listed ones symmetry makes zero, though their F was not: they are left out.
    pub absent: usize,
}

/// Largest component of a Miller index that is expanded; a crystal of 1000 Å at 0.1 Å reaches 1e4.
pub const LARGEST_INDEX: i32 = 1 << 20;

/// Relative difference of two F that are the same but for rounding.
const ROUNDING: f64 = 1e-3;

/// Expands `listed`, merged reflections of a crystal of this symmetry, to P1. Equivalents of a
/// listed reflection take its F; so do their Friedel mates, unless the list has those itself.
/// Absent reflections are left out.
///
/// # Errors
/// [`ExperimentError`] for equivalents whose F differ by more than rounding, for an index beyond
/// [`LARGEST_INDEX`], and when the expansion takes more than `memory`.
pub fn expand(
    listed: &[Reflection],
    space_group: SpaceGroup,
    memory: Bytes,
) -> Result<Expansion, ExperimentError> {
    let (unique, absent) = unique(listed, &space_group)?;
    let most = unique.len() as u64 * space_group.point_group_order() as u64 * 2;
    let needed = Bytes::of::<Reflection>(most);
    if needed > memory {
        let available = memory;
        return Err(ExperimentError::ExpansionTooLarge { needed, available });
    }
    let mut list = Vec::with_capacity(most as usize);
    for &Reflection { index, amplitude } in &unique {
        push_equivalents(&mut list, &space_group, index, amplitude);
        let mate = representative(&space_group, index.map(|component| -component));
        let is_listed = || unique.binary_search_by_key(&mate, |known| known.index);
        if mate != index && is_listed().is_err() {
            push_equivalents(&mut list, &space_group, mate, amplitude);
        }
    }
    Ok(Expansion {
        reflections: Reflections {
            list,
            space_group: Some(space_group),
        },
        absent,
    })
}

/// The index that stands for all equivalents of `index`.
fn representative(group: &SpaceGroup, index: [i32; 3]) -> [i32; 3] {
    group.equivalents(index).max().unwrap_or(index)
}

/// One reflection of `listed` for each set of equivalents, sorted, under the index that
/// represents the set; and how many were left out as absent with an F that is not zero.
fn unique(
    listed: &[Reflection],
    group: &SpaceGroup,
) -> Result<(Vec<Reflection>, usize), ExperimentError> {
    let mut absent = 0;
    let mut unique = Vec::with_capacity(listed.len());
    for &Reflection { index, amplitude } in listed {
        if index
            .iter()
            .any(|part| !(-LARGEST_INDEX..=LARGEST_INDEX).contains(part))
        {
            return Err(ExperimentError::IndexTooLarge(index));
        }
        if group.is_absent(index) {
            absent += usize::from(amplitude != 0.0);
            continue;
        }
        unique.push(Reflection {
            index: representative(group, index),
            amplitude,
        });
    }
    // A stable sort: of equivalents that are listed twice, the first counts.
    unique.sort_by_key(|reflection| reflection.index);
    for pair in unique.windows(2) {
        let [first, second] = [pair[0].amplitude, pair[1].amplitude];
        let rounding = ROUNDING * first.abs().max(second.abs());
        if pair[0].index == pair[1].index && (first - second).abs() > rounding {
            return Err(ExperimentError::ContradictoryEquivalents {
                index: pair[0].index,
                first,
                second,
            });
        }
    }
    unique.dedup_by_key(|reflection| reflection.index);
    Ok((unique, absent))
}

/// Adds `index` and its equivalents, each once.
fn push_equivalents(
    list: &mut Vec<Reflection>,
    group: &SpaceGroup,
    index: [i32; 3],
    amplitude: f64,
) {
    let start = list.len();
    let stays = group.equivalents(index).filter(|&other| other == index);
    let on_an_axis = stays.count() > 1;
    for index in group.equivalents(index) {
        let known = |reflection: &Reflection| reflection.index == index;
        if !(on_an_axis && list[start..].iter().any(known)) {
            list.push(Reflection { index, amplitude });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Operator;

    const MEMORY: Bytes = Bytes(1 << 20);

    fn at(index: [i32; 3], amplitude: f64) -> Reflection {
        Reflection { index, amplitude }
    }

    fn group(generators: &[&str]) -> SpaceGroup {
        let parsed: Vec<_> = generators
            .iter()
            .map(|text| Operator::parse(text).unwrap())
            .collect();
        SpaceGroup::generated_by(&parsed).unwrap()
    }

    fn sorted(expansion: &Expansion) -> Vec<([i32; 3], f64)> {
        let list = &expansion.reflections.list;
        let mut found: Vec<_> = list.iter().map(|r| (r.index, r.amplitude)).collect();
        found.sort_by_key(|found| found.0);
        found
    }

    #[test]
    fn an_axis_and_friedel_mates_make_four_of_one() {
        let two_fold = group(&["-x,y,-z"]);
        let expansion = expand(&[at([1, 2, 3], 5.0)], two_fold.clone(), MEMORY).unwrap();
        let all = [[-1, -2, -3], [-1, 2, -3], [1, -2, 3], [1, 2, 3]];
        assert_eq!(sorted(&expansion), all.map(|index| (index, 5.0)));
        // On the axis, and in the plane where equivalents are Friedel mates.
        let special = expand(&[at([0, 2, 0], 1.0), at([1, 0, 1], 2.0)], two_fold, MEMORY).unwrap();
        let pairs = [
            ([-1, 0, -1], 2.0),
            ([0, -2, 0], 1.0),
            ([0, 2, 0], 1.0),
            ([1, 0, 1], 2.0),
        ];
        assert_eq!(sorted(&special), pairs);
    }

    #[test]
    fn friedel_mates_that_are_listed_keep_their_own_f() {
        let two_fold = group(&["-x,y,-z"]);
        let listed = [at([1, 2, 3], 5.0), at([-1, -2, -3], 6.0)];
        let expansion = expand(&listed, two_fold, MEMORY).unwrap();
        let all = [
            ([-1, -2, -3], 6.0),
            ([-1, 2, -3], 5.0),
            ([1, -2, 3], 6.0),
            ([1, 2, 3], 5.0),
        ];
        assert_eq!(sorted(&expansion), all);
    }

    #[test]
    fn absent_reflections_are_left_out_and_counted() {
        let screw = group(&["-x,y+1/2,-z"]);
        let listed = [at([0, 1, 0], 5.0), at([0, 3, 0], 0.0), at([0, 2, 0], 7.0)];
        let expansion = expand(&listed, screw, MEMORY).unwrap();
        assert_eq!(expansion.absent, 1);
        assert_eq!(sorted(&expansion), [([0, -2, 0], 7.0), ([0, 2, 0], 7.0)]);
    }

    #[test]
    fn equivalents_may_differ_by_rounding_and_no_more() {
        let two_fold = group(&["-x,y,-z"]);
        let listed = |f| [at([1, 2, 3], 5.0), at([-1, 2, -3], f)];
        let expansion = expand(&listed(5.001), two_fold.clone(), MEMORY).unwrap();
        assert_eq!(expansion.reflections.list.len(), 4);
        assert!(sorted(&expansion).iter().all(|(_, f)| *f == 5.0));
        let error = expand(&listed(5.1), two_fold, MEMORY).unwrap_err();
        assert!(error.to_string().contains("1 2 3"), "{error}");
    }

    #[test]
    fn an_index_beyond_any_crystal_is_refused() {
        for index in [[i32::MIN, 0, 0], [0, LARGEST_INDEX + 1, 0]] {
            let error = expand(&[at(index, 1.0)], SpaceGroup::p1(), MEMORY).unwrap_err();
            assert_eq!(error, ExperimentError::IndexTooLarge(index));
        }
    }
}
