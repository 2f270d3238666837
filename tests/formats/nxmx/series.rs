//! `nanobragg series`: frames are what single renders give.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use nanobragg::formats::format::FrameReader;
use nanobragg::formats::image_file::{self, ImageFile};
use nanobragg::formats::nxmx::NxmxReader;
use nanobragg::formats::raster::{Pixels, Raster};
use nanobragg::render::Renderer;

use super::{json, names, output, python, refused};
use crate::support::experiment;

/// A small crystal on a small detector.
const SMALL: &str = "-default_F 100 -cell 70 80 90 -N 5 -lambda 1.25 -distance 100 -detpixels_f 60 \
                     -detpixels_s 44";

fn pixels(path: &Path) -> Pixels {
    match image_file::read(path, super::MOST).unwrap() {
        ImageFile::Sized(_, raster) => raster.pixels,
        ImageFile::Bare(bytes) => {
            let numbers = bytes.as_chunks().0.iter();
            Pixels::F32(numbers.map(|&four| f32::from_le_bytes(four)).collect())
        }
    }
}

fn frames(path: &Path) -> Vec<Raster> {
    let file = NxmxReader::open(path, super::MOST).unwrap();
    (0..file.frames())
        .map(|index| file.frame(index).unwrap())
        .collect()
}

#[test]
fn all_180_frames_of_a_megapixel_each_are_the_render() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    const FRAMES: usize = 180;
    let flags = "-default_F 100 -cell 70 80 90 -N 12 -gauss_xtal -lambda 1 -distance 100 -oversample 1 \
                 -detpixels 1024 -osc 0.3 -phisteps 1";
    output(
        here,
        &format!(
            "series --frames {FRAMES} {flags} -phi 5 --out scan.h5 --compression bslz4 --quiet"
        ),
    );
    let mut child = python("stream")
        .arg(here.join("scan.h5"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut h5py = child.stdout.take().unwrap();
    let file = NxmxReader::open(&here.join("scan.h5"), super::MOST).unwrap();
    assert_eq!((file.frames(), file.size()), (FRAMES, [1024, 1024]));
    let renderer = Renderer::cpu().unwrap();
    let mut bytes = vec![0; 4 << 20];
    let mut before = Vec::new();
    for index in 0..FRAMES {
        // As a user types it: 5, 5.3, 5.6 …
        let phi = format!("{}.{}", 5 + 3 * index / 10, 3 * index % 10);
        let single = renderer
            .render(&experiment(&format!(
                "{flags} -phi {phi} --phi-sampling middle"
            )))
            .unwrap()
            .image;
        h5py.read_exact(&mut bytes).unwrap();
        let theirs = bytes
            .as_chunks()
            .0
            .iter()
            .map(|&four| f32::from_le_bytes(four));
        assert!(
            theirs.eq(single.values().iter().copied()),
            "h5py's frame {index}"
        );
        let ours = file.frame(index).unwrap().pixels;
        assert!(
            ours == Pixels::F32(single.values().to_vec()),
            "our frame {index}"
        );
        assert!(
            single.values().iter().any(|&photons| photons > 1.0),
            "frame {index} is empty"
        );
        assert!(
            single.values() != before.as_slice(),
            "frame {index} is the one before"
        );
        before = single.into_values();
    }
    assert_eq!(h5py.read(&mut bytes).unwrap(), 0, "and no more");
    assert!(child.wait().unwrap().success());
    println!(
        "{FRAMES} frames of 1024 x 1024, {} bytes",
        fs::metadata(here.join("scan.h5")).unwrap().len()
    );
}

#[test]
fn numbered_files_are_those_of_single_renders() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let flags = format!("{SMALL} -osc 0.5 -phisteps 3 -scale 3 -seed 7 --readout 2 -flux 1e23");
    output(
        here,
        &format!(
            "series --frames 3 {flags} -phi 10 --out a_####.img --out a_##.npy --out a_#.png --out a_#.bin \
             --out-noise n_###.cbf --out-noise n.h5 --out s.h5 --out-type u16 --quiet"
        ),
    );
    for (number, phi) in [(1, "10"), (2, "10.5"), (3, "11")] {
        output(
            here,
            &format!(
                "{flags} -phi {phi} --phi-sampling middle --image-number {number} --out one.img --out one.npy --out one.png \
                 --out one.bin --out-noise one.cbf --out-noise one.nxs --out-type u16 --quiet"
            ),
        );
        for (several, single) in [
            (format!("a_000{number}.img"), "one.img"),
            (format!("a_0{number}.npy"), "one.npy"),
            (format!("a_{number}.png"), "one.png"),
            (format!("a_{number}.bin"), "one.bin"),
            (format!("n_00{number}.cbf"), "one.cbf"),
        ] {
            let [several_bytes, single] =
                [here.join(&several), here.join(single)].map(|path| fs::read(path).unwrap());
            assert!(several_bytes == single, "{several}");
        }
        let index = number - 1;
        // Of 16 bits and 32.
        let noisy = &frames(&here.join("n.h5"))[index].pixels;
        assert!(noisy.values().eq(pixels(&here.join("one.cbf")).values()));
        assert!(frames(&here.join("s.h5"))[index].pixels == pixels(&here.join("one.npy")));
    }
    let noisy = frames(&here.join("n.h5"));
    assert!(noisy[0] != noisy[1] && noisy[1] != noisy[2]);
}

