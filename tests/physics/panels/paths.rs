//! The render paths, from the library.

use std::sync::Mutex;

use glam::{DVec3, dvec3};
use nanobragg::experiment::{
    Crystal, Description, Detector, Experiment, ExperimentError, LabAxes, LayerDepth, Mask,
    MosaicModel, Mosaicity, Panel, Region, Sampling, Sensor, StructureFactors,
};
use nanobragg::geometry::{UnitCell, rotation_xyz};
use nanobragg::image::{Image, Statistics};
use nanobragg::render::Monitor;
use nanobragg::scene::{Scene, TermIndex, TermPlace};
use nanobragg::trace::Name;

use super::{GATE, cpu, gpu, nrmse, rendered};

/// Powers of two, so that places on a panel and on its parts are the same to the last bit.
const PIXEL_M: f64 = 1.0 / 8192.0;
const DISTANCE_M: f64 = 0.125;

/// A panel in the frame of MOSFLM whose first pixel is this many pixels from the beam.
fn panel(name: &str, [fast, slow]: [f64; 2], shape: [usize; 2]) -> Panel {
    Panel {
        name: name.into(),
        origin_m: dvec3(DISTANCE_M, -slow * PIXEL_M, fast * PIXEL_M),
        fast: DVec3::Z,
        slow: -DVec3::Y,
        normal: DVec3::X,
        pixel_size_m: PIXEL_M,
        shape,
        curved_m: None,
        sensor: Some(Sensor {
            attenuation_depth_m: 3e-4,
            thickness_m: 1.0 / 2048.0,
        }),
        mask: None,
    }
}

/// A crystal in front of `panels`: domains, two sub-pixels, three layers, polarised.
fn description(panels: Vec<Panel>) -> Description {
    let cell = UnitCell::from_parameters([7e-9, 8e-9, 9e-9], [1.5, 1.6, 1.55]).unwrap();
    let frame = LabAxes::default();
    let mut detector = Detector::of_panels(panels, frame.beam).unwrap();
    detector.layers = 4;
    Description {
        beam: nanobragg::experiment::Beam {
            kahn_factor: Some(0.9),
            ..Default::default()
        },
        crystal: Crystal {
            cells: [6.0, 7.0, 8.0],
            mosaicity: Mosaicity {
                model: MosaicModel::Cap { spread_rad: 0.02 },
                domains: 9,
                ..Mosaicity::default()
            },
            ..Crystal::new(cell.rotated(&rotation_xyz([0.1, 0.2, 0.3])))
        },
        detector,
        scan: Default::default(),
        sampling: Sampling {
            oversample: Some(2),
            ..Sampling::default()
        },
        structure_factors: StructureFactors::constant(100.0),
        background: Default::default(),
    }
}

/// Panels that are tilted this way and that, with and without sensors, of different pixels.
fn tilted() -> Vec<Panel> {
    let tilts = [
        [0.0, 0.3, 0.0],
        [0.2, 0.0, -0.4],
        [0.5, -0.3, 0.1],
        [0.0, 0.0, 0.6],
    ];
    let places = [[-70.0, -60.0], [10.0, -70.0], [-80.0, 20.0], [20.0, 15.0]];
    let panels = tilts
        .into_iter()
        .zip(places)
        .enumerate()
        .map(|(number, (tilt, place))| {
            let turn = rotation_xyz(tilt);
            let flat = panel(&format!("p{number}"), place, [50, 37 + number]);
            let thin = Sensor {
                attenuation_depth_m: 8e-4,
                thickness_m: 2e-4,
            };
            Panel {
                fast: turn * flat.fast,
                slow: turn * flat.slow,
                pixel_size_m: flat.pixel_size_m * (1.0 - 0.1 * number as f64),
                sensor: [flat.sensor, None, Some(thin), flat.sensor][number],
                ..flat
            }
        });
    panels.collect()
}

