//! The reference images of `golden/`, each within the gate that `golden/cases.json` gives it.

use crate::support::golden_cases::assert_cases;
use crate::support::{Case, cases, experiment, golden, physics_cases};
use nanobragg::cpu;
use nanobragg::formats::smv;
use nanobragg::render::{Renderer, frame_size};
use nanobragg::scene::{Scene, TermPlace};
use nanobragg::trace::Name;
use serde_json::Value;

#[test]
fn the_cpu_path_reproduces_every_reference_image() {
    let renderer = Renderer::cpu().unwrap();
    assert_cases(&renderer, &cases(), |case| case.gate_cpu);
}

#[test]
fn the_cpu_path_reproduces_spots_in_closed_form_and_diffuse_scattering() {
    let renderer = Renderer::cpu().unwrap();
    let gate = |case: &Case| case.gate_cpu;
    assert_cases(&renderer, &physics_cases(), gate);
}

#[test]
fn the_quantities_behind_a_pixel_are_those_the_c_program_prints() {
    let trace: Value = serde_json::from_slice(&golden("trace.json")).unwrap();
    let cases = cases();
    for (name, expected) in trace["cases"].as_object().unwrap() {
        let case = cases.iter().find(|case| &case.name == name).unwrap();
        // The traces were printed with two sub-pixels per edge.
        let scene = Scene::new(&experiment(&format!("{} -oversample 2", case.args))).unwrap();
        let last = TermPlace::last(&scene, [60, 40]).unwrap();
        let found = cpu::trace(&scene, &last);
        let vector = |name| found.get(name).unwrap();
        let value = |name| found.value(name).unwrap();
        let near = |what: &str, found: f64, expected: &Value, scale: f64| {
            let expected = expected.as_f64().unwrap();
            let error = (found - expected).abs() / scale.max(expected.abs());
            assert!(error < 1e-5, "{name} {what}: {found}, expected {expected}");
        };
        for axis in 0..3 {
            let position = vector(Name::Position)[axis];
            near("pos", position, &expected["pos"][axis], 0.1);
            // Printed with six decimals.
            near("hkl", vector(Name::Hkl)[axis], &expected["hkl"][axis], 1.0);
        }
        near("stol", value(Name::Stol), &expected["stol"], 0.0);
        near("f_latt", value(Name::FLatt), &expected["f_latt"], 0.0);
        near("sum", value(Name::IntensitySum), &expected["sum"], 0.0);
        near("polar", value(Name::Polarisation), &expected["polar"], 0.0);
        near("omega", value(Name::SolidAngle), &expected["omega"], 0.0);
        near("pixel", value(Name::Photons), &expected["pixel"], 0.0);
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
        // The last entry of the C program, BEAMLINE=fake, makes dxtbx take the beam centre for
        // adxv's, whatever the convention.
        let mut expected = pairs(&expected);
        assert_eq!(expected.pop(), Some(("BEAMLINE".into(), "fake".into())));
        assert_eq!(pairs(&header), expected, "{name}");
    }
}
