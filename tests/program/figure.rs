//! The figure of a benchmark's times.

use nanobragg::report::{
    Benchmark, Measurement, ReferenceTimes, SizeResult, Times, scaling_figure,
};

/// A render whose simulation takes half of `wall` s.
fn times(wall: f64) -> Times {
    Times {
        wall_s: wall,
        input_s: 0.0,
        setup_s: 0.0,
        simulation_s: wall / 2.0,
        read_back_s: 0.0,
        files_s: wall / 2.0,
        other_s: 0.0,
    }
}

/// Results of `size` in which each of `devices` took longer than the one before.
fn result(size: u32, devices: &[&str]) -> SizeResult {
    let seconds = |slow: usize| 1e-9 * f64::from(size * size) * (slow + 1) as f64;
    let measured = devices
        .iter()
        .enumerate()
        .map(|(slow, device)| Measurement {
            device: device.to_string(),
            threads: 4,
            pixels: (size * size) as usize,
            terms: 1.0,
            cold: times(seconds(slow)),
            warm: vec![times(seconds(slow)), times(1.5 * seconds(slow))],
            peak_memory_bytes: None,
            notices: Vec::new(),
        });
    SizeResult {
        size,
        devices: measured.collect(),
        reference: Some(ReferenceTimes {
            program: "nanoBragg".into(),
            wall_s: vec![seconds(100)],
        }),
        agreements: Vec::new(),
    }
}

fn figure(sizes: Vec<SizeResult>) -> Option<String> {
    let benchmark = Benchmark {
        schema: Benchmark::SCHEMA,
        started: "2026-11-23T12:00:00Z".into(),
        flags: vec!["-N".into(), "5".into()],
        iterations: 2,
        threshold: 0.99,
        failure: None,
        sizes,
    };
    scaling_figure(&benchmark).unwrap()
}

/// Marks of the colour of the device `number`, the hollow ones' rings included.
fn marks(svg: &str, number: usize) -> usize {
    let colour = ["#0072B2", "#D55E00", "#009E73"][number];
    let circles = svg.split("<circle ").skip(1);
    circles
        .filter(|circle| circle.split("/>").next().unwrap().contains(colour))
        .count()
}

#[test]
fn every_device_has_a_colour_and_its_name_in_the_legend() {
    let long =
        "An accelerator whose name goes on for longer than there is room in any legend that fits";
    let devices = ["cpu", "gpu", long];
    let sizes = || {
        vec![
            result(2048, &devices),
            result(256, &devices),
            result(512, &devices),
        ]
    };
    let svg = figure(sizes()).unwrap();
    assert_eq!(
        Some(&svg),
        figure(sizes()).as_ref(),
        "the same picture twice"
    );
    // Three sizes, each with the simulation alone and the whole render.
    assert_eq!([0, 1, 2].map(|number| marks(&svg, number)), [6; 3]);
    for text in [
        "cpu\n",
        "gpu\n",
        &long[..60],
        "nanoBragg, whole process",
        "2026-11-23T12:00:00Z: -N 5",
    ] {
        assert!(svg.contains(text), "{text} is not in\n{svg}");
    }
    assert!(!svg.contains(long), "the long name is cut");
}

#[test]
fn one_size_has_no_figure() {
    assert_eq!(figure(vec![result(256, &["cpu"])]), None);
    assert_eq!(figure(Vec::new()), None);
}

#[test]
fn times_that_no_axis_has_a_place_for_are_left_out() {
    let mut sizes = [256, 512, 1024].map(|size| result(size, &["cpu"]));
    for (warm, wall) in sizes[2].devices[0].warm.iter_mut().zip([0.0, -1.0]) {
        warm.wall_s = wall;
        warm.simulation_s = 1e300;
    }
    let svg = figure(sizes.to_vec()).unwrap();
    assert_eq!(marks(&svg, 0), 4, "two sizes are left");
}
