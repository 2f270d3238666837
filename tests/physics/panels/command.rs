//! The command line: what goes with a file that describes a detector, and what is wrong with one.

use std::path::Path;

use serde_json::{Value, json};

use crate::support;
use crate::support::panel_files::{experiment_list, file, geometry_file};

const FLAGS: &str =
    "-default_F 100 -cell 70 80 90 -N 5 -detpixels_f 40 -detpixels_s 30 -oversample 1";

/// What goes with a file to make a render.
const WITH: &str = "-default_F 100 -N 5 -oversample 1";

/// Two halves side by side, as an experiment list.
fn list() -> Value {
    let experiment = support::experiment(FLAGS);
    experiment_list(&experiment, &halves())
}

fn halves() -> Vec<nanobragg::experiment::Panel> {
    let whole = support::experiment(FLAGS).detector().panels[0].clone();
    let half = |name: &str, first: f64| nanobragg::experiment::Panel {
        name: name.into(),
        origin_m: whole.point_m([first, 0.0]),
        shape: [20, 30],
        ..whole.clone()
    };
    vec![half("left", 0.0), half("right", 20.0)]
}

/// Exit code, standard output and standard error of the program.
fn run(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let output = support::program()
        .current_dir(folder)
        .args(words)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// Runs with bad input, which costs nobody a file: the exit code, and what is said in one line.
fn refused(folder: &Path, line: &str) -> (i32, String) {
    let before = std::fs::read_dir(folder).unwrap().count();
    let words: Vec<&str> = line
        .split_whitespace()
        .chain(["-floatfile", "never.bin"])
        .collect();
    let (code, out, said) = run(folder, &words);
    assert_eq!(
        (out.as_str(), said.lines().count()),
        ("", 1),
        "{line}: {said}"
    );
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), before, "{line}");
    (code, said)
}

#[test]
fn what_is_wrong_with_panels_is_said_with_their_names_and_keys() {
    let folder = tempfile::tempdir().unwrap();
    let left = "/detector/0/panels/0";
    let changes: [(&str, Value, &[&str]); 7] = [
        (
            "origin",
            json!([-2.0, 1.5, 100.0]),
            &[
                "panel \"left\" (number 0): it lies behind the sample: all of it is upstream",
                "look at the keys origin and, of the beam, direction",
            ],
        ),
        (
            "origin",
            json!([-1.5, 1.55, -100.0]),
            &[
                "panel \"left\" (number 0) and panel \"right\" (number 1) overlap",
                "look at the keys origin, fast_axis and slow_axis",
            ],
        ),
        (
            "fast_axis",
            json!([0.0, 1.0, 0.0]),
            &["panel \"left\" (number 0): fast_axis and slow_axis are parallel"],
        ),
        (
            "pixel_size",
            json!("0.1"),
            &[
                "panel \"left\" (number 0), key pixel_size: ",
                "expected two positive numbers",
            ],
        ),
        (
            "pixel_size",
            json!([1e-30, 1e-30]),
            &[
                "panel \"left\" (number 0): the pixel size",
                "keys pixel_size",
            ],
        ),
        (
            "image_size",
            json!([21, 30]),
            &[
                "panel \"left\" (number 0) is 21 pixels wide and panel \"right\"",
                "keys image_size",
            ],
        ),
        (
            "slow_axis",
            Value::Null,
            &["panel \"left\" (number 0): key slow_axis is missing"],
        ),
    ];
    for (key, value, expected) in changes {
        let mut list = list();
        list.pointer_mut(left).unwrap()[key] = value;
        file(folder.path(), "bad.expt", list.to_string());
        let (code, said) = refused(folder.path(), &format!("--expt bad.expt {WITH}"));
        assert_eq!(code, 1, "{key}: {said}");
        assert!(said.starts_with("nanobragg: bad.expt"), "{said}");
        for part in expected {
            assert!(said.contains(part), "{said}\n  should hold\n{part}");
        }
    }
    // Axes in x and y, wherever the panel is.
    let mut skewed = list();
    skewed.pointer_mut(left).unwrap()["fast_axis"] = json!([1.0, 1.0, 0.0]);
    skewed.pointer_mut(left).unwrap()["slow_axis"] = json!([0.0, -1.0, 0.0]);
    file(folder.path(), "bad.expt", skewed.to_string());
    let (code, said) = refused(folder.path(), &format!("--expt bad.expt {WITH}"));
    let expected = "panel \"left\" (number 0): keys fast_axis, slow_axis: they are at 135.0000° to \
                    each other; expected a right angle";
    assert!(code == 1 && said.contains(expected), "{said}");

    let text = geometry_file(&halves(), 1e-10);
    let with = format!("{WITH} -cell 70 80 90");
    for (from, to, expected) in [
        (
            "clen = 0.05 m",
            "clen = -0.25 m",
            [
                "panel \"left\" (number 0): it lies behind",
                "keys clen and coffset",
            ],
        ),
        (
            "right/corner_x",
            "right/corner_x = 10\n;",
            ["overlap", "keys corner_x, corner_y"],
        ),
        (
            "left/fs",
            "left/bs",
            ["panel \"left\": key fs is missing", "expected a vector"],
        ),
        (
            "left/ss = ",
            "left/ss = 0.70710678x -0.70710678y\n;",
            [
                "panel \"left\": keys fs, ss: they are at ",
                "expected a right angle",
            ],
        ),
        (
            "left/min_fs",
            "badspot/min_x = 10\nbadspot/max_x = -10\nbadspot/min_y = 0\nbadspot/max_y = 1\nleft/min_fs",
            [
                "bad region \"badspot\": keys min_x, max_x: ",
                "it holds no pixel",
            ],
        ),
        (
            "left/max_fs = 19",
            "left/max_fs = 20",
            ["is 21 pixels wide", "keys min_fs and max_fs"],
        ),
        (
            "left/res = ",
            "left/res = x",
            ["panel \"left\": 'x", "is not a number"],
        ),
    ] {
        assert!(text.contains(from), "{from}");
        file(folder.path(), "bad.geom", text.replacen(from, to, 1));
        let (code, said) = refused(folder.path(), &format!("--geom bad.geom {with}"));
        assert_eq!(code, 1, "{said}");
        for part in expected {
            assert!(said.contains(part), "{said}\n  should hold\n{part}");
        }
    }
}

