//! Detectors as they stand at beamlines, made here.

use std::path::Path;

use glam::{DMat3, DVec3, dvec3};
use nanobragg::experiment::{Detector, Experiment, Panel, Region, Sensor};
use nanobragg::geometry::rotation_xyz;
use serde_json::{Value, json};

use super::{GATE, cpu, gpu, nrmse, rendered, support};
use crate::support::panel_files::{
    TO_CRYSTFEL, experiment_list, file, geometry_file, panel as listed,
};

/// One term a pixel.
const ONE_TERM: &str = "-default_F 1 -cell 70 80 90 -N 1 -nointerpolate -oversample 1";

/// A panel of MOSFLM's laboratory whose first corner is `fast_mm` and `slow_mm` from the beam.
fn panel(
    name: String,
    [fast_mm, slow_mm]: [f64; 2],
    distance_mm: f64,
    pixel_mm: f64,
    shape: [usize; 2],
) -> Panel {
    Panel {
        name,
        origin_m: dvec3(distance_mm, -slow_mm, fast_mm) * 1e-3,
        fast: DVec3::Z,
        slow: -DVec3::Y,
        normal: DVec3::X,
        pixel_size_m: pixel_mm * 1e-3,
        shape,
        curved_m: None,
        sensor: None,
        mask: None,
    }
}

/// Turns a panel about the beam.
fn about_beam(panel: Panel, turn: &DMat3) -> Panel {
    Panel {
        origin_m: *turn * panel.origin_m,
        fast: *turn * panel.fast,
        slow: *turn * panel.slow,
        normal: *turn * panel.normal,
        ..panel
    }
}

/// An Eiger 16M: 4150 × 4371 pixels of 75 µm, one panel with the gaps between its modules masked.
fn eiger() -> Vec<Panel> {
    let sensor = Sensor {
        attenuation_depth_m: 2.5e-4,
        thickness_m: 4.5e-4,
    };
    let place = [-0.075 * 2075.0, -0.075 * 2185.5];
    vec![Panel {
        sensor: Some(sensor),
        ..panel("eiger".into(), place, 200.0, 0.075, [4150, 4371])
    }]
}

/// A Jungfrau 16M: 32 modules of 1024 × 512 pixels of 75 µm in four columns around the beam's hole.
fn jungfrau() -> Vec<Panel> {
    let module = |number: usize| {
        let (column, row) = (number / 8, number % 8);
        let x = [-2.0, -1.0, 0.0, 1.0][column] * (1024.0 + 30.0) * 0.075 + 1.0;
        let y = (row as f64 - 4.0) * (512.0 + 36.0) * 0.075 + [4.0, -2.0, 2.0, -4.0][column];
        panel(format!("m{number:02}"), [x, y], 160.0, 0.075, [1024, 512])
    };
    (0..32).map(module).collect()
}

/// The like of a CSPAD: four quadrants, each turned by a quarter and a little, of eight sensors of two
/// chips of 194 × 185 pixels, each tilted a little.
fn cspad() -> Vec<Panel> {
    let mut panels = Vec::new();
    for quadrant in 0..4 {
        let about = std::f64::consts::FRAC_PI_2 * f64::from(quadrant) + 0.004 * f64::from(quadrant);
        let turn = rotation_xyz([about, 0.0, 0.0]);
        for sensor in 0..8 {
            for chip in 0..2 {
                let column = f64::from(sensor % 2 * 2 + chip);
                let row = f64::from(sensor / 2);
                let place = [
                    (column * 199.0 + 8.0) * 0.10992,
                    (row * 195.0 + 8.0) * 0.10992,
                ];
                let name = format!("q{quadrant}s{sensor}a{chip}");
                let flat = panel(
                    name,
                    place,
                    90.0 + 0.2 * f64::from(quadrant),
                    0.10992,
                    [194, 185],
                );
                let tilt = rotation_xyz([0.001 * row, 0.004 * column, -0.003 * row]);
                let tilted = Panel {
                    fast: tilt * flat.fast,
                    slow: tilt * flat.slow,
                    ..flat
                };
                panels.push(about_beam(tilted, &turn));
            }
        }
    }
    panels
}

