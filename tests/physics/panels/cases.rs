//! Files of detectors as people have them: panels that are parallelograms, of two widths, that overlap,
//! beyond 90°.

use std::path::Path;

use nanobragg::image::Image;
use nanobragg::render::frame_size;

use super::{GATE, cpu, gpu, nrmse};
use crate::support::panel_files::file;
use crate::support::{experiment, golden_path, program, words};

const LINE: &str = "-energy 9500 -N 3 -default_F 100 -oversample 1 -cell 70 80 90";

/// A detector of one panel of 20 × 10 pixels of 0.1 mm, with these lines.
fn geometry(panel: &str) -> String {
    format!(
        "clen = 0.1\nres = 10000\nphoton_energy = 9500\na/min_fs = 0\na/max_fs = 19\na/min_ss = 0\n\
         a/max_ss = 9\na/corner_x = -10\na/corner_y = 5\na/fs = x\na/ss = y\n{panel}"
    )
}

/// The image of the file of these contents, the same on both paths.
fn image(folder: &Path, name: &str, contents: &str, line: &str) -> Image {
    let path = file(folder, name, contents);
    let flag = if name.ends_with("expt") {
        "--expt"
    } else {
        "--geom"
    };
    let experiment = experiment(&format!("{flag} {} {line}", path.display()));
    let image = cpu().render(&experiment).unwrap().image;
    let other = gpu().render(&experiment).unwrap().image;
    let off = nrmse(other.values(), image.values());
    assert!(off < GATE, "{name}: {off}");
    image
}

/// Sum, and the largest value with its fast and slow coordinate, of `rows` of an image.
fn figures(image: &Image, rows: std::ops::Range<usize>) -> (f64, f32, [usize; 2]) {
    let width = image.width();
    let values = &image.values()[rows.start * width..rows.end * width];
    let (place, largest) = values
        .iter()
        .enumerate()
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .unwrap();
    let sum = values.iter().map(|&value| f64::from(value)).sum();
    (sum, *largest, [place % width, place / width])
}

fn assert_near(found: f64, expected: f64, digits: f64) {
    assert!(
        (found - expected).abs() <= digits,
        "{found}, expected {expected}"
    );
}

#[test]
fn steps_that_were_rounded_are_rendered_as_they_stand() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(golden_path("cases/geom_fs_ss_rounded.geom")).unwrap();
    let matrix = golden_path("cases/geom.mat");
    let line = format!(
        "-mat {} -energy 9500 -polar 1 -N 3 -default_F 100 -oversample 1",
        matrix.display()
    );
    let image = image(folder.path(), "a.geom", &text, &line);
    let (sum, largest, place) = figures(&image, 0..image.height());
    assert_near(sum, 1913.09, 0.005);
    assert_near(largest.into(), 7.1855, 0.00005);
    assert_eq!(place, [55, 1]);
}

/// The centres of the pixels of both files are those of other square pixels.
#[test]
fn pixels_that_are_no_squares_are_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let whole = image(here, "square.geom", &geometry("a/max_fs = 49"), LINE);
    let wide = geometry("a/max_fs = 9\na/fs = 2x\na/corner_x = -10.5");
    let wide = image(here, "wide.geom", &wide, LINE);
    let sheared = geometry("a/ss = x + y\na/corner_x = -10.5");
    let sheared = image(here, "sheared.geom", &sheared, LINE);
    let at = |image: &Image, [fast, slow]: [usize; 2]| image.values()[slow * image.width() + fast];
    for slow in 0..10 {
        for fast in 0..10 {
            let (found, square) = (at(&wide, [fast, slow]), at(&whole, [2 * fast, slow]));
            assert!(
                (found / square / 2.0 - 1.0).abs() < 1e-5,
                "{found} {square}"
            );
            let (found, square) = (at(&sheared, [fast, slow]), at(&whole, [fast + slow, slow]));
            assert!((found / square - 1.0).abs() < 1e-5, "{found} {square}");
        }
    }
    // DIALS has edges of a pixel.
    let list = std::fs::read_to_string(golden_path("cases/expt_panel_beyond_90deg.expt")).unwrap();
    let mut list: serde_json::Value = serde_json::from_str(&list).unwrap();
    list["detector"][0]["panels"][1]["pixel_size"] = serde_json::json!([0.2, 0.1]);
    let experiment = experiment(&format!(
        "--expt {} -default_F 100",
        file(here, "flat.expt", list.to_string()).display()
    ));
    let edges = experiment.detector().panels[1].pixel_edges_m();
    assert!(
        (edges[0] - 2e-4).abs() < 1e-15 && (edges[1] - 1e-4).abs() < 1e-15,
        "{edges:?}"
    );
}

#[test]
fn panels_beyond_90_degrees_are_rendered() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(golden_path("cases/expt_panel_beyond_90deg.expt")).unwrap();
    let line = "-N 3 -default_F 100 -oversample 1 -nointerpolate";
    let image = image(folder.path(), "a.expt", &text, line);
    for (panel, (sum, largest, place)) in [
        (4670.98, 28.2061, [3, 16]),
        (1309.42, 27.3715, [34, 22]),
        (2083.18, 28.4144, [26, 4]),
    ]
    .into_iter()
    .enumerate()
    {
        let found = figures(&image, 30 * panel..30 * (panel + 1));
        assert_near(found.0, sum, 0.005);
        assert_near(found.1.into(), largest, 0.00005);
        assert_eq!(found.2, place);
    }
}

