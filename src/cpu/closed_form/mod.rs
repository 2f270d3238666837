//! Spots in closed form over a block of pixels: the formulas of
//! [`physics::closed_form`](crate::physics::closed_form) in arithmetic that compiles to vector
//! instructions.
//!
//! Everything is in the crystal's Cartesian frame, in which mosaicity takes no matrix. A spot is
//! computed in two halves: how far the scattering vector is from it, and then, where a pixel of the
//! block is near enough, its value.

mod meeting;
mod slopes;
mod visible;

use glam::{DMat3, DVec3};

use super::block::Views;
use super::lanes::{LANES, Lanes, PerLane, Vectors};
use super::prepared::Prepared;
use super::structure_factor::{BlockStructureFactors, Constant, Nearest};
use crate::experiment::Panel;
use crate::physics::closed_form::{ClosedForm, divergence_steps};
use crate::physics::miller_index::nearest_index;
use crate::physics::symmetric::Symmetric;
use crate::scene::{Orientation, Scene, SceneSource};
pub use meeting::{FEW, Meeting, Meetings};
pub use visible::Visible;

/// Standard deviations from a reflection at which its spot ends: there it is 2e-22 of its height.
const END: f64 = 10.0;
/// The exponent there.
const LARGEST_EXPONENT: f64 = END * END / 2.0;

/// What smears the spots of one orientation for X-rays of one source, in the crystal's frame.
pub struct Smearing {
    /// From q to h, k, l.
    index_of: DMat3,
    /// From q to its vector in the frame.
    to_frame: DMat3,
    /// From an index to its vector in the frame.
    frame: DMat3,
    half_segment: f64,
    /// The crystal's rotation over half a segment: the spindle times the angle.
    half_turn: DVec3,
    /// Variances of the rotation about each axis, and of the wavelength.
    mosaic: DVec3,
    bandwidth: f64,
    /// C₀ and the divergence: what does not depend on q.
    constant: Symmetric,
    /// The determinant of C₀.
    unsmeared_volume: f64,
    /// N², F_latt² on a reflection that is not smeared.
    peak: f64,
}

/// What the area of a sub-pixel adds.
pub struct Area {
    /// The panel's directions and the incident one in the crystal's frame.
    fast: DVec3,
    slow: DVec3,
    incident: DVec3,
    wavelength_m: f64,
    /// Standard deviation of the place along an edge over the wavelength.
    scale: f64,
}

impl Smearing {
    /// One for each source and orientation of `scene`, the orientations innermost; none where it
    /// sums samples.
    pub fn all(scene: &Scene) -> Vec<Smearing> {
        let forms = scene.closed_form.iter();
        let pairs = forms.flat_map(|form| scene.sources.iter().map(move |source| (form, source)));
        let smearings = pairs.flat_map(|(form, source)| {
            let orientations = scene.orientations.iter();
            orientations.map(move |orientation| Smearing::new(scene, form, source, orientation))
        });
        smearings.collect()
    }

    fn new(
        scene: &Scene,
        form: &ClosedForm,
        source: &SceneSource,
        orientation: &Orientation,
    ) -> Smearing {
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
            half_segment: form.segment_rad / 2.0,
            half_turn: to_frame * form.spindle * (form.segment_rad / 2.0),
            mosaic: sigmas * sigmas,
            bandwidth: form.bandwidth * form.bandwidth,
            constant,
            unsmeared_volume: unsmeared.determinant(),
            peak: scene.lattice.total * scene.lattice.total,
        }
    }

    /// What the area of a sub-pixel of `panel` adds, where `form` has it.
    #[inline(always)]
    pub fn area(
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

    /// How the scattering vector `q` meets the spot of a reflection that its index is `offset` from.
    #[inline(always)]
    fn meeting(&self, area: Option<&Area>, q: DVec3, offset: DVec3, distance_m: f64) -> Meeting {
        let q = self.to_frame * q;
        let offset = self.frame * offset;
        let (adjugate, volume) = self.covariance(area, q, distance_m).adjugate();
        let sweep = q.cross(self.half_turn);
        let by_sweep = adjugate.times(sweep);
        let inverse_volume = 1.0 / volume;
        Meeting {
            exponent: 0.5 * offset.dot(adjugate.times(offset)) * inverse_volume,
            slope: offset.dot(by_sweep) * inverse_volume,
            curvature: 0.5 * sweep.dot(by_sweep) * inverse_volume,
            shrinking: self.unsmeared_volume * inverse_volume,
        }
    }
}

/// Adds F_cell²·⟨F_latt²⟩ of the scene's orientations that `visible` leaves in, at the scattering
/// vectors `q` (1/m) of X-rays of source number `source` in `views`.
#[inline(always)]
pub fn add_segments<const FUSED: bool>(
    prepared: &Prepared,
    form: &ClosedForm,
    (panel, views): (&Panel, &Views),
    (number, source): (usize, &SceneSource),
    q: &Vectors,
    visible: &Visible,
    sums: &mut Lanes,
) {
    let scene = prepared.scene;
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
                add_spots::<FUSED>(smearing, views, q, constant, sums);
            }
            Some(grid) => {
                let nearest = Nearest::new(grid, scene.default_f);
                add_spots::<FUSED>(smearing, views, q, nearest, sums);
            }
        }
    }
}

/// Adds F_cell²·⟨F_latt²⟩ of one orientation.
#[inline(always)]
fn add_spots<const FUSED: bool>(
    (smearing, area): (&Smearing, Option<&Area>),
    views: &Views,
    q: &Vectors,
    mut structure_factors: impl BlockStructureFactors,
    sums: &mut Lanes,
) {
    let mut meetings = Meetings::ZERO;
    let smeared = (smearing, area);
    if !meet::<FUSED>(smeared, views, q, &mut structure_factors, &mut meetings) {
        return;
    }
    for first in (0..LANES).step_by(FEW) {
        let Some(averages) = meetings.averages::<FUSED>(first) else {
            continue;
        };
        for (lane, average) in (first..).zip(averages) {
            sums.0[lane] += structure_factors.square(lane) * (smearing.peak * average);
        }
    }
}

/// How the scattering vectors `q` (1/m) of a block meet the spots of one orientation; whether any of those
/// has an F.
#[inline(always)]
pub fn meet<const FUSED: bool>(
    (smearing, area): (&Smearing, Option<&Area>),
    views: &Views,
    q: &Vectors,
    structure_factors: &mut impl BlockStructureFactors,
    meetings: &mut Meetings,
) -> bool {
    let mut offsets = Vectors::ZERO;
    for lane in 0..LANES {
        let hkl = smearing.index_of * q.get(lane);
        let nearest = nearest_index(hkl);
        structure_factors.place(lane, hkl, nearest);
        offsets.set(lane, hkl - nearest);
    }
    // Before the spots, because a list of reflections ends within many images.
    if !structure_factors.find::<FUSED>() {
        return false;
    }
    for lane in 0..LANES {
        let offset = offsets.get(lane);
        let mut meeting = smearing.meeting(area, q.get(lane), offset, views.distance(lane));
        let extinct = structure_factors.square(lane) == 0.0;
        if extinct | !meeting.reaches(LARGEST_EXPONENT) {
            meeting.exponent = f64::INFINITY;
        }
        meetings.set(lane, meeting);
    }
    true
}
