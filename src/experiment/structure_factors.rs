//! Structure factors on a dense grid of Miller indices (PHYSICS §9).

use std::sync::Arc;

use super::error::require;
use super::{Crystal, ExperimentError, Source};
use crate::memory::Bytes;

/// One entry of a list of reflections.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reflection {
    /// Miller index h, k, l.
    pub index: [i32; 3],
    /// Structure factor amplitude F.
    pub amplitude: f64,
}

/// Whether F is interpolated between reflections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// When the crystal has two cells or fewer along some axis.
    #[default]
    Automatic,
    /// Four-point Lagrange interpolation along each axis.
    Tricubic,
    /// F of the nearest reflection.
    Nearest,
}

/// F of every reflection.
#[derive(Debug, Clone)]
pub struct StructureFactors {
    /// One grid per energy channel; none when every F is `default_f`. One channel, today.
    channels: Vec<Arc<ReflectionGrid>>,
    /// F of every index that is not in the list.
    default_f: f64,
    /// Whether to interpolate.
    pub interpolation: Interpolation,
}

/// The box of Miller indices that a list spans, filled.
#[derive(Debug, Clone, PartialEq)]
pub struct ReflectionGrid {
    min: [i32; 3],
    shape: [usize; 3],
    /// F, l innermost.
    amplitudes: Vec<f64>,
}

impl ReflectionGrid {
    /// The grid of a list whose holes are `default_f`.
    fn new(reflections: &[Reflection], default_f: f64) -> Result<ReflectionGrid, ExperimentError> {
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
        needed
            .check()
            .map_err(|available| ExperimentError::GridTooLarge {
                min,
                max,
                needed,
                available,
            })?;

        let shape = extents.map(|extent| extent as usize);
        // NaN marks the holes until the list is through.
        let mut grid = ReflectionGrid {
            min,
            shape,
            amplitudes: vec![f64::NAN; cells as usize],
        };
        for &Reflection { index, amplitude } in reflections {
            require_amplitude("a structure factor", amplitude)?;
            let place = grid
                .offset_of(index)
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
        grid.amplitudes
            .iter_mut()
            .filter(|f| f.is_nan())
            .for_each(|f| *f = default_f);
        Ok(grid)
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

/// Refuses an F whose powers and sums would not fit in float64.
fn require_amplitude(quantity: &'static str, amplitude: f64) -> Result<(), ExperimentError> {
    let accepted = amplitude.abs() <= 1e20;
    require(quantity, amplitude, "from -1e20 to 1e20", accepted)
}

impl StructureFactors {
    /// The same F for every reflection.
    pub fn constant(default_f: f64) -> StructureFactors {
        StructureFactors {
            channels: Vec::new(),
            default_f,
            interpolation: Interpolation::default(),
        }
    }

    /// The F of a list, as it is: no symmetry and no Friedel mates are added. Indices that are
    /// not in it take `default_f`.
    ///
    /// # Errors
    /// [`ExperimentError`] for an empty list, one that contradicts itself, one with an F that is
    /// not finite, and one whose box of indices does not fit in memory.
    pub fn from_reflections(
        reflections: &[Reflection],
        default_f: f64,
    ) -> Result<StructureFactors, ExperimentError> {
        let grid = Arc::new(ReflectionGrid::new(reflections, default_f)?);
        Ok(StructureFactors {
            channels: vec![grid],
            ..StructureFactors::constant(default_f)
        })
    }

    /// The grid of an energy channel, if there is a list.
    pub fn grid(&self, channel: usize) -> Option<&Arc<ReflectionGrid>> {
        self.channels.get(channel)
    }

    /// F of every index that no list gives.
    pub fn default_f(&self) -> f64 {
        self.default_f
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        require_amplitude("the default structure factor", self.default_f)
    }

    /// Every source must find its energy channel.
    pub(super) fn check_channels(&self, sources: &[Source]) -> Result<(), ExperimentError> {
        let channels = self.channels.len().max(1);
        match (1..)
            .zip(sources)
            .find(|(_, source)| source.channel >= channels)
        {
            None => Ok(()),
            Some((number, source)) => {
                let channel = source.channel;
                Err(ExperimentError::Channel {
                    number,
                    channel,
                    channels,
                })
            }
        }
    }

    pub(super) fn resolve_interpolation(&self, crystal: &Crystal) -> bool {
        match self.interpolation {
            Interpolation::Automatic => crystal.cells.iter().any(|&cells| cells <= 2),
            Interpolation::Tricubic => true,
            Interpolation::Nearest => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(index: [i32; 3], amplitude: f64) -> Reflection {
        Reflection { index, amplitude }
    }

    #[test]
    fn holes_take_the_default() {
        let list = [at([-1, 0, 2], 5.0), at([1, 1, 2], 7.0)];
        let factors = StructureFactors::from_reflections(&list, 3.0).unwrap();
        let grid = factors.grid(0).unwrap();
        let f = |index| {
            grid.offset_of(index)
                .map(|offset| grid.amplitudes()[offset])
        };
        assert_eq!(grid.shape(), [3, 2, 1]);
        assert_eq!(f([-1, 0, 2]), Some(5.0));
        assert_eq!(f([1, 1, 2]), Some(7.0));
        assert_eq!(f([0, 0, 2]), Some(3.0));
        assert_eq!(f([0, 0, 3]), None);
        assert_eq!(f([i32::MIN, 0, 2]), None);
    }

    #[test]
    fn lists_that_make_no_grid_are_refused() {
        let build =
            |list: &[Reflection]| StructureFactors::from_reflections(list, 0.0).unwrap_err();
        assert_eq!(build(&[]), ExperimentError::NoReflections);
        let twice = build(&[at([1, 2, 3], 4.0), at([1, 2, 3], 5.0)]);
        assert!(twice.to_string().contains("1 2 3"), "{twice}");
        let huge = build(&[at([i32::MIN; 3], 1.0), at([i32::MAX; 3], 1.0)]);
        assert!(matches!(huge, ExperimentError::GridTooLarge { .. }));
        assert!(matches!(
            build(&[at([0; 3], f64::NAN)]),
            ExperimentError::OutOfRange { .. }
        ));
    }
}
