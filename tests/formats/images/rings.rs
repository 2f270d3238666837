//! Resolution rings on a PNG: where the formula has them, whatever the detector's tilt, and the same
//! by a header as by the experiment.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use glam::DVec3;

use super::command::{output, refused, write_npy};

const FLAGS: &str = "-default_F 10 -cell 50 -N 2 -lambda 1 -distance 60 -pixel 0.2 -detpixels 300 \
                     -Xbeam 28 -Ybeam 33 --device cpu --quiet";
/// The rings' red.
const INK: [u8; 3] = [205, 30, 30];
/// Detectors that lean, each another way.
const TILTS: [&str; 4] = [
    "",
    "-detector_roty 25",
    "-detector_rotx 15 -detector_rotz 20",
    "-curved_det",
];

/// The pixels with ink below the beam centre and its cross, where no label is.
fn ink(picture: &Path) -> HashSet<[usize; 2]> {
    let bytes = fs::read(picture).unwrap();
    let picture = image::load_from_memory(&bytes).unwrap().into_rgb8();
    let inked = picture
        .enumerate_pixels()
        .filter(|(_, y, colour)| colour.0 == INK && *y > 150);
    inked.map(|(x, y, _)| [x as usize, y as usize]).collect()
}

/// The ink of a render with `more` flags, which may write files into `here`.
fn inked(here: &Path, more: &str) -> (HashSet<[usize; 2]>, nanobragg::experiment::Experiment) {
    let line = format!("{FLAGS} {more}");
    output(here, &format!("{line} --png a.png --png-rings 2.5 1.8"));
    let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
    let experiment = nanobragg::cli::experiment(&words).unwrap();
    (ink(&here.join("a.png")), experiment)
}

#[test]
fn rings_are_where_braggs_law_has_them() {
    for tilt in TILTS {
        let folder = tempfile::tempdir().unwrap();
        let (inked, experiment) = inked(folder.path(), tilt);
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
            let below = inked.iter().filter(|[fast, _]| *fast == centre[0] as usize);
            let slow = below.map(|[_, slow]| *slow).min().unwrap();
            let arc = centre[1] + expected[0] * 0.06 / 2e-4;
            assert!((slow as f64 + 0.5 - arc).abs() < 1.0, "{slow} {arc}");
        }
    }
}

#[test]
fn a_header_has_the_rings_of_its_experiment() {
    // A miniCBF header has room for upright detectors only, one of SMV tells how a flat one leans.
    let leaning = &TILTS[1..3];
    let turned = ["-twotheta 12", "-xds -twotheta 8 -detector_roty 10"];
    let cases = [
        ("", "a_0001.img"),
        ("", "a_0001.cbf"),
        ("-xds -ORGX 100", "a_0001.cbf"),
    ];
    let of_smv = leaning
        .iter()
        .chain(&turned)
        .map(|&tilt| (tilt, "a_0001.img"));
    for (tilt, name) in cases.into_iter().chain(of_smv) {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let (expected, _) = inked(here, &format!("{tilt} --out {name}"));
        let convert = format!("convert {name} b.png --png-rings 2.5 1.8");
        let output = super::command::nanobragg(here, &convert).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.success() && !said.contains("left behind"),
            "{said}"
        );
        let found = ink(&here.join("b.png"));
        // Headers have six digits: the odd pixel is on the edge of a ring.
        let off = expected.symmetric_difference(&found).count();
        let all = expected.len();
        assert!(
            all > 100 && off * 100 < all,
            "{tilt} {name}: {off} of {all}"
        );
    }
}

#[test]
fn rings_without_a_geometry_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_npy(&here.join("a.npy"), &[1.0, 2.0]);
    let (code, said) = refused(here, "convert a.npy b.png --png-rings");
    assert_eq!(code, 1, "{said}");
    let missing = "a.npy: its header gives no pixel size, distance, wavelength, beam centre;";
    assert!(said.contains(missing), "{said}");
    output(
        here,
        &format!("{FLAGS} --out c.img --out c.cbf -floatfile c.bin"),
    );
    // Another file's header will do.
    output(here, "convert c.bin d.png --header c.img --png-rings");
    output(here, "convert c.img e.png --png-rings");
    assert_eq!(ink(&here.join("d.png")), ink(&here.join("e.png")));
    let (code, said) = refused(here, "convert c.img b.png --png-rings --png-depth 16");
    assert!(
        code == 2 && said.contains("--png-rings and --png-depth 16"),
        "{said}"
    );
    let (code, said) = refused(here, "convert c.img b.png --png-rings 0");
    assert!(code == 2 && said.contains("--png-rings 0"), "{said}");
    output(here, &format!("{FLAGS} -twotheta 10 --out t.cbf"));
    let (code, said) = refused(here, "convert t.cbf b.png --png-rings");
    assert!(
        code == 1 && said.contains("two-theta angle of 10 degrees"),
        "{said}"
    );
    assert!(!here.join("b.png").exists());
    let (code, said) = refused(here, "convert c.img f.tif --png-rings");
    assert!(
        code == 0 && said.contains("flags of PNGs have no effect"),
        "{said}"
    );
}

#[test]
fn without_rings_no_ink_is_spilt() {
    let folder = tempfile::tempdir().unwrap();
    output(folder.path(), &format!("{FLAGS} --png a.png"));
    let bytes = fs::read(folder.path().join("a.png")).unwrap();
    assert!(
        image::load_from_memory(&bytes)
            .unwrap()
            .as_luma8()
            .is_some()
    );
}
