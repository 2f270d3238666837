//! `nanobragg gradient`: derivative images with their names, gradients of weighted sums, refusals.

use std::fs;
use std::path::Path;

use crate::support::{program, words};
use nanobragg::formats::npy;
use nanobragg::formats::raster::{Pixels, PixelsView, RasterView};
use serde_json::Value;

/// A small crystal and detector.
const SOUND: &str = "-default_F 100 -cell 70 80 90 -misset 1 2 3 -lambda 1 -N 5 -distance 100 -detpixels_x 12 \
                     -detpixels_y 8 -pixel 0.4 -oversample 2";

struct Ran {
    printed: String,
    said: String,
    code: Option<i32>,
}

fn gradient(folder: &Path, options: &str, flags: &str) -> Ran {
    let mut command = program();
    command.current_dir(folder).arg("gradient");
    command.args(words(options)).arg("--").args(words(flags));
    let output = command.output().unwrap();
    Ran {
        printed: String::from_utf8(output.stdout).unwrap(),
        said: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

/// The header of a `.npy` file of float64 or float32, which has type and shape, and its numbers.
fn array(path: &Path) -> (String, Vec<f64>) {
    let bytes = fs::read(path).unwrap();
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    let bytes = &bytes[10 + length..];
    let numbers = match header.contains("'<f8'") {
        true => (bytes.chunks_exact(8))
            .map(|eight| f64::from_le_bytes(eight.try_into().unwrap()))
            .collect(),
        false => (bytes.chunks_exact(4))
            .map(|four| f32::from_le_bytes(four.try_into().unwrap()).into())
            .collect(),
    };
    (header.trim().to_string(), numbers)
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Writes weights, one a pixel, and hands them back.
fn weights(path: &Path, [width, height]: [usize; 2]) -> Vec<f64> {
    let weights: Vec<f64> = (0..width * height)
        .map(|at| (1.0 + at as f64).sin())
        .collect();
    let raster = RasterView {
        width,
        height,
        pixels: PixelsView::F64(&weights),
    };
    fs::write(path, npy::encode(raster)).unwrap();
    weights
}

#[test]
fn derivative_images_have_names_units_and_values_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let ran = gradient(
        folder.path(),
        "--of cell_b,misset_x,distance,scale --out d.npy",
        SOUND,
    );
    assert_eq!(
        (ran.code, ran.printed.as_str()),
        (Some(0), ""),
        "{}",
        ran.said
    );
    let (header, numbers) = array(&at("d.npy"));
    assert!(
        header.contains("'<f8'") && header.contains("'shape': (4, 8, 12)"),
        "{header}"
    );
    let told = json(&at("d.json"));
    let expected = [
        ("cell_b", "Å", 80.0),
        ("misset_x", "deg", 1.0),
        ("distance", "mm", 100.0),
        ("scale", "", 1.0),
    ];
    for (entry, (name, unit, value)) in told["parameters"].as_array().unwrap().iter().zip(expected)
    {
        assert_eq!(
            (&entry["name"], &entry["unit"]),
            (&name.into(), &unit.into())
        );
        assert!(
            (entry["value"].as_f64().unwrap() - value).abs() < 1e-12 * value,
            "{entry}"
        );
    }
    assert_eq!(told["shape"], serde_json::json!([4, 8, 12]));
    assert_eq!(
        (&told["device"], &told["number"]),
        (&"cpu".into(), &"float64".into())
    );
    // The derivative with respect to the scale is the image.
    let render = format!("{SOUND} --out image.npy --quiet");
    let rendered = program()
        .current_dir(folder.path())
        .args(words(&render))
        .output()
        .unwrap();
    assert!(rendered.status.success(), "{rendered:?}");
    let image = npy::decode(&fs::read(at("image.npy")).unwrap())
        .unwrap()
        .pixels;
    for (found, photons) in numbers[3 * 96..].iter().zip(image.values()) {
        assert!(
            (found - photons).abs() <= 1e-7 * photons,
            "{found} {photons}"
        );
    }
}

#[test]
fn the_gradient_of_a_sum_is_the_sum_of_derivative_images() {
    let folder = tempfile::tempdir().unwrap();
    let weights = weights(&folder.path().join("w.npy"), [12, 8]);
    for spread in ["", "--psf fiber --psf-fwhm 1.5"] {
        let images = format!("--of all --out d.npy {spread} --quiet");
        let ran = gradient(folder.path(), &images, SOUND);
        assert_eq!((ran.code, ran.said.as_str()), (Some(0), ""));
        let (_, numbers) = array(&folder.path().join("d.npy"));
        let ran = gradient(
            folder.path(),
            &format!("--vjp w.npy --json {spread}"),
            SOUND,
        );
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        let told: Value = serde_json::from_str(&ran.printed).unwrap();
        let entries = told["parameters"].as_array().unwrap();
        assert_eq!(numbers.len(), entries.len() * 96);
        assert!(entries.len() > 20, "{entries:?}");
        for (entry, image) in entries.iter().zip(numbers.chunks(96)) {
            let products = image.iter().zip(&weights).map(|(own, weight)| own * weight);
            let size: f64 = image.iter().map(|own| own.abs()).sum();
            let (sum, found) = (products.sum::<f64>(), entry["gradient"].as_f64().unwrap());
            assert!((found - sum).abs() <= 1e-11 * size, "{entry}: {sum}");
        }
    }
    let ran = gradient(folder.path(), "--vjp w.npy --of misset_y,default_F", SOUND);
    let lines: Vec<&str> = ran.printed.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ran.printed);
    assert!(
        lines[0].starts_with("misset_y") && lines[0].ends_with(" per deg"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("default_F"), "{}", lines[1]);
}

#[test]
fn a_gpu_writes_float32_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    weights(&at("w.npy"), [12, 8]);
    let on = |device: &str, options: &str| {
        let ran = gradient(
            folder.path(),
            &format!("{options} --device {device}"),
            SOUND,
        );
        assert_eq!((ran.code, ran.said.as_str()), (Some(0), ""));
        ran.printed
    };
    for device in ["cpu", "gpu"] {
        on(
            device,
            &format!("--of cell_b,distance --out {device}.npy --quiet"),
        );
    }
    let (header, found) = array(&at("gpu.npy"));
    assert!(
        header.contains("'<f4'") && header.contains("'shape': (2, 8, 12)"),
        "{header}"
    );
    let told = json(&at("gpu.json"));
    assert_eq!(told["number"], "float32");
    let sums = ["cpu", "gpu"].map(|device| -> Value {
        serde_json::from_str(&on(device, "--vjp w.npy --of cell_b,distance --json")).unwrap()
    });
    let name = told["device"].as_str().unwrap();
    assert!(name != "cpu" && sums[1]["device"] == name, "{name}");
    let (_, expected) = array(&at("cpu.npy"));
    for ((found, expected), place) in found.chunks(96).zip(expected.chunks(96)).zip(0..) {
        let size = expected.iter().map(|own| own * own).sum::<f64>().sqrt();
        let pairs = found.iter().zip(expected);
        let apart = pairs
            .map(|(found, expected)| (found - expected).powi(2))
            .sum::<f64>();
        assert!(apart.sqrt() <= 1e-5 * size, "{}", apart.sqrt() / size);
        let [of_cpu, of_gpu] =
            [&sums[0], &sums[1]].map(|sum| sum["parameters"][place]["gradient"].as_f64().unwrap());
        let all: f64 = expected.iter().map(|own| own.abs()).sum();
        assert!((of_cpu - of_gpu).abs() <= 1e-6 * all, "{of_cpu} {of_gpu}");
    }
}

#[test]
fn a_dry_run_tells_the_memory_and_writes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    weights(&folder.path().join("w.npy"), [12, 8]);
    let told = |options: &str| -> Value {
        let ran = gradient(folder.path(), &format!("{options} --dry-run --json"), SOUND);
        assert_eq!(ran.code, Some(0), "{}", ran.said);
        serde_json::from_str(&ran.printed).unwrap()
    };
    // Float64 for each pixel of the image and two derivatives.
    let images = told("--of cell_b,scale --out d.npy");
    assert_eq!(images["dry_run"], true);
    assert_eq!(images["memory"]["host_bytes"], 3 * 8 * 96);
    assert_eq!(images["memory"]["device_bytes"], Value::Null);
    assert_eq!(told("--vjp w.npy")["memory"]["host_bytes"], 8 * 96);
    // A GPU holds 36 slots of float32 for each pixel of tiles.
    for options in [
        "--vjp w.npy --device gpu",
        "--of all --out d.npy --device gpu",
    ] {
        let bytes = told(options)["memory"]["device_bytes"].as_u64().unwrap();
        assert!(bytes > 36 * 4 * 96 && bytes < 1 << 20, "{bytes}");
    }
    // One of each device, and their sum.
    let two = told("--of cell_b,scale --out d.npy --device gpu,gpu");
    assert_eq!(two["memory"]["host_bytes"], 3 * 3 * 8 * 96);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let huge = SOUND.replace("-detpixels_x 12", "-detpixels_x 60000");
    let huge = huge.replace("-detpixels_y 8", "-detpixels_y 60000");
    let ran = gradient(folder.path(), "--of all --out d.npy --dry-run", &huge);
    assert!(
        ran.code == Some(1) && ran.said.contains("of 60000 x 60000 pixels need"),
        "{}",
        ran.said
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_stops_derivatives_within_a_second_and_leaves_no_file() {
    let flags = "-default_F 100 -cell 70 80 90 -N 5 -oversample 1";
    // One that sums terms for minutes, and one that fills many large images.
    let long = "-detpixels 1000 -mosaic 1 -mosaic_domains 100000";
    let wide = "-detpixels 2500 -mosaic 1 -mosaic_domains 100";
    let of = "misset_x,misset_y,misset_z,cell_a,cell_b,cell_c,lambda,distance,Na,Nb,Nc,scale";
    for (device, more) in [("gpu", long), ("gpu", wide), ("cpu", long)] {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("gradient --of {of} --out d.npy --device {device} -- {flags} {more}");
        let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin("nanobragg"));
        command.current_dir(folder.path()).args(words(&line));
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
        command.stderr(std::process::Stdio::null());
        let mut child = crate::support::hearing(&mut command).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_secs(3));
        assert!(child.try_wait().unwrap().is_none(), "{line} is still going");
        let asked = std::time::Instant::now();
        let pid = child.id().to_string();
        std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap();
        let status = child.wait().unwrap();
        println!("{device} {more}: {:?}", asked.elapsed());
        assert!(
            asked.elapsed().as_secs_f64() < 1.0,
            "{line}: {:?}",
            asked.elapsed()
        );
        assert_eq!(status.code(), Some(130), "{line}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{line}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_any_file_is_written() {
    let folder = tempfile::tempdir().unwrap();
    weights(&folder.path().join("w.npy"), [12, 9]);
    fs::write(folder.path().join("nan.npy"), {
        let pixels = Pixels::F32([vec![0.0; 13], vec![f32::NAN], vec![0.0; 82]].concat());
        let raster = RasterView {
            width: 12,
            height: 8,
            pixels: pixels.view(),
        };
        npy::encode(raster)
    })
    .unwrap();
    let sound = SOUND;
    let tophat = format!("{SOUND} -tophat_spots");
    let curved = format!("{SOUND} -curved_det");
    let huge = "-default_F 100 -cell 70 80 90 -N 5 -detpixels 60000".to_string();
    let mut fortran = fs::read(folder.path().join("w.npy")).unwrap();
    let place = fortran.windows(5).position(|five| five == b"False");
    fortran[place.unwrap()..][..5].copy_from_slice(b"True ");
    fs::write(folder.path().join("fortran.npy"), &fortran).unwrap();
    let cases = [
        (
            "--of misset_w --out d.npy",
            sound,
            2,
            "no parameter \"misset_w\"; did you mean misset_x?",
        ),
        (
            "--of misset_x,misset_x --out d.npy",
            sound,
            2,
            "misset_x stands there twice",
        ),
        ("--of misset_x", sound, 2, "say what is wanted"),
        ("--out d.npy", sound, 2, "--of misset_x,cell_a, or --of all"),
        (
            "--of misset_x --out d.img",
            sound,
            2,
            "a name that ends in .npy",
        ),
        (
            "--of misset_x --out d.npy --vjp w.npy",
            sound,
            2,
            "leave one out",
        ),
        (
            "--of bandwidth --out d.npy",
            sound,
            2,
            "bandwidth: sampled sources have none",
        ),
        (
            "--of fudge --out d.npy",
            sound,
            2,
            "fudge: a square crystal does not heed it",
        ),
        (
            "--of cell_a --out d.npy",
            &tophat,
            2,
            "cell_a: top-hat spots",
        ),
        (
            "--of distance --out d.npy",
            &curved,
            2,
            "distance: a curved panel",
        ),
        (
            "--of panel_2_x --out d.npy",
            sound,
            2,
            "panel_2_x: there are 1 panels, counted from 0",
        ),
        (
            "--of F(0,0,1) --out d.npy",
            sound,
            2,
            "F(0,0,1): no such index",
        ),
        (
            "--of misset_x --out no/d.npy",
            sound,
            1,
            "no directory 'no'",
        ),
        (
            "--of misset_x --out d.npy",
            "-default_F 1 -cell 70 -N 5 -noisefile x.img",
            2,
            "-noisefile",
        ),
        (
            "--vjp w.npy",
            sound,
            1,
            "12 x 9 weights, and the image has 12 x 8 pixels",
        ),
        (
            "--vjp nan.npy",
            sound,
            1,
            "the weight of pixel (1, 1) is NaN",
        ),
        (
            "--vjp fortran.npy",
            sound,
            1,
            "fortran.npy: an array in Fortran order",
        ),
        ("--vjp .", sound, 1, "cannot read .: it is a directory"),
        ("--of= --out d.npy", sound, 2, "there is no parameter \"\""),
        (
            "--of misset_x,,cell_a --out d.npy",
            sound,
            2,
            "there is no parameter \"\"",
        ),
        (
            "--of all --out d.npy",
            &huge,
            1,
            "derivative images of 60000 x 60000 pixels need",
        ),
        (
            "--of misset_x --out .",
            sound,
            2,
            "a name that ends in .npy",
        ),
        (
            "--vjp w.npy --psf round",
            sound,
            2,
            "expected gauss or fiber",
        ),
    ];
    for (options, flags, code, told) in cases {
        let ran = gradient(folder.path(), options, flags);
        assert_eq!(ran.code, Some(code), "{options}: {}", ran.said);
        assert_eq!(ran.said.lines().count(), 1, "{options}: {}", ran.said);
        assert!(ran.said.contains(told), "{options}: {}", ran.said);
        assert!(
            ran.said.contains("gradient") || code == 1 || told.starts_with('-'),
            "{}",
            ran.said
        );
    }
    let mut left: Vec<String> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["fortran.npy", "nan.npy", "w.npy"]);
}

#[test]
fn files_of_derivatives_overwrite_no_input() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("d.json");
    fs::write(&list, "0 0 1 100\n1 2 3 50\n").unwrap();
    let flags = SOUND.replace("-default_F 100", "-hkl d.json");
    let ran = gradient(folder.path(), "--of misset_x --out d.npy", &flags);
    assert_eq!(ran.code, Some(2), "{}", ran.said);
    assert!(
        ran.said.contains("d.json would overwrite the input"),
        "{}",
        ran.said
    );
    assert_eq!(fs::read_to_string(&list).unwrap(), "0 0 1 100\n1 2 3 50\n");
}
