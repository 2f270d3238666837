//! The term loop of a block with derivatives: one scattering vector a pixel, all orientations.
//!
//! The sum of a few numbers a pixel over the orientations is all that most derivatives need: of
//! g = ∂T/∂h the products g⊗h, which serve every change of the cell, and v = Aᵀg = ∂T/∂q, which serves
//! wavelength, panel and, once a step of φ, the crystal's turn. Mosaicity alone takes a vector of each
//! orientation.

use glam::{DMat3, DVec3};

use super::block::Block;
use super::interpolation::{SlopedFactors, SlopedTricubic};
use super::lattice_factor::{SlopedGauss, SlopedSpot, SlopedSquare};
use super::products::{cross, dot, transposed_times};
use super::sums::{Amplitudes, Needed, TermSums};
use super::symmetric_shape::add_symmetric;
use crate::cpu::interpolation::Tricubic;
use crate::cpu::lanes::{LANES, Lanes, PerLane, Vectors};
use crate::cpu::lattice_factor::Round;
use crate::cpu::orientation_sum::{INTERRUPT_INTERVAL, ScatteringBox};
use crate::cpu::polynomial::mul_add;
use crate::cpu::prepared::GROUP;
use crate::cpu::structure_factor::{Constant, Nearest};
use crate::experiment::Shape;
use crate::physics::miller_index::nearest_index;
use crate::scene::{Orientation, slot};

