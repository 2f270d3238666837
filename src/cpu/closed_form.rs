//! Spots in closed form over a block of pixels: the formulas of
//! [`physics::closed_form`](crate::physics::closed_form) in arithmetic that compiles to vector
//! instructions.
//!
//! Everything is in the crystal's Cartesian frame, in which mosaicity takes no matrix. A spot is
//! computed in two halves: how far the scattering vector is from it, and then, where a pixel of the
//! block is near enough, its value.

use glam::{DMat3, DVec3};

use super::block::Views;
use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::pixel::layer_front;
use super::polynomial::{erf, exp_negative};
use super::prepared::Prepared;
use super::structure_factor::{BlockStructureFactors, Constant, Nearest};
use crate::experiment::Panel;
use crate::physics::closed_form::{ClosedForm, NARROW_SEGMENT, divergence_steps};
use crate::physics::miller_index::nearest_index;
use crate::scene::{Orientation, Scene, SceneSource};

/// Standard deviations from a reflection at which its spot ends: there it is 2e-22 of its height.
const END: f64 = 10.0;
/// The exponent there.
const LARGEST_EXPONENT: f64 = END * END / 2.0;

/// A symmetric matrix.
#[derive(Clone, Copy)]
struct Symmetric {
    xx: f64,
    yy: f64,
    zz: f64,
    xy: f64,
    xz: f64,
    yz: f64,
}

impl Symmetric {
    #[inline(always)]
    fn of(matrix: &DMat3) -> Symmetric {
        let [x, y, z] = [matrix.x_axis, matrix.y_axis, matrix.z_axis];
        Symmetric {
            xx: x.x,
            yy: y.y,
            zz: z.z,
            xy: x.y,
            xz: x.z,
            yz: y.z,
        }
    }

    /// This matrix plus v·vᵀ.
    #[inline(always)]
    fn plus_square(self, v: DVec3) -> Symmetric {
        Symmetric {
            xx: self.xx + v.x * v.x,
            yy: self.yy + v.y * v.y,
            zz: self.zz + v.z * v.z,
            xy: self.xy + v.x * v.y,
            xz: self.xz + v.x * v.z,
            yz: self.yz + v.y * v.z,
        }
    }

    /// The matrix whose product with this one is the determinant, and the determinant.
    #[inline(always)]
    fn adjugate(self) -> (Symmetric, f64) {
        let Symmetric {
            xx,
            yy,
            zz,
            xy,
            xz,
            yz,
        } = self;
        let adjugate = Symmetric {
            xx: yy * zz - yz * yz,
            yy: xx * zz - xz * xz,
            zz: xx * yy - xy * xy,
            xy: xz * yz - xy * zz,
            xz: xy * yz - xz * yy,
            yz: xy * xz - yz * xx,
        };
        let determinant = xx * adjugate.xx + xy * adjugate.xy + xz * adjugate.xz;
        (adjugate, determinant)
    }

    #[inline(always)]
    fn times(&self, v: DVec3) -> DVec3 {
        DVec3::new(
            self.xx * v.x + self.xy * v.y + self.xz * v.z,
            self.xy * v.x + self.yy * v.y + self.yz * v.z,
            self.xz * v.x + self.yz * v.y + self.zz * v.z,
        )
    }
}

/// What smears the spots of one orientation for X-rays of one source, in the crystal's frame.
pub struct Smearing {
    /// From q to h, k, l.
    index_of: DMat3,
    /// From q to its vector in the frame.
    to_frame: DMat3,
    /// From an index to its vector in the frame.
    frame: DMat3,
    spindle: DVec3,
    half_segment: f64,
    /// Variances of the rotation about each axis, and of the wavelength.
    mosaic: DVec3,
    bandwidth: f64,
    /// C₀ and the divergence: what does not depend on q.
    constant: Symmetric,
    /// The determinant of C₀.
    unsmeared_volume: f64,
}

/// What the area of a sub-pixel adds.
struct Area {
    /// The panel's directions and the incident one in the crystal's frame.
    fast: DVec3,
    slow: DVec3,
    incident: DVec3,
    wavelength_m: f64,
    /// Standard deviation of the place along an edge over the wavelength.
    scale: f64,
}

/// How a scattering vector meets the spot of the nearest reflection.
#[derive(Clone, Copy)]
struct Meeting {
    /// ½δᵀC⁻¹δ, and its slope and half its curvature as φ turns.
    exponent: f64,
    slope: f64,
    kappa: f64,
    /// det C₀/det C.
    shrinking: f64,
}

