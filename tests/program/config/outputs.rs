//! Files that an experiment file names to be written.

use std::fs;
use std::path::{Path, PathBuf};

use super::{rendered, run_line};
use nanobragg::formats::{record, tiff};

const SOUND: &str = "[crystal]\ndefault_F = 100.0\ncell_A_deg = [70.0, 80.0, 90.0]\ncells = 5\n\
                     [detector]\npixels = 16\n";

/// Keys that name files to write, each with a value that names `path`, and its key.
fn keys(path: &str) -> Vec<(String, &'static str)> {
    let one = [
        "float",
        "smv",
        "smv_noise",
        "pgm",
        "png",
        "overview",
        "tiff",
    ];
    let mut keys: Vec<(String, &str)> = one
        .map(|key| (format!("[output]\n{key} = \"{path}\"\n"), key))
        .to_vec();
    keys.push((
        format!("[output]\nfiles = [\"inside.npy\", \"{path}\"]\n"),
        "files",
    ));
    keys.push((
        format!("[output]\nnoise_files = [\"{path}\"]\n"),
        "noise_files",
    ));
    keys.push((format!("[run]\nprofile = \"{path}\"\n"), "profile"));
    keys
}

/// All that lies below `folder`, with its content.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() && !path.is_symlink() {
            true => found.extend(tree(&path)),
            false => found.push((path.clone(), fs::read(&path).unwrap_or_default())),
        }
    }
    found.sort();
    found
}

#[test]
fn an_experiment_file_writes_into_its_own_folder_only() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let [here, elsewhere] = ["shared/from_others", "home"].map(|name| root.path().join(name));
    for folder in [&here, &elsewhere, &here.join("sub")] {
        fs::create_dir_all(folder).unwrap();
    }
    let secret = elsewhere.join("secret.png");
    fs::write(&secret, "keep").unwrap();
    symlink(&elsewhere, here.join("out")).unwrap();
    symlink(&secret, here.join("linked.png")).unwrap();
    symlink(elsewhere.join("not_there.png"), here.join("dangling.png")).unwrap();
    symlink("sub", here.join("within")).unwrap();
    let absolute = secret.display().to_string();
    for path in [
        absolute.as_str(),
        "../../home/secret.png",
        "sub/../../x.png",
        "out/secret.png",
        "sub/../out/new.png",
        "linked.png",
        "dangling.png",
    ] {
        for (said, key) in keys(path) {
            fs::write(here.join("e.toml"), format!("{SOUND}{said}")).unwrap();
            let before = tree(root.path());
            // From its own folder, and from another one.
            for (folder, line) in [
                (&here, "--config e.toml"),
                (&elsewhere, "--config ../shared/from_others/e.toml"),
            ] {
                let output = run_line(folder, &format!("{line} --quiet"));
                let told = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(1), "{key} {path}: {told}");
                let line = format!("line {}: ", 1 + SOUND.lines().count() + 1);
                for part in [
                    key,
                    path.rsplit('/').next().unwrap(),
                    "--outputs-anywhere",
                    "e.toml",
                    &line,
                ] {
                    assert!(told.contains(part), "{key} {path}: {told}");
                }
                assert!(tree(root.path()) == before, "{key} {path}");
            }
            // An output of the command line takes the place of the file's.
            if key != "profile" {
                rendered(
                    &elsewhere,
                    "--config ../shared/from_others/e.toml -floatfile mine.bin --quiet",
                );
                fs::remove_file(elsewhere.join("mine.bin")).unwrap();
            }
        }
    }
    for (path, named) in [
        ("sub/x.png", "sub/x.png"),
        ("./x.png", "x.png"),
        ("within/x.png", "sub/x.png"),
    ] {
        for (said, key) in keys(path) {
            // Counts are no picture.
            let ending = if key == "noise_files" { ".npy" } else { ".png" };
            let [said, named] = [&said, named].map(|text| text.replace(".png", ending));
            fs::write(here.join("e.toml"), format!("{SOUND}{said}")).unwrap();
            rendered(&elsewhere, "--config ../shared/from_others/e.toml --quiet");
            assert!(here.join(&named).is_file(), "{key} {path}");
            fs::remove_file(here.join(named)).unwrap();
        }
    }
    fs::write(
        here.join("e.toml"),
        format!("{SOUND}[output]\npng = \"{absolute}\"\n"),
    )
    .unwrap();
    rendered(&here, "--config e.toml --outputs-anywhere --quiet");
    assert_ne!(fs::read(&secret).unwrap(), b"keep");
}

