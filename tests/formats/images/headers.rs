//! `-img`: a header of any format stands in for flags that are not given.

use std::fs;
use std::path::Path;

use super::command::{output, pixels, refused, write_npy};

const CRYSTAL: &str = "-default_F 100 -cell 70 80 90 -misset 1 2 3 -N 5 --device cpu";
const GEOMETRY: &str =
    "-detpixels_f 24 -detpixels_s 16 -pixel 1 -distance 80 -lambda 1.5 -phi 10 -osc 2";

/// The photons that `line` renders.
fn photons(here: &Path, line: &str) -> Vec<f64> {
    output(here, &format!("{CRYSTAL} {line} --out photons.npy --quiet"));
    pixels(&here.join("photons.npy")).values().collect()
}

#[test]
fn a_cbf_header_places_the_detector_whatever_the_convention() {
    let conventions = [
        "-mosflm -Xbeam 7 -Ybeam 11",
        "-denzo -Xbeam 7 -Ybeam 11",
        "-adxv -Xbeam 7 -Ybeam 11",
        "-xds -ORGX 7 -ORGY 11",
        "-dials -ORGX 7 -ORGY 11",
        "-xds -pivot beam -Xbeam 7 -Ybeam 11",
        "-mosflm -pivot sample -ORGX 7 -ORGY 11",
        "-beam_vector 1 0 0 -fdet_vector 0 0 1 -sdet_vector 0 -1 0 -odet_vector 1 0 0 -Xbeam 7 \
         -Ybeam 11",
    ];
    for convention in conventions {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let expected = photons(here, &format!("{GEOMETRY} {convention} --out a.cbf"));
        // The same without its numbers.
        let words: Vec<&str> = convention.split_whitespace().collect();
        let placing = ["-Xbeam", "-Ybeam", "-ORGX", "-ORGY"];
        let kept = words.iter().enumerate().filter(|&(place, word)| {
            !placing.contains(word) && (place == 0 || !placing.contains(&words[place - 1]))
        });
        let kept: Vec<&str> = kept.map(|(_, word)| *word).collect();
        let frame = kept.join(" ");
        let found = photons(here, &format!("{frame} -img a.cbf"));
        assert_eq!(found.len(), 24 * 16);
        let largest = expected.iter().copied().fold(0.0, f64::max);
        assert!(largest > 100.0, "{convention}: there is a spot");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5 * largest, "{convention}");
        }
    }
}

#[test]
fn flags_win_over_a_cbf_header() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let beam = "-Xbeam 7 -Ybeam 11";
    output(
        here,
        &format!("{CRYSTAL} {GEOMETRY} {beam} --out a.cbf --quiet"),
    );
    for (flags, same) in [
        ("-distance 160", "-distance 160"),
        ("-lambda 1.4 -osc 3", "-lambda 1.4 -osc 3"),
        ("-Xbeam 6", "-Xbeam 6"),
        // The centre is one of pixels, and so is the size.
        ("-pixel 0.5", "-pixel 0.5 -Xbeam 3.5 -Ybeam 5.5"),
    ] {
        let found = photons(here, &format!("-img a.cbf {flags}"));
        let expected = photons(here, &format!("{GEOMETRY} {beam} {same}"));
        assert_ne!(expected, photons(here, "-img a.cbf"), "{flags}");
        let largest = expected.iter().copied().fold(0.0, f64::max);
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-5 * largest, "{flags}");
        }
    }
}

#[test]
fn what_is_not_adopted_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let sensor = "-detector_thick 450 -detector_abs 300 -twotheta 5";
    output(
        here,
        &format!("{CRYSTAL} {GEOMETRY} {sensor} --out a.cbf --quiet"),
    );
    let (code, said) = refused(here, &format!("{CRYSTAL} -img a.cbf -floatfile f.bin"));
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("sensor of 450 µm is not adopted"), "{said}");
    assert!(
        said.contains("TWOTHETA of 5 degrees is not adopted"),
        "{said}"
    );
    let given = "-detector_thick 450 -detector_abs 300 -twotheta 5";
    let (code, said) = refused(
        here,
        &format!("{CRYSTAL} -img a.cbf {given} -floatfile f.bin"),
    );
    assert!(code == 0 && !said.contains("not adopted"), "{said}");
}

#[test]
fn images_without_a_header_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    write_npy(&here.join("a.npy"), &[1.0, 2.0]);
    let (code, said) = refused(here, &format!("{CRYSTAL} -img a.npy"));
    let what = "a.npy: npy, which says nothing of the experiment; expected";
    assert!(code == 1 && said.contains(what), "{said}");
    fs::write(here.join("a.bin"), [0; 16]).unwrap();
    let (code, said) = refused(here, &format!("{CRYSTAL} -img a.bin"));
    assert!(
        code == 1 && said.contains("neither an SMV, a CBF nor an NXmx image"),
        "{said}"
    );
    output(here, &format!("{CRYSTAL} {GEOMETRY} --out a.cbf --quiet"));
    let file = String::from_utf8_lossy(&fs::read(here.join("a.cbf")).unwrap()).into_owned();
    let bad = file.replace("Detector_distance 0.08", "Detector_distance -0.08");
    fs::write(here.join("bad.cbf"), &bad[..bad.find("--CIF").unwrap()]).unwrap();
    let (code, said) = refused(here, &format!("{CRYSTAL} -img bad.cbf"));
    assert!(code == 1 && said.contains("no binary section"), "{said}");
}
