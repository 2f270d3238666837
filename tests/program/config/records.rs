//! An experiment in an image gives the image again, whatever its numbers, paths and frames are.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::{rendered, run_line, support};
use nanobragg::formats::image_file;
use nanobragg::memory::Bytes;

const SMALL: &str = "-default_F 100 -cell 70 80 90 -N 5 -detpixels_f 20 -detpixels_s 14 -pixel 0.5";

/// What `nanobragg info NAME --config` prints, also in the file `name`.toml.
fn recorded(here: &Path, name: &str) -> String {
    let output = run_line(here, &format!("info {name} --config"));
    assert!(output.status.success(), "{name}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    fs::write(here.join(format!("{name}.toml")), &text).unwrap();
    text
}

fn assert_same(here: &Path, one: &str, other: &str, line: &str) {
    let [first, second] = [one, other].map(|name| fs::read(here.join(name)).unwrap());
    assert!(first == second, "{line}: {one} and {other} differ");
}

/// Runs `check` on `cases` values of `strategy`, always the same ones; on as many as the variable
/// PROPTEST_CASES says, where it is set.
fn for_each<S: Strategy>(cases: u32, strategy: S, check: impl Fn(S::Value)) {
    let usual = ProptestConfig::default();
    let config = ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(cases, |_| usual.cases),
        failure_persistence: None,
        ..usual
    };
    let same = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    TestRunner::new_with_rng(config, same)
        .run(&strategy, |value| {
            check(value);
            Ok(())
        })
        .unwrap();
}

/// Angles: a few degrees, huge ones, none to speak of, and below what float64 has all digits for.
fn angle() -> impl Strategy<Value = f64> {
    prop_oneof![
        -360f64..360.0,
        -1e-3..1e-3,
        (-300i32..-5, -9.9f64..9.9).prop_map(|(power, digits)| digits * 10f64.powi(power)),
        -1e9..1e9,
        (1u64..1000).prop_map(|bits| -f64::from_bits(bits)),
    ]
}

#[test]
fn any_numbers_in_an_image_and_an_experiment_file_come_back() {
    let near = |value: f64| (-1e-6..1e-6).prop_map(move |part| value * (1.0 + part));
    let numbers = (
        [angle(), angle(), angle(), angle()],
        [near(1.1), near(90.0), near(1e25), near(0.9)],
        [-3f64..3.0, -1e-7..1e-7],
    );
    for_each(
        40,
        numbers,
        |(angles, [lambda, distance, fluence, polar], [x, tiny])| {
            let folder = tempfile::tempdir().unwrap();
            let here = folder.path();
            let [a, b, c, phi] = angles;
            let line = format!(
                "{SMALL} -misset {a:e} {b:?} {c:e} -phi {phi:e} -lambda {lambda} -distance {distance} \
             -fluence {fluence:e} -polar {polar} -Xbeam {x:e} -Ybeam 3 -detector_rotx {tiny:e} \
             -adc {x:e} -mosaic {} -mosaic_domains 3 -spindle_axis {tiny:e} {x} 1",
                tiny.abs()
            );
            let line = line.replace(" 0.", " .").replace(" -0.", " -.");
            rendered(
                here,
                &format!("{line} --out a.cbf --write-config w.toml --quiet"),
            );
            recorded(here, "a.cbf");
            for file in ["w.toml", "a.cbf.toml"] {
                rendered(here, &format!("--config {file} --out again.cbf --quiet"));
                assert_same(here, "a.cbf", "again.cbf", &line);
            }
        },
    );
}

/// Numbers of the frames of the file `name`.
fn frames(here: &Path, name: &str) -> Vec<nanobragg::formats::raster::Raster> {
    let file = image_file::frames(&here.join(name), Bytes(1 << 30))
        .unwrap()
        .unwrap();
    (0..file.frames())
        .map(|index| file.frame(index).unwrap())
        .collect()
}

