//! Profiles and benchmarks, as a user makes them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::program;
use serde_json::Value;

/// The case of the audit, in a small frame.
const AUDIT: &str = "-default_F 100 -cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -distance 100";

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// A span of a Chrome trace: name, category, process and lane, begin and end in µs.
#[derive(Debug, Clone)]
struct Event {
    name: String,
    category: String,
    lane: (u64, u64),
    begin: f64,
    end: f64,
}

/// The spans of a trace; every event has what a viewer needs.
fn events(trace: &Value) -> Vec<Event> {
    let all = trace["traceEvents"].as_array().unwrap();
    let mut spans = Vec::new();
    for event in all {
        let number = |key: &str| {
            event[key]
                .as_f64()
                .unwrap_or_else(|| panic!("{key}: {event}"))
        };
        let text = |key: &str| {
            event[key]
                .as_str()
                .unwrap_or_else(|| panic!("{key}: {event}"))
        };
        let begin = number("ts");
        let span = Event {
            name: text("name").to_string(),
            category: text("cat").to_string(),
            lane: (number("pid") as u64, number("tid") as u64),
            begin,
            end: begin + number("dur"),
        };
        assert!(begin >= 0.0 && span.end >= begin, "{span:?}");
        match text("ph") {
            "X" => spans.push(span),
            phase => assert_eq!(phase, "M", "{event}"),
        }
    }
    spans
}

/// Asserts that two spans of one lane lie apart or one inside the other.
fn assert_nested(spans: &[Event]) {
    let mut open: HashMap<(u64, u64), Vec<Event>> = HashMap::new();
    let mut sorted = spans.to_vec();
    sorted.sort_by(|a, b| (a.begin, -a.end).partial_cmp(&(b.begin, -b.end)).unwrap());
    for span in sorted {
        let around = open.entry(span.lane).or_default();
        // Times are written to the nanosecond.
        while around
            .last()
            .is_some_and(|outer| outer.end <= span.begin + 1e-3)
        {
            around.pop();
        }
        if let Some(outer) = around.last() {
            assert!(
                span.end <= outer.end + 1e-3,
                "{span:?} sticks out of {outer:?}"
            );
        }
        around.push(span);
    }
}

/// The children of the span named `run`: those in its lane that lie in no other.
fn children<'a>(spans: &'a [Event], run: &Event) -> Vec<&'a Event> {
    let inside = |span: &Event, outer: &Event| {
        span.lane == outer.lane && outer.begin <= span.begin && span.end <= outer.end
    };
    let within: Vec<&Event> = spans
        .iter()
        .filter(|span| span.name != run.name && inside(span, run))
        .collect();
    let direct = within.iter().filter(|span| {
        let mut others = within.iter().filter(|other| other.name != span.name);
        !others.any(|other| inside(span, other))
    });
    direct.copied().collect()
}

#[test]
fn a_profile_accounts_for_the_wall_time_on_both_paths() {
    for device in ["cpu", "gpu"] {
        let folder = tempfile::tempdir().unwrap();
        let words = format!(
            "{AUDIT} -detpixels 700 -mosaic 1 -mosaic_domains 50 --device {device} \
             --profile trace.json --json"
        );
        let done = program()
            .current_dir(folder.path())
            .args(words.split(' '))
            .assert()
            .success();
        let summary: Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
        let trace = json(&folder.path().join("trace.json"));
        let spans = events(&trace);
        assert_nested(&spans);

        let run = spans.iter().find(|span| span.category == "run").unwrap();
        let wall_us = summary["seconds"].as_f64().unwrap() * 1e6;
        let length = run.end - run.begin;
        assert!(
            (length / wall_us - 1.0).abs() < 0.05,
            "{length} of {wall_us} µs"
        );
        let parts = children(&spans, run);
        let accounted: f64 = parts.iter().map(|span| span.end - span.begin).sum();
        assert!(
            (accounted / wall_us - 1.0).abs() < 0.05,
            "{accounted} of {wall_us} µs"
        );
        for category in ["input", "setup", "simulation", "files"] {
            let is_of_it = |span: &Event| span.lane == run.lane && span.category == category;
            assert!(spans.iter().any(is_of_it), "{category}");
        }
        let on_gpu = spans.iter().filter(|span| span.category == "gpu");
        let timed: f64 = on_gpu.map(|span| span.end - span.begin).sum();
        if device == "gpu" {
            let of_dispatches = |span: &&Event| span.name.ends_with("dispatch");
            let dispatches = || spans.iter().filter(of_dispatches);
            // The device has one while the host waits for another.
            let begin = dispatches().map(|span| span.begin).fold(f64::MAX, f64::min);
            let end = dispatches().map(|span| span.end).fold(0.0, f64::max);
            let waited: f64 = dispatches().map(|span| span.end - span.begin).sum();
            let terms = spans.iter().filter(|span| span.name == "render kernel");
            let terms: f64 = terms.map(|span| span.end - span.begin).sum();
            assert!(
                timed > 0.1 * waited && terms > 0.0 && terms <= end - begin,
                "{terms} of {timed} µs, {waited} µs of waiting, from {begin} to {end}"
            );
        } else {
            assert_eq!(timed, 0.0);
            assert_eq!(spans.iter().filter(|span| span.name == "row").count(), 700);
        }

        let table = fs::read_to_string(folder.path().join("hot_spots.csv")).unwrap();
        let mut lines = table.lines();
        assert_eq!(
            lines.next(),
            Some("name,category,calls,total_s,self_s,inclusive_percent")
        );
        for line in lines {
            let percent: f64 = line.rsplit(',').next().unwrap().parse().unwrap();
            assert!((0.0..=100.0).contains(&percent), "{line}");
        }
        let files = summary["files"].as_array().unwrap().iter();
        let flags: Vec<&str> = files.map(|file| file["flag"].as_str().unwrap()).collect();
        assert_eq!(flags.iter().filter(|flag| **flag == "--profile").count(), 2);
    }
}

