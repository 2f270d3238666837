//! Noise from the command line: of a render, and of `nanobragg noise`.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use nanobragg::formats::raster::{Pixels, RasterView};
use nanobragg::formats::{raw, smv, tiff};
use nanobragg::image::noise::{Noise, PointSpread, SpreadShape, expose};
use serde_json::Value;

use crate::support::{program, unwrapped, words};

const SMALL: &str = "-default_F 100 -cell 70 80 90 -N 5 -detpixels_f 30 -detpixels_s 20 -pixel 1 \
                     -water 0.005";
/// Every flag of noise but the seeds.
const NOISY: &str = "-adc 12 --flicker 3 --calibration 5 --calibration-seed 77 --readout 2.5 \
                     --gain 1.5 --saturation 300 --psf fiber --psf-fwhm 0.8 --image-number 4";

fn nanobragg(folder: &Path, line: &str) -> Command {
    let mut command = program();
    command.current_dir(folder).args(words(line));
    command
}

fn said(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(folder: &Path, line: &str) -> Value {
    let output = nanobragg(folder, line).assert().success();
    serde_json::from_slice(&output.get_output().stdout).unwrap()
}

#[test]
fn an_image_can_be_noised_again_without_rendering_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = format!("{SMALL} {NOISY} -seed 5 -floatfile f.bin -noisefile n.img -quiet");
    nanobragg(here, &line.replace("-quiet", "--quiet"))
        .assert()
        .success();
    let rendered = fs::read(here.join("n.img")).unwrap();
    for device in ["cpu", "gpu"] {
        let line =
            format!("noise f.bin again.img --header n.img -seed 5 {NOISY} --device {device}");
        let output = nanobragg(here, &line).assert().success();
        let text = said(output.get_output());
        assert!(
            text.contains("noise        seed 5,") && text.contains("output       again.img"),
            "{text}"
        );
        assert!(
            fs::read(here.join("again.img")).unwrap() == rendered,
            "{device}"
        );
    }
    nanobragg(
        here,
        &format!("noise f.bin other.img --header n.img -seed 6 {NOISY}"),
    )
    .assert()
    .success();
    assert!(fs::read(here.join("other.img")).unwrap() != rendered);
}

#[test]
fn flags_say_what_the_library_does() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    nanobragg(here, &format!("{SMALL} -floatfile f.bin --quiet"))
        .assert()
        .success();
    let line = format!("noise f.bin out.bin --size 30 20 --panels 2 -seed 5 {NOISY} --json");
    let summary = json(here, &line);
    let image = raw::read(
        &here.join("f.bin"),
        [30, 20],
        nanobragg::memory::Bytes(1 << 30),
    )
    .unwrap();
    let noise = Noise {
        seed: 5,
        image: 4,
        flicker: 0.03,
        calibration: 0.05,
        calibration_seed: 77,
        point_spread: Some(PointSpread {
            shape: SpreadShape::Fiber,
            fwhm_pixels: 0.8,
        }),
        gain: 1.5,
        offset: 12.0,
        readout: 2.5,
        saturation: Some(300.0),
    };
    let expected = expose(&image, &noise, &[10, 10]).unwrap();
    assert_eq!(
        raw::read(
            &here.join("out.bin"),
            [30, 20],
            nanobragg::memory::Bytes(1 << 30)
        )
        .unwrap(),
        expected
    );
    assert_eq!(summary["noise"], serde_json::to_value(noise).unwrap());
    assert_eq!(summary["pixels"], serde_json::json!([30, 20]));
    let overloads = expected
        .values()
        .iter()
        .filter(|&&count| count == 300.0)
        .count();
    assert!(overloads > 0);
    assert_eq!(summary["overloads"], overloads);
    // The same image from another format, into another.
    fs::write(
        here.join("f.tif"),
        tiff::encode(RasterView::of(&image, None)).unwrap(),
    )
    .unwrap();
    nanobragg(
        here,
        &format!("noise f.tif out.tiff --panels 2 --seed=5 {NOISY}"),
    )
    .assert()
    .success();
    let written = tiff::decode(
        &fs::read(here.join("out.tiff")).unwrap(),
        nanobragg::memory::Bytes(1 << 30),
    )
    .unwrap();
    assert_eq!(written.into_image(), expected);
}

