//! The derivatives of halos (PHYSICS §17), in one pixel and in a block of pixels.
//!
//! A halo follows the crystal's cell, its axes and its size through quadratic forms alone. So the products
//! of a reflection with itself and of an offset with itself, weighted by the halo's slopes, are all that is
//! summed of a form: two symmetric matrices, which a [`Chain`](super::chain::Chain) takes to the slots once.

use glam::DVec3;
use multiversion::multiversion;

use super::block::Block;
use super::chain::Link;
use super::interpolation::SlopedFactors;
use super::orientation_sum::{StepSums, Terms, add_products};
use super::pixel::{factor_slopes, outer};
use super::sums::{Amplitudes, Needed, TermSums};
use crate::cpu::lanes::{LANES, Lanes, PerLane, Vectors};
use crate::cpu::structure_factor::{Constant, Nearest};
use crate::physics::diffuse::Diffuse;
use crate::physics::diffuse_rates::HaloRates;
use crate::physics::lattice_factor::Lattice;
use crate::physics::lattice_integral::{IntegralSlopes, lattice_integral_slopes};
use crate::physics::miller_index::nearest_index;
use crate::physics::symmetric::Symmetric;
use crate::scene::{Rates, Scene, slot};

/// Numbers of a form: of the reflection's matrix, and of the offset's.
const OF_FORM: usize = 12;

/// How many numbers of `diffuse` are summed over terms: those of each form, and the halos themselves.
pub(super) fn halo_numbers(diffuse: &Diffuse) -> usize {
    OF_FORM * diffuse.forms.len() + 1
}

/// The links from the numbers to the slots that are `needed`.
pub(super) fn links(lattice: &Lattice, diffuse: &Diffuse, needed: Needed) -> Vec<Link> {
    let mut links = Vec::new();
    for (number, form) in diffuse.forms.iter().enumerate() {
        let rates = HaloRates::new(diffuse, form);
        let mut link = |slot: usize, [displacement, correlation]: [Symmetric; 2]| {
            for (part, rate) in [displacement, correlation].into_iter().enumerate() {
                let first = OF_FORM * number + OF_FORM / 2 * part;
                let of_slot = rate.to_dot().into_iter().enumerate();
                links.extend(of_slot.map(|(at, own)| (slot, first + at, own)));
            }
        };
        let none = Symmetric::default();
        for (slot, own) in slot::INDEX.zip(rates.index) {
            link(slot, own);
        }
        for (axis, (sigma, gamma)) in rates.sigma.into_iter().zip(rates.gamma).enumerate() {
            link(slot::DIFFUSE_SIGMA.start + axis, [sigma, none]);
            link(slot::DIFFUSE_GAMMA.start + axis, [none, gamma]);
        }
    }
    // β/V·det G is in front of all.
    let whole = OF_FORM * diffuse.forms.len();
    // It takes a tenth of a second for a round crystal.
    let follows = needed.any(slot::INDEX) || needed.any(slot::CELLS) || needed.slot(slot::FUDGE);
    let slopes = match follows || needed.any(slot::COUPLED_CELLS) {
        true => lattice_integral_slopes(lattice),
        false => IntegralSlopes::default(),
    };
    let sizes = slot::CELLS.zip(slopes.cells);
    let sizes = sizes.chain(slot::COUPLED_CELLS.zip(slopes.coupled_cells));
    let sizes = sizes.chain([(slot::FUDGE, slopes.fudge)]);
    links.extend(sizes.map(|(slot, own)| (slot, whole, own)));
    for axis in 0..3 {
        links.push((
            slot::DIFFUSE_GAMMA.start + axis,
            whole,
            1.0 / diffuse.gamma_m[axis],
        ));
        links.push((slot::INDEX.start + 4 * axis, whole, slopes.expansion - 1.0));
    }
    links
}

/// Adds the halos of all orientations at the scattering vector `q` (1/m) to the `numbers` and to `sums`, and
/// their derivatives with respect to F of the grid to `amplitudes`: the scalar reference.
pub(super) fn add_pixel_halos(
    scene: &Scene,
    rates: &Rates,
    diffuse: &Diffuse,
    q: DVec3,
    numbers: &mut [f64],
    sums: &mut TermSums<f64>,
    amplitudes: &mut Vec<(usize, f64)>,
) {
    let domains = scene.orientations.len() / rates.turns.len();
    for (number, orientation) in scene.orientations.iter().enumerate() {
        let hkl = orientation.miller_index(q);
        let mut by_hkl = DVec3::ZERO;
        for reflection in diffuse.reflections(nearest_index(hkl)) {
            let f = factor_slopes(scene, reflection, reflection);
            let (square, away) = (f.value * f.value, hkl - reflection);
            let mut all = 0.0;
            for (form, numbers) in diffuse.forms.iter().zip(numbers.chunks_mut(OF_FORM)) {
                let own = form.slopes(reflection, away);
                all += own.value;
                by_hkl += square * own.offset;
                let parts = [
                    Symmetric::product(reflection, reflection) * own.displacement,
                    Symmetric::product(away, away) * own.correlation,
                ];
                let parts = parts.iter().flat_map(Symmetric::to_array);
                for (sum, own) in numbers.iter_mut().zip(parts) {
                    *sum += square * own;
                }
            }
            if let Some(whole) = numbers.last_mut() {
                *whole += square * all;
            }
            sums.intensity += square * all;
            let by_f = 2.0 * f.value * all;
            match f.weights {
                None => sums.slots[slot::DEFAULT_F] += by_f,
                Some(places) => {
                    amplitudes.extend(places.into_iter().map(|(at, own)| (at, own * by_f)));
                }
            }
        }
        for (place, element) in slot::INDEX.zip(outer(by_hkl, hkl).to_cols_array()) {
            sums.slots[place] += element;
        }
        let by_q = orientation.index_of.transpose() * by_hkl;
        let torque = by_q.cross(q);
        let at_start = rates.turns[number / domains].transpose() * torque;
        for axis in 0..3 {
            sums.q[axis] += by_q[axis];
            sums.slots[slot::CRYSTAL_TURN.start + axis] += at_start[axis];
        }
        for (place, domains) in slot::MOSAIC.zip(&rates.mosaic) {
            sums.slots[place] += domains[number].dot(torque);
        }
    }
}