/// A series takes phi at the middles of steps and layers at their mean depths, unless it is told
/// otherwise; the experiment in its files says so, and gives the frame again.
#[test]
fn a_series_is_unbiased_by_default_and_its_files_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let flags = format!("{SMALL} -osc 0.5 -phisteps 3 -detector_thick 450 -detector_abs 250");
    let unbiased = "--phi-sampling middle --layer-depth mean";
    let c_program = "--phi-sampling start --layer-depth front";
    let series = |more: &str, files: &str| {
        output(
            here,
            &format!("series --frames 2 {flags} {more} --out {files} --quiet"),
        );
    };
    series("", "default_#.cbf");
    series(unbiased, "unbiased_#.cbf");
    series(c_program, "c_#.cbf");
    for (more, several) in [
        (unbiased, "unbiased_2.cbf"),
        (c_program, "c_2.cbf"),
        ("", "c_2.cbf"),
    ] {
        output(
            here,
            &format!("{flags} {more} -phi 0.5 --out one.cbf --quiet"),
        );
        let [one, several] = ["one.cbf", several].map(|name| pixels(&here.join(name)));
        assert!(one == several, "{more}");
    }
    let [default, unbiased, c_program] =
        ["default_2.cbf", "unbiased_2.cbf", "c_2.cbf"].map(|name| pixels(&here.join(name)));
    assert!(default == unbiased && default != c_program);

    let (recorded, _) = output(here, "info default_2.cbf --config");
    fs::write(here.join("recorded.toml"), &recorded).unwrap();
    for line in ["phi_sampling = \"middle\"", "sensor_layer_depth = \"mean\""] {
        assert!(recorded.contains(line), "{recorded}");
    }
    output(here, "--config recorded.toml --out again.cbf --quiet");
    assert!(pixels(&here.join("again.cbf")) == default);
}

#[test]
fn numbers_begin_where_the_user_wants() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let noisy = format!("{SMALL} -osc 1 -phisteps 1 -seed 3 -flux 1e25");
    output(
        here,
        &format!("series --frames 4 {noisy} --out-noise all.h5 --quiet"),
    );
    let second = format!("series --frames 2 {noisy} -phi 2 --image-number 3");
    let summary = json(
        here,
        &format!("{second} --out-noise late_##.cbf --out-noise late.h5 --json"),
    );
    let all = frames(&here.join("all.h5"));
    assert!(all[2..] == frames(&here.join("late.h5"))[..]);
    assert_eq!(all[3].pixels, pixels(&here.join("late_04.cbf")));
    assert_eq!(summary["images"][1]["number"], 4);
    assert_eq!(summary["images"][1]["phi_deg"], 3.0);
    assert_eq!(summary["noise"]["image"], 3);
    assert_eq!(summary["files"][0]["frames"], 2);
    // An experiment file that no number was given for names none.
    output(
        here,
        &format!("{noisy} --write-config e.toml --out-noise one.h5 --quiet"),
    );
    output(
        here,
        "series --frames 4 --config e.toml --out-noise again.h5 --quiet",
    );
    assert!(frames(&here.join("again.h5")) == all);
}

#[test]
fn random_orientations_are_those_of_misset() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let line = format!("series --frames 6 --random-orientations {SMALL} -seed 5 --json");
    let summary = json(here, &format!("{line} --out r.nxs"));
    assert_eq!(summary["notices"], serde_json::json!([]));
    let all = frames(&here.join("r.nxs"));
    let axes: Vec<_> = {
        let file = NxmxReader::open(&here.join("r.nxs"), super::MOST).unwrap();
        (0..6)
            .map(|index| file.frame_metadata(index).reciprocal.unwrap())
            .collect()
    };
    for (index, frame) in all.iter().enumerate() {
        let angles = summary["images"][index]["misset_deg"].as_array().unwrap();
        let angles: Vec<String> = angles.iter().map(ToString::to_string).collect();
        output(
            here,
            &format!("{SMALL} -misset {} --out one.npy --quiet", angles.join(" ")),
        );
        assert!(
            frame.pixels == pixels(&here.join("one.npy")),
            "frame {index}"
        );
        output(
            here,
            &format!("{SMALL} -misset {} --out one.nxs --quiet", angles.join(" ")),
        );
        let single = NxmxReader::open(&here.join("one.nxs"), super::MOST)
            .unwrap()
            .frame_metadata(0);
        let near = 1e-14 * axes[index].x_axis.length();
        assert!(single.reciprocal.unwrap().abs_diff_eq(axes[index], near));
    }
    assert!(all[0] != all[1] && axes[0] != axes[1]);
    // A frame's orientation is its number's, whatever comes before; another seed has others.
    output(here, &format!("{line} --image-number 4 --out late.nxs"));
    assert!(frames(&here.join("late.nxs"))[..3] == all[3..]);
    output(here, &format!("{line} -misset_seed 6 --out other.nxs"));
    assert!(frames(&here.join("other.nxs")) != all);
}

