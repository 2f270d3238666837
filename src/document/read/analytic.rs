//! Spots in closed form: what is integrated, the segments of the scan, and what is beyond them.

use super::Reading;
use super::atoms::Reach;
use crate::document::error::DocumentError;
use crate::document::keys::{Key, key};
use crate::document::message::{Message, contradiction, message};
use crate::experiment::{Analytic, Crystal, Detector, Scan, Shape};
use crate::physics::closed_form::{Limits, SEGMENT_ERROR};

impl Reading<'_> {
    /// Whether spots are integrated in closed form, and how.
    pub fn analytic(&self) -> Result<Option<Analytic>, DocumentError> {
        use key::beam::{bandwidth, dispersion, divergence, divergence_sigma};
        use key::crystal::{interpolate, shape};
        use key::sampling::{analytic, oversample, pixel_average};
        let keys = &self.document.sampling;
        if keys.analytic != Some(true) {
            let beam = &self.document.beam;
            let spread = |sigma: f64| sigma > 0.0;
            let [area, wavelengths, directions] = [
                keys.pixel_average == Some(true),
                beam.bandwidth.is_some_and(spread),
                beam.divergence_sigma
                    .is_some_and(|own| own.into_iter().any(spread)),
            ];
            // What is integrated, and the samples that can stand for it.
            let integrated: [(bool, &'static Key, &str, &'static Key); 3] = [
                (area, &pixel_average, "a pixel's area is", &oversample),
                (
                    wavelengths,
                    &bandwidth,
                    "a normal spread of wavelengths is",
                    &dispersion,
                ),
                (
                    directions,
                    &divergence_sigma,
                    "a normal spread of directions is",
                    &divergence,
                ),
            ];
            return match integrated.into_iter().find(|(given, ..)| *given) {
                None => Ok(None),
                Some((_, key, what, samples)) => Err(contradiction!(
                    "{}: {} integrated in closed form only; give {}, or samples with {}",
                    key,
                    what,
                    &analytic,
                    samples
                )),
            };
        }
        let crystal = &self.document.crystal;
        if crystal.shape != Some(Shape::Gauss) {
            return Err(contradiction!(
                "{}: only Gaussian spots have a closed form, not those of {}; ask for Gaussian ones",
                &analytic,
                &shape
            ));
        }
        if crystal.interpolate == Some(true) {
            return Err(contradiction!(
                "{} and {}: a spot in closed form has the F of one reflection; leave one out",
                &analytic,
                &interpolate
            ));
        }
        Ok(Some(Analytic {
            pixel_average: keys.pixel_average == Some(true),
        }))
    }

    /// The `scan` in as many segments as the finest scattering needs, where no key divides it, and
    /// what is beyond the closed form.
    pub fn segmented(
        &mut self,
        scan: Scan,
        crystal: &Crystal,
        reach: &Reach,
    ) -> Result<Scan, DocumentError> {
        let keys = &self.document.sampling;
        let pixel_rad = match keys.pixel_average {
            Some(true) => widest_pixel_rad(reach.detector),
            _ => 0.0,
        };
        let limits = Limits::new(crystal, reach.beam, self.longest(reach), pixel_rad);
        if limits.broadening > Limits::BROADEST {
            return Err(contradiction!(
                "{}: spots become {} times as wide as such a crystal makes them, and beyond {} times \
                 the closed form has no digits left; give smaller spreads, fewer {}, or sum samples",
                &key::sampling::analytic,
                rounded(limits.broadening),
                format!("{:e}", Limits::BROADEST),
                &key::crystal::cells
            ));
        }
        self.notices.extend(overlap(&limits));
        self.notices.extend(curvature(&limits));
        let of_crystal = &self.document.crystal;
        if of_crystal.interpolate.is_none() && crystal.cells.iter().any(|&cells| cells <= 2.0) {
            self.notices.push(message!(
                "{}: F is that of the nearest reflection; samples of a crystal this small interpolate \
                 it ({})",
                &key::sampling::analytic,
                &key::crystal::interpolate
            ));
        }
        let widest = limits.widest_segment_rad;
        let divided: [&'static Key; 2] = [&key::scan::steps, &key::scan::step];
        let Some(divided) = divided.into_iter().find(|key| key.is_in(self.document)) else {
            // A range has fewer segments than 2³¹ if any image of them can be rendered.
            let steps = (scan.range_rad.abs() / widest).ceil().max(1.0) as u32;
            return Ok(Scan {
                step_rad: scan.range_rad / f64::from(steps),
                steps,
                ..scan
            });
        };
        let scan = self.filling_its_range(scan);
        // Steps of a range that was divided by the widest may be rounded.
        if scan.step_rad.abs() > widest * (1.0 + ROUNDING) {
            self.notices.push(message!(
                "{}: segments of {}° are wider than the {}° at which the finest spots of the \
                 detector are right to {}, and some reflections may be lost; leave {} out for as \
                 many segments as that takes",
                divided,
                rounded(scan.step_rad.abs().to_degrees()),
                rounded(widest.to_degrees()),
                format!("{SEGMENT_ERROR:e}"),
                divided
            ));
        }
        Ok(scan)
    }

    /// The `scan` in segments that are its range together: samples of a step that does not divide
    /// the range lie within it, but whole segments of that width would lead out of it.
    fn filling_its_range(&mut self, scan: Scan) -> Scan {
        let together = scan.step_rad * f64::from(scan.steps);
        if (together - scan.range_rad).abs() <= ROUNDING * scan.range_rad.abs() {
            return scan;
        }
        let step_rad = scan.range_rad / f64::from(scan.steps);
        self.notices.push(message!(
            "{}: {} segment(s) of {}° take the place of steps of {}°, which are not the {} of {}° \
             together",
            &key::scan::step,
            scan.steps.to_string(),
            rounded(step_rad.to_degrees()),
            rounded(scan.step_rad.to_degrees()),
            &key::scan::range,
            rounded(scan.range_rad.to_degrees())
        ));
        Scan { step_rad, ..scan }
    }
}

