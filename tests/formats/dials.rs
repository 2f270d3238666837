//! DIALS' library dxtbx reads every format, in every convention: `./tests/run` installs it, and names
//! its Python in NB_DIALS_PYTHON.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use glam::DVec3;
use nanobragg::experiment::Experiment;
use serde_json::{Value, json};

use crate::nxmx::nanobragg;
use crate::support::experiment;

/// A crystal, and counts that fit 16 bits.
const SCENE: &str = "-cell 50 60 70 80 95 100 -misset 10 20 30 -N 3 -default_F 60 -lambda 1.1 \
                     -distance 90 -detpixels_f 130 -detpixels_s 90 -pixel 0.172 -oversample 1 \
                     -scale 200 -adc 0 -polar 0.9";

/// Conventions with a beam centre that is off centre, in their own terms.
const CONVENTIONS: [(&str, &str); 6] = [
    ("mosflm", "-mosflm -Xbeam 6.1 -Ybeam 13.7"),
    ("adxv", "-adxv -Xbeam 13.7 -Ybeam 6.1"),
    ("denzo", "-denzo -Xbeam 6.1 -Ybeam 13.7"),
    ("xds", "-xds -ORGX 81.25 -ORGY 33.5"),
    ("dials", "-dials -Xbeam 6.1 -Ybeam 13.7 -pivot beam"),
    (
        "custom",
        "-fdet_vector 0 0 1 -sdet_vector 0 -1 0 -odet_vector 1 0 0 -beam_vector 1 0 0 \
         -polar_vector 0 0 1 -spindle_axis 0 1 0 -Xbeam 6.1 -Ybeam 13.7",
    ),
];

/// Detectors and scans.
const VARIANTS: [(&str, &str); 4] = [
    ("still", ""),
    ("tilted", "-detector_rotx 5 -detector_roty -3 -twotheta 7"),
    (
        "sensor",
        "-detector_thick 450 -detector_abs 250 -detector_thicksteps 2",
    ),
    ("scan", "-phi 10 -osc 0.5 -phisteps 2"),
];

/// The names of a file in every format with a header.
const FILES: [&str; 4] = ["f_0001.img", "f_0001.cbf", "f.h5", "g_master.h5"];

/// What dxtbx complains of in the files of these `entries`.
fn complaints(entries: &[Value]) -> String {
    let python = std::env::var("NB_DIALS_PYTHON").expect(
        "NB_DIALS_PYTHON names no Python with dxtbx: run ./tests/run, which installs DIALS where there \
         is apt-get",
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/read_dials.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let text = serde_json::to_vec(entries).unwrap();
    child.stdin.take().unwrap().write_all(&text).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the script ran");
    String::from_utf8(output.stdout).unwrap()
}

/// Nine pixels of the first panel, and the angles to the beam and to the spindle there.
fn angles(experiment: &Experiment) -> (Vec<[f64; 2]>, Vec<f64>, Vec<f64>) {
    let panel = &experiment.detector().panels[0];
    let [width, height] = panel.shape.map(|pixels| pixels as f64);
    let (beam, spindle) = (experiment.beam().direction, experiment.scan().spindle);
    let places = [0.02, 0.5, 0.97]
        .map(|slow| [0.01, 0.4, 0.99].map(|fast| [fast * width, slow * height]))
        .concat();
    let ray = |[fast, slow]: [f64; 2]| {
        panel.origin_m + panel.pixel_size_m * (fast * panel.fast + slow * panel.slow)
    };
    let to = |axis: DVec3| {
        let angle = |&place: &[f64; 2]| {
            let ray = ray(place);
            ray.cross(axis).length().atan2(ray.dot(axis))
        };
        places.iter().map(angle).collect()
    };
    let angles = (to(beam), to(spindle));
    (places, angles.0, angles.1)
}

#[test]
fn every_format_and_convention_has_the_geometry_that_was_simulated() {
    let folder = tempfile::tempdir().unwrap();
    let mut entries = Vec::new();
    for (convention, place) in CONVENTIONS {
        for (variant, flags) in VARIANTS {
            let here = folder.path().join(format!("{convention}_{variant}"));
            std::fs::create_dir(&here).unwrap();
            let line = format!("{SCENE} {place} {flags}");
            let outputs: String = FILES.map(|name| format!(" --out {name}")).concat();
            let output = nanobragg(
                &here,
                &format!("{line}{outputs} --out f.npy --out-type i32"),
            )
            .output()
            .unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(output.status.success(), "{said}");
            let experiment = experiment(&line);
            let (places, two_theta, spindle) = angles(&experiment);
            // A miniCBF header is upright, with the spindle along the fast axis; what it cannot say is
            // a notice.
            let panel = &experiment.detector().panels[0];
            let seen_along = panel
                .fast
                .cross(panel.slow)
                .dot(experiment.beam().direction)
                > 0.0;
            let fast = experiment.scan().spindle.dot(panel.fast) > 1.0 - 1e-9;
            let turns = experiment.scan().range_rad != 0.0;
            let fits = variant != "tilted" && (!turns || (seen_along && fast));
            assert_eq!(
                !fits,
                said.contains("miniCBF"),
                "{convention} {variant}: {said}"
            );
            for name in FILES {
                let cbf = name.ends_with(".cbf");
                if cbf && variant == "tilted" {
                    continue;
                }
                let hdf5 = name.ends_with(".h5");
                let spindle: Vec<Option<f64>> = match turns && (!cbf || fits) {
                    true => spindle.iter().copied().map(Some).collect(),
                    false => vec![None; 9],
                };
                let mut values =
                    json!({ "wavelength": 1.1, "panels": 1, "gain": 1.0, "masked": 0 });
                if turns {
                    values["oscillation"] = json!([10.0, 0.5]);
                    values["exposure"] = json!(1.0);
                }
                if variant == "sensor" && !name.ends_with(".img") {
                    values["thickness"] = json!(0.45);
                }
                if name.ends_with(".img") {
                    // The polarised fraction is ½(1 + K).
                    values["polarisation"] = json!(0.95);
                    values["trusted"] = json!(65535.0);
                }
                if hdf5 {
                    values["trusted"] = json!(2147483647.0);
                }
                entries.push(json!({
                    "path": here.join(name), "counts": here.join("f.npy"), "places": places,
                    "two_theta": two_theta, "spindle": spindle, "said": values,
                    // A thousandth of a pixel, seen from the sample.
                    "tolerance": 1e-3 * panel.pixel_size_m / panel.origin_m.length(),
                }));
            }
        }
    }
    assert_eq!(entries.len(), 6 * 4 * 4 - 6);
    let complaints = complaints(&entries);
    assert!(complaints.is_empty(), "{complaints}");
    // The script does compare.
    let mut wrong = entries[0].clone();
    wrong["two_theta"][4] = json!(wrong["two_theta"][4].as_f64().unwrap() + 1e-5);
    assert!(
        self::complaints(&[wrong]).contains("two-theta"),
        "a shift is seen"
    );
}
