//! A list of reflections, and the box of Miller indices that it fills.

use super::ExperimentError;
use super::quantity::Quantity;
use crate::geometry::SpaceGroup;
use crate::memory::Bytes;

/// One entry of a list of reflections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reflection {
    /// Miller index h, k, l.
    pub index: [i32; 3],
    /// Structure factor amplitude F.
    pub amplitude: f64,
}

/// The box of Miller indices that a list spans, filled.
#[derive(Debug, Clone, PartialEq)]
pub struct ReflectionGrid {
    min: [i32; 3],
    shape: [usize; 3],
    /// F, l innermost.
    amplitudes: Vec<f64>,
    /// Whether F is the default: a bit for each place, the lowest first.
    defaults: Vec<u64>,
}

impl ReflectionGrid {
    /// The grid, in no more than `memory`, of a list whose holes are `default_f`, or zero where
    /// symmetry makes them so.
    pub(super) fn new(
        reflections: &[Reflection],
        space_group: Option<&SpaceGroup>,
        default_f: f64,
        memory: Bytes,
    ) -> Result<ReflectionGrid, ExperimentError> {
        let first = reflections
            .first()
            .ok_or(ExperimentError::NoReflections)?
            .index;
        let (mut min, mut max) = (first, first);
        for Reflection { index, .. } in reflections {
            for axis in 0..3 {
                min[axis] = min[axis].min(index[axis]);
                max[axis] = max[axis].max(index[axis]);
            }
        }
        let extents: [u64; 3] =
            std::array::from_fn(|axis| u64::from(max[axis].abs_diff(min[axis])) + 1);
        let cells = extents.into_iter().fold(1u64, u64::saturating_mul);
        let needed = Bytes::of::<f64>(cells);
        if needed > memory {
            return Err(ExperimentError::GridTooLarge {
                min,
                max,
                needed,
                available: memory,
            });
        }
        let shape = extents.map(|extent| extent as usize);
        // NaN marks the holes until the list is through.
        let mut grid = ReflectionGrid {
            min,
            shape,
            amplitudes: vec![f64::NAN; cells as usize],
            defaults: vec![0; cells.div_ceil(64) as usize],
        };
        for &Reflection { index, amplitude } in reflections {
            Quantity::StructureFactor.require(amplitude)?;
            let place = grid
                .offset_of(index)
                // The box spans the smallest and the largest index of this list.
                .expect("the box was made to hold every index");
            let held = std::mem::replace(&mut grid.amplitudes[place], amplitude);
            if !held.is_nan() && held != amplitude {
                let (first, second) = (held, amplitude);
                return Err(ExperimentError::ContradictoryReflection {
                    index,
                    first,
                    second,
                });
            }
        }
        let symmetry = space_group.filter(|_| default_f != 0.0);
        grid.fill_holes(default_f, |index| {
            symmetry.is_some_and(|group| group.is_absent(index))
        });
        Ok(grid)
    }

    /// Gives every hole `default_f`, or zero where its index `is_absent`.
    fn fill_holes(&mut self, default_f: f64, is_absent: impl Fn([i32; 3]) -> bool) {
        let [h, k, l] = self.min.map(|min| min..=i32::MAX);
        let [_, rows, columns] = self.shape;
        let mut place = 0;
        for (plane, h) in self.amplitudes.chunks_mut(rows * columns).zip(h) {
            for (row, k) in plane.chunks_mut(columns).zip(k.clone()) {
                for (f, l) in row.iter_mut().zip(l.clone()) {
                    if f.is_nan() {
                        let absent = is_absent([h, k, l]);
                        *f = if absent { 0.0 } else { default_f };
                        self.defaults[place / 64] |= u64::from(!absent) << (place % 64);
                    }
                    place += 1;
                }
            }
        }
    }

    /// Whether the F at `offset` is the default, which no list gives.
    pub fn is_default(&self, offset: usize) -> bool {
        self.defaults[offset / 64] >> (offset % 64) & 1 == 1
    }

    /// This grid with another F at `offset`.
    pub(super) fn with_amplitude(&self, offset: usize, amplitude: f64) -> ReflectionGrid {
        let mut grid = self.clone();
        grid.amplitudes[offset] = amplitude;
        grid
    }

    /// This grid with another default.
    pub(super) fn with_default(&self, default_f: f64) -> ReflectionGrid {
        let mut grid = self.clone();
        for (offset, f) in grid.amplitudes.iter_mut().enumerate() {
            if self.is_default(offset) {
                *f = default_f;
            }
        }
        grid
    }

    /// Where the amplitude of `index` stands, if the box holds it.
    #[inline]
    pub fn offset_of(&self, index: [i32; 3]) -> Option<usize> {
        let mut offset = 0;
        for ((&index, &min), &extent) in index.iter().zip(&self.min).zip(&self.shape) {
            let step = usize::try_from(i64::from(index) - i64::from(min)).ok()?;
            if step >= extent {
                return None;
            }
            offset = offset * extent + step;
        }
        Some(offset)
    }

    /// The box with other F, in the order of [`amplitudes`](ReflectionGrid::amplitudes) and as many.
    #[cfg(feature = "gpu")]
    pub(crate) fn with_amplitudes(&self, amplitudes: Vec<f64>) -> ReflectionGrid {
        debug_assert_eq!(amplitudes.len(), self.amplitudes.len());
        ReflectionGrid {
            amplitudes,
            defaults: self.defaults.clone(),
            ..*self
        }
    }

    /// Smallest h, k and l of the box.
    #[inline]
    pub fn min(&self) -> [i32; 3] {
        self.min
    }

    /// Extent of the box along h, k and l.
    #[inline]
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Every F of the box, l innermost, k next.
    #[inline]
    pub fn amplitudes(&self) -> &[f64] {
        &self.amplitudes
    }
}
