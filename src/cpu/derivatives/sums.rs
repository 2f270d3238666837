//! What the terms of one scattering vector hand to the sum over layers, sub-pixels and sources, for a
//! pixel and for a block of pixels.

use glam::DVec3;

use crate::cpu::lanes::{LANES, Lanes, PerLane};
use crate::experiment::{Shape, SpotMetric};
use crate::scene::{PANEL_COUNT, Rates, Scene, SceneVector, slot};

/// Σ F_cell²·F_latt² (and halos) over the orientations at one scattering vector q of one source and one
/// view, with its derivatives. `N` is a number of one pixel (`f64`) or of a block (`Lanes`).
///
/// Whoever sums terms adds to these fields, without any of the factors in front of the sum; the sum over
/// views and sources puts those on, and does all that goes through them. A derivative has one of three
/// ways into the sums:
///
/// * `slots`: what moves the crystal, its spots or its F at a fixed q. INDEX, CRYSTAL_TURN, CELLS,
///   COUPLED_CELLS, FUDGE, MOSAIC, BANDWIDTH, DIVERGENCE, DEFAULT_F, DIFFUSE_SIGMA and DIFFUSE_GAMMA are
///   complete here. WAVELENGTH gets what depends on the wavelength beside q (in closed form the steps of
///   the divergence and of the pixel's area). SCALE, B_FACTOR and WATER stay zero.
/// * `q`: the derivative with respect to q at a fixed crystal, m. From it come the wavelength (dq = −q per
///   unit of ln λ) and the motion of the panel (dq = dd/λ for the direction d of the view).
/// * `direction`, `distance` and `turn`: what depends on the view beside q: with `--pixel-average` the
///   steps of q over the pixel's area. `direction` is the derivative with respect to d, `distance` that
///   with respect to the distance (1/m), and `turn` that with respect to a turn of the panel's own
///   axes, which d and q do not follow: fast × ∂/∂fast + slow × ∂/∂slow.
///
/// Sampled spots are added by `orientation_sum.rs` (of a pixel: `pixel.rs`); closed forms and halos by
/// files of their own, in the same places of `block.rs` and `pixel.rs` where images take them. Each gives
/// what it needs of [`Needed`] and hands the derivatives with respect to F of the grid to
/// [`Amplitudes::add`] (of a pixel: to a list of places and derivatives).
#[derive(Debug, Clone)]
pub struct TermSums<N> {
    /// The sum itself, electrons².
    pub intensity: N,
    /// Its derivatives along the slots.
    pub slots: [N; slot::COUNT],
    /// ∂/∂q, m.
    pub q: [N; 3],
    /// ∂/∂d, where q stays.
    pub direction: [N; 3],
    /// The derivative with respect to the distance, where q stays, 1/m.
    pub distance: N,
    /// The derivative with respect to a turn of the panel's axes about x, y and z, 1/rad.
    pub turn: [N; 3],
}

impl Default for TermSums<f64> {
    fn default() -> TermSums<f64> {
        TermSums {
            intensity: 0.0,
            slots: [0.0; slot::COUNT],
            q: [0.0; 3],
            direction: [0.0; 3],
            distance: 0.0,
            turn: [0.0; 3],
        }
    }
}

impl TermSums<Lanes> {
    /// No terms.
    pub const ZERO: TermSums<Lanes> = TermSums {
        intensity: Lanes::ZERO,
        slots: [Lanes::ZERO; slot::COUNT],
        q: [Lanes::ZERO; 3],
        direction: [Lanes::ZERO; 3],
        distance: Lanes::ZERO,
        turn: [Lanes::ZERO; 3],
    };

    /// Sets to zero what is `needed`; nobody changes the rest.
    #[inline(always)]
    pub fn clear(&mut self, needed: Needed) {
        self.intensity = Lanes::ZERO;
        for place in needed.term_slots() {
            self.slots[place] = Lanes::ZERO;
        }
        if needed.through_q() {
            self.q = [Lanes::ZERO; 3];
        }
        if needed.motion() {
            self.direction = [Lanes::ZERO; 3];
            self.distance = Lanes::ZERO;
            self.turn = [Lanes::ZERO; 3];
        }
    }

    /// ∂/∂q of one pixel.
    #[inline(always)]
    pub fn q_of(&self, lane: usize) -> DVec3 {
        vector(&self.q, lane)
    }

    /// ∂/∂d of one pixel.
    #[inline(always)]
    pub fn direction_of(&self, lane: usize) -> DVec3 {
        vector(&self.direction, lane)
    }

    /// The derivative of one pixel with respect to a turn of the panel's axes.
    #[inline(always)]
    pub fn turn_of(&self, lane: usize) -> DVec3 {
        vector(&self.turn, lane)
    }
}