/// The whole panel of 96 × 70 pixels, in one piece and in four.
fn whole_and_parts() -> (Description, Description) {
    let whole = panel("whole", [-40.0, -30.0], [96, 70]);
    let parts = [[-40.0, -30.0], [8.0, -30.0], [-40.0, 11.0], [8.0, 11.0]];
    let heights = [41, 41, 29, 29];
    let parts = parts
        .into_iter()
        .zip(heights)
        .map(|(place, height)| panel("part", place, [48, height]));
    (description(vec![whole]), description(parts.collect()))
}

/// An image of the four parts, put together.
fn joined(parts: &Image) -> Vec<f32> {
    let mut values = Vec::new();
    for (first, height) in [(0, 41), (82, 29)] {
        for slow in 0..height {
            for part in [first, first + height] {
                let start = (part + slow) * 48;
                values.extend(&parts.values()[start..start + 48]);
            }
        }
    }
    values
}

#[test]
fn the_parts_of_a_panel_equal_the_whole() {
    let (cpu, gpu) = (cpu(), gpu());
    let (whole, parts) = whole_and_parts();
    let image = rendered(&cpu, &whole);
    let in_parts = rendered(&cpu, &parts);
    // Every bit on the CPU, where places are the same.
    assert!(joined(&in_parts) == image.values());
    let (one, other) = (Statistics::of(&image), Statistics::of(&in_parts));
    assert_eq!((one.max, one.pixels), (other.max, other.pixels));
    approx::assert_relative_eq!(one.mean, other.mean, max_relative = 1e-12);
    let (on_gpu, parts_on_gpu) = (rendered(&gpu, &whole), rendered(&gpu, &parts));
    let errors = [
        nrmse(&joined(&parts_on_gpu), on_gpu.values()),
        nrmse(parts_on_gpu.values(), in_parts.values()),
    ];
    println!(
        "parts and whole {:.1e}, GPU and CPU {:.1e}",
        errors[0], errors[1]
    );
    assert!(errors.iter().all(|&error| error < GATE), "{errors:?}");
}

#[test]
fn every_panel_is_rendered_as_it_is_alone() {
    let (cpu, gpu) = (cpu(), gpu());
    let mut parts = description(tilted());
    for own_factors in [false, true] {
        parts.sampling.solid_angle_per_subpixel = own_factors;
        parts.sampling.polarisation_per_subpixel = own_factors;
        let image = rendered(&cpu, &parts);
        let on_gpu = rendered(&gpu, &parts);
        let error = nrmse(on_gpu.values(), image.values());
        println!("four tilted panels: GPU and CPU {error:.1e}");
        assert!(error < GATE, "{error}");
        let mut first = 0;
        for panel in &parts.detector.panels {
            let mut alone = parts.clone();
            alone.detector.panels = vec![panel.clone()];
            let expected = rendered(&cpu, &alone);
            let range = first..first + panel.pixels();
            assert!(
                expected.values() == &image.values()[range.clone()],
                "{}",
                panel.name
            );
            assert!(expected.values().iter().any(|&photons| photons > 0.0));
            let error = nrmse(&on_gpu.values()[range], expected.values());
            assert!(error < GATE, "{}: {error}", panel.name);
            first += panel.pixels();
        }
    }
}

#[test]
fn a_kept_device_notices_that_only_the_layers_changed() {
    let (cpu, gpu) = (cpu(), gpu());
    let mut parts = description(tilted());
    for (layers, depth) in [
        (4, LayerDepth::Front),
        (4, LayerDepth::Mean),
        (1, LayerDepth::Front),
        (7, LayerDepth::Mean),
    ] {
        parts.detector.layers = layers;
        parts.detector.layer_depth = depth;
        let error = nrmse(
            rendered(&gpu, &parts).values(),
            rendered(&cpu, &parts).values(),
        );
        assert!(error < GATE, "{layers} layers, {depth:?}: {error}");
    }
}

