//! Documents on top of each other: what takes the place of what.

use super::Document;
use super::keys::{KEYS, Key, Refused, key};
use super::value::{Axes, Form, Value};
use key::{background, beam, crystal, detector, frame, mosaicity, output, run, sampling, scan};

/// Keys, as a table of them.
macro_rules! keys {
    ($($section:ident.$field:ident)*) => {
        &[$(&$section::$field),*]
    };
}

/// Rows of keys, and those that they take the place of.
macro_rules! rows {
    ($($($section:ident.$field:ident)* => $($other:ident.$name:ident)*;)*) => {
        &[$((keys! { $($section.$field)* }, keys! { $($other.$name)* })),*]
    };
}

/// Keys, and others.
type Rows = &'static [(&'static [&'static Key], &'static [&'static Key])];

/// Keys that say one thing in two ways.
pub static ALTERNATIVES: [(&Key, &Key); 3] = [
    (&beam::wavelength, &beam::energy),
    (&beam::kahn_factor, &beam::polarised),
    (&crystal::cells, &crystal::size),
];

/// Keys of a grid of sources.
pub static GRID: &[&Key] = keys! {
    beam.dispersion beam.dispersion_steps beam.divergence beam.divergence_horizontal
    beam.divergence_vertical beam.divergence_step_horizontal beam.divergence_step_vertical
    beam.divergence_steps_horizontal beam.divergence_steps_vertical beam.divergence_steps
    beam.divergence_shape
};

/// Keys of files that are written.
pub static FILES: &[&Key] = keys! {
    output.float output.smv output.pgm output.smv_noise output.png output.overview output.tiff
    output.files output.noise_files
};

/// Keys of a detector that a file describes, or that go with one: they do not place the detector.
static BESIDE_A_FILE: &[&Key] = keys! {
    detector.dials_experiment detector.dials_experiment_index detector.crystfel_geometry
    detector.crystfel_clen detector.mask detector.point_pixel detector.sensor_thickness
    detector.sensor_attenuation_depth detector.sensor_layers detector.sensor_layer_depth
    frame.polarisation frame.spindle
};

/// Points that only matter where no key gives the first pixel.
pub static POINTS: &[&Key] = keys! {
    detector.beam_x detector.beam_y detector.close_x detector.close_y detector.origin_x
    detector.origin_y detector.pivot
};

/// Keys, and those that they take the place of when they are given later.
static REPLACES: Rows = rows! {
    beam.wavelength => beam.energy;
    beam.energy => beam.wavelength;
    beam.kahn_factor => beam.polarised;
    beam.polarised => beam.kahn_factor;
    beam.divergence => beam.divergence_horizontal beam.divergence_vertical;
    beam.divergence_steps => beam.divergence_steps_horizontal beam.divergence_steps_vertical;
};

/// Keys, and those of a document below that they exclude, or would be ignored beside. A step and a
/// count exclude each other where there is a range.
static DISPLACES: Rows = rows! {
    crystal.structure_factors crystal.structure_factors_by_energy crystal.atoms
        => crystal.structure_factors crystal.structure_factors_by_energy crystal.f_column;
    crystal.structure_factors crystal.structure_factors_by_energy
        => crystal.atoms crystal.atoms_dmin crystal.solvent_density crystal.solvent_b
           crystal.solvent;
    crystal.solvent => crystal.solvent_density crystal.solvent_b;
    crystal.solvent_density crystal.solvent_b => crystal.solvent;
    crystal.misset => crystal.misset_seed;
    mosaicity.rotations => mosaicity.spread mosaicity.domains mosaicity.model mosaicity.sigmas
        mosaicity.seed;
    mosaicity.spread mosaicity.domains mosaicity.model mosaicity.sigmas => mosaicity.rotations;
    mosaicity.spread => mosaicity.sigmas;
    mosaicity.sigmas => mosaicity.spread mosaicity.model;
    sampling.analytic => mosaicity.model mosaicity.domains mosaicity.seed;
    scan.step => scan.steps;
    scan.steps => scan.step;
    beam.fluence => beam.flux beam.exposure;
    beam.flux => beam.fluence;
    beam.dispersion beam.divergence beam.divergence_horizontal beam.divergence_vertical
        => beam.sources;
    beam.divergence_step_horizontal => beam.divergence_steps_horizontal;
    beam.divergence_step_vertical => beam.divergence_steps_vertical;
    beam.divergence_steps_horizontal beam.divergence_steps => beam.divergence_step_horizontal;
    beam.divergence_steps_vertical beam.divergence_steps => beam.divergence_step_vertical;
    detector.dials_experiment detector.crystfel_geometry
        => detector.dials_experiment detector.dials_experiment_index detector.crystfel_geometry
           detector.crystfel_clen;
    detector.distance => detector.close_distance;
    detector.close_distance => detector.distance;
    detector.convention => detector.pivot;
    output.default_pgm => output.pgm;
    output.default_noise => output.smv_noise;
    run.printout_pixel => run.printout;
    background.slabs => background.slabs;
};

/// Groups of keys that remove groups of keys. A flag that names a file removes all files: only the
/// files asked for are written.
static GROUPS: [(&[&Key], &[&Key]); 4] = [
    (keys! { beam.sources }, GRID),
    (keys! { frame.first_pixel }, POINTS),
    (POINTS, keys! { frame.first_pixel }),
    (FILES, FILES),
];

/// Whether `document` says one thing by both of two alternatives.
pub fn contradict(document: &Document, one: &Key, other: &Key) -> bool {
    let (cells, size) = (document.crystal.cells, document.crystal.size);
    match (cells, size) {
        _ if *other == beam::polarised => document.beam.polarised == Some(false),
        (Some(Axes(cells)), Some(Axes(size))) if *one == crystal::cells => cells
            .iter()
            .zip(size)
            .any(|(cells, size)| cells.is_some() && size.is_some()),
        _ => true,
    }
}

impl Key {
    /// Whether the key places the detector, as a file of its geometry does.
    pub fn places_detector(&self) -> bool {
        ["detector", "frame"].contains(&self.section) && !BESIDE_A_FILE.contains(&self)
    }
}

/// The axes of `one` that `other` leaves open; none where that is nothing.
fn without<T: Copy, U: Copy, const N: usize>(
    one: Option<Axes<T, N>>,
    other: Option<Axes<U, N>>,
) -> Option<Axes<T, N>> {
    let (Some(Axes(one)), Some(Axes(other))) = (one, other) else {
        return one;
    };
    let mut left = one;
    for (own, other) in left.iter_mut().zip(other) {
        *own = own.filter(|_| other.is_none());
    }
    left.iter().any(Option::is_some).then_some(Axes(left))
}

/// The axes of `over`, and those of `under` that it leaves open.
fn merged<T: Copy, const N: usize>(
    under: Option<Axes<T, N>>,
    over: Option<Axes<T, N>>,
) -> Option<Axes<T, N>> {
    let (Some(Axes(below)), Some(Axes(above))) = (under, over) else {
        return over.or(under);
    };
    let mut all = above;
    for (own, below) in all.iter_mut().zip(below) {
        *own = own.or(below);
    }
    Some(Axes(all))
}

impl Document {
    /// Gives a value, or that of one axis of a key that has several, and takes out what said the
    /// same thing in another way.
    ///
    /// # Errors
    /// As [`Key::set`].
    pub fn give(&mut self, own: &Key, axis: Option<usize>, value: &Value) -> Result<(), Refused> {
        let mut alone = Document::default();
        match (axis, own.form) {
            (Some(axis), Form::Axes(names)) => {
                let name = names.get(axis).copied().unwrap_or_default();
                let entry = Value::Table(vec![(name.into(), value.clone())]);
                own.set(&mut alone, &entry)?;
            }
            _ => own.set(&mut alone, value)?,
        }
        let replaced = REPLACES.iter().filter(|(by, _)| by.contains(&own));
        for other in replaced.flat_map(|(_, others)| others.iter()) {
            other.clear(self);
        }
        self.crystal.cells = without(self.crystal.cells, alone.crystal.size);
        self.crystal.size = without(self.crystal.size, alone.crystal.cells);
        self.put_all(&alone);
        Ok(())
    }

    /// Every value of `over`; of keys with axes, those that it gives.
    fn put_all(&mut self, over: &Document) {
        let (crystal, detector) = (&self.crystal, &self.detector);
        let cells = merged(crystal.cells, over.crystal.cells);
        let size = merged(crystal.size, over.crystal.size);
        let pixels = merged(detector.pixels, over.detector.pixels);
        let edges = merged(detector.size, over.detector.size);
        KEYS.iter().for_each(|key| key.copy(over, self));
        (self.crystal.cells, self.crystal.size) = (cells, size);
        (self.detector.pixels, self.detector.size) = (pixels, edges);
    }

    /// What is left of this document under `over`, which takes the place of all that it gives, and
    /// of all that excludes: a file's under a command line's.
    pub fn yielding(mut self, over: &Document) -> Document {
        let any = |keys: &[&Key]| keys.iter().any(|key| key.is_in(over));
        let file = any(keys! { detector.dials_experiment detector.crystfel_geometry });
        for own in KEYS {
            let mut rows = REPLACES.iter().chain(DISPLACES).chain(&GROUPS);
            let displaced = rows.any(|(by, others)| others.contains(own) && any(by));
            let whole = !matches!(own.form, Form::Axes(_)) && own.is_in(over);
            if displaced || whole || (file && own.places_detector()) {
                own.clear(&mut self);
            }
        }
        let (crystal, above) = (&mut self.crystal, &over.crystal);
        crystal.cells = without(without(crystal.cells, above.size), above.cells);
        crystal.size = without(without(crystal.size, above.cells), above.size);
        let (detector, above) = (&mut self.detector, &over.detector);
        detector.pixels = without(without(detector.pixels, above.size), above.pixels);
        detector.size = without(without(detector.size, above.pixels), above.size);
        self
    }

    /// This document under `over`: what is left of it, and all that `over` says.
    pub fn under(self, over: &Document) -> Document {
        let mut all = self.yielding(over);
        all.put_all(over);
        all
    }
}
