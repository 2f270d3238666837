//! Virtual datasets: which numbers of which dataset are where in one that is made of them.
//!
//! A selection picks some indices of each axis, and the numbers at all of their combinations. The
//! numbers of a source take the places of as many numbers here, both in the order of their axes.

use std::ops::Range;
use std::sync::Arc;

use rust_hdf5::format::messages::virtual_mapping::parse_source_name;
use rust_hdf5::{H5Dataset, Hyperslab, RegularHyperslab, Selection, VirtualMapping};

use super::links::{Files, Place};
use super::problem;
use super::stored::{Frame, Opening, Stored};
use crate::formats::Problem;

/// The most ranges of indices of a selection.
const MOST_RANGES: u64 = 1 << 24;

/// The indices of an axis that a selection picks: ranges in their order.
type Picked = Vec<Range<usize>>;

/// Numbers of a source, and their places.
pub struct Mapping {
    source: Arc<Stored>,
    /// What is picked of each axis of the source.
    there: Vec<Picked>,
    /// What is picked of each axis of the virtual dataset.
    here: Vec<Picked>,
}

impl Mapping {
    /// All mappings of the virtual dataset `data` at `place`, of this `shape`.
    ///
    /// # Errors
    /// A [`Problem`] when a source is missing or too small, or a selection is none of combinations.
    pub fn all(
        opening: &mut Opening,
        place: &Place,
        data: &H5Dataset,
        shape: &[usize],
        depth: usize,
    ) -> Result<Vec<Mapping>, Problem> {
        let all = data.virtual_mappings().map_err(problem)?;
        let made = all
            .iter()
            .map(|own| Mapping::of(opening, place, own, shape, depth));
        made.collect()
    }

    fn of(
        opening: &mut Opening,
        place: &Place,
        own: &VirtualMapping,
        shape: &[usize],
        depth: usize,
    ) -> Result<Mapping, Problem> {
        let bad = |what: String| place.problem(format_args!("a virtual dataset {what}"));
        let built = |name: &str| {
            let parsed = parse_source_name(name).map_err(|error| bad(error.to_string()))?;
            match parsed.nsubs() {
                0 => Ok(parsed.build(0)),
                _ => Err(bad(format!(
                    "of as many sources {name} as there are, so that none is ever missing; \
                     expected one with a list of its sources"
                ))),
            }
        };
        let (name, path) = (built(&own.source_file_name)?, built(&own.source_dset_name)?);
        let file = match name.as_str() {
            "." => place.file.clone(),
            name => {
                let named = opening.files.named(&place.file, name);
                named.map_err(|problem| Problem {
                    what: bad(format!("of {path} of {}", problem.what)).what,
                    ..problem
                })?
            }
        };
        let source = Place::new(&file, &path);
        let missing = || {
            let file = file.display();
            bad(format!("of {path} of {file}, which is not there"))
        };
        let found = opening.files.object(&source)?.ok_or_else(missing)?;
        let source = opening.dataset(&found, depth + 1)?;
        let bounded = bounded(own, &source.shape);
        let (virtual_selection, source_selection) = bounded.map_err(bad)?;
        let here = picked(&virtual_selection, shape).map_err(bad)?;
        let there = picked(&source_selection, &source.shape)
            .map_err(|what| bad(format!("of {path} of {}, {what}", file.display())))?;
        let counts = |all: &[Picked]| -> Vec<usize> {
            all.iter().map(len).filter(|&count| count != 1).collect()
        };
        if counts(&here) != counts(&there) {
            return Err(bad(format!(
                "of {path} of {}, which is of the shape {:?} where {:?} are to be filled: some are \
                 missing, or it is another",
                file.display(),
                counts(&there),
                counts(&here)
            )));
        }
        Ok(Mapping {
            source,
            there,
            here,
        })
    }

