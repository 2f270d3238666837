//! F of a block of pixels with its derivatives with respect to the index and to the F of the grid.

use glam::DVec3;

use super::sums::{Amplitudes, add_at};
use crate::cpu::interpolation::Tricubic;
use crate::cpu::lanes::{LANES, Lanes, PerLane, Vectors};
use crate::cpu::structure_factor::{BlockStructureFactors, Constant, Nearest, OUTSIDE};
use crate::physics::interpolation::{lagrange_slopes, lagrange_weights};

/// F of a block that is known with its derivatives.
pub trait SlopedFactors: BlockStructureFactors {
    /// Whether F changes with the index between reflections.
    const BETWEEN_REFLECTIONS: bool = false;

    /// F of the pixel of `lane`, once [`find`](SlopedFactors::find_slopes) has found it.
    fn value(&self, lane: usize) -> f64;

    /// Finds F of every pixel that was placed and its slope; whether any F is not zero.
    #[inline(always)]
    fn find_slopes<const FUSED: bool>(&mut self) -> bool {
        self.find::<FUSED>()
    }

    /// The derivative of F with respect to the index in the pixel of `lane`.
    #[inline(always)]
    fn slope(&self, _lane: usize) -> DVec3 {
        DVec3::ZERO
    }

    /// Whether F of the pixel of `lane` is that of no grid.
    fn is_default(&self, lane: usize) -> bool;

    /// Hands on the derivatives with respect to the F of the grid, where those with respect to the F of each
    /// pixel are `by_f`.
    fn add_amplitudes(&self, by_f: &Lanes, amplitudes: &mut Amplitudes);
}

impl SlopedFactors for Constant {
    #[inline(always)]
    fn value(&self, _lane: usize) -> f64 {
        self.value
    }

    #[inline(always)]
    fn is_default(&self, _lane: usize) -> bool {
        true
    }

    #[inline(always)]
    fn add_amplitudes(&self, _by_f: &Lanes, _amplitudes: &mut Amplitudes) {}
}

impl SlopedFactors for Nearest<'_> {
    #[inline(always)]
    fn value(&self, lane: usize) -> f64 {
        self.found.0[lane]
    }

    #[inline(always)]
    fn is_default(&self, lane: usize) -> bool {
        self.offsets[lane] == OUTSIDE
    }

    #[inline(always)]
    fn add_amplitudes(&self, by_f: &Lanes, amplitudes: &mut Amplitudes) {
        amplitudes.add(&self.offsets, by_f);
    }
}

/// F interpolated between reflections, with its slope.
pub struct SlopedTricubic<'a> {
    tricubic: Tricubic<'a>,
    slopes: Vectors,
}

impl<'a> SlopedTricubic<'a> {
    /// With what is found by `tricubic`.
    #[inline(always)]
    pub fn new(tricubic: Tricubic<'a>) -> SlopedTricubic<'a> {
        SlopedTricubic {
            tricubic,
            slopes: Vectors::ZERO,
        }
    }
}

impl BlockStructureFactors for SlopedTricubic<'_> {
    #[inline(always)]
    fn place(&mut self, lane: usize, hkl: DVec3, nearest_hkl: DVec3) {
        self.tricubic.place(lane, hkl, nearest_hkl);
    }

    #[inline(always)]
    fn find<const FUSED: bool>(&mut self) -> bool {
        self.tricubic.find::<FUSED>()
    }

    #[inline(always)]
    fn square(&self, lane: usize) -> f64 {
        self.tricubic.square(lane)
    }
}