/// A series: what moves, the flags beside it, the number of the first frame, and its frames.
fn series() -> impl Strategy<Value = (String, u32)> {
    let decimal = |range: std::ops::Range<i32>| {
        range.prop_map(|tenths| format!("{}", f64::from(tenths) / 10.0))
    };
    let scan = (
        prop_oneof![
            decimal(-200..200),
            angle().prop_map(|phi| format!("{phi:e}"))
        ],
        prop_oneof![
            decimal(1..20),
            (-2f64..2.0).prop_map(|osc| format!("{osc:e}"))
        ],
        prop_oneof![
            Just(""),
            Just("-phisteps 1"),
            Just("-phisteps 3"),
            Just("--phi-sampling start")
        ],
        prop_oneof![
            Just(""),
            Just("-misset random"),
            Just("-misset random -misset_seed -4"),
            Just("-misset 1 -2e-3 .5")
        ],
    );
    let scan = scan
        .prop_map(|(phi, osc, steps, misset)| format!("-phi {phi} -osc {osc} {steps} {misset}"));
    let random = (
        prop_oneof![
            Just(""),
            Just("-misset_seed 9"),
            Just("-seed 12"),
            Just("-seed -3")
        ],
        prop_oneof![Just(""), Just("-phi -1e-3"), Just("-osc 0.3 -phisteps 2")],
    );
    let random = random.prop_map(|(seed, scan)| format!("--random-orientations {seed} {scan}"));
    let beside = prop_oneof![
        Just(""),
        Just("-detector_thick 300 -detector_abs 500"),
        Just("-detector_thick 300 --layer-depth front -img ../head.img"),
        Just("-xtalsize 7e-5 -gauss_xtal"),
        Just("-mosaic 0.5 -mosaic_domains 2 -dispersion 1 -dispsteps 2"),
        Just("-img ../head.img"),
    ];
    let first = prop_oneof![Just(""), Just("--image-number 0"), Just("--image-number 7")];
    (prop_oneof![scan, random], beside, first, 1..4u32)
        .prop_map(|(motion, beside, first, frames)| (format!("{motion} {beside} {first}"), frames))
}

#[test]
fn a_record_of_a_series_gives_what_it_is_in() {
    for_each(30, series(), |(flags, count)| {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let head = format!(
            "{SMALL} -lambda 1.25 -phi 12.3456789 -osc 0.7 -distance 87.65 --out head.img --quiet"
        );
        rendered(root, &head);
        let here = &root.join("here");
        fs::create_dir(here).unwrap();
        let line = format!("series --frames {count} {SMALL} {flags} -flux 1e22 --readout 2");
        let outputs = "--out s.h5 --out m_master.h5 --out u.nxs --out p_#.cbf --out p_#.tif --out p_#.png \
                       --out-noise n.h5 --out-noise n_#.cbf";
        rendered(
            here,
            &format!("{line} {outputs} --frames-per-file 2 --quiet"),
        );
        for (name, again) in [
            ("s.h5", "scan.h5"),
            ("m_master.h5", "scan.h5"),
            ("u.nxs", "scan.h5"),
            ("n.h5", "scan.h5"),
        ] {
            let record = recorded(here, name);
            let instruction = record
                .lines()
                .find_map(|line| line.split_once("nanobragg series "));
            let (_, instruction) = instruction.unwrap_or_else(|| panic!("{record}"));
            let own = instruction.replace("FILE", &format!("{name}.toml"));
            rendered(here, &format!("series {own} --quiet"));
            let [one, other] = [name, again].map(|name| frames(here, name));
            assert!(
                one.len() == count as usize && one == other,
                "{line}: {name}\n{record}"
            );
            let told = recorded(here, again);
            assert_eq!(told, record, "{line}: {name}");
            // A render of it would be of no frame.
            let output = run_line(here, &format!("--config {name}.toml --out no.npy"));
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                output.status.code() == Some(2) && said.contains("nanobragg series --config"),
                "{said}"
            );
        }
        let first = match flags.split_once("--image-number ") {
            Some((_, first)) => first.trim().parse().unwrap(),
            None => 1,
        };
        for number in first..first + count {
            for (start, ending, flag) in [
                ("p", "cbf", "--out"),
                ("p", "tif", "--out"),
                ("p", "png", "--out"),
                ("n", "cbf", "--out-noise"),
            ] {
                let name = format!("{start}_{number}.{ending}");
                let record = recorded(here, &name);
                assert!(!record.contains("[series]"), "{record}");
                rendered(
                    here,
                    &format!("--config {name}.toml {flag} again.{ending} --quiet"),
                );
                assert_same(
                    here,
                    &name,
                    &format!("again.{ending}"),
                    &format!("{line}\n{record}"),
                );
            }
        }
    });
}

