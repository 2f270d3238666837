//! Slopes of spots in closed form against differences and sums.

use super::*;
use crate::experiment::{
    Analytic, Beam, Crystal, Description, Experiment, MosaicModel, Mosaicity, Placement, Sampling,
    Scan, Shape, StructureFactors,
};
use crate::geometry::{UnitCell, rotation_about, rotation_xyz};
use crate::physics::closed_form::{divergence_steps, pixel_steps};

/// A spot that moved by a step.
type Moved<'a> = Box<dyn Fn(f64) -> Spot + 'a>;

/// All that a spot depends on, each in a variable of its own.
#[derive(Clone)]
struct Spot {
    crystal: Crystal,
    form: ClosedForm,
    index_of: DMat3,
    q: DVec3,
    nearest: DVec3,
    fields: [DVec3; 2],
    wavelength_m: f64,
    edges: [DVec3; 2],
    width_m: f64,
    position: DVec3,
}

impl Spot {
    /// Where the scattering vector is `off` the reflection, in h, k, l.
    fn new(crystal: Crystal, pixel_average: bool, segment_rad: f64, off: DVec3) -> Spot {
        let description = Description {
            beam: Beam {
                bandwidth: 2e-3,
                divergence_sigma_rad: [1.2e-3, 0.8e-3],
                ..Beam::default()
            },
            crystal,
            detector: Placement::default().place().unwrap(),
            scan: Scan {
                start_rad: 0.4,
                step_rad: segment_rad,
                range_rad: segment_rad,
                spindle: DVec3::new(0.1, 0.2, 0.97),
                ..Scan::default()
            },
            sampling: Sampling {
                analytic: Some(Analytic { pixel_average }),
                ..Sampling::default()
            },
            structure_factors: StructureFactors::constant(1.0),
            background: Default::default(),
        };
        let experiment = Experiment::new(description).unwrap();
        let crystal = experiment.crystal().clone();
        let form = ClosedForm::new(&experiment).unwrap();
        let turn = rotation_about(form.spindle, 0.4);
        let index_of = (turn * *crystal.cell.real()).transpose();
        let nearest = DVec3::new(14.0, -13.0, 15.0);
        let q = index_of.inverse() * (nearest + off);
        let wavelength_m = 1e-10;
        let sin_theta = q.length() * wavelength_m / 2.0;
        let (across, electric) = q.normalize().any_orthonormal_pair();
        let forward = (1.0 - sin_theta * sin_theta).sqrt();
        let incident = across * forward - q.normalize() * sin_theta;
        let diffracted = q * wavelength_m + incident;
        let tilt = rotation_xyz([0.2, 0.5, -0.3]);
        Spot {
            crystal,
            form,
            index_of,
            q,
            nearest,
            fields: [electric, incident.cross(electric)],
            wavelength_m,
            edges: [tilt.x_axis, tilt.y_axis],
            width_m: 2e-4,
            position: diffracted * 0.07,
        }
    }

    fn displacements(&self) -> Vec<DVec3> {
        let [electric, magnetic] = self.fields;
        let mut steps =
            divergence_steps(&self.form, electric, magnetic, self.wavelength_m).to_vec();
        if self.form.pixel_average {
            steps.extend(pixel_steps(
                self.edges,
                self.width_m,
                self.position.normalize(),
                self.position.length(),
                self.wavelength_m,
            ));
        }
        steps
    }

    /// ⟨F_latt²⟩.
    fn value(&self) -> f64 {
        let Spot {
            form, index_of, q, ..
        } = self;
        let covariance = covariance(form, index_of, *q, &self.displacements());
        let delta = *index_of * *q - self.nearest;
        let total = Lattice::new(&self.crystal).total;
        let spot = smeared_spot(form, &covariance, delta, sweep(form, index_of, *q));
        spot.average * total * total
    }

    /// This spot of another crystal, whose spreads have the axes of this one's.
    fn of(&self, crystal: Crystal) -> Spot {
        let axes = self.form.frame * self.crystal.cell.reciprocal().inverse();
        let lattice = Lattice::new(&crystal);
        let sharpness = (4.0 * lattice.fudge / crate::physics::lattice_factor::SPOT_WIDTH).sqrt();
        let form = ClosedForm {
            whitening: lattice.triangular_metric() * sharpness,
            frame: axes * *crystal.cell.reciprocal(),
            ..self.form
        };
        Spot {
            crystal,
            form,
            ..self.clone()
        }
    }