impl Smearing {
    /// One for each source and orientation of `scene`, the orientations innermost; none where it
    /// sums samples.
    pub fn all(scene: &Scene) -> Vec<Smearing> {
        let forms = scene.closed_form.iter();
        let pairs = forms.flat_map(|form| scene.sources.iter().map(move |source| (form, source)));
        let smearings = pairs.flat_map(|(form, source)| {
            let orientations = scene.orientations.iter();
            orientations.map(move |orientation| Smearing::new(form, source, orientation))
        });
        smearings.collect()
    }

    fn new(form: &ClosedForm, source: &SceneSource, orientation: &Orientation) -> Smearing {
        let index_of = orientation.index_of;
        let to_frame = form.frame * index_of;
        let unsmeared = form.frame * form.unsmeared() * form.frame.transpose();
        let wavelength_m = source.wavelength_m;
        let divergence = divergence_steps(form, source.electric, source.magnetic, wavelength_m);
        let constant = divergence
            .iter()
            .fold(Symmetric::of(&unsmeared), |sum, step| {
                sum.plus_square(to_frame * *step)
            });
        let sigmas = DVec3::from_array(form.mosaic_sigmas_rad);
        Smearing {
            index_of,
            to_frame,
            frame: form.frame,
            spindle: to_frame * form.spindle,
            half_segment: form.segment_rad / 2.0,
            mosaic: sigmas * sigmas,
            bandwidth: form.bandwidth * form.bandwidth,
            constant,
            unsmeared_volume: unsmeared.determinant(),
        }
    }

    /// What the area of a sub-pixel of `panel` adds, where `form` has it.
    #[inline(always)]
    fn area(
        &self,
        scene: &Scene,
        form: &ClosedForm,
        panel: &Panel,
        source: &SceneSource,
    ) -> Option<Area> {
        let width_m = panel.pixel_size_m / f64::from(scene.oversample);
        let wavelength_m = source.wavelength_m;
        form.pixel_average.then(|| Area {
            fast: self.to_frame * panel.fast,
            slow: self.to_frame * panel.slow,
            incident: self.to_frame * source.incident,
            wavelength_m,
            scale: width_m / (12f64.sqrt() * wavelength_m),
        })
    }

    /// The covariance C at a scattering vector of the frame, in a pixel at this distance.
    #[inline(always)]
    fn covariance(&self, area: Option<&Area>, q: DVec3, distance_m: f64) -> Symmetric {
        let square = q * q;
        let (mosaic, bandwidth) = (self.mosaic, self.bandwidth);
        let constant = &self.constant;
        // Σ σ²·(e × q)(e × q)ᵀ, and the bandwidth's q·qᵀ.
        let covariance = Symmetric {
            xx: constant.xx + mosaic.y * square.z + mosaic.z * square.y + bandwidth * square.x,
            yy: constant.yy + mosaic.x * square.z + mosaic.z * square.x + bandwidth * square.y,
            zz: constant.zz + mosaic.x * square.y + mosaic.y * square.x + bandwidth * square.z,
            xy: constant.xy + (bandwidth - mosaic.z) * (q.x * q.y),
            xz: constant.xz + (bandwidth - mosaic.y) * (q.x * q.z),
            yz: constant.yz + (bandwidth - mosaic.x) * (q.y * q.z),
        };
        let Some(area) = area else {
            return covariance;
        };
        let diffracted = q * area.wavelength_m + area.incident;
        let scale = area.scale / distance_m;
        let step = |along: DVec3| (along - diffracted * diffracted.dot(along)) * scale;
        covariance
            .plus_square(step(area.fast))
            .plus_square(step(area.slow))
    }

    /// How the scattering vector of the index `hkl` meets the spot of the reflection `nearest`.
    #[inline(always)]
    fn meeting(&self, area: Option<&Area>, hkl: DVec3, nearest: DVec3, distance_m: f64) -> Meeting {
        let q = self.frame * hkl;
        let offset = self.frame * (hkl - nearest);
        let (adjugate, volume) = self.covariance(area, q, distance_m).adjugate();
        let sweep = q.cross(self.spindle);
        let by_sweep = adjugate.times(sweep);
        let inverse_volume = 1.0 / volume;
        Meeting {
            exponent: 0.5 * offset.dot(adjugate.times(offset)) * inverse_volume,
            slope: offset.dot(by_sweep) * inverse_volume,
            kappa: 0.5 * sweep.dot(by_sweep) * inverse_volume,
            shrinking: self.unsmeared_volume * inverse_volume,
        }
    }

    /// The least exponent within the segment.
    #[inline(always)]
    fn least_exponent(&self, meeting: &Meeting) -> f64 {
        let Meeting {
            exponent,
            slope,
            kappa,
            ..
        } = *meeting;
        let nearest = -slope / (2.0 * kappa.max(f64::MIN_POSITIVE));
        let within = nearest.max(-self.half_segment).min(self.half_segment);
        exponent + within * (slope + kappa * within)
    }

