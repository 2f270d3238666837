//! `--out`, `nanobragg convert` and `nanobragg info` as a user runs them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use nanobragg::formats::image_file::{self, ImageFile};
use nanobragg::formats::raster::{Pixels, Raster};
use nanobragg::formats::{npy, smv};
use serde_json::Value;

/// A small render: a spot or two on a detector that is not square.
const RENDER: &str = "-default_F 100 -cell 70 80 90 -N 5 -lambda 1.25 -distance 100 -detpixels_f 60 \
                      -detpixels_s 44 -pixel 0.1 -Xbeam 2 -Ybeam 3.1 -osc 0.5 -phi 10 -phisteps 1 \
                      --device cpu --quiet";

pub fn nanobragg(here: &Path, line: &str) -> Command {
    let mut command = Command::cargo_bin("nanobragg").unwrap();
    command.current_dir(here).args(line.split_whitespace());
    command
}

/// Standard output of a run that succeeds.
pub fn output(here: &Path, line: &str) -> String {
    let output = nanobragg(here, line).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{line}\n{said}");
    String::from_utf8(output.stdout).unwrap()
}

pub fn json(here: &Path, line: &str) -> Value {
    serde_json::from_str(&output(here, line)).unwrap()
}

/// Exit code and standard error.
pub fn refused(here: &Path, line: &str) -> (i32, String) {
    let output = nanobragg(here, line).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), said)
}

pub fn pixels(path: &Path) -> Pixels {
    match image_file::read(path, super::MOST).unwrap() {
        ImageFile::Sized(_, raster) => raster.pixels,
        ImageFile::Bare(bytes) => {
            let numbers = bytes.as_chunks().0.iter();
            Pixels::F32(numbers.map(|&four| f32::from_le_bytes(four)).collect())
        }
    }
}

pub fn write_npy(path: &Path, values: &[f32]) {
    let raster = Raster {
        width: values.len(),
        height: 1,
        pixels: Pixels::F32(values.to_vec()),
    };
    fs::write(path, npy::encode(raster.view())).unwrap();
}

#[test]
fn a_render_writes_every_format_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let names = [
        "a.bin",
        "a.npy",
        "a.tif",
        "a.cbf",
        "a_0001.img",
        "a.png",
        "a.pgm",
    ];
    let outs: String = names.iter().map(|name| format!(" --out {name}")).collect();
    output(
        here,
        &format!("{RENDER} -floatfile f.bin -intfile i.img{outs}"),
    );
    for name in names {
        assert!(here.join(name).exists(), "{name}");
    }
    let photons = pixels(&here.join("f.bin"));
    for name in ["a.bin", "a.npy", "a.tif"] {
        assert_eq!(pixels(&here.join(name)), photons, "{name}");
    }
    let same = |one: &str, other: &str| {
        let [one, other] = [one, other].map(|name| fs::read(here.join(name)).unwrap());
        assert!(one == other);
    };
    same("a_0001.img", "i.img");
    // CBF has photons, rounded.
    let whole = photons.values().map(|value| (value + 0.5).floor() as i32);
    assert_eq!(pixels(&here.join("a.cbf")), Pixels::I32(whole.collect()));
    assert!(
        photons.values().any(|value| value > 100.0),
        "there is a spot"
    );
    // Unsigned numbers, scaled.
    output(
        here,
        &format!("{RENDER} --out u.tif --out u.npy --out-type u16 -scale 3 -adc 5"),
    );
    let counts = photons
        .values()
        .map(|value| (value * 3.0 + 5.5).floor().min(65535.0) as u16);
    let counts = Pixels::U16(counts.collect());
    assert_eq!(pixels(&here.join("u.tif")), counts);
    assert_eq!(pixels(&here.join("u.npy")), counts);
}

#[test]
fn pixels_that_were_not_rendered_have_no_value_in_cbf() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    output(here, &format!("{RENDER} -roi 10 20 5 9 --out a.cbf"));
    let Pixels::I32(counts) = pixels(&here.join("a.cbf")) else {
        panic!("counts")
    };
    let none = counts.iter().filter(|&&count| count == -1).count();
    assert_eq!(none, 60 * 44 - 11 * 5);
    assert!(counts.iter().all(|&count| count >= -1));
}

