//! Keys that have nothing to act on: a notice for each, and none where they have.

use std::fs;

use super::rendered;

/// Flags, what is said of the first, and flags beside which it has an effect.
const IDLE: [(&str, &str, &str); 22] = [
    (
        "-mosaic_domains 1000",
        "there is no -mosaic spread",
        "-mosaic 0.1 -mosaic_domains 2",
    ),
    (
        "-mosaic_domains 9 -mosaic 0",
        "there is no -mosaic spread",
        "-mosaic 0.1",
    ),
    (
        "-mosaic_seed 5",
        "there is no -mosaic spread",
        "-mosaic 0.1",
    ),
    (
        "-square_div",
        "it is for -hdivrange and -vdivrange together",
        "-hdivrange 1 -vdivrange 1",
    ),
    (
        "-square_div -hdivrange 1",
        "it is for -hdivrange and -vdivrange together",
        "-divergence 1",
    ),
    (
        "-round_div",
        "it is for -hdivrange and -vdivrange together",
        "-divergence 1",
    ),
    (
        "-divsteps 3 -divergence 0",
        "there is no -divergence",
        "-divergence 1",
    ),
    (
        "-hdivsteps 3 -hdivrange 0",
        "there is no -divergence",
        "-hdivrange 1",
    ),
    (
        "-hdivstep 0.1 -hdivrange 0 -vdivrange 1",
        "there is no -hdivrange",
        "-hdivrange 1",
    ),
    (
        "-vdivsteps 3 -vdivrange 0 -hdivrange 1",
        "there is no -vdivrange",
        "-vdivrange 1",
    ),
    ("-dispsteps 3", "there is no -dispersion", "-dispersion 1"),
    (
        "-dispsteps 3 -dispersion 0",
        "there is no -dispersion",
        "-dispersion 1",
    ),
    (
        "-spindle_axis 0 1 0",
        "the crystal is at -phi 0 and has no -osc",
        "-phi 3",
    ),
    (
        "-spindle_axis 0 1 0 -phi 0",
        "the crystal is at -phi 0 and has no -osc",
        "-osc 1",
    ),
    ("-phisteps 10 -osc 0", "there is no -osc", "-osc 1"),
    ("--phi-sampling middle", "there is no -osc", "-osc 1"),
    (
        "-twotheta_axis 0 1 0",
        "there is no -twotheta",
        "-twotheta 5",
    ),
    (
        "-polar_vector 0 1 0",
        "the X-rays are not polarised (-polar)",
        "-polar 0.9",
    ),
    (
        "-polar_vector 0 1 0 -nopolar",
        "the X-rays are not polarised (-polar)",
        "-divergence 1",
    ),
    (
        "-oversample_omega -oversample 1",
        "a pixel has one -oversample",
        "-oversample 2",
    ),
    (
        "-oversample_polar -oversample 1",
        "a pixel has one -oversample",
        "-dispersion 1",
    ),
    ("-fudge 2", "a square crystal has none", "-round_xtal"),
];

#[test]
fn a_key_without_a_use_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = "-default_F 100 -cell 70 80 90 -N 4 -detpixels 8 -pixel 1 -floatfile f.bin";
    let made = |flags: &str| {
        rendered(here, &format!("{line} {flags}"));
        fs::read(here.join("f.bin")).unwrap()
    };
    for (flags, why, beside) in IDLE {
        let flag = flags.split(' ').next().unwrap();
        let told = format!("{flag} has no effect: {why}");
        let said = rendered(here, &format!("{line} {flags}"));
        assert!(said.contains(&told), "{flags}: {said}");
        // The flag alone is what has no effect; a vector makes the axes custom.
        let custom = if flag.contains("_axis") || flag.contains("_vector") {
            "-odet_vector 1 0 0"
        } else {
            ""
        };
        let (own, others) = own_and_others(flags);
        let idle = made(&format!("{own} {others} {custom}"));
        assert!(idle == made(&format!("{others} {custom}")), "{flags}");
        let said = rendered(here, &format!("{line} {others} {own} {beside}"));
        assert!(
            !said.contains(&format!("{flag} has no effect")),
            "{flags} {beside}: {said}"
        );
    }
}

/// The first flag of `flags` with its values, and the others.
fn own_and_others(flags: &str) -> (String, String) {
    let mut words = flags.split(' ').peekable();
    let mut own = vec![words.next().unwrap()];
    while let Some(word) = words.next_if(|word| !word.starts_with('-')) {
        own.push(word);
    }
    (own.join(" "), words.collect::<Vec<_>>().join(" "))
}

#[test]
fn domains_that_are_alike_are_rendered_once() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = "-default_F 100 -cell 70 80 90 -N 4 -detpixels 8 -pixel 1 -floatfile f.bin";
    for flags in [
        "-mosaic_domains 1000000",
        "-mosaic_domains 1000000 --mosaic-sigmas 0 0 0",
    ] {
        let said = rendered(here, &format!("{line} {flags}"));
        assert!(said.contains("mosaic domains 1, steps 1"), "{said}");
    }
}
