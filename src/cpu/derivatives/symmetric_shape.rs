//! The term loop of a block with derivatives where F_latt² is the mean over the operators of a Laue
//! group.

use glam::DVec3;
use multiversion::multiversion;

use super::block::Block;
use super::lattice_factor::{SlopedGauss, SlopedSpot, SlopedSquare};
use super::orientation_sum::{StepSums, Terms, add_products, add_vectors, slots_mut};
use super::pixel::factor_slopes;
use super::products::transposed_times;
use super::sums::{Amplitudes, TermSums};
use crate::cpu::lanes::{LANES, Lanes, PerLane, Vectors};
use crate::cpu::lattice_factor::Round;
use crate::experiment::Shape;
use crate::physics::miller_index::nearest_index;
use crate::scene::slot;

/// [`add_orientations`](super::orientation_sum::add_orientations) for a symmetric shape.
///
/// A function of its own, compiled for the instruction sets of [`photons`](crate::cpu::block), as that of
/// images is.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub(super) fn add_symmetric(
    block: &Block,
    q: &Vectors,
    sums: &mut TermSums<Lanes>,
    amplitudes: &mut Amplitudes,
) -> Option<()> {
    const FUSED: bool =
        multiversion::target::target_cfg_f!(any(target_feature = "fma", target_arch = "aarch64"));
    let lattice = &block.prepared.scene.lattice;
    match lattice.shape {
        Shape::Square => {
            // The interference of whole cells is the same about every index.
            let spot = SlopedSquare::new(lattice);
            of_shape::<FUSED>(block, q, &spot, |own| own - own.round(), sums, amplitudes)
        }
        Shape::Round => {
            let spot = Round::new(lattice);
            of_shape::<FUSED>(block, q, &spot, |own| own, sums, amplitudes)
        }
        Shape::Gauss => {
            let spot = SlopedGauss::new(lattice, f64::INFINITY);
            of_shape::<FUSED>(block, q, &spot, |own| own, sums, amplitudes)
        }
        // Refused by whoever asks for derivatives.
        Shape::TopHat => Some(()),
    }
}

#[inline(always)]
fn of_shape<const FUSED: bool>(
    block: &Block,
    q: &Vectors,
    spot: &impl SlopedSpot,
    offset_of: impl Fn(DVec3) -> DVec3,
    sums: &mut TermSums<Lanes>,
    amplitudes: &mut Amplitudes,
) -> Option<()> {
    let (scene, rates) = (block.prepared.scene, block.rates);
    let operators = &scene.symmetric_shape;
    let share = 1.0 / operators.len() as f64;
    let domains = scene.orientations.len() / rates.turns.len();
    let mut step = StepSums::new();
    for (number, orientation) in scene.orientations.iter().enumerate() {
        if (block.interrupted)() {
            return None;
        }
        let (mut indices, mut offsets) = (Vectors::ZERO, Vectors::ZERO);
        for lane in 0..LANES {
            let hkl = orientation.miller_index(q.get(lane));
            indices.set(lane, hkl);
            offsets.set(lane, hkl - nearest_index(hkl));
        }
        // F one pixel after the other, as in images.
        let factors: [_; LANES] = std::array::from_fn(|lane| {
            let hkl = indices.get(lane);
            factor_slopes(scene, hkl, nearest_index(hkl))
        });
        let squares = Lanes::from_fn(|lane| share * factors[lane].value * factors[lane].value);
        let (mut shape, mut by_hkl, mut fudges) = (Lanes::ZERO, Vectors::ZERO, Lanes::ZERO);
        for operator in operators.iter() {
            let mut moved = Vectors::ZERO;
            let (mut slopes, mut cells, mut coupled) =
                (Vectors::ZERO, Vectors::ZERO, Vectors::ZERO);
            for lane in 0..LANES {
                let offset = offset_of(*operator * offsets.get(lane));
                let own = spot.slopes::<FUSED>(offset);
                let square = squares.0[lane];
                shape.0[lane] += share * own.squared;
                fudges.0[lane] += square * own.fudge;
                moved.set(lane, offset);
                slopes.set(lane, square * own.delta);
                cells.set(lane, square * own.cells);
                coupled.set(lane, square * own.coupled_cells);
            }
            let (mut by_index, mut back) = (Vectors::ZERO, Vectors::ZERO);
            for lane in 0..LANES {
                let own = transposed_times::<false>(operator, slopes.get(lane), DVec3::ZERO);
                by_index.set(lane, own);
                by_hkl.set(lane, by_hkl.get(lane) + own);
                back.set(lane, -slopes.get(lane));
            }
            add_products::<false>(&by_index, &indices, sums);
            if scene.lattice.moves_with_cell() {
                add_products::<false>(&back, &moved, sums);
            }
            add_vectors(slots_mut(&mut sums.slots, slot::CELLS.start), &cells);
            add_vectors(
                slots_mut(&mut sums.slots, slot::COUPLED_CELLS.start),
                &coupled,
            );
        }
        sums.slots[slot::FUDGE].add(&fudges);
        let mut between = Vectors::ZERO;
        for (lane, factor) in factors.iter().enumerate() {
            let by_f = 2.0 * factor.value * shape.0[lane];
            sums.intensity.0[lane] += factor.value * factor.value * shape.0[lane];
            let own = by_f * factor.hkl;
            between.set(lane, own);
            by_hkl.set(lane, by_hkl.get(lane) + own);
            match &factor.weights {
                None => sums.slots[slot::DEFAULT_F].0[lane] += by_f,
                Some(weights) => {
                    for (place, weight) in weights {
                        amplitudes.add_one(lane, *place, weight * by_f);
                    }
                }
            }
        }
        if scene.interpolate {
            add_products::<false>(&between, &indices, sums);
        }
        let terms = Terms {
            block,
            orientation,
            number,
            q,
            spot,
        };
        terms.add_turns::<false>(&by_hkl, sums, &mut step);
        if (number + 1) % domains == 0 {
            step.end(&rates.turns[number / domains], q, block.chain.needed, sums);
        }
    }
    Some(())
}