/// What the program says of a file that it renders.
fn said(folder: &Path, contents: &str) -> String {
    file(folder, "a.geom", contents);
    let line = format!("--geom a.geom {LINE} --device cpu --out a.npy");
    let output = program()
        .current_dir(folder)
        .args(words(&line))
        .assert()
        .success();
    String::from_utf8_lossy(&output.get_output().stderr).into_owned()
}

#[test]
fn panels_that_overlap_and_panels_upstream_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let beside = "b/fs = x\nb/ss = y\nb/corner_y = 5\nb/min_fs = 0\nb/max_fs = 19\nb/min_ss = 0\n\
                  b/max_ss = 9\nb/corner_x = ";
    let apart = said(folder.path(), &geometry(&format!("{beside} 10")));
    assert!(!apart.contains("overlap"), "{apart}");
    let over = said(folder.path(), &geometry(&format!("{beside} 7")));
    let expected = "a.geom: panel \"a\" (number 0) and panel \"b\" (number 1) overlap";
    assert!(over.contains(expected), "{over}");
    let upstream = said(
        folder.path(),
        &geometry(&format!("{beside} 10\nb/coffset = -0.2")),
    );
    let expected = "a.geom: panel \"b\" (number 1) beyond 90°, upstream of the sample";
    assert!(upstream.contains(expected), "{upstream}");
}

#[test]
fn panels_of_two_widths_are_stacked() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let whole = image(here, "one.geom", &geometry(""), LINE);
    let text = geometry(
        "b/fs = x\nb/ss = y\nb/corner_x = 12\nb/corner_y = 5\nb/min_fs = 0\nb/max_fs = 6\n\
         b/min_ss = 0\nb/max_ss = 9",
    );
    let both = image(here, "two.geom", &text, LINE);
    assert_eq!([both.width(), both.height()], [20, 20]);
    assert_eq!(both.values()[..200], whole.values()[..]);
    for row in both.values()[200..].chunks(20) {
        assert!(row[..7].iter().all(|&value| value > 0.0));
        assert!(row[7..].iter().all(|&value| value == 0.0));
    }
    let experiment = experiment(&format!(
        "--geom {} {LINE}",
        here.join("two.geom").display()
    ));
    assert_eq!(frame_size(&experiment), [20, 20]);
    // What is beside the narrow panel covers nothing.
    assert_eq!(experiment.detector().overlapping(), None);
}

#[test]
fn electrons_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(golden_path("cases/expt_probe_electron.expt")).unwrap();
    for (from, to) in [("", ""), ("electron", "neutron")] {
        let text = match from {
            "" => text.clone(),
            from => text.replace(from, to),
        };
        file(folder.path(), "a.expt", text);
        let output = program()
            .current_dir(folder.path())
            .args(words("--expt a.expt -default_F 100 --out a.npy"))
            .assert()
            .code(1);
        let said = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            said.contains("key probe: ") && said.contains("only X-rays"),
            "{said}"
        );
    }
}

#[test]
fn a_beam_along_a_polarisation_that_nobody_asked_for_is_rendered() {
    let line = "-default_F 100 -cell 70 80 90 -N 3 -detpixels 30 -oversample 1 -fdet_vector 1 0 0 \
                -sdet_vector 0 1 0 -odet_vector 0 0 1 -beam_vector 0 0 1";
    let along = experiment(line);
    let across = experiment(&format!("{line} -polar_vector 1 0 0"));
    for renderer in [cpu(), gpu()] {
        let image = |experiment| renderer.render(experiment).unwrap().image;
        let (along, across) = (image(&along), image(&across));
        assert!(along.values().iter().all(|&value| value > 0.0));
        let off = nrmse(along.values(), across.values());
        assert!(off < GATE, "{off}");
    }
    let refused = |more: &str| {
        let output = program()
            .args(words(&format!("{line} {more} --dry-run")))
            .assert()
            .failure();
        String::from_utf8_lossy(&output.get_output().stderr).into_owned()
    };
    for more in ["-polar 0.9", "-hdivrange 1 -hdivsteps 3"] {
        let said = refused(more);
        assert!(
            said.contains("-polar_vector") && said.contains("parallel"),
            "{said}"
        );
    }
    // A source of a list along the vector, of X-rays that are not polarised.
    let folder = tempfile::tempdir().unwrap();
    let list = file(
        folder.path(),
        "sources.txt",
        "0 0 1 1 1e-10\n1 0 0 1 1e-10\n",
    );
    let line = "-default_F 100 -cell 70 80 90 -N 3 -detpixels 30 -oversample 1 -sourcefile";
    for more in ["-nopolar", "-polar 0"] {
        experiment(&format!("{line} {} {more}", list.display()));
    }
}