#[test]
fn the_geometry_of_a_header_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    nanobragg(here, &format!("{SMALL} -intfile i.img --quiet"))
        .assert()
        .success();
    let output = nanobragg(here, "noise i.img o.img -seed 1")
        .assert()
        .success();
    let text = said(output.get_output());
    assert!(
        text.contains("i.img: its whole numbers are taken as photons"),
        "{text}"
    );
    let [before, after] = ["i.img", "o.img"]
        .map(|name| smv::read(&here.join(name), nanobragg::memory::Bytes(1 << 30)).unwrap());
    let mut expected = before.entries().to_vec();
    expected.push(("NOISE_SEED".into(), "1".into()));
    assert_eq!(expected, after.entries());
    assert_ne!(before.pixels, after.pixels);
    // Big-endian files, and headers that are longer or shorter.
    let header = "{\nHEADER_BYTES=512;\nBYTE_ORDER=big_endian;\nSIZE1=2;\nSIZE2=1;\nNOTE=kept;\n}";
    let mut file = format!("{header:512}").into_bytes();
    file.extend([0, 0, 0, 0]);
    fs::write(here.join("big.img"), file).unwrap();
    nanobragg(here, "noise big.img o.img -adc 258")
        .assert()
        .success();
    let after = smv::read(&here.join("o.img"), nanobragg::memory::Bytes(1 << 30)).unwrap();
    assert_eq!(after.pixels, Pixels::U16(vec![258, 258]));
    assert_eq!(after.entry("NOTE"), Some("kept"));
    assert_eq!(after.entry("BYTE_ORDER"), Some("little_endian"));
}

#[test]
fn a_seed_that_nobody_chose_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("f.bin"), [0x41u8; 36]).unwrap();
    let output = nanobragg(here, "noise f.bin o.img --size 3 3")
        .assert()
        .success();
    let text = said(output.get_output());
    let seed = text.split("noise        seed ").nth(1).unwrap();
    let seed: u64 = seed.split(',').next().unwrap().parse().unwrap();
    let first = fs::read(here.join("o.img")).unwrap();
    nanobragg(here, &format!("noise f.bin o.img --size 3 3 -seed {seed}"))
        .assert()
        .success();
    assert_eq!(first, fs::read(here.join("o.img")).unwrap());
}

#[test]
fn a_width_of_zero_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    nanobragg(here, &format!("{SMALL} -floatfile f.bin --quiet"))
        .assert()
        .success();
    let noisy = |flags: &str| {
        let line = format!("noise f.bin o.img --size 30 20 -seed 3 {flags} --quiet");
        nanobragg(here, &line).assert().success();
        fs::read(here.join("o.img")).unwrap()
    };
    assert_eq!(noisy(""), noisy("--psf fiber --psf-fwhm 0"));
    assert_ne!(noisy(""), noisy("--psf-fwhm 0.7"));
    assert_ne!(noisy("--psf fiber --psf-fwhm 0.7"), noisy("--psf-fwhm 0.7"));
}

#[test]
fn flags_without_anything_to_act_on_get_a_notice() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let notices = |line: &str| {
        let summary = json(here, &format!("{line} --json"));
        summary["notices"].to_string()
    };
    let told = notices(&format!("{SMALL} -floatfile f.bin {NOISY}"));
    for flag in [
        "--flicker",
        "--calibration",
        "--calibration-seed",
        "--readout",
        "--gain",
        "--saturation",
        "--psf",
        "--psf-fwhm",
        "--image-number",
    ] {
        let line = format!("{flag} has no effect: no noise image is written");
        assert!(told.contains(&line), "{told}");
    }
    for line in [
        format!("{SMALL} -noisefile n.img --psf gauss --calibration-seed 4"),
        "noise f.bin o.img --size 30 20 --psf gauss --calibration-seed 4".into(),
        format!(
            "{SMALL} -noisefile n.img --psf fiber --psf-fwhm 0 --calibration 0 --calibration-seed 3"
        ),
        "noise f.bin o.img --size 30 20 --psf fiber --psf-fwhm 0 --calibration 0 \
         --calibration-seed 3"
            .into(),
    ] {
        let told = notices(&line);
        assert!(
            told.contains("--psf has no effect: there is no --psf-fwhm"),
            "{told}"
        );
        let line = "--calibration-seed has no effect: there is no --calibration";
        assert!(told.contains(line), "{told}");
    }
    let told = notices("noise n.img o.bin --size 30 20 --header n.img");
    assert!(told.contains("--size 30 20 has no effect"), "{told}");
    assert!(told.contains("--header has no effect"), "{told}");
    let told = notices(&format!("{SMALL} -noisefile n.img {NOISY}"));
    assert_eq!(told, "[]");
}