    /// The average of F_latt²/N².
    #[inline(always)]
    fn average<const FUSED: bool>(&self, meeting: &Meeting) -> f64 {
        let Meeting {
            exponent,
            slope,
            kappa,
            shrinking,
        } = *meeting;
        let height = shrinking.sqrt();
        let width = 2.0 * self.half_segment;
        if width == 0.0 {
            return height * exp_negative::<FUSED>(exponent);
        }
        let rate = kappa.sqrt();
        let narrow = rate * width < NARROW_SEGMENT;
        // A crossing too far away to be told keeps its sign.
        let kappa = kappa.max(f64::MIN_POSITIVE);
        let crossing = slope / (2.0 * kappa);
        let least = if narrow { 0.0 } else { crossing * slope / 2.0 };
        let swept = erf::<FUSED>(rate * (crossing + self.half_segment))
            - erf::<FUSED>(rate * (crossing - self.half_segment));
        let curvature = (slope * slope - 2.0 * kappa) * (width * width / 24.0);
        const HALF_ROOT_PI: f64 = 0.886_226_925_452_758;
        let share = if narrow {
            1.0 + curvature
        } else {
            HALF_ROOT_PI * swept / (width * rate)
        };
        height * exp_negative::<FUSED>((exponent - least).max(0.0)) * share
    }
}

/// Σ F_cell²·⟨F_latt²⟩ over the scene's orientations that `visible` leaves in, at the scattering
/// vectors `q` (1/m) of X-rays of source number `source` in `views`; `None` when `interrupted`.
#[inline(always)]
pub fn sum_over_segments<const FUSED: bool>(
    prepared: &Prepared,
    form: &ClosedForm,
    (panel, views): (&Panel, &Views),
    (number, source): (usize, &SceneSource),
    q: &Vectors,
    visible: &Visible,
    interrupted: &dyn Fn() -> bool,
) -> Option<Lanes> {
    let scene = prepared.scene;
    let mut sums = Lanes::splat(0.0);
    if interrupted() {
        return None;
    }
    let first = number * scene.orientations.len();
    let own = prepared.smearings[first..].iter();
    for (number, smearing) in (first..).zip(own).take(scene.orientations.len()) {
        if !visible.shows(number) {
            continue;
        }
        let area = smearing.area(scene, form, panel, source);
        let smearing = (smearing, area.as_ref());
        match scene.grid.as_deref() {
            None => {
                let constant = Constant::new(scene.default_f);
                add_spots::<FUSED>(smearing, views, q, constant, &mut sums);
            }
            Some(grid) => {
                let nearest = Nearest::new(grid, scene.default_f);
                add_spots::<FUSED>(smearing, views, q, nearest, &mut sums);
            }
        }
    }
    let peak = scene.lattice.total * scene.lattice.total;
    Some(Lanes::from_fn(|lane| peak * sums.0[lane]))
}

/// Adds F_cell²·⟨F_latt²⟩/N² of one orientation.
#[inline(always)]
fn add_spots<const FUSED: bool>(
    (smearing, area): (&Smearing, Option<&Area>),
    views: &Views,
    q: &Vectors,
    mut structure_factors: impl BlockStructureFactors,
    sums: &mut Lanes,
) {
    let zero = Lanes::splat(0.0);
    let (mut exponents, mut slopes, mut kappas, mut shrinkings) = (zero, zero, zero, zero);
    let mut least = zero;
    for lane in 0..LANES {
        let hkl = smearing.index_of * q.get(lane);
        let nearest = nearest_index(hkl);
        let meeting = smearing.meeting(area, hkl, nearest, views.distance(lane));
        structure_factors.place(lane, hkl, nearest);
        least.0[lane] = smearing.least_exponent(&meeting);
        exponents.0[lane] = meeting.exponent;
        slopes.0[lane] = meeting.slope;
        kappas.0[lane] = meeting.kappa;
        shrinkings.0[lane] = meeting.shrinking;
    }
    let nears = |near: bool, least: &f64| near | (*least < LARGEST_EXPONENT);
    if !least.0.iter().fold(false, nears) {
        return;
    }
    if !structure_factors.find::<FUSED>() {
        return;
    }
    for lane in 0..LANES {
        let average = smearing.average::<FUSED>(&Meeting {
            exponent: exponents.0[lane],
            slope: slopes.0[lane],
            kappa: kappas.0[lane],
            shrinking: shrinkings.0[lane],
        });
        let near = least.0[lane] < LARGEST_EXPONENT;
        let square = structure_factors.square(lane);
        sums.0[lane] += if near { square * average } else { 0.0 };
    }
}

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
            let meeting =
                smearing.meeting(area, hkl, nearest_index(hkl), self.views.distance(lane));
            near |= smearing.least_exponent(&meeting) < 0.5 * end * end;
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
