//! Where a scan and a sensor are sampled, against closed forms and against finer sampling.

use nanobragg::experiment::{
    Description, Experiment, LayerDepth, PhiSampling, Reflection, Region, Sensor, StructureFactors,
};
use nanobragg::image::{Comparison, Image};
use nanobragg::memory::Bytes;
use nanobragg::physics::absorption::mean_depth;
use nanobragg::render::Renderer;

use crate::support::experiment;

/// Silicon at 1 Å, about.
const SENSOR: Sensor = Sensor {
    attenuation_depth_m: 235e-6,
    thickness_m: 450e-6,
};

fn described(line: &str) -> Description {
    experiment(line).into_description()
}

fn rendered(parts: &Description) -> Image {
    let renderer = Renderer::cpu().unwrap();
    let experiment = Experiment::new(parts.clone()).unwrap();
    renderer.render(&experiment).unwrap().image
}

/// `parts` with a sensor of so many layers, or with none.
fn with_layers(parts: &Description, layers: u32, layer_depth: LayerDepth) -> Description {
    let mut parts = parts.clone();
    parts.detector.panels[0].sensor = (layers > 0).then_some(SENSOR);
    parts.detector.layers = layers.max(1);
    parts.detector.layer_depth = layer_depth;
    parts
}

/// Nothing but the reflection h 0 0.
fn one_reflection(h: i32) -> StructureFactors {
    let list = [Reflection {
        index: [h, 0, 0],
        amplitude: 100.0,
    }];
    StructureFactors::from_reflections(&list, 0.0, Bytes(1 << 20)).unwrap()
}

/// The detector is that of MOSFLM: the beam is x and the spindle z, and so a* is at the angle φ to
/// the beam. It diffracts where its angle to the beam is 90° + θ.
#[test]
fn a_reflection_s_centroid_in_phi_is_where_it_diffracts() {
    const RANGE_DEG: f64 = 0.12;
    let mut parts = described(
        "-default_F 0.1 -cell 100 -lambda 1 -N 20 -gauss_xtal --gauss-metric hkl -nopolar -nointerpolate -distance 100 \
         -pixel 0.05 -detpixels 500 -oversample 3 -osc 0.12",
    );
    parts.structure_factors = one_reflection(10);
    parts.sampling.region = Some(Region {
        fast: [235, 265],
        slow: [34, 64],
    });
    assert_eq!(parts.scan.steps, 2);
    let bragg_deg = 90.0 + (1.0f64 / 20.0).asin().to_degrees();
    let offset_deg = |sampling| {
        let mut parts = parts.clone();
        parts.scan.sampling = sampling;
        let (mut sum, mut moment) = (0.0, 0.0);
        for frame in 0..16 {
            let start_deg = 91.95 + RANGE_DEG * f64::from(frame);
            parts.scan.start_rad = start_deg.to_radians();
            let image = rendered(&parts);
            let photons: f64 = image.values().iter().copied().map(f64::from).sum();
            sum += photons;
            moment += photons * (start_deg + RANGE_DEG / 2.0);
        }
        assert!(sum > 0.0);
        moment / sum - bragg_deg
    };
    let offset = offset_deg(PhiSampling::Middle);
    assert!(offset.abs() < 1e-3, "{offset}°");
    // The C program's images are half a step of 0.06° early: what diffracts seems to do so late.
    let offset = offset_deg(PhiSampling::Start);
    assert!((offset - 0.03).abs() < 1e-3, "{offset}°");
}

/// One cell scatters alike into all pixels. What a pixel gets is the integral over the depth of what
/// is stopped there, exp(−µz/ρ)·µ/ρ, times the pixel's solid angle at that depth, pixel²·ρ/R².
#[test]
fn a_thick_pixel_holds_what_the_integral_over_its_depth_gives() {
    let parts = described(
        "-default_F 100 -cell 10 -N 1 -nopolar -nointerpolate -distance 100 -pixel 0.1 -detpixels 1200 \
         -oversample 1",
    );
    let pixels = [600usize, 900, 1190];
    let photons = |layers, depth| {
        pixels.map(|fast| {
            let mut parts = with_layers(&parts, layers, depth);
            parts.sampling.region = Some(Region {
                fast: [fast; 2],
                slow: [600; 2],
            });
            f64::from(rendered(&parts).values()[600 * 1200 + fast])
        })
    };
    let integrated = pixels.map(|fast| {
        const SLICES: u32 = 10_000;
        let place = parts.detector.panels[0].point_m([fast as f64 + 0.5, 600.5]);
        let [x, y] = [place.y, place.z];
        let per_m = 1.0 / SENSOR.attenuation_depth_m;
        let slice_m = SENSOR.thickness_m / f64::from(SLICES);
        let slices = (0..SLICES).map(|slice| {
            let depth = (f64::from(slice) + 0.5) * slice_m;
            let square = x * x + y * y + (0.1 + depth).powi(2);
            let cosine = (0.1 + depth) / square.sqrt();
            slice_m * per_m * (-per_m * depth / cosine).exp() * 1e-8 / square
        });
        1e4 * slices.sum::<f64>()
    });
    for layers in [1, 2, 5] {
        let found = photons(layers, LayerDepth::Mean);
        for (found, expected) in found.into_iter().zip(integrated) {
            let error = found / expected - 1.0;
            println!("{layers} layers: {error:.1e}");
            // What changes within a layer counts to second order.
            let gate = 2.5e-4 / f64::from(layers * layers);
            assert!(error.abs() < gate, "{layers} layers: {error}");
        }
    }
    // The C program's way: the front layer's solid angle for all.
    let error = photons(2, LayerDepth::Front)[0] / integrated[0] - 1.0;
    assert!((0.0031..0.0035).contains(&error), "{error}");
}