/// Part of a number by which rounding may change it.
const ROUNDING: f64 = 1e-9;

/// The standard deviation of the place in a pixel, seen from the sample, the largest.
fn widest_pixel_rad(detector: &Detector) -> f64 {
    let angles = detector.panels.iter().map(|panel| {
        let close_m = panel.origin_m.dot(panel.normal).abs();
        panel.pixel_size_m / (12f64.sqrt() * close_m)
    });
    angles.fold(0.0, f64::max)
}

/// A line where spots of neighbouring reflections overlap.
fn overlap(limits: &Limits) -> Option<Message> {
    (limits.smearing > Limits::SEPARATE).then(|| {
        message!(
            "{}: at the detector's highest resolution spots are smeared over {} of the distance to \
             the next (standard deviation). A pixel has the spot of the nearest reflection alone: \
             beyond {}, more than 1 % of a spot's height is missing halfway to the next; samples \
             have it",
            &key::sampling::analytic,
            rounded(limits.smearing),
            Limits::SEPARATE
        )
    })
}

/// A line where mosaicity is too large for the first order.
fn curvature(limits: &Limits) -> Option<Message> {
    /// The largest error that nobody is told of.
    const UNTOLD: f64 = 0.01;
    let error = limits.curvature_error;
    (error > UNTOLD).then(|| {
        message!(
            "{}: with this {} spots at the detector's highest resolution are off by {}, for the \
             closed form leaves the curvature of their way out; samples have it",
            &key::sampling::analytic,
            &key::mosaicity::spread,
            match error < 1.0 {
                true => format!("about {} %", rounded(error * 1e2)),
                // The error grows no further once a spot has left its place.
                false => "100 % or more".into(),
            }
        )
    })
}

/// A number to look at.
fn rounded(value: f64) -> String {
    format!("{:.2e}", value)
        .parse::<f64>()
        .map_or_else(|_| value.to_string(), |short| short.to_string())
}
