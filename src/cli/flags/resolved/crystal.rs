//! What the flags of the crystal came to.

use super::{List, SHAPES, exact, rounded};
use crate::cli::flags::crystal::random_misset_rad;
use crate::experiment::{DEFAULT_MOSAIC_SEED, MosaicModel, Shape};
use crate::structure::Solvent;

/// Flags of the crystal's size: cells, of all axes and of each.
pub const CELLS: [&str; 4] = ["n", "na", "nb", "nc"];
/// The same: lengths.
pub const SIZES: [&str; 4] = ["xtalsize", "xtal_x", "xtal_y", "xtal_z"];

impl List<'_> {
    pub(super) fn crystal_size(&mut self) {
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

    pub(super) fn crystal(&mut self) {
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
        let usual = Solvent::default();
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
        let counted = self.last_of(&["mat", "cell"]);
        if counted == Some("mat") || (counted.is_none() && scatters) {
            let lengths = crystal.cell.lengths_m().map(|length| length * 1e10);
            let angles = crystal.cell.angles_rad().map(f64::to_degrees);
            let words = [lengths, angles].concat().into_iter().map(rounded);
            self.put("cell", words.collect(), false);
        }
        if self.raw("misset") == ["random"] {
            self.chose_count("misset_seed", facts.seed as i64);
            let seed = self.found.iter().find(|found| found.id == "misset_seed");
            let seed = seed.and_then(|seed| seed.words.last()?.parse().ok());
            let angles = random_misset_rad(seed.unwrap_or(facts.seed as i64));
            let words = angles.map(|angle| rounded(angle.to_degrees()));
            self.put("misset", words.to_vec(), false);
        } else {
            self.chose("misset", vec![exact(0.0); 3]);
        }
        if !self.any_given(&SHAPES) {
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

    pub(super) fn mosaicity(&mut self) {
        let mosaicity = &self.facts.experiment.crystal().mosaicity;
        if let MosaicModel::Listed(_) = mosaicity.model {
            return;
        }
        let spread = mosaicity.spread_rad() > 0.0;
        let sigmas = self.is_given("mosaic_sigmas");
        if !sigmas {
            self.chose_number("mosaic", 0.0);
        }
        if !self.is_given("mosaic_domains") {
            // Without a spread they would all be one, and stay so when a flag gives a spread.
            let words = vec![mosaicity.domains.to_string()];
            self.put("mosaic_domains", words, spread);
        }
        self.chose_count("mosaic_seed", DEFAULT_MOSAIC_SEED);
        let model = if sigmas { "gaussian" } else { "cap" };
        self.chose("mosaic_model", vec![model.into()]);
    }

    pub(super) fn scan(&mut self) {
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
}