#[test]
fn a_profile_shows_its_table_and_changes_no_image() {
    let folder = tempfile::tempdir().unwrap();
    let render = |name: &str, more: &str| {
        let words = format!("{AUDIT} -detpixels 64 -floatfile {name} {more}");
        let done = program()
            .current_dir(folder.path())
            .args(words.split_whitespace())
            .assert()
            .success();
        let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        (fs::read(folder.path().join(name)).unwrap(), said)
    };
    let (plain, _) = render("plain.bin", "");
    let (profiled, said) = render("profiled.bin", "--profile t.json");
    assert_eq!(plain, profiled);
    assert!(
        said.contains("where the time went") && said.contains("simulation: row"),
        "{said}"
    );
    assert!(
        said.contains("flag --profile, path t.json") && said.contains("hot_spots.csv"),
        "{said}"
    );
    let (_, said) = render("quiet.bin", "--profile t.json --quiet");
    assert_eq!(said, "");
}

#[test]
fn a_profile_of_a_series_shows_every_frame() {
    let folder = tempfile::tempdir().unwrap();
    let words = format!(
        "series {AUDIT} -detpixels 40 -osc 1 --frames 3 --out f_#.cbf --profile t.json --json"
    );
    let done = program()
        .current_dir(folder.path())
        .args(words.split_whitespace())
        .assert()
        .success();
    let summary: Value = serde_json::from_slice(&done.get_output().stdout).unwrap();
    let files = summary["files"].as_array().unwrap().iter();
    let profiled = files.filter(|file| file["flag"] == "--profile");
    assert_eq!(profiled.count(), 2);
    let trace = json(&folder.path().join("t.json"));
    let spans = events(&trace);
    let of = |name: &str| spans.iter().filter(|span| span.name == name).count();
    assert_eq!(of("nanobragg series"), 1);
    assert_eq!(of("row"), 3 * 40);
}

#[test]
fn a_profile_that_cannot_be_written_costs_no_work() {
    let folder = tempfile::tempdir().unwrap();
    for (more, said) in [
        ("--profile no/such/trace.json", "no directory 'no/such'"),
        ("-floatfile same --profile same", "both name same"),
        (
            "-floatfile hot_spots.csv --profile t.json",
            "both name hot_spots.csv",
        ),
    ] {
        let words = format!("{AUDIT} -detpixels 64 {more}");
        let done = program()
            .current_dir(folder.path())
            .args(words.split(' '))
            .assert()
            .failure();
        let found = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(found.contains(said), "{found}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{more}");
    }
}

/// Runs a benchmark in `folder` and gives the folders of all of them.
fn bench(folder: &Path, words: &str) -> Vec<PathBuf> {
    program()
        .current_dir(folder)
        .arg("bench")
        .args(words.split_whitespace())
        .assert()
        .success();
    let runs = fs::read_dir(folder.join("benchmarks")).unwrap();
    let mut runs: Vec<PathBuf> = runs.map(|entry| entry.unwrap().path()).collect();
    runs.sort();
    runs
}

