//! The squared structure factors F² of a block of pixels: the formula of
//! [`physics::structure_factor`](crate::physics::structure_factor) in two steps.
//!
//! The place of each pixel's F in the grid is found by arithmetic, in vector instructions; then F
//! is fetched with one load a pixel.

use glam::DVec3;

use super::lanes::{LANES, Lanes};
use super::polynomial::small_integer;
use crate::experiment::ReflectionGrid;

/// Finds the squared structure factors of a block.
pub trait BlockStructureFactors {
    /// Notes that the pixel of `lane` is at the fractional Miller index `hkl`.
    fn place(&mut self, lane: usize, hkl: DVec3, nearest_hkl: DVec3);

    /// F² of every pixel that was placed; `None` when all are zero.
    fn squares<const FUSED: bool>(&mut self) -> Option<Lanes>;
}

/// A crystal whose F is the same at every index.
pub struct Constant {
    squares: Lanes,
}

impl Constant {
    /// `default_f` for every index.
    #[inline(always)]
    pub fn new(default_f: f64) -> Constant {
        Constant {
            squares: Lanes::splat(default_f * default_f),
        }
    }
}

impl BlockStructureFactors for Constant {
    #[inline(always)]
    fn place(&mut self, _lane: usize, _hkl: DVec3, _nearest_hkl: DVec3) {}

    #[inline(always)]
    fn squares<const FUSED: bool>(&mut self) -> Option<Lanes> {
        (!self.squares.all_zero()).then_some(self.squares)
    }
}

/// The box of indices that a grid holds, in float64, where arithmetic on indices is exact.
#[derive(Clone, Copy)]
pub struct GridBox {
    min: DVec3,
    extent: DVec3,
}

impl GridBox {
    fn of(grid: &ReflectionGrid) -> GridBox {
        GridBox {
            min: DVec3::from_array(grid.min().map(f64::from)),
            extent: DVec3::from_array(grid.shape().map(|extent| extent as f64)),
        }
    }

    /// Place in the grid of the F of `index`, if the box holds it and the `beyond` next indices
    /// along each axis; else [`OUTSIDE`].
    #[inline(always)]
    pub fn offset_of(&self, index: DVec3, beyond: f64) -> u64 {
        let (step, extent) = (index - self.min, self.extent);
        let inside = (step.x >= 0.0)
            & (step.y >= 0.0)
            & (step.z >= 0.0)
            & (step.x + beyond < extent.x)
            & (step.y + beyond < extent.y)
            & (step.z + beyond < extent.z);
        let offset = small_integer((step.x * extent.y + step.y) * extent.z + step.z);
        if inside { offset } else { OUTSIDE }
    }
}

/// The place of an index that is not in the grid: no grid is that large.
pub const OUTSIDE: u64 = u64::MAX;

/// F of the nearest reflection.
pub struct Nearest<'a> {
    /// Every F of the grid.
    pub values: &'a [f64],
    /// The indices that the grid holds.
    pub grid_box: GridBox,
    default_f: f64,
    offsets: [u64; LANES],
}

impl<'a> Nearest<'a> {
    /// In `grid`; `default_f` outside.
    #[inline(always)]
    pub fn new(grid: &'a ReflectionGrid, default_f: f64) -> Nearest<'a> {
        Nearest {
            values: grid.amplitudes(),
            default_f,
            grid_box: GridBox::of(grid),
            offsets: [OUTSIDE; LANES],
        }
    }

    /// F of the pixel of `lane`.
    #[inline(always)]
    pub fn structure_factor(&self, lane: usize) -> f64 {
        let value = self.values.get(self.offsets[lane] as usize);
        value.copied().unwrap_or(self.default_f)
    }
}

impl BlockStructureFactors for Nearest<'_> {
    #[inline(always)]
    fn place(&mut self, lane: usize, _hkl: DVec3, nearest_hkl: DVec3) {
        self.offsets[lane] = self.grid_box.offset_of(nearest_hkl, 0.0);
    }

