//! How wide a spread, and a segment of φ, the closed form takes.

use glam::DMat3;

use crate::experiment::{Beam, Crystal};
use crate::physics::lattice_factor::{Lattice, SPOT_WIDTH};

/// How wide spots are at a scattering vector, and what that limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The widest segment of φ, radians, whose images are right to [`SEGMENT_ERROR`] and that no
    /// reflection passes through unseen.
    pub widest_segment_rad: f64,
    /// Standard deviation that the spreads, but for the segment, add to a spot along h, k or l, the
    /// largest.
    pub smearing: f64,
    /// About the nrmse of spots there that comes from the curvature of the sphere on which
    /// mosaicity moves a reflection.
    pub curvature_error: f64,
    /// Standard deviation that the spreads and the area of a pixel add to a spot, over that of the
    /// spot that nothing smears, along its narrowest way.
    pub broadening: f64,
}

/// nrmse of an image against fine steps of φ that the widest segment keeps below.
pub const SEGMENT_ERROR: f64 = 1e-3;

impl Limits {
    /// Smearing up to which what the neighbours of a narrow spot add to a pixel, halfway between,
    /// is below 1 % of its height.
    pub const SEPARATE: f64 = 0.165;
    /// Broadening up to which det C, whose eigenvalues are then that far apart, is right to 1e-3 in
    /// float64.
    pub const BROADEST: f64 = 1e6;

    /// The limits at scattering vectors up to `longest` (1/m) of `crystal` in `beam`; pixels whose
    /// area is averaged have the standard deviation `pixel_rad`, seen from the sample.
    pub fn new(crystal: &Crystal, beam: &Beam, longest: f64, pixel_rad: f64) -> Limits {
        /// Standard deviations of a spot that a reflection on its way must be inside of to count.
        const SEEN: f64 = 4.0;
        /// Part of a cell of reciprocal space that a reflection may pass in half a segment even
        /// where spots fill all of it.
        const LEAST_WAY: f64 = 0.25;
        /// How far from its straight line, in standard deviations of a spot that nothing smears, a
        /// reflection may be at the segment's ends, times 8.
        const BEND: f64 = 0.02;
        /// nrmse over the displacement of a spot's middle, in standard deviations: as measured.
        const ERROR_OF_SAG: f64 = 0.7;
        let lattice = Lattice::new(crystal);
        let sharpness = (4.0 * crystal.fudge / SPOT_WIDTH).sqrt();
        let unwhitening = lattice.metric.inverse().transpose() * sharpness.recip();
        let sigmas_rad = crystal.mosaicity.axis_sigmas_rad().unwrap_or_default();
        let turning = sigmas_rad.into_iter().fold(beam.bandwidth, f64::max);
        let [along, across] = beam.divergence_sigma_rad;
        let directions = along.max(across) / beam.wavelength_m;
        let edges = crystal.cell.lengths_m();
        let spread = (turning * longest).hypot(directions);
        let smearing = edges.map(|edge| edge * spread);
        // The index of a scattering vector moves by at most its length times the edge, per radian.
        let ways = (0..3).map(|axis| {
            let width = unwhitening.col(axis).length().hypot(smearing[axis]);
            let way = (0.5 - SEEN * width).max(LEAST_WAY);
            2.0 * way / (edges[axis] * longest)
        });
        let to_whitened = lattice.metric * crystal.cell.real().transpose() * sharpness;
        let sharpest = largest_stretch(&to_whitened);
        let sharp = longest * sharpest;
        let bend = (BEND / sharp).sqrt();
        let tilt = sigmas_rad.into_iter().fold(0.0, f64::max);
        let sag = 0.5 * tilt * tilt * sharp / (beam.bandwidth * sharp).hypot(1.0);
        Limits {
            widest_segment_rad: ways.fold(bend, f64::min),
            smearing: smearing.into_iter().fold(0.0, f64::max),
            curvature_error: ERROR_OF_SAG * sag,
            broadening: spread.hypot(pixel_rad / beam.wavelength_m) * sharpest,
        }
    }
}

/// How much longer `matrix` makes a vector at most: the root of the largest eigenvalue of its
/// square, which a few powers of that tell to 1 %.
fn largest_stretch(matrix: &DMat3) -> f64 {
    let square = matrix.transpose() * *matrix;
    let trace = |m: &DMat3| m.x_axis.x + m.y_axis.y + m.z_axis.z;
    let scale = trace(&square);
    // The trace of a power p is the sum of eigenvalues to the power of p, at most three of the
    // largest.
    const DOUBLINGS: u32 = 6;
    let mut power = square * scale.recip();
    for _ in 0..DOUBLINGS {
        power = power * power;
    }
    (scale * trace(&power).powf(0.5f64.powi(DOUBLINGS as i32))).sqrt()
}
