//! Resolution rings on a PNG: where the formula has them, whatever the detector's tilt.

use std::fs;

use assert_cmd::Command;
use glam::DVec3;

const FLAGS: &str = "-default_F 10 -cell 50 -N 2 -lambda 1 -distance 60 -pixel 0.2 -detpixels 300 \
                     -Xbeam 28 -Ybeam 33 --device cpu --quiet";
/// The rings' red.
const INK: [u8; 3] = [205, 30, 30];

/// The pixels with ink below the beam centre and its cross, where no label is.
fn inked(more: &str) -> (Vec<[usize; 2]>, nanobragg::experiment::Experiment) {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{FLAGS} {more}");
    let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
    Command::cargo_bin("nanobragg")
        .unwrap()
        .current_dir(folder.path())
        .args(&words)
        .args(["--png", "a.png", "--png-rings", "2.5", "1.8"])
        .assert()
        .success();
    let bytes = fs::read(folder.path().join("a.png")).unwrap();
    let picture = image::load_from_memory(&bytes).unwrap().into_rgb8();
    let inked = picture
        .enumerate_pixels()
        .filter(|(_, y, colour)| colour.0 == INK && *y > 150);
    let inked = inked.map(|(x, y, _)| [x as usize, y as usize]).collect();
    (inked, nanobragg::cli::experiment(&words).unwrap())
}

#[test]
fn rings_are_where_braggs_law_has_them() {
    for tilt in [
        "",
        "-detector_roty 25",
        "-detector_rotx 15 -detector_rotz 20",
        "-curved_det",
    ] {
        let (inked, experiment) = inked(tilt);
        let panel = &experiment.detector().panels[0];
        // 2 theta = 2 asin(lambda/2d); a pixel is at most its edge from its neighbour, as an angle.
        let expected = [2.5e-10, 1.8e-10].map(|d: f64| 2.0 * (1e-10 / (2.0 * d)).asin());
        let mut found = [0, 0];
        for &[fast, slow] in &inked {
            let middle = [fast as f64 + 0.5, slow as f64 + 0.5];
            let place = match panel.curved_m {
                None => panel.point_m(middle),
                Some(_) => continue,
            };
            let angle = place.angle_between(DVec3::X);
            let step = 2e-4 / place.length();
            for (count, expected) in found.iter_mut().zip(expected) {
                *count += usize::from((angle - expected).abs() < step);
            }
        }
        if panel.curved_m.is_none() {
            assert!(found.iter().all(|&count| count > 25), "{tilt}: {found:?}");
            assert_eq!(found[0] + found[1], inked.len(), "{tilt}: ink elsewhere");
        } else {
            // On the sphere 2 theta is the arc; the other ring is outside.
            let centre = [33.0 / 0.2 + 0.5, 28.0 / 0.2 + 0.5];
            let mut below = inked.iter().filter(|[fast, _]| *fast == centre[0] as usize);
            let &[_, slow] = below.next().unwrap();
            let arc = centre[1] + expected[0] * 0.06 / 2e-4;
            assert!((slow as f64 + 0.5 - arc).abs() < 1.0, "{slow} {arc}");
        }
    }
}

#[test]
fn without_rings_no_ink_is_spilt() {
    let folder = tempfile::tempdir().unwrap();
    Command::cargo_bin("nanobragg")
        .unwrap()
        .current_dir(folder.path())
        .args(FLAGS.split_whitespace())
        .args(["--png", "a.png"])
        .assert()
        .success();
    let bytes = fs::read(folder.path().join("a.png")).unwrap();
    assert!(
        image::load_from_memory(&bytes)
            .unwrap()
            .as_luma8()
            .is_some()
    );
}