#[test]
fn names_that_the_program_makes_lead_nowhere_either() {
    use std::os::unix::fs::symlink;
    for (name, link, command) in [
        (
            "frame_####.cbf",
            "frame_0002.cbf",
            "series --frames 3 -osc 1",
        ),
        (
            "scan_master.h5",
            "scan_data_000001.h5",
            "series --frames 3 -osc 1",
        ),
        ("scan.h5", "scan.h5", ""),
        ("t.json", "hot_spots.csv", ""),
    ] {
        let root = tempfile::tempdir().unwrap();
        let [here, target] = ["here", "target"].map(|name| root.path().join(name));
        fs::create_dir(&here).unwrap();
        fs::write(&target, "keep").unwrap();
        symlink(&target, here.join(link)).unwrap();
        let said = match name {
            "t.json" => format!("[run]\nprofile = \"{name}\"\n"),
            _ => format!("[output]\nfiles = [\"{name}\"]\n"),
        };
        fs::write(here.join("e.toml"), format!("{SOUND}{said}")).unwrap();
        let output = run_line(&here, format!("{command} --config e.toml").trim_start());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {told}");
        assert!(
            told.contains(name) && told.contains("--outputs-anywhere"),
            "{told}"
        );
        assert_eq!(fs::read(&target).unwrap(), b"keep");
        // A link of another name, to an input say, is in nobody's way.
        fs::rename(here.join(link), here.join("input")).unwrap();
        rendered(
            &here,
            format!("{command} --config e.toml --quiet").trim_start(),
        );
    }
}

#[test]
fn the_record_of_an_image_names_no_file_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    rendered(
        here,
        "-default_F 100 -cell 70 80 90 -N 5 -detpixels 16 -floatfile f.bin --out-noise n.npy \
                    --png p.png --tiff t.tif --out-noise n.tif --quiet",
    );
    for name in ["p.png", "t.tif", "n.tif"] {
        let told =
            String::from_utf8(run_line(here, &format!("info {name} --config")).stdout).unwrap();
        assert!(
            !told.contains("[output]") && !told.contains("[run]"),
            "{told}"
        );
    }
    let raster = nanobragg::formats::raster::Raster {
        width: 1,
        height: 1,
        pixels: nanobragg::formats::raster::Pixels::F32(vec![1.0]),
    };
    let text = format!(
        "# nanobragg 0.1.0\n{SOUND}[output]\nfloat = \"/etc/passwd\"\n[run]\nprofile = \"/etc/shadow\"\ndevice = \"gpu\"\n"
    );
    let file = record::add(tiff::FORMAT, tiff::encode(raster.view()).unwrap(), &text);
    fs::write(here.join("foreign.tif"), file).unwrap();
    let output = run_line(here, "info foreign.tif --config");
    let [told, said] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(
        told.starts_with("# nanobragg 0.1.0\n") && told.contains("default_F = 100.0"),
        "{told}"
    );
    assert!(!told.contains("/etc") && !told.contains("device"), "{told}");
    for key in ["output.float", "run.profile", "run.device"] {
        assert!(
            said.contains(&format!(
                "note: foreign.tif: {key} of its record is left out"
            )),
            "{said}"
        );
    }
    fs::write(here.join("e.toml"), told).unwrap();
    rendered(here, "--config e.toml --out again.npy --quiet");
}
