//! Which blocks of pixels a spot in closed form reaches: the others are left out.

use glam::{DMat3, DVec3};

use super::{Area, END, Smearing};
use crate::cpu::block::Views;
use crate::cpu::lanes::{LANES, PerLane, Vectors};
use crate::cpu::pixel::layer_front;
use crate::cpu::prepared::Prepared;
use crate::experiment::Panel;
use crate::physics::closed_form::ClosedForm;
use crate::physics::miller_index::nearest_index;
use crate::scene::{Scene, SceneSource};

/// Which orientations, by source, may show a spot in a block of pixels.
pub struct Visible {
    /// One a source and orientation; empty where nobody looked, and all may.
    pairs: Vec<bool>,
}

impl Visible {
    /// Looks whether spots reach into the block of pixels from `first`: from the middles of the
    /// pixels, so that it is only worth while where a pixel has several views.
    #[inline(always)]
    pub fn new(prepared: &Prepared, panel: &Panel, first: [usize; 2]) -> Visible {
        /// Fewer views cost less than looking.
        const WORTH_WHILE: u32 = 4;
        let scene = prepared.scene;
        let views = scene
            .layers
            .saturating_mul(scene.oversample * scene.oversample);
        let mut visible = Visible { pairs: Vec::new() };
        let Some(form) = scene.closed_form.as_ref().filter(|_| views >= WORTH_WHILE) else {
            return visible;
        };
        let middle = Middle::new(scene, panel, first);
        let sources = scene.sources.iter();
        let sources = sources.flat_map(|source| scene.orientations.iter().map(move |_| source));
        let pairs = prepared.smearings.iter().zip(sources);
        visible.pairs.extend(pairs.map(|(smearing, source)| {
            let area = smearing.area(scene, form, panel, source);
            middle.shows(form, (smearing, area.as_ref()), source)
        }));
        visible
    }

    /// Whether the source and orientation of this number may show a spot.
    #[inline(always)]
    pub fn shows(&self, number: usize) -> bool {
        self.pairs.get(number).copied().unwrap_or(true)
    }

    /// Whether any may.
    #[inline(always)]
    pub fn any(&self) -> bool {
        self.pairs.is_empty() || self.pairs.contains(&true)
    }
}

/// The middles of a block's pixels, and how far from them the views of a pixel are.
struct Middle {
    views: Views,
    /// In directions, rad.
    reach: f64,
}

impl Middle {
    #[inline(always)]
    fn new(scene: &Scene, panel: &Panel, first: [usize; 2]) -> Middle {
        let thickness_m = layer_front(scene, panel, scene.layers);
        let depth = thickness_m / 2.0;
        let mut views = Views::ZERO;
        views.look_at(panel, 1, first, [0, 0], |_| depth);
        let nearest = (0..LANES).fold(f64::INFINITY, |least, lane| least.min(views.distance(lane)));
        let diagonal_m = (2.0 * panel.pixel_size_m.powi(2) + thickness_m.powi(2)).sqrt();
        // A direction turns by no more than the way over the distance, but for the second order.
        let reach = 0.5 * diagonal_m / (nearest - diagonal_m).max(f64::MIN_POSITIVE);
        Middle { views, reach }
    }

