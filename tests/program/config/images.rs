//! Images hold the experiment that they were rendered from.

use std::fs;
use std::path::Path;

use super::{example, rendered, run_line, support, text};

const FLAGS: &str = "-hkl lysozyme_1aki_p1.hkl -cell 59.062 68.451 30.517 -N 4 -detpixels 48 -pixel 0.8 \
                     -mosaic 0.3 -misset random -water 3";

/// What `nanobragg info` prints of an image.
fn info(folder: &Path, line: &str) -> String {
    let output = run_line(folder, &format!("info {line}"));
    assert!(output.status.success(), "{line}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn an_image_gives_the_experiment_that_gives_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let outputs = "--out a.cbf --tiff a.tif --out b.tif --out-type u16 --png a.png --overview o.png \
                   --out-noise n.cbf --out-noise n.tif -scale 3 -adc 2 --colormap inferno --readout 2";
    rendered(here, &format!("{FLAGS} {outputs}"));
    for (name, flag) in [
        ("a.cbf", "--out again.cbf"),
        ("a.tif", "--tiff again.tif"),
        ("b.tif", "--out again.tif"),
        ("a.png", "--png again.png"),
        ("o.png", "--overview again.png"),
        ("n.cbf", "--out-noise again.cbf"),
        ("n.tif", "--out-noise again.tif"),
    ] {
        fs::write(here.join("e.toml"), info(here, &format!("{name} --config"))).unwrap();
        rendered(here, &format!("--config e.toml {flag}"));
        let again = flag.split(' ').nth(1).unwrap();
        let [one, other] = [name, again].map(|name| fs::read(here.join(name)).unwrap());
        assert!(one == other, "{name}");
        let told = text(here, "e.toml");
        assert!(
            told.starts_with("# nanobragg 0.1.0 (") && told.contains("\n[inputs]\n"),
            "{told}"
        );
        // Noise has a seed, and the rest has none.
        assert_eq!(told.contains("[noise]"), name.starts_with('n'), "{told}");
    }
    let told = info(here, "a.cbf");
    assert!(told.contains("program      nanobragg 0.1.0 ("), "{told}");
    assert!(!told.contains("crystal"), "{told}");
    let json: serde_json::Value = serde_json::from_str(&info(here, "a.tif --json")).unwrap();
    assert!(
        json["program"]
            .as_str()
            .unwrap()
            .starts_with("nanobragg 0.1.0")
    );
}

#[test]
fn the_same_flags_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    // A seed that nobody chose is not in images without noise; other files have no say.
    let line = "-default_F 100 -cell 70 80 90 -N 4 -detpixels 32";
    let files = ["a.cbf", "a.tif", "a.png", "a.img"];
    let outputs = files.map(|name| format!("--out {name}")).join(" ");
    rendered(here, &format!("{line} {outputs}"));
    let first = files.map(|name| fs::read(here.join(name)).unwrap());
    std::thread::sleep(std::time::Duration::from_millis(1100));
    rendered(
        here,
        &format!("{line} {outputs} --out-noise n.img --threads 1"),
    );
    assert!(first == files.map(|name| fs::read(here.join(name)).unwrap()));
}

#[test]
fn formats_without_room_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = "-default_F 100 -cell 70 80 90 -N 4 -detpixels 32";
    rendered(
        here,
        &format!("{line} --out a.img --out a.npy --out a.bin --out a.pgm"),
    );
    for name in ["a.img", "a.npy", "a.bin", "a.pgm"] {
        let output = run_line(here, &format!("info {name} --config"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("it does not say what it was rendered from"),
            "{said}"
        );
    }
    // SMV says the version of the program, in a header of whole blocks.
    let smv = fs::read(here.join("a.img")).unwrap();
    let bytes = crate::support::smv_header_bytes(&smv);
    assert_eq!(bytes % 512, 0);
    assert_eq!(smv.len(), bytes + 2 * 32 * 32);
    let header = String::from_utf8_lossy(&smv[..bytes]);
    assert!(header.contains("\nNANOBRAGG_VERSION=0.1.0;\n"), "{header}");
}

#[test]
fn converting_keeps_the_experiment_and_noise_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rendered(
        here,
        "-default_F 100 -cell 70 80 90 -N 4 -detpixels 32 --tiff a.tif",
    );
    rendered(here, "convert a.tif b.tif");
    assert_eq!(info(here, "a.tif --config"), info(here, "b.tif --config"));
    rendered(here, "noise a.tif c.tif -seed 3");
    assert!(!info(here, "c.tif --config").contains("[crystal]"));
}

/// Prints, of images that it is given, sums of their numbers as other programs read them.
const SUMS: &str = "
import sys, fabio, numpy, tifffile
from PIL import Image
print(int(fabio.open('a.cbf').data.sum()), fabio.open('a.cbf').header['_array_data.header_convention'])
tif = fabio.open('a.tif')
print(int(tif.data.sum()), int(tifffile.imread('a.tif').sum()))
print(tifffile.TiffFile('a.tif').pages[0].description.splitlines()[0])
png = Image.open('a.png'); png.load()
print(int(numpy.asarray(png).sum()), png.info['nanobragg'].splitlines()[0])
";

#[test]
fn other_programs_read_images_that_hold_an_experiment() {
    let Ok(python) = std::env::var("NB_PYTHON") else {
        panic!("NB_PYTHON is not set: run ./tests/run, which installs the programs");
    };
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rendered(
        here,
        "-default_F 100 -cell 70 80 90 -N 4 -detpixels 32 --out a.cbf --out a.tif --out a.png --out-type u16 \
         --out b.npy",
    );
    let output = std::process::Command::new(python)
        .args(["-c", SUMS])
        .current_dir(here)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let sum = |name: &str| {
        let json: serde_json::Value =
            serde_json::from_str(&info(here, &format!("{name} --json"))).unwrap();
        json["statistics"]["sum"].as_f64().unwrap() as i64
    };
    let first = text_of_version(here);
    let expected = format!(
        "{} GENERIC_MINI\n{} {}\n{first}\n{} {first}\n",
        sum("a.cbf"),
        sum("a.tif"),
        sum("a.tif"),
        sum("a.png")
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

/// The first line of what an image holds.
fn text_of_version(folder: &Path) -> String {
    let told = info(folder, "a.png --config");
    told.lines().next().unwrap().to_string()
}

#[test]
fn the_example_of_the_documentation_renders() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["lysozyme_1aki.mtz", "liquid.stol"] {
        fs::copy(support::golden_path(name), folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("e.toml"), example()).unwrap();
    let said = rendered(folder.path(), "--config e.toml");
    assert!(!said.contains("has no effect"), "{said}");
}
