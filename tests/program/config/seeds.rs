//! Seeds that nobody gave: each run has its own, which is printed and stands in every file that was
//! made with it.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::{rendered, run_line, support, text};

const FLAGS: &str =
    "-default_F 100 -cell 70 80 90 -N 4 -detpixels 16 -pixel 1 -flux 1e20 -misset random";

/// The number of an entry of the SMV file `name`.
fn entry(folder: &Path, name: &str, entry: &str) -> String {
    let file = fs::read(folder.join(name)).unwrap();
    let header = String::from_utf8_lossy(&file[..support::smv_header_bytes(&file)]).into_owned();
    let found = header
        .split_once(&format!("\n{entry}="))
        .map(|(_, rest)| rest);
    let value = found.unwrap_or_else(|| panic!("{entry} of {name}: {header}"));
    value.split(';').next().unwrap().to_string()
}

/// The record in an image.
fn record(folder: &Path, name: &str) -> String {
    let output = run_line(folder, &format!("info {name} --config"));
    assert!(output.status.success(), "{name}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn runs_within_a_second_have_seeds_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (mut seeds, mut images, mut noisy) = (HashSet::new(), HashSet::new(), HashSet::new());
    for _ in 0..12 {
        let output = run_line(
            here,
            &format!("{FLAGS} -floatfile f.bin -noisefile n.img --json"),
        );
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let seed = summary["seed"].as_u64().unwrap();
        // Whole numbers that every reader of JSON holds.
        assert!(seed < 1 << 53, "{seed}");
        seeds.insert(seed);
        images.insert(fs::read(here.join("f.bin")).unwrap());
        noisy.insert(fs::read(here.join("n.img")).unwrap());
    }
    assert_eq!([seeds.len(), images.len(), noisy.len()], [12; 3]);
    let mut again = HashSet::new();
    for _ in 0..12 {
        rendered(here, "noise f.bin o.img --size 16 16");
        again.insert(entry(here, "o.img", "NOISE_SEED"));
    }
    assert_eq!(again.len(), 12);
}

#[test]
fn every_file_gives_the_seeds_that_make_it_again() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let outputs = ["a.img", "a.cbf", "a.tif", "a.png", "a.h5"];
    let noise_outputs = ["n.img", "n.cbf", "n.tif", "n.h5"];
    let named = |flag: &str, names: &[&str]| {
        let names = names.iter().map(|name| format!("{flag} {name} "));
        names.collect::<String>()
    };
    let (plain, noise) = (
        named("--out", &outputs),
        named("--out-noise", &noise_outputs),
    );
    rendered(here, &format!("{FLAGS} --readout 2 {plain} {noise}"));
    let misset = entry(here, "a.img", "MISSET_SEED");
    let seed = entry(here, "n.img", "NOISE_SEED");
    assert_eq!(entry(here, "n.img", "MISSET_SEED"), misset);
    for (flag, names) in [("--out", &outputs[..]), ("--out-noise", &noise_outputs)] {
        for name in names {
            let (_, extension) = name.split_once('.').unwrap();
            let again = format!("again.{extension}");
            if extension == "img" {
                let line = format!("{FLAGS} --readout 2 -misset_seed {misset} -seed {seed}");
                rendered(here, &format!("{line} {flag} {again}"));
            } else {
                fs::write(here.join("e.toml"), record(here, name)).unwrap();
                let told = text(here, "e.toml");
                assert!(
                    told.contains(&format!("misset_seed = {misset}\n")),
                    "{told}"
                );
                let says = told.contains(&format!("[noise]\nseed = {seed}\n"));
                assert_eq!(says, flag == "--out-noise", "{told}");
                rendered(here, &format!("--config e.toml {flag} {again}"));
            }
            let [one, other] = [*name, &again].map(|name| fs::read(here.join(name)).unwrap());
            assert!(one == other, "{name}");
        }
    }
}

#[test]
fn noise_on_an_image_says_its_seed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rendered(
        here,
        &format!("{FLAGS} -seed 1 --out a.h5 --out a.tif --out-noise first.img"),
    );
    for (source, name) in [("a.h5", "n.h5"), ("a.tif", "n.tif"), ("a.tif", "n.cbf")] {
        rendered(here, &format!("noise {source} {name} --readout 2 -adc 3"));
        let told = record(here, name);
        assert!(!told.contains("[crystal]"), "{told}");
        assert!(told.contains("readout_counts = 2"), "{told}");
        let seed = told.split_once("\nseed = ").unwrap().1;
        let seed = seed.lines().next().unwrap();
        let again = format!("again-{name}");
        rendered(
            here,
            &format!("noise {source} {again} --readout 2 -adc 3 -seed {seed}"),
        );
        let [one, other] = [name, &again].map(|name| fs::read(here.join(name)).unwrap());
        assert!(one == other, "{name}");
    }
    // Noise upon noise has the last one's seed.
    rendered(here, "noise first.img second.img -seed 7");
    assert_eq!(entry(here, "second.img", "NOISE_SEED"), "7");
}

#[test]
fn frames_of_random_orientations_say_their_seed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = FLAGS.replace("-misset random", "");
    let series = "series --frames 3 --random-orientations --out";
    rendered(here, &format!("{series} a_#.img {line}"));
    let seed = entry(here, "a_2.img", "MISSET_SEED");
    rendered(
        here,
        &format!("{series} b_#.img {line} -misset_seed {seed}"),
    );
    for number in 1..=3 {
        let [one, other] =
            ["a", "b"].map(|name| fs::read(here.join(format!("{name}_{number}.img"))));
        assert!(one.unwrap() == other.unwrap(), "{number}");
    }
}
