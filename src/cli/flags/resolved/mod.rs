//! What every flag came to: as it was given, or what the program chose in its place.

mod beam;
mod crystal;
mod detector;

use super::super::order::Order;
use super::catalogue::Catalogue;
use super::detector::Adopted;
use super::output::FILE_FLAGS;
use super::output_kind::Output;
use crate::experiment::{Experiment, Placement};
use crate::image::noise::CALIBRATION_SEED;
use crystal::{CELLS, SIZES};
use detector::{EDGES, PIXELS};

/// What a flag came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Its id.
    pub id: String,
    /// Its values; none of a switch.
    pub words: Vec<String>,
    /// Whether the flag, given so, leaves the experiment and its notices as they are. Otherwise it
    /// would round what follows from other flags, or have nothing to act on.
    pub exact: bool,
}

/// What is known once flags have been made sense of.
pub struct Facts<'f> {
    /// The flags.
    pub order: Order<'f>,
    /// What they describe.
    pub experiment: &'f Experiment,
    /// How flags placed the detector, if they did.
    pub placement: Option<&'f Placement>,
    /// What stood in for flags.
    pub adopted: &'f Adopted,
    /// The column of F, where a file has several.
    pub f_column: Option<&'f str>,
    /// The seed of the noise, and of what else has none of its own.
    pub seed: u64,
    /// The files to write.
    pub outputs: &'f [Output],
    /// Ids of flags that have nothing to act on, given or not.
    pub idle: &'f [&'static str],
}

/// Flags of a convention.
const CONVENTIONS: [&str; 5] = ["mosflm", "xds", "adxv", "denzo", "dials"];

/// Flags of the spots' shape.
const SHAPES: [&str; 4] = ["square_xtal", "round_xtal", "gauss_xtal", "tophat_spots"];

/// Flags of which only the last one given counts.
const ALTERNATIVES: [&[&str]; 9] = [
    &["mat", "cell"],
    &["lambda", "energy"],
    &["polar", "nopolar"],
    &["interpolate", "nointerpolate"],
    &["round_div", "square_div"],
    &CONVENTIONS,
    &SHAPES,
    &["progress", "noprogress"],
    &["printout_pixel", "trace_pixel"],
];

/// Flags that take the place of others when they are given later.
const OF_BOTH_DIRECTIONS: [(&str, [&str; 2]); 2] = [
    ("divergence", ["hdivrange", "vdivrange"]),
    ("divsteps", ["hdivsteps", "vdivsteps"]),
];

/// What every flag came to, in no order.
pub fn resolved(facts: &Facts) -> Vec<Resolved> {
    let mut list = List {
        facts,
        catalogue: Catalogue::new(),
        found: Vec::new(),
    };
    list.given();
    list.crystal_size();
    list.crystal();
    list.mosaicity();
    list.scan();
    list.beam();
    list.detector_size();
    list.detector();
    list.sampling();
    list.files();
    list.found
}

struct List<'f> {
    facts: &'f Facts<'f>,
    catalogue: Catalogue,
    found: Vec<Resolved>,
}

/// A number, to the last digit.
fn exact(value: f64) -> String {
    format!("{value:?}")
}

/// A number to look at.
fn rounded(value: f64) -> String {
    // Adding zero takes the sign off a zero.
    format!("{:?}", (value * 1e6).round() / 1e6 + 0.0)
}

/// The edges and angles of `-cell`, all six.
fn whole_cell(mut words: Vec<String>) -> Vec<String> {
    for place in words.len()..6 {
        words.push(match place {
            0..3 => words[0].clone(),
            _ => "90".into(),
        });
    }
    words
}

