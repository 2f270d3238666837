//! What the flags of the detector came to.

use super::{CONVENTIONS, List};
use crate::experiment::{Convention, Pivot};

/// Flags of the detector's size: pixels, of both axes and of each.
pub const PIXELS: [&str; 3] = ["detpixels", "detpixels_f", "detpixels_s"];
/// The same: lengths.
pub const EDGES: [&str; 3] = ["detsize", "detsize_f", "detsize_s"];

impl List<'_> {
    pub(super) fn detector_size(&mut self) {
        if self.facts.placement.is_none() {
            return;
        }
        let shape = self.facts.experiment.detector().panels[0].shape;
        let of =
            |list: &Self, ids: [&'static str; 3], axis: usize| list.last_of(&[ids[0], ids[axis]]);
        let pixels = [1, 2].map(|axis| of(self, PIXELS, axis));
        let edges = [1, 2].map(|axis| of(self, EDGES, axis));
        let shown = shape.map(|count| count.to_string());
        match (pixels, edges) {
            ([None, None], [Some(fast), Some(slow)])
                if (fast == EDGES[0]) == (slow == EDGES[0]) =>
            {
                self.axes(&[fast, slow]);
                for (id, count) in PIXELS[1..].iter().zip(shown) {
                    self.put(id, vec![count], false);
                }
            }
            _ => {
                let adopted = self.facts.adopted.shape.is_some();
                let given = self.any_given(&PIXELS) || self.any_given(&EDGES);
                for (id, count) in PIXELS[1..].iter().zip(shown) {
                    self.put(id, vec![count], given || !adopted);
                }
            }
        }
    }

    pub(super) fn detector(&mut self) {
        let facts = self.facts;
        let detector = facts.experiment.detector();
        if detector.panels.iter().any(|panel| panel.sensor.is_some()) {
            self.chose_count("detector_thicksteps", detector.layers);
        }
        let Some(placement) = facts.placement else {
            return;
        };
        match self.number("detector_thick") {
            Some(thickness) if thickness > 0.0 => self.chose_number("detector_abs", thickness),
            _ if !self.is_given("detector_abs") => {
                self.put("detector_abs", vec!["inf".into()], false);
            }
            _ => {}
        }
        self.chose_number("detector_thick", 0.0);
        if !self.any_given(&CONVENTIONS) {
            let id = match placement.convention {
                Convention::Mosflm => "mosflm",
                Convention::Xds => "xds",
                Convention::Adxv => "adxv",
                Convention::Denzo => "denzo",
                Convention::Dials => "dials",
            };
            self.put(id, Vec::new(), true);
        }
        let header = detector.header;
        let adopted = facts.adopted;
        let adopts = adopted.distance_mm.or(adopted.close_distance_mm).is_some();
        if self.is_given("close_distance") || adopts || placement.origin_m.is_some() {
            self.note("distance", &[header.distance_m * 1e3]);
        } else {
            self.chose_number("distance", 100.0);
        }
        match adopted.pixel_mm {
            Some(pixel) => self.note("pixel", &[pixel]),
            None => self.chose_number("pixel", 0.1),
        }
        for (id, metres) in ["xbeam", "ybeam"].iter().zip(header.beam_centre_m) {
            self.note(id, &[metres * 1e3]);
        }
        for (id, metres) in ["orgx", "orgy"].iter().zip(header.near_point_m) {
            self.note(id, &[metres / placement.pixel_size_m + 0.5]);
        }
        for id in ["rotx", "roty", "rotz", "twotheta"] {
            self.chose_number(id, 0.0);
        }
        if placement.origin_m.is_some() {
            return;
        }
        let pivot = match placement.pivot() {
            Pivot::Beam => "beam",
            Pivot::Sample => "sample",
        };
        self.chose("pivot", vec![pivot.into()]);
    }

    pub(super) fn sampling(&mut self) {
        self.chose_count("oversample", self.facts.experiment.oversample());
        self.chose_number("dmin", 0.0);
    }
}