fn list(folder: &Path, panels: &[Panel]) -> String {
    let experiment = support::experiment(ONE_TERM);
    let path = file(
        folder,
        "layout.expt",
        experiment_list(&experiment, panels).to_string(),
    );
    path.display().to_string()
}

/// The summary that the program prints as JSON.
fn summary(line: &str) -> Value {
    let output = support::program()
        .args(line.split_whitespace())
        .arg("--json")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Width and height of a PNG file.
fn png_size(path: &Path) -> [u32; 2] {
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"));
    [16, 20].map(|start| u32::from_be_bytes(bytes[start..start + 4].try_into().unwrap()))
}

#[test]
fn an_eiger_16m_is_rendered_whole() {
    let folder = tempfile::tempdir().unwrap();
    let overview = folder.path().join("overview.png");
    let floats = folder.path().join("image.bin");
    let list = list(folder.path(), &eiger());
    let summary = summary(&format!(
        "--expt {list} -default_F 1 -N 1 -nointerpolate -oversample 1 -detector_thicksteps 1 --overview {} \
         -floatfile {}",
        overview.display(),
        floats.display()
    ));
    assert_eq!(summary["detector"]["pixels"], json!([4150, 4371]));
    assert_eq!(summary["detector"]["panels"], 1);
    assert_eq!(summary["geometry"], list);
    assert_eq!(summary["image"]["pixels"], 4150 * 4371);
    assert_eq!(std::fs::metadata(floats).unwrap().len(), 4 * 4150 * 4371);
    // 4371 pixels are more than an overview's 4000.
    assert_eq!(png_size(&overview), [3798, 4000]);
}

#[test]
fn a_jungfrau_16m_is_rendered_whole_and_each_module_as_alone() {
    let folder = tempfile::tempdir().unwrap();
    let overview = folder.path().join("overview.png");
    let panels = jungfrau();
    let text = geometry_file(&panels, 1e-10);
    let path = file(folder.path(), "jungfrau.geom", text);
    let line = format!("--geom {} {ONE_TERM}", path.display());
    let summary = summary(&format!("{line} --overview {}", overview.display()));
    assert_eq!(summary["detector"]["panels"], 32);
    assert_eq!(summary["detector"]["pixels"], json!([1024, 32 * 512]));
    assert_eq!(summary["image"]["pixels"], 32 * 512 * 1024);
    let [width, height] = png_size(&overview);
    assert!(
        (3900..=4000).contains(&width.max(height)) && width.min(height) > 3000,
        "{width} x {height}"
    );

    // A region of every module, on both paths, and of some modules alone.
    let mut parts = support::experiment(&line).into_description();
    parts.sampling.region = Some(Region {
        fast: [1000, 1023],
        slow: [490, 511],
    });
    parts.crystal.cells = [5.0; 3];
    let image = rendered(&cpu(), &parts);
    assert_eq!(image.rendered().count(), 32 * 24 * 22);
    let error = nrmse(rendered(&gpu(), &parts).values(), image.values());
    println!("Jungfrau 16M, regions: GPU and CPU {error:.1e}");
    assert!(error < GATE, "{error}");
    for number in [0, 13, 31] {
        let mut alone = parts.clone();
        alone.detector.panels = vec![parts.detector.panels[number].clone()];
        let expected = rendered(&cpu(), &alone);
        let range = number * 512 * 1024..(number + 1) * 512 * 1024;
        assert!(
            expected.values() == &image.values()[range],
            "module {number}"
        );
        // Where the test put it.
        let place = TO_CRYSTFEL * panels[number].origin_m;
        assert!(
            parts.detector.panels[number]
                .origin_m
                .abs_diff_eq(place, 1e-12)
        );
    }
}

/// The panels of a CSPAD in a hierarchy: quadrants, and sensors in these.
fn in_groups(panels: &[Panel], list: &mut Value) {
    let turn = |quadrant: usize| {
        let about = std::f64::consts::FRAC_PI_2 * quadrant as f64;
        // About the beam, which is against z.
        rotation_xyz([0.0, 0.0, -about])
    };
    let frame = |turn: DMat3, origin: DVec3| json!({"fast_axis": turn.x_axis.to_array(), "slow_axis": turn.y_axis.to_array(), "origin": origin.to_array()});
    let origin = dvec3(1.0, -2.0, -90.0);
    let mut quadrants = Vec::new();
    for quadrant in 0..4 {
        let children: Vec<Value> = (0..8)
            .map(|sensor| {
                let first = 16 * quadrant + 2 * sensor;
                let mut group = frame(DMat3::IDENTITY, DVec3::ZERO);
                group["children"] = json!([{"panel": first}, {"panel": first + 1}]);
                group
            })
            .collect();
        let mut group = frame(turn(quadrant), DVec3::ZERO);
        group["children"] = json!(children);
        quadrants.push(group);
    }
    let mut root = frame(DMat3::IDENTITY, origin);
    root["children"] = json!(quadrants);
    list["detector"][0]["hierarchy"] = root;
    for (number, panel) in panels.iter().enumerate() {
        // Its place as told in the frame of its quadrant.
        let back = turn(number / 16).transpose() * crate::support::panel_files::TO_DIALS;
        let mut local = listed(panel, &back);
        let offset = turn(number / 16).transpose() * origin;
        let place = back * panel.origin_m * 1e3 - offset;
        local["origin"] = json!(place.to_array());
        list["detector"][0]["panels"][number] = local;
    }
}

#[test]
fn a_cspad_is_the_same_in_every_file_and_on_both_paths() {
    let folder = tempfile::tempdir().unwrap();
    let panels = cspad();
    let flat = support::experiment(ONE_TERM);
    let mut grouped = experiment_list(&flat, &panels);
    in_groups(&panels, &mut grouped);
    let grouped = file(folder.path(), "grouped.expt", grouped.to_string())
        .display()
        .to_string();
    let plain = list(folder.path(), &panels);
    let of = |path: &str| {
        support::experiment(&format!("--expt {path} -default_F 100 -N 12 -oversample 1"))
    };
    let mut parts = of(&plain).into_description();
    assert_eq!(parts.detector.panels.len(), 64);
    let image = rendered(&cpu(), &parts);
    let in_groups = rendered(&cpu(), &of(&grouped).into_description());
    let error = nrmse(in_groups.values(), image.values());
    println!("CSPAD: groups and none {error:.1e}");
    assert!(error < 1e-6, "{error}");
    let on_gpu = rendered(&gpu(), &parts);
    let error = nrmse(on_gpu.values(), image.values());
    println!("CSPAD: GPU and CPU {error:.1e}");
    assert!(error < GATE, "{error}");
    // As described in the library.
    parts.detector = Detector::of_panels(
        panels
            .into_iter()
            .map(|panel| about_beam(panel, &crate::support::panel_files::TO_DIALS))
            .collect(),
        parts.beam.direction,
    )
    .unwrap();
    assert!(nrmse(rendered(&cpu(), &parts).values(), image.values()) < 1e-6);

    let overview = folder.path().join("overview.png");
    summary(&format!(
        "--expt {plain} -default_F 100 -N 12 -oversample 1 --overview {}",
        overview.display()
    ));
    let [width, height] = png_size(&overview);
    assert!(
        (1590..1640).contains(&width) && (1590..1640).contains(&height),
        "{width} x {height}"
    );
}

#[test]
fn a_detector_of_256_panels_is_checked_in_no_time() {
    let panels: Vec<Panel> = (0..256)
        .map(|number| {
            let place = [
                f64::from(number % 16 - 8) * 13.0,
                f64::from(number / 16 - 8) * 7.0,
            ];
            panel(format!("p{number}"), place, 200.0, 0.1, [128, 64])
        })
        .collect();
    let mut parts = support::experiment(ONE_TERM).into_description();
    parts.detector = Detector::of_panels(panels, parts.beam.direction).unwrap();
    let started = std::time::Instant::now();
    for _ in 0..20 {
        Experiment::new(parts.clone()).unwrap();
    }
    let each = started.elapsed().as_secs_f64() / 20.0;
    println!("256 panels: checked in {:.1} ms", each * 1e3);
    assert!(each < 0.1);
}