impl List<'_> {
    fn is_given(&self, id: &str) -> bool {
        self.facts.order.position(id).is_some()
    }

    fn any_given(&self, ids: &[&str]) -> bool {
        self.facts.order.any(ids)
    }

    fn raw(&self, id: &str) -> Vec<String> {
        if self.catalogue.count(id) == [0, 0] {
            return Vec::new();
        }
        let words = self.facts.order.0.get_raw(id).into_iter().flatten();
        let words = words.map(|word| word.to_string_lossy().into_owned());
        words.collect()
    }

    /// The number that a flag was given.
    fn number(&self, id: &str) -> Option<f64> {
        let words = if self.is_given(id) {
            self.raw(id)
        } else {
            Vec::new()
        };
        words.last()?.parse().ok()
    }

    fn put(&mut self, id: &str, words: Vec<String>, exact: bool) {
        self.found.push(Resolved {
            id: id.to_string(),
            words,
            exact,
        });
    }

    /// What a flag came to that was not given.
    fn chose(&mut self, id: &str, words: Vec<String>) {
        if !self.is_given(id) {
            let idle = self.facts.idle.contains(&id);
            self.put(id, words, !idle);
        }
    }

    fn chose_number(&mut self, id: &str, value: f64) {
        self.chose(id, vec![exact(value)]);
    }

    fn chose_count(&mut self, id: &str, value: impl ToString) {
        self.chose(id, vec![value.to_string()]);
    }

    /// What follows from other flags.
    fn note(&mut self, id: &str, values: &[f64]) {
        if !self.is_given(id) {
            let words = values.iter().copied().map(rounded).collect();
            self.put(id, words, false);
        }
    }

    /// The flags that were given, as far as they count.
    fn given(&mut self) {
        let ids: Vec<String> = self.catalogue.ids().map(str::to_string).collect();
        let order = self.facts.order;
        for id in ids.iter().map(String::as_str) {
            let Some(position) = order.position(id) else {
                continue;
            };
            let later = |others: &[&str]| {
                let others = others.iter().filter(|other| **other != id);
                others
                    .filter_map(|other| order.position(other))
                    .any(|other| other > position)
            };
            let groups = ALTERNATIVES.iter().filter(|group| group.contains(&id));
            let of_both = OF_BOTH_DIRECTIONS
                .iter()
                .filter(|(_, each)| each.contains(&id));
            // Of a cell, what is not said is written with what is.
            let words = match id {
                "cell" => whole_cell(self.raw(id)),
                _ => self.raw(id),
            };
            let overridden = groups.clone().any(|group| later(group))
                || of_both.clone().any(|(both, _)| later(&[both]));
            let elsewhere = CELLS.contains(&id)
                || SIZES.contains(&id)
                || PIXELS.contains(&id)
                || EDGES.contains(&id)
                || FILE_FLAGS.contains(&id)
                || ["nopgm", "nonoise", "config", "write_config"].contains(&id);
            if !overridden && !elsewhere {
                self.put(id, words, true);
            }
        }
    }

    /// Which of the flags of an axis counts.
    fn last_of<'i>(&self, ids: &[&'i str]) -> Option<&'i str> {
        let given = ids
            .iter()
            .filter_map(|id| Some((self.facts.order.position(id)?, *id)));
        given.max().map(|(_, id)| id)
    }

    /// Flags of all axes, or of each, as they were given.
    fn axes(&mut self, counted: &[&str]) {
        for (place, id) in counted.iter().enumerate() {
            if !counted[..place].contains(id) {
                self.put(id, self.raw(id), true);
            }
        }
    }

    fn files(&mut self) {
        let facts = self.facts;
        for Output { flag, path, .. } in facts.outputs {
            let id = self.catalogue.id_of(flag).unwrap_or(flag).to_string();
            self.put(&id, vec![path.display().to_string()], true);
        }
        if !facts.idle.contains(&"seed") {
            self.chose_count("seed", facts.seed as i64);
        }
        // No choice of the program's: a series starts with another.
        if !self.is_given("image_number") {
            self.put("image_number", vec!["0".into()], false);
        }
        for id in ["flicker", "calibration", "psf_fwhm", "readout"] {
            self.chose_number(id, 0.0);
        }
        self.chose_count("calibration_seed", CALIBRATION_SEED);
        self.chose("psf", vec!["gauss".into()]);
        self.chose_number("gain", 1.0);
        if !facts.idle.contains(&"compression") {
            self.chose("compression", vec!["gzip".into()]);
        }
        self.chose("png_scale", vec!["linear".into()]);
        self.chose_number("png_percentile", 99.5);
        self.chose_count("png_depth", 8);
        self.chose("colormap", vec!["grey".into()]);
    }
}