#[test]
fn files_that_are_no_such_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = list().to_string();
    let contents: [(&[u8], &str); 5] = [
        (b"", "expected an experiment list"),
        (
            b"{\n\"experiment\": [\n",
            "line 3: it ends before its JSON does; expected",
        ),
        (b"[]", "expected an experiment list or an imageset"),
        (b"\xff\xfe", "not text"),
        (
            &whole.as_bytes()[..whole.len() / 2],
            "it ends before its JSON does",
        ),
    ];
    for (bytes, expected) in contents {
        file(folder.path(), "bad.expt", bytes);
        let (code, said) = refused(folder.path(), &format!("--expt bad.expt {WITH}"));
        assert!(
            code == 1 && said.contains(expected) && said.contains("bad.expt"),
            "{said}"
        );
    }
    file(folder.path(), "list.expt", &whole);
    let (code, said) = refused(folder.path(), &format!("--geom list.expt {WITH} -cell 70"));
    assert!(
        code == 1 && said.contains("expected a CrystFEL geometry file"),
        "{said}"
    );
    let (code, said) = refused(folder.path(), &format!("--expt none.expt {WITH}"));
    assert!(
        code == 1 && said.contains("cannot read none.expt"),
        "{said}"
    );
    let (code, said) = refused(
        folder.path(),
        &format!("--expt list.expt --expt-index 5 {WITH}"),
    );
    assert!(
        code == 1 && said.contains("there is no experiment 5; the file has 1"),
        "{said}"
    );
    // The file itself is no place for an image.
    let words = format!("--expt list.expt {WITH} --tiff list.expt");
    let (code, said) = refused(folder.path(), &words);
    assert!(
        code == 2 && said.contains("it would overwrite the input"),
        "{said}"
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join("list.expt")).unwrap(),
        whole
    );
}