#[test]
fn noise_is_the_same_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let noisy = "-seed 3 --readout 2 -flux 1e25";
    output(
        here,
        &format!("{RENDER} {noisy} -noisefile n.img --out-noise n.npy --out-noise n_1.img"),
    );
    let counts = pixels(&here.join("n.npy"));
    let clipped = counts
        .values()
        .map(|value| value.clamp(0.0, 65535.0) as u16);
    assert_eq!(pixels(&here.join("n.img")), Pixels::U16(clipped.collect()));
    assert!(fs::read(here.join("n.img")).unwrap() == fs::read(here.join("n_1.img")).unwrap());
    // A detector that counts photons has no offset, and no negative counts.
    output(here, &format!("{RENDER} {noisy} --out-noise n.cbf"));
    let from_zero = counts.values().map(|value| (value - 40.0).max(0.0) as i32);
    assert_eq!(
        pixels(&here.join("n.cbf")),
        Pixels::I32(from_zero.collect())
    );
    output(here, &format!("{RENDER} -floatfile f.bin"));
    output(
        here,
        "noise f.bin m.cbf --size 60 44 -seed 3 --readout 2 --saturation 900 --device cpu",
    );
    let info = json(here, "info m.cbf --json");
    assert_eq!(info["geometry"]["count_cutoff"], 900.0);
}

#[test]
fn numbers_and_geometry_survive_a_chain_of_conversions() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    output(here, &format!("{RENDER} -intfile a_0001.img"));
    let chain = ["a_0001.img", "b.cbf", "c.img", "d.tif", "e.npy", "f.bin"];
    let first = pixels(&here.join(chain[0]));
    for step in chain.windows(2) {
        output(here, &format!("convert {} {} --quiet", step[0], step[1]));
        let found = pixels(&here.join(step[1]));
        assert!(found.values().eq(first.values()), "{}", step[1]);
    }
    output(here, "convert f.bin g.img --header a_0001.img --quiet");
    assert!(fs::read(here.join("g.img")).unwrap() == fs::read(here.join("a_0001.img")).unwrap());
    // Geometry: what the flags said, in every header.
    for name in ["a_0001.img", "b.cbf", "c.img", "g.img"] {
        let info = json(here, &format!("info {name} --json"));
        let geometry = &info["geometry"];
        let near = |key: &str, expected: f64| {
            let found = geometry[key].as_f64().unwrap();
            assert!(
                (found - expected).abs() <= 1e-5 * expected,
                "{name} {key} {found}"
            );
        };
        near("pixel_size_m", 1e-4);
        near("distance_m", 0.1);
        near("wavelength_m", 1.25e-10);
        near("start_rad", 10_f64.to_radians());
        near("range_rad", 0.5_f64.to_radians());
        // -Xbeam is along slow, -Ybeam along fast, from the centre of the first pixel.
        let centre = &geometry["beam_centre_pixels"];
        for (axis, expected) in [(0, 31.5), (1, 20.5)] {
            let found = centre[axis].as_f64().unwrap();
            assert!((found - expected).abs() < 1e-3, "{name} {centre}");
        }
    }
    let adopted = |name: &str| {
        let file = smv::read(&here.join(name), super::MOST).unwrap();
        [
            "BEAM_CENTER_X",
            "BEAM_CENTER_Y",
            "ADXV_CENTER_Y",
            "OSC_RANGE",
            "DISTANCE",
        ]
        .map(|key| file.number(key).unwrap().unwrap())
    };
    assert_eq!(adopted("a_0001.img"), adopted("c.img"));
}

