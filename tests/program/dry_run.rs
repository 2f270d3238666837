//! `--dry-run`: what it tells is what a render does, and it leaves nothing behind.

use std::fs;
use std::path::Path;

use crate::support::{names, program, words};
use serde_json::Value;

/// Runs `line` in `folder` and gives its exit code, standard output and standard error.
fn run(folder: &Path, line: &str) -> (i32, String, String) {
    let done = program()
        .current_dir(folder)
        .args(words(line))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        done.status.code().unwrap(),
        text(done.stdout),
        text(done.stderr),
    )
}

/// The JSON document that `line` prints.
fn json(folder: &Path, line: &str) -> Value {
    let (code, text, errors) = run(folder, &format!("{line} --json"));
    assert_eq!(code, 0, "{line}: {errors}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn it_tells_what_the_closed_form_would_take() {
    let folder = tempfile::tempdir().unwrap();
    let sampled = "-detpixels 10 -oversample 2 -mosaic 0.2 -mosaic_domains 30 -osc 1 -phisteps 5";
    let of = |flags: &str| {
        let document = json(folder.path(), &format!("{CUBE} {flags} --dry-run"));
        let notices = document["notices"].as_array().unwrap().iter();
        let notices = notices.map(|notice| notice.as_str().unwrap().to_string());
        let told: Vec<String> = notices.filter(|told| told.contains("--analytic")).collect();
        (told, document)
    };
    let (told, planned) = of(&format!("{sampled} -gauss_xtal -dispersion 1 -dispsteps 4"));
    let [told] = told.as_slice() else {
        panic!("{told:?}")
    };
    let expected = "240000 terms are summed, for 30 mosaic domain(s), 5 step(s) of -osc and 4 source(s); \
                    --analytic takes 400 for each segment";
    assert!(told.starts_with(expected), "{told}");
    assert!(planned["integrated"].is_null());
    // Spots that have no closed form, one term a sub-pixel, and spots in closed form.
    for flags in [
        sampled,
        "-gauss_xtal -detpixels 10",
        "-gauss_xtal -detpixels 10 -mosaic 0.1 --analytic",
    ] {
        assert_eq!(of(flags).0, Vec::<String>::new(), "{flags}");
    }
    let spreads =
        "-mosaic 0.2 --bandwidth 0.1 --divergence-sigma 0 1 -osc 1 -phisteps 2 --pixel-average";
    let flags = format!("-gauss_xtal -detpixels 10 --analytic {spreads}");
    let (_, planned) = of(&flags);
    let sampling = &planned["sampling"];
    assert_eq!(
        (&sampling["phi_steps"], &sampling["terms"]),
        (&2.into(), &200.0.into())
    );
    assert_eq!(planned["integrated"]["segments"], 2);
    let rendered = json(folder.path(), &format!("{CUBE} {flags} -floatfile f.bin"));
    for part in ["sampling", "integrated"] {
        assert_eq!(rendered[part], planned[part], "{part}");
    }
}

#[test]
fn segments_are_the_range_together() {
    let folder = tempfile::tempdir().unwrap();
    let of = |flags: &str| {
        let scene = "-gauss_xtal -detpixels 10 --analytic -floatfile f.bin -phi 3";
        let done = json(folder.path(), &format!("{CUBE} {scene} {flags}"));
        let told = done["notices"].to_string();
        let image = fs::read(folder.path().join("f.bin")).unwrap();
        (image, done["integrated"].clone(), told)
    };
    for (uneven, even, told) in [
        (
            "-osc 0.5 -phistep 0.3",
            "-osc 0.5 -phisteps 2",
            "-phistep: 2 segment(s) of 0.25° take the place of steps of 0.3°",
        ),
        (
            "-osc -0.5 -phistep -1",
            "-osc -0.5 -phisteps 1",
            "1 segment(s) of -0.5° take the place of steps of -1°, which are not the -osc of -0.5°",
        ),
        (
            "-osc 1 -phistep 0.1 -phisteps 2",
            "-osc 1 -phisteps 2",
            "2 segment(s) of 0.5°",
        ),
        (
            "-phistep 0.4",
            "-osc 0.4 -phisteps 2",
            "2 segment(s) of 0.2°",
        ),
    ] {
        let (image, integrated, notices) = of(uneven);
        assert!(notices.contains(told), "{uneven}: {notices}");
        let (expected, expected_integrated, silent) = of(even);
        assert!(!silent.contains("take the place"), "{even}: {silent}");
        assert_eq!(integrated, expected_integrated, "{uneven}");
        assert_eq!(image, expected, "{uneven}");
    }
    let (_, _, notices) = of("-osc 0.5 -phistep 0.1");
    assert!(!notices.contains("take the place"), "{notices}");
}

#[test]
fn what_is_beyond_the_closed_form_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let of = |flags: &str| {
        let crystal = "-default_F 1 -cell 60 70 30 -gauss_xtal --gauss-metric hkl -lambda 1";
        let detector = "-detpixels 40 -pixel 2 -distance 100";
        let line = format!("{crystal} {detector} --analytic {flags} --dry-run");
        json(folder.path(), &line)["notices"].to_string()
    };
    let overlap = "--analytic: at the detector's highest resolution spots are smeared over 0.2";
    let curvature = "with this -mosaic spots at the detector's highest resolution are off by";
    let about = "off by about 2.3";
    let wide = |flag: &str| format!("{flag}: segments of 1° are wider than");
    let lost = |flag: &str| format!("may be lost; leave {flag} out");
    for (flags, told) in [
        (
            "-N 20 -mosaic 0.4",
            vec![overlap.to_string(), curvature.into()],
        ),
        ("-N 20 --bandwidth 0.7", vec![overlap.into()]),
        ("-N 20 --divergence-sigma 0 3", vec![overlap.into()]),
        ("-N 60 -mosaic 0.2", vec![curvature.into(), about.into()]),
        ("-N 20 -mosaic 9", vec!["100 % or more".into()]),
        (
            "-N 20 -osc 2 -phisteps 2",
            vec![wide("-phisteps"), lost("-phisteps")],
        ),
        (
            "-N 20 -osc 2 -phistep 1",
            vec![wide("-phistep"), lost("-phistep")],
        ),
        (
            "-N 2 -mosaic 0.1",
            vec!["samples of a crystal this small interpolate it".into()],
        ),
    ] {
        let notices = of(flags);
        for line in told {
            assert!(notices.contains(&line), "{flags}: {line}: {notices}");
        }
    }
    for flags in [
        "-N 20 -mosaic 0.1 --bandwidth 0.1 --divergence-sigma 0.3 0.3 -osc 2",
        "-N 60 -mosaic 0.2 -dmin 8",
    ] {
        assert_eq!(of(flags), "[]", "{flags}");
    }
}