#[inline(always)]
fn vector(components: &[Lanes; 3], lane: usize) -> DVec3 {
    DVec3::from_array(components.each_ref().map(|own| own.0[lane]))
}

/// Which derivatives are asked for: what nobody needs is not computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed(u64);

impl Needed {
    /// The bit of the panels' motion, behind those of the slots.
    const MOTION: usize = slot::COUNT;
    /// The bit of the F of the grid.
    const AMPLITUDES: usize = slot::COUNT + 1;

    /// Nothing.
    pub const NOTHING: Needed = Needed(0);

    /// Every slot and the panels' motion, and the F of the grid where `amplitudes`.
    pub fn all(amplitudes: bool) -> Needed {
        let all = (1 << Needed::AMPLITUDES) - 1;
        Needed(all | u64::from(amplitudes) << Needed::AMPLITUDES)
    }

    /// These and what `direction` has components of.
    pub fn and_along(self, direction: &SceneVector) -> Needed {
        let bit = |place: usize, component: bool| u64::from(component) << place;
        let slots = direction.slots.iter().enumerate();
        let of_slots = slots.map(|(place, component)| bit(place, *component != 0.0));
        let moves = |panel: &[f64; PANEL_COUNT]| *panel != [0.0; PANEL_COUNT];
        let moves = direction.panels.iter().any(moves);
        let others = [
            bit(Needed::MOTION, moves),
            bit(Needed::AMPLITUDES, !direction.amplitudes.is_empty()),
        ];
        Needed(of_slots.chain(others).fold(self.0, |all, one| all | one))
    }

    /// These without the slots that only terms have, which are sums of numbers where spots are in closed
    /// form.
    pub fn without_terms(self) -> Needed {
        const KEPT: [usize; 4] = [slot::SCALE, slot::WAVELENGTH, slot::B_FACTOR, slot::WATER];
        let kept = KEPT.iter().fold(0, |all, place| all | 1 << place);
        Needed(self.0 & (kept | !((1 << slot::COUNT) - 1)))
    }

    /// These, but for what does not move the image of `scene`, whose orientations move by `rates`.
    pub fn within(self, scene: &Scene, rates: &Rates) -> Needed {
        let lattice = &scene.lattice;
        let spreads = &rates.mosaic;
        let turns = |number: usize| {
            let rates = spreads.get(number);
            rates.is_some_and(|rates| rates.iter().any(|rate| *rate != DVec3::ZERO))
        };
        let coupled = lattice.shape == Shape::Gauss && lattice.spot_metric == SpotMetric::Index;
        let sampled = scene.closed_form.is_none();
        let absent = [
            (slot::COUPLED_CELLS, !coupled),
            (slot::FUDGE..slot::FUDGE + 1, lattice.shape == Shape::Square),
            (slot::BANDWIDTH..slot::BANDWIDTH + 1, sampled),
            (slot::DIVERGENCE, sampled),
            (slot::DIFFUSE_SIGMA, scene.diffuse.is_none()),
            (slot::DIFFUSE_GAMMA, scene.diffuse.is_none()),
        ];
        let spreads = slot::MOSAIC.map(|place| {
            let number = place - slot::MOSAIC.start;
            (place..place + 1, sampled && !turns(number))
        });
        let absent = absent
            .into_iter()
            .chain(spreads)
            .filter(|(_, absent)| *absent);
        let bits = absent
            .flat_map(|(places, _)| places)
            .fold(0, |all, place| all | 1 << place);
        Needed(self.0 & !bits)
    }

    /// The places, among so many values of a block, of what is needed.
    #[inline(always)]
    pub(super) fn places(self, count: usize) -> impl Iterator<Item = usize> {
        let motion = match self.motion() {
            true => slot::COUNT..slot::COUNT + PANEL_COUNT,
            false => 0..0,
        };
        let slots = bits(self.0 & ((1 << slot::COUNT) - 1));
        slots.chain(motion).chain(slot::COUNT + PANEL_COUNT..count)
    }

    /// Whether the value at a place of a block is needed.
    pub(super) fn place(self, place: usize) -> bool {
        match place.checked_sub(slot::COUNT) {
            None => self.slot(place),
            Some(behind) => behind >= PANEL_COUNT || self.motion(),
        }
    }

    /// Whether the slot is needed.
    #[inline(always)]
    pub fn slot(self, slot: usize) -> bool {
        self.0 >> slot & 1 == 1
    }

    /// The slots that terms have derivatives along, of those that are needed.
    #[inline(always)]
    pub fn term_slots(self) -> impl Iterator<Item = usize> {
        const OTHERS: [usize; 3] = [slot::SCALE, slot::B_FACTOR, slot::WATER];
        let others = OTHERS.iter().fold(0, |all, place| all | 1 << place);
        bits(self.0 & !others & ((1 << slot::COUNT) - 1))
    }