#[test]
fn layers_do_not_change_a_panel_without_a_sensor() {
    let mut parts = description(tilted());
    let range = tilted()[0].pixels()..tilted()[0].pixels() + tilted()[1].pixels();
    parts.detector.layer_depth = LayerDepth::Mean;
    for renderer in [cpu(), gpu()] {
        let with =
            |parts: &Description| rendered(&renderer, parts).values()[range.clone()].to_vec();
        parts.detector.layers = 1;
        let one = with(&parts);
        parts.detector.layers = 6;
        assert!(nrmse(&with(&parts), &one) < 1e-6);
    }
}

#[test]
fn regions_and_masks_are_those_of_each_panel() {
    let mut parts = description(tilted());
    let everything = rendered(&cpu(), &parts);
    let shape = parts.detector.panels[2].shape;
    let flags = (0..shape[0] * shape[1])
        .map(|pixel| pixel % 3 != 0)
        .collect();
    parts.detector.panels[2].mask = Mask::new(shape, flags).map(Into::into);
    parts.sampling.region = Some(Region {
        fast: [7, 31],
        slow: [5, 30],
    });
    let scene = Scene::new(&Experiment::new(parts.clone()).unwrap()).unwrap();
    let mut expected = Vec::new();
    for panel in scene.panels.iter() {
        for slow in 0..panel.shape[1] {
            for fast in 0..panel.shape[0] {
                let whole = everything.values()[expected.len()];
                expected.push(if scene.renders(panel, fast, slow) {
                    whole
                } else {
                    0.0
                });
            }
        }
    }
    let image = rendered(&cpu(), &parts);
    assert!(image.values() == expected);
    let pixels = 3 * 25 * 26
        + (5..=30)
            .flat_map(|slow| (7..=31).map(move |fast| (fast, slow)))
            .filter(|(fast, slow)| !(slow * shape[0] + fast).is_multiple_of(3))
            .count();
    assert_eq!(image.rendered().count(), pixels);
    let on_gpu = rendered(&gpu(), &parts);
    assert!(nrmse(on_gpu.values(), image.values()) < GATE);
    assert_eq!(on_gpu.rendered().count(), pixels);
    // A region that not every panel has names the one that lacks it.
    parts.sampling.region = Some(Region {
        fast: [0, 9],
        slow: [0, 37],
    });
    let error = Experiment::new(parts).unwrap_err().to_string();
    assert!(
        error.contains("panel \"p0\" (number 0): the region"),
        "{error}"
    );
}

#[test]
fn a_trace_is_that_of_the_pixel_of_the_stack() {
    let parts = description(tilted());
    let scene = Scene::new(&Experiment::new(parts.clone()).unwrap()).unwrap();
    let (cpu, gpu) = (cpu(), gpu());
    let image = rendered(&cpu, &parts);
    // Rows 0 to 36 are the first panel's, the next 38 the second's, and so on.
    for (pixel, panel) in [([3, 36], 0), ([3, 37], 1), ([49, 80], 2), ([0, 153], 3)] {
        let place = TermPlace::new(
            &scene,
            TermIndex {
                pixel,
                layer: 0,
                ..TermIndex::default()
            },
        )
        .unwrap();
        assert_eq!(place.panel(), panel);
        let photons = image.get(pixel[0], pixel[1]).unwrap();
        let traced = cpu.trace(&scene, &place).unwrap();
        assert_eq!(traced.get(Name::Photons).unwrap()[0] as f32, photons);
        let on_gpu = gpu.trace(&scene, &place).unwrap();
        approx::assert_relative_eq!(
            on_gpu.get(Name::Photons).unwrap()[0] as f32,
            photons,
            max_relative = 1e-3
        );
        let fast = scene.panels[panel].fast.to_array();
        assert_eq!(traced.get(Name::Fast).unwrap(), fast);
        for (found, expected) in on_gpu.get(Name::Fast).unwrap().iter().zip(fast) {
            approx::assert_relative_eq!(*found, expected, epsilon = 1e-6);
        }
    }
    let outside = TermPlace::new(
        &scene,
        TermIndex {
            pixel: [0, 154],
            ..TermIndex::default()
        },
    );
    assert!(outside.unwrap_err().to_string().contains("50 x 154 pixels"));
}