#[test]
fn a_benchmark_leaves_every_artefact_and_never_overwrites_another() {
    let folder = tempfile::tempdir().unwrap();
    let words = "--sizes 256,512 --iterations 2 --profile --keep-artifacts";
    let runs = bench(folder.path(), words);
    let [run] = runs.as_slice() else {
        panic!("{runs:?}")
    };
    let read = |name: &str| fs::read_to_string(run.join(name)).unwrap();
    assert!(read("summary.md").contains("**PASS**"));
    assert!(read("commands.txt").contains("nanobragg -default_F 100 -cell"));
    assert_eq!(read("correlation.txt").lines().count(), 3, "two sizes");
    assert!(read("profile/hot_spots.csv").starts_with("size,device,name"));
    let environment = json(&run.join("env.json"));
    for key in [
        "version",
        "commit",
        "processor",
        "memory_bytes",
        "operating_system",
        "adapters",
    ] {
        assert!(!environment[key].is_null(), "{key}");
    }
    let results = json(&run.join("benchmark_results.json"));
    for (place, size) in [256, 512].into_iter().enumerate() {
        let result = &results["sizes"][place];
        assert_eq!(result["size"], size);
        let devices = result["devices"].as_array().unwrap();
        assert_eq!(devices.len(), 2, "the CPU path and the software GPU");
        for measured in devices {
            assert_eq!(measured["pixels"], size * size);
            assert_eq!(measured["terms"].as_f64(), Some(f64::from(size * size)));
            assert_eq!(measured["warm"].as_array().unwrap().len(), 2);
            let warm = measured["warm"].as_array().unwrap();
            warm.iter()
                .chain([&measured["cold"]])
                .for_each(assert_parts_add_up);
            if cfg!(target_os = "linux") {
                assert!(
                    measured["peak_memory_bytes"].as_u64().unwrap() > 4 * size as u64 * size as u64
                );
            }
        }
        let agreement = &result["agreements"][0];
        assert!(agreement["correlation"].as_f64().unwrap() >= 0.9999999);
        let spans = events(&json(&run.join(format!("profile/trace_{size}.json"))));
        assert_nested(&spans);
        let runs = spans.iter().filter(|span| span.category == "run");
        assert_eq!(
            runs.count(),
            6,
            "a cold and two warm renders on two devices"
        );
        assert!(run.join(format!("images/{size}_cpu.bin")).is_file());
    }

    let figure = read("scaling.svg");
    assert!(
        figure.contains("256²") && figure.contains("512²"),
        "{figure}"
    );

    let before = fs::read(run.join("summary.md")).unwrap();
    let again = bench(
        folder.path(),
        "--sizes 64 --iterations 1 --device cpu --threads 1",
    );
    assert_eq!(again.len(), 2);
    assert_eq!(fs::read(run.join("summary.md")).unwrap(), before);
    let second = &again[1];
    let results = json(&second.join("benchmark_results.json"));
    assert_eq!(results["sizes"][0]["devices"][0]["threads"], 1);
    assert!(!second.join("profile").exists() && !second.join("images").exists());
    let page = fs::read_to_string(second.join("summary.md")).unwrap();
    assert!(page.contains("**No verdict**"), "{page}");
    assert!(
        !second.join("scaling.svg").exists(),
        "one size has no scaling"
    );
}

#[test]
fn a_benchmark_holds_images_against_a_reference_program() {
    let folder = tempfile::tempdir().unwrap();
    let reference = assert_cmd::cargo::cargo_bin("nanobragg");
    let words = format!(
        "--sizes 64 --iterations 2 --device cpu --keep-artifacts --reference {} -- -default_F 1 \
         -cell 100 -N 5 -misset random",
        reference.display()
    );
    let runs = bench(folder.path(), &words);
    let results = json(&runs[0].join("benchmark_results.json"));
    let result = &results["sizes"][0];
    assert_eq!(result["reference"]["wall_s"].as_array().unwrap().len(), 2);
    let agreement = &result["agreements"][0];
    assert_eq!(agreement["reference"], "the reference");
    assert_eq!(agreement["correlation"], 1.0, "one orientation for both");
    let log = runs[0].join("images/64_reference_1/command.txt");
    assert!(fs::read_to_string(log).unwrap().contains("-detpixels 64"));
}