#[test]
fn what_does_not_fit_is_counted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_npy(
        &here.join("a.npy"),
        &[f32::NAN, -5.0, 0.25, 65535.0, 70000.0, 1e30],
    );
    let told = json(here, "convert a.npy b.img --json");
    let counted = ["clipped_above", "clipped_below", "no_number", "rounded"];
    assert_eq!(counted.map(|key| told[key].as_u64().unwrap()), [2, 1, 1, 1]);
    let expected = Pixels::U16(vec![0, 0, 0, 65535, 65535, 65535]);
    assert_eq!(pixels(&here.join("b.img")), expected);
    let told = json(here, "convert a.npy b.cbf --json");
    assert_eq!(counted.map(|key| told[key].as_u64().unwrap()), [1, 0, 1, 1]);
    let expected = Pixels::I32(vec![-1, -5, 0, 65535, 70000, i32::MAX]);
    assert_eq!(pixels(&here.join("b.cbf")), expected);
    output(
        here,
        "convert a.npy c.tif --type u32 -scale 4 -adc 10 --quiet",
    );
    let expected = vec![0, 0, 11, 262_150, 280_010, u32::MAX];
    assert_eq!(pixels(&here.join("c.tif")), Pixels::U32(expected));
    // float32 has no digits for this one.
    let odd = Raster {
        width: 1,
        height: 1,
        pixels: Pixels::I32(vec![(1 << 24) + 1]),
    };
    fs::write(here.join("odd.npy"), npy::encode(odd.view())).unwrap();
    let told = json(here, "convert odd.npy odd.tif --type f32 --json");
    assert_eq!(told["rounded"], 1);
    output(here, "convert odd.npy odd.cbf --quiet");
    assert_eq!(pixels(&here.join("odd.cbf")), odd.pixels);
}

#[test]
fn info_tells_header_geometry_and_statistics() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_npy(&here.join("a.npy"), &[1.0, -2.0, 7.0, 0.0]);
    let info = json(here, "info a.npy --json");
    let statistics = &info["statistics"];
    let expected = [("min", -2.0), ("max", 7.0), ("mean", 1.5), ("sum", 6.0)];
    for (key, value) in expected {
        assert_eq!(statistics[key], value, "{key}");
    }
    assert_eq!(statistics["max_at"], serde_json::json!([2, 0]));
    assert_eq!(
        (&statistics["zero"], &statistics["negative"]),
        (&1.into(), &1.into())
    );
    assert_eq!(info["numbers"], "float32");
    output(here, "convert a.npy a.cbf --quiet");
    let told = output(here, "info a.cbf");
    assert!(
        told.contains("format       CBF\nnumbers      int32\n")
            && told.contains("header       Detector"),
        "{told}"
    );
    output(here, &format!("{RENDER} --out r.img"));
    let told = output(here, "info r.img");
    assert!(told.contains("distance mm 100,"), "{told}");
    assert!(told.contains("overloads 0"), "{told}");
}

#[test]
fn wrong_usage_is_told_and_costs_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_npy(&here.join("a.npy"), &[1.0]);
    for (line, expected) in [
        ("convert a.npy a.npy", "would overwrite the input"),
        ("convert a.npy a.exr", "expected a name that ends on"),
        ("convert a.npy", "missing"),
        ("convert a.npy b.tif --type f64", "expected one of"),
        ("info", "missing"),
    ] {
        let (code, said) = refused(here, line);
        assert_eq!((code, said.contains(expected)), (2, true), "{line}: {said}");
    }
    let (code, said) = refused(here, &format!("{RENDER} --out a.exr"));
    assert_eq!((code, said.contains("--out a.exr")), (2, true), "{said}");
    let (code, said) = refused(here, &format!("{RENDER} --out-noise a.png"));
    assert_eq!(
        (code, said.contains("--out-noise a.png")),
        (2, true),
        "{said}"
    );
    let (code, said) = refused(
        here,
        &format!("{RENDER} --png a.png --png-rings --png-depth 16"),
    );
    assert_eq!((code, said.contains("--png-rings")), (2, true), "{said}");
    fs::write(here.join("bad.cbf"), "###CBF: nothing").unwrap();
    let (code, said) = refused(here, "info bad.cbf");
    assert_eq!(
        (code, said.contains("no binary section")),
        (1, true),
        "{said}"
    );
    assert_eq!(fs::read_dir(here).unwrap().count(), 2);
    let (code, said) = refused(here, "convert a.npy b.bin -scale 2");
    assert_eq!(
        (code, said.contains("-scale has no effect")),
        (0, true),
        "{said}"
    );
    let tilted = format!("{RENDER} -detector_roty 10 --out t.cbf");
    let (_, said) = refused(here, &tilted);
    assert!(said.contains("no room for the 10.000 degrees"), "{said}");
}
