//! The squared structure factors F² of a block of pixels, interpolated between reflections: the
//! formula of [`physics::interpolation`](crate::physics::interpolation).
//!
//! Weights and places are computed for all pixels at once. The sums over 64 neighbours are computed
//! pixel by pixel, because each pixel's neighbours are elsewhere in the grid: four neighbours along
//! l at a time, which are side by side there.

use glam::DVec3;

use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::polynomial::mul_add;
use super::structure_factor::{BlockStructureFactors, GridBox, Nearest, OUTSIDE};
use crate::experiment::ReflectionGrid;
use crate::physics::interpolation::{lagrange_slopes, lagrange_weights};

/// F interpolated between reflections.
pub struct Tricubic<'a> {
    /// For where the grid does not hold all neighbours.
    pub(super) nearest: Nearest<'a>,
    /// The first neighbours that the grid holds with the three after each.
    inner: GridBox,
    /// Distances between rows and between planes of the grid.
    pub(super) row: usize,
    pub(super) plane: usize,
    /// Place of the first neighbour in the grid.
    pub(super) starts: [u64; LANES],
    /// The fractional parts of the indices.
    pub(super) fractions: Vectors,
    pub(super) found: Lanes,
}

impl<'a> Tricubic<'a> {
    /// In `grid`; where it does not hold all neighbours, the nearest F, or `default_f`.
    #[inline(always)]
    pub fn new(grid: &'a ReflectionGrid, default_f: f64) -> Tricubic<'a> {
        let [_, extent_k, extent_l] = grid.shape();
        Tricubic {
            nearest: Nearest::new(grid, default_f),
            inner: GridBox::of(grid, 3.0),
            row: extent_l,
            plane: extent_k * extent_l,
            starts: [OUTSIDE; LANES],
            fractions: Vectors::ZERO,
            found: Lanes::splat(0.0),
        }
    }

    /// Along l, the sums over the sixteen neighbours in h and k from `start`.
    #[inline(always)]
    fn sums_along_l<const FUSED: bool>(
        &self,
        start: usize,
        weights_h: [f64; 4],
        weights_k: [f64; 4],
    ) -> [f64; 4] {
        let reach = 3 * (self.plane + self.row) + 4;
        let neighbours = &self.nearest.values[start..start + reach];
        let mut sums = [0.0; 4];
        for (i, weight_h) in weights_h.into_iter().enumerate() {
            let mut plane = [0.0; 4];
            for (j, weight_k) in weights_k.into_iter().enumerate() {
                let first = i * self.plane + j * self.row;
                add_row::<FUSED>(&mut plane, weight_k, &neighbours[first..first + 4]);
            }
            add_row::<FUSED>(&mut sums, weight_h, &plane);
        }
        sums
    }

    /// [`sums_along_l`](Tricubic::sums_along_l) for the fractional `parts` of an index, and their
    /// derivatives with respect to h and k.
    #[inline(always)]
    pub(super) fn slopes_along_l<const FUSED: bool>(
        &self,
        start: usize,
        parts: DVec3,
    ) -> [[f64; 4]; 3] {
        let [weights_h, weights_k] = [parts.x, parts.y].map(lagrange_weights);
        let [slopes_h, slopes_k] = [parts.x, parts.y].map(lagrange_slopes);
        let reach = 3 * (self.plane + self.row) + 4;
        let neighbours = &self.nearest.values[start..start + reach];
        let mut sums = [[0.0; 4]; 3];
        for i in 0..4 {
            let (mut plane, mut by_k) = ([0.0; 4], [0.0; 4]);
            for j in 0..4 {
                let first = i * self.plane + j * self.row;
                let row = &neighbours[first..first + 4];
                add_row::<FUSED>(&mut plane, weights_k[j], row);
                add_row::<FUSED>(&mut by_k, slopes_k[j], row);
            }
            add_row::<FUSED>(&mut sums[0], weights_h[i], &plane);
            add_row::<FUSED>(&mut sums[1], slopes_h[i], &plane);
            add_row::<FUSED>(&mut sums[2], weights_h[i], &by_k);
        }
        sums
    }
}

/// Adds `weight` times `row` to `sums`, all four side by side.
#[inline(always)]
fn add_row<const FUSED: bool>(sums: &mut [f64; 4], weight: f64, row: &[f64]) {
    for (sum, f) in sums.iter_mut().zip(row) {
        *sum = mul_add::<FUSED>(weight, *f, *sum);
    }
}

impl BlockStructureFactors for Tricubic<'_> {
    #[inline(always)]
    fn place(&mut self, lane: usize, hkl: DVec3, nearest_hkl: DVec3) {
        self.nearest.place(lane, hkl, nearest_hkl);
        let below = hkl.floor();
        self.starts[lane] = self.inner.offset_of(below - 1.0);
        self.fractions.set(lane, hkl - below);
    }

    #[inline(always)]
    fn find<const FUSED: bool>(&mut self) -> bool {
        let mut weights = [[Lanes::splat(0.0); 4]; 3];
        for lane in 0..LANES {
            let of_axes = self.fractions.get(lane).to_array().map(lagrange_weights);
            for (weights, of_axis) in weights.iter_mut().zip(of_axes) {
                for (weights, weight) in weights.iter_mut().zip(of_axis) {
                    weights.0[lane] = weight;
                }
            }
        }
        let [weights_h, weights_k, weights_l] = &weights;
        // Two loops with an array between them: in one loop the compiler would vectorise along l
        // and along the pixels at once. This loop goes along l, the next along the pixels.
        let mut along_l = [[0.0; 4]; LANES];
        for (lane, along_l) in along_l.iter_mut().enumerate() {
            *along_l = match self.starts[lane] {
                OUTSIDE => [self.nearest.structure_factor(lane); 4],
                start => self.sums_along_l::<FUSED>(
                    start as usize,
                    weights_h.each_ref().map(|weights| weights.0[lane]),
                    weights_k.each_ref().map(|weights| weights.0[lane]),
                ),
            };
        }
        for (lane, [a, b, c, d]) in along_l.into_iter().enumerate() {
            let f = (a * weights_l[0].0[lane] + b * weights_l[1].0[lane])
                + (c * weights_l[2].0[lane] + d * weights_l[3].0[lane]);
            self.found.0[lane] = if self.starts[lane] == OUTSIDE { a } else { f };
        }
        !self.found.all_zero()
    }

    #[inline(always)]
    fn square(&self, lane: usize) -> f64 {
        self.found.0[lane] * self.found.0[lane]
    }
}