/// Writes the shell script `text` to `path`.
#[cfg(unix)]
fn executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[cfg(unix)]
fn a_benchmark_does_not_pass_another_scale_or_images_without_a_signal() {
    let folder = tempfile::tempdir().unwrap();
    let own = assert_cmd::cargo::cargo_bin("nanobragg");
    let script = format!(
        "#!/bin/sh\nexec {} \"$@\" -fluence $FLUENCE\n",
        own.display()
    );
    executable(&folder.path().join("scaled"), &script);
    let cases = [
        // Ten times too bright, a hundredth, and both black.
        ("1e25", "-fluence 1e24", "adds up to 0.1"),
        ("1e22", "-fluence 1e24", "times the reference"),
        ("1e-70", "-fluence 1e-70", "both images are flat"),
    ];
    for (fluence, flags, why) in cases {
        let words = format!(
            "bench --sizes 64 --iterations 1 --device cpu --reference ./scaled -- -default_F 1 \
             -cell 100 -N 5 {flags}"
        );
        let done = program()
            .current_dir(folder.path())
            .env("FLUENCE", fluence)
            .args(words.split_whitespace())
            .assert()
            .code(1);
        let found = done.get_output();
        let [page, said] = [&found.stdout, &found.stderr].map(|text| String::from_utf8_lossy(text));
        assert!(page.contains("**FAIL**") && page.contains(why), "{page}");
        // A verdict is no failure that cost files.
        assert!(said.contains(why) && !said.contains("whole"), "{said}");
    }
}

#[test]
#[cfg(unix)]
fn a_benchmark_that_fails_midway_keeps_what_it_has_and_else_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let own = assert_cmd::cargo::cargo_bin("nanobragg");
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *'-detpixels 48 '*) echo no such size >&2; exit 3;; esac\n\
         exec {} \"$@\" --device cpu\n",
        own.display()
    );
    let picky = folder.path().join("picky");
    executable(&picky, &script);
    let run = |sizes: &str| {
        let words =
            format!("bench --sizes {sizes} --device cpu --iterations 1 --reference ./picky");
        let done = program()
            .current_dir(folder.path())
            .args(words.split(' '))
            .assert()
            .code(1);
        let said = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(said.contains("no such size"), "{said}");
    };
    run("48,32");
    assert!(
        !folder.path().join("benchmarks").exists(),
        "nothing was measured"
    );
    run("32,48");
    let runs: Vec<_> = fs::read_dir(folder.path().join("benchmarks"))
        .unwrap()
        .collect();
    let run = runs[0].as_ref().unwrap().path();
    let page = fs::read_to_string(run.join("summary.md")).unwrap();
    assert!(
        page.contains("**FAIL**") && page.contains("no such size"),
        "{page}"
    );
    let results = json(&run.join("benchmark_results.json"));
    assert_eq!(results["passed"], false);
    assert_eq!(results["sizes"].as_array().unwrap().len(), 1);
    assert!(results["sizes"][0]["devices"][0]["spreads"]["wall_s"]["median"].is_number());
}

#[test]
#[cfg(unix)]
fn an_interrupted_benchmark_ends_at_once_and_leaves_nothing() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let folder = tempfile::tempdir().unwrap();
    let words = "bench --sizes 1024 --device cpu --iterations 1000 --keep-artifacts -- -default_F 1 \
                 -cell 100 -N 5 -mosaic 1 -mosaic_domains 1000";
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("nanobragg"));
    let mut running = crate::support::hearing(&mut command)
        .args(words.split_whitespace())
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Until the worker renders.
    let images = || {
        let mut runs = fs::read_dir(folder.path().join("benchmarks"))
            .into_iter()
            .flatten();
        runs.any(|run| run.unwrap().path().join("images").exists())
    };
    while !images() {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(300));
    let worker_of = |parent: u32| {
        let children = format!("/proc/{parent}/task/{parent}/children");
        fs::read_to_string(children)
            .unwrap_or_default()
            .trim()
            .to_string()
    };
    let worker = worker_of(running.id());
    let asked = Instant::now();
    interrupt(running.id());
    let status = running.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert!(!folder.path().join("benchmarks").exists());
    if cfg!(target_os = "linux") {
        assert_ne!(worker, "");
        assert!(
            !Path::new("/proc").join(worker).exists(),
            "the worker goes on"
        );
    }
}

/// Sends SIGINT to the process `id`.
#[cfg(unix)]
fn interrupt(id: u32) {
    use nix::sys::signal::{Signal, kill};
    kill(nix::unistd::Pid::from_raw(id as i32), Signal::SIGINT).unwrap();
}

/// Flags of the fault in `docs/discrepancy.md`: a slow axis that points the other way.
const FAULT: &str = "-sdet_vector 0 1 0 -odet_vector 1 0 0";

