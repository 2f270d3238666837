//! What the flags of the beam came to.

use super::{List, exact};
use crate::experiment::{DEFAULT_FLUENCE, Sources};

impl List<'_> {
    pub(super) fn beam(&mut self) {
        let facts = self.facts;
        let beam = facts.experiment.beam();
        if !self.is_given("energy") {
            match facts.adopted.wavelength_m {
                Some(_) => self.note("lambda", &[beam.wavelength_m * 1e10]),
                None => self.chose_number("lambda", 1.0),
            }
        }
        if let Sources::Grid {
            divergence,
            dispersion,
        } = &beam.sources
        {
            if !self.is_given("dispsteps") {
                self.chose_number("dispersion", 0.0);
            }
            if self.number("dispersion").is_some_and(|range| range > 0.0) {
                self.chose_count("dispsteps", dispersion.count);
            }
            let axes = [
                (
                    ["hdivrange", "hdivstep", "hdivsteps"],
                    divergence.horizontal,
                ),
                (["vdivrange", "vdivstep", "vdivsteps"], divergence.vertical),
            ];
            let of_both = self.any_given(&["divergence", "divsteps"]);
            let [untouched, _] = [0, 1].map(|_| axes.iter().all(|(ids, _)| !self.any_given(ids)));
            if untouched && !of_both {
                self.chose_number("divergence", 0.0);
            }
            for ([range, _, count], steps) in axes {
                let ranged = self.any_given(&["divergence", range]) && steps.range > 0.0;
                if ranged && !self.is_given("divsteps") {
                    self.chose_count(count, steps.count);
                }
            }
            if !self.any_given(&["round_div", "square_div"]) {
                self.chose("round_div", Vec::new());
            }
        }
        if self.is_given("flux") {
            if !self.is_given("fluence") {
                self.put("fluence", vec![exact(beam.fluence)], false);
            }
        } else {
            self.chose_number("fluence", DEFAULT_FLUENCE);
        }
        self.chose_number("exposure", 1.0);
        self.chose_number("beamsize", 0.1);
        if !self.is_given("nopolar") {
            match facts.adopted.kahn_factor {
                Some(factor) => self.note("polar", &[factor]),
                None => self.chose_number("polar", 0.0),
            }
        }
        self.chose_number("water", 0.0);
    }
}