/// Adds the terms of the scene's orientations at the scattering vectors `q` (1/m) to `sums`, and their
/// derivatives with respect to the F of the grid to `amplitudes`; `None` when interrupted.
#[inline(always)]
pub(super) fn add_orientations<const FUSED: bool>(
    block: &Block,
    q: &Vectors,
    sums: &mut TermSums<Lanes>,
    amplitudes: &mut Amplitudes,
) -> Option<()> {
    let lattice = &block.prepared.scene.lattice;
    if !block.prepared.scene.symmetric_shape.is_empty() {
        return add_symmetric(block, q, sums, amplitudes);
    }
    match lattice.shape {
        Shape::Square => of_shape::<FUSED>(block, q, &SlopedSquare::new(lattice), sums, amplitudes),
        Shape::Round => of_shape::<FUSED>(block, q, &Round::new(lattice), sums, amplitudes),
        Shape::Gauss => {
            let spot = SlopedGauss::new(lattice, block.prepared.vanishing);
            of_shape::<FUSED>(block, q, &spot, sums, amplitudes)
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
    sums: &mut TermSums<Lanes>,
    amplitudes: &mut Amplitudes,
) -> Option<()> {
    let scene = block.prepared.scene;
    let default_f = scene.default_f;
    match scene.grid.as_deref() {
        None => {
            let constant = Constant::new(default_f);
            add::<FUSED, _, _>(block, q, spot, constant, sums, amplitudes)
        }
        Some(grid) if scene.interpolate => {
            let tricubic = SlopedTricubic::new(Tricubic::new(grid, default_f));
            add::<FUSED, _, _>(block, q, spot, tricubic, sums, amplitudes)
        }
        Some(grid) => {
            let nearest = Nearest::new(grid, default_f);
            add::<FUSED, _, _>(block, q, spot, nearest, sums, amplitudes)
        }
    }
}

#[inline(always)]
fn add<const FUSED: bool, S: SlopedSpot, F: SlopedFactors>(
    block: &Block,
    q: &Vectors,
    spot: &S,
    mut structure_factors: F,
    sums: &mut TermSums<Lanes>,
    amplitudes: &mut Amplitudes,
) -> Option<()> {
    let (prepared, rates) = (block.prepared, block.rates);
    let orientations = &prepared.scene.orientations;
    let domains = orientations.len() / rates.turns.len();
    let mut groups = prepared.groups.iter();
    let scattering_box = ScatteringBox::of(q);
    let first = orientations.first();
    let culls = first.is_some_and(|first| spot.vanishes_from(scattering_box.largest_offset(first)));
    // ∂/∂q of the terms of one step of φ.
    let mut step = StepSums::new();
    let mut number = 0;
    for some in orientations.chunks(INTERRUPT_INTERVAL) {
        if (block.interrupted)() {
            return None;
        }
        for few in some.chunks(GROUP) {
            let group = groups.next().filter(|_| culls);
            let vanish = group.map_or([false; GROUP], |group| scattering_box.vanish(group, spot));
            for (orientation, vanishes) in few.iter().zip(vanish) {
                if !vanishes {
                    let terms = Terms {
                        block,
                        orientation,
                        number,
                        q,
                        spot,
                    };
                    let factors = &mut structure_factors;
                    terms.add::<FUSED, _>(factors, sums, &mut step, amplitudes);
                }
                number += 1;
                if number % domains == 0 {
                    let turn = &rates.turns[number / domains - 1];
                    step.end(turn, q, block.chain.needed, sums);
                }
            }
        }
    }
    // F is the same everywhere.
    if !F::DEPENDS_ON_INDEX && prepared.scene.default_f != 0.0 {
        let twice_inverse = 2.0 / prepared.scene.default_f;
        sums.slots[slot::DEFAULT_F] = Lanes::from_fn(|lane| twice_inverse * sums.intensity.0[lane]);
    }
    Some(())
}

/// ∂/∂q of the terms of one step of φ.
pub(super) struct StepSums {
    by_q: Vectors,
    /// Whether there is any.
    any: bool,
}

impl StepSums {
    /// No terms.
    #[inline(always)]
    pub fn new() -> StepSums {
        StepSums {
            by_q: Vectors::ZERO,
            any: false,
        }
    }

    /// Ends the step at which the crystal is turned by `turn`.
    #[inline(always)]
    pub fn end(&mut self, turn: &DMat3, q: &Vectors, needed: Needed, sums: &mut TermSums<Lanes>) {
        if !self.any {
            return;
        }
        if needed.through_q() {
            add_vectors(&mut sums.q, &self.by_q);
        }
        if needed.any(slot::CRYSTAL_TURN) {
            let mut own = Vectors::ZERO;
            for lane in 0..LANES {
                let torque = self.by_q.get(lane).cross(q.get(lane));
                own.set(lane, transposed_times::<false>(turn, torque, DVec3::ZERO));
            }
            add_vectors(slots_mut(&mut sums.slots, slot::CRYSTAL_TURN.start), &own);
        }
        *self = StepSums::new();
    }
}

/// Adds `own` to three slots.
#[inline(always)]
pub(super) fn add_vectors(slots: &mut [Lanes; 3], own: &Vectors) {
    let [x, y, z] = slots;
    for lane in 0..LANES {
        let own = own.get(lane);
        x.0[lane] += own.x;
        y.0[lane] += own.y;
        z.0[lane] += own.z;
    }
}

/// Three slots in a row.
#[inline(always)]
pub(super) fn slots_mut(slots: &mut [Lanes; slot::COUNT], first: usize) -> &mut [Lanes; 3] {
    let own = slots[first..].first_chunk_mut();
    // Every range of three slots lies within all of them.
    own.unwrap_or_else(|| unreachable!())
}

/// The terms of one orientation in a block.
pub(super) struct Terms<'a, S> {
    /// The block.
    pub block: &'a Block<'a>,
    /// The orientation.
    pub orientation: &'a Orientation,
    /// Its number in the scene.
    pub number: usize,
    /// The scattering vectors.
    pub q: &'a Vectors,
    /// The shape of the spots.
    pub spot: &'a S,
}

impl<S: SlopedSpot> Terms<'_, S> {
    /// Adds them.
    #[inline(always)]
    fn add<const FUSED: bool, F: SlopedFactors>(
        &self,
        structure_factors: &mut F,
        sums: &mut TermSums<Lanes>,
        step: &mut StepSums,
        amplitudes: &mut Amplitudes,
    ) {
        let needed = self.block.chain.needed;
        let (mut indices, mut nearest) = (Vectors::ZERO, Vectors::ZERO);
        let mut vanish = true;
        for lane in 0..LANES {
            let hkl = self.orientation.miller_index(self.q.get(lane));
            let nearest_hkl = nearest_index(hkl);
            vanish &= self.spot.vanishes(hkl - nearest_hkl);
            structure_factors.place(lane, hkl, nearest_hkl);
            indices.set(lane, hkl);
            nearest.set(lane, nearest_hkl);
        }
        // Terms that are zero are not computed any further.
        if vanish || !structure_factors.find_slopes::<FUSED>() {
            return;
        }
        let (mut squares, mut slopes) = (Lanes::ZERO, Vectors::ZERO);
        let (mut fudges, mut coupled) = (Lanes::ZERO, Vectors::ZERO);
        let of_cells = slots_mut(&mut sums.slots, slot::CELLS.start);
        // Two loops, so that one of them leaves out what only numbers of cells need.
        if needed.any(slot::CELLS) || S::HAS_COUPLED_CELLS {
            let [a, b, c] = of_cells;
            for lane in 0..LANES {
                let delta = indices.get(lane) - nearest.get(lane);
                let own = self.spot.slopes::<FUSED>(delta);
                let square = structure_factors.square(lane);
                squares.0[lane] = own.squared;
                slopes.set(lane, square * own.delta);
                a.0[lane] += square * own.cells.x;
                b.0[lane] += square * own.cells.y;
                c.0[lane] += square * own.cells.z;
                if S::HAS_FUDGE {
                    fudges.0[lane] = square * own.fudge;
                }
                if S::HAS_COUPLED_CELLS {
                    coupled.set(lane, square * own.coupled_cells);
                }
            }
        } else {
            for lane in 0..LANES {
                let delta = indices.get(lane) - nearest.get(lane);
                let own = self.spot.slopes::<FUSED>(delta);
                let square = structure_factors.square(lane);
                squares.0[lane] = own.squared;
                slopes.set(lane, square * own.delta);
                if S::HAS_FUDGE {
                    fudges.0[lane] = square * own.fudge;
                }
            }
        }
        if S::HAS_FUDGE {
            sums.slots[slot::FUDGE].add(&fudges);
        }
        if S::HAS_COUPLED_CELLS {
            add_vectors(
                slots_mut(&mut sums.slots, slot::COUPLED_CELLS.start),
                &coupled,
            );
        }
        for lane in 0..LANES {
            sums.intensity.0[lane] += structure_factors.square(lane) * squares.0[lane];
        }
        let by_f = Lanes::from_fn(|lane| 2.0 * structure_factors.value(lane) * squares.0[lane]);
        if needed.any(slot::INDEX) {
            let about = match self.block.prepared.scene.lattice.moves_with_cell() {
                true => &nearest,
                false => &indices,
            };
            add_products::<FUSED>(&slopes, about, sums);
            if F::BETWEEN_REFLECTIONS {
                let mut own = Vectors::ZERO;
                for lane in 0..LANES {
                    own.set(lane, by_f.0[lane] * structure_factors.slope(lane));
                }
                add_products::<FUSED>(&own, &indices, sums);
            }
        }
        if F::BETWEEN_REFLECTIONS {
            for lane in 0..LANES {
                let own = by_f.0[lane] * structure_factors.slope(lane);
                slopes.set(lane, slopes.get(lane) + own);
            }
        }
        self.add_turns::<FUSED>(&slopes, sums, step);
        self.add_factors::<F>(structure_factors, &by_f, sums, amplitudes);
    }
}