#[test]
#[cfg(unix)]
fn the_chapter_on_discrepancies_finds_its_fault() {
    let chapter = include_str!("../../docs/discrepancy.md");
    let scene = "-default_F 100 -cell 70 80 90 -misset 15 20.5 30.25 -lambda 1 -N 5 -distance 100";
    assert!(chapter.contains(scene) && chapter.contains(FAULT));
    let folder = tempfile::tempdir().unwrap();
    let suspect = folder.path().join("suspect");
    let own = assert_cmd::cargo::cargo_bin("nanobragg");
    let script = format!(
        "#!/bin/sh\nexec {} \"$@\" --device cpu {FAULT}\n",
        own.display()
    );
    executable(&suspect, &script);
    // Every line of the output that the chapter repeats.
    let run = |words: String, code: i32, said: &[&str]| {
        let done = program()
            .current_dir(folder.path())
            .args(words.split_whitespace())
            .assert()
            .code(code);
        let output = String::from_utf8(done.get_output().stdout.clone()).unwrap();
        for line in said {
            assert!(output.contains(line), "{line} is not in\n{output}");
            assert!(chapter.contains(line), "{line} is not in the chapter");
        }
        output
    };
    run(
        format!(
            "bench --sizes 128,256 --device cpu --iterations 3 --reference ./suspect -- {scene}"
        ),
        1,
        &["**FAIL**: at 256 × 256, cpu correlates 0.020287481 with the reference"],
    );
    run(
        format!("compare --reference ./suspect --out evidence -- {scene} -detpixels 256"),
        0,
        &[
            "correlation  0.0202874811",
            "sum ratio    0.995015771",
            "peaks        sought 20, radius 3, matched 0, missing 20, extra 20",
        ],
    );
    run(
        format!("trace --pixel 200 100 --device both -- {scene} -detpixels 256"),
        0,
        &["none of the 27 quantities that both have diverges beyond 2e-5"],
    );
    let log = run(
        format!("trace --pixel 200 100 --log -- {FAULT} {scene} -detpixels 256"),
        0,
        &[],
    );
    fs::write(folder.path().join("suspect.log"), log).unwrap();
    run(
        format!("trace --pixel 200 100 --against suspect.log -- {scene} -detpixels 256"),
        1,
        &["first divergence: slow, off by 2.00e0 where 2e-5 is let pass"],
    );
}

/// Asserts that the parts of a render's time add up to its wall time.
fn assert_parts_add_up(times: &Value) {
    let seconds = |key: &str| times[key].as_f64().unwrap();
    let parts = [
        "input_s",
        "setup_s",
        "simulation_s",
        "read_back_s",
        "files_s",
        "other_s",
    ];
    let sum: f64 = parts.into_iter().map(seconds).sum();
    assert!((sum / seconds("wall_s") - 1.0).abs() < 1e-6, "{times}");
}

#[test]
fn a_benchmark_says_what_is_wrong_with_its_flags() {
    let folder = tempfile::tempdir().unwrap();
    for (words, code, said) in [
        ("--sizes 0", 2, "--sizes"),
        ("--sizes 12,x", 2, "--sizes"),
        ("--iterations 0", 2, "--iterations"),
        (
            "--threshold 1.5",
            2,
            "--threshold 1.5: expected a correlation, from -1 to 1",
        ),
        ("--device tpu", 2, "expected one of cpu, gpu, all"),
        ("--sizes 64,64", 2, "--sizes 64: given twice"),
        ("--sizes -5", 2, "--sizes -5"),
        (
            "--sizes 64 -- -default_F 1 -cell 100 -N 5 -detpixels_x 9",
            2,
            "-detpixels_x: leave the detector's size",
        ),
        (
            "--sizes 64 -- -default_F 1 -cell 100 -floatfile x",
            2,
            "-floatfile: nanobragg bench has no use",
        ),
        ("--sizes 64 -- -cell 100", 2, "nothing scatters"),
        ("--sizes 64 --out /dev/null/x", 1, "--out /dev/null/x"),
        (
            "--sizes 64 --iterations 1 --reference ./nothing-there",
            1,
            "nothing-there",
        ),
        (
            "--threads 2000",
            2,
            "expected a whole number from 1 to 1024",
        ),
        ("stray", 2, "stray"),
    ] {
        let done = program()
            .current_dir(folder.path())
            .arg("bench")
            .args(words.split(' '))
            .assert()
            .code(code);
        let found = String::from_utf8(done.get_output().stderr.clone()).unwrap();
        assert!(found.contains(said), "{words}: {found}");
    }
}