#[test]
fn flags_that_place_a_detector_do_not_go_with_a_file() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "d.expt", list().to_string());
    file(folder.path(), "d.geom", geometry_file(&halves(), 1e-10));
    for flag in [
        "-distance 100",
        "-close_distance 100",
        "-pixel 0.1",
        "-detpixels 10",
        "-detpixels_x 10",
        "-detsize 10",
        "-detsize_s 10",
        "-Xbeam 1",
        "-Ybeam 1",
        "-Xclose 1",
        "-Yclose 1",
        "-ORGX 1",
        "-ORGY 1",
        "-mosflm",
        "-xds",
        "-adxv",
        "-denzo",
        "-dials",
        "-pivot beam",
        "-detector_rotx 1",
        "-detector_roty 1",
        "-detector_rotz 1",
        "-twotheta 1",
        "-curved_det",
        "-img d.expt",
        "-beam_vector 0 0 1",
        "-fdet_vector 1 0 0",
        "-sdet_vector 0 1 0",
        "-odet_vector 0 0 1",
        "-twotheta_axis 0 1 0",
        "-pix0_vector 0 0 1",
    ] {
        let (name, _) = flag.split_once(' ').unwrap_or((flag, ""));
        for (file, more) in [("--expt d.expt", ""), ("--geom d.geom", "-cell 70")] {
            let (code, said) = refused(folder.path(), &format!("{file} {WITH} {more} {flag}"));
            let name = name.replace("_x", "_f").replace("rotf", "rotx");
            let name = if flag.starts_with("-detector_rotx") {
                "-detector_rotx".into()
            } else {
                name
            };
            let expected = format!("{name} and {file} both place the detector");
            assert!(code == 2 && said.contains(&expected), "{said}");
        }
    }
    let (code, said) = refused(
        folder.path(),
        &format!("--expt d.expt --geom d.geom {WITH}"),
    );
    assert!(
        code == 2 && said.contains("--expt and --geom both place the detector"),
        "{said}"
    );
    // New flags take two dashes.
    let (code, said) = refused(folder.path(), &format!("-expt d.expt {WITH}"));
    assert!(code == 2 && said.contains("did you mean --expt?"), "{said}");
}

#[test]
fn what_a_file_leaves_open_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut still = list();
    still["experiment"][0]["crystal"] = Value::Null;
    file(folder.path(), "still.expt", still.to_string());
    let text = geometry_file(&halves(), 1e-10);
    file(folder.path(), "d.geom", &text);
    file(
        folder.path(),
        "dark.geom",
        text.replacen("wavelength", "; wavelength", 1),
    );
    let elsewhere = text.replacen(
        "wavelength = 0.0000000001 m",
        "photon_energy = /LCLS/energy",
        1,
    );
    file(
        folder.path(),
        "elsewhere.geom",
        elsewhere.replacen("clen = 0.05 m", "clen = /LCLS/clen", 1),
    );
    let cell = "-cell 70 80 90";
    for (line, expected) in [
        (
            "--expt still.expt".to_string(),
            "it holds no crystal; give its cell with -cell, or -mat FILE",
        ),
        (
            "--geom d.geom".into(),
            "it holds no crystal; give its cell with -cell, or -mat FILE",
        ),
        (
            format!("--geom dark.geom {cell}"),
            "it holds no number for the photon energy; give -energy or -lambda",
        ),
        (
            format!("--geom elsewhere.geom {cell} --clen 50"),
            "no number for the photon energy",
        ),
    ] {
        let (code, said) = refused(folder.path(), &format!("{line} {WITH}"));
        assert!(code == 2 && said.contains(expected), "{said}");
    }
    let (code, said) = refused(
        folder.path(),
        &format!("--geom elsewhere.geom {cell} -lambda 1 {WITH}"),
    );
    assert!(
        code == 1
            && said.contains(
                "key clen stands in a data file; write a number of metres, or give --clen"
            ),
        "{said}"
    );
    // With what was asked for, all of them are rendered, and alike.
    let image = |line: String| {
        let words: Vec<&str> = line
            .split_whitespace()
            .chain(["-floatfile", "image.bin"])
            .collect();
        let (code, _, said) = run(folder.path(), &words);
        assert_eq!(code, 0, "{line}: {said}");
        std::fs::read(folder.path().join("image.bin")).unwrap()
    };
    let whole = image(format!("--geom d.geom {cell} {WITH}"));
    assert!(image(format!("--geom dark.geom {cell} -lambda 1 {WITH}")) == whole);
    assert!(
        image(format!(
            "--geom elsewhere.geom {cell} -lambda 1 --clen 50 {WITH}"
        )) == whole
    );
    image(format!("--expt still.expt {cell} {WITH}"));
    // Structure factors may bring the cell along.
    let mut factors = super::support::mtz_file::MtzFile::new(vec![1.0, 2.0, 3.0, 4.0]);
    factors.records.push("CELL 70 80 90 90 90 90".into());
    file(folder.path(), "f.mtz", factors.bytes());
    let of_file = image(format!("--geom d.geom -hkl f.mtz {WITH}"));
    assert!(image(format!("--geom d.geom -hkl f.mtz {cell} {WITH}")) == of_file);
    // A crystal of another cell is another crystal.
    let mut another = list();
    another["crystal"][0]["real_space_a"] = json!([72.0, 0.0, 0.0]);
    file(folder.path(), "another.expt", another.to_string());
    let (code, said) = refused(
        folder.path(),
        &format!("--expt another.expt -hkl f.mtz {WITH}"),
    );
    assert!(
        code == 2 && said.contains("f.mtz: the cell 70.000 80.000 90.000 Å"),
        "{said}"
    );
    assert!(said.contains("contradicts --expt, 72.000"), "{said}");
}

