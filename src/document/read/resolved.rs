//! What a document came to: as it was given, with every default, and every choice of the program's.

use super::{Facts, Idle};
use crate::document::choices::{Misset, MosaicDistribution, Symmetry};
use crate::document::keys::{Key, key};
use crate::document::value::{Axes, Cells, Field};
use crate::document::{DivergenceShape, Document};
use crate::experiment::{
    DEFAULT_FLUENCE, DEFAULT_MOSAIC_SEED, MosaicModel, Pivot, Sources, SpotMetric,
};
use crate::formats::encoding::Compression;
use crate::formats::png::{Colormap, Depth};
use crate::image::ToneScale;
use crate::image::noise::{CALIBRATION_SEED, SpreadShape};
use crate::structure::Solvent;

use super::crystal::random_misset_rad;
use key::{
    background, beam, counts, crystal, detector, diffuse, mosaicity, noise, picture, sampling, scan,
};

/// Documents in the making.
struct Choices<'c> {
    facts: &'c Facts<'c>,
    idle: &'c [Idle],
    /// What may be given: the experiment and its notices stay as they are.
    document: Document,
    /// What would be rounded, or has nothing to act on.
    notes: Document,
}

/// A number to look at.
fn rounded(value: f64) -> f64 {
    // Adding zero takes the sign off a zero.
    (value * 1e6).round() / 1e6 + 0.0
}

impl Facts<'_> {
    /// The document with every default, choice and seed, and what follows from it.
    pub(super) fn resolved(&self, idle: &[Idle]) -> (Document, Document) {
        let mut choices = Choices {
            facts: self,
            idle,
            document: self.document.clone(),
            notes: Document::default(),
        };
        choices.document.inputs.clear();
        choices.crystal();
        choices.mosaicity();
        choices.scan();
        choices.beam();
        choices.detector_size();
        choices.detector();
        choices.sampling();
        choices.files();
        (choices.document, choices.notes)
    }
}