    /// The numbers of frame `index` of the `whole` dataset that `mappings` make, and which of them
    /// are not there and hold `fill`; empty where all are there.
    pub fn frame(
        mappings: &[Mapping],
        files: &Files,
        whole: &Stored,
        index: usize,
        fill: f64,
    ) -> Result<(Vec<f64>, Vec<bool>), Problem> {
        let length = whole.frame_len();
        let mut values = vec![fill; length];
        let mut filled = vec![true; length];
        for mapping in mappings {
            let picks = |range: &Range<usize>| range.contains(&index);
            if !whole.is_stack() || mapping.here[0].iter().any(picks) {
                mapping.put(files, whole, index, &mut values, &mut filled)?;
            }
        }
        if filled.iter().all(|&filled| !filled) {
            filled.clear();
        }
        Ok((values, filled))
    }

    /// Puts the numbers of frame `index` that this mapping has in their places.
    fn put(
        &self,
        files: &Files,
        whole: &Stored,
        index: usize,
        values: &mut [f64],
        filled: &mut [bool],
    ) -> Result<(), Problem> {
        let mut pairs = self.pairs(&whole.shape);
        let (length, source_length) = (values.len(), self.source.frame_len());
        let first = index * length;
        if whole.is_stack() && len(&self.here[0]) != 1 {
            // Behind the axes along which there is one number, the first is that of frames.
            pairs[1].retain(|own| own.0 == first);
        }
        let fastest = pairs.pop().unwrap_or_default();
        let counts: Vec<usize> = pairs.iter().map(Vec::len).collect();
        let mut read: Option<(usize, Frame)> = None;
        for at in counted(&counts) {
            let chosen = at.iter().zip(&pairs).map(|(&at, pairs)| pairs[at]);
            let (to, from) = chosen.fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1));
            for pair in &fastest {
                let (to, from) = (to + pair.0, from + pair.1);
                let (frame, within) = match self.source.is_stack() {
                    true => (from / source_length, from % source_length),
                    false => (0, from),
                };
                let source = match &mut read {
                    Some((known, source)) if *known == frame => source,
                    other => &mut other.insert((frame, self.source.frame(files, frame)?)).1,
                };
                values[to - first] = source.pixels.value(within);
                filled[to - first] = source.filled.get(within) == Some(&true);
            }
        }
        Ok(())
    }

    /// For each axis along which there are several numbers, their offsets here and in the source;
    /// first, in a list of its own, the offsets of the axes along which there is one.
    fn pairs(&self, shape: &[usize]) -> Vec<Vec<(usize, usize)>> {
        let offsets = |all: &[Picked], shape: &[usize]| -> Vec<Vec<usize>> {
            let strides = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product::<usize>());
            let axes = all.iter().zip(strides).map(|(ranges, stride)| {
                let indices = ranges.iter().cloned().flatten();
                indices.map(|index| index * stride).collect()
            });
            axes.collect()
        };
        let split = |all: Vec<Vec<usize>>| {
            let (single, several): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|offsets| offsets.len() == 1);
            (single.into_iter().flatten().sum::<usize>(), several)
        };
        let (here, several_here) = split(offsets(&self.here, shape));
        let (there, several_there) = split(offsets(&self.there, &self.source.shape));
        let several = several_here.into_iter().zip(several_there);
        let several = several.map(|(here, there)| here.into_iter().zip(there).collect());
        std::iter::once(vec![(here, there)])
            .chain(several)
            .collect()
    }
}

/// How many indices are picked.
fn len(picked: &Picked) -> usize {
    picked.iter().map(Range::len).sum()
}

