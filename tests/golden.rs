//! The reference images of `golden/`, each within the gate that `golden/cases.json` gives it.

mod support;

use nanobragg::cpu;
use nanobragg::formats::smv;
use nanobragg::image::Comparison;
use nanobragg::render::{Renderer, frame_size};
use nanobragg::scene::Scene;
use serde_json::Value;
use support::{Case, cases, experiment, golden, reference};

/// Cases that need what the program does not have yet; each has an issue that brings it.
const NOT_YET: [&str; 1] = ["background_slab"];

/// A pixel may be off by this many gates of the image's maximum.
const WORST_PIXEL_GATES: f64 = 10.0;

#[test]
fn the_cpu_path_reproduces_every_reference_image() {
    let renderer = Renderer::cpu().unwrap();
    let mut missed = Vec::new();
    let mut rendered = 0;
    for case in cases()
        .iter()
        .filter(|case| !NOT_YET.contains(&case.name.as_str()))
    {
        let image = renderer.render(&experiment(&case.args)).unwrap();
        assert_eq!(
            [image.width(), image.height()],
            [case.fast, case.slow],
            "{}",
            case.name
        );
        rendered += 1;
        let verdict = judge(case, image.values());
        println!("{verdict}");
        if verdict.ends_with("MISSED") {
            missed.push(verdict);
        }
    }
    assert_eq!(rendered, 50, "every case but {NOT_YET:?} is rendered");
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}

/// The case's name and figures, and whether they are within its gates.
fn judge(case: &Case, values: &[f32]) -> String {
    let reference = reference(case);
    let compared = Comparison::of(values, &reference).unwrap();
    let worst = compared.worst / compared.reference_max;
    let passed = match case.gate_pixels {
        // A spot's sharp edge may fall either way: this part of the pixels is left aside.
        Some(gate_pixels) => {
            let allowed = (gate_pixels * values.len() as f64) as usize;
            let mut errors: Vec<f64> = values
                .iter()
                .zip(&reference)
                .map(|(a, b)| f64::from(a - b).abs())
                .collect();
            errors.sort_by(f64::total_cmp);
            errors.truncate(values.len() - allowed);
            let rms = |squares: f64| (squares / values.len() as f64).sqrt();
            let error = rms(errors.iter().map(|e| e * e).sum());
            let scale = rms(reference.iter().map(|&b| f64::from(b).powi(2)).sum());
            compared.differing <= gate_pixels && error <= case.gate_cpu * scale
        }
        None => compared.nrmse <= case.gate_cpu && worst <= WORST_PIXEL_GATES * case.gate_cpu,
    };
    let verdict = if passed { "ok" } else { "MISSED" };
    format!(
        "{:28} nrmse {:8.1e}, worst pixel {worst:8.1e} of the maximum, gate {:7.0e}: {verdict}",
        case.name, compared.nrmse, case.gate_cpu
    )
}

#[test]
fn the_quantities_behind_a_pixel_are_those_the_c_program_prints() {
    let trace: Value = serde_json::from_slice(&golden("trace.json")).unwrap();
    let cases = cases();
    for (name, expected) in trace["cases"].as_object().unwrap() {
        let case = cases.iter().find(|case| &case.name == name).unwrap();
        // The traces were printed with two sub-pixels per edge.
        let scene = Scene::new(&experiment(&format!("{} -oversample 2", case.args))).unwrap();
        let found = cpu::trace_pixel(&scene, &scene.panels[0], 60, 40);
        let near = |what: &str, found: f64, expected: &Value, scale: f64| {
            let expected = expected.as_f64().unwrap();
            let error = (found - expected).abs() / scale.max(expected.abs());
            assert!(error < 1e-5, "{name} {what}: {found}, expected {expected}");
        };
        let last = found.last;
        for axis in 0..3 {
            near("pos", last.position_m[axis], &expected["pos"][axis], 0.1);
            // Printed with six decimals.
            near("hkl", last.hkl[axis], &expected["hkl"][axis], 1.0);
        }
        near("stol", last.stol, &expected["stol"], 0.0);
        near("f_latt", last.lattice_factor, &expected["f_latt"], 0.0);
        near("sum", found.sum, &expected["sum"], 0.0);
        near("polar", found.polarisation, &expected["polar"], 0.0);
        near("omega", found.solid_angle, &expected["omega"], 0.0);
        near("pixel", found.photons, &expected["pixel"], 0.0);
    }
}

#[test]
fn smv_headers_say_what_the_c_program_s_say() {
    for name in [
        "convention_adxv",
        "convention_dials",
        "convention_xds",
        "mosflm_tilted",
    ] {
        let cases = cases();
        let case = cases.iter().find(|case| case.name == name).unwrap();
        let experiment = experiment(&case.args);
        let header = smv::describe(&experiment, frame_size(&experiment));
        assert_eq!(header.len(), 512);
        let pairs = |text: &str| -> Vec<(String, String)> {
            let lines = text.lines().map(|line| line.trim_end_matches(';'));
            lines
                .filter_map(|line| line.split_once('='))
                .map(|(k, v)| (k.into(), v.into()))
                .collect()
        };
        let expected = String::from_utf8(golden(&format!("smv_header_{name}.txt"))).unwrap();
        assert_eq!(pairs(&header), pairs(&expected), "{name}");
    }
}
