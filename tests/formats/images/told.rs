//! What users are told of the numbers and names of the files that a render and `nanobragg noise` write.

use super::command::{json, output, pixels, refused, write_npy};

const RENDER: &str = "-default_F 100 -cell 70 80 90 -N 5 -lambda 1.25 -distance 100 -detpixels 40 \
                      -pixel 0.1 --device cpu";

#[test]
fn counts_below_zero_are_counted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let floats = "-floatfile f.bin --out-noise floats.npy";
    let outs = "-intfile i.img --out c.cbf --out-noise n.img --out-noise n.cbf";
    let line = format!("{RENDER} -flux 1e21 -seed 1 --readout 30 -scale 2 -adc -5 {floats} {outs}");
    let summary = json(here, &format!("{line} --json"));
    let photons = pixels(&here.join("f.bin"));
    let below = photons
        .values()
        .filter(|value| (value * 2.0 - 4.5).floor() < 0.0)
        .count();
    let noisy = pixels(&here.join("floats.npy"));
    let noisy_below = noisy.values().filter(|&value| value < 0.0).count();
    assert!(
        0 < below && below < 1600 && 0 < noisy_below,
        "{below} {noisy_below}"
    );
    let files = summary["files"].as_array().unwrap();
    let clipped = |name: &str| {
        let file = files.iter().find(|file| file["path"] == name).unwrap();
        file["clipped_below"].as_u64().unwrap() as usize
    };
    assert_eq!([clipped("i.img"), clipped("c.cbf")], [below; 2]);
    assert_eq!([clipped("n.img"), clipped("n.cbf")], [noisy_below; 2]);
    assert_eq!([clipped("f.bin"), clipped("floats.npy")], [0; 2]);
    let (_, said) = refused(here, &line);
    let told = format!("path i.img, scale 2, overloads 0, clipped below {below}\n");
    assert!(said.contains(&told), "{said}");
    // The command that adds noise alone tells the same.
    let noise = "noise f.bin m.img --size 40 40 -seed 1 --readout 30 -adc -5 --device cpu";
    assert_eq!(
        json(here, &format!("{noise} --json"))["clipped_below"],
        noisy_below
    );
    let (_, said) = refused(here, noise);
    assert!(
        said.contains(&format!("clipped below {noisy_below}\n")),
        "{said}"
    );
}

#[test]
fn pixels_that_are_not_rendered_are_not_clipped() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{RENDER} -roi 3 9 3 9 -adc -5 -scale 0.001 --out a.cbf --out a.img --json");
    let summary = json(folder.path(), &line);
    for file in summary["files"].as_array().unwrap() {
        assert_eq!(file["clipped_below"], 49, "{file}");
    }
}

#[test]
fn values_that_are_not_finite_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let (code, said) = refused(
        here,
        &format!("{RENDER} -default_F 1e15 -fluence 1e40 -floatfile f.bin"),
    );
    let beyond = pixels(&here.join("f.bin"))
        .values()
        .filter(|value| value.is_infinite())
        .count();
    assert!(code == 0 && 0 < beyond && beyond < 1600, "{beyond}");
    assert!(
        said.contains(&format!(
            "note: {beyond} pixel(s) have more photons than float32"
        )),
        "{said}"
    );
    output(here, &format!("{RENDER} -floatfile g.bin --quiet"));
    let (_, said) = refused(here, &format!("{RENDER} -floatfile g.bin"));
    assert!(!said.contains("note:"), "{said}");
    write_npy(&here.join("a.npy"), &[f32::INFINITY, 1.0, f32::NAN, -1.0]);
    let (_, said) = refused(here, "noise a.npy a.img -seed 1 --device cpu");
    assert!(said.contains("a.npy: 1 pixel(s) are infinite"), "{said}");
    assert!(
        said.contains("a.npy: 2 pixel(s) are negative or no number"),
        "{said}"
    );
    let info = json(here, "noise a.npy a.img -seed 1 --device cpu --json");
    assert_eq!(info["overloads"], 1);
}

#[test]
fn names_that_promise_another_format_are_told_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (flags, format, other) in [
        ("-noisefile a.cbf", "SMV", "--out-noise"),
        ("-intfile a.TIF", "SMV", "--out"),
        ("-floatfile a.npy", "float32", "--out"),
        ("-pgmfile a.png", "PGM", "--out"),
        ("--png a.pgm", "PNG", "--out"),
        ("--tiff a.img", "TIFF", "--out"),
    ] {
        let (code, said) = refused(here, &format!("{RENDER} {flags}"));
        let told =
            format!("note: {flags}: the file is {format}, whatever its name; {other} goes by");
        assert!(code == 0 && said.contains(&told), "{said}");
    }
    // Names that promise nothing, or what is written.
    let silent =
        "-noisefile a.img -intfile b.smv -floatfile c.data -pgmfile d --png e.png --out f.cbf";
    let (code, said) = refused(here, &format!("{RENDER} {silent}"));
    assert!(code == 0 && !said.contains("whatever its name"), "{said}");
    let (code, said) = refused(here, &format!("{RENDER} --overview o.jpg"));
    assert!(code == 2 && said.contains("--overview o.jpg: expected a name that ends on .png"));
    assert!(!here.join("o.jpg").exists());
}