#[test]
fn the_summary_and_notices_speak_of_panels() {
    let folder = tempfile::tempdir().unwrap();
    let mut list = list();
    list["crystal"][0]["A_at_scan_points"] = json!([]);
    file(folder.path(), "d.expt", list.to_string());
    let line = format!("--expt d.expt {WITH} -intfile int.img -tiff t.tif --clen 3")
        .replace("-tiff", "--tiff");
    let words: Vec<&str> = line.split_whitespace().collect();
    let (code, _, said) = run(folder.path(), &words);
    assert_eq!(code, 0, "{said}");
    for expected in [
        "note: d.expt: the crystal is taken as it stands, without its changes during the scan",
        "note: -intfile: an SMV header describes one panel; it is that of the first of 2",
        "note: --clen has no effect: it is for --geom",
        "detector     panels 2, pixels 20 60, pixel mm 0.1, ",
        "geometry     d.expt",
    ] {
        assert!(said.contains(expected), "{said}\n  should hold\n{expected}");
    }
    // Where no such file is written, nothing is said of it.
    let line = format!("trace --pixel 3 41 -- --expt d.expt {WITH}");
    let (code, _, said) = run(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
    assert!(code == 0 && !said.contains("SMV"), "{said}");
    let smv = std::fs::read(folder.path().join("int.img")).unwrap();
    assert!(String::from_utf8_lossy(&smv[..512]).contains("SIZE1=20;\nSIZE2=60;\n"));
    // One panel is one panel, wherever it comes from.
    let words: Vec<&str> = FLAGS
        .split_whitespace()
        .chain(["--json", "--overview", "o.png"])
        .collect();
    let (_, out, said) = run(folder.path(), &words);
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&summary["detector"]["panels"], &summary["geometry"]),
        (&json!(1), &Value::Null)
    );
    assert_eq!(said, "");
}

#[test]
fn panels_that_show_nothing_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let named = |names: &[&str]| {
        let mut document = list();
        for panel in document["detector"][0]["panels"].as_array_mut().unwrap() {
            if names.iter().any(|name| panel["name"] == *name) {
                panel["mask"] = json!([[0, 0, 1000, 1000]]);
            }
        }
        file(folder.path(), "list.expt", document.to_string());
        let line = format!("--expt list.expt {WITH} -floatfile a.bin --quiet");
        let words: Vec<&str> = line.split_whitespace().collect();
        run(folder.path(), &words)
    };
    let (code, _, said) = named(&["right"]);
    let told = "note: all pixels of panel \"right\" (number 1) are masked";
    assert!(code == 0 && said.contains(told), "{said}");
    let (_, _, said) = named(&[]);
    assert!(!said.contains("are masked"), "{said}");
    // Of all of them another line tells.
    let (_, _, said) = named(&["left", "right"]);
    assert!(!said.contains("are masked"), "{said}");
    assert!(said.contains("no pixel is rendered"), "{said}");
}

#[test]
fn a_detector_without_a_pixel_to_render_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = geometry_file(&halves(), 1e-10);
    for (before, expected) in [("", false), ("mask_edge_pixels = 100\n", true)] {
        file(folder.path(), "d.geom", format!("{before}{text}"));
        let line = format!("--geom d.geom {WITH} -cell 70 80 90 -floatfile image.bin");
        let (code, _, said) = run(folder.path(), &line.split_whitespace().collect::<Vec<_>>());
        let told = "nanobragg: note: no pixel is rendered: masks and the region of interest";
        assert!(code == 0 && said.contains(told) == expected, "{said}");
        assert!(!said.contains("-0"), "{said}");
    }
}

