//! Scenes that between them use every part of the model.

use glam::DVec3;

use super::plan::{Plan, Prepare, ReflectionSource};
use super::{Check, FLOAT32, Gate, Subject};
use crate::experiment::{
    CentredSteps, Convention, Distance, Divergence, Interpolation, MosaicModel, Mosaicity,
    Placement, Region, Scan, Sensor, Shape, Source, Sources, SpotMetric,
};

/// nrmse of the largest crystals and indices: their spots' phases lose digits in float32.
const LARGE: f64 = 2e-4;
/// Part of the pixels that sharp edges of spots may change.
const EDGES: f64 = 1e-3;

fn scene(name: &'static str, prepare: Prepare) -> Check {
    Check {
        name,
        quick: false,
        gate: Gate::Nrmse(FLOAT32),
        subject: Subject::Scene(prepare),
    }
}

impl Check {
    fn quick(self) -> Check {
        Check {
            quick: true,
            ..self
        }
    }

    fn gate(self, gate: Gate) -> Check {
        Check { gate, ..self }
    }
}

/// Every check of a scene.
pub(super) fn checks() -> [Check; 28] {
    [
        scene("square", |plan| {
            plan.angles_deg = [75.0, 85.0, 95.0];
            plan.placement.pixels = [128; 2];
        })
        .quick(),
        scene("round", |plan| {
            plan.crystal.cells = [6.0; 3];
            plan.crystal.shape = Shape::Round;
        }),
        scene("gauss", |plan| {
            plan.crystal.cells = [6.0; 3];
            plan.crystal.shape = Shape::Gauss;
            plan.crystal.fudge = 0.4;
        }),
        scene("tophat", |plan| plan.crystal.shape = Shape::TopHat).gate(Gate::Edges(EDGES)),
        scene("unequal cells", |plan| {
            plan.misset_deg = [3.0, 4.0, 5.0];
            plan.crystal.cells = [1.0, 7.0, 40.0];
        }),
        scene("cells that are no whole number", |plan| {
            plan.crystal.cells = [5.5, 7.25, 4.1];
            plan.crystal.shape = Shape::Gauss;
        }),
        scene("xds, tilted", |plan| {
            plan.placement = Placement {
                convention: Convention::Xds,
                pixels: [70, 91],
                near_point_m: [39.5, 59.5].map(|pixels| Some(pixels * 0.1 * 1e-3)),
                rotations_rad: [5.0, 3.0, 0.0].map(f64::to_radians),
                two_theta_rad: 10f64.to_radians(),
                ..Placement::default()
            };
        }),
        scene("adxv", |plan| off_centre(plan, Convention::Adxv)),
        scene("denzo", |plan| off_centre(plan, Convention::Denzo)),
        scene("dials, two-theta", |plan| {
            plan.placement.convention = Convention::Dials;
            plan.placement.two_theta_rad = 20f64.to_radians();
        }),
        scene("curved, polarised", |plan| {
            near(plan, 0.8);
            plan.placement.curved = true;
            plan.sampling.oversample = Some(1);
            plan.beam.kahn_factor = Some(0.95);
        }),
        scene("point pixels, dmin", |plan| {
            near(plan, 0.8);
            plan.point_pixels = true;
            plan.sampling.oversample = Some(2);
            plan.sampling.resolution_limit_m = 2e-10;
            plan.beam.kahn_factor = None;
        }),
        scene("own factors", |plan| {
            plan.placement.distance = Distance::AlongBeam(40.0 * 1e-3);
            plan.placement.pixels = [64; 2];
            plan.placement.pixel_size_m = 1.5 * 1e-3;
            plan.sampling.oversample = Some(3);
            plan.sampling.solid_angle_per_subpixel = true;
            plan.sampling.polarisation_per_subpixel = true;
            plan.beam.kahn_factor = Some(0.9);
        }),
        scene("thick sensor", |plan| {
            near(plan, 0.8);
            plan.placement.pixels = [64; 2];
            plan.sampling.oversample = Some(1);
            thick(plan, 4);
        })
        .quick(),
        scene("mosaic and phi", |plan| {
            plan.crystal.cells = [10.0; 3];
            plan.crystal.mosaicity = cap(1.0, 30);
            plan.scan = scan(10.0, 2.0, 7);
        })
        .quick(),
        scene("divergence, dispersion", |plan| {
            plan.beam.sources = Sources::Grid {
                divergence: Divergence {
                    horizontal: steps(5.0 * 1e-3, 4),
                    vertical: steps(4.0 * 1e-3, 3),
                    round: true,
                },
                dispersion: steps(2.0 / 100.0, 3),
            };
        }),
        scene("weighted sources", |plan| {
            plan.sampling.oversample = Some(1);
            plan.beam.sources = weighted_sources();
        }),
        scene("listed F", |plan| {
            reflections_apart(plan, 8.0);
            plan.sampling.oversample = Some(2);
            plan.interpolation = Interpolation::Nearest;
        })
        .quick(),
        scene("interpolated F", |plan| {
            reflections_apart(plan, 2.0);
            plan.sampling.oversample = Some(1);
            plan.interpolation = Interpolation::Tricubic;
        }),
        scene("water", |plan| {
            plan.background.water_m = 0.1 * 1e-6;
            plan.beam.kahn_factor = Some(0.5);
        }),
        scene("amorphous slabs", |plan| {
            near(plan, 0.8);
            plan.placement.pixels = [64; 2];
            plan.sampling.oversample = Some(2);
            plan.beam.kahn_factor = Some(0.9);
            // 10¹² photons.
            let edge_m = plan.background.beam_size_m;
            plan.beam.fluence = 1e12 / (edge_m * edge_m);
            thick(plan, 2);
            plan.crystal.mosaicity = cap(1.0, 10);
            plan.beam.sources = dispersed(2.0, 3);
            plan.slabs = true;
        })
        .quick(),
        scene("Gaussian domains", |plan| {
            plan.crystal.cells = [10.0; 3];
            plan.crystal.mosaicity = Mosaicity {
                model: MosaicModel::Gaussian {
                    sigmas_rad: [0.2, 0.5, 1.0].map(f64::to_radians),
                },
                domains: 30,
                ..Mosaicity::default()
            };
            plan.scan = scan(0.0, 2.0, 3);
        }),
        scene("gauss, index metric", |plan| {
            plan.crystal.cells = [4.0, 6.0, 20.0];
            plan.crystal.shape = Shape::Gauss;
            plan.crystal.metric = SpotMetric::Index;
            plan.crystal.mosaicity = cap(0.3, 10);
        }),
        scene("energy channels", |plan| {
            plan.interpolation = Interpolation::Nearest;
            plan.beam.sources = dispersed(3.0, 4);
            plan.structure_factors = ReflectionSource::Channels;
        }),
        scene("region", |plan| {
            plan.sampling.region = Some(Region {
                fast: [13, 61],
                slow: [7, 50],
            });
        }),
        scene("several panels", |plan| {
            near(plan, 0.4);
            plan.placement.pixels = [48; 2];
            plan.sampling.oversample = Some(2);
            plan.beam.kahn_factor = Some(0.9);
            plan.panels = true;
        })
        .quick(),
        scene("large crystal", |plan| {
            plan.edges_angstrom = [120.0, 130.0, 140.0];
            plan.crystal.cells = [1000.0; 3];
            plan.placement.distance = Distance::AlongBeam(250.0 * 1e-3);
            far_off(plan, 0.9, 60.0);
        })
        .gate(Gate::Nrmse(LARGE))
        .quick(),
        scene("high resolution", |plan| {
            plan.edges_angstrom = [300.0, 310.0, 320.0];
            plan.crystal.cells = [100.0; 3];
            far_off(plan, 0.5, 100.0);
        })
        .gate(Gate::Nrmse(LARGE)),
    ]
}

