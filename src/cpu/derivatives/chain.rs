//! Sums of numbers that suit the terms, and how they add up to the slots of a scene.
//!
//! Spots in closed form and halos have derivatives along many slots that all follow from a few numbers. So
//! a block of pixels sums those, and what is made of the block takes the way from there to the slots.

use std::ops::Range;

use super::sums::Needed;
use super::{MATERIALS, closed_form, diffuse};
use crate::scene::{Rates, Scene};

/// A slot, the place of a number, and what the number counts in the slot.
pub type Link = (usize, usize, f64);

/// The values that a block of pixels has, and the slots that follow from them.
pub struct Chain {
    /// The numbers' places in the links are places of values here.
    links: Vec<Link>,
    /// Places of the numbers of spots in closed form; empty where there are none.
    pub spots: Range<usize>,
    /// Places of the numbers of halos; empty where there are none.
    pub halos: Range<usize>,
    /// What of the derivatives does not follow from numbers.
    pub needed: Needed,
}

impl Chain {
    /// The chain of `scene`, for the derivatives that are `needed`.
    pub fn new(scene: &Scene, rates: &Rates, needed: Needed) -> Chain {
        let form = scene.closed_form.as_ref();
        let halos = scene.diffuse.as_deref();
        let first = MATERIALS + scene.amorphous.len();
        let spots = first..first + form.map_or(0, |_| closed_form::NUMBERS);
        let of_spots = form.map(|form| closed_form::links(scene, form, rates));
        let of_halos = halos.map(|diffuse| diffuse::links(&scene.lattice, diffuse, needed));
        let halos = spots.end..spots.end + halos.map_or(0, diffuse::halo_numbers);
        let of_spots = of_spots.into_iter().flatten();
        let of_halos = of_halos.into_iter().flatten();
        let links = of_spots
            .map(|(slot, at, factor)| (slot, spots.start + at, factor))
            .chain(of_halos.map(|(slot, at, factor)| (slot, halos.start + at, factor)))
            .filter(|(slot, _, factor)| needed.slot(*slot) && *factor != 0.0);
        Chain {
            links: links.collect(),
            needed: match form.is_some() && halos.is_empty() {
                true => needed.without_terms(),
                false => needed,
            },
            spots,
            halos,
        }
    }

    /// Where the values of directions of amplitudes begin.
    pub fn amplitudes(&self) -> usize {
        self.halos.end
    }

    /// Adds what follows from the numbers among these `values` to its slots.
    pub fn add(&self, values: &mut [f64]) {
        for (slot, at, factor) in &self.links {
            values[*slot] += factor * values[*at];
        }
    }

    /// Adds what values count along a direction by way of the slots: the other way through the chain.
    pub fn pull(&self, direction: &mut [f64]) {
        for (slot, at, factor) in &self.links {
            direction[*at] += factor * direction[*slot];
        }
    }
}