    #[inline(always)]
    fn squares<const FUSED: bool>(&mut self) -> Option<Lanes> {
        let mut squares = Lanes::splat(0.0);
        for lane in 0..LANES {
            let f = self.structure_factor(lane);
            squares.0[lane] = f * f;
        }
        (!squares.all_zero()).then_some(squares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::interpolation::Tricubic;
    use crate::experiment::{Reflection, StructureFactors};
    use crate::physics::interpolation::tricubic_structure_factor;
    use crate::physics::miller_index::nearest_index;
    use crate::physics::structure_factor::nearest_structure_factor;

    const DEFAULT_F: f64 = 3.0;

    /// Seven by nine by five reflections, none like the other.
    fn structure_factors() -> StructureFactors {
        let mut list = Vec::new();
        for h in -3..=3 {
            for k in -2..=6 {
                for l in 0..=4 {
                    let amplitude = f64::from((h * 31 + k * 17 + l * 7) % 101) + 0.25;
                    let index = [h, k, l];
                    list.push(Reflection { index, amplitude });
                }
            }
        }
        StructureFactors::from_reflections(&list, DEFAULT_F, crate::memory::Bytes(1 << 24)).unwrap()
    }

    /// Indices inside the grid, at its faces and far away, a block at a time.
    fn blocks() -> Vec<[DVec3; LANES]> {
        let steps = DVec3::new(0.754877666, 0.569840291, 0.430159709);
        let at = |i: usize| match i % 50 {
            0 => DVec3::splat(1e300),
            1 => DVec3::splat(-3e9),
            2 => DVec3::new(0.5, -2.5, 4.5),
            3 => DVec3::new(-2.0, -1.0, 1.0),
            4 => DVec3::new(-2.0f64.next_down(), 3.0, 2.0),
            _ => {
                (steps * i as f64).fract() * DVec3::new(12.0, 14.0, 10.0)
                    - DVec3::new(6.0, 5.0, 3.0)
            }
        };
        (0..10_000 / LANES)
            .map(|block| std::array::from_fn(|lane| at(block * LANES + lane)))
            .collect()
    }

    fn squares<const FUSED: bool>(
        found: &mut impl BlockStructureFactors,
        block: &[DVec3; LANES],
    ) -> [f64; LANES] {
        for (lane, &hkl) in block.iter().enumerate() {
            found.place(lane, hkl, nearest_index(hkl));
        }
        found.squares::<FUSED>().unwrap().0
    }

    #[test]
    fn the_nearest_f_is_the_very_same() {
        let structure_factors = structure_factors();
        let grid = structure_factors.grid().unwrap();
        for block in blocks() {
            let found = squares::<true>(&mut Nearest::new(grid, DEFAULT_F), &block);
            for (found, hkl) in found.into_iter().zip(block) {
                let expected = nearest_structure_factor(grid, DEFAULT_F, nearest_index(hkl));
                assert_eq!(found, expected * expected, "{hkl}");
            }
        }
    }

    #[test]
    fn interpolated_f_agrees_with_the_formula() {
        let structure_factors = structure_factors();
        let grid = structure_factors.grid().unwrap();
        for block in blocks() {
            let fused = squares::<true>(&mut Tricubic::new(grid, DEFAULT_F), &block);
            let split = squares::<false>(&mut Tricubic::new(grid, DEFAULT_F), &block);
            for (lane, hkl) in block.into_iter().enumerate() {
                let expected = tricubic_structure_factor(grid, DEFAULT_F, hkl).powi(2);
                for found in [fused[lane], split[lane]] {
                    // Relative to the square of the largest F.
                    assert!(
                        (found - expected).abs() < 1e-13 * 1e4,
                        "{hkl}: {found}, {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_block_without_reflections_is_empty() {
        let structure_factors = structure_factors();
        let mut nearest = Nearest::new(structure_factors.grid().unwrap(), 0.0);
        for lane in 0..LANES {
            let far = DVec3::splat(50.0);
            nearest.place(lane, far, far);
        }
        assert!(nearest.squares::<true>().is_none());
        assert!(Constant::new(0.0).squares::<true>().is_none());
    }
}