/// A smooth spot at 2θ = 40°, whose X-rays cross the sensor at an angle.
fn oblique_spot() -> Description {
    let mut parts = described(
        "-default_F 0.1 -cell 100 -lambda 1 -N 5 -gauss_xtal --gauss-metric hkl -nopolar -nointerpolate -distance 100 \
         -pixel 0.1 -detpixels 2000 -oversample 2",
    );
    // sin θ = λ/2d, about.
    parts.structure_factors = one_reflection(68);
    let bragg = (0.34f64).asin();
    parts.scan.start_rad = std::f64::consts::FRAC_PI_2 + bragg;
    let slow = 1000.0 - 1000.0 * (2.0 * bragg).tan();
    parts.sampling.region = Some(Region {
        fast: [980, 1020],
        slow: [slow as usize - 25, slow as usize + 25],
    });
    parts
}

/// How far from the beam the photons are on average, m.
fn radius_m(image: &Image) -> f64 {
    let (mut sum, mut moment) = (0.0, 0.0);
    for (place, &photons) in image.values().iter().enumerate() {
        let slow = (place / 2000) as f64 + 0.5;
        sum += f64::from(photons);
        moment += f64::from(photons) * (1000.0 - slow) * 1e-4;
    }
    assert!(sum > 0.0);
    moment / sum
}

#[test]
fn a_sensor_shifts_an_oblique_spot_by_its_mean_depth() {
    let parts = oblique_spot();
    let surface_m = radius_m(&rendered(&with_layers(&parts, 0, LayerDepth::Front)));
    let two_theta = 2.0 * (0.34f64).asin();
    let depth_m = SENSOR.thickness_m * mean_depth(SENSOR.optical_depth(1), two_theta.cos());
    let expected_m = depth_m * two_theta.tan();
    assert!(expected_m > 1e-4);
    let shift_m =
        |layers, depth| radius_m(&rendered(&with_layers(&parts, layers, depth))) - surface_m;
    for layers in [1, 2, 3] {
        let off_m = shift_m(layers, LayerDepth::Mean) - expected_m;
        assert!(off_m.abs() < 2e-7, "{layers} layers: {off_m} m");
    }
    // Layers at their faces come near from below as they get thinner.
    let off_m = [2, 64].map(|layers| shift_m(layers, LayerDepth::Front) - expected_m);
    assert!((-1e-4..-5e-5).contains(&off_m[0]), "{off_m:?} m");
    assert!((-4e-6..-1e-6).contains(&off_m[1]), "{off_m:?} m");
}

#[test]
fn few_layers_at_their_mean_depths_show_what_many_thin_ones_do() {
    let parts = oblique_spot();
    let image = |layers, depth| rendered(&with_layers(&parts, layers, depth));
    let fine = image(64, LayerDepth::Mean);
    let error = |layers, depth| {
        let image = image(layers, depth);
        Comparison::of(image.values(), fine.values()).unwrap().nrmse
    };
    let mean = [2, 4, 8].map(|layers| error(layers, LayerDepth::Mean));
    let front = [2, 4, 8].map(|layers| error(layers, LayerDepth::Front));
    println!("mean {mean:?}, front {front:?}");
    // Second order in the layers' thickness, and first order.
    assert!(
        mean[0] > 3.0 * mean[1] && mean[1] > 3.0 * mean[2],
        "{mean:?}"
    );
    assert!(
        mean[2] < 4e-3 && mean[2] < front[2] / 20.0,
        "{mean:?} {front:?}"
    );
    assert!(front[1] < 2.5 * front[2], "{front:?}");
}