impl Choices<'_> {
    fn given(&self, own: &Key) -> bool {
        own.is_in(self.facts.document)
    }

    /// What a key came to that was not given, in the document where `exact`.
    fn put(&mut self, own: &Key, value: &impl Field, exact: bool) {
        if !self.given(own) {
            let side = match exact {
                true => &mut self.document,
                false => &mut self.notes,
            };
            // Choices are of the kinds of their keys.
            let _ = own.set(side, &value.to_value());
        }
    }

    /// A default, or a choice.
    fn chose(&mut self, own: &Key, value: impl Field) {
        let idle = self.idle.iter().any(|idle| *idle.key == *own);
        self.put(own, &value, !idle);
    }

    /// A number that follows from other keys.
    fn note(&mut self, own: &Key, value: f64) {
        self.put(own, &rounded(value), false);
    }

    fn crystal(&mut self) {
        let facts = self.facts;
        let (experiment, keys) = (facts.experiment, &facts.document.crystal);
        let own = experiment.crystal();
        // Cells along the axes that are not measured in millimetres.
        let Axes(size) = keys.size.unwrap_or(Axes([None; 3]));
        let counted = [0, 1, 2].map(|axis| size[axis].is_none().then_some(Cells(own.cells[axis])));
        let any = counted.iter().any(Option::is_some);
        self.document.crystal.cells = any.then_some(Axes(counted));
        self.chose(&crystal::default_f, 0.0);
        if let Some(column) = facts.f_column {
            self.chose(&crystal::f_column, column.to_string());
        }
        self.chose(&crystal::interpolate, experiment.interpolates());
        if keys.atoms.is_some() && keys.solvent != Some(false) {
            let usual = Solvent::default();
            for (own, default, unit) in [
                (&crystal::solvent_density, usual.density_per_m3, 1e30),
                (&crystal::solvent_b, usual.b_m2, 1e-20),
            ] {
                let value = rounded(default / unit);
                self.put(own, &value, value * unit == default);
            }
        }
        // A cell that is there came from a file.
        let factors = experiment.structure_factors();
        let scatters = factors.is_listed() || factors.default_f() != 0.0;
        if let Some(cell) = &mut self.document.crystal.cell {
            let first = cell.first().copied().unwrap_or_default();
            for place in cell.len()..6 {
                cell.push(if place < 3 { first } else { 90.0 });
            }
        } else if keys.matrix.is_some() || scatters {
            let lengths = own.cell.lengths_m().map(|length| length * 1e10);
            let angles = own.cell.angles_rad().map(f64::to_degrees);
            let cell = [lengths, angles].concat().into_iter().map(rounded);
            self.notes.crystal.cell = Some(cell.collect());
        }
        if keys.misset == Some(Misset::Random) {
            self.chose(&crystal::misset_seed, facts.seed as i64);
            let angles = random_misset_rad(keys.misset_seed.unwrap_or(facts.seed as i64));
            let angles = angles.map(|angle| rounded(angle.to_degrees()));
            self.notes.crystal.misset = Some(Misset::Angles(angles));
        } else {
            self.chose(&crystal::misset, Misset::Angles([0.0; 3]));
        }
        self.put(&crystal::shape, &own.shape, true);
        self.chose(&crystal::fudge, 1.0);
        self.chose(&crystal::gauss_metric, SpotMetric::Reciprocal);
        if self.given(&diffuse::sigma) {
            self.chose(&diffuse::laue, Symmetry::File);
            self.chose(&diffuse::stencil, 0u32);
        }
        self.chose(&crystal::b_factor, 0.0);
    }

    fn mosaicity(&mut self) {
        let own = &self.facts.experiment.crystal().mosaicity;
        if let MosaicModel::Listed(_) = own.model {
            return;
        }
        let spread = own.spread_rad() > 0.0;
        let sigmas = self.given(&mosaicity::sigmas);
        if !sigmas {
            self.chose(&mosaicity::spread, 0.0);
        }
        let analytic = self.facts.experiment.sampling().analytic.is_some();
        // Without a spread they would all be one, and stay so when a key gives a spread.
        self.put(&mosaicity::domains, &own.domains, spread && !analytic);
        self.chose(&mosaicity::seed, DEFAULT_MOSAIC_SEED);
        self.chose(
            &mosaicity::model,
            match (analytic, sigmas) {
                (true, _) => MosaicDistribution::Normal,
                (false, true) => MosaicDistribution::Gaussian,
                (false, false) => MosaicDistribution::Cap,
            },
        );
    }

    fn scan(&mut self) {
        let facts = self.facts;
        let own = facts.experiment.scan();
        match facts.adopted.phi_deg {
            Some(_) => self.note(&scan::start, own.start_rad.to_degrees()),
            None => self.chose(&scan::start, 0.0),
        }
        let divided = self.given(&scan::step) || self.given(&scan::steps);
        if divided || facts.adopted.osc_deg.is_some() {
            self.note(&scan::range, own.range_rad.to_degrees());
        } else {
            self.chose(&scan::range, 0.0);
        }
        if facts.document.scan.range.is_some_and(|range| range != 0.0) {
            self.chose(&scan::steps, own.steps);
        }
        // No choice of the program's: a series has another default; so with the depth of layers.
        self.put(&scan::phi_sampling, &own.sampling, false);
    }

    fn beam(&mut self) {
        let facts = self.facts;
        let (own, keys) = (facts.experiment.beam(), &facts.document.beam);
        // Samples have none, and programs beside this one do not know them.
        if facts.experiment.sampling().analytic.is_some() {
            self.chose(&beam::bandwidth, 0.0);
            self.chose(&beam::divergence_sigma, [0.0; 2]);
        }
        if keys.energy.is_none() {
            match facts.adopted.wavelength_m {
                Some(_) => self.note(&beam::wavelength, own.wavelength_m * 1e10),
                None => self.chose(&beam::wavelength, 1.0),
            }
        }
        if let Sources::Grid {
            divergence,
            dispersion,
        } = &own.sources
        {
            if keys.dispersion_steps.is_none() {
                self.chose(&beam::dispersion, 0.0);
            }
            if keys.dispersion.is_some_and(|range| range > 0.0) {
                self.chose(&beam::dispersion_steps, dispersion.count);
            }
            let of_both = keys.divergence.is_some() || keys.divergence_steps.is_some();
            let axes = [
                (
                    [
                        &beam::divergence_horizontal,
                        &beam::divergence_step_horizontal,
                        &beam::divergence_steps_horizontal,
                    ],
                    divergence.horizontal,
                ),
                (
                    [
                        &beam::divergence_vertical,
                        &beam::divergence_step_vertical,
                        &beam::divergence_steps_vertical,
                    ],
                    divergence.vertical,
                ),
            ];
            let mut of_one = axes.iter().flat_map(|(keys, _)| keys);
            if !of_both && !of_one.any(|key| self.given(key)) {
                self.chose(&beam::divergence, 0.0);
            }
            for ([range, _, count], steps) in axes {
                let ranged = keys.divergence.is_some() || self.given(range);
                if ranged && steps.range > 0.0 && keys.divergence_steps.is_none() {
                    self.chose(count, steps.count);
                }
            }
            self.chose(&beam::divergence_shape, DivergenceShape::Round);
        }
        if keys.flux.is_some() {
            self.put(&beam::fluence, &own.fluence, false);
        } else {
            self.chose(&beam::fluence, DEFAULT_FLUENCE);
        }
        self.chose(&beam::exposure, 1.0);
        self.chose(&beam::size, 0.1);
        if keys.polarised != Some(false) {
            match facts.adopted.kahn_factor {
                Some(factor) => self.note(&beam::kahn_factor, factor),
                None => self.chose(&beam::kahn_factor, 0.0),
            }
        }
        self.put(&beam::polarised, &true, true);
        self.chose(&background::water, 0.0);
    }

    fn detector_size(&mut self) {
        let (facts, keys) = (self.facts, &self.facts.document.detector);
        if facts.placement.is_none() {
            return;
        }
        let shape = facts.experiment.detector().panels[0].shape;
        let pixels = Some(Axes(shape.map(Some)));
        let sized = keys
            .size
            .is_some_and(|Axes(size)| size.iter().all(Option::is_some));
        if keys.pixels.is_none() && sized {
            self.notes.detector.pixels = pixels;
            return;
        }
        self.document.detector.size = None;
        let given = keys.pixels.is_some() || keys.size.is_some();
        match given || facts.adopted.shape.is_none() {
            true => self.document.detector.pixels = pixels,
            false => self.notes.detector.pixels = pixels,
        }
    }

    fn detector(&mut self) {
        let (facts, keys) = (self.facts, &self.facts.document.detector);
        let own = facts.experiment.detector();
        if own.panels.iter().any(|panel| panel.sensor.is_some()) {
            self.chose(&detector::sensor_layers, own.layers);
        }
        self.put(&detector::sensor_layer_depth, &own.layer_depth, false);
        self.put(&detector::curved, &false, true);
        self.put(&detector::point_pixel, &false, true);
        let Some(placement) = facts.placement else {
            return;
        };
        match keys.sensor_thickness {
            Some(thickness) if thickness > 0.0 => {
                self.chose(&detector::sensor_attenuation_depth, thickness);
            }
            _ => self.put(&detector::sensor_attenuation_depth, &f64::INFINITY, false),
        }
        self.chose(&detector::sensor_thickness, 0.0);
        self.put(&detector::convention, &placement.convention, true);
        let (header, adopted) = (own.header, facts.adopted);
        let adopts = adopted.distance_mm.or(adopted.close_distance_mm).is_some();
        if keys.close_distance.is_some() || adopts || placement.origin_m.is_some() {
            self.note(&detector::distance, header.distance_m * 1e3);
        } else {
            self.chose(&detector::distance, 100.0);
        }
        match adopted.pixel_mm {
            Some(pixel) => self.note(&detector::pixel, pixel),
            None => self.chose(&detector::pixel, 0.1),
        }
        let [x, y] = header.beam_centre_m;
        self.note(&detector::beam_x, x * 1e3);
        self.note(&detector::beam_y, y * 1e3);
        let [x, y] = header.near_point_m;
        self.note(&detector::origin_x, x / placement.pixel_size_m + 0.5);
        self.note(&detector::origin_y, y / placement.pixel_size_m + 0.5);
        for own in [
            &detector::rotation_x,
            &detector::rotation_y,
            &detector::rotation_z,
            &detector::two_theta,
        ] {
            self.chose(own, 0.0);
        }
        if placement.origin_m.is_none() {
            let pivot: Pivot = placement.pivot();
            self.chose(&detector::pivot, pivot);
        }
    }

    fn sampling(&mut self) {
        self.chose(&sampling::oversample, self.facts.experiment.oversample());
        self.put(&sampling::analytic, &false, true);
        self.put(&sampling::pixel_average, &false, true);
        self.put(&sampling::solid_angle_per_subpixel, &false, true);
        self.put(&sampling::polarisation_per_subpixel, &false, true);
        self.chose(&sampling::dmin, 0.0);
        self.put(&sampling::f16_structure_factors, &false, true);
    }

    fn files(&mut self) {
        let facts = self.facts;
        if facts.document.writes_default_files() {
            self.document.output = facts.document.default_files();
        }
        (
            self.document.output.default_pgm,
            self.document.output.default_noise,
        ) = (None, None);
        if !self.idle.iter().any(|idle| *idle.key == noise::seed) {
            self.chose(&noise::seed, facts.seed as i64);
        }
        // No choice of the program's: a series starts with another.
        self.put(&noise::image_number, &0u32, false);
        for own in [
            &noise::flicker,
            &noise::calibration,
            &noise::point_spread_fwhm,
            &noise::readout,
        ] {
            self.chose(own, 0.0);
        }
        self.chose(&noise::calibration_seed, CALIBRATION_SEED as i64);
        self.chose(&noise::point_spread, SpreadShape::Gauss);
        self.chose(&noise::gain, 1.0);
        if !self
            .idle
            .iter()
            .any(|idle| *idle.key == counts::compression)
        {
            self.chose(&counts::compression, Compression::default());
        }
        self.chose(&picture::scale, ToneScale::Linear);
        self.chose(&picture::percentile, 99.5);
        self.chose(&picture::bits, Depth::Eight);
        self.chose(&picture::colormap, Colormap::Grey);
    }
}
