//! Spots of Gaussian crystals in closed form: the average over mosaicity, wavelengths, directions
//! and a segment of φ, which are all small beside 1 rad (PHYSICS §16).
//!
//! Each normal spread moves the Miller index of a scattering vector by a vector t per standard
//! deviation. A Gaussian spot of covariance C₀ becomes one of C = C₀ + Σ t·tᵀ; its integral stays.

mod limits;
pub mod slopes;

use std::f64::consts::PI;

use glam::{DMat3, DVec3};
use libm::erf;

use super::lattice_factor::{Lattice, SPOT_WIDTH};
use crate::experiment::{Experiment, crystal_frame};
pub use limits::{Limits, SEGMENT_ERROR};

/// The spreads that a scene integrates in closed form. All its orientations share them: an
/// orientation is the crystal at the middle of a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClosedForm {
    /// W, upper triangular: F_latt² at the offset δ (in h, k, l) is N²·exp(−½·|W·δ|²), so that
    /// C₀ is (WᵀW)⁻¹.
    pub whitening: DMat3,
    /// From a Miller index to its vector in the crystal's frame, 1/m: x along a, y along c* × a,
    /// z along c*.
    pub frame: DMat3,
    /// Standard deviation of the crystal's rotation about each axis of that frame, radians.
    pub mosaic_sigmas_rad: [f64; 3],
    /// Standard deviation of a source's wavelengths, as a part of its wavelength.
    pub bandwidth: f64,
    /// Standard deviations of a source's directions along its electric and magnetic field, radians.
    pub divergence_sigma_rad: [f64; 2],
    /// The spindle in the laboratory, a unit vector.
    pub spindle: DVec3,
    /// Width of a segment of φ, radians; 0 without a scan.
    pub segment_rad: f64,
    /// Whether the average over each sub-pixel's area is taken, too.
    pub pixel_average: bool,
}

impl ClosedForm {
    /// The spreads of `experiment`; `None` where it sums samples.
    pub fn new(experiment: &Experiment) -> Option<ClosedForm> {
        let analytic = experiment.sampling().analytic?;
        let (crystal, beam, scan) = (experiment.crystal(), experiment.beam(), experiment.scan());
        let lattice = Lattice::new(crystal);
        let axes = crystal_frame(&crystal.cell);
        Some(ClosedForm {
            whitening: lattice.triangular_metric() * (4.0 * lattice.fudge / SPOT_WIDTH).sqrt(),
            frame: axes.transpose() * *crystal.cell.reciprocal(),
            mosaic_sigmas_rad: crystal.mosaicity.axis_sigmas_rad()?,
            bandwidth: beam.bandwidth,
            divergence_sigma_rad: beam.divergence_sigma_rad,
            spindle: scan.spindle.normalize(),
            segment_rad: scan.step_rad.abs(),
            pixel_average: analytic.pixel_average,
        })
    }

    /// C₀ of the spots before they are smeared, in index units.
    pub fn unsmeared(&self) -> DMat3 {
        (self.whitening.transpose() * self.whitening).inverse()
    }

    /// For each axis e of the crystal's frame, the matrix that takes a Miller index h to its step
    /// per standard deviation of rotation, σ·A(e × A⁻¹h). The crystal's rotations leave it
    /// unchanged, because the axis turns with the crystal.
    pub fn mosaic(&self) -> [DMat3; 3] {
        let index_of = self.frame.inverse();
        std::array::from_fn(|axis| {
            let rotation = DVec3::AXES[axis] * self.mosaic_sigmas_rad[axis];
            index_of * cross_product(rotation) * self.frame
        })
    }
}

/// The matrix of the cross product with `vector` from the left.
fn cross_product(vector: DVec3) -> DMat3 {
    DMat3::from_cols(
        vector.cross(DVec3::X),
        vector.cross(DVec3::Y),
        vector.cross(DVec3::Z),
    )
}

/// The covariance C of a spot at the scattering vector `q` (1/m), in index units. `displacements`
/// are the steps of q (1/m) per standard deviation of what else smears it: divergence
/// ([`divergence_steps`]) and the pixel's area ([`pixel_steps`]).
pub fn covariance(form: &ClosedForm, index_of: &DMat3, q: DVec3, displacements: &[DVec3]) -> DMat3 {
    let hkl = *index_of * q;
    let mosaic = form.mosaic().map(|turn| turn * hkl).into_iter();
    let others = displacements.iter().map(|step| *index_of * *step);
    let steps = mosaic.chain([form.bandwidth * hkl]).chain(others);
    steps.fold(form.unsmeared(), |sum, step| sum + outer(step))
}