#[test]
fn a_gpu_renders_the_frames_that_it_renders_alone() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let flags = format!("{SMALL} -osc 0.5 -phisteps 2 --device gpu");
    output(
        here,
        &format!("series --frames 3 {flags} --out g.h5 --quiet"),
    );
    let all = frames(&here.join("g.h5"));
    for (index, phi) in ["0", "0.5", "1"].into_iter().enumerate() {
        let single = format!("{flags} -phi {phi} --phi-sampling middle");
        output(here, &format!("{single} --out one.npy --quiet"));
        assert!(
            all[index].pixels == pixels(&here.join("one.npy")),
            "frame {index}"
        );
    }
}

#[test]
fn what_makes_no_series_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let scan = format!("series --frames 3 -osc 1 -phisteps 1 {SMALL}");
    for (line, expected) in [
        (format!("series {SMALL} -osc 1 --out a.h5"), "--frames"),
        (scan.clone(), "no file is named"),
        (
            format!("{scan} -floatfile a.bin --out a.h5"),
            "-floatfile: it is for one image",
        ),
        (
            format!("{scan} --png a.png --out a.h5"),
            "--png: it is for one image",
        ),
        (
            format!("{scan} -printout_pixel 1 1 --out a.h5"),
            "-printout_pixel: it is for one",
        ),
        (
            format!("{scan} --write-config t.toml --out a.h5"),
            "--write-config: it is for one image",
        ),
        (format!("{scan} --out a.cbf"), "frame_####.cbf"),
        (
            format!("{scan} --out a.gif"),
            "expected a name that ends on",
        ),
        (
            format!("{scan} --out a_#.cbf --out a_##.cbf --frames 12"),
            "another frame's file",
        ),
        (format!("{scan} --out a.h5 --out-noise a.h5"), "both name"),
        (
            format!("series --frames 3 {SMALL} --out a.h5"),
            "every frame would be the same",
        ),
        (
            format!("series --frames 3 --random-orientations -misset 1 2 3 {SMALL} --out a.h5"),
            "both turn the crystal",
        ),
        (
            format!("{scan} --image-number 4294967295 --out-noise a.h5"),
            "numbers would exceed",
        ),
        (format!("{scan} --frames 0 --out a.h5"), "from 1"),
        (
            format!("{scan} --out a.h5 --compression zip"),
            "gzip, bslz4, none",
        ),
    ] {
        let (code, said) = refused(here, &line);
        assert_eq!(code, 2, "{line}: {said}");
        assert!(said.contains(expected), "{line}: {said}");
        assert!(
            said.lines()
                .last()
                .unwrap()
                .starts_with("nanobragg series: "),
            "{said}"
        );
        assert_eq!(names(here), Vec::<String>::new(), "{line}");
    }
    // A file that cannot be written is known before any frame is rendered.
    let (code, said) = refused(here, &format!("{scan} --out no/such/a_#.cbf"));
    assert!(
        code == 1 && said.contains("there is no directory"),
        "{said}"
    );
    fs::create_dir(here.join("a_2.cbf")).unwrap();
    let (code, said) = refused(here, &format!("{scan} --out a_#.cbf"));
    assert!(code == 1 && said.contains("it is a directory"), "{said}");
    assert_eq!(names(here), ["a_2.cbf"]);
}

#[test]
fn help_tells_of_series() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["series -h", "series", "series --help"] {
        let (help, _) = output(folder.path(), line);
        for word in [
            "--frames",
            "--random-orientations",
            "frame_####.img",
            " -osc",
        ] {
            assert!(help.contains(word), "{word}");
        }
    }
    let (help, _) = output(folder.path(), "-h");
    assert!(help.contains("nanobragg series"));
}

#[test]
fn counts_of_smv_are_alike_only_with_a_scale() {
    let folder = tempfile::tempdir().unwrap();
    let line = format!("series --frames 2 -osc 1 -phisteps 1 {SMALL} --out a_#.img");
    let (_, said) = output(folder.path(), &line);
    assert!(said.contains("each frame's own maximum"), "{said}");
    let (_, said) = output(folder.path(), &format!("{line} -scale 2"));
    assert!(!said.contains("note:"), "{said}");
}