#[test]
fn summaries_tell_the_noise_and_the_pixels_at_the_largest_count() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let shown = |line: &str| said(nanobragg(here, line).assert().success().get_output());
    // The number behind a word, the first above 0.
    let count = |text: &str, what: &str| -> Option<usize> {
        let found = text.split(what).skip(1).filter_map(|rest| {
            let digits = rest
                .trim_start()
                .split(|letter: char| !letter.is_ascii_digit());
            digits.into_iter().next()?.parse().ok()
        });
        found.into_iter().find(|&count| count > 0)
    };
    let render = shown(&format!(
        "{SMALL} -floatfile f.bin -noisefile n.img -seed 5 {NOISY}"
    ));
    let noise = shown(&format!("noise f.bin o.img --header n.img -seed 5 {NOISY}"));
    let line = "noise        seed 5, image 4, flicker 0.03, calibration 0.05, calibration seed 77, \
                point spread shape fiber, point spread fwhm pixels 0.8, gain 1.5, offset 12, readout \
                2.5, saturation 300 ";
    for text in [&render, &noise] {
        assert!(unwrapped(text).contains(line), "{text}");
    }
    let overloads = count(&render, "overloads");
    assert!(overloads > Some(0), "{render}");
    assert_eq!(overloads, count(&noise, "overloads"));
    let plain = shown("noise f.bin o.img --header n.img -seed 5");
    assert!(plain.contains("\noverloads    0\n"), "{plain}");
    assert!(unwrapped(&plain).contains("gain 1, offset 40"), "{plain}");
}

#[test]
fn pixels_that_hold_no_photons_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let values: Vec<u8> = [f32::NAN, -1.0, f32::NEG_INFINITY, 0.0, -0.0, 50.0]
        .into_iter()
        .flat_map(f32::to_le_bytes)
        .collect();
    fs::write(here.join("f.bin"), values).unwrap();
    let summary = json(here, "noise f.bin o.bin --size 3 2 -adc 7 --json");
    let told = "f.bin: 3 pixel(s) are negative or no number; they are taken as no photons";
    assert_eq!(summary["notices"], serde_json::json!([told]));
    let counts = raw::read(
        &here.join("o.bin"),
        [3, 2],
        nanobragg::memory::Bytes(1 << 30),
    )
    .unwrap();
    assert_eq!(counts.values()[..5], [7.0; 5]);
}