/// Steps of q (1/m) per standard deviation of the direction of a source with these fields (unit
/// vectors) and `wavelength_m`, along the electric and the magnetic one.
pub fn divergence_steps(
    form: &ClosedForm,
    electric: DVec3,
    magnetic: DVec3,
    wavelength_m: f64,
) -> [DVec3; 2] {
    let [along, across] = form.divergence_sigma_rad;
    [
        electric * (along / wavelength_m),
        magnetic * (across / wavelength_m),
    ]
}

/// Steps of q (1/m) per standard deviation of the place in a flat sub-pixel of width `width_m`,
/// which is even over its area, along the directions `fast` and `slow`; the sub-pixel is seen in
/// the direction `diffracted` at a `distance_m`.
#[inline(always)]
pub fn pixel_steps(
    [fast, slow]: [DVec3; 2],
    width_m: f64,
    diffracted: DVec3,
    distance_m: f64,
    wavelength_m: f64,
) -> [DVec3; 2] {
    let scale = width_m / (12f64.sqrt() * distance_m * wavelength_m);
    [fast, slow].map(|along| (along - diffracted * diffracted.dot(along)) * scale)
}

/// v·vᵀ.
fn outer(v: DVec3) -> DMat3 {
    DMat3::from_cols(v * v.x, v * v.y, v * v.z)
}

/// A smeared spot where one scattering vector meets it, with the quantities behind its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SmearedSpot {
    /// √(det C₀/det C), the height of the spot beside that of one that is not smeared.
    pub height: f64,
    /// E, the least exponent that the scattering vector meets as φ turns; where the segment has no
    /// width to speak of, ½δᵀC⁻¹δ.
    pub exponent: f64,
    /// κ, how fast the exponent rises with the square of φ, 1/rad².
    pub kappa: f64,
    /// t₀: the exponent is least at the angle −t₀ from the segment's middle, rad; 0 where κ is.
    pub crossing_rad: f64,
    /// The average of F_latt²/N².
    pub average: f64,
}

/// Below this width of a segment, in units of 1/√κ, the average over it is that of a parabola.
/// What the next order would add to the largest value of a spot is 1e-12.
pub const NARROW_SEGMENT: f64 = 1e-3;

/// The average of F_latt²/N² at the offset `delta` from a reflection (in h, k, l), of a spot with
/// this `covariance` ([`covariance`]); as φ turns by 1 rad the offset moves by `sweep`.
pub fn smeared_spot(
    form: &ClosedForm,
    covariance: &DMat3,
    delta: DVec3,
    sweep: DVec3,
) -> SmearedSpot {
    let inverse = covariance.inverse();
    let height = (form.unsmeared().determinant() / covariance.determinant()).sqrt();
    let half_square = 0.5 * delta.dot(inverse * delta);
    let slope = delta.dot(inverse * sweep);
    let kappa = 0.5 * sweep.dot(inverse * sweep);
    let width = form.segment_rad;
    let crossing_rad = if kappa > 0.0 {
        slope / (2.0 * kappa)
    } else {
        0.0
    };
    let (exponent, share) = if kappa.sqrt() * width < NARROW_SEGMENT {
        let curvature = (slope * slope - 2.0 * kappa) * width * width / 24.0;
        (half_square, 1.0 + curvature)
    } else {
        let (root, half) = (kappa.sqrt(), width / 2.0);
        let swept = erf(root * (crossing_rad + half)) - erf(root * (crossing_rad - half));
        (
            half_square - kappa * crossing_rad * crossing_rad,
            PI.sqrt() / (2.0 * width * root) * swept,
        )
    };
    SmearedSpot {
        height,
        exponent,
        kappa,
        crossing_rad,
        average: height * (-exponent).exp() * share,
    }
}