    /// Whether a spot may show in any view of any pixel.
    #[inline(always)]
    fn shows(
        &self,
        form: &ClosedForm,
        (smearing, area): (&Smearing, Option<&Area>),
        source: &SceneSource,
    ) -> bool {
        // How far a scattering vector of a pixel is from that of the pixel's middle.
        let radius = self.reach / source.wavelength_m;
        let mut q = Vectors::ZERO;
        let mut longest: f64 = 0.0;
        for lane in 0..LANES {
            q.set(
                lane,
                source.scattering_vector(self.views.get(lane).diffracted),
            );
            longest = longest.max(q.get(lane).length_squared());
        }
        let longest = longest.sqrt() + radius;
        let turning = form
            .mosaic_sigmas_rad
            .into_iter()
            .fold(form.bandwidth, f64::max);
        // C at another q of the pixel is at most (1 + rise)² times C here, and the offset is at
        // most `moved` standard deviations of the unsmeared spot farther.
        let per_length = frobenius(&(form.whitening * smearing.index_of));
        let moved = radius * per_length * (1.0 + smearing.half_segment);
        let all = form.mosaic_sigmas_rad.into_iter().chain([form.bandwidth]);
        let spreads = all.map(|sigma| sigma * sigma).sum::<f64>().sqrt();
        let rise = radius * per_length * spreads + 2.0 * self.reach;
        let end = (END + moved) * (1.0 + rise) * (1.0 + 1e-9);
        // A pixel may hold the border between two reflections. Both have to end before it.
        let unsmeared = form.unsmeared();
        let [across, up] = form.divergence_sigma_rad;
        // The area of a pixel has the variance width²/12 along any direction, and its half diagonal,
        // whose square is width²/2, is within the radius.
        let even = if form.pixel_average { 1.0 / 6.0 } else { 0.0 };
        let other = (across.max(up) / source.wavelength_m).powi(2) + even * radius * radius;
        let rows = smearing.index_of.transpose();
        let separate = (0..3).all(|axis| {
            let edge = rows.col(axis).length();
            let spread = (turning * longest).powi(2) + other;
            let sigma = (unsmeared.col(axis)[axis] + edge * edge * spread).sqrt();
            0.5 - edge * (radius + smearing.half_segment * longest) > end * sigma
        });
        if !separate {
            return true;
        }
        let mut near = false;
        for lane in 0..LANES {
            let hkl = smearing.index_of * q.get(lane);
            let offset = hkl - nearest_index(hkl);
            let meeting = smearing.meeting(area, q.get(lane), offset, self.views.distance(lane));
            near |= meeting.reaches(0.5 * end * end);
        }
        near
    }
}

/// The root of the sum of a matrix' squares: no vector becomes longer by more than it.
fn frobenius(matrix: &DMat3) -> f64 {
    let columns = [matrix.x_axis, matrix.y_axis, matrix.z_axis];
    columns
        .map(DVec3::length_squared)
        .into_iter()
        .sum::<f64>()
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::pixel;
    use crate::document::Document;

    /// A high-resolution patch of a detector, tilted, with layers and sub-pixels.
    fn scene(more: &str) -> Scene {
        let text = format!(
            "crystal = {{ cell_A_deg = [59, 68, 31, 80, 95, 110], misset_deg = [71, 2, 44],
                          default_F = 10, shape = 'gauss', gauss_metric = 'hkl', cells = 40 }}
             detector = {{ pixels = 64, pixel_mm = 0.1, rotation_y_deg = 20, beam_x_mm = -30,
                           beam_y_mm = -20, sensor_thickness_um = 50,
                           sensor_attenuation_depth_um = 300 }}
             scan = {{ range_deg = 1, steps = 4 }}
             [sampling]
             analytic = true
             oversample = 3
             {more}"
        );
        let document = Document::from_toml(&text).unwrap();
        let resolved = document.resolve(1, crate::memory::Bytes(1 << 24)).unwrap();
        Scene::new(&resolved.experiment).unwrap()
    }

    #[test]
    fn blocks_that_are_left_out_are_dark() {
        for more in [
            "",
            "[mosaicity]\nspread_deg = 0.01",
            "pixel_average = true\n[beam]\nbandwidth_percent = 0.02\ndivergence_sigma_mrad = [0.02, 0.03]",
        ] {
            let scene = scene(more);
            let (panel, prepared) = (&scene.panels[0], Prepared::new(&scene));
            let (mut dark, mut brightest, mut left_out) = (0f64, 0f64, 0);
            for first in (0..64).flat_map(|slow| [[0, slow], [32, slow]]) {
                let shows = Visible::new(&prepared, panel, first).any();
                left_out += usize::from(!shows);
                for lane in 0..LANES {
                    let value = pixel::photons(&scene, panel, [first[0] + lane, first[1]]);
                    brightest = brightest.max(value);
                    dark = dark.max(if shows { 0.0 } else { value });
                }
            }
            assert!(left_out > 5, "{more}: {left_out} blocks");
            assert!(brightest > 0.0, "{more}: no spot shows");
            assert!(dark < 1e-20 * brightest, "{more}: {dark} of {brightest}");
        }
    }
}
