//! What is known of an experiment beside the pixels, for files with room for more than one upright
//! panel.
//!
//! All vectors are in the laboratory of McStas, which NeXus uses.

mod mcstas;
mod panel_place;

use glam::{DMat3, DVec3};

use super::image_header::ImageHeader;
use crate::experiment::{Experiment, Panel};

pub use mcstas::{to_mcstas, to_source};
pub use panel_place::PanelPlace;

/// Bit of the pixel mask for pixels that a user left out: outside a region of interest, under a
/// mask.
pub const USER_MASKED: u32 = 1 << 8;

/// Metres in an ångström.
pub(super) const ANGSTROM: f64 = 1e-10;

/// What all frames have in common; `None` where it is not known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    /// Wavelength, m.
    pub wavelength_m: Option<f64>,
    /// Stokes parameters of the beam, the first of which is 1: Q is positive for an electric field
    /// along x.
    pub stokes: Option<[f64; 4]>,
    /// The panels; none where their places are not known.
    pub panels: Vec<PanelPlace>,
    /// Thickness of the first panel's sensor, m.
    pub sensor_thickness_m: Option<f64>,
    /// Depth after which the first panel's sensor has absorbed 1 − 1/e of the photons, m.
    pub sensor_attenuation_m: Option<f64>,
    /// The largest count that can be trusted.
    pub saturation: Option<f64>,
    /// Spindle axis, a unit vector.
    pub spindle: Option<DVec3>,
    /// Unit cell, Å and degrees.
    pub cell: Option<[f64; 6]>,
    /// The rotation into McStas' frame from the laboratory of whoever wrote the file.
    pub laboratory: Option<DMat3>,
    /// NeXus' pixel mask, 0 for pixels that are good; slow axis outermost.
    pub mask: Option<Vec<u32>>,
    /// The experiment file that the frames were rendered from.
    pub configuration: Option<String>,
}

/// What each frame has of its own; `None` where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FrameMetadata {
    /// Spindle angle at which the frame starts, radians.
    pub start_rad: Option<f64>,
    /// Rotation during the frame, radians.
    pub range_rad: Option<f64>,
    /// a*, b*, c* at φ = 0, the columns of the matrix, 1/m.
    pub reciprocal: Option<DMat3>,
}

impl Metadata {
    /// The metadata of `experiment`, in whose laboratory `up` is up, with counts of up to
    /// `saturation`.
    pub fn of(experiment: &Experiment, up: DVec3, saturation: Option<f64>) -> Metadata {
        Metadata {
            mask: mask(experiment),
            ..Metadata::without_mask(experiment, up, saturation)
        }
    }

    /// The metadata of [`Metadata::of`] for formats without room for a mask, which takes a number a
    /// pixel.
    pub fn without_mask(experiment: &Experiment, up: DVec3, saturation: Option<f64>) -> Metadata {
        let beam = experiment.beam();
        let panels = &experiment.detector().panels;
        let turn = to_mcstas(beam.direction, up);
        let crystal = experiment.crystal();
        let stokes = beam.kahn_factor.map(|kahn| {
            let field = turn * beam.polarisation_axis;
            let twice = 2.0 * field.y.atan2(field.x);
            [1.0, kahn * twice.cos(), kahn * twice.sin(), 0.0]
        });
        Metadata {
            wavelength_m: Some(beam.wavelength_m),
            stokes,
            panels: PanelPlace::of(panels, &turn),
            sensor_thickness_m: panels[0].sensor.map(|sensor| sensor.thickness_m),
            sensor_attenuation_m: panels[0].sensor.map(|sensor| sensor.attenuation_depth_m),
            saturation,
            spindle: Some(turn * experiment.scan().spindle.normalize_or(DVec3::X)),
            cell: scatters(experiment).then(|| {
                let [a, b, c] = crystal.cell.lengths_m().map(|metres| metres / ANGSTROM);
                let [alpha, beta, gamma] = crystal.cell.angles_rad().map(f64::to_degrees);
                [a, b, c, alpha, beta, gamma]
            }),
            laboratory: Some(turn),
            mask: None,
            configuration: None,
        }
    }

