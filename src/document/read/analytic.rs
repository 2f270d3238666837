//! Spots in closed form: what is integrated, the segments of the scan, and what is beyond them.

use super::Reading;
use super::atoms::Reach;
use crate::document::error::DocumentError;
use crate::document::keys::key;
use crate::document::message::{Message, contradiction, message};
use crate::experiment::{Analytic, Crystal, Scan, Shape};
use crate::physics::closed_form::{Limits, SEGMENT_ERROR};

impl Reading<'_> {
    /// Whether spots are integrated in closed form, and how.
    pub fn analytic(&self) -> Result<Option<Analytic>, DocumentError> {
        use key::crystal::{interpolate, shape};
        use key::sampling::{analytic, oversample, pixel_average};
        let keys = &self.document.sampling;
        let averages = keys.pixel_average == Some(true);
        if keys.analytic != Some(true) {
            return match averages {
                false => Ok(None),
                true => Err(contradiction!(
                    "{}: a pixel's area is integrated in closed form only; give {}, or sub-pixels \
                     with {}",
                    &pixel_average,
                    &analytic,
                    &oversample
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
            pixel_average: averages,
        }))
    }

    /// The `scan` in as many segments as the finest scattering needs, where no key divides it, and
    /// what is beyond the closed form.
    pub fn segmented(&mut self, scan: Scan, crystal: &Crystal, reach: &Reach) -> Scan {
        let keys = &self.document.scan;
        let dmin_m = self.document.sampling.dmin.unwrap_or(0.0) * 1e-10;
        let limits = Limits::new(crystal, reach.beam, reach.s_max().min(1.0 / dmin_m));
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
        let range = scan.step_rad * f64::from(scan.steps);
        let widest = limits.widest_segment_rad;
        if keys.step.is_none() && keys.steps.is_none() {
            // A range has fewer segments than 2³¹ if any image of them can be rendered.
            let steps = (range.abs() / widest).ceil().max(1.0) as u32;
            return Scan {
                step_rad: range / f64::from(steps),
                steps,
                ..scan
            };
        }
        // Steps of a range that was divided by the widest may be rounded.
        if scan.step_rad.abs() > widest * (1.0 + 1e-9) {
            self.notices.push(message!(
                "{}: segments of {}° are wider than the {}° at which the finest spots of the \
                 detector are right to {}, and some reflections may be lost; leave {} out for as \
                 many segments as that takes",
                &key::scan::steps,
                rounded(scan.step_rad.abs().to_degrees()),
                rounded(widest.to_degrees()),
                format!("{SEGMENT_ERROR:e}"),
                &key::scan::steps
            ));
        }
        scan
    }
}

/// A line where spots of neighbouring reflections overlap.
fn overlap(limits: &Limits) -> Option<Message> {
    let [h, k, l] = limits.widths;
    let widest = h.max(k).max(l);
    (widest > Limits::SEPARATE).then(|| {
        message!(
            "{}: at the detector's highest resolution a spot is as wide as {} of the distance to its \
             neighbour (standard deviation), and each pixel has that of the nearest reflection \
             alone: beyond {} what neighbours add is missing; samples have it",
            &key::sampling::analytic,
            rounded(widest),
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
            "{}: with this {} spots at the detector's highest resolution are off by about {} %, for \
             the closed form leaves the curvature of their way out; samples have it",
            &key::sampling::analytic,
            &key::mosaicity::spread,
            rounded(error * 1e2)
        )
    })
}

/// A number to look at.
fn rounded(value: f64) -> String {
    format!("{:.2e}", value)
        .parse::<f64>()
        .map_or_else(|_| value.to_string(), |short| short.to_string())
}
