//! Sweeps of a benchmark, and the figure drawn from them, as a user makes them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::program;
use image::RgbImage;
use serde_json::{Value, json};

/// Width of a panel, pixels.
const PANEL: u32 = 600;

fn picture(path: &Path) -> RgbImage {
    image::open(path).unwrap().into_rgb8()
}

/// The colours of lines: neither paper nor any grey, and solid for more than a few pixels.
fn line_colours(picture: &RgbImage) -> HashSet<[u8; 3]> {
    let mut counts = std::collections::HashMap::new();
    for pixel in picture.pixels() {
        *counts.entry(pixel.0).or_insert(0) += 1;
    }
    let coloured = |[r, g, b]: [u8; 3]| r.max(g).max(b) - r.min(g).min(b) > 40;
    let lines = counts
        .into_iter()
        .filter(|&(colour, count)| coloured(colour) && count > 300);
    lines.map(|(colour, _)| colour).collect()
}

/// Runs a benchmark in `folder` and gives the folder of its results.
fn bench(folder: &Path, words: &str) -> PathBuf {
    program()
        .current_dir(folder)
        .arg("bench")
        .args(words.split_whitespace())
        .assert()
        .success();
    let mut runs = fs::read_dir(folder.join("benchmarks")).unwrap();
    runs.next().unwrap().unwrap().path()
}

/// Runs `nanobragg figure`, and gives its exit code and what it said.
fn figure(folder: &Path, words: &[&str]) -> (i32, String) {
    let mut command = program();
    command.current_dir(folder).arg("figure").args(words);
    let done = command.output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    (done.status.code().unwrap(), said)
}

#[test]
fn a_benchmark_varies_one_thing_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--sizes 96,32,64 --domains 1,3 --threads 1,2 --iterations 2 --profile \
                 --keep-artifacts";
    let run = bench(folder.path(), words);
    let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
    let results: Value = serde_json::from_str(&read("benchmark_results.json")).unwrap();
    let settings = |sweep: &str| -> Vec<Value> {
        let cases = results[sweep].as_array().unwrap().iter();
        cases
            .map(|case| {
                let devices = case["devices"].as_array().unwrap().len();
                json!([case["size"], case["domains"], case["threads"], devices])
            })
            .collect()
    };
    assert_eq!(
        settings("sizes"),
        [
            json!([96, null, null, 2]),
            json!([32, null, null, 2]),
            json!([64, null, null, 2])
        ]
    );
    assert_eq!(
        settings("domains"),
        [json!([64, 1, null, 2]), json!([64, 3, null, 2])]
    );
    assert_eq!(
        settings("threads"),
        [json!([96, null, 1, 1]), json!([96, null, 2, 1])]
    );
    for (case, threads) in [(0, 1), (1, 2)] {
        assert_eq!(results["threads"][case]["devices"][0]["threads"], threads);
    }
    // Terms are those of the case at hand.
    for (case, domains) in [(0, 1.0), (1, 3.0)] {
        let terms = &results["domains"][case]["devices"][0]["terms"];
        assert_eq!(terms.as_f64(), Some(64.0 * 64.0 * domains));
    }

    let page = read("summary.md");
    for heading in [
        "## Times\n",
        "## Times against mosaic domains",
        "## Times against threads",
    ] {
        assert!(page.contains(heading), "{heading}: {page}");
    }
    let commands = read("commands.txt");
    assert!(
        commands.contains("-detpixels 64 -mosaic 0.5 -mosaic_domains 3"),
        "{commands}"
    );
    assert!(commands.contains("--device cpu --threads 2 "), "{commands}");
    assert!(read("correlation.txt").contains("\n64_domains_3 "));
    assert!(read("profile/hot_spots.csv").contains("\n96,,2,cpu,"));
    for name in [
        "images/64_domains_3_cpu.bin",
        "profile/trace_96_threads_2.json",
    ] {
        assert!(run.join(name).is_file(), "{name}");
    }

    // The domains differ from each other, or they would not be worth counting.
    let image = |name: &str| fs::read(run.join(name)).unwrap();
    assert_ne!(
        image("images/64_domains_3_cpu.bin"),
        image("images/64_cpu.bin")
    );
    assert_eq!(
        image("images/96_threads_2_cpu.bin"),
        image("images/96_threads_1_cpu.bin")
    );

    let own = run.join("scaling.png");
    let drawn = picture(&own);
    assert_eq!(drawn.width(), 3 * PANEL);
    assert_eq!(
        line_colours(&drawn).len(),
        2,
        "the CPU path and the software GPU"
    );
    let results = run.join("benchmark_results.json");
    let (code, said) = figure(folder.path(), &[results.to_str().unwrap(), "again.png"]);
    assert_eq!(
        (code, said.as_str()),
        (0, "nanobragg figure: wrote again.png\n")
    );
    assert_eq!(
        fs::read(folder.path().join("again.png")).unwrap(),
        fs::read(own).unwrap()
    );
}