#[test]
fn one_panel_seen_along_the_beam_is_its_bare_image() {
    let folder = tempfile::tempdir().unwrap();
    for convention in ["-mosflm", "-xds", "-dials", "-denzo"] {
        let line = format!(
            "{FLAGS} {convention} -Xbeam 1 -Ybeam 2 --png-depth 16 --png a.png --overview b.png"
        );
        let words: Vec<&str> = line.split_whitespace().collect();
        let (code, _, said) = run(folder.path(), &words);
        assert_eq!(code, 0, "{said}");
        let [png, overview] =
            ["a.png", "b.png"].map(|name| std::fs::read(folder.path().join(name)).unwrap());
        let [png, overview] = [png, overview].map(|bytes| {
            nanobragg::formats::png::decode(&bytes, nanobragg::memory::Bytes(1 << 30))
                .unwrap()
                .into_image()
        });
        assert!(png.values().iter().any(|&shade| shade < 60000.0));
        assert!(png == overview, "{convention}");
    }
}

#[test]
fn pixels_of_the_stack_are_printed() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "d.expt", list().to_string());
    let line = |more: &str| format!("--expt d.expt {WITH} -floatfile image.bin --quiet {more}");
    let words = line("-printout_pixel 3 41");
    let (code, out, said) = run(folder.path(), &words.split_whitespace().collect::<Vec<_>>());
    assert_eq!(code, 0, "{said}");
    assert!(out.starts_with("pixel 3 41\n"), "{out}");
    let words = line("-printout -roi 1 2 28 29");
    let (_, out, _) = run(folder.path(), &words.split_whitespace().collect::<Vec<_>>());
    let pixels: Vec<&str> = out
        .lines()
        .filter(|line| line.starts_with("pixel "))
        .collect();
    let expected = [28, 29, 58, 59].map(|slow| [1, 2].map(|fast| format!("pixel {fast} {slow}")));
    assert_eq!(pixels, expected.as_flattened());
    let (code, said) = refused(
        folder.path(),
        &format!("--expt d.expt {WITH} -printout_pixel 3 60"),
    );
    assert!(
        code == 2 && said.contains("the detector has 20 x 60 pixels"),
        "{said}"
    );
    let (code, said) = refused(
        folder.path(),
        &format!("--expt d.expt {WITH} -printout_pixel 3 31 -roi 0 9 2 9"),
    );
    assert!(
        code == 2 && said.contains("that pixel is not rendered"),
        "{said}"
    );
    let (code, said) = refused(
        folder.path(),
        &format!("--expt d.expt {WITH} -roi 0 20 0 3"),
    );
    assert!(
        code == 2 && said.contains("-roi: panel \"left\" (number 0): the region of interest"),
        "{said}"
    );

    let (code, said) = refused(
        folder.path(),
        &format!("--expt d.expt {WITH} -detector_abs 300 -detector_thick 1e20"),
    );
    assert!(
        code == 2
            && said.contains("-detector_thick: panel \"left\" (number 0): the sensor's thickness"),
        "{said}"
    );

    let trace =
        "trace --pixel 3 41 --device both -- --expt d.expt -default_F 100 -N 5 -oversample 1";
    let (code, out, said) = run(folder.path(), &trace.split_whitespace().collect::<Vec<_>>());
    assert!(code == 0 && out.starts_with("pixel 3 41,"), "{out}{said}");
}

#[test]
fn other_commands_say_what_they_cannot_do() {
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "d.expt", list().to_string());
    let (code, _, said) = run(
        folder.path(),
        &["bench", "--", "--expt", "d.expt", "-default_F", "100"],
    );
    assert!(
        code == 2 && said.contains("--expt: leave the detector's size out"),
        "{said}"
    );
    let words = "compare --reference true -- --expt d.expt -default_F 100";
    let (code, _, said) = run(folder.path(), &words.split_whitespace().collect::<Vec<_>>());
    assert!(
        code == 2 && said.contains("--expt: the reference does not know it"),
        "{said}"
    );
}