    /// Whether anything is that goes through the scattering vector.
    #[inline(always)]
    pub fn through_q(self) -> bool {
        self.slot(slot::WAVELENGTH) || self.motion()
    }

    /// Whether any slot of a range is.
    #[inline(always)]
    pub fn any(self, mut slots: std::ops::Range<usize>) -> bool {
        slots.any(|slot| self.slot(slot))
    }

    /// Whether panels move.
    #[inline(always)]
    pub fn motion(self) -> bool {
        self.slot(Needed::MOTION)
    }

    /// Whether F of the grid moves.
    #[inline(always)]
    pub fn amplitudes(self) -> bool {
        self.slot(Needed::AMPLITUDES)
    }
}

/// The places of the bits that are set.
#[inline(always)]
fn bits(mut left: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = left.trailing_zeros() as usize;
        (left != 0).then(|| {
            left &= left - 1;
            place
        })
    })
}

/// What becomes of the derivatives with respect to the F of the grid. There are as many as the grid has
/// reflections, so that they are dealt with term by term.
#[derive(Debug)]
pub enum Amplitudes<'a> {
    /// Nobody needs them.
    Unused,
    /// They are added to a gradient.
    Weighted {
        /// The weight of each pixel, with the scale of the scene.
        pixels: &'a Lanes,
        /// That times the factors in front of the sum over orientations: what a derivative of the sum
        /// counts in each pixel.
        weights: &'a mut Lanes,
        /// The gradient, in the order of the grid.
        gradient: &'a mut [f64],
    },
    /// Their products with directions are summed.
    Along {
        /// dF of each direction, in the order of the grid.
        directions: &'a [&'a [f64]],
        /// The sums over the orientations, one for each direction.
        sums: &'a mut [Lanes],
    },
}

impl Amplitudes<'_> {
    /// Begins the sum over the orientations at one scattering vector, which counts with these `factors`
    /// in a pixel.
    #[inline(always)]
    pub(super) fn begin(&mut self, factors: &Lanes) {
        match self {
            Amplitudes::Unused => {}
            Amplitudes::Weighted {
                pixels, weights, ..
            } => {
                **weights = Lanes::from_fn(|lane| pixels.0[lane] * factors.0[lane]);
            }
            Amplitudes::Along { sums, .. } => sums.fill(Lanes::ZERO),
        }
    }

    /// Ends it: adds the sums along directions, times the `factors`, to the `values` of those.
    #[inline(always)]
    pub(super) fn end(&self, factors: &Lanes, values: &mut [Lanes]) {
        if let Amplitudes::Along { sums, .. } = self {
            for (values, sums) in values.iter_mut().zip(sums.iter()) {
                for lane in 0..LANES {
                    values.0[lane] += factors.0[lane] * sums.0[lane];
                }
            }
        }
    }

    /// Takes the derivative `slope` of the pixel of `lane` with respect to the F at `place`.
    pub(super) fn add_one(&mut self, lane: usize, place: usize, slope: f64) {
        match self {
            Amplitudes::Unused => {}
            Amplitudes::Weighted {
                weights, gradient, ..
            } => add_at(gradient, place as u64, weights.0[lane] * slope),
            Amplitudes::Along { directions, sums } => {
                for (direction, sums) in directions.iter().zip(sums.iter_mut()) {
                    sums.0[lane] += slope * direction.get(place).copied().unwrap_or(0.0);
                }
            }
        }
    }

    /// Takes the derivative `slopes` of each pixel with respect to the F at the place `offsets` in the
    /// grid; places that are not in the grid are left out.
    #[inline(never)]
    pub fn add(&mut self, offsets: &[u64; LANES], slopes: &Lanes) {
        match self {
            Amplitudes::Unused => {}
            Amplitudes::Weighted {
                weights, gradient, ..
            } => {
                // Neighbours mostly lie near one reflection.
                let (mut place, mut sum) = (offsets[0], 0.0);
                for (lane, &own) in offsets.iter().enumerate() {
                    if own != place {
                        add_at(gradient, place, sum);
                        (place, sum) = (own, 0.0);
                    }
                    sum += weights.0[lane] * slopes.0[lane];
                }
                add_at(gradient, place, sum);
            }
            Amplitudes::Along { directions, sums } => {
                for (direction, sums) in directions.iter().zip(sums.iter_mut()) {
                    for (lane, &place) in offsets.iter().enumerate() {
                        let change = direction.get(place as usize);
                        sums.0[lane] += slopes.0[lane] * change.copied().unwrap_or(0.0);
                    }
                }
            }
        }
    }
}

#[inline(always)]
pub(super) fn add_at(gradient: &mut [f64], place: u64, sum: f64) {
    if let Some(own) = gradient.get_mut(place as usize) {
        *own += sum;
    }
}
