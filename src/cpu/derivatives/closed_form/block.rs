//! The derivatives of spots in closed form in a block of pixels.

use super::{DEFAULT_F, numbers};
use crate::cpu::block::Views;
use crate::cpu::closed_form::{Area, FEW, Meetings, Smearing, Visible, meet};
use crate::cpu::derivatives::block::Block;
use crate::cpu::derivatives::interpolation::SlopedFactors;
use crate::cpu::derivatives::sums::{Amplitudes, TermSums};
use crate::cpu::lanes::{LANES, Lanes, PerLane, Vectors};
use crate::cpu::structure_factor::{Constant, Nearest};
use crate::physics::closed_form::ClosedForm;
use crate::physics::closed_form::slopes::Spreads;
use crate::scene::SceneSource;

/// Where the derivatives of a view go.
pub struct Sums<'a, 'f> {
    /// The factors in front of the sum over orientations.
    pub factors: &'a Lanes,
    /// The [`numbers`](super::numbers) of all views, times the factors.
    pub numbers: &'a mut [Lanes],
    /// What depends on the view, without them. It is cleared where a spot shows.
    pub terms: &'a mut TermSums<Lanes>,
    /// What depends on the F of the grid.
    pub amplitudes: &'a mut Amplitudes<'f>,
    /// Whether a spot shows.
    pub lit: bool,
}

/// Adds the spots of all orientations at the scattering vectors `q` (1/m) of X-rays of source `number`, in
/// `views`; `None` when interrupted.
#[inline(always)]
pub fn add_spots<const FUSED: bool>(
    block: &Block,
    form: &ClosedForm,
    views: &Views,
    (number, source): (usize, &SceneSource),
    q: &Vectors,
    visible: &Visible,
    sums: &mut Sums,
) -> Option<()> {
    let (prepared, scene) = (block.prepared, block.prepared.scene);
    if (block.interrupted)() {
        return None;
    }
    let orientations = scene.orientations.len();
    let first = number * orientations;
    let own = prepared.smearings[first..].iter();
    for (number, smearing) in (first..).zip(own).take(orientations) {
        if !visible.shows(number) {
            continue;
        }
        let area = smearing.area(scene, form, block.panel, source);
        let of_orientation = Orientation {
            block,
            form,
            source,
            smearing,
            area: area.as_ref(),
        };
        match scene.grid.as_deref() {
            None => {
                let constant = Constant::new(scene.default_f);
                of_orientation.add::<FUSED, _>(views, q, constant, sums);
            }
            Some(grid) => {
                let nearest = Nearest::new(grid, scene.default_f);
                of_orientation.add::<FUSED, _>(views, q, nearest, sums);
            }
        }
    }
    Some(())
}

/// The spots of one orientation for X-rays of one source.
struct Orientation<'a> {
    block: &'a Block<'a>,
    form: &'a ClosedForm,
    source: &'a SceneSource,
    smearing: &'a Smearing,
    area: Option<&'a Area>,
}

