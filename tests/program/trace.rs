//! `nanobragg trace`: every quantity behind a pixel, two devices side by side, and planted faults
//! found where they were planted.

use std::fs;
use std::path::Path;

use crate::support::{cases, experiment, physics_cases, program, smv_header_bytes, words};
use nanobragg::cpu;
use nanobragg::render::{Device, RenderOptions, Renderer};
use nanobragg::scene::{Scene, TermIndex, TermPlace};
use nanobragg::trace::{Name, Trace};
use nanobragg::validation::{DEFAULT_TOLERANCE, TraceComparison, compare_traces};
use serde_json::Value;

/// A small crystal and detector with nothing left to the program.
const SOUND: &str = "-default_F 100 -cell 70 80 90 -misset 1 2 3 -lambda 1 -N 5 -distance 100 -detpixels 32 \
                     -pixel 0.4 -oversample 2";

/// How the line ends that tells of no divergence.
const NONE_DIVERGES: &str = "quantities that both have diverges beyond 2e-5";

/// What the program prints, says and returns when it traces `flags` with `options`.
struct Ran {
    printed: String,
    said: String,
    code: Option<i32>,
}

fn trace(folder: &Path, options: &str, flags: &str) -> Ran {
    let mut command = program();
    command.current_dir(folder).arg("trace");
    command.args(words(options)).arg("--").args(words(flags));
    let output = command.output().unwrap();
    Ran {
        printed: String::from_utf8(output.stdout).unwrap(),
        said: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

impl Ran {
    /// The last line, where a comparison says what it found.
    fn finding(&self) -> &str {
        self.printed.lines().last().unwrap_or_default()
    }

    /// The quantity that is named as the first to diverge.
    fn first(&self) -> Option<&str> {
        let named = self.finding().strip_prefix("first divergence: ")?;
        named.split(',').next()
    }
}

fn on_gpu() -> Renderer {
    let device = Device::Gpu("gpu".into());
    Renderer::new(&RenderOptions {
        device,
        ..RenderOptions::default()
    })
    .unwrap()
}

fn scene(line: &str) -> Scene {
    Scene::new(&experiment(line)).unwrap()
}

fn compared(scene: &Scene, place: &TermPlace, ours: &Trace, theirs: &Trace) -> TraceComparison {
    let named = |name: &str, trace| (name.to_string(), trace);
    let (ours, theirs) = (named("ours", ours), named("theirs", theirs));
    compare_traces(scene, place, ours, theirs, DEFAULT_TOLERANCE)
}

#[test]
fn names_are_stable_and_in_the_order_of_computation() {
    let names = Name::ALL.map(|name| format!("{name} [{}] {}", name.unit(), name.len()));
    let expected = [
        "fast [] 3",
        "slow [] 3",
        "normal [] 3",
        "origin [m] 3",
        "position [m] 3",
        "distance [m] 1",
        "solid_angle [sr] 1",
        "diffracted [] 3",
        "incident [] 3",
        "wavelength [m] 1",
        "scattering_vector [1/m] 3",
        "stol [1/m] 1",
        "polarisation [] 1",
        "cell_a [Å] 3",
        "cell_b [Å] 3",
        "cell_c [Å] 3",
        "a_star [1/Å] 3",
        "b_star [1/Å] 3",
        "c_star [1/Å] 3",
        "hkl [] 3",
        "nearest [] 3",
        "f_latt_a [] 1",
        "f_latt_b [] 1",
        "f_latt_c [] 1",
        "round_offset [] 1",
        "spread [1/Å^2] 1",
        "f_latt [] 1",
        "f_cell [electrons] 1",
        "beta [] 1",
        "halo_x [] 1",
        "halo [electrons^2] 1",
        "term [electrons^2] 1",
        "absorbed [] 1",
        "weight [] 1",
        "fluence [1/m^2] 1",
        "electron_radius_squared [m^2] 1",
        "steps [] 1",
        "scale [1/sr/electrons^2] 1",
        "background [electrons^2] 1",
        "amorphous_sum [sr electrons^2] 1",
        "intensity_sum [electrons^2] 1",
        "sum [sr electrons^2] 1",
        "photons [] 1",
    ];
    assert_eq!(names.as_slice(), expected);
    assert!(Name::ALL.is_sorted());
    for name in Name::ALL {
        assert_eq!(Name::parse(name.as_str()), Some(name));
        assert!(
            !name
                .as_str()
                .contains(|c: char| c.is_whitespace() || c == '=' || c == ':')
        );
    }
}

/// A scene in which every index counts to more than one and every factor is a term's own.
const EVERY_INDEX: &str = "-default_F 100 -cell 70 80 90 -misset 1 2 3 -lambda 1 -N 5 -distance 40 -detpixels 32 \
    -pixel 1.5 -oversample 2 -oversample_omega -oversample_polar -polar 0.9 -detector_abs 500 \
    -detector_thick 450 -detector_thicksteps 3 -mosaic 1 -mosaic_domains 3 -phi 5 -osc 3 -phisteps 2 \
    -xds -sourcefile two_sources.txt -water 0.1";

/// Halos, and a shape with the crystal's symmetry.
const HALOS: &str = "--diffuse-sigma 0.3 0.4 0.5 --diffuse-gamma 20 40 30 --diffuse-laue 2/m --diffuse-stencil 1 \
    --symmetric-shape mmm";

fn every_index(scene: &Scene, pixel: [usize; 2]) -> Vec<TermIndex> {
    let last = TermPlace::last(scene, pixel).unwrap().index();
    let mut all = vec![TermIndex::default()];
    let mut spread = |set: &dyn Fn(&mut TermIndex, u32), most: usize| {
        all = all
            .iter()
            .flat_map(|index| {
                (0..=most as u32).map(move |value| {
                    let mut index = *index;
                    set(&mut index, value);
                    index
                })
            })
            .collect();
    };
    spread(&|index, _| index.pixel = pixel, 0);
    spread(
        &|index, value| index.sub_pixel[0] = value,
        last.sub_pixel[0] as usize,
    );
    spread(
        &|index, value| index.sub_pixel[1] = value,
        last.sub_pixel[1] as usize,
    );
    spread(&|index, value| index.layer = value, last.layer as usize);
    spread(&|index, value| index.source = value as usize, last.source);
    spread(&|index, value| index.phi = value as usize, last.phi);
    spread(&|index, value| index.domain = value as usize, last.domain);
    all
}

#[test]
fn the_terms_that_are_traced_add_up_to_the_pixel() {
    for added in ["", HALOS] {
        assert_terms_add_up(&format!("{EVERY_INDEX} {added}"));
    }
}

fn assert_terms_add_up(line: &str) {
    let scene = scene(line);
    let pixel = [20, 9];
    let rendered = Renderer::cpu().unwrap().render(&experiment(line));
    let photons = f64::from(rendered.unwrap().image.get(20, 9).unwrap());
    let (mut sum, mut intensity, mut last) = (0.0, 0.0, Trace::default());
    let indices = every_index(&scene, pixel);
    assert_eq!(indices.len(), 2 * 2 * 3 * 3 * 2 * 3);
    for (number, index) in indices.into_iter().enumerate() {
        let place = TermPlace::new(&scene, index).unwrap();
        last = cpu::trace(&scene, &place);
        let value = |name| last.value(name).unwrap();
        let first = value(Name::SolidAngle) * value(Name::Polarisation);
        if number == 0 {
            sum += value(Name::Background) * first;
        }
        intensity += value(Name::Term);
        sum += value(Name::Term) * first * value(Name::Absorbed) * value(Name::Weight);
    }
    let value = |name| last.value(name).unwrap();
    let near = |found: f64, expected: f64, gate: f64| {
        assert!((found / expected - 1.0).abs() < gate, "{found} {expected}");
    };
    near(intensity, value(Name::IntensitySum), 1e-12);
    near(sum, value(Name::Sum), 1e-12);
    near(value(Name::Photons), photons, 1e-7);
    let scale = value(Name::ElectronRadiusSquared) * value(Name::Fluence) / value(Name::Steps);
    near(scale, value(Name::Scale), 1e-14);
    near(value(Name::Sum) * scale, photons, 1e-7);
}

#[test]
fn the_gpu_s_column_is_the_gpu_s() {
    for added in ["", HALOS] {
        assert_own_column(&format!("{EVERY_INDEX} {added}"));
    }
}

fn assert_own_column(line: &str) {
    let (scene, gpu) = (scene(line), on_gpu());
    let mut differing = 0;
    for index in every_index(&scene, [20, 9]).into_iter().step_by(17) {
        let place = TermPlace::new(&scene, index).unwrap();
        let (ours, theirs) = (
            cpu::trace(&scene, &place),
            gpu.trace(&scene, &place).unwrap(),
        );
        let comparison = compared(&scene, &place, &ours, &theirs);
        assert_eq!(comparison.first_disagreement(), None, "{comparison}");
        for quantity in theirs.iter() {
            let ours = ours.get(quantity.name).unwrap();
            for (ours, theirs) in ours.iter().zip(&quantity.values) {
                // From there on a rounding of the index may make any difference.
                let error = (ours - theirs).abs() / ours.abs().max(1e-2);
                let near = error < 1e-5 || quantity.name > Name::Hkl;
                assert!(near, "{}: {ours} {theirs}", quantity.name);
                differing += usize::from(ours != theirs);
            }
        }
        // In float32, as a GPU computes.
        let distance = theirs.value(Name::Distance).unwrap();
        assert_eq!(f64::from(distance as f32), distance);
    }
    assert!(differing > 100, "only {differing} values differ");
    // What a GPU is not told it does not have.
    let place = TermPlace::last(&scene, [20, 9]).unwrap();
    let trace = gpu.trace(&scene, &place).unwrap();
    assert_eq!(trace.get(Name::Origin), None);
    // The pixel is that of an image.
    let image = gpu.render(&experiment(line)).unwrap().image;
    let pixel = f64::from(image.get(20, 9).unwrap());
    assert_eq!(trace.value(Name::Photons), Some(pixel));
}

/// Places spread over what a case renders: the first and the last term of a few pixels.
fn sample(scene: &Scene, pixels: usize) -> Vec<TermPlace> {
    let [width, height] = scene.panels[0].shape;
    let rendered: Vec<[usize; 2]> = (0..height)
        .flat_map(|slow| (0..width).map(move |fast| [fast, slow]))
        .filter(|&[fast, slow]| scene.renders(&scene.panels[0], fast, slow))
        .collect();
    let step = rendered.len() as f64 / pixels as f64;
    let chosen = (0..pixels).map(|k| rendered[((k as f64 + 0.37) * step) as usize]);
    chosen
        .enumerate()
        .map(|(k, pixel)| {
            let first = TermIndex {
                pixel,
                ..TermIndex::default()
            };
            if k % 2 == 0 {
                TermPlace::new(scene, first).unwrap()
            } else {
                TermPlace::last(scene, pixel).unwrap()
            }
        })
        .collect()
}

#[test]
fn no_golden_case_raises_a_false_alarm() {
    let gpu = on_gpu();
    let mut alarms = Vec::new();
    let mut compared_quantities = 0;
    let diffuse = physics_cases().into_iter();
    let diffuse = diffuse.filter(|case| case.name.contains("diffuse"));
    let rendered = cases().into_iter();
    let rendered = rendered.filter(|case| !case.name.starts_with("background"));
    let rendered = rendered.chain(diffuse);
    for case in rendered {
        let scene = scene(&case.args);
        for place in sample(&scene, 6) {
            let (ours, theirs) = (
                cpu::trace(&scene, &place),
                gpu.trace(&scene, &place).unwrap(),
            );
            let comparison = compared(&scene, &place, &ours, &theirs);
            compared_quantities += comparison.compared();
            if let Some(divergence) = comparison.first_disagreement() {
                alarms.push(format!(
                    "{} {:?}: {divergence}",
                    case.name,
                    place.index().pixel
                ));
            }
        }
    }
    println!("{compared_quantities} quantities compared");
    assert!(compared_quantities > 50 * 6 * 20);
    assert!(alarms.is_empty(), "\n{}", alarms.join("\n"));
}

#[test]
fn what_float32_cannot_hold_is_no_alarm() {
    let (gpu, pixel) = (on_gpu(), [3, 3]);
    for faint in [
        "-fluence 1 -default_F 1e-30",
        "-gauss_xtal -fudge 40",
        "-default_F 0 -water 1",
        "-tophat_spots",
    ] {
        let scene = scene(&format!("{SOUND} {faint}"));
        let place = TermPlace::last(&scene, pixel).unwrap();
        let (ours, theirs) = (
            cpu::trace(&scene, &place),
            gpu.trace(&scene, &place).unwrap(),
        );
        let comparison = compared(&scene, &place, &ours, &theirs);
        assert_eq!(
            comparison.first_disagreement(),
            None,
            "{faint}\n{comparison}"
        );
    }
}

/// Each quantity of `ours`, made larger by a thousandth, that is not named as the first to diverge.
fn missed(scene: &Scene, place: &TermPlace, ours: &Trace, reference: &Trace) -> Vec<String> {
    let mut missed = Vec::new();
    for quantity in ours.iter() {
        if quantity.values.iter().all(|&value| value == 0.0) {
            continue;
        }
        let mut faulty = ours.clone();
        let values: Vec<f64> = quantity.values.iter().map(|value| value * 1.001).collect();
        faulty.put_in(quantity.name, quantity.unit, values);
        let found = compared(scene, place, reference, &faulty).first_disagreement();
        if found.map(|divergence| divergence.name) != Some(quantity.name) {
            missed.push(format!("{}: {found:?}", quantity.name));
        }
    }
    missed
}

#[test]
fn a_fault_of_a_thousandth_is_found_in_every_quantity_of_every_golden_case() {
    let (gpu, mut all) = (on_gpu(), Vec::new());
    for case in cases()
        .iter()
        .filter(|case| !case.name.starts_with("background"))
    {
        let scene = scene(&case.args);
        for place in sample(&scene, 2) {
            let ours = cpu::trace(&scene, &place);
            let theirs = gpu.trace(&scene, &place).unwrap();
            for (column, faulty) in [("cpu", &ours), ("gpu", &theirs)] {
                for missed in missed(&scene, &place, faulty, &ours) {
                    let pixel = place.index().pixel;
                    all.push(format!("{} {pixel:?} {column} {missed}", case.name));
                }
            }
        }
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

/// Flags with a fault, flags without, and the quantity that is to be named.
const FAULTS: [(&str, &str, &str); 27] = [
    ("-Xbeam 6.2", "-Xbeam 6.4", "origin"),
    ("-Xbeam 6.4 -Ybeam 6.0", "-Xbeam 6.4 -Ybeam 6.4", "origin"),
    ("-Xbeam 6.44", "-Xbeam 6.4", "origin"),
    ("-distance 100.1", "", "origin"),
    (
        "-distance 100.1 -Xbeam 6.4 -Ybeam 6.4 -curved_det",
        "-Xbeam 6.4 -Ybeam 6.4 -curved_det",
        "origin",
    ),
    ("-fluence 1.01e24", "-fluence 1e24", "fluence"),
    ("-fluence 1.001e24", "-fluence 1e24 -water 1", "fluence"),
    ("-water 1", "-water 1.001", "background"),
    (
        "-fdet_vector 0 0 -1 -sdet_vector 0 -1 0 -odet_vector 1 0 0",
        "-fdet_vector 0 0 1 -sdet_vector 0 -1 0 -odet_vector 1 0 0",
        "fast",
    ),
    (
        "-fdet_vector 0 0 1 -sdet_vector 0 1 0 -odet_vector 1 0 0",
        "-fdet_vector 0 0 1 -sdet_vector 0 -1 0 -odet_vector 1 0 0",
        "slow",
    ),
    ("-twotheta 0.1", "", "slow"),
    (
        "-xds -sourcefile equal_sources.txt",
        "-xds -sourcefile two_sources.txt",
        "weight",
    ),
    ("-lambda 1.001", "", "wavelength"),
    (
        "-beam_vector 1 0.001 0 -pix0_vector 0.1 0.006 -0.006",
        "-beam_vector 1 0 0 -pix0_vector 0.1 0.006 -0.006",
        "incident",
    ),
    ("-cell 70.07 80 90", "", "cell_a"),
    ("-cell 70 80 90.09 -misset 0 0 0", "-misset 0 0 0", "cell_c"),
    ("-misset 1 2.1 3", "", "cell_a"),
    ("-phi 0.1", "", "cell_a"),
    ("-default_F 100.1", "", "f_cell"),
    ("-N 6", "", "f_latt_a"),
    ("-Nc 6", "", "f_latt_c"),
    ("-gauss_xtal -fudge 1.001", "-gauss_xtal", "spread"),
    ("-round_xtal -fudge 1.004", "-round_xtal", "round_offset"),
    ("--b-factor 20.1", "--b-factor 20", "debye_waller"),
    ("-polar 0.5", "-polar 1", "polarisation"),
    (
        "-detector_thick 100 -detector_abs 500",
        "-detector_thick 101 -detector_abs 500",
        "absorbed",
    ),
    ("-phisteps 3 -osc 1", "-phisteps 2 -osc 1", "steps"),
];

#[test]
fn a_log_with_a_fault_names_the_fault() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for (faulty, right, name) in FAULTS {
        let log = trace(
            folder.path(),
            "--pixel 20 9 --log",
            &format!("{SOUND} {faulty}"),
        );
        assert_eq!(log.code, Some(0), "{faulty}: {}", log.said);
        fs::write(folder.path().join("faulty.log"), &log.printed).unwrap();
        let against = "--pixel 20 9 --against faulty.log";
        let found = trace(folder.path(), against, &format!("{SOUND} {right}"));
        if (found.first(), found.code) != (Some(name), Some(1)) {
            wrong.push(format!("{faulty}: {}, expected {name}", found.finding()));
        }
        let same = trace(folder.path(), against, &format!("{SOUND} {faulty}"));
        assert_eq!(same.code, Some(0), "{faulty}: {}", same.finding());
        assert!(
            same.finding().ends_with(NONE_DIVERGES),
            "{}",
            same.finding()
        );
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn both_devices_stand_side_by_side() {
    let folder = tempfile::tempdir().unwrap();
    let ran = trace(folder.path(), "--pixel 20 9 --device both", SOUND);
    assert_eq!(
        (ran.code, ran.said.as_str()),
        (Some(0), ""),
        "{}",
        ran.printed
    );
    assert!(
        ran.printed
            .starts_with("pixel 20 9, sub-pixel 0 0, layer 0, source 0, phi 0, domain 0\n")
    );
    let origin = ran
        .printed
        .lines()
        .find(|line| line.starts_with("origin"))
        .unwrap();
    assert!(origin.trim_end().ends_with("-           -"), "{origin}");
    assert!(ran.finding().ends_with(NONE_DIVERGES), "{}", ran.finding());
    // A tolerance below float32's rounding finds it, and names where it begins.
    let strict = trace(
        folder.path(),
        "--pixel 20 9 --device both --tolerance 1e-12",
        SOUND,
    );
    assert_eq!((strict.code, strict.first()), (Some(1), Some("position")));
    assert!(strict.said.contains("part at position"), "{}", strict.said);
    assert_eq!(strict.said.lines().count(), 1);

    let json = trace(folder.path(), "--pixel 20 9 --device both --json", SOUND);
    let document: Value = serde_json::from_str(&json.printed).unwrap();
    assert_eq!(document["first_divergence"], Value::Null);
    assert_eq!(document["tolerance"], 2e-5);
    assert_eq!(document["columns"][0], "cpu");
    let distance = &document["quantities"][5];
    assert_eq!(
        (&distance["name"], &distance["unit"]),
        (&"distance".into(), &"m".into())
    );
    assert!(distance["difference"].as_f64().unwrap() < 1e-6);
    assert_ne!(distance["values"][0], distance["values"][1]);
    assert_eq!(document["quantities"][3]["values"][1], Value::Null);
}

#[test]
fn what_a_rounding_of_the_index_makes_of_a_dark_pixel_is_no_alarm() {
    // Near a zero of the lattice factor, far from the tile's centre.
    let case = "-hkl lysozyme_1aki_p1.hkl -default_F 50 -mat lysozyme_1p2A.mat -lambda 1.2 -N 12 -distance 30 \
                -detpixels 96 -pixel 0.8 -oversample 1";
    let folder = tempfile::tempdir().unwrap();
    let ran = trace(folder.path(), "--pixel 84 80 --device both", case);
    assert_eq!(ran.code, Some(0), "{}", ran.printed);
    let line = |name: &str| {
        ran.printed
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
    };
    for name in ["f_latt ", "term ", "sum ", "photons "] {
        assert!(line(name).ends_with("follows from hkl"), "{}", line(name));
    }
    for name in ["hkl ", "f_cell ", "weight "] {
        assert!(!line(name).ends_with("follows from hkl"), "{}", line(name));
    }
}

#[test]
fn a_trace_prints_names_values_and_units() {
    let folder = tempfile::tempdir().unwrap();
    for device in ["cpu", "gpu"] {
        let ran = trace(
            folder.path(),
            &format!("--pixel 20 9 --subpixel 1 0 --device {device}"),
            SOUND,
        );
        assert_eq!((ran.code, ran.said.as_str()), (Some(0), ""));
        let line = |name: &str| {
            let mut lines = ran
                .printed
                .lines()
                .map(|line| line.split_whitespace().collect::<Vec<_>>());
            lines.find(|words| words[0] == name).unwrap_or_default()
        };
        // 20.75 and 9.25 pixels of 0.4 mm from the corner, seen along the beam from 100 mm.
        let position = line("position");
        assert_eq!((position.len(), position[4]), (5, "m"));
        let across: f64 = position[3].parse().unwrap();
        assert!(
            (across - (20.75 - 16.0) * 0.4e-3 + 0.4e-3).abs() < 1e-9,
            "{across}"
        );
        assert_eq!(
            position[1].split_once('.').unwrap().1.len(),
            "000000000000000e-1".len()
        );
        assert_eq!(line("f_cell")[2], "electrons");
        assert_eq!(line("nearest").len(), 4);
        assert_eq!(line("spread"), Vec::<&str>::new(), "of other shapes");
    }
    let json = trace(
        folder.path(),
        "--pixel 20 9 --json --phi 1",
        &format!("{SOUND} -osc 1"),
    );
    let document: Value = serde_json::from_str(&json.printed).unwrap();
    assert_eq!(document["pixel"], serde_json::json!([20, 9]));
    assert_eq!(
        (&document["phi"], &document["columns"][0]),
        (&1.into(), &"cpu".into())
    );
    assert_eq!(
        document["quantities"][0]["values"][0],
        serde_json::json!([0.0, 0.0, 1.0])
    );
}

/// A log as instrumented copies of nanoBragg.c print it, of the trace in `document`.
fn as_the_c_program_prints(document: &Value) -> String {
    let rows = document["quantities"].as_array().unwrap();
    let values = |name: &str| -> Vec<f64> {
        let row = rows.iter().find(|row| row["name"] == name).unwrap();
        let values = row["values"][0].as_array().unwrap();
        values.iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let mut log = "reading nothing\nTRACE_C:convention=MOSFLM\nTRACE_C:Rx=[1 0 0; 0 1 -0; 0 0 1]\n"
        .to_string();
    let mut add = |head: &str, name: &str, change: &dyn Fn(f64) -> f64| {
        let printed: Vec<String> = values(name)
            .into_iter()
            .map(|v| change(v).to_string())
            .collect();
        log.push_str(&format!("TRACE_C:{head}{}\n", printed.join(" ")));
    };
    let same = |value: f64| value;
    for (head, name) in [
        ("fdet_vec=", "fast"),
        ("sdet_vec=", "slow"),
        (" odet_vec: ", "normal"),
        (" pix0_vector_meters ", "origin"),
        (" pixel_pos_meters ", "position"),
        (" R_distance_meters ", "distance"),
        (" omega_pixel_sr ", "solid_angle"),
        (" diffracted_vec ", "diffracted"),
        (" incident_vec ", "incident"),
        (" lambda_meters ", "wavelength"),
        // In 1/m, whatever its name says.
        (" scattering_vec_A_inv ", "scattering_vector"),
        (" polar = ", "polarisation"),
        (" rot_a_angstroms ", "cell_a"),
        (" rot_b_angstroms ", "cell_b"),
        (" rot_c_angstroms ", "cell_c"),
        (" rot_a_star_A_inv ", "a_star"),
        (" rot_b_star_A_inv ", "b_star"),
        (" rot_c_star_A_inv ", "c_star"),
        (" hkl_frac ", "hkl"),
        (" hkl_rounded ", "nearest"),
        (" F_latt_a ", "f_latt_a"),
        (" F_latt_b ", "f_latt_b"),
        (" F_latt_c ", "f_latt_c"),
        (" F_latt ", "f_latt"),
        (" F_cell ", "f_cell"),
        (" capture_fraction ", "absorbed"),
        (" fluence_photons_per_m2 ", "fluence"),
        (" r_e_sqr ", "electron_radius_squared"),
        (" steps ", "steps"),
        (" I_before_scaling ", "intensity_sum"),
        (" I_pixel_final ", "photons"),
    ] {
        add(head, name, &same);
    }
    add(" lambda_angstroms ", "wavelength", &|metres| metres * 1e10);
    add(" r_e_meters ", "electron_radius_squared", &f64::sqrt);
    add(" floatimage_accumulated ", "photons", &|photons| {
        f64::from(photons as f32)
    });
    log
}

#[test]
fn logs_of_the_c_program_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let json = trace(folder.path(), "--pixel 20 9 --json", SOUND);
    let log = as_the_c_program_prints(&serde_json::from_str(&json.printed).unwrap());
    fs::write(folder.path().join("c.log"), &log).unwrap();
    let ran = trace(folder.path(), "--pixel 20 9 --against c.log", SOUND);
    assert_eq!(ran.code, Some(0), "{}{}", ran.printed, ran.said);
    assert_eq!(
        ran.said,
        "nanobragg: note: c.log: not compared, as not known here: 'convention', 'Rx'\n"
    );
    let document = trace(folder.path(), "--pixel 20 9 --against c.log --json", SOUND);
    let document: Value = serde_json::from_str(&document.printed).unwrap();
    let rows = document["quantities"].as_array().unwrap();
    let both = rows.iter().filter(|row| !row["values"][1].is_null());
    assert_eq!(both.count(), 31);

    // Of two faults the first in the order of computation is named, not the first in the log.
    let reordered = format!(
        "TRACE_C: F_cell 99\nTRACE_C: lambda_angstroms 1.01\n{}",
        log.replace("TRACE_C: F_cell", "TRACE_C: other")
            .replace("lambda_meters", "unheard_of")
    );
    fs::write(folder.path().join("two.log"), reordered).unwrap();
    let ran = trace(folder.path(), "--pixel 20 9 --against two.log", SOUND);
    assert_eq!((ran.first(), ran.code), (Some("wavelength"), Some(1)));
    assert!(
        ran.said
            .contains("several values, the first compared: 'lambda_angstroms'"),
        "{}",
        ran.said
    );
    // A number that is none is a divergence where it should be one.
    fs::write(
        folder.path().join("nan.log"),
        "TRACE_C: hkl_frac -nan -inf -nan\n",
    )
    .unwrap();
    let ran = trace(folder.path(), "--pixel 20 9 --against nan.log", SOUND);
    assert_eq!((ran.first(), ran.code), (Some("hkl"), Some(1)));
    // A log may hold what the GPU's column does not.
    fs::write(folder.path().join("steps.log"), "TRACE_C: steps 4\n").unwrap();
    let ran = trace(
        folder.path(),
        "--pixel 20 9 --against steps.log --device gpu",
        SOUND,
    );
    assert_eq!(ran.code, Some(1));
    assert!(ran.said.contains("no quantity in common"), "{}", ran.said);
    // The GPU's column is compared the same way.
    let gpu = trace(
        folder.path(),
        "--pixel 20 9 --against c.log --device gpu",
        SOUND,
    );
    assert_eq!(gpu.code, Some(0), "{}", gpu.printed);
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "no_number.log",
        "TRACE_C: F_cell 1\nTRACE_C: hkl 1 2 three\n",
    );
    write("too_few.log", "TRACE_C: hkl 1 2\n");
    write("unknown.log", "TRACE_C: something 1\n");
    write("empty.log", "");
    // A mask that leaves the first pixel out.
    let image = format!("{SOUND} -intfile mask.img -adc 1 -scale 1");
    program()
        .current_dir(folder.path())
        .args(words(&image))
        .assert()
        .success();
    let mut mask = fs::read(folder.path().join("mask.img")).unwrap();
    let header = smv_header_bytes(&mask);
    mask[header..header + 2].fill(0);
    fs::write(folder.path().join("mask.img"), mask).unwrap();
    let masked = format!("{SOUND} -mask mask.img");
    let region = format!("{SOUND} -roi 2 5 2 5");
    let many = format!(
        "{SOUND} -osc 1 -phisteps 2 -mosaic 1 -mosaic_domains 3 -dispersion 1 -dispsteps 4"
    );
    let cases: [(&str, &str, i32, &[&str]); 30] = [
        ("--pixel 32 0", SOUND, 2, &["--pixel 32 0", "32 x 32"]),
        ("--pixel 0 32", SOUND, 2, &["--pixel 0 32", "32 x 32"]),
        (
            "--pixel -1 0",
            SOUND,
            2,
            &["--pixel", "-1", "whole number from 0"],
        ),
        ("--pixel 1", SOUND, 2, &["--pixel", "FAST", "SLOW"]),
        ("", SOUND, 2, &["--pixel FAST SLOW"]),
        (
            "--pixel 0 0",
            &masked,
            2,
            &["--pixel 0 0", "not rendered", "-mask"],
        ),
        (
            "--pixel 1 3",
            &region,
            2,
            &["--pixel 1 3", "not rendered", "-roi"],
        ),
        (
            "--pixel 1 1 --subpixel 2 0",
            SOUND,
            2,
            &["--subpixel 2", "there are 2"],
        ),
        (
            "--pixel 1 1 --subpixel 0 2",
            SOUND,
            2,
            &["--subpixel 2", "there are 2"],
        ),
        (
            "--pixel 1 1 --layer 1",
            SOUND,
            2,
            &["--layer 1", "there is 1, counted from 0"],
        ),
        (
            "--pixel 1 1 --source 4",
            &many,
            2,
            &["--source 4", "there are 4"],
        ),
        ("--pixel 1 1 --phi 2", &many, 2, &["--phi 2", "there are 2"]),
        (
            "--pixel 1 1 --domain 3",
            &many,
            2,
            &["--domain 3", "there are 3"],
        ),
        (
            "--pixel 1 1 --layer x",
            SOUND,
            2,
            &["--layer x", "an index"],
        ),
        (
            "--pixel 1 1 --against missing.log",
            SOUND,
            1,
            &["missing.log", "cannot read"],
        ),
        (
            "--pixel 1 1 --against no_number.log",
            SOUND,
            1,
            &["no_number.log, line 2", "'three'"],
        ),
        (
            "--pixel 1 1 --against too_few.log",
            SOUND,
            1,
            &["too_few.log, line 1", "expected 3"],
        ),
        (
            "--pixel 1 1 --against unknown.log",
            SOUND,
            1,
            &["unknown.log", "'something'", "--log"],
        ),
        (
            "--pixel 1 1 --against empty.log",
            SOUND,
            1,
            &["empty.log", "TRACE_C:"],
        ),
        (
            "--pixel 1 1 --against empty.log --device both",
            SOUND,
            2,
            &["--against", "cpu or gpu"],
        ),
        (
            "--pixel 1 1 --log --device both",
            SOUND,
            2,
            &["--log", "both"],
        ),
        (
            "--pixel 1 1 --log --against empty.log",
            SOUND,
            2,
            &["--log", "--against"],
        ),
        ("--pixel 1 1 --log --json", SOUND, 2, &["--log", "--json"]),
        (
            "--pixel 1 1 --tolerance 1e-3",
            SOUND,
            2,
            &["--tolerance", "--against"],
        ),
        (
            "--pixel 1 1 --tolerance 0 --device both",
            SOUND,
            2,
            &["--tolerance 0", "positive"],
        ),
        (
            "--pixel 1 1 --device auto",
            SOUND,
            2,
            &["--device auto", "both"],
        ),
        ("--pixel 1 1 --device nonesuch", SOUND, 1, &["nonesuch"]),
        ("--pixel 1 1", "", 2, &["nanobragg trace", "behind --"]),
        (
            "--pixel 1 1",
            "-default_F 1 -cell 9 -floatfile f.bin",
            2,
            &["-floatfile", "no use"],
        ),
        ("--pixel 1 1", "-default_F 1 -cell -9", 2, &["-cell"]),
    ];
    let mut wrong = Vec::new();
    for (options, flags, code, pieces) in cases {
        let ran = trace(folder.path(), options, flags);
        let missing: Vec<_> = pieces
            .iter()
            .filter(|piece| !ran.said.contains(**piece))
            .collect();
        let lines = ran.said.lines().count();
        if ran.code != Some(code) || !missing.is_empty() || lines != 1 || !ran.printed.is_empty() {
            wrong.push(format!(
                "{options}: {:?}, {missing:?} not in {}",
                ran.code, ran.said
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_environment_s_device_is_not_what_is_traced_on() {
    let mut command = program();
    command.env("NANOBRAGG_DEVICE", "nonesuch").arg("trace");
    command
        .args(words("--pixel 1 1 --json --"))
        .args(words(SOUND));
    let output = command.assert().success();
    let document: Value = serde_json::from_slice(&output.get_output().stdout).unwrap();
    assert_eq!(document["columns"][0], "cpu");
}

#[test]
fn help_says_what_the_command_takes() {
    let output = program().args(["trace", "--help"]).assert().success();
    let text = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    for flag in [
        "--pixel",
        "--subpixel",
        "--against",
        "--tolerance",
        "--log",
        "--json",
    ] {
        assert!(text.contains(flag), "{flag}");
    }
}