/// The two selections of a mapping, of which the one without an end goes as far as its source of
/// this `shape` does.
fn bounded(own: &VirtualMapping, shape: &[usize]) -> Result<(Selection, Selection), String> {
    let (here, there) = (&own.virtual_selection, &own.source_selection);
    let (grows, source_axis) = (here.unlim_dim().is_some(), there.unlim_dim());
    let regular = |selection: &Selection| -> Option<RegularHyperslab> {
        match selection {
            Selection::Hyperslab {
                form: Hyperslab::Regular(regular),
                ..
            } => Some(regular.clone()),
            _ => None,
        }
    };
    let (Some(axis), Some(here_regular), Some(there_regular)) =
        (source_axis, regular(here), regular(there))
    else {
        return match grows || source_axis.is_some() {
            true => Err("without an end, of a source that has one".into()),
            false => Ok((here.clone(), there.clone())),
        };
    };
    let Some(&count) = shape.get(axis).filter(|_| grows) else {
        return Err("with an end, of a source without one".into());
    };
    let slices = there_regular.num_slices(count as u64);
    let here = here.clip_unlimited(here_regular.clip_extent(slices, false));
    let there = there.clip_unlimited(count as u64);
    match (here, there) {
        (Ok(here), Ok(there)) => Ok((here, there)),
        (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
    }
}

/// What `selection` picks of each axis of a dataset of this `shape`.
fn picked(selection: &Selection, shape: &[usize]) -> Result<Vec<Picked>, String> {
    let no_grid = || "with a selection that is no grid of ranges, which is not read".to_string();
    let rank = shape.len();
    let axes: Vec<Picked> = match selection {
        Selection::All => shape
            .iter()
            .map(|&count| std::iter::once(0..count).collect())
            .collect(),
        Selection::None => vec![Vec::new(); rank],
        Selection::Points(_) => return Err(no_grid()),
        Selection::Hyperslab { rank: own, .. } if *own != rank => {
            return Err(format!("with a selection of {own} axes in {rank}"));
        }
        Selection::Hyperslab {
            form: Hyperslab::Regular(own),
            ..
        } => {
            let most = own.count.iter().copied().fold(1, u64::saturating_mul);
            if most > MOST_RANGES {
                return Err(no_grid());
            }
            let axis = |axis: usize| -> Option<Picked> {
                let ranges = (0..own.count[axis]).map(|step| {
                    let start = own.stride[axis].checked_mul(step)?;
                    let start = start.checked_add(own.start[axis])?;
                    Some(start as usize..start.checked_add(own.block[axis])? as usize)
                });
                ranges.collect()
            };
            let axes: Option<Vec<Picked>> = (0..rank).map(axis).collect();
            axes.ok_or_else(no_grid)?
        }
        Selection::Hyperslab {
            form: Hyperslab::Blocks(blocks),
            ..
        } => {
            let axis = |axis: usize| {
                let ranges = blocks.iter().map(|block| {
                    let end = block.end[axis].saturating_add(1);
                    block.start[axis] as usize..end as usize
                });
                let mut ranges: Picked = ranges.collect();
                ranges.sort_by_key(|range| (range.start, range.end));
                ranges.dedup();
                ranges
            };
            let axes: Vec<Picked> = (0..rank).map(axis).collect();
            // Blocks are apart, so they are all combinations if there are as many.
            let combinations = axes.iter().map(Vec::len).fold(1, usize::saturating_mul);
            if combinations != blocks.len() {
                return Err(no_grid());
            }
            axes
        }
    };
    for (ranges, &count) in axes.iter().zip(shape) {
        let apart = ranges.windows(2).all(|pair| pair[0].end <= pair[1].start);
        let sound = ranges.iter().all(|range| range.start < range.end);
        if !apart || !sound {
            return Err(no_grid());
        }
        if let Some(last) = ranges.last().filter(|last| last.end > count) {
            return Err(format!(
                "of {} frames or pixels along an axis of {count}: some are missing",
                last.end
            ));
        }
    }
    Ok(axes)
}

/// All combinations of indices below `counts`, the last index fastest.
pub fn counted(counts: &[usize]) -> impl Iterator<Item = Vec<usize>> + use<> {
    let counts = counts.to_vec();
    let first = (!counts.contains(&0)).then(|| vec![0; counts.len()]);
    std::iter::successors(first, move |at| {
        let mut next = at.clone();
        for axis in (0..counts.len()).rev() {
            next[axis] += 1;
            if next[axis] < counts[axis] {
                return Some(next);
            }
            next[axis] = 0;
        }
        None
    })
}
