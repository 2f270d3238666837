//! The derivatives of a spot in closed form in one pixel of a block (PHYSICS §17).

use glam::DVec3;

use super::{Area, Meeting, Smearing};
use crate::cpu::polynomial::exp_negative;
use crate::physics::closed_form::ClosedForm;
use crate::physics::closed_form::slopes::{
    FrameSlopes, PixelArea, SpotSlopes, Spreads, segment_moments,
};
use crate::physics::miller_index::nearest_index;
use crate::scene::SceneSource;

impl Smearing {
    /// What smears spots of X-rays of `source`.
    pub fn spreads(&self, form: &ClosedForm, source: &SceneSource) -> Spreads {
        let fields = [source.electric, source.magnetic];
        Spreads::new(form, &self.to_frame, fields, source.wavelength_m)
    }

    /// The derivatives of the spot that the scattering vector `q` (1/m) meets in a pixel at this distance,
    /// where its `average` F_latt²/N² is known.
    #[inline(always)]
    pub fn slopes<const FUSED: bool>(
        &self,
        (spreads, area): (&Spreads, Option<&Area>),
        (q, distance_m): (DVec3, f64),
        meeting: &Meeting,
        average: f64,
    ) -> FrameSlopes {
        let hkl = self.index_of * q;
        let nearest = nearest_index(hkl);
        let (q, offset) = (self.to_frame * q, self.frame * (hkl - nearest));
        let (adjugate, volume) = self.covariance(area, q, distance_m).adjugate();
        let height = meeting.shrinking.sqrt();
        let parabola = [meeting.exponent, meeting.slope, meeting.curvature];
        let exp = |x| height * exp_negative::<FUSED>(x);
        let [once, square] = segment_moments(parabola, average, exp);
        let spot = SpotSlopes::new(
            &(adjugate * (1.0 / volume)),
            offset,
            q.cross(self.half_turn),
            [average, once, square],
        );
        let area = area.map(|area| PixelArea {
            edges: [area.fast, area.slow],
            diffracted: q * area.wavelength_m + area.incident,
            scale: area.scale / distance_m,
        });
        FrameSlopes::new(&spot, q, nearest, spreads, area.as_ref())
    }

    /// N².
    #[inline(always)]
    pub fn peak(&self) -> f64 {
        self.peak
    }

    /// A vector of the crystal's frame in the laboratory.
    #[inline(always)]
    pub fn to_lab(&self, v: DVec3) -> DVec3 {
        let columns = [
            self.to_frame.x_axis,
            self.to_frame.y_axis,
            self.to_frame.z_axis,
        ];
        DVec3::from_array(columns.map(|column| column.dot(v)))
    }
}