#[test]
fn bad_input_is_refused_and_costs_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::write(here.join("f.bin"), [0u8; 4 * 600]).unwrap();
    fs::write(here.join("o.img"), "kept").unwrap();
    nanobragg(here, &format!("{SMALL} -intfile i.img --quiet"))
        .assert()
        .success();
    let cases: &[(&str, i32, &[&str])] = &[
        ("noise", 2, &["<IN>"]),
        ("noise f.bin", 2, &["<OUT>"]),
        (
            "noise f.bin o.img",
            2,
            &["600 float32 values", "--size FAST SLOW"],
        ),
        (
            "noise f.bin o.img --size 30 21",
            1,
            &["f.bin: 2400 bytes", "what --size gives"],
        ),
        ("noise f.bin o.img --size 30", 2, &["--size: it takes"]),
        (
            "noise i.img o.img --size 31 20",
            2,
            &["--size 31 20", "30 x 20 pixels"],
        ),
        (
            "noise f.bin o.img --header f.bin",
            1,
            &["f.bin", "not an SMV image"],
        ),
        (
            "noise f.bin f.bin --size 30 20",
            2,
            &["overwrite the input f.bin"],
        ),
        (
            "noise f.bin i.img --header i.img",
            2,
            &["overwrite the input i.img"],
        ),
        (
            "noise f.bin o.png --size 30 20",
            2,
            &["o.png: .png is not written", ".tif"],
        ),
        ("noise f.bin - --size 30 20", 2, &["the name of a file"]),
        ("noise missing.bin o.img", 1, &["cannot read missing.bin"]),
        (
            "noise f.bin no/o.img --size 30 20",
            1,
            &["cannot write no/o.img"],
        ),
        (
            "noise f.bin o.img --size 30 20 --panels 3",
            2,
            &["--panels 3", "20 rows"],
        ),
        (
            "noise f.bin o.img --size 30 20 --panels 0",
            2,
            &["--panels 0", "from 1"],
        ),
        (
            "noise f.bin o.img --flicker 101",
            2,
            &["--flicker 101", "0 to 100"],
        ),
        (
            "noise f.bin o.img --calibration -1",
            2,
            &["--calibration -1", "0 to 100"],
        ),
        (
            "noise f.bin o.img --readout -1",
            2,
            &["--readout -1", "zero or above"],
        ),
        (
            "noise f.bin o.img --readout 1e300",
            2,
            &["--readout: the readout noise is 1e300"],
        ),
        ("noise f.bin o.img --gain 0", 2, &["--gain 0", "positive"]),
        (
            "noise f.bin o.img --saturation 0",
            2,
            &["--saturation 0", "positive"],
        ),
        (
            "noise f.bin o.img --saturation 250.5",
            2,
            &["--saturation: the saturation is 250.5", "a whole number"],
        ),
        (
            "noise f.bin o.img --psf moffat",
            2,
            &["--psf moffat", "gauss, fiber"],
        ),
        ("noise f.bin o.img --psf-fwhm nan", 2, &["--psf-fwhm nan"]),
        (
            "noise f.bin o.img --psf-fwhm 20000",
            2,
            &["--psf-fwhm: the width", "10000 pixels"],
        ),
        (
            "noise f.bin o.img --psf-fwhm 1e-5",
            2,
            &["--psf-fwhm: the width", "0.001"],
        ),
        (
            "noise f.bin o.img --image-number -1",
            2,
            &["--image-number -1"],
        ),
        (
            "noise f.bin o.img --image-number 4294967296",
            2,
            &["--image-number 4294967296", "from 0 to 4294967295"],
        ),
        (
            "noise f.bin o.img -seed x",
            2,
            &["noise: -seed x", "whole number"],
        ),
        (
            "noise f.bin o.img -adc 1e300",
            2,
            &["-adc: the offset is 1e300"],
        ),
        (
            "noise f.bin o.img -readout 3",
            2,
            &["nanobragg noise: -readout: no such flag; did you mean --readout?"],
        ),
        (
            "noise f.bin o.img --size 30 20 --device no-such",
            1,
            &["no device 'no-such'"],
        ),
    ];
    for (line, code, pieces) in cases {
        let output = nanobragg(here, line).assert().code(*code);
        let text = said(output.get_output());
        assert_eq!(text.trim_end().lines().count(), 1, "{line}: {text}");
        for piece in *pieces {
            assert!(text.contains(piece), "{line}: {text}");
        }
        assert_eq!(fs::read(here.join("o.img")).unwrap(), b"kept", "{line}");
    }
    let readout = format!("{SMALL} -noisefile o.img --readout 1e20");
    let output = nanobragg(here, &readout).assert().code(2);
    assert!(said(output.get_output()).contains("--readout: the readout noise"));
}

#[test]
fn help_tells_units_and_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let own = nanobragg(folder.path(), "noise -h").assert().success();
    let own = String::from_utf8_lossy(&own.get_output().stdout).into_owned();
    let render = nanobragg(folder.path(), "-h").assert().success();
    let render = String::from_utf8_lossy(&render.get_output().stdout).into_owned();
    for (flag, told) in [
        ("--flicker <PERCENT>", "percent [default: 0]"),
        ("--readout <COUNTS>", "counts [default: 0]"),
        ("--gain <COUNTS>", "[default: 1]"),
        ("--psf <SHAPE>", "[default: gauss]"),
        ("--psf-fwhm <PIXELS>", "pixels [default: 0, no spread]"),
        ("--calibration-seed <INT>", "[default: 123456789]"),
        ("--image-number <N>", "[default: 0]"),
    ] {
        for help in [&own, &render] {
            let text = help.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(flag) && text.contains(told), "{flag}: {help}");
        }
    }
}