impl<S> Terms<'_, S> {
    /// Adds what goes through the scattering vector, where g = ∂T/∂h is `by_hkl`.
    #[inline(always)]
    pub fn add_turns<const FUSED: bool>(
        &self,
        by_hkl: &Vectors,
        sums: &mut TermSums<Lanes>,
        step: &mut StepSums,
    ) {
        let needed = self.block.chain.needed;
        let turns = needed.any(slot::MOSAIC);
        if !(turns || needed.through_q() || needed.any(slot::CRYSTAL_TURN)) {
            return;
        }
        let mosaic = &self.block.rates.mosaic;
        let index_of = &self.orientation.index_of;
        step.any = true;
        let mut by_q = Vectors::ZERO;
        for lane in 0..LANES {
            let own = transposed_times::<FUSED>(index_of, by_hkl.get(lane), DVec3::ZERO);
            step.by_q.set(lane, step.by_q.get(lane) + own);
            by_q.set(lane, own);
        }
        if turns {
            let spreads = slot::MOSAIC.zip(mosaic);
            for (place, rates) in spreads.filter(|(place, _)| needed.slot(*place)) {
                let (values, rate) = (&mut sums.slots[place], rates[self.number]);
                for lane in 0..LANES {
                    // The torque v × q along the rate.
                    let moved = cross::<FUSED>(self.q.get(lane), rate);
                    values.0[lane] = dot::<FUSED>(by_q.get(lane), moved, values.0[lane]);
                }
            }
        }
    }

    /// Adds the derivatives with respect to F.
    #[inline(always)]
    pub fn add_factors<F: SlopedFactors>(
        &self,
        structure_factors: &F,
        by_f: &Lanes,
        sums: &mut TermSums<Lanes>,
        amplitudes: &mut Amplitudes,
    ) {
        if !F::DEPENDS_ON_INDEX {
            return;
        }
        if self.block.chain.needed.slot(slot::DEFAULT_F) {
            let values = &mut sums.slots[slot::DEFAULT_F];
            for lane in 0..LANES {
                let is_default = structure_factors.is_default(lane);
                values.0[lane] += if is_default { by_f.0[lane] } else { 0.0 };
            }
        }
        if self.block.chain.needed.amplitudes() {
            structure_factors.add_amplitudes(by_f, amplitudes);
        }
    }
}

/// Adds g⊗h.
#[inline(always)]
pub(super) fn add_products<const FUSED: bool>(
    by_hkl: &Vectors,
    hkl: &Vectors,
    sums: &mut TermSums<Lanes>,
) {
    let start = slot::INDEX.start;
    add_scaled::<FUSED>(slots_mut(&mut sums.slots, start), by_hkl, hkl, |h| h.x);
    add_scaled::<FUSED>(slots_mut(&mut sums.slots, start + 3), by_hkl, hkl, |h| h.y);
    add_scaled::<FUSED>(slots_mut(&mut sums.slots, start + 6), by_hkl, hkl, |h| h.z);
}

/// Adds `own` times a component of `by` to three slots.
#[inline(always)]
fn add_scaled<const FUSED: bool>(
    [x, y, z]: &mut [Lanes; 3],
    own: &Vectors,
    by: &Vectors,
    component: impl Fn(DVec3) -> f64,
) {
    for lane in 0..LANES {
        let (own, by) = (own.get(lane), component(by.get(lane)));
        x.0[lane] = mul_add::<FUSED>(own.x, by, x.0[lane]);
        y.0[lane] = mul_add::<FUSED>(own.y, by, y.0[lane]);
        z.0[lane] = mul_add::<FUSED>(own.z, by, z.0[lane]);
    }
}