#[test]
fn records_name_input_files_as_the_user_wants() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("data")).unwrap();
    let hkl = "lysozyme_1aki_p1.hkl";
    fs::copy(support::golden_path(hkl), here.join("data").join(hkl)).unwrap();
    let outside = support::golden_path("liquid.stol").display().to_string();
    let inside = here
        .canonicalize()
        .unwrap()
        .join("data")
        .join(hkl)
        .display()
        .to_string();
    let line = format!(
        "-cell 59.062 68.451 30.517 -N 4 -detpixels 32 -pixel 1 -hkl {inside} \
         --background {outside},thickness=0.5,density=1,mw=18 --out a.cbf --out a.tif --out a.png --out a.h5 \
         --out-noise n.nxs -seed 1"
    );
    let names = ["a.cbf", "a.tif", "a.png", "a.h5", "n.nxs"];
    rendered(here, &line);
    let as_they_are = names.map(|name| recorded(here, name));
    rendered(here, &format!("{line} --record full"));
    assert_eq!(names.map(|name| recorded(here, name)), as_they_are);
    for record in &as_they_are {
        assert!(
            record.contains(&inside) && record.contains(&outside),
            "{record}"
        );
    }
    rendered(
        here,
        &format!("{line} --record relative --write-config w.toml"),
    );
    let again = "--config w.toml --out b.cbf --quiet";
    rendered(here, again);
    assert_same(here, "a.cbf", "b.cbf", again);
    for record in names.map(|name| recorded(here, name)) {
        let folder = here.canonicalize().unwrap().display().to_string();
        assert!(
            !record.contains(&folder) && !record.contains("golden"),
            "{record}"
        );
        for part in [
            "structure_factors = \"data/lysozyme_1aki_p1.hkl\"",
            "file = \"liquid.stol\"",
            "\"liquid.stol\" = { bytes",
            "\"data/lysozyme_1aki_p1.hkl\" = { bytes",
        ] {
            assert!(record.contains(part), "{part}: {record}");
        }
    }
    // Beside the files it is rendered again.
    fs::copy(&outside, here.join("liquid.stol")).unwrap();
    rendered(
        here,
        "--config a.cbf.toml --record relative --out c.cbf --quiet",
    );
    assert_same(here, "a.cbf", "c.cbf", "relative");
    rendered(here, &format!("{line} --record none"));
    for name in names {
        let output = run_line(here, &format!("info {name} --config"));
        assert_eq!(output.status.code(), Some(1), "{name}");
    }
    let said = rendered(here, &format!("{SMALL} -floatfile f.bin --record none"));
    assert!(
        said.contains("--record has no effect: no PNG, TIFF, CBF or NXmx file is written"),
        "{said}"
    );
}

#[test]
fn what_a_file_repeats_without_end_is_cut() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let digits = "7".repeat(1_000_000);
    for (name, text) in [
        (
            "value.toml",
            format!("[beam]\nwavelength_A = -{digits}.0\n"),
        ),
        ("whole.toml", format!("[detector]\npixels = {digits}\n")),
        (
            "list.toml",
            format!("[crystal]\ncell_A_deg = [{}]\n", "7, ".repeat(300_000)),
        ),
        (
            "text.toml",
            format!("[crystal]\nshape = \"{}\"\n", "a b ".repeat(300_000)),
        ),
        ("key.toml", format!("[crystal]\n{digits} = 1\n")),
        ("section.toml", format!("[{digits}]\n")),
        ("old.toml", format!("[sampling]\ntolerance = {digits}\n")),
    ] {
        fs::write(here.join(name), text).unwrap();
        let output = run_line(here, &format!("{SMALL} --dry-run --quiet --config {name}"));
        let said = String::from_utf8_lossy(&output.stderr);
        // A key that is no longer used is told and does not count.
        assert_eq!(output.status.success(), name == "old.toml", "{said}");
        assert!(said.len() < 6000, "{name}: {}", said.len());
        assert!(said.contains(name), "{name}: {said}");
    }
    for (name, text, flag) in [
        ("list.hkl", format!("1 2 3 {digits}\n"), "-cell 70 -hkl"),
        ("text.hkl", format!("1 2 3 x{digits}\n"), "-cell 70 -hkl"),
        (
            "a.mat",
            format!("1 2 3 4 5 6 7 8 {digits}\n"),
            "-default_F 1 -mat",
        ),
    ] {
        fs::write(here.join(name), text).unwrap();
        let output = run_line(here, &format!("{flag} {name}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.len() < 1000 && said.contains(name), "{said}");
    }
    let digits = "7".repeat(100_000);
    for line in [
        format!("-lambda -{digits}"),
        format!("-detpixels {digits}"),
        format!("-{digits}x"),
        format!("-misset 1 2 x{digits}"),
    ] {
        let output = run_line(here, &line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(2) && said.len() < 1000 && said.contains("more)"),
            "{said}"
        );
    }
}