const CUBE: &str = "-default_F 100 -cell 100 -N 5 -lambda 2";

#[test]
fn it_counts_what_a_render_counts_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for line in [
        format!("{CUBE} -detpixels 40"),
        format!(
            "{CUBE} -detpixels_f 40 -detpixels_s 30 -roi 3 9 5 20 -osc 1 -phisteps 3 -mosaic 1"
        ),
        format!(
            "{CUBE} -detpixels 20 -oversample 3 -dispersion 1 -dispsteps 4 -detector_thick 300"
        ),
        format!("{CUBE} -detpixels 20 -N 40"),
        "--background water.stol,thickness=0.1,density=1,mw=18 -detpixels 20".to_string(),
    ] {
        fs::write(folder.join("water.stol"), "0 2.57\n0.5 2\n1 1\n2 1\n3 1\n").unwrap();
        let planned = json(
            folder,
            &format!("{line} -floatfile f.bin --out o.cbf --dry-run"),
        );
        assert_eq!(names(folder), ["water.stol"], "{line}");
        assert_eq!(planned["dry_run"], true);
        let done = json(folder, &format!("{line} -floatfile f.bin --out o.cbf"));
        assert_eq!(planned["sampling"], done["sampling"], "{line}");
        assert_eq!(
            planned["rendered_pixels"], done["image"]["pixels"],
            "{line}"
        );
        assert_eq!(planned["pixels"], done["detector"]["pixels"], "{line}");
        assert_eq!(planned["device"], done["device"]);
        let paths = |document: &Value| {
            let files = document["files"].as_array().unwrap().iter();
            files
                .map(|file| file["path"].as_str().unwrap().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(paths(&planned), paths(&done), "{line}");
        let per_pixel = planned["terms_per_pixel"].as_f64().unwrap();
        let pixels = planned["rendered_pixels"].as_f64().unwrap();
        assert_eq!(planned["sampling"]["terms"], per_pixel * pixels, "{line}");
        let again = json(
            folder,
            &format!("{line} -floatfile f.bin --out o2.cbf --dry-run"),
        );
        assert_eq!(again["files"][0]["replaces"], true);
        assert_eq!(again["files"][1]["replaces"], false);
        for name in names(folder) {
            fs::remove_file(folder.join(name)).unwrap();
        }
    }
}

#[test]
fn it_refuses_what_a_render_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for line in [
        "-cell 70 -N 5 -detpixels 8",
        "-default_F 1 -cell 70 -detpixels 0",
        "-hkl missing.hkl -cell 70",
        "-default_F 1 -cell 70 -detpixels 8 -floatfile no/such/folder.bin",
        "-default_F 1 -cell 70 -detpixels 8 -floatfile a.bin -intfile a.bin",
        "-default_F 1 -cell 70 -detpixels 60000 --overview o.png --out o.cbf --out-noise n.cbf --psf-fwhm 3",
        "-default_F 1 -cell 70 -detpixels 8 --device nosuchcard",
        "-default_F 1 -cell 70 -detpixels 8 -mosaic 1 -mosaic_domains 4000000000",
    ] {
        let (code, _, said) = run(folder, line);
        assert_ne!(code, 0, "{line}");
        // The figure of what memory there is changes from moment to moment.
        let settled = |said: &str| said.split("this machine has").next().unwrap().to_string();
        let (dry_code, printed, dry_said) = run(folder, &format!("{line} --dry-run"));
        assert_eq!(
            (dry_code, settled(&dry_said)),
            (code, settled(&said)),
            "{line}"
        );
        assert_eq!(printed, "", "{line}");
        assert!(names(folder).is_empty(), "{line}");
    }
}

