//! F² of a block: what [`structure_factor`](super::structure_factor) says, in two steps.
//!
//! Where in the grid each pixel's F stands is arithmetic, in vector instructions; fetching it is
//! one load a pixel.

use glam::DVec3;

use super::lanes::{LANES, Lanes, Vectors};
use super::polynomial::{mul_add, small_integer};
use super::structure_factor::{lagrange_weights, nearest, nearest_index};
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

/// F of the nearest reflection.
pub struct Nearest<'a> {
    amplitudes: &'a [f64],
    default_f: f64,
    min: DVec3,
    extent: DVec3,
    offsets: [u64; LANES],
}

impl<'a> Nearest<'a> {
    /// In `grid`; `default_f` outside.
    #[inline(always)]
    pub fn new(grid: &'a ReflectionGrid, default_f: f64) -> Nearest<'a> {
        Nearest {
            amplitudes: grid.amplitudes(),
            default_f,
            min: DVec3::from_array(grid.min().map(f64::from)),
            extent: DVec3::from_array(grid.shape().map(|extent| extent as f64)),
            offsets: [0; LANES],
        }
    }
}

impl Amplitudes for Nearest<'_> {
    #[inline(always)]
    fn place(&mut self, lane: usize, _hkl: DVec3, nearest_hkl: DVec3) {
        /// No grid is that large: there is no amplitude.
        const OUTSIDE: u64 = u64::MAX;
        let (step, extent) = (nearest_hkl - self.min, self.extent);
        let inside = (step.x >= 0.0)
            & (step.y >= 0.0)
            & (step.z >= 0.0)
            & (step.x < extent.x)
            & (step.y < extent.y)
            & (step.z < extent.z);
        // Whole numbers below 2⁵², so exact.
        let offset = small_integer((step.x * extent.y + step.y) * extent.z + step.z);
        self.offsets[lane] = if inside { offset } else { OUTSIDE };
    }

    #[inline(always)]
    fn squares<const FUSED: bool>(&mut self) -> Option<Lanes> {
        let squares = Lanes::from_fn(|lane| {
            let offset = self.offsets[lane] as usize;
            let f = self.amplitudes.get(offset).copied();
            let f = f.unwrap_or(self.default_f);
            f * f
        });
        (!squares.all_zero()).then_some(squares)
    }
}

/// F interpolated between reflections.
pub struct Tricubic<'a> {
    grid: &'a ReflectionGrid,
    default_f: f64,
    hkl: Vectors,
}

impl<'a> Tricubic<'a> {
    /// In `grid`; where it does not hold all neighbours, the nearest F, or `default_f`.
    #[inline(always)]
    pub fn new(grid: &'a ReflectionGrid, default_f: f64) -> Tricubic<'a> {
        Tricubic {
            grid,
            default_f,
            hkl: Vectors::ZERO,
        }
    }
}

impl Amplitudes for Tricubic<'_> {
    #[inline(always)]
    fn place(&mut self, lane: usize, hkl: DVec3, _nearest_hkl: DVec3) {
        self.hkl.set(lane, hkl);
    }

    #[inline(always)]
    fn squares<const FUSED: bool>(&mut self) -> Option<Lanes> {
        let mut squares = Lanes::splat(0.0);
        for lane in 0..LANES {
            let f = tricubic::<FUSED>(self.grid, self.default_f, self.hkl.get(lane));
            squares.0[lane] = f * f;
        }
        (!squares.all_zero()).then_some(squares)
    }
}

/// [`structure_factor::tricubic`](super::structure_factor::tricubic) with the points along l side
/// by side: four sums at once, one for each l, weighted at the end.
#[inline(always)]
fn tricubic<const FUSED: bool>(grid: &ReflectionGrid, default_f: f64, hkl: DVec3) -> f64 {
    let base = hkl.floor();
    let [_, extent_k, extent_l] = grid.shape();
    let first = base
        .to_array()
        .map(|component| (component as i32).saturating_sub(1));
    let last = first.map(|index| index.saturating_add(3));
    let (Some(start), Some(end)) = (grid.offset_of(first), grid.offset_of(last)) else {
        return nearest(grid, default_f, nearest_index(hkl));
    };
    let stencil = &grid.amplitudes()[start..=end];
    let [weights_h, weights_k, weights_l] = (hkl - base).to_array().map(lagrange_weights);
    let mut by_l = [0.0; 4];
    for (i, weight_h) in weights_h.into_iter().enumerate() {
        for (j, weight_k) in weights_k.into_iter().enumerate() {
            let row = (i * extent_k + j) * extent_l;
            let weight = weight_h * weight_k;
            for (sum, f) in by_l.iter_mut().zip(&stencil[row..row + 4]) {
                *sum = mul_add::<FUSED>(weight, *f, *sum);
            }
        }
    }
    let [a, b, c, d] = std::array::from_fn(|l| by_l[l] * weights_l[l]);
    (a + b) + (c + d)
}