/// How fast the Miller index moves as the crystal turns about the spindle, 1/rad.
pub fn sweep(form: &ClosedForm, index_of: &DMat3, q: DVec3) -> DVec3 {
    *index_of * q.cross(form.spindle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{
        Analytic, Beam, Crystal, Description, MosaicModel, Mosaicity, Placement, Sampling, Scan,
        Shape, SpotMetric, StructureFactors,
    };
    use crate::geometry::{UnitCell, rotation_about, rotation_xyz};
    use crate::physics::lattice_factor::lattice_factor;
    use crate::physics::scattering_vector::scattering_vector;
    use crate::scene::{Scene, SceneSource};

    const SIGMAS_RAD: [f64; 3] = [1e-3, 2e-3, 1.5e-3];

    /// A triclinic crystal that everything smears a little.
    fn scene(metric: SpotMetric) -> Scene {
        let angles = [80.0f64, 95.0, 110.0].map(f64::to_radians);
        let cell = UnitCell::from_parameters([7e-9, 8e-9, 9e-9], angles).unwrap();
        let description = Description {
            beam: Beam {
                kahn_factor: Some(0.5),
                bandwidth: 2e-3,
                divergence_sigma_rad: [1.2e-3, 0.8e-3],
                ..Beam::default()
            },
            crystal: Crystal {
                cells: [6.0, 8.0, 5.0],
                shape: Shape::Gauss,
                fudge: 0.8,
                metric,
                mosaicity: Mosaicity {
                    model: MosaicModel::Normal {
                        sigmas_rad: SIGMAS_RAD,
                    },
                    ..Mosaicity::default()
                },
                ..Crystal::new(cell.rotated(&rotation_xyz([0.3, -0.5, 0.9])))
            },
            detector: Placement::default().place().unwrap(),
            scan: Scan {
                start_rad: 0.4,
                step_rad: 4e-3,
                range_rad: 4e-3,
                ..Scan::default()
            },
            sampling: Sampling {
                analytic: Some(Analytic {
                    pixel_average: true,
                }),
                ..Sampling::default()
            },
            structure_factors: StructureFactors::constant(1.0),
            background: Default::default(),
        };
        Scene::new(&crate::experiment::Experiment::new(description).unwrap()).unwrap()
    }

    /// A scattering vector `off` (h, k, l) a reflection, and a source that scatters by it.
    fn scattering_near(rows: &DMat3, off: DVec3) -> (DVec3, SceneSource) {
        let q = rows.inverse() * (DVec3::new(14.0, -13.0, 15.0) + off);
        let wavelength_m = 1e-10;
        let sin_theta = q.length() * wavelength_m / 2.0;
        let (across, electric) = q.normalize().any_orthonormal_pair();
        let incident = across * (1.0 - sin_theta * sin_theta).sqrt() - q.normalize() * sin_theta;
        let source = SceneSource {
            incident,
            wavelength_m,
            weight: 1.0,
            electric,
            magnetic: incident.cross(electric),
        };
        (q, source)
    }

    /// Places across ±5 standard deviations of a normal distribution, and their weights.
    fn normal(points: i32) -> Vec<(f64, f64)> {
        let place = |point: i32| 5.0 * f64::from(point) / f64::from(points);
        let weight = |x: f64| (-0.5 * x * x).exp();
        let sum: f64 = (-points..=points).map(|point| weight(place(point))).sum();
        let pair = |point| (place(point), weight(place(point)) / sum);
        (-points..=points).map(pair).collect()
    }

    #[test]
    fn a_spot_without_spreads_is_the_lattice_factor() {
        for metric in [SpotMetric::Reciprocal, SpotMetric::Index] {
            let scene = scene(metric);
            let form = ClosedForm {
                segment_rad: 0.0,
                ..scene.closed_form.unwrap()
            };
            let delta = DVec3::new(0.1, -0.05, 0.08);
            let spot = smeared_spot(&form, &form.unsmeared(), delta, DVec3::ZERO);
            let expected = (lattice_factor(&scene.lattice, delta) / scene.lattice.total).powi(2);
            assert!((spot.average / expected - 1.0).abs() < 1e-12);
            assert!((spot.height - 1.0).abs() < 1e-12);
        }
    }

    /// The mean over each spread in turn of F_latt²/N² as samples have it: crystals turned,
    /// wavelengths, directions, places in a pixel, φ.
    #[test]
    fn each_spread_is_the_mean_over_its_samples() {
        let scene = scene(SpotMetric::Index);
        let whole = scene.closed_form.unwrap();
        let none = ClosedForm {
            mosaic_sigmas_rad: [0.0; 3],
            bandwidth: 0.0,
            divergence_sigma_rad: [0.0; 2],
            segment_rad: 0.0,
            ..whole
        };
        let rows = scene.orientations[0].index_of;
        let star = rows.inverse();
        let (a, c_star) = (rows.transpose().x_axis.normalize(), star.z_axis.normalize());
        let frame = [a, c_star.cross(a), c_star];
        let sampled = |rows: DMat3, q: DVec3| {
            let hkl = rows * q;
            (lattice_factor(&scene.lattice, hkl - hkl.round()) / scene.lattice.total).powi(2)
        };
        for off in [
            DVec3::ZERO,
            DVec3::new(0.03, -0.02, 0.04),
            DVec3::new(-0.08, 0.05, 0.02),
        ] {
            let (q, source) = scattering_near(&rows, off);
            let diffracted = q * source.wavelength_m + source.incident;
            let delta = rows * q - (rows * q).round();
            let moved = sweep(&whole, &rows, q);
            let closed = |form: &ClosedForm, steps: &[DVec3]| {
                let covariance = covariance(form, &rows, q, steps);
                smeared_spot(form, &covariance, delta, moved).average
            };
            let close = |what: &str, closed: f64, sampled: f64| {
                assert!(
                    (closed / sampled - 1.0).abs() < 3e-3,
                    "{what} {off}: {closed} {sampled}"
                );
                assert!(
                    (closed
                        / self::smeared_spot(&none, &none.unsmeared(), delta, DVec3::ZERO).average
                        - 1.0)
                        .abs()
                        > 1e-3,
                    "{what} changes nothing"
                );
            };
            for axis in 0..3 {
                let mut form = none;
                form.mosaic_sigmas_rad[axis] = SIGMAS_RAD[axis];
                let turned = normal(100).into_iter().map(|(deviate, weight)| {
                    let turn = rotation_about(frame[axis], deviate * SIGMAS_RAD[axis]);
                    weight * sampled((turn * rows.transpose()).transpose(), q)
                });
                close("mosaicity", closed(&form, &[]), turned.sum());
            }
            let form = ClosedForm {
                bandwidth: whole.bandwidth,
                ..none
            };
            let wavelengths = normal(100).into_iter().map(|(deviate, weight)| {
                let wavelength_m = source.wavelength_m * (1.0 + deviate * whole.bandwidth);
                weight
                    * sampled(
                        rows,
                        scattering_vector(diffracted, source.incident, wavelength_m),
                    )
            });
            close("bandwidth", closed(&form, &[]), wavelengths.sum());
            let (electric, magnetic) = (source.electric, source.magnetic);
            let steps = divergence_steps(&whole, electric, magnetic, source.wavelength_m);
            for (axis, field) in [electric, magnetic].into_iter().enumerate() {
                let sigma = whole.divergence_sigma_rad[axis];
                let directions = normal(100).into_iter().map(|(deviate, weight)| {
                    let incident = (source.incident + deviate * sigma * field).normalize();
                    weight
                        * sampled(
                            rows,
                            scattering_vector(diffracted, incident, source.wavelength_m),
                        )
                });
                close(
                    "divergence",
                    closed(&none, &steps[axis..=axis]),
                    directions.sum(),
                );
            }
            let segment = ClosedForm {
                segment_rad: whole.segment_rad,
                ..none
            };
            let turned = (0..200).map(|step| {
                let phi = whole.segment_rad * ((f64::from(step) + 0.5) / 200.0 - 0.5);
                let turn = rotation_about(whole.spindle, phi);
                sampled((turn * rows.transpose()).transpose(), q) / 200.0
            });
            close("phi", closed(&segment, &[]), turned.sum());
        }
    }

    #[test]
    fn the_pixel_s_variance_is_that_of_its_area() {
        let scene = scene(SpotMetric::Index);
        let panel = &scene.panels[0];
        let (incident, wavelength_m) = (scene.sources[0].incident, 1e-10);
        let place = panel.origin_m + 0.01 * panel.fast + 0.03 * panel.slow;
        let at = |place: DVec3| scattering_vector(place.normalize(), incident, wavelength_m);
        let axes = [panel.fast, panel.slow];
        let steps = pixel_steps(axes, 2e-4, place.normalize(), place.length(), wavelength_m);
        for (step, axis) in steps.into_iter().zip(axes) {
            let edge = at(place + 1e-4 * axis) - at(place - 1e-4 * axis);
            let error = (step * 12f64.sqrt() - edge).length() / edge.length();
            assert!(error < 1e-5, "{error}");
        }
    }

    #[test]
    fn a_segment_has_no_seam_and_keeps_the_integral() {
        let scene = scene(SpotMetric::Index);
        let form = scene.closed_form.unwrap();
        let delta = DVec3::new(0.04, 0.03, -0.02);
        let moved = DVec3::new(3.0, -5.0, 2.0);
        let covariance = form.unsmeared() * 1.5;
        let at = |segment_rad: f64, delta: DVec3| {
            let form = ClosedForm {
                segment_rad,
                ..form
            };
            smeared_spot(&form, &covariance, delta, moved)
        };
        let seam = NARROW_SEGMENT / at(0.0, delta).kappa.sqrt();
        let [below, above] = [0.999_999, 1.000_001].map(|part| at(part * seam, delta).average);
        assert!((below / above - 1.0).abs() < 1e-10, "{below} {above}");
        // Against the sum along φ, inside, at the edge of, and outside of the segment.
        for (width, start) in [(0.02, 0.0), (0.02, 0.5), (0.2, 0.3), (0.2, 2.0)] {
            let delta = delta + start * width * moved;
            let found = at(width, delta);
            let steps = 20_000;
            let mean = (0..steps).map(|step| {
                let t = width * ((f64::from(step) + 0.5) / f64::from(steps) - 0.5);
                at(0.0, delta + t * moved).average / f64::from(steps)
            });
            let (mean, peak) = (mean.sum::<f64>(), found.height);
            assert!(
                (found.average - mean).abs() < 1e-8 * peak,
                "{width} {start}"
            );
        }
    }
}