    /// Its derivatives with names: how to move by a step, the derivative, and a scale of it.
    fn derivatives<'a>(&'a self) -> Vec<(String, Moved<'a>, f64)> {
        let form = &self.form;
        let to_frame = form.frame * self.index_of;
        let spreads = Spreads::new(form, &to_frame, self.fields, self.wavelength_m);
        let (diffracted, distance_m) = (self.position.normalize(), self.position.length());
        let area = form.pixel_average.then(|| PixelArea {
            edges: self.edges.map(|edge| to_frame * edge),
            diffracted: to_frame * diffracted,
            scale: self.width_m / (12f64.sqrt() * distance_m * self.wavelength_m),
        });
        let spot = SpotSlopes::of_reflection(
            form,
            &self.index_of,
            self.q,
            self.nearest,
            &self.displacements(),
        );
        let (q, area) = (to_frame * self.q, area.as_ref());
        let slopes = FrameSlopes::new(&spot, q, self.nearest, &spreads, area);
        let lattice = Lattice::new(&self.crystal);
        let peak = lattice.total * lattice.total;
        let rates = ShapeRates::new(&lattice, form);
        let of_shape = |rate: &ShapeRate| {
            slopes.covariance.dot(&rate.covariance) + slopes.average * rate.height
        };
        let axes = [DVec3::X, DVec3::Y, DVec3::Z];
        let mut all: Vec<(String, Moved<'a>, f64)> = Vec::new();
        let mut add = |name: String, slope: f64, moved: Moved<'a>| {
            all.push((name, moved, slope * peak));
        };
        let by_offset = form.frame.transpose() * slopes.frame;
        for at in 0..9 {
            let slope = of_shape(&rates.index[at]) - by_offset.col(at / 3)[at % 3];
            add(
                format!("index {at}"),
                slope,
                Box::new(move |step| {
                    let mut k = DMat3::IDENTITY;
                    k.col_mut(at / 3)[at % 3] += step;
                    let reciprocal = *self.crystal.cell.reciprocal() * k.inverse();
                    let moved = self.of(Crystal {
                        cell: UnitCell::from_reciprocal(reciprocal).unwrap(),
                        ..self.crystal.clone()
                    });
                    Spot {
                        index_of: k * self.index_of,
                        ..moved
                    }
                }),
            );
        }
        for axis in 0..3 {
            let turn = to_frame.transpose() * slopes.turn;
            add(
                format!("turn {axis}"),
                turn[axis],
                Box::new(move |step| {
                    let turn = rotation_about(axes[axis], step);
                    Spot {
                        index_of: self.index_of * turn.transpose(),
                        ..self.clone()
                    }
                }),
            );
            let scale = self.crystal.cells[axis];
            add(
                format!("cells {axis}"),
                of_shape(&rates.cells[axis]) * scale,
                Box::new(move |step| {
                    let mut crystal = self.crystal.clone();
                    crystal.cells[axis] += scale * step;
                    self.of(crystal)
                }),
            );
            if self.crystal.metric == SpotMetric::Index {
                add(
                    format!("coupled {axis}"),
                    of_shape(&rates.coupled_cells[axis]) * scale,
                    Box::new(move |step| {
                        let mut crystal = self.crystal.clone();
                        crystal.coupled_cells[axis] += scale * step;
                        self.of(crystal)
                    }),
                );
            }
            let sigma = form.mosaic_sigmas_rad[axis];
            add(
                format!("mosaic {axis}"),
                2.0 * sigma * sigma * slopes.mosaic[axis],
                Box::new(move |step| {
                    let mut moved = self.clone();
                    moved.form.mosaic_sigmas_rad[axis] *= 1.0 + step;
                    moved
                }),
            );
            let length = self.q.length();
            let to_q = to_frame.transpose() * slopes.q;
            add(
                format!("q {axis}"),
                to_q[axis] * length,
                Box::new(move |step| Spot {
                    q: self.q + axes[axis] * step * length,
                    ..self.clone()
                }),
            );
            let to_position =
                to_frame.transpose() * slopes.area.position(to_frame * diffracted, distance_m);
            add(
                format!("position {axis}"),
                to_position[axis] * distance_m,
                Box::new(move |step| Spot {
                    position: self.position + axes[axis] * step * distance_m,
                    ..self.clone()
                }),
            );
            let to_edges = to_frame.transpose() * slopes.area.edges;
            add(
                format!("edges {axis}"),
                to_edges[axis],
                Box::new(move |step| {
                    let turn = rotation_about(axes[axis], step);
                    Spot {
                        edges: self.edges.map(|edge| turn * edge),
                        ..self.clone()
                    }
                }),
            );
        }
        for field in 0..2 {
            let sigma = form.divergence_sigma_rad[field];
            add(
                format!("divergence {field}"),
                2.0 * sigma * sigma * slopes.divergence[field],
                Box::new(move |step| {
                    let mut moved = self.clone();
                    moved.form.divergence_sigma_rad[field] *= 1.0 + step;
                    moved
                }),
            );
        }
        let bandwidth = form.bandwidth;
        add(
            "bandwidth".into(),
            2.0 * bandwidth * bandwidth * slopes.bandwidth,
            Box::new(move |step| {
                let mut moved = self.clone();
                moved.form.bandwidth *= 1.0 + step;
                moved
            }),
        );
        let fudge = self.crystal.fudge;
        add(
            "fudge".into(),
            of_shape(&rates.fudge) * fudge,
            Box::new(move |step| {
                self.of(Crystal {
                    fudge: fudge * (1.0 + step),
                    ..self.crystal.clone()
                })
            }),
        );
        add(
            "wavelength".into(),
            slopes.wavelength(&spreads),
            Box::new(move |step| Spot {
                wavelength_m: self.wavelength_m * (1.0 + step),
                ..self.clone()
            }),
        );
        all
    }
}

