//! What every flag came to: as it was given, or what the program chose in its place.

use super::super::order::Order;
use super::catalogue::Catalogue;
use super::detector::Adopted;
use super::output::{FILE_FLAGS, OUT};
use super::output_kind::Output;
use crate::experiment::{
    Convention, DEFAULT_FLUENCE, DEFAULT_MOSAIC_SEED, Experiment, MosaicModel, Pivot, Placement,
    Shape, Sources,
};
use crate::image::noise::CALIBRATION_SEED;

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

/// Flags of which only the last one given counts.
const ALTERNATIVES: [&[&str]; 9] = [
    &["mat", "cell"],
    &["lambda", "energy"],
    &["polar", "nopolar"],
    &["interpolate", "nointerpolate"],
    &["round_div", "square_div"],
    &["mosflm", "xds", "adxv", "denzo", "dials"],
    &["square_xtal", "round_xtal", "gauss_xtal", "tophat_spots"],
    &["progress", "noprogress"],
    &["printout_pixel", "trace_pixel"],
];

/// Flags that take the place of others when they are given later.
const OF_BOTH_DIRECTIONS: [(&str, [&str; 2]); 2] = [
    ("divergence", ["hdivrange", "vdivrange"]),
    ("divsteps", ["hdivsteps", "vdivsteps"]),
];

/// Flags of the crystal's size: cells and lengths, of all axes and of each.
const CELLS: [&str; 4] = ["n", "na", "nb", "nc"];
const SIZES: [&str; 4] = ["xtalsize", "xtal_x", "xtal_y", "xtal_z"];
/// Flags of the detector's size.
const PIXELS: [&str; 3] = ["detpixels", "detpixels_f", "detpixels_s"];
const EDGES: [&str; 3] = ["detsize", "detsize_f", "detsize_s"];

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

    fn crystal_size(&mut self) {
        let counted: Vec<Option<&str>> = (1..=3)
            .map(|axis| self.last_of(&[CELLS[0], CELLS[axis], SIZES[0], SIZES[axis]]))
            .collect();
        let sizes: Option<Vec<&str>> = counted
            .iter()
            .map(|id| id.filter(|id| SIZES.contains(id)))
            .collect();
        let cells = self.facts.experiment.crystal().cells;
        match sizes {
            // One flag of all, or one of each.
            Some(sizes)
                if sizes
                    .iter()
                    .all(|id| (*id == SIZES[0]) == (sizes[0] == SIZES[0])) =>
            {
                self.axes(&sizes);
            }
            _ => {
                for (id, count) in CELLS[1..].iter().zip(cells) {
                    self.put(id, vec![count.to_string()], true);
                }
            }
        }
    }

    fn crystal(&mut self) {
        let facts = self.facts;
        let crystal = facts.experiment.crystal();
        self.chose_number("default_f", 0.0);
        if let Some(column) = facts.f_column {
            self.chose("f_column", vec![column.to_string()]);
        }
        if !self.any_given(&["interpolate", "nointerpolate"]) {
            match facts.experiment.interpolates() {
                true => self.chose("interpolate", Vec::new()),
                false => self.chose("nointerpolate", Vec::new()),
            }
        }
        let usual = crate::structure::Solvent::default();
        let units = [
            ("solvent_k", usual.density_per_m3, 1e30),
            ("solvent_b", usual.b_m2, 1e-20),
        ];
        if self.is_given("pdb") && !self.is_given("no_solvent") {
            for (id, default, unit) in units {
                let value: f64 = rounded(default / unit).parse().unwrap_or(f64::NAN);
                let same = value * unit == default;
                if !self.is_given(id) {
                    self.put(id, vec![exact(value)], same);
                }
            }
        }
        // A cell that is there came from a file.
        let scatters = facts.experiment.structure_factors().is_listed()
            || facts.experiment.structure_factors().default_f() != 0.0;
        if !self.is_given("cell") && (scatters || self.is_given("mat")) {
            let lengths = crystal.cell.lengths_m().map(|length| length * 1e10);
            let angles = crystal.cell.angles_rad().map(f64::to_degrees);
            self.note("cell", &[lengths, angles].concat());
        }
        if self.raw("misset") == ["random"] {
            self.chose_count("misset_seed", facts.seed as i64);
        } else {
            self.chose("misset", vec![exact(0.0); 3]);
        }
        if !self.any_given(ALTERNATIVES[6]) {
            self.put(
                match crystal.shape {
                    Shape::Square => "square_xtal",
                    Shape::Round => "round_xtal",
                    Shape::Gauss => "gauss_xtal",
                    Shape::TopHat => "tophat_spots",
                },
                Vec::new(),
                true,
            );
        }
        self.chose_number("fudge", 1.0);
        self.chose("gauss_metric", vec!["reciprocal".into()]);
    }

    fn mosaicity(&mut self) {
        let mosaicity = &self.facts.experiment.crystal().mosaicity;
        if let MosaicModel::Listed(_) = mosaicity.model {
            return;
        }
        let spread = mosaicity.spread_rad() > 0.0;
        let sigmas = self.is_given("mosaic_sigmas");
        if !sigmas {
            self.chose_number("mosaic", 0.0);
        }
        if spread {
            self.chose_count("mosaic_domains", mosaicity.domains);
        } else {
            self.note("mosaic_domains", &[f64::from(mosaicity.domains)]);
        }
        self.chose_count("mosaic_seed", DEFAULT_MOSAIC_SEED);
        let model = if sigmas { "gaussian" } else { "cap" };
        self.chose("mosaic_model", vec![model.into()]);
    }

    fn scan(&mut self) {
        let facts = self.facts;
        let scan = facts.experiment.scan();
        match facts.adopted.phi_deg {
            Some(_) => self.note("phi", &[scan.start_rad.to_degrees()]),
            None => self.chose_number("phi", 0.0),
        }
        let divided = self.any_given(&["phistep", "phisteps"]);
        if divided || facts.adopted.osc_deg.is_some() {
            self.note("osc", &[scan.range_rad.to_degrees()]);
        } else {
            self.chose_number("osc", 0.0);
        }
        if self.number("osc").is_some_and(|range| range != 0.0) {
            self.chose_count("phisteps", scan.steps);
        }
    }

    fn beam(&mut self) {
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

    fn detector_size(&mut self) {
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

    fn detector(&mut self) {
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
        if !self.any_given(ALTERNATIVES[5]) {
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

    fn sampling(&mut self) {
        self.chose_count("oversample", self.facts.experiment.oversample());
        self.chose_number("dmin", 0.0);
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
        self.chose_count("image_number", 0);
        for id in ["flicker", "calibration", "psf_fwhm", "readout"] {
            self.chose_number(id, 0.0);
        }
        self.chose_count("calibration_seed", CALIBRATION_SEED);
        self.chose("psf", vec!["gauss".into()]);
        self.chose_number("gain", 1.0);
        if self.any_given(&OUT) {
            self.chose("out_type", vec!["f32".into()]);
        }
        self.chose("png_scale", vec!["linear".into()]);
        self.chose_number("png_percentile", 99.5);
        self.chose_count("png_depth", 8);
        self.chose("colormap", vec!["grey".into()]);
    }
}