/// Large pixels near the sample.
fn near(plan: &mut Plan, pixel_mm: f64) {
    plan.placement.distance = Distance::AlongBeam(60.0 * 1e-3);
    plan.placement.pixel_size_m = pixel_mm * 1e-3;
}

/// A beam centre that is not in the middle, in the terms of `convention`.
fn off_centre(plan: &mut Plan, convention: Convention) {
    plan.placement.convention = convention;
    plan.placement.beam_centre_m = [4.0, 5.0].map(|mm| Some(mm * 1e-3));
}

/// Small pixels far from a beam of short wavelength.
fn far_off(plan: &mut Plan, wavelength_angstrom: f64, beam_mm: f64) {
    plan.beam.wavelength_m = wavelength_angstrom * 1e-10;
    plan.placement.pixels = [64; 2];
    plan.placement.pixel_size_m = 0.05 * 1e-3;
    plan.placement.beam_centre_m = [Some(beam_mm * 1e-3); 2];
    plan.sampling.oversample = Some(2);
}

/// Listed reflections that the corners of a near detector reach beyond.
fn reflections_apart(plan: &mut Plan, cells: f64) {
    plan.edges_angstrom = [40.0, 50.0, 60.0];
    plan.misset_deg = [10.0, 20.0, 30.0];
    plan.crystal.cells = [cells; 3];
    near(plan, 0.8);
    plan.structure_factors = ReflectionSource::Listed;
}

fn thick(plan: &mut Plan, layers: u32) {
    plan.layers = layers;
    plan.sensor = Some(Sensor {
        attenuation_depth_m: 500.0 * 1e-6,
        thickness_m: 450.0 * 1e-6,
    });
}

fn cap(spread_deg: f64, domains: u32) -> Mosaicity {
    Mosaicity {
        model: MosaicModel::Cap {
            spread_rad: spread_deg.to_radians(),
        },
        domains,
        ..Mosaicity::default()
    }
}

fn scan(start_deg: f64, range_deg: f64, steps: u32) -> Scan {
    let range_rad = range_deg.to_radians();
    Scan {
        start_rad: start_deg.to_radians(),
        range_rad,
        step_rad: range_rad / f64::from(steps),
        steps,
        ..Scan::default()
    }
}

/// `count` points over `range`, both ends among them.
fn steps(range: f64, count: u32) -> CentredSteps {
    CentredSteps {
        range,
        step: range / f64::from(count - 1),
        count,
    }
}

fn dispersed(percent: f64, count: u32) -> Sources {
    Sources::Grid {
        divergence: Divergence::default(),
        dispersion: steps(percent / 100.0, count),
    }
}

/// Three sources of different directions, wavelengths and weights.
fn weighted_sources() -> Sources {
    let source = |offset: [f64; 3], angstrom: f64, weight| Source {
        incident: (DVec3::X + DVec3::from_array(offset)).normalize(),
        wavelength_m: angstrom * 1e-10,
        weight,
    };
    Sources::List(vec![
        source([0.0; 3], 1.0, 1.0),
        source([0.0, 1e-3, 0.0], 1.02, 3.0),
        source([0.0, 0.0, -2e-3], 0.98, 0.5),
    ])
}