fn crystal(metric: SpotMetric, coupled_cells: [f64; 3], sigmas_rad: [f64; 3]) -> Crystal {
    let angles = [80.0f64, 95.0, 110.0].map(f64::to_radians);
    let cell = UnitCell::from_parameters([7e-9, 8e-9, 9e-9], angles).unwrap();
    Crystal {
        cells: [6.0, 8.0, 5.0],
        coupled_cells,
        shape: Shape::Gauss,
        fudge: 0.8,
        metric,
        mosaicity: Mosaicity {
            model: MosaicModel::Normal { sigmas_rad },
            ..Mosaicity::default()
        },
        ..Crystal::new(cell.rotated(&rotation_xyz([0.3, -0.5, 0.9])))
    }
}

/// The derivative at 0 by central differences, two of Richardson's steps away.
fn differences(f: impl Fn(f64) -> f64, step: f64) -> f64 {
    let central = |step: f64| (f(step) - f(-step)) / (2.0 * step);
    let [one, half, quarter] = [step, step / 2.0, step / 4.0].map(central);
    let [first, second] = [(4.0 * half - one) / 3.0, (4.0 * quarter - half) / 3.0];
    (16.0 * second - first) / 15.0
}

/// However short a segment is, and however far from it the spot.
#[test]
fn moments_are_those_of_the_exponential() {
    const POINTS: i32 = 8000;
    for curvature in [0.0f64, 1e-300, 1e-9, 2.4e-7, 2.6e-7, 1e-3, 0.3, 30.0] {
        for place in (-80..=80).map(|place| f64::from(place) / 10.0) {
            for least in [0.0f64, 0.4, 40.0, 800.0] {
                // The exponent is a square of the place in units in which it is the curvature of 1.
                let (exponent, slope) = (least + place * place, 2.0 * place * curvature.sqrt());
                let value = |phi: f64| (-(exponent + phi * (slope + phi * curvature))).exp();
                // Simpson's rule.
                let sum = |power: i32| {
                    let all = (0..=POINTS).map(|point| {
                        let phi = 2.0 * f64::from(point) / f64::from(POINTS) - 1.0;
                        let weight = match point {
                            0 | POINTS => 1.0,
                            _ => f64::from(2 + 2 * (point % 2)),
                        };
                        weight * phi.powi(power) * value(phi)
                    });
                    all.sum::<f64>() / (3.0 * f64::from(POINTS))
                };
                let found = segment_moments([exponent, slope, curvature], sum(0), |x| (-x).exp());
                // What each counts in the derivative by a step of the spot's own width.
                let scales = [curvature.sqrt(), curvature];
                for (power, (found, scale)) in (1..).zip(found.into_iter().zip(scales)) {
                    let error = (found - sum(power)).abs() * scale;
                    assert!(error < 1e-12, "{curvature} {place} {least}: {error:e}");
                }
            }
        }
    }
}

#[test]
fn every_derivative_is_that_of_differences() {
    use SpotMetric::{Index, Reciprocal};
    let sigmas = [1e-3, 2e-3, 1.5e-3];
    let crystals = [
        crystal(Reciprocal, [0.0; 3], sigmas),
        crystal(Index, [0.0; 3], sigmas),
        crystal(Index, [0.7, -0.4, 0.3], sigmas),
        crystal(Index, [0.0; 3], [0.0; 3]),
    ];
    let mut worst = 0f64;
    for crystal in crystals {
        for (pixel_average, segment_rad, off) in [
            (false, 0.0, DVec3::new(0.04, -0.03, 0.05)),
            (true, 4e-3, DVec3::new(0.04, -0.03, 0.05)),
            // A segment in which the average is that of a parabola.
            (true, 2e-5, DVec3::new(-0.05, 0.03, 0.02)),
            (false, 5e-2, DVec3::new(0.01, 0.02, 0.02)),
            // The reflection crosses outside of the segment.
            (true, 4e-3, DVec3::new(0.2, 0.15, -0.1)),
        ] {
            let spot = Spot::new(crystal.clone(), pixel_average, segment_rad, off);
            for (name, moved, found) in spot.derivatives() {
                // Steps that change the value by less than a hundredth.
                let scale = spot.value();
                let changes = |step: f64| (moved(step).value() / scale).ln().abs();
                let mut step = 1e-2;
                while changes(step).max(changes(-step)) > 0.01 {
                    step /= 2.0;
                }
                let expected = differences(|step| moved(step).value(), step);
                let error = (found - expected).abs() / found.abs().max(scale);
                worst = worst.max(error);
                assert!(
                    error < 1e-9,
                    "{name} {:?} {pixel_average} {segment_rad} {off}: {found:e} {expected:e} of {scale:e}",
                    crystal.metric
                );
            }
        }
    }
    println!("worst error {worst:.1e}");
}