#[test]
fn a_benchmark_of_one_case_has_no_figure_and_its_flags_own_spread_counts() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--sizes 32 --domains 5 --threads 1 --iterations 1 --device cpu -- \
                 -default_F 1 -cell 100 -N 5 -mosaic 2";
    let run = bench(folder.path(), words);
    assert!(!run.join("scaling.png").exists());
    let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
    let commands = read("commands.txt");
    assert!(!commands.contains("-mosaic 0.5"), "{commands}");
    let results: Value = serde_json::from_str(&read("benchmark_results.json")).unwrap();
    // One number of threads is for every render.
    assert_eq!(results["threads"], json!([]));
    assert_eq!(results["sizes"][0]["devices"][0]["threads"], 1);

    let results = run.join("benchmark_results.json");
    let (code, said) = figure(folder.path(), &[results.to_str().unwrap(), "none.png"]);
    assert_eq!(code, 1);
    assert!(
        said.contains("nothing to draw") && said.contains("--sizes 256,512"),
        "{said}"
    );
    assert!(!folder.path().join("none.png").exists());
}

/// A case of `size` in which `devices` took their time.
fn case(size: u32, domains: Option<u32>, devices: &[&str]) -> Value {
    let seconds = |slow: usize| 1e-9 * f64::from(size * size) * (slow + 1) as f64;
    let times = |wall: f64| {
        json!({"wall_s": wall, "input_s": 0.0, "setup_s": 0.0, "simulation_s": wall / 2.0,
               "read_back_s": 0.0, "files_s": wall / 2.0, "other_s": 0.0})
    };
    let measured = devices.iter().enumerate().map(|(slow, device)| {
        let wall = seconds(slow);
        json!({"device": device, "threads": 4, "pixels": size * size, "terms": 1.0,
               "cold": times(wall), "warm": [times(wall), times(wall * 1.5)],
               "peak_memory_bytes": null, "notices": []})
    });
    json!({"size": size, "domains": domains, "threads": null, "devices": measured.collect::<Vec<_>>(),
           "reference": {"program": "nanoBragg", "wall_s": [seconds(100)]},
           "agreements": [{"image": "a", "reference": "b", "correlation": null, "nrmse": null}]})
}

fn results(sizes: &[Value], domains: &[Value]) -> Value {
    json!({"schema": 2, "started": "2026-11-23T12:00:00Z", "flags": ["-N", "5"], "iterations": 2,
           "threshold": 0.99, "sizes": sizes, "domains": domains, "threads": []})
}

#[test]
fn every_device_has_a_colour_and_every_sweep_a_panel() {
    let folder = tempfile::tempdir().unwrap();
    let long =
        "An accelerator whose name goes on for longer than there is room in any legend that fits";
    let devices = ["cpu", "gpu", long];
    let sizes = [case(256, None, &devices), case(2048, None, &devices)];
    let domains = [
        case(256, Some(1), &devices),
        case(512, Some(1000), &devices),
    ];
    for (name, document, panels) in [
        ("one", results(&sizes, &domains[..1]), 1),
        ("two", results(&sizes, &domains), 2),
    ] {
        let file = folder.path().join("results.json");
        fs::write(&file, document.to_string()).unwrap();
        for copy in ["a", "b"] {
            let out = format!("{name}_{copy}.png");
            assert_eq!(figure(folder.path(), &["results.json", &out]).0, 0);
        }
        let path = |copy: &str| folder.path().join(format!("{name}_{copy}.png"));
        assert_eq!(fs::read(path("a")).unwrap(), fs::read(path("b")).unwrap());
        let drawn = picture(&path("a"));
        assert_eq!(drawn.width(), panels * PANEL);
        assert_eq!(line_colours(&drawn).len(), 3);
        // Nothing runs into the paper's edge.
        let (width, height) = drawn.dimensions();
        for (x, y, pixel) in drawn.enumerate_pixels() {
            if x < 5 || x >= width - 5 || y < 5 || y >= height - 5 {
                assert_eq!(pixel.0, [255; 3], "{x} {y}");
            }
        }
    }
}