    /// What `header` says of an upright panel of this `shape`; a panel on a two-theta arm has no
    /// place, for headers differ in what they mean by distance and centre there.
    pub fn of_header(header: &ImageHeader, shape: [usize; 2]) -> Metadata {
        /// Radians that a header's digits do not show.
        const UPRIGHT: f64 = 1e-6;
        let on_arm = header
            .two_theta_rad
            .is_some_and(|angle| angle.abs() > UPRIGHT);
        let place = match (
            header.beam_centre_pixels,
            header.distance_m,
            header.pixel_size_m,
        ) {
            (Some(centre), Some(distance_m), Some(pixel_m)) if !on_arm => {
                Some(PanelPlace::upright(centre, distance_m, [pixel_m; 2], shape))
            }
            _ => None,
        };
        Metadata {
            wavelength_m: header.wavelength_m,
            panels: place.into_iter().collect(),
            sensor_thickness_m: header.sensor_thickness_m,
            saturation: header.count_cutoff,
            // Headers of these formats do not say where the spindle is; readers take it to lie
            // along the fast axis.
            spindle: header.start_rad.map(|_| -DVec3::X),
            ..Metadata::default()
        }
    }

    /// The header of the first panel, for formats with room for one upright panel.
    pub fn header(&self, frame: &FrameMetadata) -> ImageHeader {
        let first = self.panels.first();
        let spot = first.and_then(PanelPlace::beam_spot);
        ImageHeader {
            pixel_size_m: first.map(|panel| panel.pixel_size_m[0]),
            distance_m: spot.map(|(distance_m, _)| distance_m),
            beam_centre_pixels: spot.map(|(_, centre)| centre),
            wavelength_m: self.wavelength_m,
            start_rad: frame.start_rad,
            range_rad: frame.range_rad,
            two_theta_rad: first.filter(|panel| panel.is_upright()).map(|_| 0.0),
            sensor_thickness_m: self.sensor_thickness_m,
            count_cutoff: self.saturation,
        }
    }

    /// The polarised fraction ½(1 + K) of the beam, and the normal of the plane of beam and
    /// electric field in the laboratory of imgCIF. A beam without polarisation, or one whose
    /// polarisation has no effect, has ½.
    pub fn polarisation(&self) -> (f64, [f64; 3]) {
        let [_, q, u, _] = self.stokes.unwrap_or([1.0, 0.0, 0.0, 0.0]);
        let field = 0.5 * u.atan2(q);
        let normal = to_source(DVec3::new(-field.sin(), field.cos(), 0.0));
        (0.5 * (1.0 + q.hypot(u)), normal.to_array())
    }

    /// Whether a header with room for one upright panel says all that this does of panels.
    pub fn fits_header(&self) -> bool {
        let fits = |panel: &PanelPlace| panel.is_upright() && panel.is_square();
        self.panels.len() <= 1 && self.panels.iter().all(fits)
    }
}

impl FrameMetadata {
    /// The metadata of the one frame that `experiment` describes.
    pub fn of(experiment: &Experiment, up: DVec3) -> FrameMetadata {
        let scan = experiment.scan();
        let turn = to_mcstas(experiment.beam().direction, up);
        FrameMetadata {
            start_rad: Some(scan.start_rad),
            range_rad: Some(scan.range_rad),
            reciprocal: scatters(experiment)
                .then(|| turn * *experiment.crystal().cell.reciprocal()),
        }
    }

    /// What the header of one upright panel says of a frame.
    pub fn of_header(header: &ImageHeader) -> FrameMetadata {
        FrameMetadata {
            start_rad: header.start_rad,
            range_rad: header.range_rad,
            reciprocal: None,
        }
    }
}

/// Whether there is a crystal at all.
fn scatters(experiment: &Experiment) -> bool {
    let factors = experiment.structure_factors();
    factors.is_listed() || factors.default_f() != 0.0
}

/// The pixel mask of `experiment`, where not all pixels are rendered.
fn mask(experiment: &Experiment) -> Option<Vec<u32>> {
    let panels = &experiment.detector().panels;
    let region = experiment.sampling().region;
    if region.is_none() && panels.iter().all(|panel| panel.mask.is_none()) {
        return None;
    }
    let of_panel = |panel: &'_ Panel| {
        let [width, height] = panel.shape;
        let mut flags = Vec::with_capacity(width * height);
        for slow in 0..height {
            flags.extend((0..width).map(|fast| {
                let inside = region.is_none_or(|region| region.contains(fast, slow));
                match inside && panel.renders(fast, slow) {
                    true => 0,
                    false => USER_MASKED,
                }
            }));
        }
        flags
    };
    Some(panels.iter().flat_map(of_panel).collect())
}
