//! The pages that teach by commands: what they say is typed, and what they promise is looked at.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{golden, program};
use nanobragg::formats::image_file::{self, ImageFile};
use tempfile::TempDir;

/// A folder as the pages ask for it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["1aki.pdb", "liquid.stol"] {
        fs::write(folder.path().join(name), golden(name)).unwrap();
    }
    folder
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(name);
    fs::read_to_string(path).unwrap()
}

/// The commands of a page: its indented lines, which start with the program.
fn commands(page: &str) -> Vec<Vec<&str>> {
    let lines = page.lines().filter_map(|line| line.strip_prefix("    "));
    lines
        .map(|line| {
            let words = line
                .strip_prefix("nanobragg ")
                .unwrap_or_else(|| panic!("{line}"));
            words.split_whitespace().collect()
        })
        .collect()
}

/// Runs a command and hands back what it printed, results and messages.
fn run(folder: &TempDir, words: &[&str]) -> [String; 2] {
    let done = program().current_dir(folder).args(words).output().unwrap();
    let [results, said] = [done.stdout, done.stderr].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(done.status.code(), Some(0), "{words:?}: {said}");
    [results, said]
}

/// The values of an image, a bare one included.
fn values(path: &Path) -> Vec<f64> {
    let raster = match image_file::read(path, nanobragg::memory::Bytes(1 << 30)).unwrap() {
        ImageFile::Sized(_, raster) => raster,
        ImageFile::Bare(bytes) => {
            let floats = bytes
                .chunks_exact(4)
                .map(|four| f32::from_le_bytes(four.try_into().unwrap()));
            return floats.map(f64::from).collect();
        }
    };
    raster.pixels.values().collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The images that a command promises: those that it names and that are not there yet, but
/// pictures in colours, which hold shades and no image.
fn promised(folder: &TempDir, words: &[&str]) -> Vec<PathBuf> {
    let is_image = |path: &PathBuf| {
        let ending = path.extension().unwrap_or_default();
        let coloured = words.contains(&"--png-rings") && ending == "png";
        !coloured
            && ["img", "png", "bin", "cbf"]
                .iter()
                .any(|known| ending == *known)
    };
    let paths = words.iter().map(|word| folder.path().join(word));
    paths
        .filter(|path| is_image(path) && !path.exists())
        .collect()
}

#[test]
fn the_ten_commands_of_the_guide_do_what_it_says() {
    let (folder, text) = (folder(), page("guide.md"));
    let commands = commands(&text);
    assert_eq!(commands.len(), 10);
    let mut said = Vec::new();
    let mut written = 0;
    for words in &commands {
        let promised = promised(&folder, words);
        let [results, messages] = run(&folder, words);
        for path in promised {
            let values = values(&path);
            assert_eq!(values.len(), 500 * 500, "{}", path.display());
            let varies = values.iter().any(|value| *value != values[0]);
            assert!(varies, "{} is empty", path.display());
            written += 1;
        }
        said.push(results + &messages);
    }
    // Pictures, two SMV files, the photons, two frames and a CBF.
    assert_eq!(written, 4 + 2 + 1 + 2 + 1);

    assert!(
        said[0].contains("atoms 1079, space group P 21 21 21, operators 4"),
        "{}",
        said[0]
    );
    assert!(said[1].contains("sources 15,") && said[1].contains("fluence per m2 2e24"));
    assert!(said[2].contains("phi steps 20,"));
    assert!(said[3].contains("mosaic domains 25,"));

    let of = |name: &str| values(&folder.path().join(name));
    let (photons, first, second) = (
        of("photons.bin"),
        of("frame_0001.img"),
        of("frame_0002.img"),
    );
    // An offset of 10, a gain of 1, and what the taper's tails carry off the panel.
    for frame in [&first, &second] {
        let kept = (mean(frame) - 10.0) / mean(&photons);
        println!(
            "the frame has {kept:.4} of the expected {:.3} photons a pixel",
            mean(&photons)
        );
        assert!((0.97..1.001).contains(&kept), "{kept}");
        // Photons, spread out, and the readout: no quieter than that, no louder than photons.
        let off = frame
            .iter()
            .zip(&photons)
            .map(|(count, photons)| (count - 10.0 - photons).powi(2));
        let variance = off.sum::<f64>() / frame.len() as f64;
        assert!(
            (1.0..3.0 * mean(&photons)).contains(&variance),
            "{variance}"
        );
    }
    assert_ne!(first, second);
    assert_eq!(second, of("frame_0002.cbf"));

    // The ring and the spots are there: the crystal is brighter than the water alone.
    let peak = photons.iter().fold(0.0f64, |most, value| most.max(*value));
    assert!(peak > 20.0 * mean(&photons), "{peak}");

    assert!(said[8].contains("wavelength angstrom 1,") && said[8].contains("distance mm 100,"));
    let told = said[8]
        .split([',', '\n'])
        .find_map(|field| field.trim().strip_prefix("mean "));
    let told: f64 = told.unwrap().parse().unwrap();
    assert!((told - mean(&second)).abs() < 1e-3);
    let correlation = said[9]
        .lines()
        .find_map(|line| line.strip_prefix("correlation"))
        .unwrap();
    let correlation: f64 = correlation.trim().parse().unwrap();
    assert!((0.5..0.95).contains(&correlation), "{correlation}");
}

#[test]
fn the_pictures_of_the_gallery_are_those_of_its_commands() {
    let (folder, text) = (folder(), page("gallery.md"));
    for words in commands(&text) {
        run(&folder, &words);
    }
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images/gallery");
    let mut shown = BTreeMap::new();
    for line in text.lines().filter(|line| line.starts_with("![")) {
        let name = line
            .split("(images/gallery/")
            .nth(1)
            .unwrap()
            .trim_end_matches(')');
        let [own, made] = [&images, folder.path()].map(|at| shades(&at.join(name)));
        assert_eq!(own.len(), made.len(), "{name}");
        // Another machine's vector instructions may round a shade the other way.
        let apart = own
            .iter()
            .zip(&made)
            .filter(|(one, other)| one.abs_diff(**other) > 1)
            .count();
        assert!(
            apart * 10_000 <= own.len(),
            "{name}: {apart} of {} differ",
            own.len()
        );
        shown.insert(name, own.len());
    }
    let committed = fs::read_dir(&images).unwrap().count();
    assert_eq!(shown.len(), committed, "{shown:?}");
}

/// The bytes of a PNG's pixels, grey or in colours.
fn shades(path: &Path) -> Vec<u8> {
    image::open(path).unwrap().to_rgb8().into_raw()
}
