//! The scale of each quantity, that a difference between two traces is measured against.
//!
//! A difference is relative to the length of what differs, with these exceptions, all of them where
//! rounding alone makes more of a difference than that:
//!
//! - origin and position: to 1000 pixels where that is less, so that a tenth of a pixel counts;
//! - the scattering vector and stol: to at least a thousandth of 1/λ, as d − i cancels near the
//!   beam;
//! - the polarisation: to at least 0.01, as its parts, of the size of 1, cancel;
//! - h, k, l: to 1 where they are larger, as the fraction counts; to at least 0.01;
//! - terms and sums: to at least 1e-30 of the strongest that the scene could give, and photons to
//!   at least 1e-30, as float32 holds no less.
//!
//! An interpolated F, which may cross zero, is measured against at least a thousandth of the
//! largest F. Quantities that follow from the Miller index are compared at the same index: see
//! `compare.rs`.

use crate::physics::solid_angle::solid_angle;
use crate::scene::{Scene, TermPlace};
use crate::trace::{Name, Trace};

/// Float32 holds numbers down to 1e-38; this part of the largest, or of a photon, leaves room for a
/// tolerance.
const FAINT: f64 = 1e-30;

/// The scales of a comparison.
pub(super) struct Scales {
    pixel_size_m: f64,
    wavenumber: f64,
    /// Cells of the crystal.
    cells: f64,
    /// The largest F.
    strongest: f64,
    interpolated: bool,
    /// The largest that the sum could be.
    brightest: f64,
    scale: f64,
}

impl Scales {
    pub(super) fn new(scene: &Scene, place: &TermPlace) -> Scales {
        let panel = &scene.panels[place.panel()];
        let amplitudes = scene.grid.iter().flat_map(|grid| grid.amplitudes());
        let strongest = amplitudes.fold(scene.default_f.abs(), |max, f| max.max(f.abs()));
        let cells = scene.lattice.total;
        let close = panel.close_distance_m();
        let size = panel.pixel_size_m;
        let solid_angle = solid_angle(size, close, close, scene.point_pixels);
        Scales {
            pixel_size_m: panel.pixel_size_m,
            wavenumber: 1.0 / scene.sources[place.index().source].wavelength_m,
            cells,
            strongest,
            interpolated: scene.interpolate && scene.grid.is_some(),
            brightest: scene.terms_per_pixel() * (strongest * cells).powi(2) * solid_angle,
            scale: scene.scale,
        }
    }

    /// The scale of a difference in the quantity `name`, whose values are `ours`.
    pub(super) fn of(&self, name: Name, ours: &[f64]) -> f64 {
        let length = norm(ours);
        match name {
            Name::Origin | Name::Position => length.min(1000.0 * self.pixel_size_m),
            Name::ScatteringVector => length.max(1e-3 * self.wavenumber),
            Name::Stol => length.max(0.5e-3 * self.wavenumber),
            Name::Polarisation => length.max(0.01),
            Name::Hkl => length.clamp(0.01, 1.0),
            Name::FLattA | Name::FLattB | Name::FLattC | Name::FLatt => {
                length.max(FAINT * self.cells)
            }
            Name::FCell if self.interpolated => length.max(1e-3 * self.strongest),
            Name::Halo | Name::Term | Name::IntensitySum => {
                length.max(FAINT * (self.strongest * self.cells).powi(2))
            }
            Name::Sum => length.max(FAINT * self.brightest.max(1.0 / self.scale)),
            Name::Photons => length.max(FAINT * (self.brightest * self.scale).max(1.0)),
            _ => length,
        }
    }
}

/// Length of a vector, size of a number.
pub(super) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// The values of `name` in a form that can be compared: lattice factors without their signs, which
/// the GPU path drops, as only squares count.
pub(super) fn comparable(name: Name, values: &[f64]) -> Vec<f64> {
    match name {
        Name::FLattA | Name::FLattB | Name::FLattC | Name::FLatt => {
            values.iter().map(|value| value.abs()).collect()
        }
        _ => values.to_vec(),
    }
}

/// The values of `name` in `trace`, comparable.
pub(super) fn comparable_in(trace: &Trace, name: Name) -> Option<Vec<f64>> {
    trace.get(name).map(|values| comparable(name, values))
}
