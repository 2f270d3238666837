//! `--dry-run`: what it tells is what a render does, and it leaves nothing behind.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::support::{experiment, program, words};
use nanobragg::cpu;
use nanobragg::experiment::Panel;
use nanobragg::render::{Device, RenderOptions, Renderer};
use nanobragg::scene::Scene;
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

/// What is in `folder`.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
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
    assert!(text.contains("but e.toml, the experiment"), "{text}");
    assert!(!text.contains("would write e.toml"), "{text}");
    assert_eq!(names(folder), ["e.toml"]);
    std::fs::remove_file(folder.join("e.toml")).unwrap();
    let line = format!("{CUBE} -detpixels 40 --dry-run");
    let (_, text, errors) = run(folder, &line);
    for part in [
        "nothing is rendered or written",
        "40 x 40 pixels, 1600 of them rendered",
        "1.6000e3: 1 a pixel",
        "would write noiseimage.img (-noisefile)",
        "estimate   about ",
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

#[test]
fn what_gets_a_device_ready_is_not_taken_for_terms() {
    let options = RenderOptions {
        device: Device::Gpu("gpu".into()),
        ..RenderOptions::default()
    };
    let gpu = Renderer::new(&options).unwrap();
    let experiment = experiment(&format!(
        "{CUBE} -detpixels 600 -mosaic 1 -mosaic_domains 100"
    ));
    let cold = gpu.estimate(&experiment, &()).unwrap();
    // The kernel is compiled in the first sample, whose terms are a fraction of the last one's.
    assert!(cold.set_up_seconds > 0.0, "{cold:?}");
    assert!(
        cold.sampled_seconds > 0.1 && cold.terms == 3.6e7,
        "{cold:?}"
    );
}

#[test]
fn a_sample_holds_the_images_own_terms() {
    let line = format!("{CUBE} -detpixels_f 230 -detpixels_s 170 -detector_rotx 10 -mosaic 1");
    for line in [
        &line,
        &format!("{line} -curved_det"),
        &format!("{line} -roi 20 180 9 150"),
    ] {
        let scene = Scene::new(&experiment(line)).unwrap();
        let render = |scene: &Scene| cpu::render(scene, &|| (), &|| false).unwrap();
        let image = render(&scene);
        let whole = scene.terms_per_pixel() * scene.rendered_pixels() as f64;
        let sample = scene.sample(whole / 4.0);
        assert!(
            (0.2..0.4).contains(&(sample.terms / whole)),
            "{line}: {}",
            sample.terms / whole
        );
        assert_eq!(sample.scene.orientations, scene.orientations);
        let mut values = render(&sample.scene).into_iter();
        let panel = &scene.panels[0];
        let mut rendered = 0;
        for patch in sample.scene.panels.iter() {
            let offset = (patch.origin_m - panel.origin_m) / panel.pixel_size_m;
            let first = [panel.fast, panel.slow].map(|axis| offset.dot(axis).round() as usize);
            for [fast, slow] in pixels(patch) {
                let value = values.next().unwrap();
                let place = (first[1] + slow) * panel.shape[0] + first[0] + fast;
                let expected = if patch.renders(fast, slow) {
                    image[place]
                } else {
                    0.0
                };
                let off = (value - expected).abs();
                assert!(
                    off <= 1e-5 * expected.abs() + 1e-12,
                    "{line}: {value} {expected}"
                );
                rendered += usize::from(patch.renders(fast, slow));
            }
        }
        assert_eq!(sample.terms, scene.terms_per_pixel() * rendered as f64);
        let all = scene.sample(whole);
        assert_eq!((all.terms, render(&all.scene)), (whole, image));
    }
}

fn pixels(panel: &Panel) -> impl Iterator<Item = [usize; 2]> + use<> {
    let [width, height] = panel.shape;
    (0..height).flat_map(move |slow| (0..width).map(move |fast| [fast, slow]))
}

#[test]
fn a_sample_of_pixels_with_many_terms_is_small_all_the_same() {
    let line = format!(
        "{CUBE} -detpixels 512 -mosaic 1 -mosaic_domains 5000 -dispersion 1 -dispsteps 40 -oversample 5"
    );
    let scene = Scene::new(&experiment(&line)).unwrap();
    for terms in [1e6, 1e8, 1e10] {
        let sample = scene.sample(terms);
        assert!(
            (0.3..3.0).contains(&(sample.terms / terms)),
            "{terms}: {}",
            sample.terms
        );
        assert!(sample.scene.orientations.len() >= 100);
        // From all over the detector.
        let corner =
            |patch: &Panel| (patch.origin_m - scene.panels[0].origin_m).dot(scene.panels[0].slow);
        let places: Vec<f64> = sample.scene.panels.iter().map(corner).collect();
        let span =
            places.iter().copied().fold(0.0, f64::max) / (512.0 * scene.panels[0].pixel_size_m);
        assert!(span > 0.7, "{span}");
    }
}

#[test]
fn the_estimate_is_near_what_the_render_takes() {
    // Machines are busy with other things: one of a few tries has to come out.
    let folder = tempfile::tempdir().unwrap();
    let line =
        format!("{CUBE} -N 20 -detpixels 700 -mosaic 1 -mosaic_domains 300 -floatfile f.bin");
    let mut tries = Vec::new();
    for _ in 0..4 {
        let planned = json(folder.path(), &format!("{line} --dry-run"));
        let started = Instant::now();
        json(folder.path(), &line);
        let took = started.elapsed().as_secs_f64();
        let told = planned["estimate"]["seconds"].as_f64().unwrap();
        if (0.5..2.0).contains(&(told / took)) {
            return;
        }
        tries.push((told, took));
    }
    panic!("told and taken, s: {tries:?}");
}