impl SlopedFactors for SlopedTricubic<'_> {
    const BETWEEN_REFLECTIONS: bool = true;

    #[inline(always)]
    fn value(&self, lane: usize) -> f64 {
        self.tricubic.found.0[lane]
    }

    #[inline(always)]
    fn find_slopes<const FUSED: bool>(&mut self) -> bool {
        let tricubic = &mut self.tricubic;
        // As in `Tricubic`: along l in one loop, along the pixels in the next.
        let mut along_l = [[[0.0; 4]; 3]; LANES];
        for (lane, along_l) in along_l.iter_mut().enumerate() {
            *along_l = match tricubic.starts[lane] {
                OUTSIDE => [[tricubic.nearest.structure_factor(lane); 4]; 3],
                start => {
                    let parts = tricubic.fractions.get(lane);
                    tricubic.slopes_along_l::<FUSED>(start as usize, parts)
                }
            };
        }
        for (lane, [value, by_h, by_k]) in along_l.into_iter().enumerate() {
            let part = tricubic.fractions.get(lane).z;
            let (weights, slopes) = (lagrange_weights(part), lagrange_slopes(part));
            let dot = |along: [f64; 4], weights: [f64; 4]| {
                (along[0] * weights[0] + along[1] * weights[1])
                    + (along[2] * weights[2] + along[3] * weights[3])
            };
            let slope = DVec3::new(dot(by_h, weights), dot(by_k, weights), dot(value, slopes));
            let outside = tricubic.starts[lane] == OUTSIDE;
            let f = dot(value, weights);
            tricubic.found.0[lane] = if outside { value[0] } else { f };
            self.slopes
                .set(lane, if outside { DVec3::ZERO } else { slope });
        }
        !self.tricubic.found.all_zero()
    }

    #[inline(always)]
    fn slope(&self, lane: usize) -> DVec3 {
        self.slopes.get(lane)
    }

    #[inline(always)]
    fn is_default(&self, lane: usize) -> bool {
        self.tricubic.starts[lane] == OUTSIDE && self.tricubic.nearest.is_default(lane)
    }

    #[inline(never)]
    fn add_amplitudes(&self, by_f: &Lanes, amplitudes: &mut Amplitudes) {
        let tricubic = &self.tricubic;
        let weights_of = |lane: usize| {
            let parts = tricubic.fractions.get(lane).to_array();
            parts.map(lagrange_weights)
        };
        let row_of = |row: usize| (row / 4) * tricubic.plane + (row % 4) * tricubic.row;
        match amplitudes {
            Amplitudes::Unused => {}
            Amplitudes::Weighted {
                weights, gradient, ..
            } => {
                // Neighbours mostly lie between the same reflections.
                let (mut current, mut sums) = (OUTSIDE, [[0.0; 4]; 16]);
                let mut flush = |start: u64, sums: &[[f64; 4]; 16]| {
                    for (row, sums) in sums.iter().enumerate().filter(|_| start != OUTSIDE) {
                        let first = start as usize + row_of(row);
                        for (own, sum) in gradient[first..first + 4].iter_mut().zip(sums) {
                            *own += sum;
                        }
                    }
                };
                for lane in 0..LANES {
                    let start = tricubic.starts[lane];
                    if start != current {
                        flush(current, &sums);
                        (current, sums) = (start, [[0.0; 4]; 16]);
                    }
                    let [h, k, l] = weights_of(lane);
                    let slope = weights.0[lane] * by_f.0[lane];
                    for (row, sums) in sums.iter_mut().enumerate() {
                        let factor = slope * h[row / 4] * k[row % 4];
                        for (sum, weight) in sums.iter_mut().zip(l) {
                            *sum += factor * weight;
                        }
                    }
                }
                flush(current, &sums);
                for lane in 0..LANES {
                    if tricubic.starts[lane] == OUTSIDE {
                        let slope = weights.0[lane] * by_f.0[lane];
                        add_at(gradient, tricubic.nearest.offsets[lane], slope);
                    }
                }
            }
            Amplitudes::Along { directions, sums } => {
                for (direction, sums) in directions.iter().zip(sums.iter_mut()) {
                    for lane in 0..LANES {
                        let change = match tricubic.starts[lane] {
                            OUTSIDE => {
                                let place = tricubic.nearest.offsets[lane] as usize;
                                direction.get(place).copied().unwrap_or(0.0)
                            }
                            start => {
                                let [h, k, l] = weights_of(lane);
                                let rows = (0..16).map(|row| {
                                    let first = start as usize + row_of(row);
                                    let along = direction[first..first + 4].iter().zip(l);
                                    let along: f64 = along.map(|(f, weight)| f * weight).sum();
                                    h[row / 4] * k[row % 4] * along
                                });
                                rows.sum()
                            }
                        };
                        sums.0[lane] += by_f.0[lane] * change;
                    }
                }
            }
        }
    }
}
