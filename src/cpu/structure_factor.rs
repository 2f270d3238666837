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
    /// Whether F depends on the index.
    const DEPENDS_ON_INDEX: bool = true;

    /// Notes that the pixel of `lane` is at the fractional Miller index `hkl`.
    fn place(&mut self, lane: usize, hkl: DVec3, nearest_hkl: DVec3);

    /// Finds F of every pixel that was placed; whether any is not zero.
    fn find<const FUSED: bool>(&mut self) -> bool;

    /// F² of the pixel of `lane`, once it is found.
    fn square(&self, lane: usize) -> f64;
}

/// A crystal whose F is the same at every index.
pub struct Constant {
    pub(super) value: f64,
    square: f64,
}

impl Constant {
    /// `default_f` for every index.
    #[inline(always)]
    pub fn new(default_f: f64) -> Constant {
        Constant {
            value: default_f,
            square: default_f * default_f,
        }
    }
}

impl BlockStructureFactors for Constant {
    const DEPENDS_ON_INDEX: bool = false;

    #[inline(always)]
    fn place(&mut self, _lane: usize, _hkl: DVec3, _nearest_hkl: DVec3) {}

    #[inline(always)]
    fn find<const FUSED: bool>(&mut self) -> bool {
        self.square != 0.0
    }

    #[inline(always)]
    fn square(&self, _lane: usize) -> f64 {
        self.square
    }
}

/// A box of indices of a grid, in float64, where arithmetic on indices is exact.
#[derive(Clone, Copy)]
pub struct GridBox {
    centre: DVec3,
    /// Distances from the centre to the last indices.
    half: DVec3,
    /// Steps in the grid from one h, k, l to the next.
    strides: DVec3,
    /// Place in the grid of the centre, which may lie between two indices.
    middle: f64,
}

impl GridBox {
    /// The indices of `grid` that it holds together with the `beyond` next ones along each axis.
    pub fn of(grid: &ReflectionGrid, beyond: f64) -> GridBox {
        let [h, k, l] = grid.shape().map(|extent| extent as f64);
        let half = (DVec3::new(h, k, l) - 1.0 - beyond) / 2.0;
        let strides = DVec3::new(k * l, l, 1.0);
        GridBox {
            centre: DVec3::from_array(grid.min().map(f64::from)) + half,
            half,
            strides,
            middle: half.dot(strides),
        }
    }

    /// Place in the grid of the F of `index`, if the box holds it; else [`OUTSIDE`].
    #[inline(always)]
    pub fn offset_of(&self, index: DVec3) -> u64 {
        let from = index - self.centre;
        let inside = (from.x.abs() <= self.half.x)
            & (from.y.abs() <= self.half.y)
            & (from.z.abs() <= self.half.z);
        let offset = small_integer(from.dot(self.strides) + self.middle);
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
    pub(super) offsets: [u64; LANES],
    pub(super) found: Lanes,
}

impl<'a> Nearest<'a> {
    /// In `grid`; `default_f` outside.
    #[inline(always)]
    pub fn new(grid: &'a ReflectionGrid, default_f: f64) -> Nearest<'a> {
        Nearest {
            values: grid.amplitudes(),
            default_f,
            grid_box: GridBox::of(grid, 0.0),
            offsets: [OUTSIDE; LANES],
            found: Lanes::splat(0.0),
        }
    }

    /// F of the pixel of `lane`.
    #[inline(always)]
    pub fn structure_factor(&self, lane: usize) -> f64 {
        let value = self.values.get(self.offsets[lane] as usize);
        value.copied().unwrap_or(self.default_f)
    }
}

/// Puts the `values` at `offsets`, or `default_f`, into `found`; whether any is not zero.
///
/// Not inlined, so that offsets and values pass through memory, one load a pixel. Inlined, LLVM would
/// take the offsets from vector registers one by one, or gather, and both cost as much as half of all
/// the arithmetic of a term.
#[inline(never)]
fn fetch(values: &[f64], offsets: &[u64; LANES], default_f: f64, found: &mut Lanes) -> bool {
    let mut bits = 0;
    for (found, &offset) in found.0.iter_mut().zip(offsets) {
        let value = values.get(offset as usize).copied().unwrap_or(default_f);
        bits |= value.to_bits();
        *found = value;
    }
    // But for the sign.
    bits << 1 != 0
}

impl BlockStructureFactors for Nearest<'_> {
    #[inline(always)]
    fn place(&mut self, lane: usize, _hkl: DVec3, nearest_hkl: DVec3) {
        self.offsets[lane] = self.grid_box.offset_of(nearest_hkl);
    }

    #[inline(always)]
    fn find<const FUSED: bool>(&mut self) -> bool {
        fetch(self.values, &self.offsets, self.default_f, &mut self.found)
    }

    #[inline(always)]
    fn square(&self, lane: usize) -> f64 {
        self.found.0[lane] * self.found.0[lane]
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
        assert!(found.find::<FUSED>());
        std::array::from_fn(|lane| found.square(lane))
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
        assert!(!nearest.find::<true>());
        assert!(!Constant::new(0.0).find::<true>());
    }
}