#[test]
fn times_that_no_axis_has_a_place_for_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut sizes = [
        case(256, None, &["cpu"]),
        case(512, None, &["cpu"]),
        case(1024, None, &["cpu"]),
    ];
    for (times, value) in [(0, json!(0.0)), (1, json!(-1.0))] {
        sizes[2]["devices"][0]["warm"][times]["wall_s"] = value;
        sizes[2]["devices"][0]["warm"][times]["simulation_s"] = json!(1e300);
    }
    fs::write(
        folder.path().join("r.json"),
        results(&sizes, &[]).to_string(),
    )
    .unwrap();
    assert_eq!(figure(folder.path(), &["r.json", "out.png"]).0, 0);
    assert_eq!(picture(&folder.path().join("out.png")).width(), PANEL);
}

#[test]
fn a_figure_says_what_is_wrong_with_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let expected = "expected the benchmark_results.json of nanobragg bench";
    let sizes = [case(256, None, &["cpu"]), case(512, None, &["cpu"])];
    write("good.json", &results(&sizes, &[]).to_string());
    write("half.json", &results(&sizes, &[]).to_string()[..300]);
    write("foreign.json", "{\"name\": \"package\"}");
    write("later.json", "{\"schema\": 3}");
    write("poor.json", "{\"schema\": 2}");
    write("text.json", "# A page\n");
    write("bytes.json", "\0\u{1}\u{2}");
    for (words, code, said) in [
        (
            vec!["half.json", "out.png"],
            1,
            vec!["half.json, line 1: ", expected],
        ),
        (
            vec!["foreign.json", "out.png"],
            1,
            vec!["foreign.json: its schema is missing", expected],
        ),
        (
            vec!["later.json", "out.png"],
            1,
            vec!["later.json: its schema is 3", expected],
        ),
        (
            vec!["poor.json", "out.png"],
            1,
            vec!["poor.json, line 1: missing field `started`", expected],
        ),
        (
            vec!["text.json", "out.png"],
            1,
            vec!["text.json, line 1: ", expected],
        ),
        (
            vec!["bytes.json", "out.png"],
            1,
            vec!["bytes.json, line 1: ", expected],
        ),
        (
            vec!["nothing.json", "out.png"],
            1,
            vec!["cannot read nothing.json"],
        ),
        (
            vec![".", "out.png"],
            1,
            vec!["cannot read .: it is a directory"],
        ),
        (
            vec!["good.json", "no/such/out.png"],
            1,
            vec!["no/such/out.png", "no directory 'no/such'"],
        ),
        (
            vec!["good.json", "good.json"],
            2,
            vec!["good.json is named twice"],
        ),
        (vec!["good.json"], 2, vec!["nanobragg figure", "OUT.png"]),
        (vec![], 2, vec!["nanobragg figure"]),
        (vec!["good.json", "out.png", "stray"], 2, vec!["stray"]),
    ] {
        let (found, message) = figure(folder.path(), &words);
        assert_eq!(found, code, "{words:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        for part in said {
            assert!(message.contains(part), "{words:?}: {message}");
        }
        assert!(!folder.path().join("out.png").exists());
    }
    assert!(
        fs::read_to_string(folder.path().join("good.json"))
            .unwrap()
            .starts_with('{')
    );
}

#[test]
fn sweeps_say_what_is_wrong_with_their_flags() {
    let folder = tempfile::tempdir().unwrap();
    for (words, said) in [
        ("--domains 0", "--domains"),
        ("--domains 3,1,3", "--domains 3: given twice"),
        ("--threads 2,2", "--threads 2: given twice"),
        ("--domains 1,x", "expected a whole number from 1 to"),
        ("--threads 1,2000", "expected a whole number from 1 to 1024"),
        (
            "--threads 1,2 --device gpu",
            "--threads 1,2: several numbers of threads",
        ),
    ] {
        let done = program()
            .current_dir(folder.path())
            .arg("bench")
            .args(words.split(' '))
            .assert()
            .code(2);
        let found = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(found.contains(said), "{words}: {found}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{words}");
    }
}