/// Adds the halos of all orientations at the scattering vectors `q` (1/m): to the numbers, times the
/// `factors` in front of the sum over orientations, to the sums and to the amplitudes; `None` when
/// interrupted.
///
/// Compiled for the instruction sets of [`photons`](crate::cpu::block).
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512cd+avx512dq+avx512vl+avx2+fma+bmi1+bmi2",
    "x86_64+avx2+fma+bmi1+bmi2",
))]
pub(super) fn add_halos(
    block: &Block,
    diffuse: &Diffuse,
    q: &Vectors,
    factors: &Lanes,
    (numbers, sums, amplitudes): (&mut [Lanes], &mut TermSums<Lanes>, &mut Amplitudes),
) -> Option<()> {
    let (scene, rates) = (block.prepared.scene, block.rates);
    let domains = scene.orientations.len() / rates.turns.len();
    let mut step = StepSums::new();
    for (number, orientation) in scene.orientations.iter().enumerate() {
        if (block.interrupted)() {
            return None;
        }
        let halos = Halos {
            diffuse,
            factors,
            terms: Terms {
                block,
                orientation,
                number,
                q,
                spot: &(),
            },
        };
        let into = (&mut *numbers, &mut *sums, &mut *amplitudes);
        match scene.grid.as_deref() {
            None => halos.add(Constant::new(scene.default_f), into, &mut step),
            Some(grid) => halos.add(Nearest::new(grid, scene.default_f), into, &mut step),
        }
        if (number + 1) % domains == 0 {
            step.end(&rates.turns[number / domains], q, block.chain.needed, sums);
        }
    }
    Some(())
}

/// The halos of one orientation.
struct Halos<'a> {
    diffuse: &'a Diffuse,
    factors: &'a Lanes,
    terms: Terms<'a, ()>,
}

impl Halos<'_> {
    #[inline(always)]
    fn add<F: SlopedFactors>(
        &self,
        mut structure_factors: F,
        (numbers, sums, amplitudes): (&mut [Lanes], &mut TermSums<Lanes>, &mut Amplitudes),
        step: &mut StepSums,
    ) {
        let (mut nearest, mut indices) = (Vectors::ZERO, Vectors::ZERO);
        for lane in 0..LANES {
            let hkl = self.terms.orientation.miller_index(self.terms.q.get(lane));
            nearest.set(lane, nearest_index(hkl));
            indices.set(lane, hkl);
        }
        let mut by_hkl = Vectors::ZERO;
        let whole = OF_FORM * self.diffuse.forms.len();
        for away in self.diffuse.steps() {
            for lane in 0..LANES {
                let reflection = nearest.get(lane) + away;
                structure_factors.place(lane, reflection, reflection);
            }
            // Nothing here is fused.
            if !structure_factors.find::<false>() {
                continue;
            }
            let squares = Lanes::from_fn(|lane| structure_factors.square(lane));
            let mut all = Lanes::ZERO;
            for (form, numbers) in self.diffuse.forms.iter().zip(numbers.chunks_mut(OF_FORM)) {
                // Written side by side first: numbers could be anywhere in memory.
                let mut own = [Lanes::ZERO; OF_FORM];
                for lane in 0..LANES {
                    let reflection = nearest.get(lane) + away;
                    let offset = indices.get(lane) - reflection;
                    let slopes = form.slopes(reflection, offset);
                    let square = squares.0[lane];
                    all.0[lane] += slopes.value;
                    by_hkl.set(lane, by_hkl.get(lane) + square * slopes.offset);
                    let weight = square * self.factors.0[lane];
                    let of_reflection =
                        Symmetric::product(reflection, reflection) * (weight * slopes.displacement);
                    let of_offset =
                        Symmetric::product(offset, offset) * (weight * slopes.correlation);
                    let (one, other) = (of_reflection.to_array(), of_offset.to_array());
                    for at in 0..OF_FORM / 2 {
                        own[at].0[lane] = one[at];
                        own[OF_FORM / 2 + at].0[lane] = other[at];
                    }
                }
                for (sum, own) in numbers.iter_mut().zip(&own) {
                    sum.add(own);
                }
            }
            for lane in 0..LANES {
                let own = squares.0[lane] * all.0[lane];
                sums.intensity.0[lane] += own;
                numbers[whole].0[lane] += self.factors.0[lane] * own;
            }
            let by_f = Lanes::from_fn(|lane| 2.0 * structure_factors.value(lane) * all.0[lane]);
            if !F::DEPENDS_ON_INDEX {
                sums.slots[slot::DEFAULT_F].add(&by_f);
            }
            let factors = &structure_factors;
            self.terms
                .add_factors::<F>(factors, &by_f, sums, amplitudes);
        }
        add_products::<false>(&by_hkl, &indices, sums);
        self.terms.add_turns::<false>(&by_hkl, sums, step);
    }
}
