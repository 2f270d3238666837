//! F² of a block: what [`structure_factor`](super::structure_factor) says, in two steps.
//!
//! Where in the grid each pixel's F stands is arithmetic, in vector instructions; fetching it is
//! one load a pixel.

use glam::DVec3;

use super::lanes::{LANES, Lanes};
use super::polynomial::small_integer;
use crate::experiment::ReflectionGrid;

/// Finds the squared structure factors of a block.
pub trait Amplitudes {
    /// Notes where the pixel of `lane` lies: at the fractional index `hkl`.
    fn place(&mut self, lane: usize, hkl: DVec3, nearest_hkl: DVec3);

    /// F_cell² of every pixel that was placed; `None` when all are zero.
    fn squares<const FUSED: bool>(&mut self) -> Option<Lanes>;
}

/// The same F everywhere.
pub struct Constant {
    squares: Lanes,
}

impl Constant {
    /// `default_f` everywhere.
    #[inline(always)]
    pub fn new(default_f: f64) -> Constant {
        Constant {
            squares: Lanes::splat(default_f * default_f),
        }
    }
}

impl Amplitudes for Constant {
    #[inline(always)]
    fn place(&mut self, _lane: usize, _hkl: DVec3, _nearest_hkl: DVec3) {}

    #[inline(always)]
    fn squares<const FUSED: bool>(&mut self) -> Option<Lanes> {
        (!self.squares.all_zero()).then_some(self.squares)
    }
}

/// The box of indices that a grid holds, for arithmetic in float64, in which all of it is exact.
#[derive(Clone, Copy)]
pub struct Bounds {
    min: DVec3,
    extent: DVec3,
}

impl Bounds {
    fn of(grid: &ReflectionGrid) -> Bounds {
        Bounds {
            min: DVec3::from_array(grid.min().map(f64::from)),
            extent: DVec3::from_array(grid.shape().map(|extent| extent as f64)),
        }
    }

    /// Where the amplitude of `index` stands, if the box holds it and the `beyond` next indices
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

/// The offset of what is not in the grid: no grid is that large.
pub const OUTSIDE: u64 = u64::MAX;

/// F of the nearest reflection.
pub struct Nearest<'a> {
    /// Every F of the grid.
    pub amplitudes: &'a [f64],
    /// The indices that it holds.
    pub bounds: Bounds,
    default_f: f64,
    offsets: [u64; LANES],
}

impl<'a> Nearest<'a> {
    /// In `grid`; `default_f` outside.
    #[inline(always)]
    pub fn new(grid: &'a ReflectionGrid, default_f: f64) -> Nearest<'a> {
        Nearest {
            amplitudes: grid.amplitudes(),
            default_f,
            bounds: Bounds::of(grid),
            offsets: [OUTSIDE; LANES],
        }
    }

    /// F of the pixel of `lane`.
    #[inline(always)]
    pub fn amplitude(&self, lane: usize) -> f64 {
        let amplitude = self.amplitudes.get(self.offsets[lane] as usize);
        amplitude.copied().unwrap_or(self.default_f)
    }
}

impl Amplitudes for Nearest<'_> {
    #[inline(always)]
    fn place(&mut self, lane: usize, _hkl: DVec3, nearest_hkl: DVec3) {
        self.offsets[lane] = self.bounds.offset_of(nearest_hkl, 0.0);
    }

    #[inline(always)]
    fn squares<const FUSED: bool>(&mut self) -> Option<Lanes> {
        let mut squares = Lanes::splat(0.0);
        for lane in 0..LANES {
            let f = self.amplitude(lane);
            squares.0[lane] = f * f;
        }
        (!squares.all_zero()).then_some(squares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::interpolated_amplitude::Tricubic;
    use crate::cpu::structure_factor::{nearest, nearest_index, tricubic};
    use crate::experiment::{Reflection, StructureFactors};

    const DEFAULT_F: f64 = 3.0;

    /// Seven by nine by five reflections, none like the other.
    fn factors() -> StructureFactors {
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
        found: &mut impl Amplitudes,
        block: &[DVec3; LANES],
    ) -> [f64; LANES] {
        for (lane, &hkl) in block.iter().enumerate() {
            found.place(lane, hkl, nearest_index(hkl));
        }
        found.squares::<FUSED>().unwrap().0
    }

    #[test]
    fn the_nearest_f_is_the_very_same() {
        let factors = factors();
        let grid = factors.grid().unwrap();
        for block in blocks() {
            let found = squares::<true>(&mut Nearest::new(grid, DEFAULT_F), &block);
            for (found, hkl) in found.into_iter().zip(block) {
                let expected = nearest(grid, DEFAULT_F, nearest_index(hkl));
                assert_eq!(found, expected * expected, "{hkl}");
            }
        }
    }

    #[test]
    fn interpolated_f_agrees_with_the_formula() {
        let factors = factors();
        let grid = factors.grid().unwrap();
        for block in blocks() {
            let fused = squares::<true>(&mut Tricubic::new(grid, DEFAULT_F), &block);
            let split = squares::<false>(&mut Tricubic::new(grid, DEFAULT_F), &block);
            for (lane, hkl) in block.into_iter().enumerate() {
                let expected = tricubic(grid, DEFAULT_F, hkl).powi(2);
                for found in [fused[lane], split[lane]] {
                    // Of the square of the largest F.
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
        let factors = factors();
        let mut nearest = Nearest::new(factors.grid().unwrap(), 0.0);
        for lane in 0..LANES {
            let far = DVec3::splat(50.0);
            nearest.place(lane, far, far);
        }
        assert!(nearest.squares::<true>().is_none());
        assert!(Constant::new(0.0).squares::<true>().is_none());
    }
}