#[test]
fn progress_ends_with_the_last_panel() {
    struct Parts(Mutex<Vec<f64>>);
    impl Monitor for Parts {
        fn advanced(&self, part: f64) {
            self.0.lock().unwrap().push(part);
        }
    }
    let experiment = Experiment::new(description(tilted())).unwrap();
    for renderer in [cpu(), gpu()] {
        let parts = Parts(Mutex::default());
        renderer.render_watched(&experiment, &parts).unwrap();
        let parts = parts.0.into_inner().unwrap();
        assert_eq!(parts.iter().copied().fold(0.0, f64::max), 1.0);
        assert!(parts.iter().all(|part| (0.0..=1.0).contains(part)));
    }
}

#[test]
fn the_number_of_sub_pixels_is_that_of_the_nearest_panel() {
    let oversample = |panels: Vec<Panel>| {
        let mut parts = description(panels);
        parts.sampling.oversample = None;
        parts.crystal.cells = [300.0; 3];
        Experiment::new(parts).unwrap().oversample()
    };
    let far = panel("far", [-50.0, -30.0], [40, 40]);
    let near = Panel {
        origin_m: dvec3(0.05, -0.03, 0.03),
        ..far.clone()
    };
    let (one, both) = (
        oversample(vec![far.clone()]),
        oversample(vec![far, near.clone()]),
    );
    assert!(both > one);
    assert_eq!(oversample(vec![near]), both);
}

#[test]
fn impossible_panels_are_named() {
    let said = |panels: Vec<Panel>| {
        let detector = match Detector::of_panels(panels, DVec3::X) {
            Ok(detector) => detector,
            Err(error) => return error,
        };
        let parts = description(detector.panels.clone());
        Experiment::new(Description { detector, ..parts }).unwrap_err()
    };
    let (a, b) = (
        panel("a", [-40.0, 0.0], [40, 40]),
        panel("b", [0.0, 0.0], [40, 40]),
    );
    let over = Panel {
        origin_m: b.origin_m - 3.0 * PIXEL_M * b.fast,
        ..b.clone()
    };
    let overlapping = |panels: Vec<Panel>| {
        let detector = Detector::of_panels(panels, DVec3::X).unwrap();
        detector.overlapping()
    };
    assert_eq!(overlapping(vec![a.clone(), b.clone()]), None);
    let pair = ["panel \"a\" (number 0)", "panel \"b\" (number 1)"];
    assert_eq!(
        overlapping(vec![a.clone(), over]),
        Some(pair.map(String::from))
    );
    let behind = Panel {
        origin_m: b.origin_m - 0.3 * DVec3::X,
        ..b.clone()
    };
    // One panel may lie beyond 90°, and not all of them.
    let detector = Detector::of_panels(vec![a.clone(), behind.clone()], DVec3::X).unwrap();
    assert_eq!(detector.upstream(DVec3::X), ["panel \"b\" (number 1)"]);
    let error = said(vec![behind]).to_string();
    assert!(
        error.starts_with("panel \"b\" (number 0): it lies behind the sample, as all panels do"),
        "{error}"
    );
    let wide = Panel {
        shape: [41, 40],
        ..b.clone()
    };
    let error = said(vec![a.clone(), wide]).to_string();
    assert!(
        error.contains("panel \"a\" (number 0) is 40 pixels wide and panel \"b\" (number 1) 41"),
        "{error}"
    );
    let through = Panel {
        origin_m: b.fast * 0.1,
        fast: DVec3::X,
        slow: b.fast,
        ..b.clone()
    };
    let error = said(vec![a.clone(), through]).to_string();
    assert!(
        error.contains("panel \"b\" (number 1): the detector's plane passes through the sample"),
        "{error}"
    );
    let nameless = Panel {
        name: String::new(),
        pixel_size_m: -1.0,
        ..b
    };
    let error = said(vec![a, nameless]).to_string();
    assert!(
        error.starts_with("panel number 1: the pixel size in m is -1"),
        "{error}"
    );
    assert_eq!(
        Detector::of_panels(vec![], DVec3::X),
        Err(ExperimentError::NoPanels)
    );
}