#[test]
fn people_get_lines_and_silence_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (_, text, _) = run(
        folder,
        &format!("{CUBE} -detpixels 40 --dry-run --write-config e.toml"),
    );
    assert!(text.contains("experiment file e.toml"), "{text}");
    assert!(!text.contains("path e.toml"), "{text}");
    assert_eq!(names(folder), ["e.toml"]);
    std::fs::remove_file(folder.join("e.toml")).unwrap();
    let line = format!("{CUBE} -detpixels 40 --dry-run");
    let (_, text, errors) = run(folder, &line);
    for part in [
        "dry run      true",
        "pixels       40 40",
        "rendered pixels 1600",
        "terms 1600",
        "terms per pixel 1",
        "flag -noisefile, path noiseimage.img, replaces false",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(errors, "");
    assert_eq!(
        run(folder, &format!("{line} --quiet")),
        (0, String::new(), String::new())
    );
    let (_, _, said) = run(folder, &format!("{line} -printout -progress"));
    assert!(
        said.contains("-printout has no effect: --dry-run"),
        "{said}"
    );
    assert!(
        said.contains("-progress has no effect: --dry-run"),
        "{said}"
    );
    assert!(names(folder).is_empty());
}

#[test]
fn on_a_gpu_its_memory_is_told_too() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{CUBE} -detpixels 64 --device gpu --dry-run");
    let planned = json(folder.path(), &line);
    let bytes = planned["memory"]["device_bytes"].as_u64().unwrap();
    // Four floats a pixel, and not much else.
    assert!((64 * 64 * 16..64 * 64 * 32).contains(&bytes), "{bytes}");
    assert!(names(folder.path()).is_empty());
}