impl Orientation<'_> {
    #[inline(always)]
    fn add<const FUSED: bool, F: SlopedFactors>(
        &self,
        views: &Views,
        q: &Vectors,
        mut structure_factors: F,
        sums: &mut Sums,
    ) {
        let (smearing, area) = (self.smearing, self.area);
        let mut meetings = Meetings::ZERO;
        let smeared = (smearing, area);
        if !meet::<FUSED>(smeared, views, q, &mut structure_factors, &mut meetings) {
            return;
        }
        let spreads = smearing.spreads(self.form, self.source);
        let mut by_f = Lanes::ZERO;
        let mut shows = false;
        for first in (0..LANES).step_by(FEW) {
            let Some(averages) = meetings.averages::<FUSED>(first) else {
                continue;
            };
            shows = true;
            if !sums.lit {
                sums.terms.clear(self.block.chain.needed);
                sums.lit = true;
            }
            let few = self.few::<FUSED>(&spreads, (views, q), &meetings, (first, averages));
            let mut squares = [0.0; FEW];
            for place in 0..FEW {
                let lane = first + place;
                squares[place] = structure_factors.square(lane);
                by_f.0[lane] = 2.0 * structure_factors.value(lane) * averages[place];
            }
            let distances = area.map(|_| views);
            sums.add(&few, first, &squares, smearing.peak(), distances);
        }
        if !shows {
            return;
        }
        for lane in 0..LANES {
            let own = sums.factors.0[lane] * by_f.0[lane];
            let is_default = structure_factors.is_default(lane);
            sums.numbers[DEFAULT_F].0[lane] += if is_default { own } else { 0.0 };
        }
        if F::DEPENDS_ON_INDEX && self.block.chain.needed.amplitudes() {
            let by_f = Lanes::from_fn(|lane| smearing.peak() * by_f.0[lane]);
            structure_factors.add_amplitudes(&by_f, sums.amplitudes);
        }
    }

    /// The derivatives in the pixels from `first`, whose average F_latt²/N² are known.
    #[inline(always)]
    fn few<const FUSED: bool>(
        &self,
        spreads: &Spreads,
        (views, q): (&Views, &Vectors),
        meetings: &Meetings,
        (first, averages): (usize, [f64; FEW]),
    ) -> Few {
        let (smearing, area) = (self.smearing, self.area);
        let mut few = Few {
            numbers: [[0.0; FEW]; DEFAULT_F],
            vectors: [[[0.0; FEW]; 3]; 3],
        };
        let count = if area.is_some() { 3 } else { 1 };
        for (place, average) in averages.into_iter().enumerate() {
            let lane = first + place;
            let (seen, meeting) = ((q.get(lane), views.distance(lane)), meetings.get(lane));
            let slopes = smearing.slopes::<FUSED>((spreads, area), seen, &meeting, average);
            for (all, own) in few.numbers.iter_mut().zip(numbers(&slopes)) {
                all[place] = own;
            }
            let vectors = [slopes.q, slopes.area.diffracted, slopes.area.edges];
            for (all, own) in few.vectors.iter_mut().zip(vectors).take(count) {
                for (all, own) in all.iter_mut().zip(smearing.to_lab(own).to_array()) {
                    all[place] = own;
                }
            }
        }
        few
    }
}

/// The derivatives in a few pixels, over F², side by side: sums could be anywhere in memory.
struct Few {
    numbers: [[f64; FEW]; DEFAULT_F],
    /// To q, to the direction of the view and to a turn of the panel's axes, in the laboratory.
    vectors: [[[f64; FEW]; 3]; 3],
}

impl Sums<'_, '_> {
    /// Adds those of the pixels from `first`, times F² and N², the `peak`; what depends on a view's distance
    /// only where the area of a pixel is averaged, in `views`.
    #[inline(always)]
    fn add(
        &mut self,
        few: &Few,
        first: usize,
        squares: &[f64; FEW],
        peak: f64,
        views: Option<&Views>,
    ) {
        for (sum, own) in self.numbers.iter_mut().zip(&few.numbers) {
            for place in 0..FEW {
                let weight = squares[place] * self.factors.0[first + place];
                sum.0[first + place] += weight * own[place];
            }
        }
        let terms = &mut *self.terms;
        let pixels = squares.iter().enumerate();
        for (place, square) in pixels.clone() {
            let average = few.numbers[super::AVERAGE][place];
            terms.intensity.0[first + place] += peak * square * average;
        }
        let vectors = [&mut terms.q, &mut terms.direction, &mut terms.turn];
        let count = if views.is_some() { 3 } else { 1 };
        for (sums, own) in vectors.into_iter().zip(&few.vectors).take(count) {
            for (sum, own) in sums.iter_mut().zip(own) {
                for place in 0..FEW {
                    sum.0[first + place] += peak * squares[place] * own[place];
                }
            }
        }
        if let Some(views) = views {
            for (place, square) in pixels {
                let lane = first + place;
                let size = peak * square * few.numbers[super::SIZE][place];
                terms.distance.0[lane] -= size / views.distance(lane);
            }
        }
    }
}
